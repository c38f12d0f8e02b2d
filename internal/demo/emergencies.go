package demo

import (
	"context"
	"fmt"
	"time"

	"modicum/internal/access"
)

// drill is the patient with whom people practise.
const drill = "p20"

// breaks breaks the glass for a patient and looks.
func (w *week) breaks(name, who, task, patient, text string) func(context.Context) error {
	return func(ctx context.Context) error {
		g, err := w.server.Lent().BreakGlass(ctx, as(who), access.GlassWant{Patient: patient, Task: task, Reason: access.Reason{Text: text}, How: []string{"demo"}})
		if err != nil {
			return fmt.Errorf("%s breaks the glass: %w", who, err)
		}
		w.grants[name] = g.ID
		return w.doorAll(ctx, []request{
			{who, task, "Patient/" + patient, "ETREAT"}, {who, task, "AllergyIntolerance?patient=" + patient, "ETREAT"}, {who, task, "MedicationRequest?patient=" + patient, "ETREAT"},
		})
	}
}

func (w *week) attests(name, who, word string) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := w.server.Lent().Attest(ctx, as(who), w.grants[name], word); err != nil {
			return fmt.Errorf("%s attests %s: %w", who, name, err)
		}
		return nil
	}
}

// emergencies are broken glasses, of which one was reviewed in time, one is overdue, one
// waits for its review and one for the word of who broke it; and a drill.
func (w *week) emergencies() {
	w.on(0, "21:40", w.breaks("glass-1", "dan", "treat", "p5", "short of breath in the hall"))
	w.on(1, "08:10", w.attests("glass-1", "dan", "Found her in the hall of the clinic, gave oxygen, looked for allergies before the first dose."))
	w.on(1, "11:30", w.reviews("glass-1", "petra", access.Justified, "The ward's note of 21:55 fits; three records of one patient were opened."))
	w.on(2, "03:15", w.breaks("glass-2", "ravi", "treat", "p8", "unconscious, no bracelet"))
	w.on(2, "09:05", w.attests("glass-2", "ravi", "Called to the ward at night, naloxone was given, the medication list decided it."))
	w.on(5, "12:30", w.breaks("drill", "tessa", "give-care", drill, "practice of the ward"))
	w.on(5, "12:50", w.attests("drill", "tessa", "Practice with the ward's made-up patient, all steps in time."))
	w.on(6, "04:20", w.breaks("glass-3", "alice", "treat", "p12", "chest pain, her own doctor is away"))
	w.on(6, "07:15", w.attests("glass-3", "alice", "Chest pain at night in the clinic's waiting room; the record of her drugs was needed for the infusion."))
	w.ago(9*time.Hour, w.breaks("glass-4", "dan", "treat", "p9", "fell on the stairs"))
}
