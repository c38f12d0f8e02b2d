package fhir

import (
	"context"
	"strings"

	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/gate"
	"modicum/internal/problem"
)

// Lender lends what a request asks for before it is answered: the headers Modicum-Ask,
// and the purposes ETREAT and BTG, with Modicum-Reason (interfaces 3). What it lends is
// durable when it returns; an error is the problem that the client learns, and a
// function of caller, policy and request alone (N4).
type Lender interface {
	// Take opens a masked class of one record, Type/id, for the caller's own reason.
	Take(ctx context.Context, c *caller.Caller, task, record, class, reason string) error
	// Break breaks the glass for one patient.
	Break(ctx context.Context, c *caller.Caller, task, purpose, patient, reason string) error
}

// lending is what the headers of a request ask to be lent.
type lending struct {
	class, reason string
	purpose       string // that the header says: what the token says of its purpose breaks no glass
}

func (l lending) any() bool { return l.class != "" || l.reason != "" }

// readLending checks what is asked to be lent: a read or a search, with a reason, and
// either a class or an emergency. Anything else would be passed over in silence.
func (x *exchange) readLending(said *caller.Stated) error {
	x.lending = lending{said.Ask, said.Reason, said.Purpose}
	if !x.lending.any() {
		return nil
	}
	asks := x.r.Method == "GET" || x.r.Method == "POST" && strings.HasSuffix(x.r.URL.Path, "/_search")
	switch {
	case x.door.cfg.Lender == nil:
		return problem.NotBuilt
	case !asks, said.Reason == "", said.Ask == "" && !emergency(said.Purpose):
		return problem.Header
	}
	return nil
}

func emergency(purpose string) bool { return purpose == "ETREAT" || purpose == "BTG" }

// lend has lent what the request asks for, once, before the first decision about it.
func (x *exchange) lend(ask *gate.Ask) error {
	l := x.lending
	if !l.any() {
		return nil
	}
	x.lending = lending{}
	if l.class != "" {
		if ask.ID == "" || ask.Version != "" {
			return problem.Header // a masked value is that of one record
		}
		if err := x.door.cfg.Lender.Take(x.r.Context(), x.caller, x.task, x.catalog().TypeName(ask.Type)+"/"+ask.ID, l.class, l.reason); err != nil {
			return err
		}
	}
	if defect.On(defect.TokenBreaksGlass) {
		l.purpose = x.purpose
	}
	if !emergency(l.purpose) {
		return nil
	}
	if len(ask.Patients) != 1 {
		return problem.GlassOfWhom
	}
	return x.door.cfg.Lender.Break(x.r.Context(), x.caller, x.task, l.purpose, ask.Patients[0], l.reason)
}
