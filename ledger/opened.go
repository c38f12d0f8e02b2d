package ledger

// Opened is written before each flush that discloses more than the entries of
// the same decision name already. Where no outcome follows, everything opened
// counts as disclosed.
type Opened struct {
	At       int64     `json:"at"` // microseconds since 1970, UTC
	ID       string    `json:"id"` // of the decision
	Kind     Kind      `json:"kind"`
	Patients []string  `json:"patients,omitempty"` // keyed references, at most MaxPatients
	Schema   int       `json:"schema"`
	Seq      int64     `json:"seq"` // from 1, without gap
	Verdicts []Verdict `json:"verdicts,omitempty"`
	Views    []View    `json:"views,omitempty"` // each once
}

// Header implements Entry.
func (o *Opened) Header() Header {
	return Header{Kind: KindOpened, ID: o.ID, Seq: o.Seq, At: o.At, Patients: o.Patients}
}

func (o *Opened) check() error {
	var c checker
	c.base(o.Schema, o.Kind, KindOpened, o.ID, o.At)
	c.ints("seq", o.Seq)
	if o.Seq < 1 {
		c.failf("seq of opened counts from 1")
	}
	c.patients(o.Patients)
	for _, v := range o.Views {
		c.view("views", v)
	}
	c.verdicts(o.Verdicts, len(o.Patients), len(o.Views))
	return c.err()
}

// End says how an answer ended.
type End string

// Ends.
const (
	Completed End = "completed"
	Aborted   End = "aborted"
)

// Written says what became of a write.
type Written string

// What became of a write.
const (
	WriteDone    Written = "done"
	WriteRefused Written = "refused" // the upstream did not take it: nothing was changed
	WriteUnknown Written = "unknown" // it was sent, and nobody knows whether it was done
)

// Outcome says how a decision ended, with the verdicts that no opened holds,
// withheld records included. One that would not fit is written in parts, which
// count from 0; all but the last say more.
type Outcome struct {
	At       int64     `json:"at"`    // microseconds since 1970, UTC
	Bytes    int64     `json:"bytes"` // sent to the client, whole answer
	Counts   Counts    `json:"counts"`
	End      End       `json:"end"`
	ID       string    `json:"id"` // of the decision
	Kind     Kind      `json:"kind"`
	More     bool      `json:"more,omitzero"`
	Patients []string  `json:"patients,omitempty"` // keyed references, at most MaxPatients
	Schema   int       `json:"schema"`
	Seq      int64     `json:"seq"` // part, from 0, without gap
	Status   int64     `json:"status,omitzero"`
	Verdicts []Verdict `json:"verdicts,omitempty"`
	Views    []View    `json:"views,omitempty"`
	Written  Written   `json:"written,omitempty"` // of a write that was sent to the upstream
}

// Counts are numbers of records.
type Counts struct {
	Shown    int64 `json:"shown"`
	Withheld int64 `json:"withheld"`
}

// Header implements Entry.
func (o *Outcome) Header() Header {
	return Header{Kind: KindOutcome, ID: o.ID, Seq: o.Seq, More: o.More, At: o.At, Patients: o.Patients}
}

func (o *Outcome) check() error {
	var c checker
	c.base(o.Schema, o.Kind, KindOutcome, o.ID, o.At)
	if o.End != Completed && o.End != Aborted {
		c.failf("end must be %q or %q", Completed, Aborted)
	}
	switch o.Written {
	case "", WriteDone, WriteRefused, WriteUnknown:
	default:
		c.failf("written must be %q, %q or %q", WriteDone, WriteRefused, WriteUnknown)
	}
	c.ints("bytes, counts, seq, status", o.Bytes, o.Counts.Shown, o.Counts.Withheld, o.Seq, o.Status)
	c.patients(o.Patients)
	for _, v := range o.Views {
		c.view("views", v)
	}
	c.verdicts(o.Verdicts, len(o.Patients), len(o.Views))
	return c.err()
}
