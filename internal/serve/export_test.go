package serve

import (
	"context"
	"log/slog"

	"modicum/internal/caller"
	"modicum/internal/config"
	"modicum/internal/console"
	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/internal/preview"
	"modicum/internal/tokens"
	"modicum/ledger"
	"modicum/policy"
)

// Before puts a record that fails before the store.
func (o *Options) Before(f func(ledger.Log) ledger.Log) { o.before = f }

// Drain drains the spool now, as it is tried while serving.
func (s *Server) Drain(ctx context.Context) error { return s.spool.Drain(ctx) }

// TellIdentities is what a start says of who people of a directory are at issuers, where no
// issuer is listed.
func TellIdentities(ctx context.Context, d *people.Directory, diary *slog.Logger) {
	(&Server{opts: Options{Config: &config.Config{}}, org: &organization{people: d}, diary: diary}).tellIdentities(ctx)
}

// Heed looks once for what nobody did.
func (s *Server) Heed(ctx context.Context) error { return s.heed(ctx) }

// Notices tells people.
func (s *Server) Notices() *notice.Teller { return s.org.notices }

// OwnView reads a patient as whoever looks may.
func (s *Server) OwnView(ctx context.Context, by preview.Asker, task, patient string) ([]byte, error) {
	return s.ownView(ctx, by, task, patient)
}

// AsCaller is the viewer of a page as one who asks at the door.
func (s *Server) AsCaller(by preview.Asker, task string) *caller.Caller { return s.asCaller(by, task) }

// Tokens gives out tokens.
func (s *Server) Tokens() *tokens.Service { return s.org.tokens }

// Approved is what follows the entry of a policy that two persons agreed on.
func (s *Server) Approved(ctx context.Context, set *policy.Set) error { return s.approved(ctx, set) }

// Swap leaves a policy in force, as a swap that could not be made does.
func (s *Server) Swap(ctx context.Context, set *policy.Set) error { return s.putInForce(ctx, set) }

// Looked looks at the policy's folder as is done while serving.
func (s *Server) Looked(ctx context.Context, before Seen) (Seen, error) {
	now := s.look(ctx, before)
	return now, now.why
}

// ToldLook logs what came of looks.
func (s *Server) ToldLook(ctx context.Context, told string, why error) string {
	return s.tellLook(ctx, told, why)
}

// Seen is what a look saw.
type Seen = seen

// Pages are those of the console.
func (s *Server) Pages() []console.Page { return s.browser.site.Paths() }
