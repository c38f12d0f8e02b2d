package facts

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"modicum/internal/nearest"
)

// Problem is one thing wrong with facts as written. Text names keys and words of
// the policy, never a value: facts name patients (threat-model D14).
type Problem struct {
	File string `json:"file,omitempty"` // "" for a body
	Line int    `json:"line,omitempty"` // from 1; 0 for the whole
	Key  string `json:"key,omitempty"`  // of the object on that line
	Text string `json:"text"`
}

// Error says where and what.
func (p Problem) Error() string {
	s := p.Text
	if p.Key != "" {
		s = p.Key + ": " + s
	}
	switch {
	case p.File != "" && p.Line > 0:
		return fmt.Sprintf("%s:%d: %s", p.File, p.Line, s)
	case p.Line > 0:
		return fmt.Sprintf("line %d: %s", p.Line, s)
	case p.File != "":
		return p.File + ": " + s
	}
	return s
}

// Problems are all that is wrong, in order of lines.
type Problems []Problem

// Error gives one line for each.
func (ps Problems) Error() string {
	var b bytes.Buffer
	for i, p := range ps {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.Error())
	}
	return b.String()
}

// raw is one line as read, before the policy was asked.
type raw struct {
	text    map[string]string // fact, who, patient, object, id, from, until, source, recorded_by, whole
	classes []string
	marked  []string
	dates   map[string]string
	values  []rawValue
	has     map[string]bool
}

type rawValue struct {
	name string
	kind jsontext.Kind
	text string // of a string or number
}

// keys of a line, and what each holds.
const (
	aString = iota
	aList
	aDates
	aValues
)

var lineKeys = map[string]int{
	"fact": aString, "who": aString, "patient": aString, "object": aString, "id": aString,
	"from": aString, "until": aString, "source": aString, "recorded_by": aString, "whole": aString,
	"classes": aList, "marked": aList, "dates": aDates, "values": aValues,
}

func (r *raw) reset() {
	clear(r.text)
	clear(r.has)
	r.classes, r.marked, r.dates, r.values = nil, nil, nil, nil
	if r.text == nil {
		r.text, r.has = map[string]string{}, map[string]bool{}
	}
}

// lineError is a problem of one line before its number is known.
type lineError struct{ key, text string }

func (e *lineError) Error() string { return e.text }

var errNotJSON = &lineError{text: "not one JSON object, or a name is there twice, or the text is not UTF-8"}

// read takes one line apart. Unknown keys and wrong types are all reported;
// broken JSON ends it.
func (r *raw) read(dec *jsontext.Decoder) []*lineError {
	r.reset()
	var errs []*lineError
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '{' {
		return []*lineError{errNotJSON}
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return append(errs, errNotJSON)
		}
		if e := r.member(name.String(), dec); e == errNotJSON {
			return append(errs, e)
		} else if e != nil {
			errs = append(errs, e)
		}
	}
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '}' {
		return append(errs, errNotJSON)
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return append(errs, errNotJSON)
	}
	return errs
}

func (r *raw) member(name string, dec *jsontext.Decoder) *lineError {
	form, known := lineKeys[name]
	if !known {
		return skip(dec, &lineError{text: unknownKey(name)})
	}
	r.has[name] = true
	var ok bool
	switch form {
	case aString:
		r.text[name], ok = readString(dec)
	case aList:
		var list []string
		if list, ok = readStrings(dec); name == "classes" {
			r.classes = list
		} else {
			r.marked = list
		}
	case aDates:
		r.dates, ok = readDates(dec)
	case aValues:
		r.values, ok = readValues(dec)
	}
	if ok {
		return nil
	}
	want := [...]string{"a string", "a list of strings", "an object of from and until", "an object of text, numbers and yes or no"}[form]
	return skip(dec, &lineError{name, "must be " + want})
}

// skip goes on behind a value that is not understood; where that fails, the line
// is not JSON. Readers that failed have left the decoder before or inside the value.
func skip(dec *jsontext.Decoder, e *lineError) *lineError {
	for dec.StackDepth() > 1 {
		if _, err := dec.ReadToken(); err != nil {
			return errNotJSON
		}
	}
	if k, n := dec.StackIndex(1); k == '{' && n%2 == 1 {
		if err := dec.SkipValue(); err != nil {
			return errNotJSON
		}
	}
	return e
}

// unknownKey names the nearest known key. The key itself is not repeated: who
// puts data where names belong would find it in a log.
func unknownKey(name string) string {
	if best := nearest.Word(name, slices.Collect(maps.Keys(lineKeys))); best != "" {
		return "unknown key; the nearest known one is " + best
	}
	return "unknown key; known are fact, who, patient, object, id, from, until, classes, marked, dates, values, source, recorded_by, whole"
}

func readString(dec *jsontext.Decoder) (string, bool) {
	if dec.PeekKind() != '"' {
		return "", false
	}
	t, err := dec.ReadToken()
	if err != nil {
		return "", false
	}
	return t.String(), true
}

func readStrings(dec *jsontext.Decoder) ([]string, bool) {
	if dec.PeekKind() != '[' {
		return nil, false
	}
	_, _ = dec.ReadToken()
	out := []string{}
	for dec.PeekKind() == '"' {
		s, ok := readString(dec)
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	if dec.PeekKind() != ']' {
		return nil, false
	}
	_, err := dec.ReadToken()
	return out, err == nil
}

func readDates(dec *jsontext.Decoder) (map[string]string, bool) {
	if dec.PeekKind() != '{' {
		return nil, false
	}
	_, _ = dec.ReadToken()
	out := map[string]string{}
	for dec.PeekKind() == '"' {
		name, ok1 := readString(dec)
		v, ok2 := readString(dec)
		if !ok1 || !ok2 || name != "from" && name != "until" {
			return nil, false
		}
		out[name] = v
	}
	if dec.PeekKind() != '}' {
		return nil, false
	}
	_, err := dec.ReadToken()
	return out, err == nil
}

func readValues(dec *jsontext.Decoder) ([]rawValue, bool) {
	if dec.PeekKind() != '{' {
		return nil, false
	}
	_, _ = dec.ReadToken()
	out := []rawValue{}
	for dec.PeekKind() == '"' {
		name, ok := readString(dec)
		if !ok {
			return nil, false
		}
		k := dec.PeekKind()
		if k != '"' && k != '0' && k != 't' && k != 'f' {
			return nil, false
		}
		t, err := dec.ReadToken()
		if err != nil {
			return nil, false
		}
		out = append(out, rawValue{name, k, t.String()})
	}
	if dec.PeekKind() != '}' {
		return nil, false
	}
	_, err := dec.ReadToken()
	return out, err == nil
}
