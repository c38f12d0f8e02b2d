package tokens

import (
	"context"
	"sync"
	"time"

	"modicum/internal/defect"
)

// assertion is the page of one that was used. It is closed at once, and read again at
// start while it could still be replayed.
type assertion struct {
	ID      string `json:"id"` // UUIDv7, of its token as well
	Program string `json:"program"`
	Key     string `json:"key"`
	Used    string `json:"used"` // hash of program and jti
	At      int64  `json:"at"`
	Until   int64  `json:"until"` // of the assertion, leeway included
}

// mostUsed bounds the assertions that are remembered; beyond it no program gets a token
// until some are over.
const mostUsed = 200_000

// replay remembers which assertions were used, until they are over.
type replay struct {
	mu    sync.Mutex
	until map[string]int64 // by hash; microseconds
	swept int64
}

// use reports whether an assertion was not used before, and remembers it.
func (r *replay) use(hash string, until, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sweep(now.UnixMicro())
	if _, was := r.until[hash]; was && !defect.On(defect.AssertionReplayed) || len(r.until) >= mostUsed {
		return false
	}
	if r.until == nil {
		r.until = map[string]int64{}
	}
	r.until[hash] = until.UnixMicro()
	return true
}

// sweep forgets what is over, at most once a minute.
func (r *replay) sweep(now int64) {
	if now-r.swept < time.Minute.Microseconds() && now >= r.swept {
		return
	}
	r.swept = now
	for hash, until := range r.until {
		if until < now {
			delete(r.until, hash)
		}
	}
}

// remember reads the assertions of the last minutes, so that none is used again after a
// restart.
func (s *Service) remember(ctx context.Context) error {
	now, _ := s.cfg.Now()
	for before := ""; ; {
		page, err := s.used.History(ctx, "", before, 500)
		if err != nil {
			return err
		}
		for _, a := range page {
			if time.UnixMicro(a.At).Add(assertionLives + 2*leeway).Before(now) {
				return nil // those before it are older, and over
			}
			s.replay.use(a.Used, time.UnixMicro(a.Until), now)
			before = a.ID
		}
		if len(page) < 500 {
			return nil
		}
	}
}
