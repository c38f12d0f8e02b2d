package doc

import (
	"slices"
	"strings"

	"modicum/catalog"
)

// shown is what a line shows, class by class.
type shown struct {
	open catalog.ClassSet // keep, last4, coarse, token, ask: some part of a value
	mask catalog.ClassSet // that a value is there
	keep catalog.ClassSet // keep or ask: what may be written
	asks bool
	says bool // some class is named at all
	ok   bool // nothing in it is wrong
}

func (s shown) all() catalog.ClassSet { return s.open.Union(s.mask) }

// resolve works out a see: the longest name decides (rule 6). It reports nothing.
func (c *checker) resolve(s *See) (out shown) {
	if s == nil {
		return out
	}
	var as [128]treatment
	var length [128]int
	for _, l := range s.lists() {
		for _, w := range l.words {
			covered, _ := c.cat.Covered(w.Text)
			for class := range covered.All {
				if len(w.Text) > length[class] {
					as[class], length[class] = l.as, len(w.Text)
				}
			}
		}
	}
	for class, t := range as {
		class := catalog.Class(class)
		switch t {
		case masked:
			out.mask = out.mask.With(class)
		case asked, tokened, coarse, last4, kept:
			out.open = out.open.With(class)
		}
		if t == kept || t == asked {
			out.keep = out.keep.With(class)
		}
		out.says = out.says || t != silent
	}
	out.asks = len(s.Ask) > 0
	return out
}

// see reports what is wrong with one see, once where it is written.
func (c *checker) see(s *See, never catalog.ClassSet) {
	if s == nil || s.View.Text != "" {
		return
	}
	first := map[string]bool{}
	for _, l := range s.lists() {
		for _, w := range l.words {
			c.contentClass(w)
			if first[w.Text] {
				c.errorf(w.At, "rule-6", "leave it under one of them", "%s is written twice in one see: how does it show?", w.Text)
			}
			first[w.Text] = true
			if l.as == last4 && !numeric(w.Text) {
				c.errorf(w.At, "last4", "write it under mask or token", "last4 is for numbers, %s is none", w.Text)
			}
		}
	}
	c.freeText(s, first, never)
}

// numeric reports whether values of a class are numbers whose last four
// characters tell little.
func numeric(class string) bool {
	switch class {
	case "contact.phone", "contact.fax", "coverage.member-id", "identifiers":
		return true
	case "identifiers.web-url", "identifiers.ip-address", "identifiers.resource-id":
		return false
	}
	return strings.HasPrefix(class, "identifiers.")
}

// freeText warns of text that a parent shows without being named: it may hold
// any identifier.
func (c *checker) freeText(s *See, named map[string]bool, never catalog.ClassSet) {
	shows := c.resolve(s).open.Minus(never)
	for _, l := range s.lists() {
		if l.as < asked {
			continue
		}
		for _, w := range l.words {
			if c.overlayWord(w) {
				continue
			}
			var reached catalog.ClassSet
			for _, class := range c.cat.FreeTextUnder(w.Text) {
				if !named[c.cat.Name(class)] && shows.Has(class) {
					reached = reached.With(class)
				}
			}
			if !reached.Empty() {
				c.warnf(w.At, "free-text", "name it if it is meant, or omit it", "%s also shows free text: %s", w.Text, c.classNames(reached, 6))
			}
		}
	}
}

// frame is what the lines of a task or disclosure share.
type frame struct {
	name     string // "role/task" or "disclosures/name"
	purpose  *Purpose
	exempt   bool
	justify  bool
	never    catalog.ClassSet
	neverO   catalog.OverlaySet
	glass    bool
	find     bool // some task of the role has find
	programs bool // of a role held by programs
}

// written reports what is wrong with a line as it is written.
func (c *checker) written(l *Line, fr *frame) {
	c.holdWords(l.While)
	c.see(l.See, fr.never)
	c.overlaysOf(l.Marked, true)
	if l.Within != nil {
		c.within(l.Within)
	}
	if l.Lend != nil {
		c.approvers(l.Lend.Approve)
		if fr.programs {
			c.errorf(l.Lend.At, "held-by", "leave it out", "a program's role has no lend: nobody asks for it")
		}
	}
	if at, ok := l.While.names("found"); ok && !fr.find {
		c.errorf(at, "rule-13", "give the task find", "nothing makes found hold: no task of this role has find")
	}
	if at, ok := l.While.names("broken-glass"); ok && !fr.glass {
		c.errorf(at, "rule-14", "give the task break-glass", "the task has no break-glass")
	}
}

func (c *checker) within(w *Within) {
	for _, of := range w.Of {
		if !c.factWord(of) {
			continue
		}
		if len(c.carries(of.Text, 0)) == 0 {
			c.errorf(of.At, "rule-7", "list under carries what its source states with it", "%s carries nothing that of could narrow to", of.Text)
		}
	}
	if !w.WholeRecord && w.Of == nil && w.Back.Zero() && w.Place.Text == "" {
		c.errorf(w.At, "within", "write of, back, place, or whole-record", "within says nothing")
	}
}

// filled reports what is wrong with a line as it is read: with what it takes
// from its task.
func (c *checker) filled(l *Line, fr *frame) shown {
	s := c.resolve(l.See)
	if l.See == nil {
		c.errorf(l.At, "see", "write see:", "this line of %s sees nothing", fr.name)
		return s
	}
	if !s.says || s.all().Empty() {
		c.errorf(l.See.At, "see", "name what it shows", "this see shows nothing")
		return s
	}
	if fr.programs && s.asks {
		c.errorf(l.See.At, "held-by", "leave it out", "a program's role has no ask: nobody gives the reason")
	}
	left := shown{open: s.open.Minus(fr.never), mask: s.mask, keep: s.keep.Minus(fr.never), asks: s.asks, says: true, ok: true}
	if left.all().Empty() {
		c.errorf(l.At, "rule-10", "shorten never, or delete the line", "never takes away everything that this line of %s shows", fr.name)
		return left
	}
	lifts := c.liftedBy(l) &^ fr.neverO
	if len(l.Marked) > 0 && lifts == 0 {
		c.warnf(l.Marked[0].At, "rule-10", "shorten never, or delete marked", "never takes away every overlay that this line lifts")
	}
	c.verbs(l, left)
	c.wholeRecord(l, fr)
	c.everyPatient(l, left, fr)
	return left
}

func (c *checker) liftedBy(l *Line) (set catalog.OverlaySet) {
	for _, w := range l.Marked {
		covered, _ := c.cat.Covered(w.Text)
		set |= c.overlaySet(covered, w.Text)
	}
	return set
}

// verbs: what may be written is what is under keep or ask (rule 12).
func (c *checker) verbs(l *Line, s shown) {
	for _, w := range l.Do {
		if (w.Text == "create" || w.Text == "update") && s.keep.Empty() {
			c.warnf(w.At, "rule-12", "put what is written under keep or ask", "%s writes what is under keep or ask, and nothing is", w.Text)
		}
	}
}

// wholeRecord is rule 8.
func (c *checker) wholeRecord(l *Line, fr *frame) {
	at, sees := At{}, false
	for _, list := range l.See.lists() {
		for _, w := range list.words {
			if w.Text == "clinical" && list.as != omitted {
				at, sees = w.At, true
			}
		}
	}
	switch {
	case !sees:
	case l.Within == nil:
		c.errorf(l.At, "rule-8", "write within: {of: ..., back: ... or place: ...}, or within: whole-record",
			"this line of %s sees all of clinical (line %d): it must say which records (45 CFR 164.514(d)(5))", fr.name, at.Line)
	case l.Within.WholeRecord && !fr.justify && !fr.exempt:
		c.errorf(l.Within.At, "rule-8", "write justify: and why the whole record is needed",
			"the whole record needs a reason (45 CFR 164.514(d)(5))")
	}
}

// everyPatient is rule 9.
func (c *checker) everyPatient(l *Line, s shown, fr *frame) {
	data := s.all().Minus(c.free)
	if data.Empty() {
		return
	}
	if len(l.While) == 0 {
		c.errorf(l.At, "rule-9", "write while: and the facts that must hold",
			"this line of %s shows patient data (%s) to whoever has the role", fr.name, c.classNames(data, 3))
		return
	}
	c.hearsay(l, fr)
	if c.narrowed(l, data) || fr.justify || fr.exempt {
		return
	}
	c.errorf(l.At, "rule-9", "add a fact about the patient, within: {place: ...} or {of: ...}, or write justify:",
		"this line of %s shows data of every patient (%s)", fr.name, c.classNames(data, 3))
}

// narrowed reports whether a line is about some patients only: it rests on a
// fact about the patient, on a place, or on the object of a fact; for lasting
// records, which have neither, the last two count only with lend.
func (c *checker) narrowed(l *Line, data catalog.ClassSet) bool {
	if c.every(l.While, c.aboutPatient) {
		return true
	}
	w := l.Within
	if w == nil || w.WholeRecord {
		return false
	}
	for _, of := range w.Of {
		if c.rests(of.Text, c.aboutPatient, 0) {
			return true // of: X means that X holds
		}
	}
	object := slices.ContainsFunc(w.Of, func(of Word) bool { return slices.Contains(c.carries(of.Text, 0), "object") })
	if w.Place.Text == "" && !object {
		return false
	}
	for class := range data.All {
		if c.cat.LastingOnly(class) && l.Lend == nil {
			return false
		}
	}
	return true
}

// hearsay warns of a line whose only facts about the patient are what the caller
// says: a search, or an identity check of their own.
func (c *checker) hearsay(l *Line, fr *frame) {
	if l.Lend != nil || !c.every(l.While, c.aboutPatient) {
		return
	}
	known := func(fact string) bool { return c.aboutPatient(fact) && fact != "found" && fact != "verified-caller" }
	if c.every(l.While, known) {
		return
	}
	if l.Within != nil && slices.ContainsFunc(l.Within.Of, func(w Word) bool { return c.rests(w.Text, known, 0) }) {
		return
	}
	c.warnf(l.At, "hearsay", "sample what is opened this way in the review", "this line of %s rests only on what the caller says (found, verified-caller)", fr.name)
}
