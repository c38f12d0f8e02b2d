package sandbox

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// fact is one line of a feed, docs/interfaces.md 4.
type fact struct {
	Fact       string   `json:"fact"`
	Who        string   `json:"who"`
	Patient    string   `json:"patient,omitempty"`
	Object     string   `json:"object,omitempty"`
	ID         string   `json:"id,omitempty"`
	Classes    []string `json:"classes,omitempty"`
	Dates      any      `json:"dates,omitempty"`
	Values     any      `json:"values,omitempty"`
	Source     string   `json:"source"`
	RecordedBy string   `json:"recorded_by"`
}

// Subject is a patient about whom facts are made, with the records that the work
// lists name: Type/id, "" where there is none.
type Subject struct {
	Patient, Visit, Claim, Order, Test string
}

// story is the first patient: everybody but dan has something to do with her.
var story = Subject{Patient: "p1", Visit: "Encounter/e1", Claim: "Claim/k1", Order: "MedicationRequest/m1", Test: "Observation/o1"}

func about(name, who, patient, source string) fact {
	return fact{Fact: name, Who: who, Patient: "Patient/" + patient, Source: source, RecordedBy: source + "-feed"}
}

func alone(name, who, source string) fact {
	return fact{Fact: name, Who: who, Source: source, RecordedBy: source + "-feed"}
}

func item(who, kind, patient, object, id string) fact {
	f := about("work-item", who, patient, "queue")
	f.Object, f.ID, f.Values = object, id, map[string]string{"kind": kind}
	return f
}

// feeds says what each source states about the patient of the story.
func feeds(now time.Time, s Subject) []fact {
	out := []fact{
		about("assigned-patient", "alice", s.Patient, "adt"), about("assigned-patient", "nina", s.Patient, "adt"),
		about("verified-caller", "fay", s.Patient, "desk"), about("sample", "quincy", s.Patient, "office"), study(now, s.Patient),
	}
	if s.Visit != "" {
		episode := about("episode", "*", s.Patient, "adt")
		episode.Object = s.Visit
		out = append(out, episode)
	}
	for _, w := range []struct{ who, kind, object, id string }{
		{"bob", "claim", s.Claim, "WQ-1044"}, {"della", "claim", s.Claim, "WQ-1048"}, {"carla", "coding", s.Visit, "WQ-1045"},
		{"omar", "dispense", s.Order, "WQ-1046"}, {"lena", "test", s.Test, "WQ-1047"},
	} {
		if w.object != "" {
			out = append(out, item(w.who, w.kind, s.Patient, w.object, w.id))
		}
	}
	return out
}

// study puts a patient into the cohort of the one study, which lists its classes.
func study(now time.Time, patient string) fact {
	f := about("approved-protocol", "rosa", patient, "office")
	f.Classes = []string{"clinical.lab", "clinical.problem", "demographics.birth-date", "demographics.gender"}
	f.Dates = map[string]string{"from": now.AddDate(-120, 0, 0).UTC().Format(time.RFC3339), "until": now.AddDate(1, 0, 0).UTC().Format(time.RFC3339)}
	return f
}

// staffing are the facts about staff alone.
func staffing() []fact {
	out := []fact{alone("managed-device", "*", "device"), alone("ticket", "ivan", "helpdesk"), alone("part2-staff", "ravi", "people")}
	for _, p := range Everybody() {
		out = append(out, alone("during-shift", p.ID, "roster"))
	}
	return out
}

// others are the facts about the sandbox's other patients, with those that
// restrict: own chart, relatives.
func others(now time.Time) []fact {
	out := []fact{
		about("assigned-patient", "ravi", "p2", "adt"),
		about("is-patient", "nina", "p3", "people"), about("relative-of", "alice", "p6", "people"),
		item("bob", "claim", "p7", "Claim/k7", "WQ-1051"), about("incident", "petra", "p4", "office"),
	}
	for _, p := range Patients()[1:] {
		episode := about("episode", "*", p.ID, "adt")
		episode.Object = "Encounter/e" + strings.TrimPrefix(p.ID, "p")
		out = append(out, episode)
		if attending(number(p.ID)) == "dan" {
			out = append(out, about("assigned-patient", "dan", p.ID, "adt"), study(now, p.ID))
			continue
		}
		out = append(out, about("assigned-patient", "alice", p.ID, "adt"), about("assigned-patient", "nina", p.ID, "adt"))
	}
	for i := range out {
		if out[i].Fact == "incident" {
			out[i].Object = "Encounter/e4"
			out[i].Dates = study(now, "p4").Dates
		}
	}
	return out
}

// number is the n of patient "pn".
func number(patient string) int {
	n := 0
	for _, c := range strings.TrimPrefix(patient, "p") {
		n = 10*n + int(c-'0')
	}
	return n
}

// Sources are all sources of the sample policy that feeds fill here.
var Sources = []string{"adt", "schedule", "orders", "roster", "queue", "desk", "helpdesk", "device", "office", "people", "contracts"}

// WriteFacts writes one file a source into dir, each whole as of now, so that no
// restriction bites for want of a feed: what the hospital's feeds would say.
// Files are replaced whole.
func WriteFacts(dir string, now time.Time) error {
	return writeFacts(dir, now, hospitalFacts(now))
}

func hospitalFacts(now time.Time) []fact {
	return slices.Concat(feeds(now, story), others(now), staffing())
}

// Moment is what the feeds know at one time of a week: who is on shift, and who has been
// admitted by then.
type Moment struct {
	Now      time.Time
	Since    time.Time // when it was said last; a source that is still fresh enough is silent
	OnShift  func(person string) bool
	Admitted func(patient string) bool
}

// WriteFactsAt is WriteFacts at one moment of a week.
func WriteFactsAt(dir string, m Moment) error {
	facts := slices.DeleteFunc(hospitalFacts(m.Now), func(f fact) bool {
		patient, named := strings.CutPrefix(f.Patient, "Patient/")
		return f.Fact == "during-shift" && !m.OnShift(f.Who) || named && !m.Admitted(patient)
	})
	for _, source := range Sources {
		if every := slow[source]; every > 0 && m.Now.Truncate(every).Equal(m.Since.Truncate(every)) {
			continue
		}
		if err := writeSource(filepath.Join(dir, source+".ndjson"), source, m.Now, facts); err != nil {
			return err
		}
	}
	return nil
}

// slow are the sources that need not speak each time: how often they do, which is well
// within what the sample policy takes for fresh.
var slow = map[string]time.Duration{
	"schedule": half, "desk": half, "helpdesk": half, "device": half, "office": 8 * time.Hour, "people": 8 * time.Hour, "contracts": 8 * time.Hour,
}

const half = 30 * time.Minute

// WriteFactsFor writes facts about patients of another server.
func WriteFactsFor(dir string, now time.Time, subjects ...Subject) error {
	var facts []fact
	for _, s := range subjects {
		facts = append(facts, feeds(now, s)...)
	}
	return writeFacts(dir, now, append(facts, staffing()...))
}

func writeFacts(dir string, now time.Time, facts []fact) error {
	for _, source := range Sources {
		if err := writeSource(filepath.Join(dir, source+".ndjson"), source, now, facts); err != nil {
			return err
		}
	}
	return nil
}

func writeSource(path, source string, now time.Time, facts []fact) error {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(map[string]string{"source": source, "whole": now.UTC().Format(time.RFC3339)}); err != nil {
		return err
	}
	for _, f := range facts {
		if f.Source != source {
			continue
		}
		if err := enc.Encode(f); err != nil {
			return err
		}
	}
	if err := os.WriteFile(path+".new", []byte(b.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
