package store_test

import (
	"errors"
	"slices"
	"testing"

	"modicum/internal/store"
	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

func TestPostedFactsAndTheirEntryAreKeptTogether(t *testing.T) {
	o := options(t)
	s := open(t, o)
	n := 0
	keep := func(fail error, posted ...store.Posted) error {
		n++
		_, err := s.Append(bg, ledgertest.Act(n), func(tx ledger.Tx) error {
			return errors.Join(store.KeepPosted(bg, tx, posted), fail)
		})
		return err
	}
	line := func(key, text string) store.PostedLine { return store.PostedLine{Key: key, Text: []byte(text)} }
	for _, err := range []error{
		keep(nil, store.Posted{Source: "adt", At: 1, Lines: []store.PostedLine{line("a", "old")}}),
		keep(nil, store.Posted{Source: "adt", Whole: true, At: 5, Lines: []store.PostedLine{line("a", "one"), line("b", "two")}}),
		keep(nil, store.Posted{Source: "adt", At: 6, Lines: []store.PostedLine{line("a", "first"), line("c", "three")}}),
		keep(nil, store.Posted{Source: "adt", At: 7, Lines: []store.PostedLine{line("a", "again")}}),
		keep(nil, store.Posted{Source: "queue", At: 2, Lines: []store.PostedLine{line("q", "item")}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := keep(errors.New("refused"), store.Posted{Source: "adt", Whole: true, At: 9}); err == nil {
		t.Error("a failing act was kept")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := open(t, o).Posted(bg)
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		source string
		whole  bool
		at     int64
		texts  []string
	}{{"adt", true, 5, []string{"one", "two"}}, {"adt", false, 6, []string{"three"}}, {"adt", false, 7, []string{"again"}}, {"queue", false, 2, []string{"item"}}}
	if len(got) != len(want) {
		t.Fatalf("%d kept, want %d: %+v", len(got), len(want), got)
	}
	for i, w := range want {
		g := got[i]
		if g.Source != w.source || g.Whole != w.whole || g.At != w.at || len(g.Lines) != len(w.texts) {
			t.Errorf("kept %+v, want %+v", g, w)
			continue
		}
		for k, text := range w.texts {
			if string(g.Lines[k].Text) != text {
				t.Errorf("line %q, want %q", g.Lines[k].Text, text)
			}
		}
	}
}

func TestSearchByTasksFindsDecisionsOfSeveralTasksAndWhatBelongsToThem(t *testing.T) {
	s := open(t, options(t))
	add := func(n int, task string) {
		t.Helper()
		d := ledgertest.Decision(n)
		d.Task = task
		for _, e := range []ledger.Entry{d, ledgertest.Outcome(n)} {
			if _, err := s.Append(bg, e, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	for n, task := range []string{"bill", "audit-bill", "bill register", "register", "billing", "audit bill"} {
		add(n+1, task)
	}
	for _, tt := range []struct {
		tasks []string
		want  []int
	}{{[]string{"bill"}, []int{1, 3, 6}}, {[]string{"register"}, []int{3, 4}}, {[]string{"bill", "register"}, []int{1, 3, 4, 6}}, {[]string{"none"}, nil}} {
		records, err := s.Search(bg, store.Query{Tasks: tt.tasks, From: 1})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range records {
			e, err := r.Entry()
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e.Header().ID)
		}
		var want []string
		for _, n := range tt.want {
			want = append(want, ledgertest.ID(n), ledgertest.ID(n))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v: got %v, want %v", tt.tasks, got, want)
		}
	}
}

// TestSearchByGrantFindsWhatWasDecidedUnderIt: a decision may name several grants; the
// reviewer of one finds it, from the index and from what the index lacks still.
func TestSearchByGrantFindsWhatWasDecidedUnderIt(t *testing.T) {
	o := options(t)
	s := open(t, o)
	d := ledgertest.Decision(1)
	d.Grant = ledgertest.ID(100) + " " + ledgertest.ID(101)
	fill(t, s, d, ledgertest.Decision(2))
	for grant, want := range map[string]int{ledgertest.ID(100): 1, ledgertest.ID(101): 1, ledgertest.ID(102): 0} {
		if got, err := s.Search(bg, store.Query{Grant: grant}); err != nil || len(got) != want {
			t.Errorf("%s: %d decisions, %v; want %d", grant, len(got), err, want)
		}
	}
}
