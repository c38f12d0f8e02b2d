package console_test

import (
	"context"
	"html"
	"strings"
	"testing"
	"time"

	"modicum/internal/caller"
	"modicum/internal/console"
	"modicum/internal/facts"
	"modicum/internal/health"
	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/internal/spool"
	"modicum/internal/upstream"
)

// system is a console of which olga runs the machine, and what she did there.
type system struct {
	*world
	state   *health.State
	enabled []string
}

func newSystem(t testing.TB) *system {
	t.Helper()
	s := &system{world: newWorld(t, nil), state: ailing()}
	pages := &console.System{
		Health: func(context.Context) *health.State { return s.state },
		EnableHook: func(_ context.Context, name, who string) error {
			if name != "pager" {
				return notice.ErrNoHook
			}
			s.enabled = append(s.enabled, name+" by "+who)
			return nil
		},
		Installation: installation,
	}
	rebuild(t, s.world, pages.Pages()...)
	s.proved.Store(true)
	s.as("olga", people.RunSystem)
	return s
}

func (s *system) as(id string, duties ...people.Duty) {
	s.viewer.Store(&console.Viewer{Person: &people.Person{ID: id, Name: id, UserName: id, Active: true}, Duties: duties, Session: "s-" + id})
}

// healthy is an installation of which nothing is wrong.
func healthy() *health.State {
	fresh := func(name string) facts.SourceState {
		return facts.SourceState{Name: name, Fresh: time.Hour, LastWhole: noon.Add(-10 * time.Minute), LastChange: noon.Add(-2 * time.Minute), Facts: 412}
	}
	return &health.State{
		Now: noon, Trusted: true, Certain: true, Version: "0.4.1", Started: noon.Add(-30 * time.Hour),
		Policy:   health.Policy{Digest: strings.Repeat("4fa2", 16), Since: noon.Add(-26 * time.Hour)},
		Doors:    []health.Door{{Name: "fhir", At: "/fhir"}},
		Record:   health.Record{Origin: "modicum.hospital.example/main", Entries: 48213, Published: 48213, Last: noon.Add(-3 * time.Second)},
		Spool:    spool.State{Most: 16 << 20, Takes: true},
		Upstream: health.Upstream{Address: "https://ehr.hospital.example/fhir", State: upstream.State{Answered: noon.Add(-time.Second)}},
		Sources: []health.Source{
			{SourceState: fresh("adt"), Title: "Admissions, transfers, discharges", Feeds: []string{"assigned-patient", "episode"}},
			{SourceState: fresh("roster"), Title: "Duty roster", Feeds: []string{"during-shift"}},
		},
		Issuers: []caller.IssuerState{{Issuer: "https://id.hospital.example/realms/staff", Keys: 2, Loaded: noon.Add(-4 * time.Minute)}},
		Outlets: []notice.OutletState{{Name: "mail", Sent: noon.Add(-time.Hour)}, {Name: "webhook pager", Hook: "pager", Sent: noon.Add(-5 * time.Hour)}},
	}
}

// ailing is one of which much is.
func ailing() *health.State {
	s := healthy()
	s.Spool = spool.State{InUse: true, Since: noon.Add(-7 * time.Minute), Entries: 3, Bytes: 4096, Most: 16 << 20, Takes: true}
	s.Doors[0].Observe, s.Doors[0].Enforced = true, []string{"billing-specialist"}
	s.Record.Published, s.Loose = 48201, 1
	s.Upstream.Failed, s.Upstream.Why = noon, "nothing listens at its address"
	s.Sources[1].LastChange, s.Sources[1].Stale = noon.Add(-95*time.Minute), true
	s.Sources = append(s.Sources, health.Source{SourceState: facts.SourceState{Name: "queue", Fresh: 10 * time.Minute, NeverWhole: true, Stale: true}, Title: "Work queues", Feeds: []string{"work-item"}})
	s.Issuers[0].Error = "the issuer cannot be reached"
	s.Outlets[0].Failing, s.Outlets[0].Why, s.Outlets[0].Waiting, s.Outlets[0].GivenUp = noon.Add(-20*time.Minute), "it cannot be reached", 4, 1
	s.Outlets[1].Disabled = true
	s.Lacks = []people.Lack{{What: "second-administrator", Say: "One person alone runs people: nobody agrees to the rights that they give.", Do: "Give a second person the duty run-people."}}
	return s
}

// ailingSystem is what the pages of the system are of where others are tested as well.
func ailingSystem() *console.System {
	return &console.System{Health: func(context.Context) *health.State { return ailing() }, EnableHook: func(context.Context, string, string) error { return nil }, Installation: installation}
}

func installation() console.Installation {
	return console.Installation{File: "/etc/modicum/modicum.yaml", Changed: true, Settings: []console.Setting{
		{Path: "listen", Value: "0.0.0.0:8443", From: "MODICUM_LISTEN", Text: "HOST:PORT of console, API and FHIR."},
		{Path: "tls.key", Value: "from file tls.key, mode 0600", From: "/etc/modicum/modicum.yaml:14", Text: "Its key, PEM; a file that others cannot read."},
		{Path: "issuers[0].jwks_url", Value: "https://id.hospital.example/realms/staff/protocol/openid-connect/certs", From: "/etc/modicum/modicum.yaml:19", Text: "Address of the issuer's public keys, instead of a file."},
		{Path: "sign_in.idle", Value: "30 minutes", Text: "A session of the console ends after so long without a request: 1 minute to 12 hours."},
		{Path: "mail.server", Text: "HOST:PORT of the server that mail goes out by. Without it nobody is told by mail."},
	}}
}

// TestTheInstallationIsReadNotChanged: each key in force, where it was written, and how it
// is changed; nothing can be posted.
func TestTheInstallationIsReadNotChanged(t *testing.T) {
	s := newSystem(t)
	status, page := s.get(t, "/settings/installation")
	for _, want := range []string{"0.0.0.0:8443", "MODICUM_LISTEN", ">modicum.yaml:14<", "from file tls.key, mode 0600", ">as it comes<", ">not set<", "serve --check", "has changed since", "HOST:PORT of the server"} {
		if status != 200 || !strings.Contains(page, want) {
			t.Errorf("%d: the page does not say %q", status, want)
		}
	}
	if status, _ := s.send(t, "POST", "/settings/installation", "listen=0.0.0.0:1"); status != 405 {
		t.Errorf("a post: %d", status)
	}
}

// TestHealthSaysWhatIsWrongAndWhatToDo: each trouble with its remedy and where it stands,
// each source with its age against its bound.
func TestHealthSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	s := newSystem(t)
	status, page := s.get(t, "/health")
	if status != 200 {
		t.Fatal(status)
	}
	page = html.UnescapeString(page)
	for _, x := range s.state.Troubles() {
		if !strings.Contains(strings.ToLower(page), strings.ToLower(x.Say)) || !strings.Contains(page, x.Do) || !strings.Contains(page, `id="`+x.Part+`"`) {
			t.Errorf("the page does not tell of %q, of its remedy, or has no part %s", x.Say, x.Part)
		}
	}
	for _, want := range []string{">emergency<", "1 h 35 min of 1 h", "2 min of 1 h", ">stale<", ">never read whole<", "observes", "billing specialist", "12 follow", "entries that are not in the record yet: 3", "48,213", "0.4.1", "Look again", `: it cannot be reached</a>, since <time datetime="2026-11-27T17:45:09.123456Z"`, "One person alone runs people"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if _, file := s.get(t, "/health?as=csv"); !strings.Contains(file, "Duty roster,stale,1 h 35 min of 1 h,412,during shift") {
		t.Errorf("the file says %s", file)
	}
	s.state = healthy()
	if _, page := s.get(t, "/health"); !strings.Contains(page, "Nothing is wrong") || !strings.Contains(page, ">all is well<") || strings.Contains(page, "Switch on again") {
		t.Error("a healthy installation does not look like one")
	}
}

// TestC1_TheSystemIsForWhoRunsIt: others see nothing of it and switch nothing on; who runs
// it proves themselves first.
func TestC1_TheSystemIsForWhoRunsIt(t *testing.T) {
	s := newSystem(t)
	for _, duties := range [][]people.Duty{nil, {people.RunPeople, people.ReviewAccess, people.ReadRecord, people.WritePolicy, people.AgreePolicy}} {
		s.as("dan", duties...)
		if status, page := s.get(t, "/settings/installation"); status != 403 || strings.Contains(page, "MODICUM") {
			t.Errorf("the installation of somebody else: %d", status)
		}
		if status, page := s.get(t, "/health"); status != 403 || strings.Contains(page, "roster") {
			t.Errorf("of somebody else: %d", status)
		}
		if status, _ := s.send(t, "POST", "/health", "hook=pager"); status != 403 {
			t.Errorf("a post of somebody else: %d", status)
		}
	}
	s.as("olga", people.RunSystem)
	s.proved.Store(false)
	if status, to := s.send(t, "POST", "/health", "hook=pager"); status != 303 || !strings.HasPrefix(to, "/sign-in/prove") || len(s.enabled) > 0 {
		t.Errorf("without a proof: %d %s, %v", status, to, s.enabled)
	}
	s.proved.Store(true)
	if status, page := s.send(t, "POST", "/health", "hook=siren"); status != 422 || !strings.Contains(page, "no webhook of that name") {
		t.Errorf("a webhook that is not: %d", status)
	}
	if status, _ := s.send(t, "POST", "/health", "hook=pager"); status != 303 || len(s.enabled) != 1 || s.enabled[0] != "pager by olga" {
		t.Errorf("switching on: %d %v", status, s.enabled)
	}
}
