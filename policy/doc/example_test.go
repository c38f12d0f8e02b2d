package doc_test

import (
	"fmt"
	"testing/fstest"

	"modicum/catalog"
	"modicum/policy/doc"
)

// A folder is read whole; every problem comes with its place and what to do.
func Example() {
	folder := fstest.MapFS{
		"organization.yaml": {Data: []byte("organization: clinic\ntitle: Clinic\ntime-zone: America/Chicago\npurposes: {treatment: [TREAT]}\npositions: [chief]\n")},
		"roles/nurse.yaml": {Data: []byte(`role: nurse
title: Nurse
owner: chieff
review: 12 months
tasks:
  give-care:
    title: Care for a patient
    purpose: treatment
    do: [read]
    see: {keep: [clinical.problem]}
say: Your patients.
`)},
	}
	f, problems := doc.Load(folder)
	if !problems.Unreadable() {
		problems = append(problems, doc.Check(f, catalog.R4(), nil)...)
	}
	fmt.Print(problems.Errors().Render(f.Sources))
	// Output:
	// roles/nurse.yaml:3:8: there is no position "chieff"
	//     owner: chieff
	//            ^
	//   hint: did you mean chief?
	// roles/nurse.yaml:6:3: this line of nurse/give-care shows patient data (clinical.problem) to whoever has the role
	//       give-care:
	//       ^
	//   hint: write while: and the facts that must hold
}

// Format orders keys, drops quotes nobody needs, and keeps comments.
func ExampleFormat() {
	out, err := doc.Format("tests/nurse.yaml", []byte(`cases:
    - expect: "nothing"   # silence refuses
      name: 'A stranger'
      given: {facts: [], task: give-care}
role: nurse
`))
	fmt.Print(string(out), err)
	// Output:
	// role: nurse
	// cases:
	//   - name: A stranger
	//     given: {task: give-care, facts: []}
	//     expect: nothing  # silence refuses
	// <nil>
}
