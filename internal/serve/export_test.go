package serve

import (
	"context"

	"modicum/ledger"
)

// Before puts a record that fails before the store.
func (o *Options) Before(f func(ledger.Log) ledger.Log) { o.before = f }

// Drain drains the spool now, as it is tried while serving.
func (s *Server) Drain(ctx context.Context) error { return s.spool.Drain(ctx) }
