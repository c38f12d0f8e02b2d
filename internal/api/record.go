package api

import (
	"errors"
	"strconv"
	"time"

	"modicum/internal/api/wire"
	"modicum/internal/oversight"
	"modicum/internal/problem"
	"modicum/ledger"
)

// recordOperations are those of who reads the record. What is searched for stands in the
// body, so that no patient stands in an address; each reading is an entry itself.
func (a *api) recordOperations() []operation {
	return []operation{
		{method: "POST", path: "/record", name: "searchRecord", about: "record", summary: "Find decisions and acts, newest first. That you searched, and for what, is on record first.",
			duties: oversight.Readers, looks: true, body: as[wire.RecordSearch]("RecordSearch"), answer: as[wire.RecordPage]("RecordPage"), may: []problem.Problem{problem.Refused}, with: typed((*call).searchRecord)},
		{method: "GET", path: "/record/{id}", name: "getRecord", about: "record", summary: "A decision or act whole, and a decision derived again. That you read it is on record first.",
			duties: oversight.Readers, answer: as[wire.RecordEntry]("RecordEntry"), do: (*call).getRecord},
		{method: "GET", path: "/record/{id}/proof", name: "proveRecord", about: "record", summary: "The file that proves an entry to whoever has the verification key.",
			duties: oversight.Readers, answer: as[wire.Proof]("Proof"), do: (*call).proveRecord},
	}
}

func (c *call) reader() oversight.Reader { return oversight.Reader{Who: c.by.ID, At: c.now} }

const (
	recordPage = 50
	recordMost = 500
)

func (c *call) searchRecord(s *wire.RecordSearch) (any, error) {
	a := oversight.Asked{
		Who: s.Who, Patient: s.Patient, Kind: s.Kind, Effect: s.Effect, Role: s.Role, Task: s.Task, Purpose: s.Purpose, Door: s.Door, Grant: s.Grant,
		From: micro(s.From), To: micro(s.Until), Limit: s.Limit,
	}
	if a.Limit == 0 {
		a.Limit = recordPage
	}
	before, err := strconv.ParseInt(s.Before, 10, 64)
	q, wrong := c.Record.Query(a)
	if s.Before != "" && (err != nil || before < 1) {
		wrong = append(wrong, oversight.Wrong{Field: "before", Say: "Send the next of the page before, as it was."})
	}
	if a.Limit > recordMost {
		wrong = append(wrong, oversight.Wrong{Field: "limit", Say: "A page has at most 500 items."})
	}
	if len(wrong) > 0 {
		return nil, notSearched(wrong)
	}
	a.Before, q.Before = before, before
	page, err := c.Record.Search(c.r.Context(), c.reader(), q, c.Record.Told("search", a))
	if err != nil {
		return nil, err
	}
	out := wire.RecordPage{Items: []wire.Deed{}, Until: maybe(page.Until)}
	for i := range page.Found {
		out.Items = append(out.Items, deedOf(&page.Found[i]))
	}
	if page.Next != 0 {
		out.Next = strconv.FormatInt(page.Next, 10)
	}
	return out, nil
}

// micro is a moment of a body in microseconds; 0 for none.
func micro(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return t.UnixMicro()
}

// notSearched says everything that is wrong with a search. Its end is called until here.
func notSearched(wrong []oversight.Wrong) error {
	hint := problem.Hint{}
	for _, w := range wrong {
		if w.Field == "to" {
			w.Field = "until"
		}
		hint.Wrong = append(hint.Wrong, problem.Wrong{Field: w.Field, Code: "wrong", Say: w.Say})
	}
	return problem.Refused.With(hint)
}

func deedOf(x *oversight.Recorded) wire.Deed {
	h := x.Entries[0].Header()
	d := wire.Deed{ID: h.ID, At: at(h.At), Kind: string(h.Kind), Who: h.Who, Patients: len(x.Patients())}
	switch e := x.Entries[0].(type) {
	case *ledger.Decision:
		d.Role, d.Task, d.Purpose, d.Door, d.Interaction, d.Asked = e.Role, e.Task, e.Purpose, e.Door, e.Interaction, e.Asked
		d.Effect, d.Would, d.Reasons, d.Grant = string(e.Effect), string(e.Would), e.Reasons, e.Grant
	case *ledger.Act:
		d.Act, d.About, d.What, d.Reason = e.Act, e.Behalf, e.What, e.Reason
	}
	if end := x.End(); end != nil {
		d.End, d.Shown, d.Withheld = string(end.End), end.Counts.Shown, end.Counts.Withheld
	}
	return d
}

func (c *call) getRecord() (any, error) {
	x, err := c.Record.Entry(c.r.Context(), c.reader(), c.id())
	if err != nil {
		return nil, err
	}
	out := wire.RecordEntry{Deed: deedOf(x), Log: x.Origin, Earlier: x.Earlier, Key: c.Record.Key, Older: x.Older, Newer: x.Newer}
	for i, b := range x.Bodies {
		out.Entries = append(out.Entries, wire.Leaf{Index: x.Index[i], Body: string(b)})
	}
	d, err := c.Record.Derive(c.r.Context(), x)
	if err != nil || d == nil {
		return out, err
	}
	out.Again = derivedOf(d)
	return out, nil
}

func derivedOf(d *oversight.Derived) *wire.Derived {
	out := &wire.Derived{Agrees: d.Agrees, Differences: orNone(d.Differences), Cannot: d.Cannot, Verdicts: []wire.DerivedVerdict{}}
	for i := range d.Verdicts {
		v := &d.Verdicts[i]
		out.Verdicts = append(out.Verdicts, wire.DerivedVerdict{Type: v.Recorded.Type, Count: max(1, v.Recorded.Count), There: v.There, Lines: orNone(v.Lines), Bites: orNone(v.Bites)})
	}
	return out
}

func (c *call) proveRecord() (any, error) {
	proof, err := c.Record.Prove(c.r.Context(), c.reader(), c.id())
	if err != nil {
		return nil, err
	}
	return wire.Proof{Name: c.id() + ".tlog-proof", Proof: string(proof)}, nil
}

// aboutRecord is inWords of who reads the record; nil: it is something else.
func aboutRecord(err error) error {
	switch {
	case errors.Is(err, oversight.ErrNone):
		return problem.NoSuchThing
	case errors.Is(err, oversight.ErrUnrecorded):
		return problem.Unavailable
	}
	return nil
}
