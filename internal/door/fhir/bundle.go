package fhir

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"modicum/catalog"
	"modicum/internal/gate"
)

// bundleHead appends a Bundle up to where its entries begin. Total is left out
// when it is negative.
func bundleHead(dst []byte, kind string, total int, self, next string) []byte {
	dst = append(append(append(dst, `{"resourceType":"Bundle","type":"`...), kind...), '"')
	if total >= 0 {
		dst = append(dst, `,"total":`...)
		dst = strconv.AppendInt(dst, int64(total), 10)
	}
	return appendLinks(append(dst, ','), self, next)
}

// appendLinks appends the member link of a Bundle.
func appendLinks(dst []byte, self, next string) []byte {
	dst = append(dst, `"link":[{"relation":"self","url":"`...)
	dst = append(dst, self...)
	dst = append(dst, `"}`...)
	if next != "" {
		dst = append(dst, `,{"relation":"next","url":"`...)
		dst = append(dst, next...)
		dst = append(dst, `"}`...)
	}
	return append(dst, ']')
}

// queryEscape spells a name or value of a link. Its result holds nothing that JSON
// would escape. Commas stand as they are (RFC 3986 section 3.4): there are clients that
// look for them before they decode.
func queryEscape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%2C", ",") }

// limited ends a search at the task's limit of results, in words of this door.
const limited = `{"resource":{"resourceType":"OperationOutcome","issue":[{"severity":"information","code":"too-costly",` +
	`"details":{"text":"The limit of results of this task ends the search here. Narrow it."}}]},"search":{"mode":"outcome"}}`

// projection turns candidates into the entries of a page.
type projection struct {
	door   *Door
	cat    *catalog.Catalog
	base   string // of our own links
	shown  []*candidate
	judged []*gate.Judgement // room for those of shown
	buf    *[]byte
	first  int             // so many of shown make the page
	ids    []record        // these
	page   map[record]bool // the same, made when a reference first asks
	onPage func(t catalog.Type, id []byte) bool
	isOn   func(t catalog.Type, id []byte) bool // isOnPage of this projection
}

func (x *exchange) newProjection() *projection {
	p, _ := x.door.leaves.Get().(*projection)
	if p == nil {
		p = new(projection)
		p.isOn = p.isOnPage
	}
	p.door, p.cat, p.base, p.buf = x.door, x.catalog(), x.base, x.door.buffer()
	p.onPage = p.isOn
	return p
}

// close lets go of everything. Neither it nor what it showed may be used after.
func (p *projection) close() {
	p.door.keep(p.buf)
	if cap(p.shown) > 1024 || cap(p.ids) > 1024 {
		return
	}
	clear(p.shown[:cap(p.shown)])
	clear(p.ids)
	clear(p.judged[:cap(p.judged)])
	d := p.door
	*p = projection{shown: p.shown[:0], ids: p.ids[:0], judged: p.judged[:0], isOn: p.isOn}
	d.leaves.Put(p)
}

// judgements lends an empty slice with room for n.
func (d *Door) judgements(n int) *[]gate.Judgement {
	if js, _ := d.slabs.Get().(*[]gate.Judgement); js != nil && cap(*js) >= n {
		return js
	}
	js := make([]gate.Judgement, 0, max(n, 64))
	return &js
}

// keepJudgements takes a slice back: nothing may point into it any more. It is
// cleared, so that nobody's records stay in memory for it.
func (d *Door) keepJudgements(js *[]gate.Judgement) {
	if cap(*js) > 4096 {
		return
	}
	clear(*js)
	*js = (*js)[:0]
	d.slabs.Put(js)
}

// buffer lends an empty buffer.
func (d *Door) buffer() *[]byte {
	b, _ := d.buffers.Get().(*[]byte)
	if b == nil {
		b = new([]byte)
	}
	*b = (*b)[:0]
	return b
}

// keep takes a buffer back, unless it grew so large that it is better forgotten.
func (d *Door) keep(b *[]byte) {
	switch {
	case cap(*b) <= 1<<20:
		d.buffers.Put(b)
	case cap(*b) == firstWindow:
		d.windows.Put(b)
	}
}

// run projects what shows, so that each reference is kept only to what shows on
// this page (the first n), and drops what turns out to hold nothing but structure
// (policy-language rule 18). Dropping may take away the target of a reference, so
// it begins again until nothing more goes.
func (p *projection) run(n int) error {
	for {
		p.first = min(n, len(p.shown))
		dropped, err := p.once(n)
		if err != nil || !dropped {
			return err
		}
	}
}

func (p *projection) once(n int) (dropped bool, err error) {
	buf := (*p.buf)[:0]
	kept := p.shown[:0]
	over := false
	p.ids, p.page = slices.Grow(p.ids[:0], p.first), nil
	for _, c := range p.shown[:p.first] {
		p.ids = append(p.ids, c.is())
	}
	for _, c := range p.shown {
		from := len(buf)
		if buf, err = p.entry(buf, c, len(kept) == 0); err != nil {
			return false, err
		}
		if len(buf) == from {
			c.session().Withhold(c.judged)
			dropped = true
			continue
		}
		over = over || len(kept) >= n || len(buf) > wholePage
		if c.late = over; over {
			buf = buf[:from]
		}
		kept = append(kept, c)
	}
	p.shown, *p.buf = kept, buf
	return dropped, nil
}

// entry appends one entry as the caller sees it, after a comma unless it is the
// first; nothing when nothing shows.
func (p *projection) entry(dst []byte, c *candidate, first bool) ([]byte, error) {
	from := len(dst)
	if !first {
		dst = append(dst, ',')
	}
	dst = append(dst, `{"fullUrl":"`...)
	dst = append(append(append(append(dst, p.base...), '/'), p.cat.TypeName(c.judged.Type)...), '/')
	dst = append(append(dst, c.judged.ID...), `","resource":`...)
	sh := c.session().Shape(c.judged, p.onPage)
	sh.Elements = c.page.reader.query.elements // FC35
	dst, result, err := c.page.scanner.Project(dst, c.record, sh)
	if err != nil || !result.There {
		return dst[:from], err
	}
	if c.beside {
		return append(dst, `,"search":{"mode":"include"}}`...), nil
	}
	return append(dst, `,"search":{"mode":"match"}}`...), nil
}

// isOnPage reports whether a record shows on this page.
func (p *projection) isOnPage(t catalog.Type, id []byte) bool {
	if p.page == nil {
		p.page = make(map[record]bool, len(p.ids))
		for _, is := range p.ids {
			p.page[is] = true
		}
	}
	return p.page[record{t, string(id)}]
}
