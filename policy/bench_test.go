package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"modicum/catalog"
	"modicum/policy"
)

// edges is the relation probe of the limit: an open-addressing map of packed
// caller and patient numbers, as facts are looked up once for each patient.
type edges struct {
	keys []uint64
	mask uint64
}

func newEdges(n int) *edges {
	e := &edges{keys: make([]uint64, 1<<21), mask: 1<<21 - 1}
	for i := range n {
		k := edgeKey(i)
		at := hash64(k) & e.mask
		for e.keys[at] != 0 {
			at = (at + 1) & e.mask
		}
		e.keys[at] = k
	}
	return e
}

func edgeKey(i int) uint64 { return uint64(i%5000+1)<<32 | uint64(i+1) }

func hash64(x uint64) uint64 {
	x ^= x >> 32
	x *= 0xd6e8feb86659fd93
	x ^= x >> 32
	return x
}

// get returns k as it is stored, 0 when it is not there.
func (e *edges) get(k uint64) uint64 {
	for at := hash64(k) & e.mask; e.keys[at] != 0; at = (at + 1) & e.mask {
		if e.keys[at] == k {
			return e.keys[at]
		}
	}
	return 0
}

// next is the edge that is asked after a stored one. It follows from the answer,
// on both sides: a request is decided for somebody who waits, so neither side may
// hide its waiting for memory behind the request after it.
func next(stored uint64) int { return int((stored&0xffffffff)*7919) % million }

const million = 1_000_000

// bench40 is a generated policy of 40 roles × 8 purposes × 60 classes: in each
// role one task for each purpose, with a further line for marked records.
func bench40(tb testing.TB) *policy.Set {
	names := []string{}
	for _, c := range catalog.R4().Classes() {
		if !c.IsOverlay && !c.ExplicitOnly && len(names) < 60 && !strings.HasPrefix(c.Name, "dataset") {
			names = append(names, c.Name)
		}
	}
	var org, roles strings.Builder
	org.WriteString("-- organization.yaml --\norganization: big\ntitle: Big\ntime-zone: UTC\npositions: [boss, deputy]\npurposes:\n")
	for p := range 8 {
		fmt.Fprintf(&org, "  purpose-%d: [CODE%d]\n", p, p)
	}
	org.WriteString("\n")
	for r := range 40 {
		var body strings.Builder
		body.WriteString("tasks:\n")
		for p := range 8 {
			var see []string
			for i, n := range names {
				if (i+r+p)%3 != 0 {
					see = append(see, n)
				}
			}
			fmt.Fprintf(&body, "  task-%d:\n    title: T\n    purpose: purpose-%d\n    do: [read, search]\n    while: [assigned, shift]\n    see: {keep: [%s]}\n    within: whole-record\n    justify: A benchmark.\n    also:\n      - {while: [item], marked: [sensitive.hiv]}\n", p, p, strings.Join(see, ", "))
		}
		roles.WriteString(role(fmt.Sprintf("role-%d", r), body.String()))
	}
	return world(tb, org.String(), roles.String(), restrictions)
}

// BenchmarkDecide compares Admit and View of one request, all classes and
// reasons, with the least that the job could need: role and purpose looked up by
// name, a relation probe in a map of a million edges, and a mask. The limit probes
// Go's map; floor and our own side the packed edges, as package facts does. The
// ratio to the limit is what counts (target: 2 or less).
func BenchmarkDecide(b *testing.B) {
	e := newEdges(million)
	roles, purposes := map[string]int{}, map[string]int{}
	for i := range 40 {
		roles[fmt.Sprintf("role-%d", i)] = i
	}
	for i := range 8 {
		purposes[fmt.Sprintf("purpose-%d", i)] = i
	}
	var table [40 * 8]catalog.ClassSet
	for i := range table {
		table[i] = catalog.ClassSet{uint64(i) * 0x9e3779b97f4a7c15, uint64(i)}
	}
	var names, stated [64]string
	for i := range names {
		names[i], stated[i] = fmt.Sprintf("role-%d", i%40), fmt.Sprintf("purpose-%d", i%8)
	}
	least := func(probe func(uint64) uint64) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			var sink catalog.ClassSet
			i := 0
			for b.Loop() {
				set := table[roles[names[i&63]]*8+purposes[stated[i&63]]]
				k := probe(edgeKey(i))
				if k != 0 {
					sink = sink.Union(set.Intersect(everything))
				}
				i = next(k)
			}
		}
	}
	plain := make(map[uint64]uint64, million)
	for i := range million {
		plain[edgeKey(i)] = edgeKey(i)
	}
	b.Run("limit", least(func(k uint64) uint64 { return plain[k] }))
	b.Run("floor", least(e.get))
	big := bench40(b)
	b.Run("big", func(b *testing.B) {
		benchDecide(b, e, big, func(r *policy.Request, i int) { r.Roles[0], r.Purpose = names[i&63], stated[i&63] },
			[]string{"shift"}, []string{"assigned"})
	})
	sample := loadHospital(b)
	b.Run("sample", func(b *testing.B) {
		benchDecide(b, e, sample, func(r *policy.Request, i int) { r.Roles[0], r.Purpose = "nurse", "treatment" },
			[]string{"during-shift"}, []string{"assigned-patient", "episode", "active-episode"})
	})
}

func benchDecide(b *testing.B, e *edges, s *policy.Set, set func(*policy.Request, int), caller, about []string) {
	r := ask("", "")
	r.Caller = holding(b, s, caller...)
	var p policy.Plan
	set(&r, 0)
	if why := s.Admit(&r, &p); why != policy.Admitted {
		b.Fatal(why)
	}
	a := policy.Atoms{Within: ^uint64(0), Patients: []policy.PatientAtoms{patient(b, s, &p, about...)}}
	truth := a.Patients[0].Truth
	var v policy.Verdict
	b.ReportAllocs()
	i, shown := 0, 0
	for b.Loop() {
		set(&r, i)
		s.Admit(&r, &p)
		a.Patients[0].Truth = policy.Truth{}
		k := e.get(edgeKey(i))
		if k != 0 {
			a.Patients[0].Truth = truth
		}
		p.View(&a, &v)
		shown += int(v.Lines & 1)
		i = next(k)
	}
	if shown == 0 {
		b.Fatal("nothing was shown")
	}
}

// BenchmarkView is the second step alone: one record of a page that was admitted.
func BenchmarkView(b *testing.B) {
	s := loadHospital(b)
	r := ask("nurse", "give-care")
	r.Caller = holding(b, s, "during-shift")
	p := admit(b, s, r)
	a := policy.Atoms{Within: ^uint64(0), Patients: []policy.PatientAtoms{patient(b, s, p, "assigned-patient", "episode", "active-episode")}}
	var v policy.Verdict
	b.ReportAllocs()
	for b.Loop() {
		p.View(&a, &v)
	}
}

// BenchmarkCompile is what a change of policy costs.
func BenchmarkCompile(b *testing.B) {
	f := reload(b)
	b.ReportAllocs()
	for b.Loop() {
		if s, _ := policy.Compile(f, catalog.R4()); s == nil {
			b.Fatal("does not compile")
		}
	}
}
