package sandbox

import (
	"encoding/json"
	"os"
	"path/filepath"
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

// feeds says what each source states about the patient of the story and the
// others. Every source is read whole, so that no restriction bites for want of a
// feed.
func feeds(now time.Time, patient, visit, claim string) []fact {
	at := func(f, who, source string) fact {
		return fact{Fact: f, Who: who, Patient: "Patient/" + patient, Source: source, RecordedBy: source + "-feed"}
	}
	alone := func(f, who, source string) fact {
		return fact{Fact: f, Who: who, Source: source, RecordedBy: source + "-feed"}
	}
	item := func(who, kind, object, id string) fact {
		f := at("work-item", who, "queue")
		f.Object, f.ID, f.Values = object, id, map[string]string{"kind": kind}
		return f
	}
	episode := at("episode", "*", "adt")
	episode.Object = visit
	study := at("approved-protocol", "rosa", "office")
	study.Classes = []string{"clinical.lab", "clinical.problem", "demographics.birth-date", "demographics.gender"}
	study.Dates = map[string]string{"from": now.AddDate(-1, 0, 0).UTC().Format(time.RFC3339), "until": now.AddDate(1, 0, 0).UTC().Format(time.RFC3339)}
	out := []fact{
		at("assigned-patient", "alice", "adt"), at("assigned-patient", "nina", "adt"), episode,
		item("bob", "claim", claim, "WQ-1044"), item("carla", "coding", visit, "WQ-1045"), item("omar", "dispense", "MedicationRequest/m1", "WQ-1046"),
		study, alone("managed-device", "*", "device"), alone("ticket", "ivan", "helpdesk"),
	}
	for _, p := range Staff {
		out = append(out, alone("during-shift", p.ID, "roster"))
	}
	return out
}

// family are the facts that restrict: own chart, relatives.
func family() []fact {
	return []fact{
		{Fact: "is-patient", Who: "nina", Patient: "Patient/p3", Source: "people", RecordedBy: "people-feed"},
		{Fact: "relative-of", Who: "alice", Patient: "Patient/p6", Source: "people", RecordedBy: "people-feed"},
	}
}

// Sources are all sources of the sample policy that feeds fill here.
var Sources = []string{"adt", "schedule", "orders", "roster", "queue", "desk", "helpdesk", "device", "office", "people", "contracts"}

// WriteFacts writes one file a source into dir, each whole as of now: what the
// hospital's feeds would say. Files are replaced whole.
func WriteFacts(dir string, now time.Time) error {
	return writeFacts(dir, now, append(feeds(now, "p1", "Encounter/e1", "Claim/k1"), family()...))
}

// WriteFactsFor writes facts about one patient of another server.
func WriteFactsFor(dir string, now time.Time, patient, visit, claim string) error {
	return writeFacts(dir, now, feeds(now, patient, visit, claim))
}

func writeFacts(dir string, now time.Time, facts []fact) error {
	for _, source := range Sources {
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
		path := filepath.Join(dir, source+".ndjson")
		if err := os.WriteFile(path+".new", []byte(b.String()), 0o600); err != nil {
			return err
		}
		if err := os.Rename(path+".new", path); err != nil {
			return err
		}
	}
	return nil
}
