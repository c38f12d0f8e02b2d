package fhir

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/internal/fhirjson"
	"modicum/internal/gate"
	"modicum/internal/problem"
	"modicum/internal/upstream"
)

// chunkSize is the number of patients whom one upstream search asks for.
const chunkSize = 100

// Budget bounds the upstream work for one page of an answer. Past it the answer
// is one constant "unavailable": how often that happens depends on hidden
// records and is a published residual, so it is metered and kept rare.
type Budget struct {
	Pages int           // upstream pages; 0 means 50
	Bytes int64         // of upstream answers; 0 means 64 MiB
	Time  time.Duration // 0 means 20 s
}

// errBudget: the work for this page is used up.
var errBudget = errors.New("budget")

// reader reads the upstream for one page of an answer: the chunks of the scope
// in order, each page by page, every record judged.
type reader struct {
	leaving bool // a part of the page has left: what comes is decided again
	door    *Door
	session *gate.Session
	query   *query
	cat     *catalog.Catalog
	scans   *fhirjson.Pool
	base    []upstream.Param // the query without patients and size
	ids     []string         // the scope's patients, sorted; nil when open
	open    bool             // no patients are added
	by      string           // the parameter that names them
	byNodes []catalog.NodeID
	only    string // the one patient whom the token's scopes leave; "" for no such limit

	at    position
	done  bool
	long  *long // the page that is read, where it is a long one
	pages []*page
	leg   int    // of the finder, for the cursor
	tab   *spent // upstream work for this page, with the page's other readers
	seen  *seen  // given out for this page, by any of its readers

	given int // records that the upstream gave for this page, for the faults that count them
}

// spent is upstream work that was used up for one page of an answer.
type spent struct {
	pages int
	bytes int64
	held  int64 // bytes of long pages in memory
}

// record names a record.
type record struct {
	typ catalog.Type
	id  string
}

// page is one upstream page, or a piece of a long one, held until what it gave has left.
type page struct {
	reader  *reader
	body    *upstream.Body
	text    *[]byte // of a piece, in place of body
	first   int     // records of the upstream page before this piece
	last    bool    // of the pieces, or all of the page
	over    bool    // everything was given out
	wanted  int     // of those given out, so many have not left
	unread  int     // of those given out, so many are to be projected again
	scanner *fhirjson.Scanner
	records []*fhirjson.Record
	judged  []gate.Judgement  // in slab
	slab    *[]gate.Judgement // lent, see Door.judgements
	given   []candidate       // those given out; never grows beyond its capacity
	room    []*fhirjson.Record
	next    string // the upstream's link, turned into what Page takes
	at      position
	pos     int // of the next record to give out
}

// candidate is a record that the gate lets through, and where the reading stood
// before it.
type candidate struct {
	page     *page
	index    int // in the page
	record   *fhirjson.Record
	judged   *gate.Judgement
	beside   bool // no match: included
	late     bool // not in the projection's buffer: projected when it is written
	asks     bool // its text depends on what else is on the page
	from, to int  // its text in the projection's buffer, in a window
}

func (c *candidate) is() record { return record{c.judged.Type, c.judged.ID} }

// session is the one that judged the record.
func (c *candidate) session() *gate.Session { return c.page.reader.session }

// at is where the reading stood before the record.
func (c *candidate) at() position {
	at := c.page.at
	at.Offset = c.page.first + c.index
	return at
}

func (x *exchange) newReader(q *query, s *gate.Session, at position, only string) *reader {
	d, cat := x.door, x.catalog()
	r := &reader{
		door: d, session: s, query: q, cat: cat, scans: d.scanners(x.set),
		base: q.upstream(len(s.Find()) > 0), at: at, only: only,
	}
	scope := s.Scope()
	switch {
	case !scope.Everyone:
		r.ids = scope.Patients
	case len(q.patients) > 0:
		r.ids = slices.Compact(slices.Sorted(slices.Values(q.patients)))
	default:
		r.open = true
	}
	r.narrow()
	r.pass()
	if !r.open {
		r.by = patientParam(cat, q)
		if p, ok := cat.Param(q.typ, r.by); ok {
			r.byNodes = p.Nodes
		}
	}
	if r.at.Size == 0 {
		r.at.Size = min(max(orElse(q.count, d.cfg.PageSize), 20), 200)
	}
	if !r.open && r.at.Last == "" {
		r.startChunk(r.at.After)
	}
	return r
}

// narrow asks the upstream for the one patient whom the token's scopes leave. The
// request is admitted as it was asked all the same: naming the patient in its place
// would make a listing of a search, and scopes would open something (rule 11).
func (r *reader) narrow() {
	if r.only == "" || r.cat.PatientFree(r.query.typ) {
		return
	}
	if r.open || r.inScope(r.only) {
		r.ids, r.open = []string{r.only}, false
	} else {
		r.ids = nil
	}
}

// pass asks for those alone to whom the hops of the query lead. One whose hops were not
// made, or lead nowhere, asks for nothing.
func (r *reader) pass() {
	q := r.query
	if len(q.hops) == 0 {
		return
	}
	if !q.settled || q.nothing {
		r.ids, r.open = nil, false
		return
	}
	if q.among == nil {
		return
	}
	if r.open {
		r.ids, r.open = q.among, false
		return
	}
	r.ids = slices.DeleteFunc(slices.Clone(r.ids), func(id string) bool {
		_, in := slices.BinarySearch(q.among, id)
		return !in
	})
}

// plainest are the parameters that say whose a record is and nothing else.
var plainest = []string{"patient", "subject"}

// patientParam is the parameter by which the upstream is asked for patients: the
// client's own where it named some, else the plainest of the type.
func patientParam(cat *catalog.Catalog, q *query) string {
	if q.byPatient != "" {
		return q.byPatient
	}
	if q.name == "Patient" {
		return "_id"
	}
	patient, _ := cat.Type("Patient")
	for _, names := range [][]string{plainest, cat.Compartment(q.typ)} {
		for _, name := range names {
			if p, ok := cat.Param(q.typ, name); ok && p.Targets.Has(patient) {
				return name
			}
		}
	}
	return ""
}

// startChunk moves to the patients that follow after, or ends the reading.
func (r *reader) startChunk(after string) {
	chunk := r.chunk(after, "")
	if len(chunk) == 0 {
		r.done = true
		return
	}
	r.at = position{After: after, Last: chunk[len(chunk)-1], Size: r.at.Size}
}

// chunk lists the patients after one id up to last, or the next chunk's worth
// of them when last is empty. It goes by ids and not by count, so that a scope
// that changed between two pages neither repeats nor skips anybody.
func (r *reader) chunk(after, last string) []string {
	from, found := slices.BinarySearch(r.ids, after)
	if found {
		from++
	}
	until := min(len(r.ids), from+chunkSize)
	if last != "" {
		until, found = slices.BinarySearch(r.ids, last)
		if found {
			until++
		}
		until = max(from, until)
	}
	return r.ids[from:until]
}

// chunks reports how many upstream searches the scope takes.
func (r *reader) chunks() int { return (len(r.ids) + chunkSize - 1) / chunkSize }

// next returns the next record that shows, or nil at the end.
func (r *reader) next(ctx context.Context) (*candidate, error) {
	for {
		if n := len(r.pages); n > 0 && !r.pages[n-1].over {
			if c := r.fromPage(r.pages[n-1]); c != nil {
				return c, nil
			}
			r.advance(r.pages[n-1])
		}
		if r.done {
			return nil, nil
		}
		if err := r.fetch(ctx); err != nil {
			return nil, err
		}
	}
}

// unread reports whether the upstream has more, for the fault that tells it.
func (r *reader) unread() bool {
	if len(r.pages) == 0 {
		return false
	}
	p := r.pages[len(r.pages)-1]
	return p.pos < len(p.records) || p.next != ""
}

// fromPage returns the next record of p that shows.
func (r *reader) fromPage(p *page) *candidate {
	for p.pos < len(p.records) {
		i := p.pos
		p.pos++
		rec, j := p.records[i], &p.judged[i]
		is := record{j.Type, j.ID}
		if !j.There && !(r.query.passed && defect.On(defect.PassedThroughHidden)) || r.seen.has(is) || !r.asked(rec) || r.foundBefore(rec, j) {
			r.session.Withhold(j)
			continue
		}
		r.seen.add(is)
		p.wanted, p.unread = p.wanted+1, p.unread+1
		p.given = append(p.given, candidate{page: p, index: i, record: rec, judged: j})
		return &p.given[len(p.given)-1]
	}
	return nil
}

// asked reports whether the record names a patient of this chunk, and none of an
// earlier one by the parameter searched: that chunk has shown it. A record that
// names nobody who was asked for is not there, whoever sent it (T7).
func (r *reader) asked(rec *fhirjson.Record) bool {
	if defect.On(defect.OtherPatientAccepted) {
		return true
	}
	if r.only != "" && !names(rec, r.only) || !r.passed(rec) {
		return false
	}
	if r.open {
		return true
	}
	named := false
	for _, p := range rec.Patients {
		id := string(p.ID)
		named = named || id > r.at.After && id <= r.at.Last && r.inScope(id)
	}
	if !named {
		return false
	}
	for i := range rec.References {
		ref := &rec.References[i]
		if id := string(ref.ID); id <= r.at.After && slices.Contains(r.byNodes, ref.Node) &&
			r.cat.TypeName(ref.Type) == "Patient" && r.inScope(id) {
			return false
		}
	}
	return true
}

func (r *reader) inScope(id string) bool {
	_, in := slices.BinarySearch(r.ids, id)
	return in
}

// passed reports whether the record has one of the ids, and refers to one of the records,
// by which the query found it: servers match ids by their beginning, or lead on by what
// was asked on an earlier page (T7).
func (r *reader) passed(rec *fhirjson.Record) bool {
	for i := range r.query.criteria {
		k := &r.query.criteria[i]
		switch {
		case k.names:
		case k.param.Name == "_id":
			if !slices.Contains(k.values, string(rec.ID)) {
				return false
			}
		case !k.passed && !k.held:
		case !slices.ContainsFunc(rec.References, func(ref fhirjson.Reference) bool {
			return slices.Contains(k.param.Nodes, ref.Node) && slices.Contains(k.values, r.cat.TypeName(ref.Type)+"/"+string(ref.ID))
		}):
			return false
		}
	}
	return true
}

// foundBefore reports whether an earlier search of the answer found the record for the
// same owner: by an element that its view keeps.
func (r *reader) foundBefore(rec *fhirjson.Record, j *gate.Judgement) bool {
	return slices.ContainsFunc(r.query.before, func(p *catalog.Param) bool {
		return (p.NamesPatient || j.Verdict.View.Keep.Covers(rec.Reads(p))) && slices.ContainsFunc(rec.References, func(ref fhirjson.Reference) bool {
			return slices.Contains(p.Nodes, ref.Node) && string(ref.ID) == r.query.owner && r.cat.TypeName(ref.Type) == "Patient"
		})
	})
}

// advance moves past a page that is used up.
func (r *reader) advance(p *page) {
	switch {
	case !p.last: // the next piece follows
	case p.next != "":
		r.at.Link, r.at.Offset = p.next, 0
	case r.open:
		r.done = true
	default:
		r.startChunk(r.at.Last)
	}
	p.over = true
	r.drop(p)
}

// drop lets go of what nobody needs any more of a page that is used up: of its text when
// nothing of it is to be projected again, of its judgements when all that it gave has left.
func (r *reader) drop(p *page) {
	if !p.over {
		return
	}
	if p.unread == 0 {
		r.releaseText(p)
	}
	if p.wanted == 0 {
		r.pages = slices.DeleteFunc(r.pages, func(o *page) bool { return o == p })
		r.release(p)
	}
}

func (r *reader) release(p *page) {
	r.releaseText(p)
	if p.slab != nil {
		*p.slab = p.judged
		r.door.keepJudgements(p.slab)
	}
	p.judged, p.slab = nil, nil
}

func (r *reader) releaseText(p *page) {
	if p.scanner == nil {
		return
	}
	r.scans.Put(p.scanner)
	clear(p.records)
	p.scanner, p.records, p.room = nil, nil, p.records[:0]
	p.body.Release()
	if p.text != nil {
		r.tab.held -= int64(len(*p.text))
		r.door.keep(p.text)
		p.text = nil
	}
}

// settled says that a candidate is not projected again.
func (c *candidate) settled() {
	c.page.unread--
	c.page.reader.drop(c.page)
}

// gone says that nothing of a candidate is needed any more.
func (c *candidate) gone() {
	c.page.wanted--
	if c.page.reader.drop(c.page); !c.asks {
		return
	}
	c.settled()
}

// close lets go of everything. Nothing given out may be used after.
func (r *reader) close() {
	for _, p := range r.pages {
		r.release(p)
		r.door.keepPage(p)
	}
	r.pages = nil
	r.long.close()
}

// fetch reads and judges the upstream page at r.at.
func (r *reader) fetch(ctx context.Context) error {
	if r.long != nil {
		return r.piece(ctx)
	}
	for {
		again, err := r.fetchOnce(ctx)
		if err != nil || !again {
			return err
		}
		// A full first page that names no next one: all there is, or a server
		// that does not page (Medplum's router). Ask for more at once; what is
		// beyond must not be lost without a word.
		if err := r.widen(); err != nil {
			return err
		}
	}
}

func (r *reader) widen() error {
	if r.at.Size *= 10; r.at.Size > 20_000 {
		return errBudget
	}
	return nil
}

func (r *reader) fetchOnce(ctx context.Context) (again bool, err error) {
	if r.tab.pages++; r.tab.pages > r.door.cfg.Budget.Pages || r.tab.bytes > r.door.cfg.Budget.Bytes {
		return false, errBudget
	}
	body, err := r.load(ctx)
	if err != nil {
		return false, err
	}
	if body.More != nil {
		r.long = newLong(body)
		return false, r.piece(ctx)
	}
	r.tab.bytes += int64(len(body.Bytes))
	p := r.newPage()
	p.body, p.pos, p.last = body, r.at.Offset, true
	if err = r.scan(p, body.Bytes); err == nil {
		again = p.next == "" && r.at.Link == "" && len(p.records) >= r.at.Size
	}
	if err == nil && !again {
		err = r.judge(ctx, p)
	}
	if err != nil || again {
		r.release(p)
		return again, err
	}
	r.pages = append(r.pages, p)
	return false, nil
}

// newPage is an empty page at the place where the reading stands.
func (r *reader) newPage() *page {
	p, _ := r.door.pages.Get().(*page)
	if p == nil {
		p = new(page)
	}
	p.reader, p.scanner, p.at = r, r.scans.Get(), r.at
	return p
}

// keepPage takes back a page that was released and to which nothing points any more.
func (d *Door) keepPage(p *page) {
	clear(p.given)
	*p = page{given: p.given[:0], room: p.room}
	if cap(p.given) <= 1024 && cap(p.room) <= 1024 {
		d.pages.Put(p)
	}
}

// judge judges the records of a page.
func (r *reader) judge(ctx context.Context, p *page) (err error) {
	p.slab = r.door.judgements(len(p.records))
	p.judged, err = r.session.Judge(ctx, p.records, *p.slab)
	p.given = slices.Grow(p.given, len(p.records))
	return err
}

func (r *reader) load(ctx context.Context) (*upstream.Body, error) {
	if r.at.Link != "" {
		return r.door.cfg.Upstream.PageLong(ctx, r.at.Link)
	}
	params := slices.Clone(r.base)
	if !r.open && r.by != "" {
		ids := r.chunk(r.at.After, r.at.Last)
		if len(ids) == 0 {
			return nil, upstream.ErrPageGone // the scope of the page before is no more
		}
		params = append(params, upstream.Param{Name: r.by, Value: values(r.by, ids)})
	}
	params = append(params, upstream.Param{Name: "_count", Value: strconv.Itoa(r.at.Size)})
	return r.door.cfg.Upstream.SearchLong(ctx, r.query.name, params, r.query.post)
}

func values(by string, ids []string) string {
	if by == "_id" {
		return strings.Join(ids, ",")
	}
	return "Patient/" + strings.Join(ids, ",Patient/")
}

// scan takes the page apart. An entry of another type is an error of the
// upstream, except an outcome, which is left out (F9, FC25).
func (r *reader) scan(p *page, text []byte) error {
	p.records = slices.Grow(p.room, min(r.at.Size, 64))
	link, err := p.scanner.Bundle(text, func(e fhirjson.Entry) error {
		rec := e.Record
		if e.Mode != fhirjson.Match || r.cat.TypeName(rec.Type) == "OperationOutcome" {
			return nil // nobody asked for includes
		}
		if rec.Type != r.query.typ && !defect.On(defect.OtherTypeAccepted) || len(rec.ID) == 0 {
			return upstream.ErrUpstream
		}
		p.records = append(p.records, rec)
		r.given++
		return nil
	})
	if err != nil {
		return errors.Join(upstream.ErrUpstream, err)
	}
	if len(link) > 0 {
		p.next, err = r.door.cfg.Upstream.Ref(string(link))
	}
	return err
}

// problemOf is what the client learns when the reading fails.
func (x *exchange) problemOf(err error) error {
	switch {
	case errors.Is(err, upstream.ErrPageGone):
		return problem.SearchAgain
	case errors.Is(err, gate.ErrEnded):
		return errors.Join(problem.Unavailable, err) // asked again, it is refused for what it is
	case errors.Is(err, upstream.ErrBusy):
		x.door.note(Shed)
		return errors.Join(problem.Unavailable, err)
	case errors.Is(err, errBudget), errors.Is(err, context.DeadlineExceeded):
		x.door.note(BudgetSpent)
		return problem.Unavailable
	case errors.Is(err, upstream.ErrUpstream):
		return errors.Join(problem.Upstream, err) // the cause is for the log
	}
	return err
}
