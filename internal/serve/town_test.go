package serve_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/config"
	"modicum/internal/people"
	"modicum/internal/sandbox"
	"modicum/internal/store"
	"modicum/internal/testkit"
	"modicum/ledger"
)

// town is the policy of the stories. Its program is called sandbox, as elsewhere.
const townPolicy = `
-- organization.yaml --
organization: town
title: Town Hospital
time-zone: UTC
positions: [boss, charge-nurse, privacy]
purposes: {treatment: [TREAT], payment: [HPAYMT]}
ask: {for: 15 minutes}
break-glass: {for: 4 hours, patients: 5 per day, review: 72 hours, tell: [privacy, care-team]}
exceptions: {for: 8 hours, patients: 1, approve: [privacy]}
programs:
  lab: {title: Interface of the laboratory, owner: boss, role: laboratory, task: results, key: private-key-jwt, rotate: 90 days}
-- conditions.yaml --
sources:
  adt: {title: Admissions, fresh: 12 hours, programs: [sandbox]}
  roster: {title: Roster, fresh: 12 hours, programs: [sandbox]}
  queue: {title: Work queues, fresh: 12 hours, programs: [sandbox]}
facts:
  assigned-patient: {means: The patient is in the caller's care., about: patient, from: [adt]}
  during-shift: {means: The caller is on shift., about: caller, from: [roster]}
  work-item: {means: An open item of the caller's queue names the patient., about: patient, from: [queue]}
-- roles/clinician.yaml --
role: clinician
title: Physician
owner: boss
review: 12 months
say: The chart of your patients.
tasks:
  chart:
    title: Look after a patient
    purpose: treatment
    do: [read, search]
    while: [assigned-patient]
    see: {keep: [demographics.name, demographics.birth-date, clinical.problem]}
    break-glass: {for: 2 hours, review: 72 hours}
-- roles/laboratory.yaml --
role: laboratory
title: Interface of the laboratory
held-by: programs
owner: boss
review: 12 months
say: What it put there.
tasks:
  results:
    title: Read problems for the laboratory
    purpose: treatment
    do: [read, search]
    while: [assigned-patient]
    see: {keep: [clinical.problem]}
-- roles/nurse.yaml --
role: nurse
title: Nurse
owner: boss
review: 12 months
say: The chart of the patients in your care.
tasks:
  care:
    title: Care for a patient on the unit
    purpose: treatment
    do: [read, search]
    while: [assigned-patient]
    see: {keep: [demographics.name, clinical.problem]}
  cover:
    title: Cover for a colleague
    purpose: treatment
    do: [read, search]
    while: [during-shift]
    see: {keep: [demographics.name, clinical.problem]}
    lend: {for: 12 hours, approve: [charge-nurse], reasons: [covering for a colleague, help at the bedside]}
    justify: Who covers needs the same chart, for one patient, with the charge nurse's word.
-- roles/biller.yaml --
role: biller
title: Billing specialist
owner: boss
review: 12 months
say: What the claim in front of you needs.
tasks:
  bill:
    title: Work on a claim
    purpose: payment
    do: [read, search]
    while: [work-item]
    see: {keep: [demographics.name], last4: [identifiers.account], mask: [demographics.gender]}
`

// town is a hospital with everything real around it: door, record, provisioning, and one
// browser in which each of its people has a profile of their own.
type town struct {
	*site
	t    *testing.T
	up   *upstream
	web  context.Context // of the browser
	seen []*reader
}

// scimToken is what the organization's own directory shows. It opens nothing else.
const scimToken = "0123456789abcdef0123456789abcdef"

// newTown has an owner; more stands over the policy.
func newTown(t *testing.T, more ...string) *town {
	t.Helper()
	s := emptyTown(t, more...)
	s.owned()
	return s
}

// unbrowsed is a town without a browser.
func unbrowsed(t *testing.T) *town {
	t.Helper()
	s := found(t)
	s.owned()
	return s
}

func (s *town) owned() {
	s.t.Helper()
	if _, err := s.server.People().First(s.t.Context(), &people.Person{ID: "olga", UserName: "olga", Name: "Olga Owner"}); err != nil {
		s.t.Fatal(err)
	}
}

func emptyTown(t *testing.T, more ...string) *town {
	t.Helper()
	s := found(t, more...)
	s.web = testkit.Chromium(t)
	return s
}

func found(t *testing.T, more ...string) *town {
	t.Helper()
	up := &upstream{Server: sandbox.NewServer()}
	sandbox.Fill(up.Server, time.Now())
	s := &town{site: prepare(t, up), t: t, up: up}
	s.policy.files = nil
	for _, text := range append([]string{townPolicy}, more...) {
		s.policy.put(text)
	}
	s.named()
	file := filepath.Join(s.dir, "scim.token")
	if err := os.WriteFile(file, []byte(scimToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.config.SCIM = &config.SCIM{TokenFiles: []string{file}, Person: "userName", Groups: map[string]string{"ward nurses": "nurse"}}
	s.start()
	return s
}

// named puts an installation under a name that passkeys know.
func (s *site) named() {
	s.t.Helper()
	s.port = testkit.FreePort(s.t)
	s.config.Public = "http://localhost:" + s.port
	s.config.SignIn = config.SignIn{Idle: time.Hour, Longest: 12 * time.Hour, Shift: 12 * time.Hour}
}

var olga = people.Actor{ID: "olga"}

// adds adds somebody who holds a role and has a browser with a passkey before them; the
// positions come afterwards.
func (s *town) adds(id, name, role string, positions ...string) *reader {
	s.t.Helper()
	if _, err := s.server.People().Add(s.t.Context(), olga, &people.Person{ID: id, UserName: id, Name: name, Active: true}); err != nil {
		s.t.Fatal(err)
	}
	r := s.signsIn(id)
	if role != "" {
		s.gives(id, people.Role, role)
	}
	for _, p := range positions {
		s.gives(id, people.Position, p)
	}
	return r
}

func (s *town) gives(id string, kind people.Kind, name string) {
	s.t.Helper()
	if err := s.server.People().Give(s.t.Context(), olga, people.Gift{Person: id, Kind: kind, Name: name, Why: "works here"}); err != nil {
		s.t.Fatal(err)
	}
}

// signsIn invites somebody who is there, and has them register a passkey.
func (s *town) signsIn(id string) *reader {
	s.t.Helper()
	link, _, err := s.server.Sessions().Invite(s.t.Context(), olga, id)
	if err != nil {
		s.t.Fatal(err)
	}
	r := s.reads(id)
	r.Enrol(link, func(*testkit.Visitor) {})
	return r
}

// states posts facts of the hospital's feeds. Each source was read whole the first time.
func (s *town) states(lines ...string) {
	s.t.Helper()
	if status, text := s.post(strings.Join(lines, "\n") + "\n"); status != http.StatusOK {
		s.t.Fatalf("facts: %d %s", status, text)
	}
}

func (s *town) whole(source string) string {
	now, _ := s.now()
	return fmt.Sprintf(`{"source":%q,"whole":%q}`, source, now.UTC().Format(time.RFC3339))
}

func about(fact, who, patient, source string) string {
	return fmt.Sprintf(`{"fact":%q,"who":%q,"patient":"Patient/%s","source":%q,"recorded_by":"clerk"}`, fact, who, patient, source)
}

// asks asks at the door as somebody with a token of their identity provider, which says
// nothing of roles: the directory does.
func (s *town) asks(who, path string, headers ...string) (status int, decision, body string) {
	s.t.Helper()
	res := s.opens(who, path, headers...)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Modicum-Decision"), string(b)
}

func (s *town) opens(who, path string, headers ...string) *http.Response {
	s.t.Helper()
	token, err := s.issuer.Token(sandbox.Person{ID: who}, sandbox.Ward, time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return s.shows(token, path, headers...)
}

func (s *town) shows(token, path string, headers ...string) *http.Response {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.main.URL+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	return res
}

// decision is the entry of a decision, whole: its outcome is on record too.
func (s *town) decision(id string) *ledger.Decision {
	s.t.Helper()
	s.server.Gate().Wait()
	got := s.site.stored(s.t, id)
	if len(got) < 2 || got[len(got)-1].Header().Kind != ledger.KindOutcome {
		s.t.Fatalf("of decision %s the record has %d entries", id, len(got))
	}
	d, ok := got[0].(*ledger.Decision)
	if !ok {
		s.t.Fatalf("%s is a %T", id, got[0])
	}
	return d
}

// acts are those on record about something, as "who act", in their order.
func (s *town) acts(about string) (out []string) {
	s.t.Helper()
	found, err := s.server.Store().Search(s.t.Context(), store.Query{Kind: ledger.KindAct, Limit: 1000})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, rec := range found {
		e, err := rec.Entry()
		if err != nil {
			s.t.Fatal(err)
		}
		if a, ok := e.(*ledger.Act); ok && slices.ContainsFunc(a.What, func(w string) bool { return strings.Contains(w, about) }) {
			out = append(out, a.Who+" "+a.Act)
		}
	}
	return out
}

// closes ends a story: no browser complained, and the folder of the record verifies
// without the server.
func (s *town) closes() {
	s.t.Helper()
	for _, r := range s.seen {
		r.quiet()
	}
	folder := s.server.Store().Folder()
	s.stop()
	s.verifies(folder)
}
