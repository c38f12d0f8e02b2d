package book_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/store"
	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

type ward struct {
	Name string `json:"name"`
	Beds int    `json:"beds,omitempty"`
}

func act(t *testing.T) *ledger.Act {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return &ledger.Act{Act: "ward-changed", At: time.Now().UnixMicro(), ID: id.String(), Who: "alice"}
}

// shelves are the two that must behave alike: the real one, and the one of tests.
func shelves(t *testing.T) map[string]book.Shelf {
	return map[string]book.Shelf{"store": opened(t).Shelf(nil), "memory": &booktest.Shelf{}}
}

func opened(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Dir: filepath.Join(t.TempDir(), "data"), Key: ledgertest.New(t, "book.example/main").Key()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestAChangeIsKeptWithItsEntryAndReadAgain(t *testing.T) {
	for name, shelf := range shelves(t) {
		t.Run(name, func(t *testing.T) {
			d := book.NewDesk(shelf)
			wards, err := book.Open[ward](t.Context(), d, "ward", nil)
			if err != nil {
				t.Fatal(err)
			}
			put := func(id string, v *ward) {
				t.Helper()
				err := d.Change(t.Context(), func(c *book.Change) error {
					wards.Put(c, id, v)
					c.Record(act(t))
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			put("w1", &ward{"North", 3})
			put("w2", &ward{Name: "South"})
			put("w1", &ward{"North", 4})
			again, err := book.Open[ward](t.Context(), book.NewDesk(shelf), "ward", nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&ward{"North", 4}, again.Get("w1")); diff != "" || again.Len() != 2 {
				t.Errorf("read again: %d pages, %s", again.Len(), diff)
			}
		})
	}
}

func TestAClosedPageIsHistoryAndStaysSo(t *testing.T) {
	for name, shelf := range shelves(t) {
		t.Run(name, func(t *testing.T) {
			d := book.NewDesk(shelf)
			wards, err := book.Open[ward](t.Context(), d, "ward", nil)
			if err != nil {
				t.Fatal(err)
			}
			ids := []string{"a1", "a2", "a3"}
			for i, id := range ids {
				for _, closing := range []bool{false, true} {
					err := d.Change(t.Context(), func(c *book.Change) error {
						if closing {
							wards.Close(c, id, "north", &ward{Name: id, Beds: i})
						} else {
							wards.Put(c, id, &ward{Name: id})
						}
						c.Record(act(t))
						return nil
					})
					if err != nil {
						t.Fatal(err)
					}
				}
			}
			if wards.Len() != 0 || wards.Get("a1") != nil {
				t.Error("a closed page is still open")
			}
			page, err := wards.History(t.Context(), "north", "a3", 1)
			if err != nil || len(page) != 1 || page[0].Name != "a2" {
				t.Errorf("history before a3: %v, %v", page, err)
			}
			if none, err := wards.History(t.Context(), "south", "", 9); err != nil || len(none) != 0 {
				t.Errorf("history of another owner: %v, %v", none, err)
			}
			if v, err := wards.Find(t.Context(), "a1"); err != nil || v.Name != "a1" {
				t.Errorf("find a closed page: %v, %v", v, err)
			}
			if _, err := wards.Find(t.Context(), "a9"); !errors.Is(err, book.ErrNoPage) {
				t.Errorf("find none: %v", err)
			}
			err = d.Change(t.Context(), func(c *book.Change) error {
				wards.Put(c, "a1", &ward{Name: "again"})
				c.Record(act(t))
				return nil
			})
			if !errors.Is(err, book.ErrStale) {
				t.Errorf("an id that was closed is used again: %v", err)
			}
		})
	}
}

func TestAChangeWithoutAnEntryIsNotKept(t *testing.T) {
	d := book.NewDesk(&booktest.Shelf{})
	wards, _ := book.Open[ward](t.Context(), d, "ward", nil)
	for name, f := range map[string]func(c *book.Change) error{
		"none": func(c *book.Change) error { wards.Put(c, "w1", &ward{}); return nil },
		"two": func(c *book.Change) error {
			wards.Put(c, "w1", &ward{})
			c.Record(act(t))
			c.Record(act(t))
			return nil
		},
	} {
		if err := d.Change(t.Context(), f); !errors.Is(err, book.ErrNoEntry) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if wards.Len() != 0 {
		t.Error("it shows all the same")
	}
}

func TestNobodySeesAChangeThatWasNotKept(t *testing.T) {
	shelf := &booktest.Shelf{}
	d := book.NewDesk(shelf)
	wards, _ := book.Open[ward](t.Context(), d, "ward", nil)
	change := func(beds int) error {
		return d.Change(t.Context(), func(c *book.Change) error {
			wards.Put(c, "w1", &ward{Beds: beds})
			c.Record(act(t))
			return nil
		})
	}
	beds := func() int {
		if w := wards.Get("w1"); w != nil {
			return w.Beds
		}
		return -1
	}
	next := booktest.None
	shelf.Next = func() booktest.Fault { return next }
	for _, step := range []struct {
		fault           booktest.Fault
		beds, want      int
		certain, change bool
	}{
		{booktest.None, 1, 1, true, true},
		{booktest.Refuses, 2, 1, true, false},
		{booktest.Lost, 3, 1, false, false},
		{booktest.None, 4, 4, true, true}, // it read the shelf again first
		{booktest.KeptBlind, 5, 4, false, false},
	} {
		next = step.fault
		err := change(step.beds)
		if (err == nil) != step.change || beds() != step.want || d.Certain() != step.certain {
			t.Errorf("%+v: error %v, beds %d, certain %t", step, err, beds(), d.Certain())
		}
	}
	if err := d.Reload(t.Context()); err != nil || beds() != 5 || !d.Certain() {
		t.Errorf("after reading again: %v, beds %d, certain %t", err, beds(), d.Certain())
	}
}

func TestIndexesHearEveryPage(t *testing.T) {
	shelf := &booktest.Shelf{}
	d := book.NewDesk(shelf)
	byName := map[string]string{}
	hear := func(id string, old, now *ward) {
		if old != nil {
			delete(byName, old.Name)
		}
		if now != nil {
			byName[now.Name] = id
		}
	}
	wards, _ := book.Open[ward](t.Context(), d, "ward", hear)
	for _, name := range []string{"North", "South"} {
		if err := d.Change(t.Context(), func(c *book.Change) error {
			wards.Put(c, "w1", &ward{Name: name})
			c.Record(act(t))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(map[string]string{"South": "w1"}, byName); diff != "" {
		t.Error(diff)
	}
	if err := d.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"South": "w1"}, byName); diff != "" {
		t.Error("after reading again:", diff)
	}
}

func TestOfAPageThatIsWrittenTwiceTheLastCounts(t *testing.T) {
	for name, shelf := range shelves(t) {
		t.Run(name, func(t *testing.T) {
			d := book.NewDesk(shelf)
			wards, err := book.Open[ward](t.Context(), d, "ward", nil)
			if err != nil {
				t.Fatal(err)
			}
			err = d.Change(t.Context(), func(c *book.Change) error {
				wards.Put(c, "w1", &ward{Name: "North"})
				wards.Put(c, "w2", &ward{Name: "South"})
				wards.Put(c, "w1", &ward{Name: "West"})
				c.Record(act(t))
				return nil
			})
			if err != nil || wards.Len() != 2 || wards.Get("w1").Name != "West" {
				t.Errorf("%v: %d pages, %v", err, wards.Len(), wards.Get("w1"))
			}
		})
	}
}

// leaving is a log whose caller goes away while a change commits. Whoever can tell that
// the caller is gone returns, and the change lands after back was closed.
type leaving struct {
	ledger.Log
	leave        func()
	back, landed chan struct{}
}

func (l *leaving) Append(ctx context.Context, e ledger.Entry, act func(ledger.Tx) error) (ledger.Receipt, error) {
	return l.Log.Append(ctx, e, func(tx ledger.Tx) error {
		defer close(l.landed)
		l.leave()
		if ctx.Err() != nil {
			<-l.back
		}
		return act(tx)
	})
}

// TestG3_ACallerWhoGoesAwayDoesNotLeaveAChangeBehind: it would land after the books were
// read again, and a revocation would be durable and not seen.
func TestG3_ACallerWhoGoesAwayDoesNotLeaveAChangeBehind(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	s := opened(t)
	l := &leaving{Log: s, leave: leave, back: make(chan struct{}), landed: make(chan struct{})}
	d := book.NewDesk(s.Shelf(l))
	wards, err := book.Open[ward](t.Context(), d, "ward", nil)
	if err != nil {
		t.Fatal(err)
	}
	err = d.Change(ctx, func(c *book.Change) error {
		wards.Put(c, "w1", &ward{Beds: 1})
		c.Record(act(t))
		return nil
	})
	if err != nil || ctx.Err() == nil {
		t.Errorf("the change of a caller who went away: %v", err)
	}
	if !d.Certain() { // as the next request does
		if err := d.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	close(l.back)
	<-l.landed
	if w := wards.Get("w1"); d.Certain() && w == nil {
		t.Error("the desk is certain, and does not have what was kept")
	}
}

func TestADeskThatAnotherOvertookReadsAgain(t *testing.T) {
	for name, shelf := range shelves(t) {
		t.Run(name, func(t *testing.T) {
			var desks [2]*book.Desk
			var wards [2]*book.Book[ward]
			for i := range desks {
				var err error
				desks[i] = book.NewDesk(shelf)
				if wards[i], err = book.Open[ward](t.Context(), desks[i], "ward", nil); err != nil {
					t.Fatal(err)
				}
			}
			change := func(i, beds int) error {
				return desks[i].Change(t.Context(), func(c *book.Change) error {
					wards[i].Put(c, "w1", &ward{Beds: beds})
					c.Record(act(t))
					return nil
				})
			}
			if err := change(0, 1); err != nil {
				t.Fatal(err)
			}
			if err := change(1, 2); !errors.Is(err, book.ErrStale) || desks[1].Certain() {
				t.Errorf("overtaken: %v, certain %t", err, desks[1].Certain())
			}
			if err := change(1, 3); err != nil || wards[1].Get("w1").Beds != 3 {
				t.Errorf("after reading again: %v, %+v", err, wards[1].Get("w1"))
			}
		})
	}
}

func TestAChangeThatCannotBeWrittenIsNotTakenForNone(t *testing.T) {
	d := book.NewDesk(&booktest.Shelf{})
	odd, err := book.Open[chan int](t.Context(), d, "odd", nil)
	if err != nil {
		t.Fatal(err)
	}
	none := make(chan int)
	err = d.Change(t.Context(), func(c *book.Change) error {
		odd.Put(c, "o1", &none)
		return nil
	})
	if err == nil {
		t.Error("a page that cannot be written was not written, and nobody was told")
	}
}

// TestD11_WhatStandsBesideAChangeIsKeptWithItOrNotAtAll.
func TestD11_WhatStandsBesideAChangeIsKeptWithItOrNotAtAll(t *testing.T) {
	shelf := &booktest.Shelf{}
	d, other := book.NewDesk(shelf), book.NewDesk(&booktest.Shelf{})
	wards, _ := book.Open[ward](t.Context(), d, "ward", nil)
	notes, _ := book.Open[ward](t.Context(), d, "note", nil)
	elsewhere, _ := book.Open[ward](t.Context(), other, "ward", nil)
	asked, stop := 0, error(nil)
	ctx := d.Beside(t.Context(), func(c *book.Change) error {
		asked++
		notes.Put(c, "n1", book.Wrote[ward](c))
		return stop
	})
	change := func(d *book.Desk, b *book.Book[ward], beds int) error {
		return d.Change(ctx, func(c *book.Change) error {
			if beds > 0 {
				b.Put(c, "w1", &ward{Beds: beds})
			}
			c.Record(act(t))
			return nil
		})
	}
	if err := change(d, wards, 3); err != nil || notes.Get("n1") == nil || notes.Get("n1").Beds != 3 {
		t.Fatalf("%v, %+v", err, notes.Get("n1"))
	}
	if err := change(d, wards, 0); err != nil || asked != 1 {
		t.Errorf("of a change that turns no page: %v, asked %d times", err, asked)
	}
	if err := change(other, elsewhere, 3); err != nil || asked != 1 {
		t.Errorf("of another desk's change: %v, asked %d times", err, asked)
	}
	stop = errors.New("no")
	if err := change(d, wards, 4); !errors.Is(err, stop) || wards.Get("w1").Beds != 3 {
		t.Errorf("what was stopped: %v, %+v", err, wards.Get("w1"))
	}
	stop = nil
	shelf.Next = func() booktest.Fault { return booktest.Refuses }
	if err := change(d, wards, 5); err == nil || notes.Get("n1").Beds != 3 {
		t.Errorf("what was not kept: %v, %+v", err, notes.Get("n1"))
	}
}
