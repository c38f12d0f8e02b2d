package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"modicum/internal/access"
)

// asks asks for something; the script calls the request by name afterwards.
func (w *week) asks(name, who string, want access.Want) func(context.Context) error {
	return func(ctx context.Context) error {
		made, err := w.server.Lent().Ask(ctx, as(who), want)
		if err != nil {
			return fmt.Errorf("%s asks (%s): %w", who, name, err)
		}
		if made.Request != nil {
			w.asked[name] = made.Request.ID
		}
		if made.Grant != nil {
			w.grants[name] = made.Grant.ID
		}
		return nil
	}
}

// approves says yes to what waits; refuses says no.
func (w *week) approves(name, who, word string) func(context.Context) error {
	return func(ctx context.Context) error {
		lent := w.server.Lent()
		r, err := lent.Get(ctx, w.asked[name])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		g, err := lent.Approve(ctx, as(who), r.ID, lent.Digest(r), word)
		if err != nil {
			return fmt.Errorf("%s approves %s: %w", who, name, err)
		}
		if g != nil {
			w.grants[name] = g.ID
		}
		return nil
	}
}

func (w *week) refuses(name, who, word string) func(context.Context) error {
	return func(ctx context.Context) error {
		lent := w.server.Lent()
		r, err := lent.Get(ctx, w.asked[name])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return lent.Refuse(ctx, as(who), r.ID, lent.Digest(r), word)
	}
}

// inVain tries what must be refused: it is on record as such.
func (w *week) inVain(try func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		err := try(ctx)
		if err == nil {
			return errors.New("what should be refused was not")
		}
		if refused := (*access.Refusal)(nil); !errors.As(err, &refused) {
			return fmt.Errorf("what should be refused failed: %w", err)
		}
		return nil
	}
}

func (w *week) reviews(name, who string, found access.Verdict, word string) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := w.server.Lent().Review(ctx, as(who), w.grants[name], found, word); err != nil {
			return fmt.Errorf("%s reviews %s: %w", who, name, err)
		}
		return nil
	}
}

// reads asks at the door.
func (w *week) reads(all ...request) func(context.Context) error {
	return func(ctx context.Context) error { return w.doorAll(ctx, all) }
}

// cover is a colleague's patient for a shift.
func cover(patient, kind, text string, for_ int64) access.Want {
	return access.Want{Kind: access.Lend, Task: "cover", Patients: []string{patient}, Reason: access.Reason{Kind: kind, Text: text}, For: hours(for_)}
}

// more is one more field.
func more(task, patient, class, ref, text string, for_ int64) access.Want {
	return access.Want{Kind: access.Exception, Task: task, Patients: []string{patient}, Classes: []string{class}, Reason: access.Reason{Ref: ref, Text: text}, For: hours(for_)}
}

// loans are what was asked for during the week, and what became of it.
func (w *week) loans() {
	w.covers()
	w.appeals()
	w.fields()
	w.overrides()
	w.values()
}

func (w *week) covers() {
	w.on(0, "09:10", w.asks("cover-1", "tessa", cover("p8", "covering for a colleague", "Nina is with a transfer until noon", 6)))
	w.on(0, "09:13", w.approves("cover-1", "ines", ""))
	w.on(0, "09:20", w.reads(request{"tessa", "cover", "Patient/p8", ""}, request{"tessa", "cover", "Observation?patient=p8", ""}, request{"tessa", "cover", "MedicationRequest?patient=p8", ""}))
	w.on(1, "10:05", w.reviews("cover-1", "petra", access.Justified, "Three records of one patient while Nina was away, as asked."))
	w.on(3, "20:10", w.asks("cover-2", joiner, cover("p5", "handover between units", "first night, the patient came up from the clinic", 8)))
	w.on(3, "20:16", w.approves("cover-2", "joan", "I am with her tonight."))
	w.on(3, "20:30", w.reads(request{joiner, "cover", "Patient/p5", ""}, request{joiner, "cover", "AllergyIntolerance?patient=p5", ""}))
	w.on(5, "11:20", w.reviews("cover-2", "petra", access.Justified, "Her first night; two records of the patient in her bay."))
	w.on(4, "11:40", w.asks("cover-3", "tessa", cover("p7", "covering for a colleague", "lunch break of the other side", 12)))
	w.on(4, "11:52", w.refuses("cover-3", "ines", "Nina is back on the unit; ask her."))
	w.ago(3*time.Hour, w.asks("cover-4", "tessa", cover("p4", "covering for a colleague", "the room beside mine, Nina is in a meeting", 9)))
	w.ago(3*time.Hour-4*time.Minute, w.approves("cover-4", "ines", ""))
	w.ago(2*time.Hour+30*time.Minute, w.reads(request{"tessa", "cover", "Patient/p4", ""}, request{"tessa", "cover", "Observation?patient=p4", ""}))
}

// appeals are the same loan three times in a row: the role lacks something.
func (w *week) appeals() {
	for i, a := range []struct {
		day        int
		clock, yes string
		kind, text string
	}{
		{0, "10:30", "10:52", "plan asks for the whole chart", "first letter of the plan, answer within ten days"},
		{2, "11:45", "12:20", "plan asks for the whole chart", "second level, the reviewer wants the course of the whole stay"},
		{4, "09:20", "09:41", "several admissions denied together", "the plan joined both stays into one case"},
	} {
		name := fmt.Sprintf("appeal-%d", i+1)
		w.on(a.day, a.clock, w.asks(name, "della", access.Want{Kind: access.Lend, Task: "appeal", Patients: []string{"p1"}, Reason: access.Reason{Kind: a.kind, Text: a.text}, For: hours(20)}))
		w.on(a.day, a.yes, w.approves(name, "petra", ""))
		w.on(a.day, "14:05", w.reads(request{"della", "appeal", "Condition?patient=p1", ""}, request{"della", "appeal", "DocumentReference?patient=p1", ""}))
	}
	w.on(2, "09:30", w.reviews("appeal-1", "helen", access.Justified, "The letter of the plan is in the file; nothing else was opened."))
	w.on(5, "09:50", w.reviews("appeal-2", "helen", access.Justified, "Same case; I asked Henry whether the role lacks this."))
}

func (w *week) fields() {
	w.on(0, "14:00", w.asks("field-1", "bob", more("work-denial", "p7", "clinical.order", "WQ-1051", "the plan wants the order date", 4)))
	w.on(0, "14:25", w.approves("field-1", "petra", ""))
	w.on(0, "14:40", w.reads(request{"bob", "work-denial", "Patient/p7", ""}, request{"bob", "work-denial", "MedicationRequest/m7", ""}))
	w.on(3, "09:15", w.reviews("field-1", "helen", access.Justified, "One order of the claim at hand."))
	w.on(1, "13:10", w.asks("field-2", "omar", more("dispense", "p1", "clinical.procedure", "WQ-1046", "", 2)))
	w.on(1, "13:16", func(ctx context.Context) error { return w.server.Lent().Withdraw(ctx, as("omar"), w.asked["field-2"]) })
	w.on(3, "10:00", w.asks("field-3", "rosa", more("run-study", "p11", "clinical.imaging", "", "the protocol of spring lists imaging, this one does not", 8)))
	w.on(4, "13:30", w.asks("field-4", "lena", more("run-test", "p1", "clinical.problem", "WQ-1047", "result far out of range, is it expected", 3)))
	w.on(4, "13:38", w.approves("field-4", "petra", "Only until the sample is run again."))
	w.on(4, "13:45", w.reads(request{"lena", "run-test", "Condition/c1", ""}))
	w.on(4, "14:15", func(ctx context.Context) error { return w.server.Lent().GiveBack(ctx, as("lena"), w.grants["field-4"]) })
	w.on(5, "10:05", w.reviews("field-4", "helen", access.Unclear, "One problem was opened; I asked the laboratory why the order did not say it."))
	w.on(5, "15:00", w.asks("field-5", "fay", more("register", "p1", "financial.account", "", "the caller asks which invoice is open", 8)))
	w.on(5, "15:20", w.approves("field-5", "petra", ""))
	w.on(5, "16:45", func(ctx context.Context) error {
		return w.server.Lent().Revoke(ctx, as("petra"), w.grants["field-5"], "The invoice is billing's to explain; the caller was put through.")
	})
}

// overrides are a manager's, in the improper way and then in the proper one; and IT's.
func (w *week) overrides() {
	case_ := access.Want{Kind: access.Lend, Task: "look-into-case", Patients: []string{"p4"}, Reason: access.Reason{Kind: "complaint", Text: "a visitor says that the wrong name was called"}, For: hours(1)}
	w.on(1, "15:10", w.asks("case-1", "marta", case_))
	w.on(1, "15:12", w.inVain(w.approves("case-1", "marta", "mine")))
	w.on(1, "15:30", w.approves("case-1", "henry", ""))
	w.on(1, "15:40", w.reads(request{"marta", "look-into-case", "Patient/p4", ""}))
	w.on(2, "16:00", w.reviews("case-1", "petra", access.Justified, "One name, one case number; the complaint is on file."))
	w.on(2, "10:40", w.asks("ticket-1", "ivan", access.Want{Kind: access.Lend, Task: "look-into-ticket", Patients: []string{"p5"}, Reason: access.Reason{Text: "the label printer stops at this record"}, For: hours(1)}))
	w.on(2, "11:05", w.refuses("ticket-1", "marta", "Try the test patient first; the ticket names nobody."))
}

// values are masked ones, opened for one's own reason.
func (w *week) values() {
	w.on(1, "09:25", w.asks("value-1", "fay", access.Want{Kind: access.Asked, Task: "register", Patients: []string{"p1"}, Record: "Patient/p1", Classes: []string{"identifiers.ssn"}, Reason: access.Reason{Text: "two patients of one name and birthday"}}))
	w.on(1, "09:26", w.reads(request{"fay", "register", "Patient/p1", ""}))
	w.on(3, "13:20", w.asks("value-2", "quincy", access.Want{Kind: access.Asked, Task: "review-sample", Patients: []string{"p1"}, Record: "Observation/o1", Classes: []string{"clinical.lab"}, Reason: access.Reason{Text: "measure 14 asks for the creatinine of the day"}}))
	w.on(3, "13:21", w.reads(request{"quincy", "review-sample", "Observation/o1", ""}))
	w.on(5, "10:45", w.asks("value-3", "della", access.Want{Kind: access.Asked, Task: "appeal", Patients: []string{"p1"}, Record: "Condition/c1", Classes: []string{"clinical.problem"}, Reason: access.Reason{Text: "letter names the wrong diagnosis"}}))
	w.on(5, "10:46", w.reads(request{"della", "appeal", "Condition/c1", ""}))
}
