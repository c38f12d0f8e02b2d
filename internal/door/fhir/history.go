package fhir

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/internal/gate"
	"modicum/internal/problem"
)

// history answers [base]/Type/id/_history: the versions that show, as the server lists
// them. That a version was a deletion is not told: it has no content by which anybody
// could judge whether it may be.
func (x *exchange) history(at place) error {
	pairs, err := x.pairs()
	if err != nil {
		return err
	}
	t, ok := x.catalog().Type(at.typ)
	if !ok {
		return problem.NotFound
	}
	q, st, err := x.historyQuery(at, t, pairs)
	if err != nil {
		return err
	}
	limit, err := x.scopes(at.typ, caller.ScopeRead)
	if err != nil {
		return err
	}
	x.pretty = q.pretty
	ask := gate.Ask{Caller: x.caller, Task: x.task, Purpose: x.purpose, Type: t, ID: at.id, Count: q.count, Page: st.Page, Params: q.names()}
	if at.typ == "Patient" {
		ask.Patients = []string{at.id}
	}
	if err := x.open(&ask); err != nil {
		return err
	}
	if st.Generation != "" && st.Generation != x.session.Generation() {
		return problem.SearchAgain
	}
	return x.answerHistory(at, q, st, limit)
}

func (x *exchange) answerHistory(at place, q *historyQuery, st *state, limit string) error {
	ctx, cancel := context.WithTimeout(x.r.Context(), x.door.cfg.Budget.Time)
	defer cancel()
	now, err := x.present(ctx, at, limit)
	if err != nil {
		return err
	}
	defer now.release()
	x.session.Beside(&now.judged)
	h := &past{x: x, place: at, query: q, now: now, limit: limit, at: st.At, seen: map[string]bool{}}
	defer h.close()
	if err := h.gather(ctx, min(orElse(q.count, x.door.cfg.PageSize), x.door.cfg.MaxPage)); err != nil {
		return x.problemOf(err)
	}
	return x.writeHistory(at, q, st, h)
}

// historyQuery is what was asked of a history.
type historyQuery struct {
	since    time.Time // versions from then on; zero for all
	count    int       // 0: not asked
	pretty   bool
	elements []catalog.NodeID
	cursor   string
	asked    []pair // sorted, for the cursor and the self link
}

// names are the parameters for the record: never values.
func (q *historyQuery) names() []string {
	var out []string
	for _, p := range q.asked {
		out = append(out, p.name)
	}
	return out
}

// historyQuery reads the parameters, or takes them out of a cursor.
func (x *exchange) historyQuery(at place, t catalog.Type, pairs []pair) (*historyQuery, *state, error) {
	q, err := readHistory(x.catalog(), t, pairs)
	if err != nil || q.cursor == "" {
		return q, &state{}, err
	}
	now, _ := x.door.cfg.Now()
	st, err := x.door.sealer.open(q.cursor, x.binding(), now)
	if err != nil || st.Type != at.typ || st.ID != at.id {
		return nil, nil, problem.SearchAgain
	}
	asked := make([]pair, len(st.Query))
	for i, p := range st.Query {
		asked[i] = pair{p[0], p[1]}
	}
	again, err := readHistory(x.catalog(), t, asked)
	if err != nil {
		return nil, nil, problem.SearchAgain
	}
	again.cursor, again.pretty = q.cursor, q.pretty
	return again, st, nil
}

// readHistory accepts what shapes a history. _at is not among it: which version was
// the current one at a moment depends on versions that may be hidden.
func readHistory(cat *catalog.Catalog, t catalog.Type, pairs []pair) (*historyQuery, error) {
	q := &historyQuery{}
	var rest []pair
	for _, p := range pairs {
		switch p.name {
		case "_since":
			if !q.since.IsZero() {
				return nil, problem.Parameter
			}
			var err error
			if q.since, err = time.Parse(time.RFC3339Nano, strings.Replace(p.value, " ", "+", 1)); err != nil || q.since.IsZero() {
				return nil, problem.Malformed // a "+" that the client did not escape is a blank by now
			}
			q.asked = append(q.asked, p)
		case "_count", "_elements", "_format", "_pretty", "_cursor":
			rest = append(rest, p)
		default:
			return nil, problem.Parameter
		}
	}
	like, err := parseSearch(cat, t, rest)
	if err != nil {
		return nil, err
	}
	if like.countOnly || like.cursor != "" && len(q.asked) > 0 {
		return nil, problem.Malformed
	}
	q.count, q.pretty, q.elements, q.cursor = like.count, like.pretty, like.elements, like.cursor
	q.asked = append(q.asked, like.asked...)
	slices.SortFunc(q.asked, func(a, b pair) int { return cmp.Compare(a.name, b.name) })
	return q, nil
}

// writeHistory seals the way on, waits for the record, and sends the page.
func (x *exchange) writeHistory(at place, q *historyQuery, st *state, h *past) error {
	self, next, total := x.base+"/"+at.typ+"/"+at.id+"/_history", "", -1
	switch {
	case h.next != nil:
		var err error
		if next, err = x.olderLink(at, q, st, h, self); err != nil {
			return errors.Join(problem.Upstream, err)
		}
	case st.Page == 0:
		total = len(h.shown)
	}
	if err := x.disclose(x.r.Context(), x.session, h.shown); err != nil {
		return err
	}
	b := bundleHead(nil, "history", total, q.link(self), next)
	if len(h.out) > 0 {
		b = append(append(append(b, `,"entry":[`...), h.out...), ']')
	}
	return x.write(http.StatusOK, "", append(b, '}'))
}

// olderLink seals the way to the versions that did not fit.
func (x *exchange) olderLink(at place, q *historyQuery, st *state, h *past, self string) (string, error) {
	n := &state{
		Type: at.typ, ID: at.id, Generation: x.session.Generation(), Expires: x.session.Now().Add(cursorLife).Unix(),
		Page: st.Page + 1, Shown: st.Shown + len(h.shown), At: *h.next,
	}
	for _, p := range q.asked {
		n.Query = append(n.Query, [2]string{p.name, p.value})
	}
	text, err := x.door.sealer.seal(n, x.binding())
	return self + "?_cursor=" + text, err
}

// link is the address of what was asked, as it was understood.
func (q *historyQuery) link(self string) string {
	if q.cursor != "" {
		return self + "?_cursor=" + q.cursor
	}
	for i, p := range q.asked {
		self += string("?&"[min(i, 1)]) + p.name + "=" + queryEscape(p.value)
	}
	return self
}
