package twin

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// age gives some records of a world a past: versions that were other records of their
// type, of whomever, oldest first. A third of them has some.
func (w *world) age(rng *rand.Rand) {
	w.past = map[string][]*entry{}
	for _, e := range w.entries {
		if rng.IntN(3) > 0 {
			continue
		}
		for n := range 1 + rng.IntN(3) {
			w.past[e.ref()] = append(w.past[e.ref()], w.former(rng, e, fmt.Sprintf("h%d", n+1)))
		}
	}
}

// former is a version of a record: itself, or another of its type under its id.
func (w *world) former(rng *rand.Rand, e *entry, version string) *entry {
	like := e
	if same := slices.DeleteFunc(slices.Clone(w.entries), func(o *entry) bool { return o.typ != e.typ }); len(same) > 0 && rng.IntN(2) == 0 {
		like = pick(rng, same)
	}
	body := like.body.clone()
	body.set("id", scalar(e.id))
	return versioned(newEntry(body), version, 1+rng.IntN(9))
}

// versioned gives a version its number and date; its labels stay.
func versioned(e *entry, version string, month int) *entry {
	body := e.body.clone()
	meta := parse(`{}`)
	if m := body.get("meta"); m != nil && m.kind == '{' {
		meta = m.clone()
	}
	meta.set("versionId", scalar(version))
	meta.set("lastUpdated", scalar(fmt.Sprintf("2025-%02d-02T03:04:05Z", month)))
	body.set("meta", meta)
	return newEntry(body)
}

// past makes the past of a twin: hidden versions go, come and change, and those that
// show are changed where nobody may see it. A version is hidden where nothing shows of
// it, or nothing of its record as it is now.
func (h *hider) past(a *world) {
	b := h.w
	for _, e := range a.entries {
		ref := e.ref()
		var left, twin []*entry
		for _, v := range a.past[ref] {
			shows := h.sees(a, ref, v)
			if shows != h.sees(b, ref, v) {
				continue // what it refers to shows otherwise: it is in neither
			}
			left = append(left, v)
			if shows == "" && h.IntN(3) == 0 {
				h.kept++
				continue
			}
			twin = append(twin, h.changed(ref, v, shows))
		}
		a.past[ref], b.past[ref] = left, h.inserted(ref, e, twin)
	}
}

// sees is what shows of a version: as much as of the record now, at most.
func (h *hider) sees(w *world, ref string, v *entry) string {
	if h.text[ref] == "" {
		return ""
	}
	return h.judge.shown(w, v)
}

// changed is a version with something in it changed, where what shows stays.
func (h *hider) changed(ref string, v *entry, shows string) *entry {
	for range 3 {
		body := v.body.clone()
		h.alter(body)
		next := newEntry(body)
		if next.id != v.id || next.typ != v.typ || body.at("meta", "versionId").text() != v.body.at("meta", "versionId").text() {
			continue
		}
		if h.tried++; h.sees(h.w, ref, next) == shows {
			h.kept++
			return next
		}
	}
	return v
}

// inserted adds a version of which nothing shows.
func (h *hider) inserted(ref string, e *entry, past []*entry) []*entry {
	if h.IntN(2) == 0 {
		return past
	}
	v := h.w.former(h.Rand, e, fmt.Sprintf("i%d", h.IntN(100)))
	if h.tried++; h.sees(h.w, ref, v) != "" {
		return past
	}
	h.kept++
	return slices.Insert(past, h.IntN(len(past)+1), v)
}
