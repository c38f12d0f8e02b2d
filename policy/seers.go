package policy

import (
	"fmt"
	"strings"

	"modicum/catalog"
	"modicum/policy/doc"
)

// Seer is one line that can show a class: who sees it, how, and when, in the
// words of the policy.
type Seer struct {
	Role      string   `json:"role"` // "" for a disclosure
	Task      string   `json:"task"`
	Line      string   `json:"line"`
	Title     string   `json:"title"`
	Purpose   string   `json:"purpose"`
	Treatment string   `json:"treatment"` // of Treatment, or ask: masked until asked for
	Verbs     string   `json:"verbs"`
	While     string   `json:"while,omitempty"`
	Within    string   `json:"within,omitempty"`
	Marked    []string `json:"marked,omitempty"` // overlays of a record that the line shows all the same
	Lent      string   `json:"lent,omitempty"`   // the terms of the grant that it needs
	Glass     bool     `json:"broken_glass,omitempty"`
}

// Sees returns every line that can show a class, in document order: an overlay's
// are the lines that lift it. Restrictions and ceilings come on top.
func (s *Set) Sees(c catalog.Class) []Seer {
	over, isOverlay := s.cat.OverlayOf(c)
	var out []Seer
	for i := range s.lines {
		l := &s.lines[i]
		how := l.treatment(c)
		if isOverlay {
			how = l.widest()
			if !l.lifts.Has(over) {
				how = ""
			}
		}
		if how != "" {
			out = append(out, s.seer(l, how))
		}
	}
	return out
}

// treatment returns how a line shows a class: a Treatment, ask, or "" for omit.
func (l *line) treatment(c catalog.Class) string {
	if l.ask.Has(c) {
		return "ask"
	}
	if t := l.see.Of(c); t != Omit {
		return t.String()
	}
	return ""
}

// widest returns the most open way in which a line shows anything.
func (l *line) widest() string {
	best := ""
	for c := range l.shows().All {
		if t := l.treatment(c); wider(t, best) {
			best = t
		}
	}
	return best
}

// openness orders the words of a matrix: ask is masked, and may become keep.
var openness = map[string]int{"": 0, "mask": 1, "token": 2, "coarse": 3, "last4": 4, "ask": 5, "keep": 6}

func wider(a, b string) bool { return openness[a] > openness[b] }

func (s *Set) seer(l *line, how string) Seer {
	t := &s.tasks[l.task]
	out := Seer{
		Task: t.name, Line: l.id, Title: t.title, Purpose: s.purposes[t.purpose].name, Treatment: how,
		Verbs: l.verbs.String(), While: s.whileWords(l), Within: withinWords(l, s.withinOf(l)), Glass: l.glass,
		Marked: s.overlayNames(l.lifts &^ s.watch), Lent: lendWords(l.lend),
	}
	if t.role >= 0 {
		out.Role = s.roles[t.role].name
	}
	return out
}

func (s *Set) firstOf(l *line) *doc.Line { return s.lines[s.tasks[l.task].first].doc }

func (s *Set) withinOf(l *line) *doc.Within {
	if l.doc.Within != nil {
		return l.doc.Within
	}
	return s.firstOf(l).Within
}

// whileWords says what must hold, as it was written: the task's and the line's own.
func (s *Set) whileWords(l *line) string {
	words := holdWords(s.firstOf(l).While)
	if l.nth > 1 {
		words = append(words, holdWords(l.doc.While)...)
	}
	return strings.Join(words, " and ")
}

func holdWords(h doc.Hold) []string {
	var out []string
	for _, t := range h {
		out = append(out, termWords(t))
	}
	return out
}

func termWords(t doc.Term) string {
	if t.Name.Text != "" {
		return t.Name.Text
	}
	var parts []string
	if len(t.All) > 0 {
		for _, w := range t.All {
			parts = append(parts, w.Text)
		}
		return "(" + strings.Join(parts, " and ") + ")"
	}
	for _, inner := range t.Any {
		parts = append(parts, termWords(inner))
	}
	return "(" + strings.Join(parts, " or ") + ")"
}

func withinWords(l *line, w *doc.Within) string {
	if w == nil {
		return ""
	}
	var parts []string
	if w.WholeRecord {
		parts = append(parts, "whole record")
	}
	for _, of := range w.Of {
		parts = append(parts, "of "+of.Text)
	}
	if !w.Back.Zero() {
		parts = append(parts, "back "+spanWords(w.Back))
	}
	if l.place != Anywhere {
		parts = append(parts, "place "+w.Place.Text)
	}
	return strings.Join(parts, ", ")
}

func lendWords(d *doc.Lend) string {
	if d == nil {
		return ""
	}
	var by []string
	for _, w := range d.Approve {
		by = append(by, w.Text)
	}
	return fmt.Sprintf("for %s, approved by %s", spanWords(d.For), strings.Join(by, " and "))
}

// spanWords writes a duration as policies do.
func spanWords(s doc.Span) string {
	var parts []string
	part := func(n int, unit string) {
		switch {
		case n == 1:
			parts = append(parts, "1 "+unit)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", n, unit))
		}
	}
	part(s.Months, "month")
	part(s.Days, "day")
	part(int(s.Clock.Hours()), "hour")
	part(int(s.Clock.Minutes())%60, "minute")
	return strings.Join(parts, " ")
}
