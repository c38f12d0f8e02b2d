package serve

import (
	"context"

	"modicum/internal/console"
	"modicum/internal/notice"
	"modicum/internal/tokens"
	"modicum/ledger"
)

// Before puts a record that fails before the store.
func (o *Options) Before(f func(ledger.Log) ledger.Log) { o.before = f }

// Drain drains the spool now, as it is tried while serving.
func (s *Server) Drain(ctx context.Context) error { return s.spool.Drain(ctx) }

// Heed looks once for what nobody did.
func (s *Server) Heed(ctx context.Context) error { return s.heed(ctx) }

// Notices tells people.
func (s *Server) Notices() *notice.Teller { return s.org.notices }

// OwnView reads a patient as a viewer of the console may.
func (s *Server) OwnView(ctx context.Context, v *console.Viewer, task, patient string) ([]byte, error) {
	return s.ownView(ctx, v, task, patient)
}

// Tokens gives out tokens.
func (s *Server) Tokens() *tokens.Service { return s.org.tokens }
