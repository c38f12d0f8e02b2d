package policy_test

import (
	"fmt"
	"os"

	"modicum/catalog"
	"modicum/policy"
)

// Compare two policies: who gains and who loses what.
func ExampleDiff() {
	was, problems := policy.Load(os.DirFS("testdata/hospital"), catalog.R4())
	if was == nil {
		fmt.Println(problems.Err())
		return
	}
	folder := *was.Folder()
	folder.Restrictions = nil // a policy in which nothing beats every task
	now, problems := policy.Compile(&folder, catalog.R4())
	if now == nil {
		fmt.Println(problems.Err())
		return
	}
	d := policy.Diff(was, now)
	fmt.Println("something opens:", d.Opens())
	fmt.Println(d.Changes[0].Where, d.Changes[0].Direction)
	// Output:
	// something opens: true
	// access-denial opens
}

// Load a policy folder, decide about one record of a patient, and read the view.
func Example() {
	set, problems := policy.Load(os.DirFS("testdata/hospital"), catalog.R4())
	if set == nil {
		fmt.Println(problems.Err())
		return
	}

	// Who asks, for which task, to do what; and what is true about the caller.
	shift, _ := set.Fact("during-shift")
	req := policy.Request{
		Roles: []string{"nurse"}, Task: "give-care", Verb: policy.Read,
		Shows: catalog.R4().Content(), Meets: policy.RecordSession,
	}
	req.Caller.Holds.Add(shift)

	var plan policy.Plan
	if why := set.Admit(&req, &plan); why != policy.Admitted {
		fmt.Println("refused:", why)
		return
	}

	// A record came back. It names one patient, who is assigned to the caller.
	who := policy.PatientAtoms{Of: make([]catalog.ClassSet, len(plan.Ofs()))}
	for _, name := range []string{"assigned-patient", "episode", "active-episode"} {
		id, _ := set.Fact(name)
		who.Holds.Add(id)
	}
	var verdict policy.Verdict
	plan.View(&policy.Atoms{Patients: []policy.PatientAtoms{who}}, &verdict)

	for _, name := range []string{"clinical.lab", "clinical.note.psychotherapy", "financial.account"} {
		class, _ := set.Catalog().Class(name)
		fmt.Printf("%s: %s\n", name, verdict.View.Of(class))
	}
	for i := range plan.Lines() {
		if verdict.Lines&(1<<i) != 0 {
			fmt.Println("because of", plan.LineID(i))
		}
	}
	// Output:
	// clinical.lab: keep
	// clinical.note.psychotherapy: omit
	// financial.account: omit
	// because of nurse/give-care
	// because of nurse/give-care#2
}

// A refusal depends on caller, facts about the caller, policy and request only,
// so it may say what would do.
func ExampleSet_TasksThatWould() {
	set, _ := policy.Load(os.DirFS("testdata/hospital"), catalog.R4())
	req := policy.Request{
		Roles: []string{"pharmacist"}, Task: "dispense", Verb: policy.Read, Meets: policy.RecordSession,
	}
	coverage, _ := set.Catalog().Covered("coverage")
	req.Shows = coverage

	var plan policy.Plan
	fmt.Println(set.Admit(&req, &plan))
	for _, t := range set.TasksThatWould(&req) {
		fmt.Printf("%s: %s (%s)\n", t.ID, t.Title, t.Purpose)
	}
	// Output:
	// shows-nothing
	// pharmacist/bill-dispense: Bill the plan for a dispense (payment)
}

// Who sees marked HIV records, and when.
func ExampleSet_Sees() {
	set, _ := policy.Load(os.DirFS("testdata/hospital"), catalog.R4())
	hiv, _ := set.Catalog().Class("sensitive.hiv")
	for _, s := range set.Sees(hiv) {
		if s.Role == "pharmacist" || s.Role == "coder" {
			fmt.Printf("%s: %s while %s\n", s.Line, s.Treatment, s.While)
		}
	}
	// Output:
	// coder/code-encounter: keep while work-item
	// pharmacist/dispense#2: keep while dispense-item
}
