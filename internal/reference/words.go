package reference

import (
	"maps"
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/policy/doc"
)

// Classes is a set of content classes.
type Classes map[catalog.Class]bool

// Overlays is a set of overlays.
type Overlays map[catalog.Overlay]bool

// content yields every content class: overlays say how a record is marked and are
// no content.
func (m *Model) content(yield func(catalog.Class) bool) {
	for _, info := range m.cat.Classes() {
		if !info.IsOverlay && !yield(info.Class) {
			return
		}
	}
}

// union is what is in either.
func union(a, b Classes) Classes {
	out := maps.Clone(a)
	for c := range b {
		out[c] = out[c] || b[c]
	}
	return out
}

// covers reports whether naming a word stands for a class (rule 6): itself and its
// children, but no class that must be named, and nothing below one.
func (m *Model) covers(word string, class catalog.Class) bool {
	name := m.cat.Name(class)
	if name == word {
		return true
	}
	if !strings.HasPrefix(name, word) || name[len(word)] != '.' {
		return false
	}
	for name != word {
		if c, ok := m.cat.Class(name); ok && m.cat.Info(c).ExplicitOnly {
			return false
		}
		name = name[:strings.LastIndexByte(name, '.')]
	}
	return true
}

func (m *Model) anyCovers(words doc.Words, class catalog.Class) bool {
	return slices.ContainsFunc(words, func(w doc.Word) bool { return m.covers(w.Text, class) })
}

// namesOverlay reports whether a list names an overlay. The one word sensitive
// stands for all overlays that hide (rule 6): those of the catalog that are not
// watched. A label that the catalog does not know has no name and is in no list.
func (m *Model) namesOverlay(words doc.Words, o catalog.Overlay) bool {
	class := m.cat.OverlayClass(o)
	if class == catalog.Unknown {
		return false
	}
	return slices.ContainsFunc(words, func(w doc.Word) bool {
		return w.Text == m.cat.Name(class) || w.Text == "sensitive" && !m.watched(o)
	})
}

// watched reports whether an overlay alerts and hides nothing (section 5, watch).
func (m *Model) watched(o catalog.Overlay) bool {
	class := m.cat.OverlayClass(o)
	return class != catalog.Unknown && slices.ContainsFunc(m.folder.Organization.Watch, func(w doc.Word) bool {
		return w.Text == m.cat.Name(class) || w.Text == "sensitive"
	})
}

// purpose returns the purpose that a name or an HL7 code stands for (section 5).
func (m *Model) purpose(said string) (*doc.Purpose, bool) {
	for i := range m.folder.Organization.Purposes {
		p := &m.folder.Organization.Purposes[i]
		if p.Name.Text == said || contains(p.Codes, said) {
			return p, true
		}
	}
	return nil, false
}

func (m *Model) purposeName(said string) string {
	if p, ok := m.purpose(said); ok {
		return p.Name.Text
	}
	return ""
}

// glassCode: ETREAT and BTG pick the tasks that have break-glass (rule 2).
func glassCode(purpose string) bool { return purpose == "ETREAT" || purpose == "BTG" }

func (m *Model) partner(name string) (*doc.Partner, bool) {
	for i := range m.folder.Partners {
		if m.folder.Partners[i].Name.Text == name {
			return &m.folder.Partners[i], true
		}
	}
	return nil, false
}

func contains(words doc.Words, text string) bool {
	return slices.ContainsFunc(words, func(w doc.Word) bool { return w.Text == text })
}

func texts(words doc.Words) []string {
	var out []string
	for _, w := range words {
		out = append(out, w.Text)
	}
	return out
}

// all reports whether every one of some is in of.
func all(some, of []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(of, s) })
}
