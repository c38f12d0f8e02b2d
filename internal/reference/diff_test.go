package reference_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"modicum/internal/reference"
	"modicum/policy"
)

// edited is a policy with one small thing changed, as people change policies.
func edited(r *rand.Rand, fsys fstest.MapFS) (fstest.MapFS, string) {
	out := maps.Clone(fsys)
	name := one(r, slices.Sorted(maps.Keys(fsys)))
	if name == "conditions.yaml" && r.IntN(4) > 0 {
		name = "restrictions.yaml"
	}
	text, what := editText(r, string(fsys[name].Data))
	out[name] = &fstest.MapFile{Data: []byte(text)}
	return out, name + ": " + what
}

var listed = regexp.MustCompile(`\[[^\[\]{}]*\]`)

func editText(r *rand.Rand, text string) (string, string) {
	switch lines := strings.SplitAfter(text, "\n"); r.IntN(5) {
	case 0: // a line goes
		i := r.IntN(len(lines))
		return strings.Join(slices.Delete(lines, i, i+1), ""), "line gone: " + lines[i]
	case 1: // a number
		return replaceOne(r, text, regexp.MustCompile(`\b[0-9]+ (hour|day|month|per)s?\b|: [0-9]+\b`), func(s string) string {
			return regexp.MustCompile(`[0-9]+`).ReplaceAllString(s, fmt.Sprint(1+r.IntN(300)))
		})
	case 2: // a word in place of another
		return replaceOne(r, text, listed, func(s string) string { return swapWord(r, s, true, true) })
	case 3:
		return replaceOne(r, text, listed, func(s string) string { return swapWord(r, s, false, true) })
	}
	return replaceOne(r, text, listed, func(s string) string { return swapWord(r, s, true, false) })
}

// swapWord adds a word of the same kind to a list, takes one away, or both.
func swapWord(r *rand.Rand, list string, add, drop bool) string {
	words := strings.Split(strings.Trim(list, "[]"), ", ")
	kinds := [][]string{seeWords, overlayWords, slices.Concat(callerFacts, patientFacts, conditions), obligations, kinds, purposes, {"read", "search", "create", "update"}}
	of := kinds[0]
	for _, k := range kinds {
		if slices.Contains(k, words[0]) {
			of = k
		}
	}
	if drop {
		i := r.IntN(len(words))
		words = slices.Delete(words, i, i+1)
	}
	if add {
		words = append(words, one(r, of))
	}
	return "[" + strings.Join(unique(words), ", ") + "]"
}

func replaceOne(r *rand.Rand, text string, what *regexp.Regexp, by func(string) string) (string, string) {
	all := what.FindAllStringIndex(text, -1)
	if len(all) == 0 {
		return text, "nothing"
	}
	at := one(r, all)
	was := text[at[0]:at[1]]
	now := by(was)
	return text[:at[0]] + now + text[at[1]:], was + " -> " + now
}

// change is two policies and what Diff says about them.
type change struct {
	t        *testing.T
	what     string
	old, new *hospital
	diff     policy.Difference
	seen     map[string]int
}

// record is the same record to both policies.
type record struct {
	month, halfYear  bool // it is as young as that
	department, here bool // it lies in the caller's department, facility
	lent             map[string]bool
}

// settle makes atoms of the same situation for a policy whose lines ask otherwise.
func (c *record) settle(h *hospital, p *policy.Plan, a reference.Atoms) *reference.Atoms {
	a.Within = map[string]bool{}
	a.Patients = slices.Clone(a.Patients)
	for i := range a.Patients {
		a.Patients[i].Lent = map[string]bool{}
	}
	for i := range p.Lines() {
		back, place := p.LineWithin(i)
		young := back.Zero() || c.halfYear && back.Months >= 6 || c.month && (back.Days >= 30 || back.Months > 0)
		near := place == policy.Anywhere || place == policy.OwnDepartment && c.department || place == policy.OwnFacility && c.here
		a.Within[p.LineID(i)] = young && near
		for j := range a.Patients {
			task, _, _ := strings.Cut(p.LineID(i), "#")
			if p.LineException(i) {
				task = "exception " + task
			}
			a.Patients[j].Lent[p.LineID(i)] = c.lent[task]
		}
	}
	return &a
}

// TestG7_NothingOpensUnsaid: random policies and random edits of them; random requests
// that name their task, decided by the slow model under both. Whenever a record shows
// more under the new policy, owes less, or a limit is wider, Diff says that something
// opens, and that the caller's role gains.
func TestG7_NothingOpensUnsaid(t *testing.T) {
	seen := map[string]int{}
	for seed := uint64(1); seed <= 260; seed++ {
		rng := rand.New(rand.NewPCG(seed, 77))
		fsys := randomPolicy(rng)
		a, _, _ := compiled(fsys)
		if a == nil {
			continue
		}
		for range 4 {
			other, what := edited(rng, fsys)
			b, _, _ := compiled(other)
			if b == nil {
				seen["edit refused"]++
				continue
			}
			c := &change{t: t, what: what, old: newHospital(a, a.Folder()), new: newHospital(b, b.Folder()), diff: policy.Diff(a, b), seen: seen}
			c.try(rng, seed)
			if t.Failed() {
				return
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		t.Logf("%8d %s", seen[name], name)
	}
	for name, least := range map[string]int{"edit opens": 100, "edit closes only": 100, "request opens": 60, "request closes": 40} {
		if seen[name] < least {
			t.Errorf("%s: %d, want at least %d: the property was not tried", name, seen[name], least)
		}
	}
}

func (c *change) try(rng *rand.Rand, seed uint64) {
	switch {
	case c.diff.Opens():
		c.seen["edit opens"]++
	case c.diff.Count(policy.Closes) > 0:
		c.seen["edit closes only"]++
	default:
		c.seen["edit of words"]++
	}
	for range 40 {
		d := &drawer{rng, c.new}
		r := d.request()
		if rng.IntN(2) == 0 {
			d = &drawer{rng, c.old}
			r = d.request()
		}
		if r.Program == "" && r.Disclosure == "" {
			r.Task, r.Roles = c.namedTask(rng, d.hospital, r.Roles)
			if r.Purpose != "ETREAT" && r.Purpose != "BTG" {
				r.Purpose = ""
			}
		}
		consistent(r.Caller)
		c.request(d, r, seed)
	}
}

// namedTask names a task as only one reading can be meant: role/task.
func (c *change) namedTask(rng *rand.Rand, h *hospital, roles []string) (string, []string) {
	for i := range 40 {
		if id := one(rng, h.tasks); strings.Contains(id, "/") {
			role, _, _ := strings.Cut(id, "/")
			if edited, ok := strings.CutPrefix(c.what, "roles/"); ok && i < 20 && !strings.HasPrefix(edited, role+".") {
				continue // first of all the role that was edited
			}
			if !slices.Contains(roles, role) {
				roles = append(roles, role)
			}
			return id, roles
		}
	}
	return "", roles
}

func (c *change) request(d *drawer, r *reference.Request, seed uint64) {
	var pa, pb policy.Plan
	was, now := c.old.model.Admit(r), c.new.model.Admit(r)
	c.old.set.Admit(c.old.engineRequest(r), &pa)
	c.new.set.Admit(c.new.engineRequest(r), &pb)
	if was.Why == policy.Admitted && now.Why == policy.Admitted {
		if wider := widerLimits(was.Limits(), now.Limits()); wider != "" {
			c.must("a limit is wider: "+wider, r, nil, seed)
		}
	}
	names := &plan{verb: r.Verb, caller: r.Caller}
	for _, side := range []*plan{c.old.planOf(&pa), c.new.planOf(&pb)} {
		names.uses = append(names.uses, side.uses...)
	}
	for range 4 {
		base := d.atoms(names)
		for i := range base.Patients {
			consistent(base.Patients[i].Facts)
			consistentNames(base.Patients[i].Names)
		}
		consistentNames(base.Names)
		rec := &record{month: d.chance(50), department: d.chance(50), here: d.chance(50), lent: map[string]bool{}}
		rec.halfYear = rec.month || d.chance(50)
		for _, task := range d.tasks {
			rec.lent[task], rec.lent["exception "+task] = d.chance(50), d.chance(60)
		}
		c.compare(was.View(rec.settle(c.old, &pa, *base)), now.View(rec.settle(c.new, &pb, *base)), r, base, seed)
	}
}

func (c *change) compare(was, now *reference.Verdict, r *reference.Request, a *reference.Atoms, seed uint64) {
	closes := false
	for class, t := range now.View {
		if t > was.View[class] {
			c.seen["request opens"]++
			c.must(fmt.Sprintf("%s shows as %v, before %v", c.new.set.Catalog().Name(class), t, was.View[class]), r, a, seed)
			return
		}
	}
	for class, t := range was.View {
		closes = closes || t > now.View[class]
	}
	if closes {
		c.seen["request closes"]++
		return
	}
	for o := range was.Obligations {
		if !now.Obligations[o] && len(now.View) > 0 {
			c.must("no longer owed: "+o, r, a, seed)
		}
	}
}

// must fails where the difference does not say that something opens for the caller.
func (c *change) must(what string, r *reference.Request, a *reference.Atoms, seed uint64) {
	c.t.Helper()
	c.seen["opens by "+strings.Fields(what)[0]]++
	role, _, _ := strings.Cut(r.Task, "/")
	if c.diff.Opens() && (r.Program != "" || r.Disclosure != "" || r.Partner != "" || slices.Contains(c.diff.Gains(), role)) {
		return
	}
	c.t.Fatalf("seed %d, edit %s\n%s\nDiff does not say so: %+v\nrequest %s\natoms %s", seed, c.what, what, c.diff.Changes, brief(r), briefAtoms(a))
}

func widerLimits(a, b policy.Limits) string {
	for _, l := range []struct {
		what     string
		was, now int
	}{
		{"results", a.Results, b.Results}, {"rows", a.Rows, b.Rows}, {"patients", a.Patients.Day, b.Patients.Day},
		{"patients", a.Patients.Hour, b.Patients.Hour}, {"patients", a.Patients.Minute, b.Patients.Minute},
		{"asks", a.Asks.Day, b.Asks.Day}, {"requests", a.Requests.Hour, b.Requests.Hour},
	} {
		if l.was != 0 && (l.now == 0 || l.now > l.was) {
			return l.what
		}
	}
	if a.Export == "none" && b.Export != "none" {
		return "export"
	}
	return ""
}

// rests are the conditions with a `where` of the vocabulary and the facts they look
// at: the condition holds by an instance of the fact, and names what that names.
var rests = map[string]string{"claim": "item", "recent": "item"}

func consistent(truths map[string]reference.Truth) {
	for cond, fact := range rests {
		t, ok := truths[cond]
		f := truths[fact]
		if !ok && !f.Unknown {
			continue
		}
		f.Holds, f.Last = f.Holds || t.Holds, f.Last || t.Last || t.Holds
		if t.Unknown || f.Unknown {
			f.Unknown, t.Unknown = true, true
		}
		truths[fact], truths[cond] = f, t
	}
	for cond, fact := range rests { // unknown is what was never read, all of it
		if truths[fact].Unknown {
			t := truths[cond]
			t.Unknown = true
			truths[cond] = t
		}
	}
}

func consistentNames(names map[reference.Use]reference.Classes) {
	for cond, fact := range rests {
		for _, restricting := range []bool{false, true} {
			c, f := names[reference.Use{Fact: cond, Restricting: restricting}], reference.Use{Fact: fact, Restricting: restricting}
			if len(c) > 0 {
				all := maps.Clone(names[f])
				if all == nil {
					all = reference.Classes{}
				}
				maps.Copy(all, c)
				names[f] = all
			}
		}
	}
}

// TestG7_EqualPoliciesHaveNoDifference: comments, blanks and order change nothing.
func TestG7_EqualPoliciesHaveNoDifference(t *testing.T) {
	for seed := uint64(1); seed <= 200; seed++ {
		rng := rand.New(rand.NewPCG(seed, 78))
		fsys := randomPolicy(rng)
		a, _, _ := compiled(fsys)
		if a == nil {
			continue
		}
		moved := maps.Clone(fsys)
		for name, f := range fsys {
			text := replaceAllLists(rng, string(f.Data))
			moved[name] = &fstest.MapFile{Data: []byte("# a comment\n\n" + text)}
		}
		b, _, wrong := compiled(moved)
		if b == nil {
			t.Fatal(wrong)
		}
		if d := policy.Diff(a, b); len(d.Changes) > 0 {
			t.Fatalf("seed %d: %+v", seed, d.Changes)
		}
	}
}

// replaceAllLists writes each list in another order, but where order means something:
// the first code of a purpose is the one that is recorded.
func replaceAllLists(r *rand.Rand, text string) string {
	return listed.ReplaceAllStringFunc(text, func(list string) string {
		words := strings.Split(strings.Trim(list, "[]"), ", ")
		if strings.ToUpper(list) == list {
			return list
		}
		r.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
		return "[" + strings.Join(words, ", ") + "]"
	})
}
