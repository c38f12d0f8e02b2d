package selftest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Upstream is the server behind, as the operator may write it. This client is the
// operator's, not the gate's: what it sends is ours, planted and marked as a test.
type Upstream struct {
	Base  string // without a slash at the end
	Token string // "" for none
	HTTP  *http.Client
}

// ids names a planted patient and its records. Their own names begin with
// modicum-self-test; servers that take no id but a UUID are given one.
type ids struct {
	root string // of all of them
	uuid bool
}

const (
	nameRoot = "modicum-self-test-"
	uuidRoot = "5e1f7e57-0000-4000-8000-00000000"
)

func idsOf(letter string, uuid bool) ids {
	if uuid {
		return ids{uuidRoot + letter + "00", true}
	}
	return ids{nameRoot + letter, false}
}

// letters of the records, in the order of the digits that stand for them in a UUID.
const letters = "0cvomdbx"

func (i ids) patient() string {
	if i.uuid {
		return i.root + "0"
	}
	return i.root
}

func (i ids) record(letter string) string {
	if i.uuid {
		return i.root + fmt.Sprint(strings.Index(letters, letter))
	}
	return i.root + "-" + letter
}

type m = map[string]any

// values are what a planted patient has; every one is drawn anew for a run, so that
// nobody else has it.
type values map[string]string

// drawn makes values: letters that a name may have, digits where digits stand.
func drawn() (values, error) {
	b := make([]byte, 64)
	if _, err := rand.Read(b); err != nil {
		return nil, err
	}
	word := func(from, n int) string {
		out := make([]byte, n)
		for i := range out {
			out[i] = 'a' + b[from+i]%26
		}
		return string(out)
	}
	digits := func(from, n int) string {
		out := make([]byte, n)
		for i := range out {
			out[i] = '0' + b[from+i]%10
		}
		return string(out)
	}
	return values{
		"family": "Zq" + word(0, 10), "birth": "19" + digits(10, 2) + "-0" + fmt.Sprint(1+b[12]%9) + "-1" + digits(13, 1),
		"ssn": "900-" + digits(14, 2) + "-" + digits(16, 4), "mrn": "M" + digits(20, 8), "phone": "555" + digits(28, 7),
		"line": "Zq" + word(35, 8) + " 1", "note": "zq" + word(43, 12), "word": "zq" + word(12, 8) + word(55, 4),
		"inner": "Zq" + word(3, 5) + word(50, 6), "title": "zq" + word(20, 6) + word(40, 5),
	}, nil
}

// another is values of the same form, each of them other.
func (v values) another() values {
	out := make(values, len(v))
	for name, text := range v {
		b := []byte(text)
		for i, c := range b {
			switch {
			case c >= 'a' && c <= 'z':
				b[i] = 'a' + (c-'a'+1)%26
			case c >= '0' && c <= '9' && (name != "birth" || i == 2 || i == 3 || i == 9): // of a date the year and the last of the day
				b[i] = '0' + (c-'0'+1)%10
			}
		}
		out[name] = string(b)
	}
	return out
}

// patient is the record of a planted one. hidden says which values the other one has
// otherwise: these and what no task ever sees come from own, the rest from common.
func patient(id ids, of func(name string) string, own values) m {
	return m{
		"resourceType": "Patient", "id": id.patient(), "meta": m{"tag": testTag}, "active": true,
		"text":      m{"status": "generated", "div": `<div xmlns="http://www.w3.org/1999/xhtml">` + own["word"] + `</div>`},
		"extension": []m{{"url": "https://modicum.example/self-test", "valueString": own["note"]}},
		"identifier": []m{
			{"type": coded("http://terminology.hl7.org/CodeSystem/v2-0203", "SS"), "system": "http://hl7.org/fhir/sid/us-ssn", "value": of("ssn")},
			{"type": coded("http://terminology.hl7.org/CodeSystem/v2-0203", "MR"), "system": "https://modicum.example/mrn", "value": of("mrn")},
		},
		"name": []m{{"family": of("family"), "given": []string{"Selftest"}}}, "gender": "unknown", "birthDate": of("birth"),
		"_birthDate": m{"extension": []m{{"url": "https://modicum.example/self-test", "valueString": own["note"]}}},
		"telecom":    []m{{"system": "phone", "value": of("phone")}},
		"address":    []m{{"line": []string{of("line")}}},
	}
}

var testTag = []m{{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}}

func coded(system, code string) m { return m{"coding": []m{{"system": system, "code": code}}} }

// recordsOf is what belongs to a planted patient, by the last letter of its id. No task
// sees narrative or the text of references: these are own's.
func recordsOf(id ids, of func(name string) string, own values) []m {
	subject := m{"reference": "Patient/" + id.patient(), "display": own["word"]}
	made := func(typ, letter string, more m) m {
		more["resourceType"], more["id"], more["meta"] = typ, id.record(letter), m{"tag": testTag}
		more["text"] = m{"status": "generated", "div": `<div xmlns="http://www.w3.org/1999/xhtml">` + own["word"] + `</div>`}
		more["subject"] = subject
		return more
	}
	return []m{
		made("Condition", "c", m{"clinicalStatus": coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"), "code": coded("http://hl7.org/fhir/sid/icd-10-cm", "B20")}),
		made("Condition", "v", m{"clinicalStatus": coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"), "code": coded("http://hl7.org/fhir/sid/icd-10-cm", "I10")}),
		made("Observation", "o", m{"status": "final", "code": coded("http://loinc.org", "2160-0"), "focus": []m{{"reference": "Condition/" + id.record("c"), "display": own["word"]}},
			"category":      []m{coded("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory")},
			"valueQuantity": m{"value": 42, "unit": "mg/dL"}}),
		made("MedicationRequest", "m", m{"status": "active", "intent": "order", "contained": []m{{"resourceType": "Practitioner", "id": "c1", "name": []m{{"family": of("inner")}}}},
			"requester": m{"reference": "#c1", "display": own["word"]}, "medicationCodeableConcept": coded("http://www.nlm.nih.gov/research/umls/rxnorm", "29046")}),
		made("DocumentReference", "d", m{"status": "current", "content": []m{{"attachment": m{"contentType": "text/plain", "title": of("title"), "data": "aGVsbG8="}}}}),
	}
}

// put writes a record, and says what is wrong where the server does not take it.
func (u *Upstream) put(ctx context.Context, record m) error {
	body, err := json.Marshal(record)
	if err != nil {
		return err
	}
	path := fmt.Sprintf("/%s/%s", record["resourceType"], record["id"])
	status, _, err := u.send(ctx, http.MethodPut, path, body)
	if err == nil && status >= 300 {
		err = fmt.Errorf("status %d", status)
	}
	if err != nil {
		return fmt.Errorf("plant %s at the server behind: %w; may the credential write there?", path[1:], err)
	}
	return nil
}

// remove deletes a record; one that is not there is removed.
func (u *Upstream) remove(ctx context.Context, path string) error {
	status, _, err := u.send(ctx, http.MethodDelete, path, nil)
	if err == nil && status >= 300 && status != http.StatusNotFound && status != http.StatusGone {
		err = fmt.Errorf("status %d", status)
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", strings.TrimPrefix(path, "/"), err)
	}
	return nil
}

func (u *Upstream) send(ctx context.Context, method, path string, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, u.Base+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/fhir+json")
	req.Header.Set("Accept", "application/fhir+json")
	if u.Token != "" {
		req.Header.Set("Authorization", "Bearer "+u.Token)
	}
	res, err := u.HTTP.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return res.StatusCode, b, err
}
