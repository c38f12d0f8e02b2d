package fhir_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/internal/door/fhir"
	"modicum/internal/matrix"
	"modicum/policy"
)

// TestFC01_EveryCellOfTheMatrixIsAnsweredAsItsRuleSays asks everything that R4 lets a
// client ask, as somebody whose task keeps all there is, and again as somebody whose
// task shows all of it and keeps nothing: for the second, a parameter that reads an
// element is one that does not exist, and in either case what is refused sends nothing
// (F1).
func TestFC01_EveryCellOfTheMatrixIsAnsweredAsItsRuleSays(t *testing.T) {
	m := newMatrixDoor(t)
	every := 1
	if testing.Short() {
		every = 17
	}
	n := 0
	for c := range matrix.Cells(catalog.R4()) {
		n++
		if n%every != 0 {
			continue
		}
		classes := matrix.Of(&c)
		if len(classes) != 1 {
			t.Fatalf("%s has %d verdicts", &c, len(classes))
		}
		m.check(t, &c, classes[0])
		if t.Failed() && n > 60000 {
			break
		}
	}
}

// matrixDoor is a door before an upstream that has nothing.
type matrixDoor struct {
	*clinic
	sent    int
	unknown string // what an unknown parameter is answered
}

func newMatrixDoor(t *testing.T) *matrixDoor {
	up := newSheet(t)
	m := &matrixDoor{}
	up.answer = func(w http.ResponseWriter, r *http.Request) {
		m.sent++
		up.asked, up.bodies, up.headers = nil, nil, nil
		w.Header().Set("Content-Type", "application/fhir+json")
		if r.Method == http.MethodPut {
			w.WriteHeader(http.StatusCreated)
			return
		}
		if strings.Count(r.URL.Path, "/") > 2 && !strings.HasSuffix(r.URL.Path, "/_search") {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		io.WriteString(w, `{"resourceType":"Bundle","type":"searchset"}`)
	}
	m.clinic = openClinicAt(t, up.URL+"/fhir", matrixPolicy(t), map[string]string{"adt": assigned}, func(c *clinic, cfg *fhir.Config) {
		c.book.forget = true
		cfg.Endpoints = &provider{&caller.Endpoints{Issuer: "https://id.example", Authorization: "https://id.example/auth", Token: "https://id.example/token"}}
	})
	m.staff["alice"].Roles = []string{"whole"}
	m.staff["bob"].Roles = []string{"veiled"}
	m.unknown = m.send("alice", "GET", "/Patient?unheard-of=x", "", [2]string{}).Body.String()
	return m
}

// matrixPolicy has a role that keeps every class and one that masks them.
func matrixPolicy(t *testing.T) *policy.Set {
	var classes []string
	for _, c := range catalog.R4().Classes() {
		if !strings.HasPrefix(c.Name, "sensitive") {
			classes = append(classes, c.Name)
		}
	}
	role := func(name, how, do string) string {
		return "role: " + name + "\ntitle: Everything\nowner: boss\nreview: 12 months\ntasks:\n  all:\n    title: All\n    purpose: treatment\n    do: [" + do + "]\n" +
			"    while: [assigned-patient]\n    within: whole-record\n    justify: The matrix asks for all there is.\n    marked: [sensitive]\n    see: {" + how + ": [" + strings.Join(classes, ", ") + "]}\nsay: Everything.\n"
	}
	set, problems := policy.Load(fstest.MapFS{
		"organization.yaml": {Data: []byte("organization: matrix\ntitle: Matrix\ntime-zone: UTC\npositions: [boss]\npurposes: {treatment: [TREAT]}\nsmall-cells: 11\n")},
		"conditions.yaml":   {Data: []byte("sources:\n  adt: {title: Admissions, fresh: 1 day, programs: [adt-feed]}\nfacts:\n  assigned-patient: {means: Looks after the patient., about: patient, from: [adt]}\n")},
		"roles/whole.yaml":  {Data: []byte(role("whole", "keep", "read, search, create, update"))},
		"roles/veiled.yaml": {Data: []byte(role("veiled", "mask", "read, search"))},
	}, catalog.R4())
	if set == nil {
		t.Fatalf("policy:\n%v", problems)
	}
	return set
}

func (m *matrixDoor) send(who, method, path, body string, header [2]string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/fhir"+strings.ReplaceAll(path, " ", "%20"), strings.NewReader(body))
	if body == "" {
		r.Body, r.ContentLength = http.NoBody, 0
	}
	r.Header.Set("Authorization", "Bearer "+who)
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	if header[0] != "" {
		r.Header.Set(header[0], header[1])
	}
	w := httptest.NewRecorder()
	m.Config.Handler.ServeHTTP(w, r)
	return w
}

func (m *matrixDoor) check(t *testing.T, c *matrix.Cell, class *matrix.Class) {
	t.Helper()
	method, path := c.Request()
	body := strings.ReplaceAll(c.Interaction.Body, "{type}", c.Name)
	m.sent = 0
	w := m.send("alice", method, path, body, c.Interaction.Header)
	want := map[matrix.Verdict][]int{
		matrix.Judged: {200, 404}, matrix.Written: {200, 201, 403, 404, 405, 412, 422, 428}, matrix.Public: {200}, matrix.Unknown: {400}, matrix.Malformed: {400}, matrix.NotDone: {405, 404},
	}[class.Verdict]
	if !slices.Contains(want, w.Code) {
		t.Errorf("%s (%s): %d, want %v; a change that is meant needs its rule in internal/matrix/classes.go: %s", c, class.Name, w.Code, want, w.Body)
	}
	if class.Verdict != matrix.Judged && class.Verdict != matrix.Written && m.sent > 0 {
		t.Errorf("%s (%s): %d requests went to the upstream (F1)", c, class.Name, m.sent)
	}
	if class.Verdict == matrix.Unknown && w.Body.String() != m.unknown {
		t.Errorf("%s (%s): is told apart from an unknown parameter: %s", c, class.Name, w.Body)
	}
	if class.Verdict != matrix.Judged || c.Param.Def == nil || free(c) {
		return
	}
	m.sent = 0
	if w := m.send("bob", method, path, body, c.Interaction.Header); w.Code != 400 || w.Body.String() != m.unknown || m.sent > 0 {
		t.Errorf("%s (%s): searched by what is never kept: %d, %d sent: %s", c, class.Name, w.Code, m.sent, w.Body)
	}
}

// free criteria read nothing that does not come with whatever shows: ids, and whose
// records are asked for. A chain that is free itself passes where references show: nowhere,
// for who is shown none.
func free(c *matrix.Cell) bool {
	d := c.Param.Def
	if c.Param.Name == "_has" || strings.HasSuffix(c.Param.Name, "._id") {
		return strings.HasPrefix(c.Param.Value, "Patient/") || c.Param.Value == "x1" && d.NamesPatient
	}
	return d.Name == "_id" || d.NamesPatient && (strings.HasPrefix(c.Param.Value, "Patient/") || c.Param.Modifier == "Patient._id")
}
