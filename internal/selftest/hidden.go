package selftest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/policy"
)

// told are the values that a task may see, of the patient and of records; what is not
// among them no task sees.
var told = []string{"family", "birth", "ssn", "mrn", "phone", "line", "inner", "title"}

// sight is the most that a task could show, whatever is true: every fact holds, every
// fact names every class, every record lies within reach, and nothing restricts.
type sight struct {
	set    *policy.Set
	role   string
	task   string
	nobody bool // the caller sees neither of the planted: all of them is hidden
}

// Task reports whether a role of the policy has a task.
func Task(set *policy.Set, role, task string) bool {
	_, ok := set.Task(role + "/" + task)
	return ok
}

// show is what could show of a record, nil where nothing could.
func (s *sight) show(record m) ([]byte, error) {
	body, err := json.Marshal(record)
	if err != nil || s.nobody {
		return nil, err
	}
	sc := fhirjson.New(s.set.Catalog(), fhirjson.Limits{})
	rec, err := sc.Resource(body)
	if err != nil {
		return nil, fmt.Errorf("the planted %s: %w", record["resourceType"], err)
	}
	view, there := s.view(rec)
	if !there {
		return nil, nil
	}
	out, _, err := sc.Project(nil, rec, &fhirjson.Shape{
		View: view, Year: time.Now().Year(), PatientInScope: func([]byte) bool { return true }, Visible: func(catalog.Type, []byte) bool { return true },
		Token: func(dst []byte, _ catalog.Class, value []byte) []byte { return append(dst, value...) }, // it tells values apart
	})
	return out, err
}

func (s *sight) view(rec *fhirjson.Record) (v policy.View, there bool) {
	cat := s.set.Catalog()
	var all policy.FactSet
	for _, f := range s.set.Facts() {
		all.Add(f.ID)
	}
	var plan policy.Plan
	why := s.set.Admit(&policy.Request{
		Roles: []string{s.role}, Task: s.task, Verb: policy.Read, Shows: cat.ShowsOf(rec.Type), Caller: policy.Truth{Holds: all},
		Meets: policy.RecordSession | policy.Watermark | policy.Part2Notice | policy.NoReidentification | policy.RedactText | policy.DeleteAfterUse,
	}, &plan)
	if why != policy.Admitted {
		return v, false
	}
	carried := make([]catalog.ClassSet, len(plan.Ofs()))
	for i, of := range plan.Ofs() {
		if !of.Restricting {
			carried[i] = cat.Content()
		}
	}
	var verdict policy.Verdict
	plan.View(&policy.Atoms{
		Overlays: rec.Overlays, Lasting: rec.Lasting, Within: ^uint64(0),
		Patients: []policy.PatientAtoms{{Truth: policy.Truth{Holds: all}, Of: carried}},
	}, &verdict)
	return verdict.View, verdict.View.Shown().Meets(cat.OwnClasses(rec.Type).With(rec.Class))
}

// hidden looks which values change nothing of what shows of a patient and its records
// when they are another's, and which records do not show at all.
func (s *sight) hidden(v, other values) (values, records map[string]bool, err error) {
	values, records = make(map[string]bool), make(map[string]bool)
	plain := func(name string) string { return v[name] }
	for _, record := range recordsOf(idsOf("a", false), plain, v) {
		var one []byte
		one, err = join(s.show, record, err)
		records[letter(record)] = len(one) == 0
	}
	shown, wrong := s.all(plain, v)
	err = errors.Join(err, wrong)
	for _, name := range told {
		changed, wrong := s.all(func(n string) string {
			if n == name {
				return other[n]
			}
			return v[n]
		}, v)
		values[name], err = bytes.Equal(shown, changed), errors.Join(err, wrong)
	}
	return values, records, err
}

// all is what shows of a patient and its records.
func (s *sight) all(of func(string) string, own values) ([]byte, error) {
	text, err := s.show(patient(idsOf("a", false), of, own))
	for _, record := range recordsOf(idsOf("a", false), of, own) {
		var one []byte
		one, err = join(s.show, record, err)
		text = append(text, one...)
	}
	return text, err
}

func join(show func(m) ([]byte, error), record m, before error) ([]byte, error) {
	out, err := show(record)
	return out, errors.Join(before, err)
}

// letter tells the records of one patient apart.
func letter(record m) string {
	id := fmt.Sprint(record["id"])
	if last := id[len(id)-1]; strings.HasPrefix(id, uuidRoot) {
		return letters[last-'0' : last-'0'+1]
	}
	return id[len(id)-1:]
}
