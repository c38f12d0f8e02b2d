package demo

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// row is a kind of data in the words of its users, and where it is looked for.
type row struct {
	title string
	get   string // Type/id; %s is the patient
	path  string // element; "" asks for the record itself
	pick  string // of identifiers: the type code
}

// rows are the rows of the comparison. Those beyond the cover sheet are of the
// sandbox's first patient.
var rows = []row{
	{"Name", "Patient/%s", "name", ""},
	{"Date of birth", "Patient/%s", "birthDate", ""},
	{"Phone", "Patient/%s", "telecom", ""},
	{"Record number", "Patient/%s", "identifier", "MR"},
	{"Social security number", "Patient/%s", "identifier", "SS"},
	{"Visit", "Encounter/e1", "status", ""},
	{"Reason for the visit", "Encounter/e1", "reasonCode", ""},
	{"Diagnosis", "Condition/c1", "code", ""},
	{"Laboratory result", "Observation/o1", "valueQuantity", ""},
	{"HIV result", "Observation/o1-hiv", "valueString", ""},
	{"Medication", "MedicationRequest/m1", "medicationCodeableConcept", ""},
	{"Progress note", "DocumentReference/d1", "content", ""},
	{"Psychotherapy note", "DocumentReference/d1-therapy", "content", ""},
	{"Insurance number", "Coverage/v1", "subscriberId", ""},
	{"Claim: diagnosis codes", "Claim/k1", "diagnosis", ""},
}

// The words of a cell.
const (
	kept     = "kept"
	masked   = "masked"
	last4    = "last four"
	notShown = "not shown"
	notThere = "not there"
)

// reply is one answer of the gate.
type reply struct {
	status   int
	decision string
	body     []byte
	tree     map[string]any
}

// ask asks the gate as a person, for the person's task.
func (d *demo) ask(ctx context.Context, p *staff, path string) (*reply, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.public+"/fhir/"+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+p.Token)
	req.Header.Set("Modicum-Task", p.Tasks[0])
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 8<<20))
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 500 {
		return nil, errors.New("the gate answered " + res.Status)
	}
	r := &reply{status: res.StatusCode, decision: res.Header.Get("Modicum-Decision"), body: body}
	_ = json.Unmarshal(body, &r.tree) // what is no JSON has no elements
	return r, nil
}

// see returns a word for each row: what a person gets of a patient.
func (d *demo) see(ctx context.Context, p *staff, patient string) ([]string, error) {
	if p.Role == "registration" {
		if err := d.lookUp(ctx, p, patient); err != nil {
			return nil, err
		}
	}
	answers := make(map[string]*reply)
	out := make([]string, len(rows))
	for i, r := range rows {
		path := strings.Replace(r.get, "%s", patient, 1)
		if patient != "p1" && !strings.HasPrefix(r.get, "Patient/") {
			path = strings.Replace(path, "1", strings.TrimPrefix(patient, "p"), 1)
		}
		a := answers[path]
		if a == nil {
			var err error
			if a, err = d.ask(ctx, p, path); err != nil {
				return nil, err
			}
			answers[path] = a
		}
		out[i] = word(a, &r)
	}
	return out, nil
}

// lookUp is what the front desk does first: two identifiers that the patient says.
func (d *demo) lookUp(ctx context.Context, p *staff, patient string) error {
	for _, s := range d.patients() {
		if s.ID != patient || d.Upstream != "" {
			continue
		}
		given, family, _ := strings.Cut(s.Name, " ")
		birth, err := d.birthDate(ctx, patient)
		if err != nil {
			return err
		}
		_ = given
		_, err = d.ask(ctx, p, "Patient?family="+family+"&birthdate="+birth)
		return err
	}
	return nil
}

// birthDate is what the patient at the desk would say.
func (d *demo) birthDate(ctx context.Context, patient string) (string, error) {
	tree, err := d.original(ctx, "Patient/"+patient)
	if err != nil {
		return "", err
	}
	s, _ := tree["birthDate"].(string)
	return s, nil
}

// original reads a record from the upstream itself, for the comparison.
func (d *demo) original(ctx context.Context, path string) (map[string]any, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.upstream+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var tree map[string]any
	return tree, json.NewDecoder(io.LimitReader(res.Body, 8<<20)).Decode(&tree)
}

// word says what became of a row in an answer.
func word(a *reply, r *row) string {
	if a.status != http.StatusOK {
		return notThere
	}
	v, there := a.tree[r.path]
	_, marked := a.tree["_"+r.path]
	switch {
	case r.pick != "":
		return identifierWord(v, r.pick)
	case !there && marked:
		return masked
	case !there:
		return notShown
	}
	text, err := json.Marshal(v)
	switch {
	case err != nil:
		return notShown
	case strings.Contains(string(text), `"masked"`):
		return masked
	case strings.Contains(string(text), `"****`):
		return last4
	}
	return kept
}

// identifierWord looks for an identifier of a type.
func identifierWord(v any, code string) string {
	list, _ := v.([]any)
	for _, item := range list {
		text, err := json.Marshal(item)
		if err != nil || !strings.Contains(string(text), `"code":"`+code+`"`) {
			continue
		}
		if strings.Contains(string(text), `"value":"****`) {
			return last4
		}
		if strings.Contains(string(text), `"value":"`) {
			return kept
		}
	}
	return notShown
}
