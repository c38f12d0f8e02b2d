package sandbox

// Person is a member of staff of the sandbox.
type Person struct {
	ID, Name, Role string
	Tasks          []string // the task that the demo uses first
	Practitioner   string   // reference, "" when none
}

// Staff are the people of the sandbox. All names are invented.
var Staff = []Person{
	{"alice", "Dr. Alice Example", "physician", []string{"treat"}, "Practitioner/alice"},
	{"nina", "Nina Sample, RN", "nurse", []string{"give-care"}, "Practitioner/nina"},
	{"omar", "Omar Test, PharmD", "pharmacist", []string{"dispense"}, "Practitioner/omar"},
	{"lena", "Lena Labworth", "lab-technologist", []string{"run-test"}, "Practitioner/lena"},
	{"bob", "Bob Ledgerman", "billing-specialist", []string{"work-denial"}, ""},
	{"della", "Della Nightingale-Noe", "denials-specialist", []string{"appeal"}, ""},
	{"carla", "Carla Codewell", "coder", []string{"code-encounter"}, ""},
	{"fay", "Fay Frontdesk", "registration", []string{"register"}, ""},
	{"ivan", "Ivan Servers", "it-support", []string{"run-systems"}, ""},
	{"quincy", "Quincy Measures", "quality-analyst", []string{"review-sample"}, ""},
	{"rosa", "Rosa Research", "researcher", []string{"run-study"}, ""},
	{"petra", "Petra Privacy", "privacy-officer", []string{"investigate"}, ""},
	{"ravi", "Dr. Ravi Harbor", "physician", []string{"treat"}, "Practitioner/ravi"},
	{"dan", "Dr. Dan Elsewhere", "physician", []string{"treat"}, "Practitioner/dan"},
}

// The place where staff work, as their tokens and the records name it.
const (
	facility = "sample-hospital"
	ward     = "ward-3"
	program  = "harbor-program" // federally assisted substance use treatment, 42 CFR 2.11
)
