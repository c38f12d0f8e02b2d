package share_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"modicum/internal/share"
)

// TestFC51_OneCallerLeavesPlacesForOthers: whoever takes all they can get leaves a place for
// each of several others who come, and those who hold some leave one for who holds none.
func TestFC51_OneCallerLeavesPlacesForOthers(t *testing.T) {
	for most, want := range map[int]int{1: 1, 2: 1, 4: 3, 9: 8, 64: 57, 256: 227} {
		p := share.New(most)
		if n := grab(p, "hog"); n != want {
			t.Errorf("of %d places one takes %d, want %d", most, n, want)
		}
		for i := range most - want {
			if !p.Try(fmt.Sprint("one of few ", i)) {
				t.Errorf("of %d places there is none for number %d of others", most, i+1)
			}
		}
		if p.Try("one more") || p.Try("") {
			t.Errorf("of %d places there are more", most)
		}
	}
}

// TestFC51_ManyWhoTakeAllTheyCanEndUpAlike: when each takes what it can as soon as there is
// something, whoever came first has no more than the others in the end.
func TestFC51_ManyWhoTakeAllTheyCanEndUpAlike(t *testing.T) {
	p := share.New(64)
	names := []string{"a", "b", "c", "d"}
	held := map[string]int{}
	for range 64 { // one of whoever has most comes back, and all grab
		for _, who := range names {
			held[who] += grab(p, who)
		}
		most := names[0]
		for _, who := range names {
			if held[who] > held[most] {
				most = who
			}
		}
		p.Give(most)
		held[most]--
	}
	for who, n := range held {
		if n < 10 || n > 20 {
			t.Errorf("%s holds %d of 64 beside three others", who, n)
		}
	}
}

// TestTheHouseIsHeldToNoShare: what nobody is named for takes what there is.
func TestTheHouseIsHeldToNoShare(t *testing.T) {
	if n := grab(share.New(64), ""); n != 64 {
		t.Errorf("it takes %d of 64", n)
	}
}

func grab(p *share.Places, who string) (n int) {
	for p.Try(who) {
		n++
	}
	return n
}

// line are waiters who tell when they have a place.
type line struct {
	t     *testing.T
	p     *share.Places
	wait  sync.WaitGroup
	mu    sync.Mutex
	order []string
}

func (l *line) stand(ctx context.Context, who string, most time.Duration, want error) {
	l.wait.Go(func() {
		if err := l.p.Take(ctx, who, most); !errors.Is(err, want) {
			l.t.Errorf("%s: %v, want %v", who, err, want)
		} else if err == nil {
			l.mu.Lock()
			l.order = append(l.order, who)
			l.mu.Unlock()
		}
	})
	synctest.Wait() // it stands, or has a place
}

// TestFC51_APlaceGoesToWhoHoldsFewest, and among those to whoever waits longest.
func TestFC51_APlaceGoesToWhoHoldsFewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := share.New(10)
		if n := grab(p, "hog"); n != 9 {
			t.Fatalf("the hog has %d", n)
		}
		if !p.Try("some") {
			t.Fatal("there is none left")
		}
		l := &line{t: t, p: p}
		for _, who := range strings.Fields("hog hog hog some late latest hog") {
			l.stand(t.Context(), who, time.Hour, nil)
		}
		for range 9 {
			p.Give("hog")
			synctest.Wait()
		}
		l.wait.Wait()
		// The hog's share shrinks with each place that it gives back; late comes before some,
		// who holds one, and each hog before the hog that came after.
		if got := strings.Join(l.order, " "); got != "late latest some hog hog hog hog" {
			t.Errorf("in the order %s", got)
		}
	})
}

// TestFC51_WhoWaitsIsServedOrToldInTime: a wait ends when its time is over, or its context.
func TestFC51_WhoWaitsIsServedOrToldInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := share.New(1)
		if !p.Try("a") {
			t.Fatal("there is none")
		}
		l := &line{t: t, p: p}
		gone, leave := context.WithCancelCause(t.Context())
		late, end := context.WithTimeout(t.Context(), time.Second)
		defer end()
		why := errors.New("gone")
		l.stand(t.Context(), "b", 2*time.Second, share.ErrNone)
		l.stand(late, "b", time.Hour, share.ErrNone)
		l.stand(gone, "c", time.Hour, why)
		l.stand(t.Context(), "d", time.Hour, nil)
		began := time.Now()
		leave(why)
		time.Sleep(3 * time.Second)
		if took := time.Since(began); took != 3*time.Second {
			t.Fatal(took)
		}
		p.Give("a")
		l.wait.Wait()
		if len(l.order) != 1 {
			t.Errorf("%v have a place", l.order)
		}
		p.Give("d")
		if n := grab(p, ""); n != 1 {
			t.Errorf("%d places of one", n)
		}
	})
}

// TestFC51_AQueueHasAnEnd: of those who ask in one name only so many wait, and their number
// keeps nobody else from waiting.
func TestFC51_AQueueHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := share.New(2)
		grab(p, "")
		ctx, leave := context.WithCancel(t.Context())
		l := &line{t: t, p: p}
		for range 8 {
			l.stand(ctx, "hog", time.Hour, context.Canceled)
		}
		began := time.Now()
		l.stand(ctx, "hog", time.Hour, share.ErrNone)
		l.stand(ctx, "other", time.Hour, context.Canceled)
		if time.Since(began) != 0 {
			t.Error("one more waited")
		}
		leave()
		l.wait.Wait()
	})
}

// TestNoPlaceIsLost: whatever is taken, waited for and given up at once, all come back.
func TestNoPlaceIsLost(t *testing.T) {
	p := share.New(7)
	var wait sync.WaitGroup
	for i := range 24 {
		wait.Go(func() {
			who := string(rune('a' + i%5))
			for n := range 400 {
				ctx, leave := context.WithCancel(t.Context())
				if (i+n)%3 == 0 {
					go leave() // often while it is given a place
				}
				if err := p.Take(ctx, who, time.Minute); err == nil {
					p.Give(who)
				}
				leave()
			}
		})
	}
	wait.Wait()
	if n := grab(p, ""); n != 7 {
		t.Errorf("%d of 7 are left", n)
	}
}

// BenchmarkTake is a place that is free, taken and given back, beside the least that bounds
// a number without shares: a channel.
func BenchmarkTake(b *testing.B) {
	b.Run("channel", func(b *testing.B) {
		c := make(chan struct{}, 64)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				c <- struct{}{}
				<-c
			}
		})
	})
	b.Run("share", func(b *testing.B) {
		b.ReportAllocs()
		p := share.New(64)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_ = p.Take(b.Context(), "p:alice", time.Minute)
				p.Give("p:alice")
			}
		})
	})
}
