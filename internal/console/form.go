package console

import (
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Form is what a page asks for, and what was wrong with it.
type Form struct {
	Action string // address that it is sent to; "" is the page itself
	Fields []*Field
	Submit string
	Danger bool   // the button stands for something that cannot be taken back
	Back   string // where "Cancel" leads; "": there is none
	More   string // above the fields that are Rare
	Wrong  []Wrong
}

// Kind is how a field is filled in.
type Kind string

// The kinds.
const (
	Line    Kind = "line"
	Number  Kind = "number"
	Area    Kind = "area"
	Select  Kind = "select"
	Radios  Kind = "radios"
	Checks  Kind = "checks"
	Moment  Kind = "moment" // in the reader's zone; Visit.ParseWhen reads it
	Clock   Kind = "clock"  // a time of the day, HH:MM
	Hidden  Kind = "hidden"
	File    Kind = "file" // its content is in Body; the page says by Page.Most how large it may be
	longest      = 500    // letters of a field that says no other
)

// Field is one thing that a form asks for.
type Field struct {
	Name, Label string
	Hint        string
	Ask         string // what is said where it is left empty; "" is said by the label
	Kind        Kind
	Value       string
	Values      []string // of Checks
	Options     []Option // of Select, Radios, Checks: nothing else is accepted
	Need        bool
	Either      bool   // needed, unless another field says enough: it is not called optional
	Max         int    // letters; 0 is 500
	Wrong       string // what is wrong with it
	Auto        string // autocomplete; "" is off
	Suffix      string // after the field: minutes
	Raw         bool   // of Area: taken as it is, whatever signs it holds
	Rows        int    // of Area; 0 is 3
	Body        []byte // of File: what was sent
	Narrow      bool
	Suggest     []string // of Line: what is offered besides typing
	Rare        bool     // it lies folded below the others, while it is empty and nothing is wrong with it
}

// Option is one choice.
type Option struct {
	Value, Label, Hint string
	Group              string // of a long list
	Chosen             bool
}

// Wrong is one thing that is wrong with a form, and where.
type Wrong struct{ Field, Text string }

// Field returns the field of a name; a name that the form has not is a fault of code.
func (f *Form) Field(name string) *Field {
	i := slices.IndexFunc(f.Fields, func(x *Field) bool { return x.Name == name })
	if i < 0 {
		panic("console: the form has no field " + name)
	}
	return f.Fields[i]
}

// Get is what was filled in.
func (f *Form) Get(name string) string { return f.Field(name).Value }

// Fail says what is wrong with a field, or with all of it when name is "". Of a field
// the first that is said stands.
func (f *Form) Fail(name, text string) {
	if name != "" {
		x := f.Field(name)
		if x.Wrong != "" {
			return
		}
		x.Wrong = text
	}
	f.Wrong = append(f.Wrong, Wrong{name, text})
}

// Read takes what was sent, checks each field, and reports whether all is well so far.
func (f *Form) Read(v *Visit) bool {
	for _, x := range f.Fields {
		if x.Kind == File {
			x.Body = v.sent(x.Name)
		}
	}
	return f.read(v.R.PostForm)
}

func (f *Form) read(sent url.Values) bool {
	for _, x := range f.Fields {
		x.Values = sent[x.Name]
		if x.Value = sent.Get(x.Name); !x.Raw {
			x.Value = strings.TrimSpace(x.Value)
		}
		if text := x.check(); text != "" {
			f.Fail(x.Name, text)
		}
		x.choose()
	}
	return f.OK()
}

// OK reports whether nothing is wrong.
func (f *Form) OK() bool { return len(f.Wrong) == 0 }

func (x *Field) check() string {
	most := x.Max
	if most == 0 {
		most = longest
	}
	switch {
	case x.Kind == Checks:
		return x.checkAll()
	case x.Kind == File:
		return x.checkFile()
	case x.Value == "" && x.Need:
		return x.missing()
	case x.Value == "":
		return ""
	case utf8.RuneCountInString(x.Value) > most:
		return x.Label + " is too long."
	case !x.Raw && !printable(x.Value, x.Kind == Area):
		return x.Label + " holds characters that cannot be shown."
	case len(x.Options) > 0 && !x.has(x.Value):
		return x.missing()
	}
	return ""
}

func (x *Field) checkFile() string {
	if x.Need && len(x.Body) == 0 {
		return "Choose a file for “" + x.Label + "”."
	}
	return ""
}

func (x *Field) missing() string {
	switch {
	case x.Ask != "":
		return x.Ask
	case len(x.Options) > 0:
		return "Choose one for “" + x.Label + "”."
	}
	return "Fill in “" + x.Label + "”."
}

func (x *Field) checkAll() string {
	if x.Need && len(x.Values) == 0 {
		return "Choose at least one for “" + x.Label + "”."
	}
	for _, value := range x.Values {
		if !x.has(value) {
			return x.missing()
		}
	}
	return ""
}

func (x *Field) has(value string) bool {
	return slices.ContainsFunc(x.Options, func(o Option) bool { return o.Value == value })
}

// choose marks the options that are chosen.
func (x *Field) choose() {
	for i := range x.Options {
		o := &x.Options[i]
		o.Chosen = o.Value == x.Value
		if x.Kind == Checks {
			o.Chosen = slices.Contains(x.Values, o.Value)
		}
	}
}

// Files reports whether the form sends files.
func (f *Form) Files() bool {
	return slices.ContainsFunc(f.Fields, func(x *Field) bool { return x.Kind == File })
}

// Often are the fields that are not Rare.
func (f *Form) Often() []*Field { return f.those(false) }

// Rarely are the others.
func (f *Form) Rarely() []*Field { return f.those(true) }

func (f *Form) those(rare bool) (out []*Field) {
	for _, x := range f.Fields {
		if x.Rare == rare {
			out = append(out, x)
		}
	}
	return out
}

// Unfolds reports whether a field that is Rare has something to see.
func (f *Form) Unfolds() bool {
	return slices.ContainsFunc(f.Rarely(), func(x *Field) bool { return x.Value != "" || x.Wrong != "" })
}

// Tall is how many lines an area has.
func (x *Field) Tall() int { return max(3, x.Rows) }

// Limit is how many letters fit.
func (x *Field) Limit() int {
	if x.Max > 0 {
		return x.Max
	}
	return longest
}

// Described lists the ids of what tells about a field, for aria-describedby.
func (x *Field) Described() string {
	var ids []string
	if x.Hint != "" {
		ids = append(ids, x.Name+"-hint")
	}
	if x.Wrong != "" {
		ids = append(ids, x.Name+"-wrong")
	}
	return strings.Join(ids, " ")
}

// Again shows a page with its form and what is wrong with it.
func (v *Visit) Again(t *template.Template, data any) error {
	return v.ShowStatus(http.StatusUnprocessableEntity, t, data)
}

func printable(s string, lines bool) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsPrint(r) && !(lines && (r == '\n' || r == '\r' || r == '\t'))
	})
}

// twoNames begins like Social Security number.
var twoNames = regexp.MustCompile(`^\p{Lu}\p{Ll}+ \p{Lu}\p{Ll}`)

// lowerFirst begins a title small, unless it begins with a name or an abbreviation.
func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n < len(s) {
		if next, _ := utf8.DecodeRuneInString(s[n:]); unicode.IsUpper(next) || twoNames.MatchString(s) {
			return s
		}
	}
	return string(unicode.ToLower(r)) + s[n:]
}

func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}
