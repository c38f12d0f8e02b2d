package gate

import (
	"context"
	"errors"
	"time"

	"modicum/ledger"
)

// underway is an append that was begun.
type underway struct {
	most    time.Duration
	started ledger.Started // nil where a goroutine waits
	ended   chan error     // its one value, then
}

// begin appends an entry while the caller goes on: without a goroutine, where the log can.
func (g *Gate) begin(e ledger.Entry) underway {
	u := underway{most: g.cfg.LogWait}
	if log, can := g.cfg.Log.(ledger.Starter); can {
		started, ok, err := log.Start(e)
		if ok {
			u.started = started
			return u
		}
		if err != nil {
			u.ended = make(chan error, 1)
			u.ended <- err
			return u
		}
	}
	u.ended = make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), u.most)
		defer cancel()
		_, err := g.cfg.Log.Append(ctx, e, nil)
		u.ended <- err
	}()
	return u
}

// wait returns how the append ended. It is called once.
func (u *underway) wait(ctx context.Context) error {
	if u.started != nil {
		_, err := u.started.Wait(ctx, u.most)
		return err
	}
	select {
	case err := <-u.ended:
		return err
	case <-ctx.Done():
		return errors.Join(ledger.ErrNotDurable, ctx.Err())
	}
}
