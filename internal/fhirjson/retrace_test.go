package fhirjson

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"modicum/catalog"
	"modicum/internal/testkit"
)

// eagerly makes s try to retrace whatever it can, plainly makes it read member by member.
func (s *Scanner) eagerly() {
	for i := range s.traces {
		s.traces[i].wait, s.traces[i].doubt = 0, 0
	}
}

func (s *Scanner) plainly() {
	for i := range s.traces {
		s.traces[i].wait = math.MaxUint16
	}
	for i := range s.moulds {
		s.moulds[i] = mould{cells: make([]cell, 1), depth: -1} // which nothing fits, and nothing takes the place of
	}
}

// portable is s as it is where there is no assembly: Go reads all that is retraced.
func portable(s *Scanner) *Scanner {
	s.inGo = true
	return s
}

// readAlike fails t where a text is read in two ways: retraced, and member by member.
func readAlike(t *testing.T, s, plain *Scanner, in []byte, page bool) (read bool) {
	t.Helper()
	s.Reset()
	plain.Reset()
	s.eagerly()
	plain.plainly()
	s.tape = slices.Grow(s.tape, len(in)) // a short tape is no place to retrace to
	root, spaced, err := s.parse(in, page)
	root2, spaced2, err2 := plain.parse(in, page)
	if root != root2 || spaced != spaced2 || fmt.Sprint(err) != fmt.Sprint(err2) {
		t.Fatalf("retraced: cell %d, spaced %v, %v; plainly: cell %d, spaced %v, %v\n%q", root, spaced, err, root2, spaced2, err2, in)
	}
	var at, at2 *SyntaxError
	if errors.As(err, &at) && errors.As(err2, &at2) && *at != *at2 {
		t.Fatalf("retraced: %+v; plainly: %+v\n%q", at, at2, in)
	}
	if len(s.tape) != len(plain.tape) {
		t.Fatalf("retraced: %d cells; plainly: %d\n%q", len(s.tape), len(plain.tape), in)
	}
	for i := range s.tape {
		if s.tape[i] != plain.tape[i] {
			t.Fatalf("cell %d, retraced: %+v; plainly: %+v\n%q", i, s.tape[i], plain.tape[i], in)
		}
	}
	if !slices.Equal(s.events, plain.events) {
		t.Fatalf("events, retraced: %+v; plainly: %+v\n%q", s.events, plain.events, in)
	}
	return err == nil
}

// pageOf is a searchset of records.
func pageOf(records ...[]byte) []byte {
	var b bytes.Buffer
	b.WriteString(`{"resourceType":"Bundle","type":"searchset","entry":[`)
	for i, r := range records {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"fullUrl":"https://up.example/fhir/x/%d","resource":%s,"search":{"mode":"match"}}`, i, r)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// changed is a record with one value, or a few of its bytes, changed.
func changed(rng *rand.Rand, s *Scanner, r []byte) []byte {
	s.Reset()
	if root, _, err := s.parse(r, false); err == nil && rng.IntN(8) > 0 {
		for range 20 {
			c := &s.tape[int(root)+rng.IntN(len(s.tape)-int(root))]
			values := others[c.shape]
			if len(values) == 0 {
				continue
			}
			v := values[rng.IntN(len(values))]
			return slices.Concat(r[:c.start], []byte(v), r[c.end:])
		}
	}
	r = bytes.Clone(r)
	const bytesThatTell = "\"\\{}[],:0-e. \n\x01\x7f\x80\xc3\xffxt"
	for range 1 + rng.IntN(2) {
		i := rng.IntN(len(r))
		r[i] = bytesThatTell[rng.IntN(len(bytesThatTell))]
	}
	return r
}

// others are values to put in the place of one of the same kind, and some of another.
var others = map[shape][]string{
	text: {`""`, `"x"`, `"unknown"`, `"Patient"`, `"Observation"`, `"a longer text, which goes beyond a word of 64 marks, and then some, so that the next has to be looked at"`,
		`"\u00e9\n"`, `"é"`, `"\ud83d"`, "\"\x01\"", "\"\xff\"", `"open`, `7`, `null`, `true`, `{}`, `[]`, `"2020-01-01"`, `"Patient/p2"`},
	number:  {`0`, `-1`, `1.50`, `1e9`, `01`, `1.`, `-`, `"1"`, `null`, `12345678901234567890`},
	boolean: {`true`, `false`, `tru`, `null`, `"true"`},
	null:    {`null`, `nul`, `"x"`, `0`},
	object:  {`{}`, `{"x":1}`, `[]`, `{"a":1,"a":2}`, `{"resourceType":"Patient"}`},
	array:   {`[]`, `[{}]`, `[null]`, `[1,2]`, `{}`},
}

// FC47, FC51: what is retraced is read as if it had been read member by member, and
// refused for the same reason at the same place.
func TestFC47_RetracedIsReadAlike(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	cat := catalog.R4()
	s, plain, spare := New(cat, Limits{}), New(cat, Limits{}), New(cat, Limits{})
	inGo := portable(New(cat, Limits{}))
	good, bad := 0, 0
	for i, r := range testkit.Examples(t) {
		if len(r) > 20_000 || testing.Short() && i%10 > 0 {
			continue
		}
		other := changed(rng, spare, r)
		for _, in := range [][]byte{
			pageOf(r, r, other, r), pageOf(other, r, other), pageOf(r, changed(rng, spare, other), other),
			slices.Concat([]byte(`{"resourceType":"List","id":"x","contained":[`), r, []byte(`,`), other, []byte(`]}`)),
		} {
			page := in[17] == 'B'
			readAlike(t, inGo, plain, in, page)
			if readAlike(t, s, plain, in, page) {
				good++
			} else {
				bad++
			}
		}
	}
	if !testing.Short() && (good < 1000 || bad < 100) {
		t.Errorf("%d texts read, %d refused", good, bad)
	}
}

// The same at the edges of what a text may ask for, and where an element stands twice,
// at another depth or in another class.
func TestFC51_RetracedKeepsTheBounds(t *testing.T) {
	know := knowledgeOf(catalog.R4())
	inner := `{"url":"a","extension":[{"url":"b","valueString":"c"}]}`
	flat, more := `[{"url":"b","valueString":"c"}]`, `[{"url":"b","valueCode":"c","id":"d"}]`
	texts := []string{
		`{"resourceType":"Patient","id":"a","extension":[{"url":"x","extension":` + flat + `},{"url":"x","extension":` + more + `},{"url":"x","extension":[{"url":"y","extension":` + more + `}]}]}`,
		`{"resourceType":"Patient","id":"a","extension":[` + inner + `,{"url":"x","extension":[` + inner + `,` + inner + `,{"url":"y","extension":[` + inner + `]}]}]}`,
		`{"resourceType":"Patient","id":"a","name":[{"extension":[{"url":"x","extension":[` + inner + `]}]}],"telecom":[{"extension":[{"url":"x","extension":[` + inner + `]}]}]}`,
		string(pageOf([]byte(`{"resourceType":"Basic","id":"a"}`), []byte(`{"resourceType":"Basic","id":"b"}`), []byte(`{"resourceType":"Basic","id":"c"}`))),
	}
	refused := 0
	for _, in := range texts {
		for n := range 40 {
			for _, l := range []Limits{{MaxDepth: n + 1}, {MaxValues: n + 1}} {
				readAlike(t, portable(newScanner(know, l)), newScanner(know, l), []byte(in), true)
				readAlike(t, portable(newScanner(know, l)), newScanner(know, l), []byte(in), false)
				if !readAlike(t, newScanner(know, l), newScanner(know, l), []byte(in), true) || !readAlike(t, newScanner(know, l), newScanner(know, l), []byte(in), false) {
					refused++
				}
			}
		}
	}
	if refused < 40 {
		t.Errorf("only %d refused", refused)
	}
}

// What stands for an absent element counts for what holds it, whichever of two records
// has it.
func TestRetracedAbsence(t *testing.T) {
	know := knowledgeOf(catalog.R4())
	s, inGo, plain := newScanner(know, Limits{}), portable(newScanner(know, Limits{})), newScanner(know, Limits{})
	absent, other := `"masked"`, `"unknown"`
	record := func(why string) []byte {
		return []byte(`{"resourceType":"Observation","id":"a","code":{"extension":[{"url":"` + catalog.DataAbsentReason + `","valueCode":` + why + `}]},"note":[{"text":"x"}],` +
			`"component":[{"code":{"extension":[{"url":"` + catalog.DataAbsentReason + `","valueCode":` + why + `}]}}]}`)
	}
	for _, in := range [][]byte{pageOf(record(absent), record(other), record(absent)), pageOf(record(other), record(absent), record(other))} {
		if !readAlike(t, s, plain, in, true) || !readAlike(t, inGo, plain, in, true) {
			t.Error("refused")
		}
	}
	for id := range know.nodes { // so that parse need not look at the text of a value
		if n := know.nodes[id].node; n != nil && n.Absent != "" && n.Absent[len(n.Absent)-1] != '}' && n.Absent[len(n.Absent)-1] != ']' {
			t.Errorf("%s is absent as %s, which is a text or number", n.Path, n.Absent)
		}
	}
}

// A page of records that are built alike is retraced: all but the first of them.
func TestRecordsBuiltAlikeAreRetraced(t *testing.T) {
	s := New(catalog.R4(), Limits{})
	record := func(id string) []byte {
		return fmt.Appendf(nil, `{"resourceType":"Observation","id":%q,"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"2339-0"}]},"valueQuantity":{"value":%d}}`, id, len(id))
	}
	in := pageOf(record("a"), record("bb"), record("ccc"))
	s.tape = slices.Grow(s.tape, len(in))
	if _, _, err := s.parse(in, true); err != nil {
		t.Fatal(err)
	}
	entry, _ := s.cat.Child(s.cat.Root(first(s.cat.Type("Bundle"))), []byte("entry"))
	if trace := s.traceOf(entry, object); trace.text != s.texts || trace.doubt != 0 || s.tape[trace.cell].start != uint32(bytes.Index(in, []byte(`{"fullUrl"`))) {
		t.Errorf("%+v: not the first entry is the trace of all", trace)
	}
}

// Assembly reads all that is meant for it, to the same cells.
func TestAssemblyReadsWhatIsBuiltAlike(t *testing.T) {
	if !hasAssembly {
		t.Skip("there is none for this processor")
	}
	s := New(catalog.R4(), Limits{})
	record := `{"resourceType":"Observation","id":"a","status":"final","issued":"2020-01-02"}`
	in := pageOf([]byte(record), []byte(record))
	s.plainly()
	if _, _, err := s.parse(in, true); err != nil {
		t.Fatal(err)
	}
	observation, _ := s.cat.Type("Observation")
	var at []int // cells of the two
	for i := range s.tape {
		if s.tape[i].node == s.cat.Root(observation) {
			at = append(at, i)
		}
	}
	if len(at) != 2 {
		t.Fatal(at)
	}
	old := s.tape[at[0]:s.tape[at[0]].next]
	fresh := make([]cell, len(old))
	from := old[0].start
	// It stops at the type, which is no element: what is behind it, it reads.
	done, _, _ := retraceFast(fresh[2:], old[2:], in, in, s.marks, old[1].end, s.tape[at[1]].start-from, uint32(at[1]-at[0]))
	if done != len(old)-2 {
		t.Errorf("%d of %d cells", done, len(old)-2)
	}
	for j := 2; j < len(old); j++ {
		if got, want := fresh[j], s.tape[at[1]+j]; got != want {
			t.Errorf("cell %d: %+v, want %+v", j, got, want)
		}
	}
}

func first[T any](v T, _ bool) T { return v }

// FuzzRetrace: two records, one of them twice, are read alike in both ways.
func FuzzRetrace(f *testing.F) {
	for i, r := range testkit.Examples(f) {
		if i%50 == 0 && len(r) < 3000 {
			f.Add(r, r, true)
		}
	}
	f.Add([]byte(`{"resourceType":"Patient","id":"a","active":true}`), []byte(`{"resourceType":"Patient","id":"\u0062","active":false}`), true)
	f.Add([]byte(`{"resourceType":"Observation","id":"a","status":"unknown"}`), []byte(`{"resourceType":"Observation","id":"b","status":"final"}`), false)
	s, inGo, plain := New(catalog.R4(), Limits{}), portable(New(catalog.R4(), Limits{})), New(catalog.R4(), Limits{})
	f.Fuzz(func(t *testing.T, one, two []byte, page bool) {
		if len(one)+len(two) > 40_000 {
			return // what is plain for so many tries only
		}
		for _, in := range [][]byte{pageOf(one, two, one), slices.Concat([]byte(`{"resourceType":"List","contained":[`), two, []byte(`,`), one, []byte(`,`), two, []byte(`]}`))} {
			readAlike(t, s, plain, in, page)
			readAlike(t, inGo, plain, in, page)
		}
	})
}
