package access_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/access"
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
