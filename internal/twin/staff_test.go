package twin

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/internal/gate"
)

// person is the caller of a session: roles, what the token says, and the tasks
// that the session may name. What is hidden is hidden under every one of them.
type person struct {
	roles  []string
	tasks  []string // "role/task"
	caller caller.Caller
	scopes string // of its token
	facts  []fact
	loans  []gate.Loan
}

// fact is one line of facts about the caller of the session.
type fact struct {
	Fact       string    `json:"fact"`
	Who        string    `json:"who"`
	Patient    string    `json:"patient,omitempty"`
	Object     string    `json:"object,omitempty"`
	ID         string    `json:"id,omitempty"`
	Classes    *[]string `json:"classes,omitempty"`
	Marked     *[]string `json:"marked,omitempty"`
	Dates      *dates    `json:"dates,omitempty"`
	Source     string    `json:"source"`
	RecordedBy string    `json:"recorded_by"`
}

type dates struct {
	From  string `json:"from"`
	Until string `json:"until"`
}

const me = "casey"

// casts are the kinds of caller; each world takes the next.
var casts = [][]string{
	{"clinician/treat", "clinician/consult"}, {"biller/bill"}, {"clinician/treat"}, {"desk/register"}, {"reviewer/survey"},
	{"archivist/keep-archive"}, {"ward-nurse/ward-round"}, {"researcher/run-study"}, {"therapist/counsel"}, {"biller/bill"},
	{"clinician/treat", "archivist/keep-archive"},
}

// hire makes the caller of a world and what is true about them.
func hire(rng *rand.Rand, n uint64, w *world) *person {
	p := &person{tasks: casts[n%uint64(len(casts))]}
	for _, t := range p.tasks {
		role, _, _ := strings.Cut(t, "/")
		if len(p.roles) == 0 || p.roles[len(p.roles)-1] != role {
			p.roles = append(p.roles, role)
		}
	}
	p.caller = caller.Caller{ID: me, Roles: p.roles, Practitioners: []string{"Practitioner/doc1"}, Dept: "ward1", Facility: "org1"}
	p.limit(rng, w)
	p.add("roster", fact{Fact: "during-shift"})
	for _, id := range w.patients {
		p.about(rng, w, "Patient/"+id)
	}
	return p
}

// limit gives some callers a token with SMART scopes. They only take away.
func (p *person) limit(rng *rand.Rand, w *world) {
	if rng.IntN(6) > 0 {
		return
	}
	text := pick(rng, []string{"user/*.rs", "user/Condition.rs user/Observation.rs user/Patient.r", "patient/*.rs", "patient/Condition.rs patient/Patient.rs user/Encounter.s",
		"user/Condition.rs?clinical-status=active user/Observation.rs?category=" + obsCat + "|laboratory user/Patient.rs user/Encounter.r?status=finished",
		"patient/Observation.rs?code=718-7,2160-0 patient/Condition.s?code=" + icd + "|J45.0 user/Condition.r patient/Patient.rs?gender=female user/Encounter.rs"})
	p.scopes = text
	p.caller.Scopes, _ = caller.ParseScopes(text)
	p.caller.Patient = pick(rng, w.patients)
}

func (p *person) add(source string, f fact) {
	f.Who, f.Source, f.RecordedBy = me, source, "feed"
	f.ID = fmt.Sprint("f", len(p.facts))
	p.facts = append(p.facts, f)
}

// about draws what is true about the caller and one patient.
func (p *person) about(rng *rand.Rand, w *world, patient string) {
	if rng.IntN(4) > 0 {
		p.add("adt", fact{Fact: "assigned-patient", Patient: patient})
	}
	if rng.IntN(3) > 0 {
		p.add("queue", fact{Fact: "work-item", Patient: patient, Object: objectOf(rng, w, patient)})
	}
	if rng.IntN(2) == 0 {
		marked := pick(rng, [][]string{{}, {"sensitive.hiv"}, {"sensitive.hiv", "sensitive.std"}})
		p.add("queue", fact{Fact: "consult", Patient: patient, Object: objectOf(rng, w, patient), Marked: &marked})
	}
	if rng.IntN(3) > 0 {
		classes := pick(rng, [][]string{{"clinical.lab", "clinical.vital-sign"}, {"clinical.lab", "clinical.problem", "demographics.birth-date", "identifiers.mrn"}, {"demographics.name", "demographics.gender", "demographics.address.postal-code", "clinical.lab", "clinical.problem"}})
		p.add("office", fact{Fact: "in-cohort", Patient: patient, Classes: &classes, Dates: pick(rng, []*dates{{"2025-01-01T00:00:00Z", "2026-12-31T00:00:00Z"}, {"2026-03-01T00:00:00Z", "2026-09-30T00:00:00Z"}})})
	}
	if rng.IntN(12) == 0 {
		p.add("people", fact{Fact: "is-patient", Patient: patient})
	}
	if rng.IntN(8) == 0 {
		p.add("office", fact{Fact: "agreed-restriction", Patient: patient, Classes: &[]string{pick(rng, []string{"clinical.lab", "clinical.problem", "demographics.birth-date"})}})
	}
	if rng.IntN(4) == 0 {
		p.add("office", fact{Fact: "part2-consent", Patient: patient})
	}
}

// objectOf picks what an item is about: a visit, a claim or the account of the
// patient.
func objectOf(rng *rand.Rand, w *world, patient string) string {
	var all []string
	for _, e := range w.entries {
		switch e.typ {
		case "Encounter", "Claim", "Account":
			if strings.Contains(e.text, `"`+patient+`"`) {
				all = append(all, e.ref())
			}
		}
	}
	return pick(rng, all)
}

// lines spells the facts as their feeds would, each source whole.
func (p *person) lines() map[string]string {
	out := map[string]string{}
	for _, source := range []string{"adt", "roster", "queue", "people", "office"} {
		text := fmt.Sprintf(`{"source":"%s","whole":"2026-11-23T11:59:00Z"}`+"\n", source)
		for _, f := range p.facts {
			if f.Source == source {
				b, err := json.Marshal(f)
				if err != nil {
					panic(err)
				}
				text += string(b) + "\n"
			}
		}
		out[source] = text
	}
	return out
}

// treat is the task of which something is lent in some worlds.
const treat = "clinician/treat"

// borrow draws what is lent to the caller in some of the later worlds: lines of marked
// records, one more field, a broken glass, each for some patients.
func (p *person) borrow(rng *rand.Rand, n uint64, w *world) {
	if n <= uint64(len(casts)) || !slices.Contains(p.tasks, treat) {
		return
	}
	lend := func(kind gate.LoanKind, more gate.Loan) {
		more.Grant, more.Kind, more.Task, more.Until = fmt.Sprint("g", len(p.loans)), kind, treat, noon.Add(time.Hour)
		more.Patients = []string{pick(rng, w.patients)}
		p.loans = append(p.loans, more)
	}
	for range 1 + rng.IntN(3) {
		lend(gate.LentLine, gate.Loan{})
	}
	cat := catalog.R4()
	class, _ := cat.Class(pick(rng, []string{"identifiers.ssn", "demographics.address.street", "clinical.family-history", "contact.email"}))
	lend(gate.LentException, gate.Loan{Classes: catalog.ClassSet{}.With(class)})
	if rng.IntN(2) == 0 {
		lend(gate.LentGlass, gate.Loan{Purpose: "ETREAT"})
	}
}

// Of implements gate.Lent.
func (p *person) Of(who string, now time.Time, trusted bool) []gate.Loan {
	if who != me {
		return nil
	}
	return p.loans
}

func (p *person) holdsGlass() bool {
	return slices.ContainsFunc(p.loans, func(l gate.Loan) bool { return l.Kind == gate.LentGlass })
}
