package serve_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"modicum/internal/people"
	"modicum/internal/signin"
	"modicum/internal/store"
	"modicum/ledger"
	"modicum/ledger/verify"
)

// officer is somebody at the console who may read the record.
type officer struct {
	*site
	cookies []*http.Cookie
}

// officerAt makes petra one: her duty was given by one person and agreed to by another.
func officerAt(t testing.TB, s *site) *officer {
	t.Helper()
	d := s.server.People()
	gift := people.Gift{Person: "petra", Kind: people.DutyKind, Name: string(people.ReadRecord), Why: "she investigates"}
	add := func(id, name string) error {
		_, err := d.Add(t.Context(), people.Actor{ID: "olga"}, &people.Person{UserName: id, Name: name})
		return err
	}
	if _, err := d.First(t.Context(), &people.Person{UserName: "olga", Name: "Olga Owner"}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(add("petra", "Petra Alvarez"), add("alice", "Alice Stone"), add("zoe", "Zoe Zimmer"), d.Give(t.Context(), people.Actor{ID: "olga"}, gift)); err != nil {
		t.Fatal(err)
	}
	return &officer{s, s.signedIn(t, "petra")}
}

func (s *site) signedIn(t testing.TB, who string) []*http.Cookie {
	t.Helper()
	w := httptest.NewRecorder()
	if err := s.server.Sessions().Begin(t.Context(), w, httptest.NewRequest(http.MethodGet, "/", nil), who, signin.Proof{How: []string{"hwk", "user"}}); err != nil {
		t.Fatal(err)
	}
	return w.Result().Cookies()
}

// page asks for a page, or posts a form to it.
func (o *officer) page(t testing.TB, path string, form ...string) (int, string) {
	t.Helper()
	method, body := http.MethodGet, ""
	if len(form) > 0 {
		values := url.Values{}
		for i := 0; i < len(form); i += 2 {
			values.Set(form[i], form[i+1])
		}
		method, body = http.MethodPost, values.Encode()
	}
	r, err := http.NewRequestWithContext(t.Context(), method, o.main.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", o.main.URL)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for _, c := range o.cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// TestL2_TheRecordIsReadAtTheConsole: through session, store and archived policies: found by
// person, by patient, by what was lent, explained to the bit, proved, and each reading an
// entry of the reader's.
func TestL2_TheRecordIsReadAtTheConsole(t *testing.T) {
	s := lendingSite(t)
	o := officerAt(t, s)
	status, id, _ := s.get("alice", "/fhir/Patient/p1")
	if status != http.StatusOK {
		t.Fatalf("alice: %d", status)
	}
	_, refused, _ := s.get("zoe", "/fhir/Patient/p2")
	status, glass, _ := s.get("zoe", "/fhir/Patient/p1", "Modicum-Purpose", "ETREAT", "Modicum-Reason", url.PathEscape("collapsed in the lobby"))
	if status != http.StatusOK {
		t.Fatalf("zoe: %d", status)
	}
	s.server.Gate().Wait()
	grant := s.server.Lent().Grants("zoe")[0].ID
	has := func(page string, want bool, ids ...string) {
		t.Helper()
		for _, id := range ids {
			if strings.Contains(page, "/record/"+id) != want {
				t.Errorf("%s is there: %v", id, !want)
			}
		}
	}
	_, page := o.page(t, "/record")
	has(page, true, id, refused, glass)
	if !strings.Contains(page, "Alice Stone, clinician, read Patient of one patient, for treatment") || !strings.Contains(page, "1 record shown") {
		t.Error("the record is not told in words")
	}
	_, page = o.page(t, "/record?who=alice")
	has(page, true, id)
	has(page, false, refused, glass)
	_, page = o.page(t, "/record", "patient", "p1", "kind", "decision")
	has(page, true, id, glass)
	has(page, false, refused)
	_, page = o.page(t, "/record?grant="+grant+"&kind=decision")
	has(page, true, glass)
	has(page, false, id, refused)

	then := s.server.Generation().Set.Hash()
	s.policy.put(strings.Replace(emergencies, "say: The chart.", "say: The chart of a patient.", 1))
	if err := s.server.Reload(t.Context()); err != nil || s.server.Generation().Set.Hash() == then {
		t.Fatal("no other policy is in force", err) // the one of then is archived
	}
	for _, one := range []string{id, glass} {
		status, page = o.page(t, "/record/"+one)
		if status != http.StatusOK || !strings.Contains(page, "The same answer follows from what is recorded") || !strings.Contains(page, "Patient name") {
			t.Errorf("the entry: %d", status)
		}
	}
	if !strings.Contains(page, "/grants/"+grant) {
		t.Error("the entry does not lead to what was lent")
	}
	key, err := ledger.ReadKey(s.config.Ledger.Key)
	if err != nil {
		t.Fatal(err)
	}
	status, proof := o.page(t, "/record/"+id+"/proof")
	r, err := verify.Proof([]byte(proof), key.Public())
	if status != http.StatusOK || err != nil || !r.OK || !strings.Contains(r.Entry, id) {
		t.Errorf("the proof: %d, %+v, %v", status, r, err)
	}
	found, err := s.server.Store().Search(t.Context(), store.Query{Who: "petra", Kind: ledger.KindAct})
	if err != nil {
		t.Fatal(err)
	}
	said := ""
	for _, rec := range found {
		said += string(rec.Body) + "\n"
	}
	for _, want := range []string{`"act":"log-read"`, `["search","who=alice"]`, `["search","kind=decision"]`, `["entry","` + id + `"]`, `["proof","` + id + `"]`} {
		if !strings.Contains(said, want) {
			t.Errorf("on record is not %s", want)
		}
	}
	if strings.Contains(said, `p1"`) {
		t.Error("the record names a patient")
	}
	o.cookies = s.signedIn(t, "alice")
	for _, path := range []string{"/record", "/record/" + id, "/record/" + id + "/proof"} {
		if status, _ := o.page(t, path); status != http.StatusForbidden {
			t.Errorf("%s of a clinician: %d", path, status)
		}
	}
}

// unread is a record that takes everything but who reads it.
type unread struct{ ledger.Log }

func (u unread) Append(ctx context.Context, e ledger.Entry, act func(ledger.Tx) error) (ledger.Receipt, error) {
	if a, ok := e.(*ledger.Act); ok && a.Act == ledger.ActLogRead {
		return ledger.Receipt{}, ledger.ErrNotDurable
	}
	return u.Log.Append(ctx, e, act)
}

// TestL1_TheRecordIsNotShownWhereItsReaderCannotBeWrittenDown through the wiring: the entry
// goes where all others go.
func TestL1_TheRecordIsNotShownWhereItsReaderCannotBeWrittenDown(t *testing.T) {
	s := newSite(t)
	s.stop()
	s.before = func(l ledger.Log) ledger.Log { return unread{l} }
	s.start()
	o := officerAt(t, s)
	s.post(assignment("alice", true, time.Minute))
	s.read("alice")
	for _, path := range []string{"/record", "/record?as=csv"} {
		if status, page := o.page(t, path); status != http.StatusServiceUnavailable || strings.Contains(page, "Alice Stone") {
			t.Errorf("%s: %d", path, status)
		}
	}
}
