package catalog_test

import (
	"fmt"

	"modicum/catalog"
)

// What is a birth date, and does naming its parent in a policy cover it?
func ExampleCatalog_Find() {
	c := catalog.R4()
	birth := c.Node(c.Find("Patient.birthDate")[0])
	covered, _ := c.Covered("demographics")
	fmt.Println(c.Name(birth.Class), covered.Has(birth.Class))
	// Output: demographics.birth-date true
}

// A diagnosis code marks the record that bears it.
func ExampleCatalog_CodeOverlays() {
	c := catalog.R4()
	marks := c.CodeOverlays([]byte("http://hl7.org/fhir/sid/icd-10-cm"), []byte("F11.20"))
	for o := range marks.All {
		fmt.Println(c.Name(c.OverlayClass(o)))
	}
	// Output: sensitive.sud
}

// A search by a parameter is reading what the parameter reads.
func ExampleCatalog_Param() {
	c := catalog.R4()
	observation, _ := c.Type("Observation")
	lab, _ := c.Class("clinical.lab")
	p, _ := c.Param(observation, "value-quantity")
	for class := range p.Classes(lab).All {
		fmt.Println(p.Kind, c.Name(class))
	}
	// Output: quantity clinical.lab
}

// An organization's own extension gets a class; the hash tells that decisions may differ.
func ExampleCatalog_Extend() {
	own, err := catalog.R4().Extend(map[string]string{
		"http://hospital.example/fhir/StructureDefinition/ward-color": "admin.encounter",
	})
	fmt.Println(err, own.Hash() != catalog.R4().Hash())
	_, err = catalog.R4().Extend(map[string]string{"http://hospital.example/x": "admin.encounters"})
	fmt.Println(err)
	// Output:
	// <nil> true
	// catalog: extension http://hospital.example/x: unknown class "admin.encounters"; did you mean admin.encounter?
}
