package fhir

import (
	"context"
	"errors"
	"time"

	"modicum/internal/fhirjson"
	"modicum/internal/gate"
	"modicum/internal/problem"
	"modicum/internal/upstream"
	"modicum/policy"
)

// past reads the versions of one record page by page and keeps those that show.
type past struct {
	x     *exchange
	place place
	query *historyQuery
	now   *fetched
	limit string
	at    position
	done  bool
	seen  map[string]bool
	spent spent

	leaf  *leaf // at hand
	out   []byte
	shown []*gate.Judgement
	next  *position // of the first that did not fit; nil at the end
}

// leaf is one page of the server's history.
type leaf struct {
	body     *upstream.Body
	scanner  *fhirjson.Scanner
	versions []*fhirjson.Record
	judged   []gate.Judgement
	next     string
	at       position
	pos      int // of the next version
}

// gather reads on until so many versions show and one more, or the end.
func (h *past) gather(ctx context.Context, size int) error {
	for {
		i, err := h.step(ctx)
		if err != nil || h.done {
			return err
		}
		v, j := h.leaf.versions[i], &h.leaf.judged[i]
		view, shows := h.x.strictest(v, j, h.now, h.limit)
		if !shows || !h.asked(v) {
			h.x.session.Withhold(j)
			continue
		}
		before := len(h.out)
		if err := h.entry(v, j, view); err != nil {
			return err
		}
		switch {
		case len(h.out) == before: // nothing but structure
			h.x.session.Withhold(j)
		case len(h.shown) == size:
			h.out = h.out[:before]
			at := h.leaf.at
			at.Offset = i
			h.next = &at
			h.x.session.Withhold(j)
			return nil
		default:
			shown := *j
			h.shown = append(h.shown, &shown)
		}
	}
}

// asked reports whether a version is one that was asked for, and was not given yet:
// a version made between two pages moves the others on.
func (h *past) asked(r *fhirjson.Record) bool {
	id := string(r.VersionID)
	if id == "" || h.seen[id] {
		return false
	}
	h.seen[id] = true
	if h.query.since.IsZero() {
		return true
	}
	at, err := time.Parse(time.RFC3339Nano, string(r.LastUpdated))
	return err == nil && !at.Before(h.query.since)
}

// step moves to the next version and returns its place in the leaf, or is done.
func (h *past) step(ctx context.Context) (int, error) {
	for h.leaf == nil || h.leaf.pos == len(h.leaf.versions) {
		if l := h.leaf; l != nil {
			if l.next == "" {
				h.done = true
				return 0, nil
			}
			h.at = position{Link: l.next, Size: l.at.Size}
			h.close()
		}
		if err := h.turn(ctx); err != nil {
			return 0, err
		}
	}
	h.leaf.pos++
	return h.leaf.pos - 1, nil
}

// versionsAtOnce is how many versions the server is asked for at a time.
const versionsAtOnce = 50

// turn reads and judges the page at h.at. A server that gives a full first page
// without a link to more is asked for more at once, so that nothing is lost.
func (h *past) turn(ctx context.Context) error {
	h.at.Size = orElse(h.at.Size, versionsAtOnce)
	for {
		l, err := h.load(ctx)
		if err != nil {
			return err
		}
		h.leaf = l
		if l.next != "" || l.at.Link != "" || len(l.versions) < l.at.Size {
			return h.judge(ctx)
		}
		h.close()
		if h.at.Size *= 10; h.at.Size > 10_000 {
			return upstream.ErrUpstream
		}
	}
}

func (h *past) load(ctx context.Context) (*leaf, error) {
	budget := &h.x.door.cfg.Budget
	if h.spent.pages++; h.spent.pages > budget.Pages || h.spent.bytes > budget.Bytes {
		return nil, errBudget
	}
	up := h.x.door.cfg.Upstream
	var body *upstream.Body
	var err error
	if h.at.Link != "" {
		body, err = up.Page(ctx, h.at.Link)
	} else {
		body, err = up.History(ctx, h.place.typ, h.place.id, h.at.Size)
	}
	if errors.Is(err, upstream.ErrNotFound) {
		return nil, problem.NotFound
	}
	if err != nil {
		return nil, err
	}
	h.spent.bytes += int64(len(body.Bytes))
	l := &leaf{body: body, scanner: h.x.door.scanners(h.x.set).Get(), at: h.at, pos: h.at.Offset}
	if err := h.scan(l); err != nil {
		h.leaf = l
		return nil, err
	}
	return l, nil
}

// scan takes a page apart. A version of another record is an error of the server (F9).
func (h *past) scan(l *leaf) error {
	link, err := l.scanner.History(l.body.Bytes, func(v *fhirjson.Record) error {
		if v.Type != h.now.record.Type || string(v.ID) != h.place.id {
			return upstream.ErrUpstream
		}
		l.versions = append(l.versions, v)
		return nil
	})
	if err != nil {
		return errors.Join(upstream.ErrUpstream, err)
	}
	l.pos = min(l.pos, len(l.versions))
	if len(link) > 0 {
		l.next, err = h.x.door.cfg.Upstream.Ref(string(link))
	}
	return err
}

// judge has the versions judged, and looks up what those that show refer to, where the
// task asks for it.
func (h *past) judge(ctx context.Context) error {
	l, s := h.leaf, h.x.session
	recs := l.versions
	var err error
	if l.judged, err = s.Judge(ctx, recs, nil); err != nil || !s.Resolves() {
		return err
	}
	var show []*fhirjson.Record
	var js []gate.Judgement
	for i := range recs {
		if _, shows := h.x.strictest(recs[i], &l.judged[i], h.now, h.limit); shows {
			show, js = append(show, recs[i]), append(js, l.judged[i])
		}
	}
	return s.Resolve(ctx, show, js)
}

// close lets go of the page at hand.
func (h *past) close() {
	if h.leaf != nil {
		h.x.door.scanners(h.x.set).Put(h.leaf.scanner)
		h.leaf.body.Release()
		h.leaf = nil
	}
}

// entry appends a version as the caller sees it; nothing when nothing shows. The
// server's own words about it, its tag and address among them, are not repeated; that
// one was the first would tell that there was none before it, hidden or not.
func (h *past) entry(v *fhirjson.Record, j *gate.Judgement, view policy.View) error {
	from := len(h.out)
	name := h.place.typ + "/" + h.place.id
	dst := h.out
	if from > 0 {
		dst = append(dst, ',')
	}
	dst = append(append(append(append(append(dst, `{"fullUrl":"`...), h.x.base...), '/'), name...), `","resource":`...)
	sh := h.x.session.ShapeOf(j, view, nil)
	sh.Elements = h.query.elements
	dst, result, err := h.leaf.scanner.Project(dst, v, sh)
	if err != nil || !result.There {
		return err
	}
	dst = append(append(append(dst, `,"request":{"method":"PUT","url":"`...), name...), `"},"response":{"status":"200"`...)
	if at, err := time.Parse(time.RFC3339Nano, string(v.LastUpdated)); err == nil {
		dst = append(append(append(dst, `,"lastModified":"`...), at.Format(time.RFC3339Nano)...), '"')
	}
	h.out = append(dst, `}}`...)
	return nil
}
