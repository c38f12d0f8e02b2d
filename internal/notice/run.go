package notice

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"modicum/internal/book"
)

// Names of outlets.
const (
	mailOutlet = "mail"
	hookOutlet = "webhook "
)

// makeOutlets makes one for each way out.
func (t *Teller) makeOutlets() error {
	if m := t.cfg.Mail; m != nil {
		post, err := newPost(*m)
		if err != nil {
			return err
		}
		t.outlet(mailOutlet, t.lettersWaiting, func(ctx context.Context, id string) verdict { return t.post(ctx, post, id) }, t.markLetter)
	}
	names := map[string]bool{}
	for i := range t.cfg.Hooks {
		h := &t.cfg.Hooks[i]
		if names[h.Name] {
			return fmt.Errorf("notice: two webhooks have one name")
		}
		names[h.Name] = true
		out, err := newCaller(*h)
		if err != nil {
			return err
		}
		t.outlet(hookOutlet+h.Name, func() []job { return t.callsWaiting(h) },
			func(ctx context.Context, id string) verdict { return t.ring(ctx, out, id) },
			func(ctx context.Context, id string, v verdict) error { return t.markCall(ctx, h, id, v) })
	}
	return nil
}

func (t *Teller) outlet(name string, waiting func() []job, send func(context.Context, string) verdict, mark func(context.Context, string, verdict) error) {
	wake := make(chan struct{}, 1)
	t.wake[name] = wake
	t.outlets = append(t.outlets, &outlet{name: name, now: t.cfg.Now, waiting: waiting, send: send, mark: mark, ready: t.ready, wake: wake, log: t.cfg.Log, state: OutletState{Name: name}})
}

// ready reports whether what becomes of a sending could be kept.
func (t *Teller) ready(ctx context.Context) bool {
	return t.desk.Certain() || t.desk.Reload(ctx) == nil
}

// Run sends what waits, until ctx ends; it returns when nothing is on its way any
// more. One process runs it once.
func (t *Teller) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, o := range t.outlets {
		all.Go(func() { o.run(ctx) })
	}
	all.Go(func() { t.sweep(ctx) })
	all.Wait()
}

// sweep puts away what is old, now and then every hour.
func (t *Teller) sweep(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if err := t.putAway(ctx); err != nil && ctx.Err() == nil {
			t.cfg.Log.WarnContext(ctx, "old notices could not be put away; tried again in an hour")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// State says how every way out does.
func (t *Teller) State() []OutletState {
	out := make([]OutletState, 0, len(t.outlets))
	for _, o := range t.outlets {
		o.mu.Lock()
		s := o.state
		o.mu.Unlock()
		out = append(out, s)
	}
	for i := range t.cfg.Hooks {
		h := &t.cfg.Hooks[i]
		for j := range out {
			if out[j].Name == hookOutlet+h.Name {
				out[j].Hook, out[j].Disabled = h.Name, t.disabled(h)
			}
		}
	}
	return out
}

// Undelivered is how many notices nobody has seen whose mail was refused.
func (t *Teller) Undelivered() (n int) {
	for _, p := range t.notices.All() {
		if p.Letter != nil && p.Letter.State == Failed {
			n++
		}
	}
	return n
}

// lettersWaiting are the letters that have not left.
func (t *Teller) lettersWaiting() (jobs []job) {
	t.desk.View(func() {
		for id, in := range t.index.letters {
			for _, p := range in {
				jobs = append(jobs, job{id, at(p.Letter.Due)})
				break // all of one letter are due together
			}
		}
	})
	return jobs
}

// callsWaiting are the calls of a webhook that have not left.
func (t *Teller) callsWaiting(h *Hook) (jobs []job) {
	if t.disabled(h) {
		return nil
	}
	t.desk.View(func() {
		for id, c := range t.index.calls[h.Name] {
			jobs = append(jobs, job{id, at(c.Sending.Due)})
		}
	})
	return jobs
}

// states are what is kept of an outcome.
var states = map[outcome]State{sent: Sent, refused: Failed, nobody: Skipped, closed: Failed}

// acts tell the record of it.
var acts = map[outcome]string{sent: "notice-sent", refused: "notice-failed", nobody: "notice-skipped", closed: "notice-failed"}

// markLetter keeps what became of a letter, for each notice that was in it.
func (t *Teller) markLetter(ctx context.Context, id string, v verdict) error {
	return t.change(ctx, acts[v.is], system, func(c *book.Change) ([]string, error) {
		var what []string
		for page, p := range t.index.letters[id] {
			if v.pages != nil && !slices.Contains(v.pages, page) {
				continue // it came while the letter was on its way
			}
			if len(what) == 0 {
				what = append(what, mailOutlet, "to "+p.To)
			}
			now, l := *p, *p.Letter
			l.State, l.At = states[v.is], t.cfg.Now().UnixMicro()
			now.Letter = &l
			t.notices.Put(c, page, &now)
			what = append(what, string(p.Kind)+" "+page)
		}
		return what, nil
	})
}

// markCall keeps what became of a call.
func (t *Teller) markCall(ctx context.Context, h *Hook, id string, v verdict) error {
	act := acts[v.is]
	if v.is == closed {
		act = "webhook-disabled"
	}
	return t.change(ctx, act, system, func(c *book.Change) ([]string, error) {
		k := t.calls.Get(id)
		if k == nil {
			return nil, nil // it was put away meanwhile
		}
		if v.is == closed {
			t.hooks.Put(c, h.Name, &hookPage{URL: h.digest(), At: t.cfg.Now().UnixMicro()})
		}
		t.end(c, id, k, states[v.is])
		return []string{hookOutlet + h.Name, string(k.Kind) + " " + id}, nil
	})
}

// end makes a call history.
func (t *Teller) end(c *book.Change, id string, k *call, state State) {
	now := *k
	now.Sending.State, now.Sending.At = state, t.cfg.Now().UnixMicro()
	t.calls.Close(c, id, k.Hook, &now)
}
