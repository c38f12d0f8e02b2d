package access_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/access"
	"modicum/internal/book/booktest"
	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/ledger"
)

func TestALendIsAskedApprovedUsedAndOver(t *testing.T) {
	h := newHouse(t)
	r := h.ask("nina", cover("p1"))
	if got := h.book.Waiting("cara"); len(got) != 1 || got[0].ID != r.ID || h.live("nina") {
		t.Fatalf("waits for cara: %v", got)
	}
	if len(h.told) != 1 || h.told[0].To != "cara" || h.told[0].Kind != notice.Waits {
		t.Errorf("told %+v, want cara alone: not nina herself, and no program", h.told)
	}
	g, err := h.approve("cara", r)
	if err != nil || g == nil {
		t.Fatal(err)
	}
	loans := h.book.Of("nina", h.now, true)
	if len(loans) != 1 || loans[0].Task != "nurse/cover" || !slices.Equal(loans[0].Patients, []string{"p1"}) || loans[0].Grant != g.ID {
		t.Fatalf("lent %+v", loans)
	}
	if h.live("nils") {
		t.Error("lent to somebody else")
	}
	h.pass(12*time.Hour - time.Microsecond)
	if !h.live("nina") {
		t.Error("over before its end")
	}
	h.pass(time.Microsecond)
	if h.live("nina") {
		t.Error("it outlives its end")
	}
	if err := h.book.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := h.book.Review(t.Context(), who("iris"), g.ID, access.Justified, "Looked at the chart, all of bed four"); err != nil {
		t.Fatal(err)
	}
	closed, err := h.book.History(t.Context(), "nina", "", 9)
	if err != nil || len(closed) != 1 || closed[0].State != access.Closed || closed[0].Review.Who != "iris" {
		t.Errorf("history %+v, %v", closed, err)
	}
	if got := h.acts(); !slices.Equal(got, []string{"access-asked", "grant-approved", "grant-over", "grant-reviewed"}) {
		t.Errorf("on record: %v", got)
	}
}

func TestG1_NobodyApprovesWhatBenefitsThemselves(t *testing.T) {
	h := newHouse(t)
	r := h.ask("nina", cover("p1"))
	_, err := h.approve("nina", r)
	h.refused(err, "self")
	_, err = h.approve("nina2", r) // the same human being under another issuer
	h.refused(err, "self")
	_, err = h.approve("robot", r) // a program, whoever owns it
	h.refused(err, "program")
	_, err = h.book.Approve(t.Context(), people.Actor{ID: "cara", For: "nina"}, r.ID, h.book.Digest(r), "")
	h.refused(err, "acting-for")
	_, err = h.approve("nils", r) // a colleague whom the policy does not name
	h.refused(err, "not-yours")
	own := h.ask("cara", cover("p2"))
	_, err = h.approve("cara", own) // a charge nurse for herself
	h.refused(err, "self")
	if h.live("nina") || h.live("cara") {
		t.Error("lent all the same")
	}
}

// support asks for what needs two people.
func support() access.Want {
	return access.Want{Kind: access.Lend, Task: "fix", Patients: []string{"p1", "p2"}, Reason: access.Reason{Text: "the merge of two charts failed last night"}}
}

func TestG1_ApproversOfOneGrantAreDifferentPeople(t *testing.T) {
	h := newHouse(t)
	h.staff.holders["privacy"] = []string{"pia", "cara"} // cara could meet either need
	r := h.ask("sam", support())
	if g, err := h.approve("cara", r); err != nil || g != nil {
		t.Fatalf("one of two: %v, %v", g, err)
	}
	if h.live("sam") {
		t.Fatal("one yes of two lends")
	}
	_, err := h.approve("cara", r)
	h.refused(err, "answered")
	if g, err := h.approve("pia", r); err != nil || g == nil {
		t.Errorf("the second: %v, %v", g, err)
	}
}

func TestG2_AnApprovalIsOfExactlyWhatWasAskedAndCountsOnce(t *testing.T) {
	h := newHouse(t)
	r := h.ask("nina", cover("p1"))
	seen := h.book.Digest(r)
	other := h.ask("nina", cover("p2"))
	_, err := h.book.Approve(t.Context(), who("cara"), other.ID, seen, "")
	h.refused(err, "changed")
	h.set = compile(t, hospital, "-- roles/nurse.yaml --\n"+strings.Replace(part(hospital, "roles/nurse.yaml"), "Nurse\n", "A nurse\n", 1))
	if !h.book.Changed(r) {
		t.Error("a changed policy is not told")
	}
	_, err = h.book.Approve(t.Context(), who("cara"), r.ID, seen, "")
	h.refused(err, "changed")
	h.set = compile(t, hospital)
	if _, err := h.book.Approve(t.Context(), who("cara"), r.ID, seen, ""); err != nil {
		t.Fatal(err)
	}
	_, err = h.book.Approve(t.Context(), who("cara"), r.ID, seen, "")
	h.refused(err, "decided")
	if n := len(h.book.Grants("nina")); n != 1 {
		t.Errorf("%d grants of one approval", n)
	}
}

// part is one file of a txtar text.
func part(text, name string) string {
	_, rest, _ := strings.Cut(text, "\n-- "+name+" --\n")
	body, _, _ := strings.Cut(rest, "\n-- ")
	return body
}

func TestG2_AYesCountsOnlyWhileItsRightLasts(t *testing.T) {
	h := newHouse(t)
	r := h.ask("sam", support())
	if _, err := h.approve("cara", r); err != nil {
		t.Fatal(err)
	}
	h.staff.holders["charge-nurse"] = []string{"boss"} // cara is no charge nurse any more
	if g, err := h.approve("pia", r); err != nil || g != nil {
		t.Fatalf("pia's yes alone: %v, %v", g, err)
	}
	if g, err := h.approve("boss", r); err != nil || g == nil {
		t.Errorf("the new one's: %v, %v", g, err)
	}
	again := support()
	again.Patients, again.Reason.Text = []string{"p3"}, "another chart was merged wrongly"
	r = h.ask("sam", again)
	if _, err := h.approve("boss", r); err != nil {
		t.Fatal(err)
	}
	h.set = compile(t, hospital, "-- roles/nurse.yaml --\n"+strings.Replace(part(hospital, "roles/nurse.yaml"), "Nurse\n", "A nurse\n", 1))
	if g, err := h.approve("pia", r); err != nil || g != nil {
		t.Fatalf("boss said yes under another policy: %v, %v", g, err)
	}
}

func TestG3_AfterARevocationNothingIsLent(t *testing.T) {
	h := newHouse(t)
	g := h.lend("nina", "cara", cover("p1"))
	h.refused(h.book.Revoke(t.Context(), who("stranger"), g.ID, ""), "not-yours")
	if err := h.book.Revoke(t.Context(), who("cara"), g.ID, "bed four went home"); err != nil {
		t.Fatal(err)
	}
	if h.live("nina") {
		t.Error("it lends after it was taken away")
	}
	if !slices.Equal(h.ended, []string{g.ID}) {
		t.Errorf("answers under way hear of %v", h.ended)
	}
	h.refused(h.book.Revoke(t.Context(), who("cara"), g.ID, ""), "ended")
	if h.told[len(h.told)-1].To == "" {
		t.Error("its holder is not told")
	}
}

func TestG3_ALeaverHoldsAndAsksNothing(t *testing.T) {
	h := newHouse(t)
	g := h.lend("nina", "cara", cover("p1"))
	r := h.ask("nina", cover("p2"))
	if err := h.leave("nina"); err != nil {
		t.Fatal(err)
	}
	if h.live("nina") || len(h.book.Requests("nina")) > 0 {
		t.Error("a leaver holds something")
	}
	if got, _ := h.book.Get(t.Context(), r.ID); got.State != access.Lapsed {
		t.Errorf("the request is %s", got.State)
	}
	if got, _ := h.book.Grant(t.Context(), g.ID); got.State != access.NoLonger {
		t.Errorf("the grant is %s", got.State)
	}
}

func TestG4_AGrantNeverOutlivesItsEndWhicheverClockMoves(t *testing.T) {
	for name, move := range map[string]func(*house){
		"both pass":               func(h *house) { h.pass(12 * time.Hour) },
		"the wall clock is ahead": func(h *house) { h.now = h.now.Add(12 * time.Hour) },
		"it was put back":         func(h *house) { h.mono += 12 * time.Hour; h.now = h.now.Add(time.Hour) },
		"it stands still":         func(h *house) { h.mono += 12 * time.Hour },
		"a little behind, and by its length": func(h *house) {
			h.pass(6 * time.Hour)
			h.live("nina")
			h.now = h.now.Add(-6 * time.Hour)
			h.mono += 6 * time.Hour
		},
		"it went back by an hour": func(h *house) { h.now = h.now.Add(-time.Hour) },
		"nobody trusts it":        func(h *house) { h.sure = false },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.lend("nina", "cara", cover("p1"))
			if !h.live("nina") {
				t.Fatal("not lent at all")
			}
			move(h)
			if h.live("nina") {
				t.Error("it lends")
			}
		})
	}
}

func TestG4_TheMonotonicClockEndsWhatASlowWallClockWouldNot(t *testing.T) {
	h := newHouse(t)
	h.lend("nina", "cara", cover("p1"))
	for range 13 { // put back by half a second again and again: within what is believed
		h.mono += time.Hour
		h.now = h.now.Add(time.Hour - time.Second/20)
		h.live("nina")
	}
	if h.live("nina") {
		t.Error("thirteen hours, and it lends")
	}
}

func TestG4_ARestartWithAClockPutBackLendsNothing(t *testing.T) {
	h := newHouse(t)
	h.lend("nina", "cara", cover("p1"))
	h.pass(time.Hour)
	h.start()
	if !h.live("nina") {
		t.Error("a restart forgets what is lent")
	}
	h.pass(11 * time.Hour)
	h.start()
	if h.live("nina") {
		t.Error("a restart revives it")
	}
}

func TestAGrantBeginsLaterAndItsLengthCountsFromThere(t *testing.T) {
	h := newHouse(t)
	w := cover("p1")
	w.From, w.For = noon.Add(24*time.Hour).UnixMicro(), (2 * time.Hour).Microseconds()
	r := h.ask("nina", w)
	h.pass(time.Hour)
	g, err := h.approve("cara", r)
	if err != nil {
		t.Fatal(err)
	}
	if h.live("nina") || h.book.State(g) != access.Planned || !slices.Equal(h.book.RolesLent("nina"), []string{"nurse"}) {
		t.Error("it lends before it begins, or is not told to be about to")
	}
	h.pass(23 * time.Hour)
	if !h.live("nina") || !slices.Equal(h.book.RolesLent("nina"), []string{"nurse"}) {
		t.Error("it does not begin")
	}
	h.pass(2 * time.Hour)
	if h.live("nina") || len(h.book.RolesLent("nina")) > 0 {
		t.Error("its length was not counted from its start")
	}
}

func TestAskingIsRefusedWithEverythingThatIsWrong(t *testing.T) {
	h := newHouse(t)
	refuse := func(by people.Actor, w access.Want, codes ...string) {
		t.Helper()
		_, err := h.book.Ask(t.Context(), by, w)
		for _, code := range codes {
			h.refused(err, code)
		}
	}
	w := cover("p1")
	w.For = (13 * time.Hour).Microseconds()
	w.Patients = []string{"p1", "p2"}
	w.Reason = access.Reason{Kind: "curiosity", Text: "."}
	refuse(who("nina"), w, "for", "patients", "reason-kind", "reason-empty")
	refuse(who("robot"), cover("p1"), "program")
	refuse(people.Actor{ID: "nina", For: "nils"}, cover("p1"), "acting-for")
	refuse(who("nobody"), cover("p1"), "unknown")
	refuse(who("sam"), cover("p1"), "task")
	refuse(who("nina"), access.Want{Kind: access.Exception, Task: "care", Patients: []string{"p1"}, Classes: []string{"clinical.note.psychotherapy"}, Reason: access.Reason{Text: "the family asks about it"}}, "never")
	refuse(who("nina"), access.Want{Kind: access.Exception, Task: "care", Patients: []string{"Patient/../p1"}, Reason: access.Reason{Text: "the family asks about it"}}, "patients", "classes")
	refuse(who("nina"), access.Want{Kind: "everything", Task: "care"}, "kind")
	past := cover("p1")
	past.From = noon.Add(-time.Hour).UnixMicro()
	refuse(who("nina"), past, "from")
}

func TestAReasonSaysSomething(t *testing.T) {
	h := newHouse(t)
	for text, good := range map[string]bool{
		".": false, "": false, "test test test": false, "aaa": false, "need": false, "x y": false, "----": false,
		"the denial letter asks for it": true, "covers bed four": true, "夜勤の引き継ぎ": true, "Übergabe für Bett 4": true,
	} {
		w := access.Want{Kind: access.Exception, Task: "care", Patients: []string{"p1"}, Classes: []string{"clinical.lab"}, Reason: access.Reason{Text: text}}
		a, err := h.book.Ask(t.Context(), who("nina"), w)
		if (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
		if a.Request != nil {
			if err := h.book.Withdraw(t.Context(), who("nina"), a.Request.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	w := access.Want{Kind: access.Exception, Task: "care", Patients: []string{"p2"}, Classes: []string{"clinical.lab"}, Reason: access.Reason{Text: "  COVERS bed   four!! "}}
	_, err := h.book.Ask(t.Context(), who("nina"), w)
	h.refused(err, "reason-copied")
	h.pass(31 * 24 * time.Hour)
	if _, err := h.book.Ask(t.Context(), who("nina"), w); err != nil {
		t.Errorf("a month later: %v", err)
	}
}

const openTicket = `{"fact":"ticket","who":"sam","patient":"Patient/p1","object":"Encounter/e1","id":"T-1","source":"adt","recorded_by":"desk"}`

func TestAReasonsReferenceIsProvedByFactsAndTheGrantEndsWithIt(t *testing.T) {
	h := newHouse(t)
	w := support()
	w.Patients, w.Reason = []string{"p1"}, access.Reason{Ref: "T-1"}
	_, err := h.book.Ask(t.Context(), who("sam"), w)
	h.refused(err, "reason-ref")
	h.state(openTicket)
	h.staff.roles["nina"] = []string{"support"}
	_, err = h.book.Ask(t.Context(), who("nina"), w)
	h.refused(err, "reason-ref") // sam's ticket is not hers
	r := h.ask("sam", w)
	if _, err := h.approve("cara", r); err != nil {
		t.Fatal(err)
	}
	g, err := h.approve("pia", r)
	if err != nil || !h.live("sam") {
		t.Fatal(err)
	}
	h.state() // the ticket is closed
	if h.live("sam") {
		t.Error("it outlives its ticket")
	}
	if err := h.book.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, _ := h.book.Grant(t.Context(), g.ID); got.State != access.Done {
		t.Errorf("it is %s", got.State)
	}
}

func TestAMaskedValueOpensForOnesOwnReasonUpToALimit(t *testing.T) {
	h := newHouse(t)
	w := access.Want{Kind: access.Asked, Task: "care", Record: "Patient/p1", Classes: []string{"identifiers.ssn"}}
	for i, why := range []string{"insurance calls back", "the card was misread", "a name twice in the list"} {
		w.Record, w.Reason.Text = "Patient/p"+string(rune('1'+i)), why
		a, err := h.book.Ask(t.Context(), who("nina"), w)
		if err != nil || a.Grant == nil {
			t.Fatalf("%v, %v", a, err)
		}
		again, err := h.book.Ask(t.Context(), who("nina"), w)
		if err != nil || !again.Again || again.Grant.ID != a.Grant.ID {
			t.Errorf("asked twice: %+v, %v", again, err)
		}
	}
	w.Record, w.Reason.Text = "Patient/p9", "one more letter came"
	_, err := h.book.Ask(t.Context(), who("nina"), w)
	h.refused(err, "limit-asks")
	h.pass(15 * time.Minute)
	if h.live("nina") {
		t.Error("a value stays open")
	}
	w.Classes, w.Record = []string{"clinical.lab"}, "Observation/o1"
	_, err = h.book.Ask(t.Context(), who("nina"), w)
	h.refused(err, "not-masked")
}

func TestNobodyAnswersItGoesUpAndLapses(t *testing.T) {
	h := newHouse(t)
	r := h.ask("nina", cover("p1"))
	for _, at := range []struct {
		after time.Duration
		who   []string
	}{{0, []string{"cara"}}, {2 * time.Hour, []string{"boss", "cara"}}, {2 * time.Hour, []string{"boss", "cara", "cole"}}, {2 * time.Hour, nil}} {
		h.pass(at.after)
		if err := h.book.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, id := range []string{"boss", "cara", "cole", "pia", "nina", "nina2", "robot"} {
			if len(h.book.Waiting(id)) > 0 {
				got = append(got, id)
			}
		}
		if !slices.Equal(got, at.who) {
			t.Errorf("after %s more: waits for %v, want %v", at.after, got, at.who)
		}
	}
	if got, _ := h.book.Get(t.Context(), r.ID); got.State != access.Lapsed {
		t.Errorf("it is %s", got.State)
	}
	_, err := h.approve("cara", r)
	h.refused(err, "decided")
}

func TestWhereAPositionIsEmptyItsSubstituteAnswersAtOnce(t *testing.T) {
	h := newHouse(t)
	h.staff.holders["charge-nurse"] = nil
	r := h.ask("nina", cover("p1"))
	if g, err := h.approve("boss", r); err != nil || g == nil {
		t.Errorf("the substitute: %v", err)
	}
	h.staff.holders = map[string][]string{"charge-nurse": {"nina"}}
	_, err := h.book.Ask(t.Context(), who("nina"), cover("p2"))
	h.refused(err, "nobody")
}

func TestTheThirdInARowProposesToChangeTheRole(t *testing.T) {
	h := newHouse(t)
	for i := range 3 {
		g := h.lend("nina", "cara", cover("p"+string(rune('1'+i))))
		if g.InARow != i+1 {
			t.Errorf("the %d. counts as %d", i+1, g.InARow)
		}
		h.pass(13 * time.Hour)
		if err := h.book.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var owner []notice.Notice
	for _, n := range h.told {
		if n.Kind == notice.LentTooOften {
			owner = append(owner, n)
		}
	}
	if len(owner) != 1 || owner[0].To != "boss" {
		t.Errorf("told the owner: %+v", owner)
	}
	h.pass(31 * 24 * time.Hour)
	if g := h.lend("nina", "cara", cover("p9")); g.InARow != 1 {
		t.Errorf("a month later it counts as %d", g.InARow)
	}
}

func TestG8_AProgramAsksForNothingApprovesNothingAndBreaksNoGlass(t *testing.T) {
	h := newHouse(t)
	_, err := h.book.Ask(t.Context(), who("robot"), cover("p1"))
	h.refused(err, "program")
	_, err = h.book.BreakGlass(t.Context(), who("robot"), access.GlassWant{Patient: "p1", Reason: access.Reason{Text: "arrest"}})
	h.refused(err, "program")
	_, err = h.approve("robot", h.ask("nina", cover("p1")))
	h.refused(err, "program")
}

var emergency = access.Reason{Text: "cardiac arrest"}

func TestG5_AGlassIsForOnePatientShortCappedAndTold(t *testing.T) {
	h := newHouse(t)
	g, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p1", Reason: emergency, How: []string{"pin"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := time.Duration(g.Until-g.From) * time.Microsecond; got != 2*time.Hour {
		t.Errorf("for %s, want the 2 hours of the task", got)
	}
	loans := h.book.Of("nina", h.now, true)
	if len(loans) != 1 || !slices.Equal(loans[0].Patients, []string{"p1"}) || loans[0].Purpose != "ETREAT" {
		t.Errorf("lent %+v", loans)
	}
	if !slices.ContainsFunc(h.told, func(n notice.Notice) bool { return n.Kind == notice.GlassBroken && n.To == "pia" && n.Urgent }) {
		t.Errorf("told %+v", h.told)
	}
	again, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p1", Reason: emergency})
	if err != nil || again.ID != g.ID {
		t.Errorf("broken twice: %v", err)
	}
	for _, p := range []string{"p2", "p3"} {
		if _, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: p, Reason: emergency}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p4", Reason: emergency})
	h.refused(err, "over-cap")
	h.pass(2 * time.Hour)
	if h.live("nina") {
		t.Error("a glass stays broken")
	}
	_, err = h.book.BreakGlass(t.Context(), who("sam"), access.GlassWant{Patient: "p1", Reason: emergency})
	h.refused(err, "no-glass")
	_, err = h.book.BreakGlass(t.Context(), who("nils"), access.GlassWant{Patient: "p1", Reason: access.Reason{Text: "."}})
	h.refused(err, "reason-empty")
}

func TestG5_AGlassIsReviewedBySomebodyIndependentAndAnOverdueOneHoldsBackTheNext(t *testing.T) {
	h := newHouse(t)
	g, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p1", Reason: emergency})
	if err != nil {
		t.Fatal(err)
	}
	h.refused(h.book.Review(t.Context(), who("iris"), g.ID, access.Justified, "seen the notes of that night"), "live")
	h.pass(3 * time.Hour)
	if err := h.book.Attest(t.Context(), who("nina"), g.ID, "collapsed in the lobby, not my unit"); err != nil {
		t.Fatal(err)
	}
	h.refused(h.book.Attest(t.Context(), who("nils"), g.ID, "collapsed in the lobby"), "not-yours")
	for _, own := range []string{"nina", "nina2", "stranger"} {
		h.refused(h.book.Review(t.Context(), who(own), g.ID, access.Justified, "all of it is fine"), "not-yours")
	}
	h.refused(h.book.Review(t.Context(), who("iris"), g.ID, access.Justified, "."), "word")
	h.pass(72 * time.Hour)
	if err := h.book.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(h.told, func(n notice.Notice) bool { return n.Kind == notice.ReviewOverdue && n.To == "cole" }) {
		t.Error("nobody above hears of the overdue review")
	}
	_, err = h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p2", Reason: emergency})
	h.refused(err, "overdue")
	if got := h.book.Reviews("iris"); len(got) != 1 || len(h.book.Reviews("nina2")) > 0 {
		t.Errorf("reviews of iris: %v", got)
	}
	if err := h.book.Review(t.Context(), who("iris"), g.ID, access.Justified, "seen the notes of that night"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p2", Reason: emergency}); err != nil {
		t.Errorf("after the review: %v", err)
	}
}

func TestAnApproverDoesNotReviewWhatTheyApproved(t *testing.T) {
	h := newHouse(t)
	g := h.lend("nina", "cara", cover("p1"))
	h.pass(12 * time.Hour)
	h.refused(h.book.Review(t.Context(), who("cara"), g.ID, access.Justified, "all of it is fine"), "not-yours")
	if err := h.book.Review(t.Context(), who("pia"), g.ID, access.Unclear, "asked the unit about it"); err != nil {
		t.Error(err)
	}
}

func TestTheCareTeamHearsOfABrokenGlassWhereThePolicySaysSo(t *testing.T) {
	h := newHouse(t)
	h.state(`{"fact":"assigned-patient","who":"nils","patient":"Patient/p1","source":"adt","recorded_by":"ward"}`,
		`{"fact":"assigned-patient","who":"cara","patient":"Patient/p2","source":"adt","recorded_by":"ward"}`)
	if _, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p1", Reason: emergency}); err != nil {
		t.Fatal(err)
	}
	var heard []string
	for _, n := range h.told {
		if n.Kind == notice.GlassBroken {
			heard = append(heard, n.To)
		}
	}
	if !slices.Equal(heard, []string{"nils", "pia"}) {
		t.Errorf("heard of it: %v", heard)
	}
}

func TestADrillIsOfMadeUpPatientsAndMarked(t *testing.T) {
	h := newHouse(t)
	g, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "drill-1", Reason: emergency})
	if err != nil || !g.Glass.Drill || !h.live("nina") {
		t.Fatalf("%+v, %v", g, err)
	}
	entries := h.shelf.Entries()
	if last := entries[len(entries)-1].(*ledger.Act); !slices.Contains(last.What, "drill") {
		t.Errorf("on record: %v", last.What)
	}
}

func TestAGlassIsBrokenWhileTheRecordCannotBeWritten(t *testing.T) {
	for _, fault := range []booktest.Fault{booktest.Refuses, booktest.Lost, booktest.KeptBlind} {
		h := newHouse(t)
		h.shelf.Next = func() booktest.Fault { return fault }
		if _, err := h.book.Ask(t.Context(), who("nils"), cover("p7")); !errors.Is(err, access.ErrUnavailable) {
			t.Errorf("something else was lent: %v", err)
		}
		g, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p1", Reason: emergency})
		if err != nil || !h.live("nina") || len(h.spool.entries) != 1 || h.book.Loose() != 1 {
			t.Fatalf("fault %d: %v, live %t, spooled %d", fault, err, h.live("nina"), len(h.spool.entries))
		}
		h.sure = false
		if !h.live("nina") {
			t.Error("a glass broken before does not run on the monotonic clock")
		}
		h.sure = true
		h.shelf.Next = nil
		if err := h.book.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if h.book.Loose() != 0 || !h.live("nina") || len(h.book.Grants("nina")) != 1 {
			t.Errorf("fault %d: not taken into the book: %d loose, %d grants", fault, h.book.Loose(), len(h.book.Grants("nina")))
		}
		if err := h.book.Revoke(t.Context(), who("pia"), g.ID, "over"); err != nil || h.live("nina") {
			t.Errorf("fault %d: revoked: %v", fault, err)
		}
		h.spool.full = true
		h.shelf.Next = func() booktest.Fault { return fault }
		if _, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p2", Reason: emergency}); err == nil {
			t.Errorf("fault %d: broken without a trace", fault)
		}
	}
}

func TestALooseGlassIsTakenAwayAtOnce(t *testing.T) {
	h := newHouse(t)
	h.shelf.Next = func() booktest.Fault { return booktest.Refuses }
	g, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p1", Reason: emergency})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.book.Revoke(t.Context(), who("pia"), g.ID, "over"); !errors.Is(err, access.ErrUnavailable) {
		t.Errorf("said to be on record: %v", err)
	}
	if !slices.Equal(h.ended, []string{g.ID}) {
		t.Errorf("answers under way hear of %v", h.ended)
	}
	if h.live("nina") {
		t.Error("it lends")
	}
	h.shelf.Next = nil
	if err := h.book.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, _ := h.book.Grant(t.Context(), g.ID); got.State != access.Revoked || got.EndedBy != "pia" {
		t.Errorf("kept as %+v", got)
	}
}

// The change that should have kept it was kept after all, and nobody knew: when the desk
// reads it again, what was done to it meanwhile stands.
func TestG3_ALooseGlassThatWasTakenAwayIsNotRevivedByThePageThatWasKept(t *testing.T) {
	h := newHouse(t)
	h.shelf.Next = func() booktest.Fault { return booktest.KeptBlind }
	g, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p1", Reason: emergency})
	if err != nil {
		t.Fatal(err)
	}
	h.shelf.Next = func() booktest.Fault { return booktest.Refuses }
	if err := h.book.Revoke(t.Context(), who("pia"), g.ID, "over"); !errors.Is(err, access.ErrUnavailable) {
		t.Errorf("said to be on record: %v", err)
	}
	if err := h.desk.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h.live("nina") || len(h.book.Grants("nina")) > 0 {
		t.Error("it lends again")
	}
}

func TestAGlassOfAProcessThatEndedIsReviewedAllTheSame(t *testing.T) {
	h := newHouse(t)
	h.shelf.Next = func() booktest.Fault { return booktest.Refuses }
	if _, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p1", Reason: emergency}); err != nil {
		t.Fatal(err)
	}
	h.shelf.Next = nil
	h.start()
	if h.live("nina") {
		t.Error("it lends without a page")
	}
	for range 2 {
		if err := h.book.Adopt(t.Context(), h.spool.entries[0].(*ledger.Act)); err != nil {
			t.Fatal(err)
		}
	}
	if got := h.book.Reviews("iris"); len(got) != 1 || got[0].Person != "nina" {
		t.Fatalf("reviews: %+v", got)
	}
	if err := h.book.Review(t.Context(), who("iris"), h.book.Reviews("iris")[0].ID, access.Justified, "asked the ward about it"); err != nil {
		t.Error(err)
	}
}

func TestD14_NothingThatPeopleWroteNorAPatientsIDIsOnRecord(t *testing.T) {
	h := newHouse(t)
	h.lend("nina", "cara", cover("secret-patient"))
	if _, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "secret-patient", Reason: access.Reason{Text: "secret text"}}); err != nil {
		t.Fatal(err)
	}
	for _, e := range h.shelf.Entries() {
		b, err := ledger.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "secret") || strings.Contains(string(b), "lunch") {
			t.Errorf("an entry says %s", b)
		}
	}
}

func TestWhomOnlyATokenKnowsBreaksTheGlassAndIsLentNothingByOthers(t *testing.T) {
	h := newHouse(t)
	by := people.Actor{ID: "issuer/zoe", Roles: []string{"nurse"}}
	if _, err := h.book.BreakGlass(t.Context(), by, access.GlassWant{Patient: "p1", Reason: emergency}); err != nil || !h.live("issuer/zoe") {
		t.Errorf("the glass: %v", err)
	}
	_, err := h.book.Ask(t.Context(), by, cover("p1"))
	h.refused(err, "unknown")
	_, err = h.book.BreakGlass(t.Context(), who("nobody"), access.GlassWant{Patient: "p1", Reason: emergency})
	h.refused(err, "unknown")
}
