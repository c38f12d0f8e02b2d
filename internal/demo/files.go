package demo

import (
	"encoding/json"
	"os"
	"path/filepath"

	"modicum/internal/sandbox"
)

// directions are DIR/demo.json (docs/interfaces.md 6).
type directions struct {
	FHIR     string              `json:"fhir"`
	Console  string              `json:"console"`
	Upstream string              `json:"upstream"`
	Ledger   directionsLedger    `json:"ledger"`
	People   []directionsPerson  `json:"people"`
	Patients []directionsPatient `json:"patients"`
}

type directionsLedger struct {
	Folder string `json:"folder"`
	Key    string `json:"key"`
}

type directionsPerson struct {
	ID    string   `json:"id"`
	Name  string   `json:"name"`
	Role  string   `json:"role"`
	Tasks []string `json:"tasks"`
	Token string   `json:"token"`
	Link  string   `json:"link,omitempty"` // page that signs in as them; only before the sandbox, on this machine
}

type directionsPatient struct {
	ID   string `json:"id"`
	Note string `json:"note"`
}

// vkeyFile holds the key by which anybody verifies the record.
func (d *demo) vkeyFile() string { return filepath.Join(d.Dir, "ledger.vkey") }

// writeJSON says to scripts where everything is.
func (d *demo) writeJSON() error {
	out := directions{
		FHIR: d.public + "/fhir", Console: d.public + "/", Upstream: d.upstream,
		Ledger: directionsLedger{d.server.Store().Folder(), d.key.Public()},
	}
	for _, p := range d.people {
		out.People = append(out.People, directionsPerson{p.ID, p.Name, p.Role, p.Tasks, p.Token, d.link(p.ID)})
	}
	for _, p := range d.patients() {
		out.Patients = append(out.Patients, directionsPatient{p.ID, p.Note})
	}
	if err := replace(d.vkeyFile(), []byte(d.key.Public()+"\n")); err != nil {
		return err
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	return replace(filepath.Join(d.Dir, "demo.json"), append(text, '\n'))
}

// writeHeaders writes the headers of each person into a file that curl reads, so
// that no token stands in a command line.
func (d *demo) writeHeaders() error {
	for _, p := range d.people {
		text := "Authorization: Bearer " + p.Token + "\nModicum-Task: " + p.Tasks[0] + "\n"
		if err := replace(d.headerFile(p.ID), []byte(text)); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) headerFile(person string) string { return filepath.Join(d.Dir, "as", person) }

// replace writes a file that only its owner may read, whole or not at all.
func replace(path string, text []byte) error {
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func (d *demo) patients() []sandbox.Patient {
	if d.Upstream == "" {
		return sandbox.Patients()
	}
	var out []sandbox.Patient
	for _, s := range d.subjects {
		note := "found at the upstream"
		if s.Patient == d.patient {
			note += "; the story is about this one"
		}
		out = append(out, sandbox.Patient{ID: s.Patient, Note: note})
	}
	return out
}
