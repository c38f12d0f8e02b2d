package facts

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// The parts of FHIR R4 records that state facts, hl7.org/fhir/R4.
type (
	reference struct {
		Reference string `json:"reference"`
	}
	period struct {
		Start string `json:"start"`
		End   string `json:"end"`
	}
	member struct {
		Member     reference `json:"member"`     // CareTeam
		Individual reference `json:"individual"` // Encounter
		Actor      reference `json:"actor"`      // Appointment
		Status     string    `json:"status"`
		Period     period    `json:"period"`
	}
	record struct {
		ResourceType string    `json:"resourceType"`
		ID           string    `json:"id"`
		Status       string    `json:"status"`
		Subject      reference `json:"subject"`
		Participant  []member  `json:"participant"`
		Period       period    `json:"period"`
		Start        string    `json:"start"` // Appointment
		End          string    `json:"end"`
		Owner        reference `json:"owner"` // Task
		For          reference `json:"for"`
		Focus        reference `json:"focus"`
		Code         struct {
			Coding []struct {
				Code string `json:"code"`
			} `json:"coding"`
		} `json:"code"`
		Restriction struct {
			Period period `json:"period"`
		} `json:"restriction"`
		Link []struct {
			Other reference `json:"other"`
		} `json:"link"`
	}
)

// How far from now records matter, in days. An appointment counts three days back
// and ten ahead (role-matrix); a closed encounter for as long as any condition
// could ask.
const (
	appointmentBack  = 3
	appointmentAhead = 10
	closedFor        = 400
)

// record enters what one record states.
func (r *feedReader) record(typ string, b []byte) error {
	var rec record
	if err := json.Unmarshal(b, &rec); err != nil || rec.ResourceType != typ || !fhirID(rec.ID) {
		return errMalformed
	}
	id := typ + "/" + rec.ID
	r.seen[id] = true
	out := stating{feedReader: r, id: id}
	switch typ {
	case "CareTeam":
		return out.careTeam(&rec)
	case "Encounter":
		return out.encounter(&rec)
	case "Appointment":
		return out.appointment(&rec)
	case "Task":
		return out.task(&rec)
	}
	return errMalformed
}

// stating collects the statements of one record.
type stating struct {
	*feedReader
	id string
	n  int
}

func (s *stating) careTeam(rec *record) error {
	patient := s.ref(rec.Subject, "Patient")
	if rec.Status != "active" || patient == "" {
		return nil
	}
	from, until, err := s.bounds(rec.Period)
	if err != nil {
		return err
	}
	for _, m := range rec.Participant {
		if err := s.assigned(m.Member, patient, m.Period, from, until); err != nil {
			return err
		}
	}
	return nil
}

// assigned states assigned-patient for a practitioner within both periods.
func (s *stating) assigned(who reference, patient string, p period, from, until time.Time) error {
	start, end, err := s.bounds(p)
	if err != nil {
		return err
	}
	if start.Before(from) {
		start = from
	}
	if end.IsZero() || !until.IsZero() && until.Before(end) {
		end = until
	}
	if w, ok := s.practitioner(who); ok {
		s.state("assigned-patient", Statement{Who: w, Patient: patient, From: start, Until: end})
	}
	return nil
}

func (s *stating) encounter(rec *record) error {
	patient := s.ref(rec.Subject, "Patient")
	open := false
	switch rec.Status {
	case "arrived", "triaged", "in-progress", "onleave":
		open = true
	case "finished":
	default:
		return nil // planned, cancelled, entered-in-error, unknown: nobody is here
	}
	if patient == "" {
		return nil
	}
	from, until, err := s.bounds(rec.Period)
	if err != nil {
		return err
	}
	if open {
		for _, m := range rec.Participant {
			if err := s.assigned(m.Individual, patient, m.Period, from, time.Time{}); err != nil {
				return err
			}
		}
	}
	// A finished encounter that does not say when cannot be told from one long ago.
	if !open && until.IsZero() {
		return nil
	}
	st := Statement{Who: Who{Kind: Anyone}, Patient: patient, From: from, Object: s.id}
	if !until.IsZero() {
		st.Values = []Value{{"closed", until.UTC()}}
	}
	s.state("episode", st)
	return nil
}

func (s *stating) appointment(rec *record) error {
	switch rec.Status {
	case "booked", "arrived", "fulfilled", "checked-in":
	default:
		return nil // proposed, pending, waitlist, cancelled, noshow, entered-in-error
	}
	start, end, err := s.bounds(period{rec.Start, rec.End})
	if err != nil {
		return err
	}
	if start.IsZero() {
		return nil
	}
	if end.IsZero() {
		end = start
	}
	from, until := start.AddDate(0, 0, -appointmentAhead), end.AddDate(0, 0, appointmentBack)
	var whos []Who
	var patients []string
	for _, m := range rec.Participant {
		if m.Status == "declined" {
			continue
		}
		if p := s.ref(m.Actor, "Patient"); p != "" {
			patients = append(patients, p)
		} else if w, ok := s.practitioner(m.Actor); ok {
			whos = append(whos, w)
		} else if l := s.ref(m.Actor, "Location"); l != "" {
			whos = append(whos, Who{Dept, l})
		}
	}
	for _, p := range patients {
		for _, w := range whos {
			s.state("appointment", Statement{Who: w, Patient: p, From: from, Until: until, Object: s.id})
		}
	}
	return nil
}

func (s *stating) task(rec *record) error {
	switch rec.Status {
	case "requested", "received", "accepted", "ready", "in-progress", "on-hold":
	default:
		return nil
	}
	patient := s.ref(rec.For, "Patient")
	w, ok := s.practitioner(rec.Owner)
	from, until, err := s.bounds(rec.Restriction.Period)
	if err != nil {
		return err
	}
	if patient == "" || !ok {
		return nil
	}
	st := Statement{Who: w, Patient: patient, From: from, Until: until, Object: s.any(rec.Focus)}
	if len(rec.Code.Coding) > 0 && rec.Code.Coding[0].Code != "" {
		st.Values = []Value{{"kind", rec.Code.Coding[0].Code}}
	}
	s.state("work-item", st)
	return nil
}

// state enters a statement when the policy has the fact and all that it must
// carry is there.
func (s *stating) state(fact string, st Statement) {
	k, ok := s.kinds[fact]
	if !ok || k.Object && st.Object == "" {
		return
	}
	if !k.Object {
		st.Object = ""
	}
	st.Fact, st.Source, st.RecordedBy = k.id, s.source, FHIRSource
	if st.ID = s.id; s.n > 0 {
		st.ID = fmt.Sprintf("%s#%d", s.id, s.n)
	}
	s.n++
	var values []Value
	for _, v := range st.Values {
		_, isTime := v.Of.(time.Time)
		if t, declared := k.Values[v.Name]; declared && (isTime && t == Time || !isTime && t == Text) {
			values = append(values, v)
		}
	}
	st.Values = values
	s.rows.add(&st, 0, 0)
}

// practitioner reads a reference to a Practitioner or PractitionerRole.
func (s *stating) practitioner(r reference) (Who, bool) {
	for _, typ := range [...]string{"Practitioner", "PractitionerRole"} {
		if id := s.ref(r, typ); id != "" {
			return Who{Practitioner, typ + "/" + id}, true
		}
	}
	return Who{}, false
}

// ref returns the id of a reference to typ at this server, else "".
func (r *feedReader) ref(ref reference, typ string) string {
	t, id, _ := strings.Cut(localRef(ref.Reference, r.base), "/")
	if t != typ {
		return ""
	}
	return id
}

// any returns TYPE/ID of a reference to this server, else "".
func (r *feedReader) any(ref reference) string { return localRef(ref.Reference, r.base) }

// localRef reads TYPE/ID, also absolute or with a version. Everything else
// (contained, urn, another server) names nobody we know.
func localRef(s, base string) string {
	s = strings.TrimPrefix(s, base)
	s, _, _ = strings.Cut(s, "/_history/")
	typ, id, ok := strings.Cut(s, "/")
	if !ok || !objectName(s) || typ == "" || typ[0] < 'A' || typ[0] > 'Z' || !fhirID(id) {
		return ""
	}
	return s
}

// bounds reads a period; a bound that is not written is zero. An end without time
// includes its whole day, month or year.
func (r *feedReader) bounds(p period) (from, until time.Time, err error) {
	if from, _, err = r.moment(p.Start); err != nil {
		return from, until, err
	}
	_, until, err = r.moment(p.End)
	return from, until, err
}

// moment reads a dateTime of hl7.org/fhir/R4/datatypes.html#dateTime: its first
// instant, and the first one after it.
func (r *feedReader) moment(s string) (first, after time.Time, err error) {
	if s == "" {
		return first, after, nil
	}
	for _, form := range []struct {
		layout   string
		y, mo, d int
	}{{"2006-01-02", 0, 0, 1}, {"2006-01", 0, 1, 0}, {"2006", 1, 0, 0}} {
		if t, err := time.ParseInLocation(form.layout, s, r.zone); err == nil {
			return t, t.AddDate(form.y, form.mo, form.d), nil
		}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return first, after, errMalformed
	}
	return t, t, nil
}

// patientLinks reads Patient.link.other of one patient.
func patientLinks(b []byte, base string) ([][2]string, error) {
	var rec record
	if err := json.Unmarshal(b, &rec); err != nil || rec.ResourceType != "Patient" || !fhirID(rec.ID) {
		return nil, errMalformed
	}
	var out [][2]string
	for _, l := range rec.Link {
		if typ, id, _ := strings.Cut(localRef(l.Other.Reference, base), "/"); typ == "Patient" && id != rec.ID {
			out = append(out, [2]string{rec.ID, id})
		}
	}
	return out, nil
}
