package doc

import (
	"fmt"
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/internal/nearest"
)

// The facts that nobody states: found (rule 13), broken-glass (rule 14), and
// author, judged per record.
var builtinFacts = []string{"found", "broken-glass", "author"}

// Builtin reports whether a fact is built in.
func Builtin(fact string) bool { return slices.Contains(builtinFacts, fact) }

// fhirSource is the built-in source, and fhirFacts what it can state, policy-language 3.
const fhirSource = "fhir"

var fhirFacts = []string{"assigned-patient", "episode", "appointment", "work-item"}

// Check reports everything wrong with what a folder means, by the rules of the
// policy language 1 to 7 ("Wrong when") and its reading rules, and warns of what
// a person should look at (8, last paragraph). The catalog gives the classes,
// those of the folder's own extensions included; where judges the text of a
// condition, such as CEL, and may be nil. Problems are sorted by place.
//
// Check may be called on a Folder that Load found problems in, so that all come
// at once, unless the problems are Unreadable.
func Check(f *Folder, cat *catalog.Catalog, where func(Condition, Fact) error) Problems {
	c := newChecker(f, cat)
	c.organization()
	c.conditions(where)
	for i := range f.Roles {
		c.role(&f.Roles[i])
	}
	for i := range f.Restrictions {
		c.restriction(&f.Restrictions[i])
	}
	for i := range f.Disclosures {
		c.disclosure(&f.Disclosures[i])
	}
	for i := range f.Partners {
		c.partner(&f.Partners[i])
	}
	c.programs()
	c.catalogs()
	for i := range f.Tests {
		c.testFile(&f.Tests[i])
	}
	c.lacking()
	return c.all.Sort()
}

// checker knows the words of a folder, and which were used.
type checker struct {
	list
	f         *Folder
	cat       *catalog.Catalog
	positions map[string]bool
	purposes  map[string]*Purpose
	roles     map[string]*Role
	facts     map[string]*Fact
	conds     map[string]*Condition
	sources   map[string]*Source
	partners  map[string]*Partner
	releases  map[string]*Disclosure
	usedFact  map[string]bool
	usedWord  map[string]bool               // purposes, sources
	tested    map[string]bool               // "role", "role/task" and "disclosures/name" that a case tries
	seen      catalog.ClassSet              // by some role or disclosure
	byRoles   catalog.ClassSet              // by some role
	lifted    map[string]catalog.OverlaySet // by purpose
	patients  map[string]bool               // purposes under which patient data shows
	shownBy   map[string]catalog.ClassSet   // "role/task"
	free      catalog.ClassSet              // classes that are no patient data
	watched   catalog.OverlaySet
}

func newChecker(f *Folder, cat *catalog.Catalog) *checker {
	c := &checker{
		f: f, cat: cat, positions: map[string]bool{}, purposes: map[string]*Purpose{}, roles: map[string]*Role{},
		facts: map[string]*Fact{}, conds: map[string]*Condition{}, sources: map[string]*Source{},
		partners: map[string]*Partner{}, releases: map[string]*Disclosure{}, usedFact: map[string]bool{},
		usedWord: map[string]bool{}, tested: map[string]bool{}, lifted: map[string]catalog.OverlaySet{},
		patients: map[string]bool{}, shownBy: map[string]catalog.ClassSet{}, free: patientFree(cat),
	}
	for _, p := range f.Organization.Positions {
		c.positions[p.Text] = true
	}
	for i := range f.Organization.Purposes {
		c.purposes[f.Organization.Purposes[i].Name.Text] = &f.Organization.Purposes[i]
	}
	for i := range f.Roles {
		c.roles[f.Roles[i].Name.Text] = &f.Roles[i]
	}
	for i := range f.Conditions.Facts {
		c.facts[f.Conditions.Facts[i].Name.Text] = &f.Conditions.Facts[i]
	}
	for i := range f.Conditions.Conditions {
		c.conds[f.Conditions.Conditions[i].Name.Text] = &f.Conditions.Conditions[i]
	}
	for i := range f.Conditions.Sources {
		c.sources[f.Conditions.Sources[i].Name.Text] = &f.Conditions.Sources[i]
	}
	for i := range f.Partners {
		c.partners[f.Partners[i].Name.Text] = &f.Partners[i]
	}
	for i := range f.Disclosures {
		c.releases[f.Disclosures[i].Name.Text] = &f.Disclosures[i]
	}
	return c
}

// patientFree are the classes that are no patient data, rule 9. The narrative of
// a record is text about a patient, so that system does not make it free.
func patientFree(cat *catalog.Catalog) (free catalog.ClassSet) {
	for _, name := range []string{"dataset", "system", "admin.organization", "admin.provider", "research.study"} {
		covered, _ := cat.Covered(name)
		free = free.Union(covered)
	}
	narrative, _ := cat.Covered("system.narrative")
	return free.Minus(narrative)
}

func (c *checker) errorf(at At, code, hint, format string, args ...any) {
	c.add(at, code, fmt.Sprintf(format, args...), hint)
}

func (c *checker) warnf(at At, code, hint, format string, args ...any) {
	c.warn(at, code, fmt.Sprintf(format, args...), hint)
}

// known reports a word that is not among those known, once written.
func known[V any](c *checker, w Word, what string, among map[string]V) bool {
	if w.Text == "" {
		return false
	}
	if _, ok := among[w.Text]; ok {
		return true
	}
	c.errorf(w.At, "unknown-"+what, didYouMean(w.Text, sorted(among)), "there is no %s %s", what, quoted(w.Text))
	return false
}

// approver is a role or a position.
func (c *checker) approver(w Word) {
	if w.Text == "" || c.positions[w.Text] || c.roles[w.Text] != nil {
		return
	}
	among := append(sorted(c.positions), sorted(c.roles)...)
	c.errorf(w.At, "unknown-position", didYouMean(w.Text, among), "there is no position or role %s", quoted(w.Text))
}

func (c *checker) approvers(words Words) {
	for _, w := range words {
		c.approver(w)
	}
}

func (c *checker) owner(w Word) { known(c, w, "position", c.positions) }

// review holds a review to at most twelve months.
func (c *checker) review(s Span) {
	if s.mayExceed(Span{Months: 12}) {
		c.errorf(s.At, "review", "write 12 months or less", "%s is longer than 12 months", s)
	}
}

// purpose holds a word to be a purpose of the organization.
func (c *checker) purpose(w Word) *Purpose {
	if w.Text == "" {
		return nil
	}
	if p := c.purposes[w.Text]; p != nil {
		c.usedWord["purpose "+w.Text] = true
		return p
	}
	hint := didYouMean(w.Text, sorted(c.purposes))
	if glassCode(w.Text) {
		hint = "this code picks the tasks that have break-glass; name the task's own purpose"
	}
	c.errorf(w.At, "unknown-purpose", hint, "there is no purpose %s", quoted(w.Text))
	return nil
}

// glassCode reports whether a code states an emergency: rule 2 lets it pick the
// tasks that have break-glass.
func glassCode(code string) bool { return code == "ETREAT" || code == "BTG" }

// treats reports whether a purpose is treatment: it accepts the code TREAT.
func (p *Purpose) treats() bool {
	return p != nil && slices.ContainsFunc(p.Codes, func(w Word) bool { return w.Text == "TREAT" })
}

// recipientsOf holds `to` to recipients and partners.
func (c *checker) recipientsOf(to Words) {
	for _, w := range to {
		if slices.Contains(recipients, w.Text) || c.partners[w.Text] != nil {
			continue
		}
		among := append(slices.Clone(recipients), sorted(c.partners)...)
		hint := ""
		if n := nearest.Word(w.Text, among); n != "" {
			hint = "did you mean " + n + "?"
		} else {
			hint = "known: " + listed(recipients) + ", and partners by name"
		}
		c.errorf(w.At, "unknown-recipient", hint, "there is no recipient %s", quoted(w.Text))
	}
}

// contentClass holds a word to name content classes, and returns what it covers.
func (c *checker) contentClass(w Word) catalog.ClassSet {
	set, ok := c.cat.Covered(w.Text)
	if !ok {
		c.unknownClass(w)
		return catalog.ClassSet{}
	}
	if c.overlayWord(w) {
		c.errorf(w.At, "overlay-in-see", "an overlay belongs under marked: it lies on a whole record", "%s is an overlay", w.Text)
		return catalog.ClassSet{}
	}
	return set
}

func (c *checker) contentClasses(words Words) (set catalog.ClassSet) {
	for _, w := range words {
		set = set.Union(c.contentClass(w))
	}
	return set
}

// overlayWord reports whether a known name is an overlay, or stands for all.
func (c *checker) overlayWord(w Word) bool {
	set, _ := c.cat.Covered(w.Text)
	for class := range set.All {
		_, ok := c.cat.OverlayOf(class)
		return ok
	}
	return false
}

func (c *checker) unknownClass(w Word) {
	hint := "`modicum catalog show` lists the classes"
	if n := c.cat.Nearest(w.Text); n != "" {
		hint = "did you mean " + n + "?"
	}
	c.errorf(w.At, "unknown-class", hint, "there is no class %s", quoted(w.Text))
}

// overlaysOf holds words to be overlays, under marked. Where all is set, the one
// name sensitive stands for all that hide.
func (c *checker) overlaysOf(words Words, all bool) (set catalog.OverlaySet) {
	for _, w := range words {
		covered, ok := c.cat.Covered(w.Text)
		switch {
		case !ok:
			c.unknownClass(w)
		case !c.overlayWord(w):
			c.errorf(w.At, "class-in-marked", "a content class belongs under see", "%s is no overlay", w.Text)
		case w.Text == "sensitive" && !all:
			c.errorf(w.At, "overlay", "name each overlay", "sensitive stands for all overlays only in marked and never")
		default:
			set |= c.overlaySet(covered, w.Text)
		}
	}
	return set
}

func (c *checker) overlaySet(classes catalog.ClassSet, word string) (set catalog.OverlaySet) {
	for class := range classes.All {
		if o, ok := c.cat.OverlayOf(class); ok {
			set = set.With(o)
		}
	}
	if word == "sensitive" {
		set &^= c.watched // it stands for those that hide
	}
	return set
}

// either holds words to be classes or overlays, as under never and hide.
func (c *checker) either(words Words, all bool) (content catalog.ClassSet, overlays catalog.OverlaySet) {
	for _, w := range words {
		covered, ok := c.cat.Covered(w.Text)
		switch {
		case !ok:
			c.unknownClass(w)
		case c.overlayWord(w):
			overlays |= c.overlaysOf(Words{w}, all)
		default:
			content = content.Union(covered)
		}
	}
	return content, overlays
}

// classNames lists the classes of a set for a message, at most so many.
func (c *checker) classNames(set catalog.ClassSet, most int) string {
	var out []string
	for class := range set.All {
		if len(out) == most {
			out = append(out, fmt.Sprintf("and %d more", set.Len()-most))
			break
		}
		out = append(out, c.cat.Name(class))
	}
	return strings.Join(out, ", ")
}
