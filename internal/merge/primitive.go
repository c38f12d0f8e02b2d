package merge

import (
	"slices"
	"strings"

	"modicum/catalog"
)

// twin is a place in the two lists of a repeating primitive, "name" and "_name"; none
// where it has no value, or no id and extensions.
type twin struct{ value, more int }

// twins reads the two lists. A null is none.
func (d *doc) twins(i int, name string) []twin {
	values, more := d.inside(d.member(i, name)), d.inside(d.member(i, "_"+name))
	all := make([]twin, max(len(values), len(more)))
	for k := range all {
		all[k] = twin{d.place(values, k), d.place(more, k)}
	}
	return all
}

func (d *doc) place(items []int, k int) int {
	if k >= len(items) || d.kind(items[k]) == 'n' {
		return none
	}
	return items[k]
}

// three is one place of the lists to be written: what was there, shows, and was sent.
type three struct {
	o, s, n twin
	kept    bool // written as it was
}

var nothing = twin{none, none}

// text is bytes to be written, and which of them were sent.
type text struct {
	bytes []byte // nil: nothing
	put   []span
}

// changedLists writes the lists of the repeating primitives of an object that were
// changed, each under its name: they stand in two members, and are one list.
func (m *merger) changedLists(o, s, n int) map[string]*text {
	out := map[string]*text{}
	for _, d := range []struct {
		doc *doc
		i   int
	}{{&m.shown, s}, {&m.sent, n}} {
		for _, j := range d.doc.inside(d.i) {
			name := strings.TrimPrefix(d.doc.vals[j].Name, "_")
			if out[name] == nil && m.repeats(o, s, n, name) {
				out[name], out["_"+name] = m.primitives(o, s, n, name)
			}
		}
	}
	return out
}

// repeats reports whether a member is a repeating primitive that was changed.
func (m *merger) repeats(o, s, n int, name string) bool {
	id, _ := m.cat.Child(m.original.vals[o].Node, []byte(name))
	node := m.cat.Node(id)
	if id == 0 || !node.Array || node.Kind != catalog.Primitive {
		return false
	}
	changed := func(name string) bool {
		return !m.shown.same(m.shown.member(s, name), &m.sent, m.sent.member(n, name))
	}
	return changed(name) || changed("_"+name)
}

// primitives writes the two lists of a repeating primitive.
func (m *merger) primitives(o, s, n int, name string) (values, more *text) {
	m.mayChange(o, n, name)
	values, more = new(text), new(text)
	var all [2][]text
	for _, p := range m.places(o, s, n, name) {
		v, x := m.aside(func() bool { return m.twinValue(p) }), m.aside(func() bool { return m.twinMore(p) })
		if v.bytes != nil || x.bytes != nil {
			all[0], all[1] = append(all[0], v), append(all[1], x)
		}
	}
	*values, *more = m.aside(func() bool { return m.twinList(all[0]) }), m.aside(func() bool { return m.twinList(all[1]) })
	return values, more
}

// written writes a member that was written aside.
func (m *merger) written(name string, t *text) {
	m.member(name, func() bool {
		m.append(*t)
		return t.bytes != nil
	})
}

func (m *merger) append(t text) {
	at := len(m.dst)
	m.dst = append(m.dst, t.bytes...)
	for _, p := range t.put {
		m.put = append(m.put, span{at + p.from, at + p.to})
	}
}

// mayChange refuses a change of a list that must be there, or by which access is decided.
func (m *merger) mayChange(o, n int, name string) {
	id, _ := m.cat.Child(m.original.vals[o].Node, []byte(name))
	path := m.original.path(m.cat, o) + "." + name
	if m.frozen(id) {
		m.problem(path, Decides)
	}
	if m.cat.Node(id).Mandatory && len(m.sent.twins(n, name)) == 0 {
		m.problem(path, Mandatory)
	}
}

// aside runs write and takes what it wrote away again.
func (m *merger) aside(write func() bool) text {
	at, puts := len(m.dst), len(m.put)
	m.dst = append(m.dst, '[') // write looks at the byte before it
	ok := write()
	t := text{slices.Clone(m.dst[at+1:]), slices.Clone(m.put[puts:])}
	m.dst, m.put = m.dst[:at], m.put[:puts]
	if !ok {
		return text{}
	}
	for i := range t.put {
		t.put[i].from, t.put[i].to = t.put[i].from-at-1, t.put[i].to-at-1
	}
	return t
}

// twinList writes one of the two lists, unless it has only nulls.
func (m *merger) twinList(items []text) bool {
	if !slices.ContainsFunc(items, func(t text) bool { return t.bytes != nil }) {
		return false
	}
	m.dst = append(m.dst, '[')
	for _, t := range items {
		m.separate()
		if t.bytes == nil {
			m.dst = append(m.dst, "null"...)
			continue
		}
		m.append(t)
	}
	m.dst = append(m.dst, ']')
	return true
}

// places puts the lists in the order in which they are to stand; hidden places behind
// the shown one that they stood behind.
func (m *merger) places(o, s, n int, name string) []three {
	was, is, all := m.shown.twins(s, name), m.sent.twins(n, name), m.original.twins(o, name)
	p := pairing{old: len(was), from: make([]int, len(is)), taken: make([]bool, len(was))}
	key := func(d *doc, t twin) string { return d.canon(t.value) + " " + d.canon(t.more) }
	p.by(func(k int) string { return key(&m.shown, was[k]) }, func(k int) string { return key(&m.sent, is[k]) }, false)
	p.byPlace(func(int, int) bool { return true })
	before := m.sources(was, all)
	return m.inOrder(p, was, is, all, before)
}

// sources finds for each shown place that of the original.
func (m *merger) sources(was, all []twin) []int {
	at := map[int]int{}
	for k, t := range all {
		if t.value != none {
			at[t.value] = k
		}
		if t.more != none {
			at[t.more] = k
		}
	}
	out := make([]int, len(was))
	for k, t := range was {
		out[k] = none
		for _, s := range []int{t.value, t.more} {
			if s == none || m.source[s] == none {
				continue
			}
			if j, ok := at[m.source[s]]; ok {
				out[k] = j
			}
		}
		if out[k] == none {
			m.refuseShown(max(t.value, t.more), Reduced) // made, in a list that was changed
		}
	}
	return out
}

func (m *merger) inOrder(p pairing, was, is, all []twin, before []int) (out []three) {
	shownAt, sentAt := map[int]int{}, map[int]int{}
	for k, j := range before {
		shownAt[j] = k
	}
	for n, o := range p.from {
		if o > 0 {
			sentAt[o-1] = n
		}
	}
	var head []three
	behind := map[int][]three{}
	anchor := none
	for j, t := range all {
		k, shown := shownAt[j]
		if shown {
			if _, back := sentAt[k]; back {
				anchor = k
				continue
			}
			m.twinGone(was[k])
			head, behind = hang(head, behind, anchor, three{t, was[k], nothing, false})
			continue
		}
		head, behind = hang(head, behind, anchor, three{t, nothing, nothing, true})
	}
	out = head
	last := none
	for n, o := range p.from {
		if o == 0 {
			out = append(out, three{nothing, nothing, is[n], false})
			continue
		}
		k := o - 1
		if k < last {
			m.twinMoved(was[k])
		}
		last = max(last, k)
		if before[k] == none {
			continue
		}
		out = append(out, three{all[before[k]], was[k], is[n], false})
		out = append(out, behind[k]...)
	}
	return out
}

func hang(head []three, behind map[int][]three, anchor int, t three) ([]three, map[int][]three) {
	if anchor == none {
		return append(head, t), behind
	}
	behind[anchor] = append(behind[anchor], t)
	return head, behind
}

func (m *merger) twinGone(s twin) {
	for _, k := range []int{s.value, s.more} {
		if k != none && m.source[k] != none {
			m.removable(m.source[k], k)
		}
	}
}

func (m *merger) twinMoved(s twin) {
	for _, k := range []int{s.value, s.more} {
		if k != none && m.source[k] != none {
			m.moved(k)
		}
	}
}

func (m *merger) twinValue(p three) bool {
	switch {
	case p.kept:
		return p.o.value != none && m.copy(p.o.value)
	case p.n.value == none && p.s.value == none:
		return p.o.value != none && !m.original.blank(p.o.value) && m.copy(p.o.value)
	case p.n.value == none:
		m.twinGone(twin{p.s.value, none})
		return false
	case p.s.value == none:
		m.addable(p.n.value, true)
		return m.insert(p.n.value)
	}
	return m.value(p.o.value, p.s.value, p.n.value)
}

func (m *merger) twinMore(p three) bool {
	switch {
	case p.kept:
		return p.o.more != none && m.copy(p.o.more)
	case p.n.more == none && p.s.more == none:
		return p.o.more != none && m.copy(p.o.more)
	case p.n.more == none:
		m.twinGone(twin{none, p.s.more})
		return p.o.more != none && m.rest(p.o.more)
	case p.s.more == none:
		return m.add(p.o.more, p.n.more, true)
	}
	return m.value(p.o.more, p.s.more, p.n.more)
}
