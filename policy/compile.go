package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"modicum/catalog"
	"modicum/policy/doc"
)

// Load reads a policy folder, extends the catalog with the extensions that the
// folder classifies, and compiles. The Set is nil when a problem is an error.
func Load(fsys fs.FS, cat *catalog.Catalog) (*Set, doc.Problems) {
	f, probs := doc.Load(fsys)
	if f == nil || probs.Unreadable() {
		return nil, probs
	}
	own := map[string]string{}
	for _, e := range f.Extensions {
		own[e.URL.Text] = e.Class.Text
	}
	if len(own) > 0 {
		wider, err := cat.Extend(own)
		if err != nil {
			at := f.Extensions[0].URL.At
			return nil, append(probs, doc.Problem{At: at, Severity: doc.Error, Code: "extension", Message: err.Error()})
		}
		cat = wider
	}
	broken := refuses(probs)
	s, more := compile(f, cat, broken)
	probs = append(probs, more...).Sort()
	return s, probs
}

// Compile checks a folder and turns it into a Set. All problems come at once; an
// error among them refuses, and the Set is nil. A Folder that was changed after
// it was read does not hash as what it was.
func Compile(f *doc.Folder, cat *catalog.Catalog) (*Set, doc.Problems) {
	return compile(f, cat, false)
}

// compile checks, and goes no further when the folder is broken already: then
// only the problems are of use.
func compile(f *doc.Folder, cat *catalog.Catalog, broken bool) (*Set, doc.Problems) {
	c := &compiler{folder: f, cat: cat, combos: map[string]*doc.Condition{}}
	c.probs = doc.Check(f, cat, checkWhere)
	if broken || refuses(c.probs) {
		return nil, c.probs
	}
	c.compile()
	if refuses(c.probs) {
		return nil, c.probs
	}
	return c.set, c.probs
}

// checkWhere is the hook by which doc.Check learns about CEL.
func checkWhere(cond doc.Condition, f doc.Fact) error {
	values := map[string]string{}
	for _, v := range f.Values {
		values[v.Key.Text] = v.Value.Text
	}
	_, err := compileWhere(cond.Where.Text, values)
	return err
}

func refuses(probs doc.Problems) bool {
	return slices.ContainsFunc(probs, func(p doc.Problem) bool { return p.Severity == doc.Error })
}

// compiler holds what compiling needs and a Set does not.
type compiler struct {
	folder *doc.Folder
	cat    *catalog.Catalog
	set    *Set
	probs  doc.Problems
	combos map[string]*doc.Condition // conditions of any and all
	slotOf map[Of]uint8
	full   bool // said already that there are too many facts
}

func (c *compiler) compile() {
	f := c.folder
	c.set = &Set{
		cat: c.cat, folder: f, hash: hashOf(f.Sources),
		factByName: map[string]FactID{}, purposeOf: map[string]int{}, taskNames: map[string]bool{}, roleOf: map[string]int{},
		disclosures: map[string]int{}, programs: map[string]program{}, partnerOf: map[string]int{},
		exceptions: f.Organization.Exceptions,
	}
	c.slotOf = map[Of]uint8{}
	c.compileFacts()
	c.compileOrganization()
	c.compilePartners()
	for i := range f.Roles {
		c.compileRole(&f.Roles[i])
	}
	for i := range f.Disclosures {
		c.compileDisclosure(&f.Disclosures[i])
	}
	c.compileConflicts()
	c.compilePrograms()
	c.compileRestrictions()
	c.countLines()
	for n := range c.set.tasks {
		c.set.infos = append(c.set.infos, c.set.makeInfo(n))
		c.set.taskNames[c.set.tasks[n].name], c.set.taskNames[c.set.tasks[n].id] = true, true
	}
}

// hashOf is SHA-256 over the files in order of name, each with the lengths of
// name and content before it, so that no two folders read the same.
func hashOf(files map[string][]byte) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%d %d %s\n", len(name), len(files[name]), name)
		h.Write(files[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (c *compiler) errorf(at doc.At, code, format string, args ...any) {
	c.probs = append(c.probs, doc.Problem{At: at, Severity: doc.Error, Code: code, Message: fmt.Sprintf(format, args...)})
}

func (c *compiler) compileOrganization() {
	org := &c.folder.Organization
	for _, p := range org.Purposes {
		q := purpose{name: p.Name.Text}
		for _, code := range p.Codes {
			q.codes = append(q.codes, code.Text)
			c.set.purposeOf[code.Text] = len(c.set.purposes)
		}
		if len(q.codes) > 0 {
			q.code = q.codes[0]
		}
		c.set.purposeOf[q.name] = len(c.set.purposes)
		c.set.purposes = append(c.set.purposes, q)
	}
	c.set.watch = c.overlays(org.Watch, c.cat.Overlays())
	c.set.hiding = ^c.set.watch
}

// purposeAt resolves a purpose by name or code. A purpose nobody knows is an
// error: it must never fall to the first one.
func (c *compiler) purposeAt(w doc.Word) int {
	p, ok := c.set.purposeOf[w.Text]
	if !ok {
		c.errorf(w.At, "unknown-purpose", "no purpose is called %q", w.Text)
		return -1
	}
	return p
}

// overlays resolves overlay names. The one word sensitive stands for those of
// all that hide.
func (c *compiler) overlays(words doc.Words, all catalog.OverlaySet) catalog.OverlaySet {
	var o catalog.OverlaySet
	for _, w := range words {
		if w.Text == "sensitive" {
			o |= all
			continue
		}
		class, ok := c.cat.Class(w.Text)
		if !ok {
			c.errorf(w.At, "unknown-class", "no overlay is called %q", w.Text)
			continue
		}
		if over, ok := c.cat.OverlayOf(class); ok {
			o = o.With(over)
		}
	}
	return o &^ (1 << catalog.Unrecognized)
}

// classesAndOverlays splits a list such as `never`, `hide` or `may-see`.
func (c *compiler) classesAndOverlays(words doc.Words) (catalog.ClassSet, catalog.OverlaySet) {
	var classes catalog.ClassSet
	var marks doc.Words
	for _, w := range words {
		if c.isOverlay(w.Text) {
			marks = append(marks, w)
			continue
		}
		covered, ok := c.cat.Covered(w.Text)
		if !ok {
			c.errorf(w.At, "unknown-class", "no class is called %q", w.Text)
		}
		classes = classes.Union(covered.Intersect(c.cat.Content()))
	}
	return classes, c.overlays(marks, c.cat.Overlays()&c.set.hiding)
}

func (c *compiler) isOverlay(name string) bool {
	if name == "sensitive" {
		return true
	}
	class, ok := c.cat.Class(name)
	if !ok {
		return false
	}
	_, over := c.cat.OverlayOf(class)
	return over
}

// countLines refuses a role whose tasks of one purpose have more lines than a
// Plan can hold, so that only a caller with many roles ever meets TooManyLines.
func (c *compiler) countLines() {
	for i := range c.set.roles {
		r := &c.set.roles[i]
		for p, tasks := range r.byPurpose {
			n := 0
			for _, t := range tasks {
				n += c.set.tasks[t].end - c.set.tasks[t].first
				if c.set.exceptions != nil {
					n++
				}
			}
			if n > MaxLines {
				c.errorf(r.doc.At, "too-many-lines", "role %s has %d lines for purpose %s; at most %d can be decided at once", r.name, n, c.set.purposes[p].name, MaxLines)
			}
		}
	}
}
