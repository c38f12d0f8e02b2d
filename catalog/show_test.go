package catalog_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"modicum/catalog"
)

func TestShowElement(t *testing.T) {
	s, err := cat.Show("Patient.birthDate")
	if err != nil || s.Element == nil {
		t.Fatal(s, err)
	}
	e := s.Element
	if e.Classes[0].Class != "demographics.birth-date" || e.Classes[0].Parent != "demographics" || e.Classes[0].Title != "Date of birth" {
		t.Errorf("classes %+v", e.Classes)
	}
	if !slices.Equal(e.Parameters, []string{"birthdate"}) || !slices.Equal(e.Treatments, []string{"omit", "mask", "coarse", "keep"}) {
		t.Errorf("parameters %v, treatments %v", e.Parameters, e.Treatments)
	}
	if len(e.Overlays) != 12 {
		t.Errorf("%d overlays may lie on a patient, want 12", len(e.Overlays))
	}
}

func TestShowElementWhoseClassVaries(t *testing.T) {
	s, err := cat.Show("Observation.value[x]")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Element.Classes[0].Class; got != "clinical.observation" {
		t.Errorf("usually %s", got)
	}
	if !slices.ContainsFunc(s.Element.Classes, func(c catalog.Conferred) bool {
		return c.Class == "clinical.lab" && c.When == "category observation-category laboratory"
	}) {
		t.Errorf("no laboratory among %+v", s.Element.Classes)
	}
	if len(s.Element.Members) != 11 || !slices.Contains(s.Element.Parameters, "value-quantity") {
		t.Errorf("members %v, parameters %v", s.Element.Members, s.Element.Parameters)
	}
	if s, err = cat.Show("Patient.identifier"); err != nil || len(s.Element.Classes) < 8 {
		t.Errorf("an identifier can be %+v (%v)", s, err)
	}
	if s, err = cat.Show("Observation.subject.display"); err != nil || !slices.Equal(s.Element.Treatments, []string{"omit"}) {
		t.Errorf("FC22: the display of a reference: %+v (%v)", s, err)
	}
}

func TestShowClass(t *testing.T) {
	s, err := cat.Show("sensitive.hiv")
	if err != nil || s.Class == nil || s.Class.Marks == nil {
		t.Fatal(s, err)
	}
	m := s.Class.Marks
	if !slices.Equal(m.Labels, []string{"HIV", "HIV (confidentiality)"}) || len(m.Codes) < 20 {
		t.Errorf("labels %v, %d codes", m.Labels, len(m.Codes))
	}
	s, err = cat.Show("clinical.lab")
	if err != nil || !slices.Equal(s.Class.Types, []string{"DiagnosticReport", "Observation"}) || !slices.Contains(s.Class.Children, "clinical.lab.specimen") {
		t.Errorf("%+v (%v)", s.Class, err)
	}
}

func TestShowType(t *testing.T) {
	s, err := cat.Show("Observation")
	if err != nil || s.Type == nil {
		t.Fatal(s, err)
	}
	for _, path := range []string{"Observation.subject", "Observation.performer", "Observation.focus"} {
		if !slices.Contains(s.Type.Patients, path) {
			t.Errorf("%s may name a patient, but only %v do", path, s.Type.Patients)
		}
	}
	if !slices.Contains(s.Type.Bears, "clinical.annotation") || !slices.Contains(s.Type.Compartment, "subject") {
		t.Errorf("%+v", s.Type)
	}
}

func TestShowOfWhatIsNotThereSaysWhatIsNear(t *testing.T) {
	for what, want := range map[string]string{
		"Patient.birthdate": "did you mean birthDate?", "Patient.address.lines": "Patient.address has no element \"lines\"; did you mean line?",
		"patient.birthDate": "did you mean Patient.birthDate?", "demographic.name": "did you mean demographics.name?",
		"Patient.shoesize.x": "Patient has no element \"shoesize\"", "": "write it like", "qqqq": "write it like", "..": "write it like", "Patient.": "has no element \"\"",
	} {
		_, err := cat.Show(what)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Show(%q): %v, want %q", what, err, want)
		}
	}
}

// Show never fails on what exists, and says something of everything.
func TestShowEveryClassAndType(t *testing.T) {
	for _, v := range cat.Classes() {
		if s, err := cat.Show(v.Name); err != nil || s.Class.Title == "" {
			t.Errorf("%s: %v", v.Name, err)
		}
	}
	for _, typ := range cat.Types() {
		s, err := cat.Show(cat.TypeName(typ))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(s); err != nil || len(s.Type.Parameters) == 0 {
			t.Errorf("%s: %v", cat.TypeName(typ), err)
		}
	}
}
