package sandbox_test

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/sandbox"
	"modicum/internal/testkit"
	"modicum/internal/testkit/fhirdata"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

// interaction is one line of the contract: what a gate asks its upstream, or what
// must go wrong in the same way.
type interaction struct {
	ask     string // path below the base with query; "POST " before it sends the query as a form
	ordered bool   // the order of the answer is defined
	pages   bool   // follow the next links to the end
	// own says how Medplum differs where FHIR leaves it to the server; such a line is compared with HAPI only.
	own string
}

// contract is what the sandbox's server and a real one answer alike.
var contract = []interaction{
	// read
	{ask: "Patient/p1"}, {ask: "Observation/o1-hiv"}, {ask: "Coverage/v1"},
	{ask: "Patient/nobody"}, {ask: "Observation/p1"},
	{ask: "Nothing/p1", own: "400"}, {ask: "nothing/p1", own: "400"},
	{ask: "Basic/deleted", own: "404"},
	{ask: "Patient/p1/_history/1", own: "version ids are UUIDs"},
	{ask: "Patient/p1/_history/2", own: "version ids are UUIDs"},
	{ask: "Patient/nobody/_history/1"},
	{ask: "metadata", own: "none"},
	// whose records
	{ask: "Observation?patient=p1", own: "wants a typed reference"}, {ask: "Observation?patient=Patient/p1"}, {ask: "Observation?subject=Patient/p1"},
	{ask: "Observation?patient=Patient/p1,Patient/p2"}, {ask: "Observation?patient=nobody"}, {ask: "Observation?subject:Patient=p1", own: "wants a typed reference"},
	{ask: "Coverage?beneficiary=Patient/p1"}, {ask: "Coverage?patient=p1", own: "wants a typed reference"}, {ask: "Claim?patient=p1", own: "wants a typed reference"}, {ask: "AllergyIntolerance?patient=p3", own: "wants a typed reference"},
	{ask: "Encounter?subject=Patient/p2"}, {ask: "Appointment?patient=Patient/p4"}, {ask: "Appointment?actor=Practitioner/alice"},
	{ask: "CareTeam?participant=Practitioner/nina"}, {ask: "CareTeam?subject=Patient/p2"},
	{ask: "Task?owner=Practitioner/omar"}, {ask: "Task?patient=Patient/p1"},
	{ask: "Observation?encounter=Encounter/e5"}, {ask: "DocumentReference?encounter=Encounter/e1"},
	{ask: "POST Observation?patient=Patient/p1"}, {ask: "POST Observation?patient=Patient/p1&code=2160-0"},
	{ask: "Observation?patient=Patient/p1&patient=Patient/p2"},
	// what stands beside a match, chains, compartments and charts are asked for
	{ask: "Observation?encounter=Encounter/e1,Encounter/e5"}, {ask: "Observation?encounter=Encounter/e5,Encounter/nowhere&patient=Patient/p1,Patient/p2"},
	{ask: "Condition?asserter=Patient/p1"}, {ask: "Observation?performer=Patient/p1"},
	{ask: "Encounter?_id=e1,e5,nowhere", own: "matches the beginning"}, {ask: "Encounter?_id=e1,e5&_id=e5", own: "matches the beginning"},
	{ask: "Observation?_lastUpdated=ge2020-01-01&patient=Patient/p1"}, {ask: "Observation?_lastUpdated=lt2020-01-01&patient=Patient/p1"},
	// _id
	{ask: "Patient?_id=p1", own: "matches the beginning"}, {ask: "Patient?_id=p1,p2,nobody", own: "matches the beginning"}, {ask: "Observation?_id=o1,o2&patient=Patient/p1", own: "matches the beginning"}, {ask: "Patient?_id=nobody"},
	// tokens
	{ask: "Observation?code=2160-0&_count=50"}, {ask: "Observation?code=http://loinc.org|2160-0&patient=Patient/p2"},
	{ask: "Observation?code=urn:other|2160-0&patient=Patient/p2"}, {ask: "Observation?code=|2160-0&patient=Patient/p2", own: "ignores the bar"},
	{ask: "Observation?code=http://loinc.org|&patient=Patient/p1", own: "reads a bare system otherwise"},
	{ask: "Observation?code=2160-0,29463-7&patient=Patient/p1"}, {ask: "Observation?category=laboratory&patient=Patient/p1"},
	{ask: "Observation?category=vital-signs&status=final&patient=Patient/p1"}, {ask: "Observation?status=preliminary"},
	{ask: "Encounter?status=finished"}, {ask: "Encounter?class=AMB"}, {ask: "Condition?clinical-status=active&_count=50"},
	{ask: "MedicationRequest?intent=order&patient=Patient/p2"}, {ask: "MedicationRequest?code=1819"},
	{ask: "Patient?identifier=MRN-10007"}, {ask: "Patient?identifier=urn:sample:mrn|MRN-10007"}, {ask: "Patient?identifier=urn:sample:mrn|900-55-1007"},
	{ask: "Patient?phone=555-0107"}, {ask: "Patient?email=555-0107"}, {ask: "Patient?email=gia@patients.example"}, {ask: "Patient?telecom=555-0107"},
	{ask: "Patient?gender=female&_count=50"}, {ask: "Patient?active=true&_count=50"}, {ask: "Patient?active=false"},
	// strings
	{ask: "Patient?family=synth&_count=50"}, {ask: "Patient?given=gia"}, {ask: "Patient?given:exact=gia", own: "ignores case"}, {ask: "Patient?given:exact=Gia"},
	{ask: "Patient?family:contains=thet&_count=50"}, {ask: "Patient?name=Hugo"}, {ask: "Patient?address=7%20Shared"}, {ask: "Patient?address-postalcode=60601&_count=50"},
	{ask: "Patient?family=Synthetic&given=Gia&gender=male"},
	// dates
	{ask: "Patient?birthdate=2011-04-06"}, {ask: "Patient?birthdate=2011", own: "compares texts"}, {ask: "Patient?birthdate=ge1990&_count=50"}, {ask: "Patient?birthdate=gt1990&_count=50"},
	{ask: "Patient?birthdate=lt1946&_count=50"}, {ask: "Patient?birthdate=le1946-03-03&_count=50"}, {ask: "Patient?birthdate=ge1946-03-03&_count=50"}, {ask: "Patient?birthdate=ne2011-04-06&_count=50"},
	{ask: "Patient?birthdate=sa2000&_count=50"}, {ask: "Patient?birthdate=eb1946&_count=50"}, {ask: "Patient?birthdate=ge1946-01-01&birthdate=lt1950"},
	{ask: "Observation?date=DAY-1&patient=Patient/p1"}, {ask: "Observation?date=geDAY-1&patient=Patient/p1"}, {ask: "Observation?date=ltDAY-1&patient=Patient/p1"},
	{ask: "Encounter?date=leDAY-30", own: "compares the start of a period only"}, {ask: "Encounter?date=geDAY-1&_count=50", own: "compares the start of a period only"},
	{ask: "Encounter?date=DAY-60", own: "compares texts"}, {ask: "Condition?recorded-date=DAY-40"}, {ask: "MedicationRequest?authoredon=ltDAY-10"},
	// numbers
	{ask: "Observation?value-quantity=gt75&_count=50", own: "not built"}, {ask: "Observation?value-quantity=lt2&_count=50", own: "not built"},
	// order and pages
	{ask: "Patient?_sort=birthdate&_count=50", ordered: true}, {ask: "Patient?_sort=-birthdate&_count=50", ordered: true},
	{ask: "Patient?_sort=gender,-birthdate&_count=50", ordered: true, own: "sorts by one key"}, {ask: "Patient?_sort=_id&_count=50", ordered: true},
	{ask: "Observation?patient=Patient/p1&_sort=-date,_id", ordered: true, own: "sorts by one key"},
	{ask: "Condition?_count=7", pages: true, own: "no links"}, {ask: "Patient?_sort=birthdate&_count=6", pages: true, ordered: true, own: "no links"},
	{ask: "POST Condition?_count=7&code=I10", pages: true, own: "no links"}, {ask: "Condition?_count=21"},
	{ask: "?_getpages=no-such-token&_getpagesoffset=5&_count=5", own: "no such pages"},
	// counts
	{ask: "Patient?_summary=count"}, {ask: "Observation?patient=Patient/p1&_summary=count"}, {ask: "Observation?patient=nobody&_summary=count"},
	{ask: "Patient?_count=0", own: "counts nothing"}, {ask: "Observation?patient=Patient/p1&_total=accurate"},
	// what is wrong
	{ask: "Patient?shoesize=44", own: "finds nothing"}, {ask: "Nothing?patient=Patient/p1", own: "400"},
	{ask: "Patient?birthdate=yesterday", own: "finds nothing"}, {ask: "Patient?_sort=shoesize", own: "ignored"},
	{ask: "Patient?_count=many", own: "ignored"}, {ask: "Observation?value-quantity=much", own: "not built"},
}

// answered is what of an answer must be alike.
type answered struct {
	Status  int
	Type    string // media type
	Kind    string // resourceType
	ID      string
	ETag    string
	IDs     [][]string // of each page
	Total   int        // -1: not told
	Version string     // of FHIR, in a capability statement
}

// ask sends one interaction; total is told where the request asked for it, since a
// server may add it anywhere.
func ask(t *testing.T, base string, i interaction) answered {
	t.Helper()
	text := daysFilledIn(i.ask)
	method := http.MethodGet
	if rest, ok := strings.CutPrefix(text, "POST "); ok {
		text, method = rest, http.MethodPost
	}
	path, query, _ := strings.Cut(text, "?")
	var res *http.Response
	var err error
	values, perr := url.ParseQuery(query)
	if perr != nil {
		t.Fatal(perr)
	}
	if method == http.MethodPost {
		res, err = http.PostForm(base+"/"+path+"/_search", values)
	} else {
		res, err = http.Get(strings.TrimSuffix(base+"/"+path+"?"+values.Encode(), "?"))
	}
	if err != nil {
		t.Fatal(err)
	}
	a, next := read(t, res)
	for i.pages && next != "" && len(a.IDs) < 20 {
		res, err := http.Get(next)
		if err != nil {
			t.Fatal(err)
		}
		var more answered
		more, next = read(t, res)
		a.IDs = append(a.IDs, more.IDs...)
	}
	if !strings.Contains(i.ask, "_total") && !strings.Contains(i.ask, "_summary=count") && !strings.Contains(i.ask, "_count=0") {
		a.Total = -1
	}
	if !i.ordered {
		all := slices.Concat(a.IDs...)
		slices.Sort(all)
		sizes := make([][]string, 0, len(a.IDs))
		for _, page := range a.IDs { // pages are of the same sizes, whatever is on each
			sizes = append(sizes, all[:len(page)])
			all = all[len(page):]
		}
		a.IDs = sizes
	}
	return a
}

// daysFilledIn writes the date of so many days ago for DAY-n.
func daysFilledIn(text string) string {
	return regexp.MustCompile(`DAY-[0-9]+`).ReplaceAllStringFunc(text, func(s string) string { return day(s[len("DAY-"):]) })
}

func day(back string) string {
	n := 0
	for _, c := range back {
		n = 10*n + int(c-'0')
	}
	return now.AddDate(0, 0, -n).Format(time.DateOnly)
}

// now is one moment for both servers; the hospital's dates lie relative to it.
var now = time.Now().UTC()

func read(t *testing.T, res *http.Response) (answered, string) {
	t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var tree struct {
		ResourceType, ID, FHIRVersion string
		Total                         *int
		Link                          []struct{ Relation, URL string }
		Entry                         []struct {
			Resource struct{ ResourceType, ID string }
		}
	}
	if err := json.Unmarshal(body, &tree); err != nil {
		t.Fatalf("%s: %v\n%.200s", res.Request.URL, err, body)
	}
	a := answered{Status: res.StatusCode, Kind: tree.ResourceType, Total: -1, Version: tree.FHIRVersion}
	a.Type, _, _ = mime.ParseMediaType(res.Header.Get("Content-Type"))
	if tree.ResourceType == "Bundle" {
		page := []string{}
		for _, e := range tree.Entry {
			page = append(page, e.Resource.ResourceType+"/"+e.Resource.ID)
		}
		a.IDs = [][]string{page}
	} else if tree.ResourceType != "OperationOutcome" && tree.ResourceType != "CapabilityStatement" {
		a.ID, a.ETag = tree.ID, res.Header.Get("ETag")
	}
	if tree.Total != nil {
		a.Total = *tree.Total
	}
	next := ""
	for _, l := range tree.Link {
		if l.Relation == "next" {
			next = l.URL
		}
	}
	return a, next
}

// hospital is the sandbox's server with one record that was deleted.
func hospital(t *testing.T) (*sandbox.Server, string) {
	t.Helper()
	s := sandbox.NewServer()
	sandbox.Fill(s, now)
	s.Put(map[string]any{"resourceType": "Basic", "id": "deleted", "code": map[string]any{"text": "synthetic"}})
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	return s, web.URL + "/fhir"
}

// fill puts the same hospital into another server.
func fill(t *testing.T, s *sandbox.Server, base string) {
	t.Helper()
	set := fhirdata.Set{}
	for name, body := range s.All {
		typ, id, _ := strings.Cut(name, "/")
		set[typ] = append(set[typ], fhirdata.Resource{Type: typ, ID: id, Body: body})
	}
	if err := fhirdata.Send(t.Context(), base, set); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, base+"/Basic/deleted", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		t.Fatalf("delete: %s", res.Status)
	}
	s.Delete("Basic", "deleted")
}

// TestContract: the sandbox's server answers like real ones, so that what runs
// before it runs before them.
func TestContract(t *testing.T) {
	t.Run("HAPI", func(t *testing.T) {
		real := testkit.NewHAPI(t, testkit.HAPIOptions{})
		s, base := hospital(t)
		fill(t, s, real.Base)
		for _, i := range contract {
			if got, want := ask(t, base, i), ask(t, real.Base, i); !alike(got, want) {
				t.Errorf("%s:\n sandbox %s\n HAPI    %s", i.ask, spelt(got), spelt(want))
			}
		}
	})
	t.Run("Medplum", func(t *testing.T) {
		real := testkit.EmptyMedplum(t)
		s, base := hospital(t)
		fill(t, s, real.Base)
		compared := 0
		for _, i := range contract {
			if i.own != "" {
				continue
			}
			compared++
			got, want := ask(t, base, i), ask(t, real.Base, i)
			got.ETag, want.ETag = "", "" // its version ids are UUIDs
			if !alike(got, want) {
				t.Errorf("%s:\n sandbox %s\n Medplum %s", i.ask, spelt(got), spelt(want))
			}
		}
		if compared < len(contract)/2 {
			t.Errorf("only %d of %d lines are compared", compared, len(contract))
		}
	})
}

func alike(a, b answered) bool { return spelt(a) == spelt(b) }

func spelt(a answered) string {
	b, _ := json.Marshal(a)
	return string(b)
}

// TestPartialDates: at the precision of a year HAPI leaves the year itself out of
// ge and le, which hl7.org/fhir/R4/search.html#prefix puts in. The sandbox follows
// the text there, and the contract names days.
func TestPartialDates(t *testing.T) {
	_, base := hospital(t)
	for query, want := range map[string]string{"le1946": "Patient/p1 Patient/p2 Patient/p20", "lt1946": "Patient/p1 Patient/p20"} {
		a := ask(t, base, interaction{ask: "Patient?birthdate=" + query})
		if got := strings.Join(slices.Concat(a.IDs...), " "); got != want {
			t.Errorf("birthdate=%s: got %s, want %s", query, got, want)
		}
	}
}

// TestContractIsNotEmpty: the lines of the contract find something, so that two
// servers are not alike for want of data.
func TestContractIsNotEmpty(t *testing.T) {
	s, base := hospital(t)
	s.Delete("Basic", "deleted")
	found, refused := 0, 0
	for _, i := range contract {
		switch a := ask(t, base, i); {
		case a.Status >= 400:
			refused++
		case a.ID != "" || len(slices.Concat(a.IDs...)) > 0 || a.Total > 0:
			found++
		}
	}
	if found < 70 || refused < 12 {
		t.Errorf("%d lines find something and %d are refused", found, refused)
	}
}
