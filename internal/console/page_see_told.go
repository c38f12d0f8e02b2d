package console

import (
	"cmp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"modicum/internal/preview"
	"modicum/policy"
)

// lookTold is what a look shows.
type lookTold struct {
	Of               string   // whose records, in words
	Own              bool     // they went through the viewer's own view first
	Assumed          []string // in words
	Whole, Part, Not int
	Seen             []recordTold // what is there
	Gone             []goneTold   // what is not
}

// recordTold is one record as it would be seen, beside what is left out.
type recordTold struct {
	Name  string
	Badge Badge
	Lines []outlined
	JSON  string
	Gaps  []gapTold
}

// gapTold is one class that does not pass unchanged, with where it stands.
type gapTold struct {
	Title, Class, Why string
	Paths             []string
}

// goneTold is records that are not there for one reason, and what each line says to them.
type goneTold struct {
	Names []string
	Why   string
	Lines []lineTold
}

type lineTold struct{ Line, Says string }

func told(a *preview.Answer, f *Form) *lookTold {
	out := &lookTold{Of: f.chosen("from"), Own: f.Get("from") == preview.OwnView, Assumed: chosenLabels(f)}
	if f.Get("from") == preview.MadeUp {
		out.Of = f.chosen("sample")
	}
	for i := range a.Shown {
		s := &a.Shown[i]
		if !s.There {
			out.Not++
			out.goes(absent(a, s))
			continue
		}
		r := recordOf(a.Set, s)
		if len(r.Gaps) == 0 {
			out.Whole++
		} else {
			out.Part++
		}
		out.Seen = append(out.Seen, r)
	}
	return out
}

// goes adds a record that is not there to those that are not there for the same reason.
func (l *lookTold) goes(g goneTold) {
	for i := range l.Gone {
		if of := &l.Gone[i]; of.Why == g.Why && slices.Equal(of.Lines, g.Lines) {
			of.Names = append(of.Names, g.Names...)
			return
		}
	}
	l.Gone = append(l.Gone, g)
}

// chosen is the label of the option that a field has.
func (f *Form) chosen(name string) string {
	for _, o := range f.Field(name).Options {
		if o.Chosen {
			return o.Label
		}
	}
	return ""
}

func chosenLabels(f *Form) (out []string) {
	for _, name := range []string{"holds", "restricts"} {
		for _, o := range f.Field(name).Options {
			if o.Chosen {
				out = append(out, lowerFirst(o.Label))
			}
		}
	}
	return out
}

func recordOf(set *policy.Set, s *preview.Shown) recordTold {
	r := recordTold{Name: s.Type + "/" + s.ID, Badge: Badge{"whole", "keep", "nothing of it is left out"}, Lines: outline(s.Resource), Gaps: gapsOf(set, s)}
	if len(r.Gaps) > 0 {
		r.Badge = Badge{"in part", "part", "something of it is left out"}
	}
	text := jsontext.Value(slices.Clone(s.Resource))
	if text.Indent(jsontext.WithIndent("  ")) == nil {
		r.JSON = string(text)
	}
	return r
}

// gapsOf gathers gaps by class and reason, in the order of the record.
func gapsOf(set *policy.Set, s *preview.Shown) (out []gapTold) {
	at := map[string]int{}
	for _, g := range s.Gaps {
		why := preview.LeftOut(g)
		info := set.Catalog().Info(g.Class)
		key := info.Name + " " + why
		n, has := at[key]
		if !has {
			n = len(out)
			at[key] = n
			out = append(out, gapTold{Title: info.Title, Class: info.Name, Why: why})
		}
		if !slices.Contains(out[n].Paths, g.Path) {
			out[n].Paths = append(out[n].Paths, g.Path)
		}
	}
	for i := range out {
		if out[i].Title == "" {
			out[i].Title = "Not in the catalog"
		}
	}
	return out
}

func absent(a *preview.Answer, s *preview.Shown) goneTold {
	g := goneTold{Names: []string{s.Type + "/" + s.ID}, Why: s.NotThere()}
	if s.Refused != nil {
		g.Why = "this task reads no such records"
		if s.NotNow() {
			g.Why = "the task reads such records, but not under what is assumed"
			for _, by := range s.Needs(a.Set, []string{a.Task.Role}, a.Task.ID) {
				g.add(lineTold{by.Line, "asks for " + words(by.While)})
			}
		}
		return g
	}
	for _, r := range s.Why {
		text := preview.Gave(r)
		if strings.HasPrefix(text, "lacks ") {
			text = prose(a.Set.Catalog(), text)
		}
		g.add(lineTold{r.ID, text})
	}
	return g
}

func (g *goneTold) add(l lineTold) {
	if !slices.Contains(g.Lines, l) {
		g.Lines = append(g.Lines, l)
	}
}

// outlined is one value of a record, for reading.
type outlined struct {
	Path, Text string
	Sub        string // the code, or the system that it is of
	Masked     bool
}

// outline lists the values of a resource in its order. What its heading says is left out;
// the JSON beside it is whole.
func outline(resource []byte) (out []outlined) {
	walk(jsontext.Value(resource), nil, &out)
	return out
}

func walk(v jsontext.Value, path []string, out *[]outlined) {
	switch v.Kind() {
	case '{':
		members := membersOf(v)
		if l, ok := asConcept(members); ok {
			l.Path = strings.Join(path, " › ")
			*out = append(*out, l)
			return
		}
		if l, ok := asOne(members); ok {
			l.Path = strings.Join(path, " › ")
			*out = append(*out, l)
			return
		}
		for _, m := range members {
			if len(path) == 0 && (m.name == "resourceType" || m.name == "id" || m.name == "meta") {
				continue
			}
			walk(m.value, append(path[:len(path):len(path)], spelt(m.name)), out)
		}
	case '[':
		for _, item := range itemsOf(v) {
			walk(item, path, out)
		}
	default:
		*out = append(*out, outlined{Path: strings.Join(path, " › "), Text: textOf(v)})
	}
}

type member struct {
	name  string
	value jsontext.Value
}

// membersOf reads an object that was written by us.
func membersOf(v jsontext.Value) (out []member) {
	dec := jsontext.NewDecoder(strings.NewReader(string(v)))
	_, _ = dec.ReadToken()
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return out
		}
		m := member{name: name.String()}
		value, err := dec.ReadValue()
		if err != nil {
			return out
		}
		m.value = value.Clone()
		out = append(out, m)
	}
	return out
}

func itemsOf(v jsontext.Value) (out []jsontext.Value) {
	dec := jsontext.NewDecoder(strings.NewReader(string(v)))
	_, _ = dec.ReadToken()
	for dec.PeekKind() != ']' {
		item, err := dec.ReadValue()
		if err != nil {
			return out
		}
		out = append(out, item.Clone())
	}
	return out
}

func textOf(v jsontext.Value) string {
	if v.Kind() != '"' {
		return string(v)
	}
	tok, err := jsontext.NewDecoder(strings.NewReader(string(v))).ReadToken()
	if err != nil {
		return string(v)
	}
	return tok.String()
}

// asConcept reads a concept: its text or the first display, and its codes below.
func asConcept(members []member) (outlined, bool) {
	var l outlined
	var codes []string
	for _, m := range members {
		switch {
		case m.name == "text" && m.value.Kind() == '"':
			l.Text = textOf(m.value)
		case m.name == "coding" && m.value.Kind() == '[':
			for _, item := range itemsOf(m.value) {
				c, ok := asOne(membersOf(item))
				if !ok || c.Masked {
					return l, false
				}
				l.Text = cmp.Or(l.Text, c.Text)
				codes = append(codes, c.Sub)
			}
		default:
			return l, false
		}
	}
	l.Sub = strings.Join(codes, ", ")
	return l, len(codes) > 0
}

// asOne reads an object that people take for one value: a code, a quantity, a mark.
func asOne(members []member) (outlined, bool) {
	of := map[string]string{}
	for _, m := range members {
		if k := m.value.Kind(); k == '{' || k == '[' && m.name != "extension" {
			return outlined{}, false
		}
		of[m.name] = textOf(m.value)
	}
	if ext, has := of["extension"]; has {
		if len(members) == 1 && strings.Contains(ext, "data-absent-reason") {
			return outlined{Text: "masked", Masked: true}, true
		}
		return outlined{}, false
	}
	switch {
	case of["code"] != "" && only(of, "system", "version", "code", "display", "userSelected"):
		return outlined{Text: cmp.Or(of["display"], of["code"]), Sub: strings.TrimSpace(of["code"] + " " + of["system"])}, true
	case of["value"] != "" && only(of, "value", "unit", "system", "code", "comparator"):
		return outlined{Text: strings.TrimSpace(of["comparator"] + " " + of["value"] + " " + cmp.Or(of["unit"], of["code"]))}, true
	case of["reference"] != "" && only(of, "reference", "type", "display"):
		return outlined{Text: cmp.Or(of["display"], of["reference"]), Sub: besides(of["reference"], of["display"])}, true
	}
	return outlined{}, false
}

// besides is a where b was shown in its place.
func besides(a, b string) string {
	if b == "" {
		return ""
	}
	return a
}

func only(of map[string]string, names ...string) bool {
	for name := range of {
		if !slices.Contains(names, name) {
			return false
		}
	}
	return true
}

// spelt takes the name of an element apart: birthDate is birth date.
func spelt(name string) string {
	var b strings.Builder
	for _, r := range strings.TrimPrefix(name, "_") {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}
