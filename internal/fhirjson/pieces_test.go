package fhirjson_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"modicum/catalog"
	"modicum/internal/fhirjson"
)

// bundles are searchsets as servers write them, and what looks like them.
var bundles = []struct {
	name, in string
	ok       bool
}{
	{"none", `{"resourceType":"Bundle","type":"searchset"}`, true},
	{"empty list", `{"resourceType":"Bundle","type":"searchset","entry":[ ]}`, true},
	{"link before", `{"resourceType":"Bundle","type":"searchset","link":[{"relation":"next","url":"n"}],"entry":[{"resource":{"resourceType":"Patient","id":"a"}}]}`, true},
	{"link after", ` { "entry" : [ {"resource":{"resourceType":"Patient","id":"a"}} , {"resource":{"id":"b","resourceType":"Patient"},"search":{"mode":"include"}} ] , "total":7,"link":[{"url":"n","relation":"next"}],"type":"searchset","resourceType":"Bundle"} ` + "\n", true},
	{"brackets in texts", `{"resourceType":"Bundle","type":"searchset","id":"]}\"\\","entry":[{"fullUrl":"}]\\\"{","resource":{"resourceType":"Patient","id":"a","name":[{"family":"\\"},{"family":"\"]}"}]}}]}`, true},
	{"a list elsewhere", `{"meta":{"entry":[{"resource":{"resourceType":"Patient","id":"x"}}]},"resourceType":"Bundle","type":"searchset","entry":[{}]}`, true},
	{"another type last", `{"entry":[{"resource":{"resourceType":"Patient","id":"a"}}],"resourceType":"Bundle","type":"history"}`, false},
	{"no Bundle", `{"entry":[{"resource":{"resourceType":"Patient","id":"a"}}],"resourceType":"Patient","type":"searchset"}`, false},
	{"two lists", `{"resourceType":"Bundle","type":"searchset","entry":[{}],"entry":[{}]}`, false},
	{"two types", `{"resourceType":"Bundle","type":"searchset","entry":[{}],"type":"searchset"}`, false},
	{"no list", `{"resourceType":"Bundle","type":"searchset","entry":{}}`, false},
	{"an entry that is none", `{"resourceType":"Bundle","type":"searchset","entry":[{},7]}`, false},
	{"null", `{"resourceType":"Bundle","type":"searchset","entry":[null]}`, false},
	{"comma first", `{"resourceType":"Bundle","type":"searchset","entry":[,{}]}`, false},
	{"comma last", `{"resourceType":"Bundle","type":"searchset","entry":[{},]}`, false},
	{"no comma", `{"resourceType":"Bundle","type":"searchset","entry":[{}{}]}`, false},
	{"two commas", `{"resourceType":"Bundle","type":"searchset","entry":[{},,{}]}`, false},
	{"a bracket that closes nothing", `{"resourceType":"Bundle","type":"searchset","entry":[{"a":[}]}]}`, false},
	{"crossed", `{"resourceType":"Bundle","type":"searchset","entry":[{"a":[1}]]}`, false},
	{"after the end", `{"resourceType":"Bundle","type":"searchset","entry":[{}]}{}`, false},
	{"no end", `{"resourceType":"Bundle","type":"searchset","entry":[{}]`, false},
	{"no end of an entry", `{"resourceType":"Bundle","type":"searchset","entry":[{}`, false},
	{"split by space", `{"resourceType":"Bundle","type":"searchset","total":1 2,"entry":[{}]}`, false},
	{"an escape in the name", `{"resourceType":"Bundle","type":"searchset","\u0065ntry":[{}]}`, false},
	{"byte order mark", "\xef\xbb\xbf{}", false},
	{"bad UTF-8 in an entry", "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"entry\":[{\"fullUrl\":\"\xff\"}]}", false},
	{"bad UTF-8 after", "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"entry\":[{}],\"id\":\"\xff\"}", false},
	{"a list", `[{}]`, false},
	{"nothing", ``, false},
	{"a value too few", `{"resourceType":"Bundle","type":"searchset","total":,"entry":[{}]}`, false},
}

// read is what a Scanner makes of a searchset: each entry and the link.
func read(s *fhirjson.Scanner, in []byte) (out []string, err error) {
	next, err := s.Bundle(in, func(e fhirjson.Entry) error {
		out = append(out, fmt.Sprint(e.Record.TypeName(), "/", string(e.Record.ID), " ", e.Mode, " ", e.Record.Size()))
		return nil
	})
	return append(out, "next "+string(next)), err
}

// inPieces is the same, of pieces.
func inPieces(s *fhirjson.Scanner, from io.Reader, size int) (out []string, err error) {
	p := fhirjson.NewPieces(from, fhirjson.Limits{})
	for {
		text, last, err := p.Next(nil, size)
		if err != nil {
			return nil, err
		}
		some, err := read(s, text)
		if err != nil {
			return nil, err
		}
		if last {
			if len(some) > 1 {
				return nil, errors.New("entries in the last piece")
			}
			return append(out, some...), nil
		}
		if some[len(some)-1] != "next " {
			return nil, errors.New("a link in a piece")
		}
		out = append(out, some[:len(some)-1]...)
	}
}

// TestFC51_PiecesAreTheBundle: a searchset that is read piece by piece is the one that
// is read whole, however it comes.
func TestFC51_PiecesAreTheBundle(t *testing.T) {
	s := fhirjson.New(catalog.R4(), fhirjson.Limits{})
	for _, tt := range append(bundles, struct {
		name, in string
		ok       bool
	}{"a long one", string(searchset()), true}) {
		t.Run(tt.name, func(t *testing.T) {
			want, err := read(s, []byte(tt.in))
			if (err == nil) != tt.ok {
				t.Fatalf("whole: %v", err)
			}
			for _, size := range []int{1, 30, 1000, 1 << 20} {
				for _, from := range []io.Reader{strings.NewReader(tt.in), iotest.OneByteReader(strings.NewReader(tt.in)), iotest.DataErrReader(iotest.HalfReader(strings.NewReader(tt.in)))} {
					got, err := inPieces(s, from, size)
					if (err == nil) != tt.ok || err == nil && !slices.Equal(got, want) {
						t.Fatalf("pieces of %d: %v\n got %q\nwant %q", size, err, got, want)
					}
					s.Reset()
				}
			}
		})
	}
}

func TestFC51_PiecesAreBounded(t *testing.T) {
	head := `{"resourceType":"Bundle","type":"searchset","entry":[`
	for name, tt := range map[string]struct {
		in     io.Reader
		limits fhirjson.Limits
	}{
		"an entry":           {io.MultiReader(strings.NewReader(head+`{"a":"`), endless('x')), fhirjson.Limits{MaxBytes: 1 << 20}},
		"entries":            {io.MultiReader(strings.NewReader(head), strings.NewReader(strings.Repeat("{},", 100)+"{}]}")), fhirjson.Limits{MaxEntries: 100}},
		"a link":             {io.MultiReader(strings.NewReader(`{"link":"`), endless('x')), fhirjson.Limits{}},
		"members":            {io.MultiReader(strings.NewReader(`{`), strings.NewReader(strings.Repeat(`"a":1,`, 1<<20))), fhirjson.Limits{}},
		"after the end":      {io.MultiReader(strings.NewReader(`{}`), endless('x')), fhirjson.Limits{}},
		"brackets that open": {io.MultiReader(strings.NewReader(`{"link":`), endless('[')), fhirjson.Limits{}},
	} {
		p := fhirjson.NewPieces(tt.in, tt.limits)
		for {
			_, last, err := p.Next(nil, 1<<16)
			if last {
				t.Errorf("%s: no bound", name)
			}
			if err != nil || last {
				break
			}
		}
	}
}

// endless is a text that never ends.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

// FuzzPieces: whatever the text, its pieces are taken where the whole is, and give the
// same.
func FuzzPieces(f *testing.F) {
	for _, tt := range bundles {
		f.Add([]byte(tt.in), uint8(1))
	}
	for _, tt := range quirks {
		f.Add([]byte(`{"resourceType":"Bundle","type":"searchset","entry":[{"a":`+tt.in+`}]}`), uint8(9))
		f.Add([]byte(`{"resourceType":"Bundle","type":"searchset","a":`+tt.in+`,"entry":[{}]}`), uint8(9))
	}
	f.Fuzz(func(t *testing.T, in []byte, size uint8) {
		s := scanners.Get()
		defer scanners.Put(s)
		want, whole := read(s, in)
		got, parts := inPieces(s, iotest.HalfReader(strings.NewReader(string(in))), int(size)+1)
		if (whole == nil) != (parts == nil) {
			t.Fatalf("whole: %v, in pieces: %v", whole, parts)
		}
		if whole == nil && !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}
