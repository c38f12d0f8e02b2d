package reference

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// Scramble returns a record that differs from t in what is hidden alone: hidden values
// are changed, removed and added, and every change after which same is false is taken
// back. same is asked with the whole changed record, and says what "hidden" is: mostly
// World.Alike over all decisions of a session. edits is how many changes are tried; n
// how many stayed.
func Scramble(rng *rand.Rand, t *Tree, edits int, same func(*Tree) bool) (out *Tree, n int) {
	out = t
	for range edits {
		try := out.Clone()
		if scrambleOnce(rng, try) && same(try) {
			out, n = try, n+1
		}
	}
	return out, n
}

// scrambleOnce makes one change somewhere below; false where there was nothing to do.
func scrambleOnce(rng *rand.Rand, t *Tree) bool {
	var objects []*Tree
	var walk func(*Tree)
	walk = func(t *Tree) {
		if t.Kind == '{' && len(t.Members) > 0 {
			objects = append(objects, t)
		}
		for _, m := range t.Members {
			walk(m.Value)
		}
		for _, v := range t.Items {
			walk(v)
		}
	}
	walk(t)
	at := objects[rng.IntN(len(objects))]
	i := rng.IntN(len(at.Members))
	m := &at.Members[i]
	if at == t && (m.Name == "resourceType" || m.Name == "id") {
		return false
	}
	switch rng.IntN(6) {
	case 0:
		at.Members = slices.Delete(at.Members, i, i+1)
	case 1:
		return add(rng, at)
	case 2:
		return repeat(rng, m.Value)
	default:
		return change(rng, m.Value)
	}
	return true
}

// change gives a scalar, or one below, another value of its kind.
func change(rng *rand.Rand, t *Tree) bool {
	for t.Kind == '[' && len(t.Items) > 0 {
		t = t.Items[rng.IntN(len(t.Items))]
	}
	switch {
	case t.Kind == '"' && len(t.Raw) > 2 && t.Raw[1] >= '0' && t.Raw[1] <= '9':
		*t = *quoted(fmt.Sprintf("%d-%02d-%02d", 1930+rng.IntN(90), 1+rng.IntN(12), 1+rng.IntN(28)))
	case t.Kind == '"':
		*t = *quoted(fmt.Sprintf("x%xé", rng.Uint32()))
	case t.Kind == '0':
		t.Raw = fmt.Sprintf("%d.50", rng.IntN(1000))
	case t.Kind == 't':
		*t = Tree{Kind: 'f', Raw: "false"}
	case t.Kind == 'f':
		*t = Tree{Kind: 't', Raw: "true"}
	default:
		return false
	}
	return true
}

// repeat puts a copy of an item beside it, or takes one away.
func repeat(rng *rand.Rand, t *Tree) bool {
	if t.Kind != '[' || len(t.Items) == 0 {
		return false
	}
	i := rng.IntN(len(t.Items))
	if rng.IntN(2) == 0 && len(t.Items) > 1 {
		t.Items = slices.Delete(t.Items, i, i+1)
		return true
	}
	t.Items = slices.Insert(t.Items, i, t.Items[i].Clone())
	return true
}

// additions are members that nobody sees unless a policy says so.
var additions = []string{
	`"shoeSize":44`,
	`"extension":[{"url":"http://vendor.example/secret","valueString":"secret"}]`,
	`"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">secret</div>"}`,
	`"note":[{"text":"secret"}]`,
	`"language":"de"`,
	`"identifier":[{"system":"http://vendor.example/secret","value":"12345678"}]`,
	`"telecom":[{"system":"phone","value":"555-123-4567"}]`,
	`"display":"secret"`,
}

func add(rng *rand.Rand, t *Tree) bool {
	m := constant(additions[rng.IntN(len(additions))])
	if t.Get(m.Name) != nil {
		return false
	}
	t.Members = slices.Insert(t.Members, rng.IntN(len(t.Members)+1), m)
	return true
}

// Clone copies a tree.
func (t *Tree) Clone() *Tree {
	out := &Tree{Kind: t.Kind, Raw: t.Raw}
	for _, m := range t.Members {
		out.Members = append(out.Members, Member{m.Name, m.Value.Clone()})
	}
	for _, v := range t.Items {
		out.Items = append(out.Items, v.Clone())
	}
	return out
}
