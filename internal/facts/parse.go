package facts

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"modicum/internal/nearest"
)

// Limits of what is read.
const (
	maxLine     = 64 << 10 // bytes of one fact
	maxFile     = 2 << 30  // bytes of one file
	MaxBody     = 16 << 20 // bytes of one body, for http.MaxBytesReader
	maxFacts    = 16 << 20 // facts of one file or body
	maxProblems = 50       // reported; a file with more has one cause
	maxText     = 255      // bytes of an id
)

// batch is what one file or body says, not yet part of an Index.
type batch struct {
	parts []part // one for each source that it names, in order of appearance
}

// part is what it says for one source.
type part struct {
	source int
	rows   *segment // not sealed
	whole  time.Time
	lines  []Line // where the parser keeps them
}

// parser reads NDJSON of one file or body.
type parser struct {
	voc   *Vocabulary
	now   time.Time
	seed  maphash.Seed
	file  string
	out   batch
	line  int
	facts int
	bad   Problems
	raw   raw
	dec   *jsontext.Decoder
	buf   *bytes.Reader
	// ended asks for a line end after the last line: a file that is being written
	// has none.
	ended bool
	// may refuses a source, "" when it is allowed.
	may func(source int) string
	// keep asks for the lines as they were written.
	keep bool
	text []byte // of the line at hand
	// lenient leaves out lines that are wrong, and counts them.
	lenient bool
	dropped int
}

var errStopped = errors.New("too many problems")

func (p *parser) parse(r io.Reader) (batch, Problems) {
	p.buf = bytes.NewReader(nil)
	p.dec = jsontext.NewDecoder(p.buf)
	in := bufio.NewReaderSize(r, maxLine)
	for {
		text, err := in.ReadSlice('\n')
		if len(text) > 0 || err == nil {
			p.line++
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			p.problem("", fmt.Sprintf("longer than %d bytes", maxLine))
			return batch{}, p.bad
		case err != nil && !errors.Is(err, io.EOF):
			p.line = 0
			p.problem("", "could not be read to its end")
			return batch{}, p.bad
		case errors.Is(err, io.EOF) && len(text) > 0 && p.ended:
			p.problem("", "the last line has no end: is the file being written? Write it beside and rename it")
			return batch{}, p.bad
		}
		if len(text) > 0 && p.one(text) != nil {
			return batch{}, p.bad
		}
		if err != nil {
			break
		}
	}
	p.finish()
	if len(p.bad) > 0 {
		return batch{}, p.bad
	}
	return p.out, nil
}

func (p *parser) problem(key, text string) {
	p.bad = append(p.bad, Problem{File: p.file, Line: p.line, Key: key, Text: text})
}

// one reads a line; its problems go to p.bad.
func (p *parser) one(text []byte) error {
	text = bytes.TrimRight(text, "\r\n")
	p.text = text
	before := len(p.bad)
	p.buf.Reset(text)
	p.dec.Reset(p.buf)
	for _, e := range p.raw.read(p.dec) {
		p.problem(e.key, e.text)
	}
	if len(p.bad) == before {
		if p.raw.has["whole"] {
			p.whole()
		} else {
			p.fact()
		}
	}
	if p.lenient && len(p.bad) > before {
		p.bad = p.bad[:before]
		p.dropped++
	}
	if len(p.bad) >= maxProblems {
		p.line = 0
		p.problem("", "and perhaps more: reading stopped here")
		return errStopped
	}
	return nil
}

// whole is {"source":…,"whole":…}.
func (p *parser) whole() {
	if len(p.raw.has) != 2 || !p.raw.has["source"] {
		p.problem("whole", `stands with source alone: {"source":"adt","whole":"2026-11-23T07:00:00Z"}`)
		return
	}
	src, ok := p.source()
	at, okTime := p.time("whole", p.raw.text["whole"])
	if !ok || !okTime {
		return
	}
	part := p.part(src)
	switch {
	case !part.whole.IsZero():
		p.problem("whole", "is said twice for this source")
	case at.After(p.now.Add(maxAhead)):
		p.problem("whole", "is in the future: such facts would not age")
	case at.Unix() <= 0:
		p.problem("whole", "is before 1970")
	default:
		part.whole = at
	}
}

// part returns the part of a source, a new one if need be.
func (p *parser) part(src int) *part {
	for i := range p.out.parts {
		if p.out.parts[i].source == src {
			return &p.out.parts[i]
		}
	}
	p.out.parts = append(p.out.parts, part{source: src, rows: newSegment(p.seed)})
	return &p.out.parts[len(p.out.parts)-1]
}

func (p *parser) source() (int, bool) {
	name, has := p.raw.text["source"]
	src, ok := p.voc.source(name)
	switch {
	case !has:
		p.problem("source", "is missing")
	case !ok:
		p.problem("source", "is not a source of conditions.yaml"+nearestOf(name, sourceNames(p.voc)))
	case p.may != nil && p.may(src) != "":
		p.problem("source", p.may(src))
	default:
		return src, true
	}
	return 0, false
}

// fact checks one fact against the vocabulary and keeps it.
func (p *parser) fact() {
	before := len(p.bad)
	var st Statement
	id, ok := p.voc.fact(p.raw.text["fact"])
	switch {
	case !p.raw.has["fact"]:
		p.problem("fact", "is missing")
	case !ok:
		p.problem("fact", "is not a fact of conditions.yaml"+nearestOf(p.raw.text["fact"], factNames(p.voc)))
	}
	src, okSource := p.source()
	if !ok || !okSource {
		return
	}
	kind := &p.voc.Kinds[id]
	st.Fact, st.Source = id, src
	if !slices.Contains(kind.Sources, src) {
		p.problem("source", "may not state this fact: it is not under its `from` in conditions.yaml")
	}
	p.who(&st, kind)
	p.bounds(&st)
	p.carried(&st, kind)
	p.values(&st, kind)
	if p.facts++; p.facts > maxFacts {
		p.problem("", fmt.Sprintf("more than %d facts", maxFacts))
	}
	if len(p.bad) == before {
		part := p.part(src)
		part.rows.add(&st, 0, 0)
		if p.keep {
			part.lines = append(part.lines, Line{Key: lineKey(kind.Name, &st), Text: bytes.Clone(p.text)})
		}
	}
}

func (p *parser) who(st *Statement, kind *Kind) {
	t := p.raw.text
	var ok bool
	if st.Who, ok = ParseWho(t["who"]); !ok {
		p.problem("who", "must be a person, dept:NAME, role:NAME or *")
	}
	patient, named := strings.CutPrefix(t["patient"], "Patient/")
	switch {
	case kind.Patient && (!named || !fhirID(patient)):
		p.problem("patient", "must be Patient/ID: this fact is about a patient")
	case !kind.Patient && p.raw.has["patient"]:
		p.problem("patient", "does not belong here: this fact is about the caller alone")
	default:
		st.Patient = patient
	}
	st.RecordedBy = t["recorded_by"]
	if !personName(st.RecordedBy) {
		p.problem("recorded_by", "must say which person or program recorded it")
	}
	st.ID = t["id"]
	if p.raw.has["id"] && (len(st.ID) > maxText || !personName(st.ID)) {
		p.problem("id", fmt.Sprintf("must be printable text of 1 to %d bytes", maxText))
	}
}

func (p *parser) bounds(st *Statement) {
	if p.raw.has["from"] {
		st.From, _ = p.time("from", p.raw.text["from"])
	}
	if p.raw.has["until"] {
		st.Until, _ = p.time("until", p.raw.text["until"])
	}
}

// carried reads what the fact must carry, no more and no less: a fact that lacks
// some of it would not hold, so whoever states it should hear of it.
func (p *parser) carried(st *Statement, kind *Kind) {
	for _, c := range [...]struct {
		key      string
		declared bool
	}{{"object", kind.Object}, {"classes", kind.Classes}, {"marked", kind.Marked}, {"dates", kind.Dates}} {
		switch {
		case p.raw.has[c.key] && !c.declared:
			p.problem(c.key, "does not belong here: the fact does not carry it")
		case !p.raw.has[c.key] && c.declared:
			p.problem(c.key, "is missing: the fact carries it")
		}
	}
	if p.raw.has["object"] {
		if st.Object = p.raw.text["object"]; !objectName(st.Object) {
			p.problem("object", "must be TYPE/ID")
		}
	}
	c := &st.Carried
	c.HasClasses, c.HasMarked, c.HasDates = p.raw.has["classes"], p.raw.has["marked"], p.raw.has["dates"]
	for _, name := range p.raw.classes {
		set, ok := p.voc.Classes(name)
		if !ok {
			p.problem("classes", "names what is not a class of the catalog")
		}
		c.Classes = c.Classes.Union(set)
	}
	for _, name := range p.raw.marked {
		set, ok := p.voc.Overlays(name)
		if !ok {
			p.problem("marked", "names what is not an overlay of the catalog")
		}
		c.Marked |= set
	}
	if text, ok := p.raw.dates["from"]; ok {
		c.From, _ = p.time("dates.from", text)
	}
	if text, ok := p.raw.dates["until"]; ok {
		c.Until, _ = p.time("dates.until", text)
	}
}

func (p *parser) values(st *Statement, kind *Kind) {
	for _, v := range p.raw.values {
		want, ok := kind.Values[v.name]
		if !ok {
			p.problem("values", "holds a value that the fact does not declare"+nearestOf(v.name, valueNames(kind)))
			continue
		}
		of, ok := p.value(want, &v)
		if !ok {
			p.problem("values", v.name+" must be "+[...]string{"text", "a number", "a time of RFC 3339", "true or false"}[want])
			continue
		}
		st.Values = append(st.Values, Value{v.name, of})
	}
	slices.SortFunc(st.Values, func(a, b Value) int { return strings.Compare(a.Name, b.Name) })
}

func (p *parser) value(want ValueType, v *rawValue) (any, bool) {
	switch want {
	case Text:
		return v.text, v.kind == '"'
	case Number:
		f, err := strconv.ParseFloat(v.text, 64)
		return f, err == nil && v.kind == '0'
	case Time:
		t, err := time.Parse(time.RFC3339, v.text)
		return t.UTC(), err == nil && v.kind == '"'
	case YesNo:
		return v.kind == 't', v.kind == 't' || v.kind == 'f'
	}
	return nil, false
}

func (p *parser) time(key, text string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || strings.ContainsAny(text, ",") {
		p.problem(key, "must be a time of RFC 3339, such as 2026-11-23T07:00:00Z")
		return time.Time{}, false
	}
	return t.UTC(), true
}

// finish checks what needs all lines.
func (p *parser) finish() {
	if p.line == 0 {
		p.problem("", "is empty: a source without facts says so by a `whole` line")
	}
}

// objectName is TYPE/ID, of FHIR or a data set.
func objectName(s string) bool {
	typ, id, ok := strings.Cut(s, "/")
	if !ok || typ == "" || len(typ) > 64 || !fhirID(id) {
		return false
	}
	for _, c := range []byte(typ) {
		if !(c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-') {
			return false
		}
	}
	return true
}

// nearestOf names the nearest of words, which are the policy's.
func nearestOf(name string, words []string) string {
	if best := nearest.Word(name, words); best != "" {
		return "; the nearest one is " + best
	}
	return ""
}

func sourceNames(v *Vocabulary) []string {
	var out []string
	for i := range v.Sources {
		out = append(out, v.Sources[i].Name)
	}
	return out
}

func factNames(v *Vocabulary) []string {
	var out []string
	for i := range v.Kinds {
		if _, ok := v.fact(v.Kinds[i].Name); ok {
			out = append(out, v.Kinds[i].Name)
		}
	}
	return out
}

func valueNames(k *Kind) []string {
	var out []string
	for name := range k.Values {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
