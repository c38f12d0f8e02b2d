package merge_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/internal/merge"
	"modicum/internal/testkit"
	"modicum/policy"
)

// rules is a random view, with more kept than not, and what of it may be written.
func rules(rng *rand.Rand) merge.Rules {
	sh := &fhirjson.Shape{
		PatientInScope: func(id []byte) bool { return len(id)%2 == 0 || string(id) == "example" },
		Visible: func(_ catalog.Type, id []byte) bool {
			return !slices.Contains([]byte("13579"), id[len(id)-1])
		},
		Token: func(dst []byte, _ catalog.Class, v []byte) []byte { return fmt.Appendf(dst, "tok-%d", len(v)) },
		Year:  2026,
	}
	var write policy.View
	closed := rng.IntN(3) // all kept, most kept, half kept
	for c := range catalog.R4().Content().All {
		t := policy.Keep
		if closed > 0 && rng.IntN(8) < 2*closed {
			t = policy.Treatment(rng.IntN(6))
		}
		sh.View.Put(c, t)
		if rng.IntN(8) > 0 {
			write.Put(c, policy.Keep)
		}
	}
	return merge.Rules{Shown: sh, Write: write}
}

var scanners = fhirjson.NewPool(catalog.R4(), fhirjson.Limits{})

// project returns what shows of a record, nil where it is not there.
func project(tb testing.TB, record []byte, r merge.Rules) []byte {
	tb.Helper()
	s := scanners.Get()
	defer scanners.Put(s)
	rec, err := s.Resource(record)
	if err != nil {
		return nil
	}
	out, o, err := s.Project(nil, rec, r.Shown)
	if err != nil || !o.There || rec.UnknownPatient {
		return nil
	}
	return out
}

func merged(record, sent []byte, r merge.Rules) ([]byte, error) {
	s := scanners.Get()
	defer scanners.Put(s)
	return merge.Merge(s, record, sent, r)
}

// seeds are those of MODICUM_MERGE_SEED, or n from 1 on.
func seeds(tb testing.TB, n int) (all []uint64) {
	tb.Helper()
	if given := os.Getenv("MODICUM_MERGE_SEED"); given != "" {
		for s := range strings.SplitSeq(given, ",") {
			v, err := strconv.ParseUint(strings.TrimSpace(s), 10, 64)
			if err != nil {
				tb.Fatalf("MODICUM_MERGE_SEED: %v", err)
			}
			all = append(all, v)
		}
		return all
	}
	for i := range n {
		all = append(all, uint64(i+1))
	}
	return all
}

// trial is one generated edit of one generated view of one record.
type trial struct {
	record, twin, shown, sent []byte
	rules                     merge.Rules
	edits                     []string
}

func newTrial(tb testing.TB, all [][]byte, seed uint64) *trial {
	rng := rand.New(rand.NewPCG(seed, 7))
	for {
		tr := &trial{rules: rules(rng), record: all[rng.IntN(len(all))]}
		if len(tr.record) > 30000 {
			continue
		}
		tr.record = []byte(spice(rng, parse(tb, tr.record)).String())
		if tr.shown = project(tb, tr.record, tr.rules); tr.shown == nil {
			continue
		}
		sent := parse(tb, tr.shown)
		for range 1 + rng.IntN(3) {
			if rng.IntN(3) == 0 {
				tr.edits = append(tr.edits, graft(tb, rng, all, sent))
				continue
			}
			tr.edits = append(tr.edits, edit(rng, sent))
		}
		tr.sent = []byte(sent.String())
		tr.twin = tr.other(tb, rng)
		return tr
	}
}

// spice puts what no view shows into a record.
func spice(rng *rand.Rand, t *tree) *tree {
	n := 0
	t.walk("", func(path string, v *tree) {
		if v.kind != '{' || path == "" || strings.Contains(path, ".text") || rng.IntN(4) > 0 {
			return
		}
		n++
		hidden := &tree{kind: '{', members: []member{
			{"url", &tree{kind: '"', raw: `"http://vendor.example/` + strconv.Itoa(n) + `"`}},
			{"valueString", &tree{kind: '"', raw: `"hidden ` + strconv.Itoa(n) + `"`}},
		}}
		switch ext := v.get("extension"); {
		case strings.Contains(path, "xtension"):
		case ext != nil && ext.kind == '[':
			ext.items = slices.Insert(ext.items, rng.IntN(len(ext.items)+1), hidden)
		default:
			v.members = append(v.members, member{"extension", &tree{kind: '[', items: []*tree{hidden}}})
		}
	})
	return t
}

// other is the record with other hidden content and the same projection.
func (tr *trial) other(tb testing.TB, rng *rand.Rand) []byte {
	best := parse(tb, tr.record)
	for range 12 {
		try := best.clone()
		disturb(rng, try)
		text := []byte(try.String())
		if shown := project(tb, text, tr.rules); shown != nil && bytes.Equal(shown, tr.shown) {
			best = try
		}
	}
	return []byte(best.String())
}

// disturb changes, takes away or adds one thing somewhere.
func disturb(rng *rand.Rand, t *tree) {
	var all []*tree
	t.walk("", func(_ string, v *tree) { all = append(all, v) })
	v := all[rng.IntN(len(all))]
	switch {
	case v.kind == '"':
		v.raw = `"other ` + strconv.Itoa(rng.IntN(1000)) + `"`
	case v.kind == '0':
		v.raw = strconv.Itoa(rng.IntN(1000))
	case v.kind == '{' && rng.IntN(2) == 0 && len(v.members) > 0:
		i := rng.IntN(len(v.members))
		v.members = slices.Delete(v.members, i, i+1)
	case v.kind == '{':
		if v.get("extension") == nil {
			v.members = slices.Insert(v.members, rng.IntN(len(v.members)+1), member{"extension", &tree{kind: '[', items: []*tree{{kind: '{', members: []member{
				{"url", &tree{kind: '"', raw: `"http://vendor.example/other"`}}, {"valueCode", &tree{kind: '"', raw: `"x"`}}}}}}})
		}
	case v.kind == '[' && len(v.items) > 0 && rng.IntN(2) == 0:
		i := rng.IntN(len(v.items))
		v.items = slices.Delete(v.items, i, i+1)
	case v.kind == '[' && len(v.items) > 0:
		v.items = slices.Insert(v.items, rng.IntN(len(v.items)+1), v.items[rng.IntN(len(v.items))].clone())
	}
}

// graft adds, or puts in the place of another, a member of another record of the type.
func graft(tb testing.TB, rng *rand.Rand, all [][]byte, t *tree) string {
	typ := `{"resourceType":` + t.get("resourceType").raw
	start := rng.IntN(len(all))
	for i := range all {
		record := all[(start+i)%len(all)]
		if !bytes.HasPrefix(record, []byte(typ)) {
			continue
		}
		donor := parse(tb, record)
		m := donor.members[rng.IntN(len(donor.members))]
		if slices.Contains([]string{"resourceType", "id", "meta", "text", "contained"}, m.name) {
			return "nothing"
		}
		t.drop(m.name)
		t.members = append(t.members, member{m.name, m.value})
		return "." + m.name + " grafted"
	}
	return "nothing"
}

// edit changes what was shown as an application would.
func edit(rng *rand.Rand, t *tree) string {
	type at struct {
		path string
		v    *tree
	}
	var all []at
	t.walk("", func(path string, v *tree) {
		if path == "" || !strings.HasPrefix(path, ".meta") && path != ".id" && path != ".resourceType" {
			all = append(all, at{path, v})
		}
	})
	a := all[rng.IntN(len(all))]
	v := a.v
	switch {
	case v.kind == '"' && rng.IntN(4) > 0:
		v.raw = `"changed` + strconv.Itoa(rng.IntN(100)) + `"`
		return a.path + " changed"
	case v.kind == '0':
		v.raw = []string{v.raw + "1", "7.0", "-1"}[rng.IntN(3)]
		return a.path + " renumbered"
	case v.kind == '{' && len(v.members) > 0:
		i := rng.IntN(len(v.members))
		if name := v.members[i].name; a.path == "" && (name == "resourceType" || name == "id" || name == "meta") {
			return "nothing"
		}
		if rng.IntN(3) == 0 { // a member with its sibling moves to the end
			m := v.members[i]
			v.members = append(slices.Delete(v.members, i, i+1), m)
			return a.path + " reordered members"
		}
		name := v.members[i].name
		v.drop(name)
		return a.path + "." + name + " dropped"
	case v.kind == '[' && len(v.items) > 0:
		i, j := rng.IntN(len(v.items)), rng.IntN(len(v.items))
		switch rng.IntN(4) {
		case 0:
			v.items[i], v.items[j] = v.items[j], v.items[i]
			return a.path + " swapped"
		case 1:
			if len(v.items) > 1 {
				v.items = slices.Delete(v.items, i, i+1)
				return a.path + " item dropped"
			}
		case 2:
			v.items = slices.Insert(v.items, j, v.items[i].clone())
			return a.path + " item doubled"
		}
		c := v.items[i].clone()
		edit(rng, c)
		v.items = slices.Insert(v.items, j, c)
		return a.path + " item added"
	}
	return "nothing"
}

// F8, FC52: whatever the record, the view and the edit: what is hidden stays to the byte,
// the edit shows, nothing else does; and where nothing was changed the record comes
// back as it was.
func TestF8_GeneratedEditsLoseNothing(t *testing.T) {
	all := testkit.Examples(t)
	n := 20000
	if testing.Short() {
		n = 1500
	}
	done, refused, hidden, why := 0, 0, 0, map[merge.Reason]int{}
	for _, seed := range seeds(t, n) {
		if t.Failed() {
			break
		}
		tr := newTrial(t, all, seed)
		out, err := merged(tr.record, tr.sent, tr.rules)
		tr.sameForTwin(t, seed, out, err)
		var r *merge.Refusal
		switch {
		case errors.As(err, &r):
			refused++
			why[r.Problems[0].Reason]++
			continue
		case err != nil:
			continue
		}
		done++
		if tr.judge(t, seed, out) {
			hidden++
		}
	}
	t.Logf("%d merged (%d with something hidden), %d refused: %v", done, hidden, refused, why)
	if os.Getenv("MODICUM_MERGE_SEED") == "" && (done < n/4 || hidden < n/8) {
		t.Errorf("of %d edits %d were merged, %d beside something hidden: the generator tests nothing", n, done, hidden)
	}
}

// judge compares the merged record with the original. It reports whether something was
// hidden.
func (tr *trial) judge(t *testing.T, seed uint64, out []byte) bool {
	t.Helper()
	fail := func(what string, detail any) {
		t.Errorf("seed %d (%v): %s: %v\nrecord %s\nshown  %s\nsent   %s\nout    %s", seed, tr.edits, what, detail, tr.record, tr.shown, tr.sent, out)
	}
	now := project(t, out, tr.rules)
	if now == nil {
		fail("the record is not there any more", "")
		return false
	}
	if a, b := comparable(t, now), comparable(t, tr.sent); a != b {
		fail("what shows is not what was sent", string(now))
	}
	if comparable(t, tr.shown) == comparable(t, tr.sent) && string(out) != string(tr.record) {
		fail("nothing was changed, and the record is", "")
	}
	was := less(parse(t, tr.record).leaves(), parse(t, tr.shown).leaves())
	is := less(parse(t, out).leaves(), parse(t, now).leaves())
	for leaf := range less(was, is) {
		if !label(leaf) && !tr.retyped(t, leaf) {
			fail("lost", leaf)
			break
		}
	}
	for leaf := range less(is, was) {
		if !label(leaf) && !strings.HasSuffix(leaf, `.url "`+catalog.DataAbsentReason+`"`) && !strings.HasSuffix(leaf, `valueCode "masked"`) {
			fail("came from nowhere", leaf)
			break
		}
	}
	for leaf := range was {
		if !strings.HasPrefix(leaf, ".text") && !label(leaf) {
			return true
		}
	}
	return false
}

// retyped reports whether a leaf is inside a choice that was sent with another type.
func (tr *trial) retyped(t *testing.T, leaf string) bool {
	path, _, _ := strings.Cut(leaf, " ")
	was, is := parse(t, tr.shown), parse(t, tr.sent)
	count := func(root *tree, at string) (n int) {
		root.walk("", func(path string, _ *tree) {
			if path == at {
				n++
			}
		})
		return n
	}
	typ := strings.Trim(was.get("resourceType").raw, `"`)
	for i := range len(path) {
		at := path[:i]
		nodes := catalog.R4().Find(typ + strings.ReplaceAll(at, "._", "."))
		if i > 0 && path[i] == '.' && len(nodes) > 0 && catalog.R4().Node(nodes[0]).ChoiceOf != 0 && count(is, at) < max(1, count(was, at)) {
			return true
		}
	}
	return false
}

// label reports whether a leaf is of what a reference says of its target, which goes
// with it.
func label(leaf string) bool {
	path, _, _ := strings.Cut(leaf, " ")
	return strings.HasSuffix(path, ".display") || strings.HasSuffix(path, ".reference") || strings.Contains(path, ".identifier.") || strings.HasSuffix(path, ".type")
}

const masked = `{"extension":[{"url":"` + catalog.DataAbsentReason + `","valueCode":"masked"}]}`

// comparable is a record without meta, its members sorted.
func comparable(tb testing.TB, b []byte) string {
	t := parse(tb, b).sorted()
	t.drop("meta")
	t.walk("", func(_ string, v *tree) {
		if to := v.get("reference"); to != nil && to.kind == '"' {
			v.drop("display") // what a new reference calls its target is kept, and never shown
		}
		// equal numbers are unchanged, however spelt
		if v.kind == '0' && strings.Contains(v.raw, ".") && !strings.ContainsAny(v.raw, "eE") {
			v.raw = strings.TrimRight(strings.TrimRight(v.raw, "0"), ".")
		}
		slices.SortStableFunc(v.items, func(a, b *tree) int { // where a mark stands says nothing
			mark := func(t *tree) int {
				if t.String() == masked {
					return 1
				}
				return 0
			}
			return mark(a) - mark(b)
		})
	})
	return t.String()
}

// sameForTwin demands the same verdict, and the same shown result, for a record that
// differs in hidden content only.
func (tr *trial) sameForTwin(t *testing.T, seed uint64, out []byte, err error) {
	t.Helper()
	other, otherErr := merged(tr.twin, tr.sent, tr.rules)
	if fmt.Sprint(err) != fmt.Sprint(otherErr) {
		t.Errorf("seed %d (%v): %v, and with other hidden content %v\nrecord %s\ntwin   %s\nshown  %s\nsent   %s", seed, tr.edits, err, otherErr, tr.record, tr.twin, tr.shown, tr.sent)
		return
	}
	if err == nil && !bytes.Equal(shownOf(t, out, tr.rules), shownOf(t, other, tr.rules)) {
		t.Errorf("seed %d (%v): shows otherwise\n%s\n%s\ntwin %s", seed, tr.edits, out, other, tr.twin)
	}
}

func shownOf(tb testing.TB, record []byte, r merge.Rules) []byte {
	return project(tb, record, r)
}
