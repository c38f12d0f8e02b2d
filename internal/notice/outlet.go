package notice

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"modicum/internal/defect"
)

// Bounds on sending.
const (
	firstRetry  = 30 * time.Second // doubled with each
	longRetry   = time.Hour
	giveUp      = 24 * time.Hour   // after the moment at which it was due
	oneSending  = 30 * time.Second // for connecting, talking and the answer
	oneMark     = 10 * time.Second // for keeping what became of it
	longestWait = time.Minute      // so that a clock that was set is noticed
)

// verdict is how one try ended.
type verdict struct {
	is  outcome
	why string // for people who run the system: our words, and numbers of the server

	pages []string // of a letter: the notices that were in it; nil means all
}

type outcome int

const (
	later   outcome = iota // nobody has it, or nobody knows: again, under the same id
	away                   // nothing answers there: again, and so with everything else
	sent                   // they have it: never again
	refused                // they will not have it: never again
	nobody                 // there is nobody to send it to any more
	closed                 // the receiver wants nothing more, ever
)

// job is one letter or call that waits.
type job struct {
	id  string
	due time.Time
}

// outlet is one way out: the mail server, or one webhook. One goroutine runs it.
type outlet struct {
	name    string
	now     func() time.Time
	waiting func() []job
	send    func(context.Context, string) verdict
	mark    func(context.Context, string, verdict) error
	ready   func(context.Context) bool // whether what became of it could be kept
	wake    <-chan struct{}
	log     *slog.Logger

	// Owned by the goroutine.
	tries   map[string]try
	verdict map[string]verdict // of what is over but not marked yet
	hold    try                // of the outlet as a whole

	mu    sync.Mutex
	state OutletState // guarded by mu
}

// try is how often something failed, and when it is tried again.
type try struct {
	n    int
	next time.Time
}

func (t try) again(now time.Time) try {
	wait := longRetry
	if t.n < 7 {
		wait = firstRetry << t.n
	}
	return try{t.n + 1, now.Add(wait)}
}

// run sends until ctx ends. What is on its way then is finished.
func (o *outlet) run(ctx context.Context) {
	o.tries, o.verdict = map[string]try{}, map[string]verdict{}
	for ctx.Err() == nil {
		timer := time.NewTimer(o.round(ctx))
		select {
		case <-ctx.Done():
		case <-o.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// round tries all that is due and returns how long there is nothing to do.
func (o *outlet) round(ctx context.Context) time.Duration {
	jobs := o.waiting()
	slices.SortFunc(jobs, func(a, b job) int { return a.due.Compare(b.due) })
	o.forget(jobs)
	wait := longestWait
	for _, j := range jobs {
		now := o.now()
		next := latest(j.due, o.tries[j.id].next, o.hold.next)
		switch {
		case ctx.Err() != nil:
			return 0
		case next.After(now):
			wait = min(wait, next.Sub(now))
		case !o.ready(ctx):
			return firstRetry // nothing leaves of which nobody could say afterwards that it did
		default:
			wait = min(wait, o.attempt(ctx, j))
		}
	}
	o.note(func(s *OutletState) { s.Waiting = len(jobs) })
	return wait
}

func latest(ts ...time.Time) time.Time { return slices.MaxFunc(ts, time.Time.Compare) }

// forget drops what is remembered of jobs that are gone.
func (o *outlet) forget(jobs []job) {
	left := map[string]bool{}
	for _, j := range jobs {
		left[j.id] = true
	}
	for id := range o.tries {
		if !left[id] {
			delete(o.tries, id)
		}
	}
	for id := range o.verdict {
		if !left[id] {
			delete(o.verdict, id)
		}
	}
}

// attempt sends one and marks it, and returns when it wants to be tried again.
func (o *outlet) attempt(ctx context.Context, j job) time.Duration {
	v, over := o.verdict[j.id]
	if !over || defect.On(defect.SentAgain) {
		v = o.try(ctx, j)
	}
	now := o.now()
	if v.is == later || v.is == away {
		t := o.tries[j.id].again(now)
		o.tries[j.id] = t
		return t.next.Sub(now)
	}
	// They have it, or will not: should keeping that fail, only keeping it is tried again.
	o.verdict[j.id] = v
	markCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), oneMark)
	defer cancel()
	if err := o.mark(markCtx, j.id, v); err != nil {
		t := o.tries[j.id].again(now)
		o.tries[j.id] = t
		return t.next.Sub(now)
	}
	if v.is == refused || v.is == closed {
		o.log.ErrorContext(ctx, "a notice could not be sent and is not tried again", "outlet", o.name, "why", v.why)
	}
	return longestWait
}

// try sends once, and judges a failure by its age.
func (o *outlet) try(ctx context.Context, j job) verdict {
	if o.now().Sub(j.due) > giveUp {
		return verdict{is: refused, why: "nobody took it for a whole day"}
	}
	sendCtx, cancel := context.WithTimeout(ctx, oneSending)
	defer cancel()
	v := o.send(sendCtx, j.id)
	now := o.now()
	switch v.is {
	case away:
		o.hold = o.hold.again(now)
	case sent, refused, closed:
		o.hold = try{}
	}
	o.note(func(s *OutletState) { s.saw(v, now) })
	return v
}

func (o *outlet) note(f func(*OutletState)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f(&o.state)
}

// OutletState is how one way out does, for those who run the system.
type OutletState struct {
	Name     string
	Hook     string    // of a webhook, its name as EnableHook takes it; "": mail
	Waiting  int       // letters or calls
	Sent     time.Time // when one was last taken, since the start; zero: none yet
	GivenUp  int       // how many were refused for good, since the start
	Failing  time.Time // since when nothing got out; zero when the last try did
	Why      string    // the last failure, in our words
	Disabled bool      // a webhook whose receiver wants nothing more
}

func (s *OutletState) saw(v verdict, now time.Time) {
	switch v.is {
	case later, away, refused, closed:
		if s.Why = v.why; s.Failing.IsZero() {
			s.Failing = now
		}
	case sent:
		s.Why, s.Failing, s.Sent = "", time.Time{}, now
	}
	if v.is == refused {
		s.GivenUp++
	}
}
