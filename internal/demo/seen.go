package demo

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"modicum/internal/gate"
)

// seen is what one person got of one record, asked for through the gate.
type seen struct {
	status   int
	decision string
	body     []byte
	fate     fate // notThere, refused, or kept when the record is there
	why      string
	parts    []part // aligned with those that compare makes of any other answer
	classes  []reason
}

// reason names the class of a part and why it was withheld; zero where it shows.
type reason struct{ class, why string }

// shown counts values: those that arrived in any form, and all.
func (s *seen) shown() (n, of int) {
	for _, p := range s.parts {
		if p.fate != notShown && p.fate != masked {
			n++
		}
	}
	return n, len(s.parts)
}

// look asks for every record as a person and says what became of each. It goes
// type by type, as an application does: a reference shows only once its target
// was shown.
func (d *demo) look(ctx context.Context, p *staff, records []record) ([]seen, error) {
	if err := d.lookUp(ctx, p, &records[0]); err != nil {
		return nil, err
	}
	out, errs := make([]seen, len(records)), make([]error, len(records))
	for from, to := 0, 0; from < len(records); from = to {
		var asking sync.WaitGroup
		for to = from; to < len(records) && records[to].typ == records[from].typ; to++ {
			i := to
			asking.Go(func() { out[i], errs[i] = d.see(ctx, p, &records[i]) })
		}
		asking.Wait()
	}
	return out, errors.Join(errs...)
}

// see asks for one record, and derives from the record of the decision why what
// is missing is missing.
func (d *demo) see(ctx context.Context, p *staff, r *record) (seen, error) {
	a, err := d.ask(ctx, p, r.typ+"/"+r.id)
	if err != nil {
		return seen{}, err
	}
	out := seen{status: a.status, decision: a.decision, body: a.body, fate: kept}
	var tree *node
	switch a.status {
	case http.StatusOK:
		if tree, err = parse(a.body); err != nil {
			return out, err
		}
	case http.StatusNotFound:
		out.fate = notThere
	default:
		out.fate = refused
	}
	out.parts = compare(r.tree, tree)
	out.classes = make([]reason, len(out.parts))
	replayed, err := d.replay(ctx, a.decision)
	if err != nil {
		return out, err
	}
	return out, d.explain(&out, replayed, r)
}

// replay derives a decision again from its record.
func (d *demo) replay(ctx context.Context, decision string) (*gate.Replayed, error) {
	entries, err := d.entries(ctx, decision)
	if err != nil {
		return nil, err
	}
	return gate.Replay(d.server.Generation().Set, entries)
}

// explain says why a record is not there, or why its values do not show.
func (d *demo) explain(s *seen, r *gate.Replayed, of *record) error {
	if s.fate == refused {
		s.why = refusedWords(r.Decision)
		return nil
	}
	scanner := d.scans.Get()
	defer d.scans.Put(scanner)
	rec, err := scanner.Resource(of.src)
	if err != nil {
		return err
	}
	e := explainer{d.server.Generation().Set, r, nil}
	if len(r.Verdicts) > 0 {
		e.verdict = &r.Verdicts[0]
	}
	if s.fate == notThere {
		s.why = e.absent(rec.Class)
		return nil
	}
	return e.gaps(s, scanner, rec)
}
