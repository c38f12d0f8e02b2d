package sandbox

import "slices"

// Member is somebody of the sandbox's hospital as its directory has them.
type Member struct {
	Person
	Title     string
	Dept      string // id of a Location
	Manager   string // id
	Positions []Post
	Duties    []string
	// Apart: their role stands in their token alone, as who runs the system holds none that
	// may open a chart.
	Apart bool
	Shows string // what a visitor sees as them, in a few words
}

// Post is a position, perhaps of one department.
type Post struct{ Name, Dept string }

// colleagues work here beside Staff.
var colleagues = []Person{
	{"ines", "Ines Ortega, RN", "nurse", []string{"give-care", "cover"}, "Practitioner/ines"},
	{"joan", "Joan Whitfield, RN", "nurse", []string{"give-care", "cover"}, "Practitioner/joan"},
	{"tessa", "Tessa Lindqvist, RN", "nurse", []string{"give-care", "cover"}, "Practitioner/tessa"},
	{"amara", "Amara Okafor, RN", "nurse", []string{"give-care", "cover"}, "Practitioner/amara"},
	{"grace", "Grace Adeyemi, RN", "executive", []string{"read-counts"}, ""},
	{"miriam", "Dr. Miriam Castellan", "physician", []string{"treat"}, "Practitioner/miriam"},
	{"henry", "Henry Walsh", "department-manager", []string{"run-department", "look-into-case"}, ""},
	{"marta", "Marta Kowalski", "department-manager", []string{"run-department", "look-into-case"}, ""},
	{"lucia", "Lucia Romano", "scheduler", []string{"schedule"}, ""},
	{"paul", "Paul Reyes", "records-clerk", []string{"fulfil-request"}, ""},
	{"helen", "Helen Park", "executive", []string{"read-counts"}, ""},
	{"victor", "Victor Lang", "security-analyst", []string{"watch-compliance"}, ""},
	{"mei", "Mei Tanaka", "executive", []string{"read-counts"}, ""},
	{"olga", "Olga Brandt", "it-support", []string{"run-systems"}, ""},
	{"samuel", "Samuel Osei", "executive", []string{"read-counts"}, ""},
}

// Everybody is who works at the sandbox's hospital and has a token.
func Everybody() []Person { return slices.Concat(Staff, colleagues) }

// Leaver left the hospital during the week: there is a page of theirs and nothing else.
var Leaver = Member{
	Person: Person{ID: "greg", Name: "Greg Tanner", Role: "it-support"}, Title: "Integration engineer", Dept: "information-systems", Manager: "mei",
}

// directory says of everybody what the directory has beside name and role.
var directory = map[string]Member{
	"alice":  {Title: "Physician, internal medicine", Dept: ward, Manager: "miriam", Shows: "break the glass, say afterwards what it was for"},
	"nina":   {Title: "Nurse, Ward 3", Dept: ward, Manager: "ines", Shows: "what she may see of a patient, and what she asked for"},
	"omar":   {Title: "Pharmacist", Dept: "pharmacy", Manager: "grace", Shows: "what a safe dispense needs, and one loan that ended"},
	"lena":   {Title: "Laboratory technologist", Dept: "laboratory", Manager: "grace", Shows: "only the orders of her laboratory"},
	"bob":    {Title: "Billing specialist", Dept: "revenue-cycle", Manager: "henry", Shows: "one more field, asked for and answered"},
	"della":  {Title: "Denials and appeals", Dept: "revenue-cycle", Manager: "henry", Shows: "the same loan three times in a row"},
	"carla":  {Title: "Medical coder", Dept: "revenue-cycle", Manager: "henry", Shows: "the encounter she codes, nothing else"},
	"fay":    {Title: "Front desk", Dept: "front-desk", Manager: "marta", Shows: "that a visit exists, never why"},
	"ivan":   {Title: "IT support", Dept: "information-systems", Manager: "mei", Shows: "systems, not charts; a request that was refused"},
	"quincy": {Title: "Quality analyst", Dept: "quality", Manager: "grace", Shows: "charts without names, one value at a time"},
	"rosa":   {Title: "Researcher", Dept: "research", Manager: "grace", Shows: "the cohort of one study"},
	"petra": {Title: "Privacy officer", Dept: "compliance", Manager: "helen", Duties: []string{"review-access", "write-policy"},
		Shows: "answer a request, close reviews of broken glasses"},
	"ravi":   {Title: "Physician, Harbor Recovery Program", Dept: program, Manager: "miriam", Shows: "a broken glass whose review is overdue"},
	"dan":    {Title: "Physician, outpatient clinic", Dept: "clinic", Manager: "miriam", Shows: "a broken glass that he owes a word about"},
	"ines":   {Title: "Charge nurse, Ward 3", Dept: ward, Manager: "grace", Positions: []Post{{"charge-nurse", ward}}, Shows: "approve what waits"},
	"joan":   {Title: "Charge nurse, Ward 3, nights", Dept: ward, Manager: "grace", Positions: []Post{{"charge-nurse", ward}}, Shows: "the same request, in her inbox too"},
	"tessa":  {Title: "Nurse, Ward 3", Dept: ward, Manager: "ines", Shows: "a loan for this shift, and how it ends"},
	"amara":  {Title: "Nurse, Ward 3, new this week", Dept: ward, Manager: "ines", Shows: "a first week: what was given, by whom"},
	"grace":  {Title: "Chief nursing officer", Dept: "administration", Positions: []Post{{"chief-nursing-officer", ""}}, Shows: "stands in for the charge nurse; owns the nurse’s role"},
	"miriam": {Title: "Chief medical officer", Dept: "administration", Positions: []Post{{"chief-medical-officer", ""}}, Shows: "owns the physician’s role"},
	"henry":  {Title: "Director of revenue cycle", Dept: "revenue-cycle", Positions: []Post{{"director-revenue-cycle", ""}}, Shows: "a role that lacks something: lent three times in a row"},
	"marta":  {Title: "Director of health information", Dept: "records", Positions: []Post{{"director-him", ""}}, Shows: "answers for IT; an override that was refused"},
	"lucia":  {Title: "Scheduler, moved from the front desk", Dept: "call-center", Manager: "marta", Shows: "a mover: what the old place gave is gone"},
	"paul":   {Title: "Records clerk", Dept: "records", Manager: "marta", Shows: "two roles in conflict, so neither holds"},
	"helen": {Title: "Chief compliance officer", Dept: "compliance", Positions: []Post{{"chief-compliance-officer", ""}}, Duties: []string{"agree-policy", "review-access"},
		Shows: "hears of every broken glass; closes what the privacy officer approved"},
	"victor": {Title: "Auditor", Dept: "compliance", Manager: "helen", Duties: []string{"read-record"}, Shows: "the record, and a proof of one entry"},
	"mei":    {Title: "Integration lead", Dept: "information-systems", Positions: []Post{{"integration-lead", ""}, {"chief-information-officer", ""}, {"chief-information-security-officer", ""}}, Shows: "programs that she owns: one unused, one too wide, one whose key ends"},
	"olga":   {Title: "System administrator", Dept: "information-systems", Manager: "mei", Duties: []string{"run-system", "run-people"}, Apart: true, Shows: "people, programs, what each holds"},
	"samuel": {Title: "People administrator", Dept: "people-office", Duties: []string{"run-people"}, Shows: "rights that wait for a second person"},
}

// Members are everybody, as the directory has them.
func Members() []Member {
	all := Everybody()
	out := make([]Member, len(all))
	for i, p := range all {
		out[i] = directory[p.ID]
		out[i].Person = p
	}
	return out
}

// Facility is the hospital, by its id.
const Facility = facility
