package notice_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/notice"
	"modicum/ledger"
)

func tell(t *testing.T, teller *notice.Teller, ns ...notice.Notice) {
	t.Helper()
	if err := teller.Tell(t.Context(), ns...); err != nil {
		t.Fatal(err)
	}
}

func TestNobodyIsToldTwice(t *testing.T) {
	w := newWorld(t)
	teller, _ := w.open(t)
	n := waits("hosp/alice", start)
	tell(t, teller, n, n)
	tell(t, teller, n)
	if got := teller.Unread("hosp/alice"); got != 1 {
		t.Fatalf("told three times: %d in the inbox", got)
	}
	id := teller.Inbox("hosp/alice", "", 10)[0].ID
	if err := teller.Seen(t.Context(), "hosp/alice", id, id); err != nil {
		t.Fatal(err)
	}
	tell(t, teller, n)
	again, _ := w.open(t) // after a restart
	tell(t, again, n)
	if a, b := teller.Unread("hosp/alice"), again.Unread("hosp/alice"); a != 0 || b != 0 {
		t.Errorf("told again after it was seen: %d, after a restart %d", a, b)
	}
	if got := w.acts(); !slices.Equal(got, []string{"notices-told", "notices-seen"}) {
		t.Errorf("on record: %v", got)
	}
	tell(t, again, waits("hosp/alice", start+1), waits("hosp/paula", start))
	if a, b := again.Unread("hosp/alice"), again.Unread("hosp/paula"); a != 1 || b != 1 {
		t.Errorf("another event and another person: %d, %d", a, b)
	}
}

func TestANoticeIsKeptWithWhatItTellsOf(t *testing.T) {
	w := newWorld(t)
	teller, desk := w.open(t)
	change := func() error {
		return desk.Change(t.Context(), func(c *book.Change) error {
			c.Record(&ledger.Act{Act: "asked", At: start, ID: uuid.Must(uuid.NewV7()).String(), Kind: ledger.KindAct, Schema: ledger.Schema, Who: "hosp/bob"})
			return teller.Within(t.Context(), c, waits("hosp/alice", start))
		})
	}
	w.shelf.Next = func() booktest.Fault { return booktest.Refuses }
	if err := change(); !errors.Is(err, booktest.ErrFull) || teller.Unread("hosp/alice") != 0 {
		t.Errorf("what was not kept was told: %v, %d unread", err, teller.Unread("hosp/alice"))
	}
	w.shelf.Next = nil
	if err := change(); err != nil || teller.Unread("hosp/alice") != 1 {
		t.Errorf("what was kept was not told: %v, %d unread", err, teller.Unread("hosp/alice"))
	}
	if got := w.acts(); !slices.Equal(got, []string{"asked"}) {
		t.Errorf("on record: %v, want the caller's entry alone", got)
	}
}

func TestANoticeThatIsNotDurableIsNotTold(t *testing.T) {
	w := newWorld(t)
	teller, _ := w.open(t)
	for _, fault := range []booktest.Fault{booktest.Refuses, booktest.Lost} {
		w.shelf.Next = func() booktest.Fault { return fault }
		if err := teller.Tell(t.Context(), waits("hosp/alice", start)); err == nil || teller.Unread("hosp/alice") != 0 {
			t.Errorf("fault %v: error %v, %d unread", fault, err, teller.Unread("hosp/alice"))
		}
	}
	// Kept, but nobody knows: telling again tells once.
	w.shelf.Next = func() booktest.Fault { return booktest.KeptBlind }
	if err := teller.Tell(t.Context(), waits("hosp/alice", start)); err == nil {
		t.Error("nobody knows whether it was kept, and it says that it was")
	}
	w.shelf.Next = nil
	tell(t, teller, waits("hosp/alice", start))
	if got := teller.Unread("hosp/alice"); got != 1 || w.count("notices-told") != 1 {
		t.Errorf("%d unread, on record %v", got, w.acts())
	}
}

func TestTheNoticeOfAnotherIsNotThere(t *testing.T) {
	w := newWorld(t)
	teller, _ := w.open(t)
	tell(t, teller, waits("hosp/alice", start))
	id := teller.Inbox("hosp/alice", "", 10)[0].ID
	for name, err := range map[string]error{
		"somebody else's": teller.Seen(t.Context(), "hosp/bob", id),
		"one that is not": teller.Seen(t.Context(), "hosp/bob", request),
		"one among mine":  teller.Seen(t.Context(), "hosp/alice", id, request),
	} {
		if !errors.Is(err, notice.ErrNoNotice) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if teller.Unread("hosp/alice") != 1 {
		t.Error("it was marked as seen all the same")
	}
	for _, person := range []string{"", "hosp/bob", "hosp/alic"} {
		past, err := teller.History(t.Context(), person, "", 10)
		if len(teller.Inbox(person, "", 10)) != 0 || len(past) != 0 || err != nil {
			t.Errorf("%q sees the inbox of another", person)
		}
	}
}

func TestTheInboxHasPagesAndThenItsHistory(t *testing.T) {
	w := newWorld(t)
	teller, _ := w.open(t)
	for i := range int64(5) {
		tell(t, teller, waits("hosp/alice", start+i*1000))
	}
	first := teller.Inbox("hosp/alice", "", 2)
	second := teller.Inbox("hosp/alice", first[1].ID, 2)
	if first[0].At != start+4000 || first[1].At != start+3000 || second[0].At != start+2000 {
		t.Errorf("not newest first: %v %v", first, second)
	}
	if it := first[0]; it.Title != "A request waits for your answer" || !strings.HasPrefix(it.Text, "Bob Baker asks") || it.Path != "/requests/"+request {
		t.Errorf("%+v", it)
	}
	if err := teller.Seen(t.Context(), "hosp/alice", second[0].ID); err != nil {
		t.Fatal(err)
	}
	past, err := teller.History(t.Context(), "hosp/alice", "", 10)
	if err != nil || len(past) != 1 || past[0].ID != second[0].ID || past[0].Seen.IsZero() {
		t.Errorf("history %+v, %v", past, err)
	}
	if got := teller.Inbox("hosp/alice", "", 10); len(got) != 4 {
		t.Errorf("%d left", len(got))
	}
}

func TestWhatIsDoneNoLongerWaitsForAnybody(t *testing.T) {
	w := newWorld(t)
	teller, desk := w.open(t)
	about := notice.About{Thing: notice.Request, ID: request}
	decided := notice.Notice{Kind: notice.Decided, To: "hosp/bob", By: "hosp/alice", About: about, At: start + 9}
	tell(t, teller, waits("hosp/alice", start), waits("hosp/paula", start))
	err := desk.Change(t.Context(), func(c *book.Change) error {
		c.Record(&ledger.Act{Act: "approved", At: start, ID: uuid.Must(uuid.NewV7()).String(), Kind: ledger.KindAct, Schema: ledger.Schema, Who: "hosp/alice"})
		teller.Settle(c, about)
		return teller.Within(t.Context(), c, decided)
	})
	if err != nil {
		t.Fatal(err)
	}
	for person, want := range map[string]int{"hosp/alice": 0, "hosp/paula": 0, "hosp/bob": 1} {
		if got := teller.Unread(person); got != want {
			t.Errorf("%s: %d unread, want %d", person, got, want)
		}
	}
	past, err := teller.History(t.Context(), "hosp/paula", "", 10)
	if err != nil || len(past) != 1 || past[0].Settled.IsZero() || !past[0].Seen.IsZero() {
		t.Errorf("history of the other approver: %+v, %v", past, err)
	}
}

func TestD14_ANoticeHasNoPlaceForAPatient(t *testing.T) {
	w := newWorld(t)
	teller, _ := w.open(t)
	bad := waits("hosp/alice", start)
	bad.Kind, bad.To, bad.At, bad.Urgent = "colonoscopy", "a\nBcc: all@x", 0, true
	bad.About = notice.About{Thing: notice.Request, ID: "Patient/p1"}
	err := teller.Tell(t.Context(), waits("hosp/bob", start), bad)
	for _, want := range []string{"kind", "to must", "at must", "urgent", "about must be the UUID"} {
		if !errors.Is(err, notice.ErrMalformed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told of: %v", want, err)
		}
	}
	for _, value := range []string{"colonoscopy", "Bcc", "p1"} {
		if strings.Contains(err.Error(), value) {
			t.Errorf("the error holds %q", value)
		}
	}
	if teller.Unread("hosp/bob") != 0 {
		t.Error("one that is well formed was told beside one that is not")
	}
	for _, id := range []string{"", ".", "..", "a\x00b"} {
		n := waits("hosp/alice", start)
		n.About = notice.About{Thing: notice.Person, ID: id}
		if err := teller.Tell(t.Context(), n); !errors.Is(err, notice.ErrMalformed) {
			t.Errorf("a person %q: %v", id, err)
		}
	}
	n := waits("hosp/alice", start)
	n.About = notice.About{Thing: notice.Person, ID: "hosp/../../settings?x=1"}
	tell(t, teller, n)
	if got := teller.Inbox("hosp/alice", "", 1)[0].Path; got != "/people/hosp%2F..%2F..%2Fsettings%3Fx=1" {
		t.Errorf("path %s", got)
	}
}

func TestWishesAreCheckedWholeAndKept(t *testing.T) {
	w := newWorld(t)
	teller, _ := w.open(t)
	bad := notice.Wishes{Pace: "sometimes", Daily: "8:00", Quiet: &notice.Quiet{From: "22:00", To: "25:00"}, Zone: "Mars/Base"}
	err := teller.SetWishes(t.Context(), "hosp/alice", bad)
	if !errors.Is(err, notice.ErrWishes) || strings.Count(err.Error(), "cannot be kept") != 4 {
		t.Errorf("got %v", err)
	}
	if err := (notice.Wishes{Zone: "Local"}).Check(); err == nil {
		t.Error("the server's own zone is nobody's")
	}
	good := notice.Wishes{Pace: notice.Daily, Daily: "07:30", Zone: "America/New_York"}
	if err := teller.SetWishes(t.Context(), "hosp/alice", good); err != nil {
		t.Fatal(err)
	}
	again, _ := w.open(t)
	if got := again.Wishes("hosp/alice"); got != good {
		t.Errorf("after a restart: %+v", got)
	}
	if got := again.Wishes("hosp/bob"); got != (notice.Wishes{}) {
		t.Errorf("of somebody without: %+v", got)
	}
}
