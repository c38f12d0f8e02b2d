package preview

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"modicum/catalog"
	"modicum/internal/nearest"
)

// MaxInput is the largest input that is read, in bytes.
const MaxInput = 1 << 30

// InputError says where an input is not what it should be. It repeats nothing of
// the input but the name of a type.
type InputError struct {
	File      string
	Line, Col int
	Text      string
}

// Error is FILE:LINE:COL: TEXT.
func (e *InputError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.Text)
}

// Records takes an input apart: one resource, a Bundle, whose entries count, or
// several of either one after another, as NDJSON has them.
func Records(file string, r io.Reader) ([]Record, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxInput+1))
	if err != nil {
		return nil, fmt.Errorf("%s: could not be read", file)
	}
	if len(text) > MaxInput {
		return nil, fmt.Errorf("%s: is larger than %d bytes", file, MaxInput)
	}
	in := input{file: file, text: bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))}
	dec := jsontext.NewDecoder(bytes.NewBuffer(in.text))
	for {
		v, err := dec.ReadValue()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, in.syntax(err, 0, dec.InputOffset())
		}
		if err := in.value(v, int(dec.InputOffset())-len(v)); err != nil {
			return nil, err
		}
	}
	if len(in.out) == 0 {
		return nil, in.at(0, "holds no resource")
	}
	return in.out, nil
}

type input struct {
	file string
	text []byte
	out  []Record
}

// at makes an error of a place, an offset in bytes.
func (in *input) at(offset int, text string) error {
	before := in.text[:min(offset, len(in.text))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return &InputError{File: in.file, Line: bytes.Count(before, []byte{'\n'}) + 1, Col: offset - start + 1, Text: text}
}

// At turns an offset within a record into an error with its place in the file.
func At(r *Record, offset int, text string) error {
	in := input{file: r.file, text: r.all}
	return in.at(r.start+offset, text)
}

func (in *input) syntax(err error, base int, offset int64) error {
	var s *jsontext.SyntacticError
	if errors.As(err, &s) {
		return in.at(base+int(s.ByteOffset), "is not JSON, or a name is there twice: "+s.Err.Error())
	}
	return in.at(base+int(offset), "ends within a value")
}

// value takes one value: a resource or a Bundle.
func (in *input) value(v jsontext.Value, start int) error {
	if v.Kind() != '{' {
		return in.at(start, "is no resource: an object with a resourceType is expected, a Bundle, or NDJSON")
	}
	typ, entries, err := in.members(v, start)
	switch {
	case err != nil:
		return err
	case typ == "":
		return in.at(start, "is no resource: it has no resourceType")
	case typ == "Bundle":
		for _, e := range entries {
			if err := in.value(in.text[e.from:e.to], e.from); err != nil {
				return err
			}
		}
		return nil
	}
	if _, known := catalog.R4().Type(typ); !known {
		return in.at(start, fmt.Sprintf("%.64q is no resource type of FHIR R4%s", typ, nearType(typ)))
	}
	in.out = append(in.out, Record{Body: in.text[start : start+len(v)], Place: in.place(start), file: in.file, all: in.text, start: start})
	return nil
}

func (in *input) place(start int) string {
	var e *InputError
	errors.As(in.at(start, ""), &e)
	return fmt.Sprintf("%s:%d", e.File, e.Line)
}

func nearType(typ string) string {
	cat := catalog.R4()
	var names []string
	for _, t := range cat.Types() {
		names = append(names, cat.TypeName(t))
	}
	if near := nearest.Word(typ, names); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}

// stretch is a value's place in the text.
type stretch struct{ from, to int }

// members reads what an object says of itself: its type, and the resources of a
// Bundle's entries.
func (in *input) members(v jsontext.Value, start int) (typ string, entries []stretch, err error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(v))
	_, _ = dec.ReadToken() // the brace that Kind saw
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return "", nil, in.syntax(err, start, dec.InputOffset())
		}
		key := name.String()
		switch {
		case key == "resourceType" && dec.PeekKind() == '"':
			t, err := dec.ReadToken()
			if err != nil {
				return "", nil, in.syntax(err, start, dec.InputOffset())
			}
			typ = t.String()
		case key == "entry" && dec.PeekKind() == '[':
			if entries, err = in.entries(dec, start); err != nil {
				return "", nil, err
			}
		default:
			if err := dec.SkipValue(); err != nil {
				return "", nil, in.syntax(err, start, dec.InputOffset())
			}
		}
	}
	return typ, entries, nil
}

// entries finds the resources of an entry list.
func (in *input) entries(dec *jsontext.Decoder, start int) (out []stretch, err error) {
	_, _ = dec.ReadToken() // the bracket that PeekKind saw
	for dec.PeekKind() != ']' {
		if dec.PeekKind() != '{' {
			return nil, in.at(start+int(dec.InputOffset()), "an entry of a Bundle must be an object")
		}
		_, _ = dec.ReadToken()
		for dec.PeekKind() != '}' {
			name, err := dec.ReadToken()
			if err != nil {
				return nil, in.syntax(err, start, dec.InputOffset())
			}
			key := name.String() // good until the next read
			v, err := dec.ReadValue()
			if err != nil {
				return nil, in.syntax(err, start, dec.InputOffset())
			}
			if key == "resource" {
				end := start + int(dec.InputOffset())
				out = append(out, stretch{end - len(v), end})
			}
		}
		_, _ = dec.ReadToken()
	}
	_, err = dec.ReadToken()
	return out, err
}
