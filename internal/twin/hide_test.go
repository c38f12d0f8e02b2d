package twin

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// hider makes a twin: it changes what it likes and keeps what the judge cannot
// tell apart.
type hider struct {
	*grower
	judge *judge
	text  map[string]string // what shows of each record of the twin, by reference
	tried int
	kept  int
	inner int // of these, changes inside records that show
}

// twinOf returns a world that differs from w in hidden things only.
func twinOf(rng *rand.Rand, w *world, j *judge) (*world, *hider) {
	b := w.clone()
	h := &hider{grower: &grower{Rand: rng, w: b, ids: map[string]bool{}}, judge: j, text: map[string]string{}}
	for _, e := range b.entries {
		h.ids[e.id] = true
		h.text[e.ref()] = j.shown(b, e)
	}
	for _, e := range slices.Clone(b.entries) {
		tries := rng.IntN(4)
		if h.text[e.ref()] != "" {
			tries += 4
		}
		for range tries {
			h.change(e)
		}
	}
	for range len(b.entries) / 6 {
		h.remove(pick(rng, b.entries))
		h.insert()
	}
	h.move()
	h.past(w)
	b.habits = newHabits(rng)
	return b, h
}

// change replaces a record by a changed one, where nobody who may see it can tell.
func (h *hider) change(e *entry) {
	old, body := *e, e.body.clone()
	h.alter(body)
	switch e.become(body); {
	case !h.stands(e, old.names):
		*e = old
	case h.text[e.ref()] != "":
		h.inner++
	}
}

// stands reports whether what shows is as before after e changed, which named others formerly.
func (h *hider) stands(e *entry, former []string) bool {
	h.tried++
	if h.judge.shown(h.w, e) != h.text[e.ref()] {
		return false
	}
	for _, other := range h.dependents(e, former) {
		if h.judge.shown(h.w, other) != h.text[other.ref()] {
			return false
		}
	}
	h.kept++
	return true
}

// dependents are the records that may show otherwise when e changes: those that
// refer to it, those that refer to them in turn, since overlays follow references, and
// those of a patient whose visit, claim or account it is.
func (h *hider) dependents(e *entry, former []string) []*entry {
	var out []*entry
	h.reach(e, former, map[*entry]bool{e: true}, 4, &out)
	return out
}

func (h *hider) reach(e *entry, former []string, seen map[*entry]bool, hops int, out *[]*entry) {
	if hops == 0 {
		return
	}
	for _, o := range h.referring(e, former) {
		if !seen[o] {
			seen[o] = true
			*out = append(*out, o)
			h.reach(o, o.names, seen, hops-1, out)
		}
	}
}

func (h *hider) referring(e *entry, former []string) []*entry {
	var out []*entry
	wide := e.typ == "Encounter" || e.typ == "Claim" || e.typ == "Account"
	for _, o := range h.w.entries {
		if e.typ == "Patient" && o.typ != e.typ {
			continue // whose record it is shows on it whatever shows of them; a link shows with whom it names
		}
		if o != e && (o.refersTo(e.ref()) || wide && (sharesPatient(o.names, former) || sharesPatient(o.names, e.names))) {
			out = append(out, o)
		}
	}
	return out
}

// sharesPatient reports whether two lists of what records name have a patient in common.
func sharesPatient(a, b []string) bool {
	return slices.ContainsFunc(a, func(ref string) bool { return strings.HasPrefix(ref, "Patient/") && slices.Contains(b, ref) })
}

// remove takes a record away of which nothing shows.
func (h *hider) remove(e *entry) {
	if h.text[e.ref()] != "" {
		return
	}
	i := slices.Index(h.w.entries, e)
	h.w.remove(func(o *entry) bool { return o == e })
	h.tried++
	for _, o := range h.dependents(e, e.names) {
		if h.judge.shown(h.w, o) != h.text[o.ref()] {
			h.w.insert(i, e)
			return
		}
	}
	h.kept++
}

// insert adds a record like another one, of which nothing shows.
func (h *hider) insert() {
	like := pick(h.Rand, h.w.entries)
	body := like.body.clone()
	body.set("id", scalar(h.id(like.id[:1])))
	switch h.IntN(3) {
	case 0:
		body.set("meta", parse(fmt.Sprintf(`{"security":[%s]}`, pick(h.Rand, labels))))
	case 1:
		if code := body.at("code", "coding", "code"); code != nil {
			code.raw = scalar(pick(h.Rand, problems)).raw
		}
	default:
		for _, name := range []string{"subject", "patient", "beneficiary"} {
			if r := body.at(name, "reference"); r != nil {
				r.raw = scalar("Patient/" + pick(h.Rand, append(h.w.patients, "nobody"))).raw
			}
		}
	}
	e := newEntry(body)
	h.w.insert(h.IntN(len(h.w.entries)+1), e)
	if h.text[e.ref()] = ""; !h.stands(e, nil) {
		h.w.remove(func(o *entry) bool { return o == e })
	}
}

// move gives hidden records other places among those that show, whose order stays.
func (h *hider) move() {
	var shown, hidden []*entry
	for _, e := range h.w.entries {
		if h.text[e.ref()] == "" {
			hidden = append(hidden, e)
		} else {
			shown = append(shown, e)
		}
	}
	h.Shuffle(len(hidden), func(i, j int) { hidden[i], hidden[j] = hidden[j], hidden[i] })
	for _, e := range hidden {
		shown = slices.Insert(shown, h.IntN(len(shown)+1), e)
	}
	h.w.entries = shown
}

// place is a value and what holds it.
type place struct {
	holder *tree
	index  int
	name   string
}

func places(t *tree) []place {
	var out []place
	t.walk("", func(name string, v *tree) {
		for i, m := range v.members {
			if m.name != "resourceType" && !(v == t && m.name == "id") {
				out = append(out, place{v, i, m.name})
			}
		}
		for i := range v.items {
			out = append(out, place{v, i, name})
		}
	})
	return out
}

func (p place) value() *tree {
	if p.holder.kind == '{' {
		return p.holder.members[p.index].value
	}
	return p.holder.items[p.index]
}

// alter changes one thing in a record: a value, an element that goes or comes
// twice, an element that it did not have.
func (h *hider) alter(t *tree) {
	all := places(t)
	if len(all) == 0 {
		pick(h.Rand, h.extras(t))()
		return
	}
	p := pick(h.Rand, all)
	switch n := h.IntN(10); {
	case n < 4:
		for range 8 {
			if p.value().kind == 's' {
				break
			}
			p = pick(h.Rand, all)
		}
		if v := p.value(); v.kind == 's' {
			v.raw = h.otherThan(p.name, v).raw
		}
	case n < 6:
		if p.holder.kind == '{' {
			p.holder.members = slices.Delete(p.holder.members, p.index, p.index+1)
		} else if len(p.holder.items) > 1 {
			p.holder.items = slices.Delete(p.holder.items, p.index, p.index+1)
		}
	case n < 7:
		if p.holder.kind == '[' {
			again := p.value().clone()
			again.walk("", func(name string, v *tree) {
				if v.kind == 's' && h.IntN(2) == 0 {
					v.raw = h.otherThan(name, v).raw
				}
			})
			p.holder.items = slices.Insert(p.holder.items, h.IntN(len(p.holder.items)+1), again)
		}
	case n < 8:
		h.marked(t)
	case n < 9:
		h.inside(p.holder)
	default:
		pick(h.Rand, h.extras(t))()
	}
}

// inside gives an element, at whatever depth, something that FHIR does not know or
// no view shows.
func (h *hider) inside(t *tree) {
	if t.kind != '{' {
		return
	}
	add := pick(h.Rand, []member{
		{"id", scalar(h.word())}, {"xVendor", scalar(h.word())},
		{"extension", parse(fmt.Sprintf(`[{"url":"http://vendor.example/x","valueString":"%s"}]`, h.word()))},
		{"_text", parse(fmt.Sprintf(`{"extension":[{"url":"http://vendor.example/x","valueString":"%s"}]}`, h.word()))},
	})
	if t.get(add.name) == nil && !(add.name == "id" && t.get("resourceType") != nil) {
		t.set(add.name, add.value)
	}
}

// marked gives a record a label, a version, or takes its metadata away.
func (h *hider) marked(t *tree) {
	switch h.IntN(3) {
	case 0:
		t.drop("meta")
	case 1:
		t.set("meta", parse(fmt.Sprintf(`{"versionId":"%d","lastUpdated":"2025-0%d-02T03:04:05Z"}`, 10+h.IntN(90), 1+h.IntN(9))))
	default:
		t.set("meta", parse(fmt.Sprintf(`{"versionId":"%d","security":[%s]}`, h.IntN(90), pick(h.Rand, labels))))
	}
}

// otherThan returns another value of the same kind.
func (h *hider) otherThan(name string, v *tree) *tree {
	s := v.text()
	switch {
	case v.raw == "true":
		return scalar(false)
	case v.raw == "false":
		return scalar(true)
	case v.raw != "" && v.raw[0] != '"':
		return &tree{kind: 's', raw: fmt.Sprintf("%d.%d00", h.IntN(300), h.IntN(10))}
	case name == "reference":
		return scalar(pick(h.Rand, h.w.entries).ref())
	case name == "code":
		return scalar(pick(h.Rand, slices.Concat(problems, tests, []string{"active", "laboratory", "AMB"})))
	case name == "system" || name == "url":
		return scalar(pick(h.Rand, []string{"urn:mrn", icd, loinc, "phone", "email", "http://vendor.example/x"}))
	case len(s) >= 10 && isDay(s[:10]):
		return scalar(h.day() + s[10:])
	}
	return scalar(h.word())
}

func isDay(s string) bool { _, err := time.Parse(time.DateOnly, s); return err == nil }
