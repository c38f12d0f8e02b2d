package signin_test

import (
	"slices"
	"testing"
	"time"

	"modicum/internal/book"
	"modicum/internal/people"
	"modicum/internal/signin"
)

// What was given in a session may outlive the hour in which nobody touched it: so
// whatever ends sessions finds an idle one, too, however often it was swept or kept.
func TestG3_AnIdleSessionIsStillThereToBeEnded(t *testing.T) {
	for name, end := range map[string]func(s *site, id string) error{
		"by its issuer": func(s *site, _ string) error {
			_, err := s.svc.EndBy(s.t.Context(), "", "", "alice")
			return err
		},
		"by whoever runs people": func(s *site, id string) error { return s.svc.End(s.t.Context(), olga, id) },
		"by its person":          func(s *site, id string) error { return s.svc.End(s.t.Context(), people.Actor{ID: "alice"}, id) },
		"with all of theirs": func(s *site, _ string) error {
			signedIn(s.t, s, "alice").post("/settings/sign-in/session/others", nil)
			return nil
		},
		"with its person": func(s *site, _ string) error {
			return s.desk.Change(s.t.Context(), func(c *book.Change) error { s.svc.Gone(c, "alice"); return s.entry(c) })
		},
		"by its time": func(s *site, _ string) error { s.pass(12 * time.Hour); signedIn(s.t, s, "bob"); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			var ended []string
			s.svc.OnEnd(func(_ *book.Change, x *signin.Session) { ended = append(ended, x.ID) })
			b := signedIn(t, s, "alice")
			id := s.svc.Sessions("alice")[0].ID
			s.pass(31 * time.Minute)
			signedIn(t, s, "bob") // what is over is swept
			if err := s.svc.Keep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if b.who() != "" || s.svc.Live(id) || len(s.svc.Sessions("alice")) != 0 {
				t.Error("an idle session goes on, or is listed")
			}
			if len(ended) != 0 {
				t.Fatal("what was given in it ended with the idle time")
			}
			if err := end(s, id); err != nil || !slices.Contains(ended, id) {
				t.Errorf("ended %q of %q: %v", ended, id, err)
			}
		})
	}
}
