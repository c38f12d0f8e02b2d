package ledger

import (
	"errors"
	"fmt"
	"reflect"
)

// SplitOpened returns o as entries that fit: at most MaxPatients patients and
// MaxEntry bytes each, sequence numbers going on from o.Seq. Patients and views
// are named again in each part that needs them. A single verdict that does not
// fit is ErrTooLarge.
func SplitOpened(o *Opened) ([]*Opened, error) {
	parts, err := split(content{o.Patients, o.Views, o.Verdicts}, func(c content) (int, error) {
		p := *o
		p.Seq, p.Patients, p.Views, p.Verdicts = maxInteger, c.patients, c.views, c.verdicts
		return encodedSize(&p)
	})
	if err != nil {
		return nil, err
	}
	out := make([]*Opened, len(parts))
	for i, c := range parts {
		p := *o
		p.Seq, p.Patients, p.Views, p.Verdicts = o.Seq+int64(i), c.patients, c.views, c.verdicts
		out[i] = &p
	}
	return out, nil
}

// SplitOutcome does the same for an outcome. Bytes, counts and status are the
// whole answer's in every part.
func SplitOutcome(o *Outcome) ([]*Outcome, error) {
	parts, err := split(content{o.Patients, o.Views, o.Verdicts}, func(c content) (int, error) {
		p := *o
		p.Seq, p.More, p.Patients, p.Views, p.Verdicts = maxInteger, true, c.patients, c.views, c.verdicts
		return encodedSize(&p)
	})
	if err != nil {
		return nil, err
	}
	out := make([]*Outcome, len(parts))
	for i, c := range parts {
		p := *o
		p.Seq, p.More, p.Patients, p.Views, p.Verdicts = int64(i), i < len(parts)-1, c.patients, c.views, c.verdicts
		out[i] = &p
	}
	return out, nil
}

// content is what may have to be spread over several entries.
type content struct {
	patients []string
	views    []View
	verdicts []Verdict
}

// encodedSize of the encoded entry; one over MaxEntry when it does not fit.
func encodedSize(e Entry) (int, error) {
	b, err := Encode(e)
	if errors.Is(err, ErrTooLarge) {
		return MaxEntry + 1, nil
	}
	return len(b), err
}

// split halves until every part fits.
func split(c content, size func(content) (int, error)) ([]content, error) {
	var k checker
	if k.verdicts(c.verdicts, len(c.patients), len(c.views)); k.err() != nil {
		return nil, k.err()
	}
	if len(c.patients) <= MaxPatients {
		n, err := size(c)
		if err != nil {
			return nil, err
		}
		if n <= MaxEntry {
			return []content{c}, nil
		}
	}
	halves := c.halves()
	if halves == nil {
		return nil, fmt.Errorf("one verdict alone: %w", ErrTooLarge)
	}
	var out []content
	for _, h := range halves {
		parts, err := split(h, size)
		if err != nil {
			return nil, err
		}
		out = append(out, parts...)
	}
	return out, nil
}

// halves takes c apart: between verdicts, then patients that no verdict names
// from the others, then among those. A verdict is never taken apart, since it
// is derived from all of its patients. Nil when there is nothing to part.
func (c content) halves() []content {
	named := make([]bool, len(c.patients))
	for _, v := range c.verdicts {
		for _, p := range v.Patients {
			named[p] = true
		}
	}
	var rest content
	for i, p := range c.patients {
		if !named[i] {
			rest.patients = append(rest.patients, p)
		}
	}
	if mid := len(c.verdicts) / 2; mid > 0 {
		first := c.pick(c.verdicts[:mid])
		first.patients = append(first.patients, rest.patients...)
		return []content{first, c.pick(c.verdicts[mid:])}
	}
	if len(c.verdicts) == 1 && len(rest.patients) > 0 {
		return []content{c.pick(c.verdicts), rest}
	}
	if mid := len(c.patients) / 2; mid > 0 && len(c.verdicts) == 0 {
		return []content{{patients: c.patients[:mid]}, {patients: c.patients[mid:]}}
	}
	return nil
}

// pick returns the content that verdicts need, indexes rewritten.
func (c content) pick(verdicts []Verdict) content {
	var out content
	patient, view := map[int]int{}, map[int]int{}
	for _, v := range verdicts {
		in := make([]int, len(v.Patients))
		for i, p := range v.Patients {
			if _, ok := patient[p]; !ok {
				patient[p] = len(out.patients)
				out.patients = append(out.patients, c.patients[p])
			}
			in[i] = patient[p]
		}
		v.Patients = in
		if v.View != Withheld {
			if _, ok := view[v.View]; !ok {
				view[v.View] = len(out.views)
				out.views = append(out.views, c.views[v.View])
			}
			v.View = view[v.View]
		}
		out.verdicts = append(out.verdicts, v)
	}
	return out
}

// ViewIndex returns the index of v in views, adding it when it is new, so that
// each view is written once.
func ViewIndex(views *[]View, v View) int {
	for i, have := range *views {
		if reflect.DeepEqual(have, v) {
			return i
		}
	}
	*views = append(*views, v)
	return len(*views) - 1
}
