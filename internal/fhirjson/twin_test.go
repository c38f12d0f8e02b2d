package fhirjson_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/internal/testkit"
	"modicum/policy"
)

// decides are members whose value decides what others are: a twin keeps them.
var decides = map[string]bool{
	"system": true, "code": true, "url": true, "reference": true, "type": true, "resourceType": true, "id": true,
}

// twin changes what is hidden in a record and nothing else: values, whether they are
// there, vendor fields, unknown extensions, narrative, white space.
func twin(rng *rand.Rand, orig *tree, hidden []leaf) string {
	for _, l := range hidden {
		name := l.path[strings.LastIndexByte(l.path, '.')+1:]
		if !l.hidden || l.struct_ || decides[name] {
			continue
		}
		switch rng.IntN(4) {
		case 0:
			l.at.gone = true
		case 1:
			if l.at.kind == '"' {
				l.at.raw = fmt.Sprintf(`"%x\n\u00e9"`, rng.Uint64())
			}
		case 2:
			if l.at.kind == '0' {
				l.at.raw = fmt.Sprintf("%d.50e1", rng.IntN(1000))
			}
		}
	}
	var extra func(t *tree, known bool)
	extra = func(t *tree, known bool) {
		for _, m := range t.members {
			extra(m.value, m.name != "extension" && m.name != "modifierExtension")
		}
		for _, v := range t.items {
			extra(v, known)
		}
		if t.kind != '{' || rng.IntN(6) != 0 {
			return
		}
		add := member{"shoeSize", &tree{kind: '0', raw: "44"}}
		if rng.IntN(2) == 0 && known && t.get("extension") == nil {
			add = member{"extension", must(`[{"url":"http://vendor.example/x","valueString":"secret"}]`)}
		} else if t.get("shoeSize") != nil {
			return
		}
		i := rng.IntN(len(t.members) + 1)
		t.members = append(t.members[:i:i], append([]member{add}, t.members[i:]...)...)
	}
	extra(orig, true)
	if orig.get("text") == nil && rng.IntN(2) == 0 {
		orig.members = append(orig.members, member{"text", must(`{"status":"generated","div":"<div>secret</div>"}`)})
	}
	text := orig.String()
	if rng.IntN(2) == 0 {
		var b bytes.Buffer
		if err := json.Indent(&b, []byte(text), "\n", "\t "); err != nil {
			panic(err)
		}
		text = b.String()
	}
	return text
}

func must(s string) *tree {
	t, err := parse([]byte(s))
	if err != nil {
		panic(err)
	}
	return t
}

// N1, F7: two records that differ only in what a view hides give the same bytes.
func TestTwinsGiveTheSameBytes(t *testing.T) {
	cat := catalog.R4()
	all := views(40)
	var records [][]byte
	for _, in := range testkit.Examples(t) {
		if len(in) < 20_000 {
			records = append(records, in)
		}
	}
	one, two := fhirjson.New(cat, fhirjson.Limits{}), fhirjson.New(cat, fhirjson.Limits{})
	there, pairs := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			in := records[rapid.IntRange(0, len(records)-1).Draw(t, "record")]
			v := rapid.IntRange(1, len(all)-1).Draw(t, "view")
			rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
			a, shown := projectWith(t, one, in, all[v])
			orig := must(string(in))
			changed := twin(rng, orig, hiddenOf(cat, orig, &all[v]))
			b, _ := projectWith(t, two, []byte(changed), all[v])
			if a != b {
				t.Fatalf("view %d:\n%s\n%s\ngive\n%s\n%s", v, in, changed, a, b)
			}
			pairs++
			if shown {
				there++
			}
		}
	})
	if there < pairs/3 {
		t.Errorf("only %d of %d pairs show anything", there, pairs)
	}
}

func projectWith(t *rapid.T, s *fhirjson.Scanner, in []byte, v policy.View) (string, bool) {
	s.Reset()
	r, err := s.Resource(in)
	if err != nil {
		t.Fatalf("%v\n%s", err, in)
	}
	out, o, err := s.Project(nil, r, shape(v))
	if err != nil {
		t.Fatal(err)
	}
	return string(out), o.There
}

func hiddenOf(cat *catalog.Catalog, orig *tree, view *policy.View) []leaf {
	typ, _ := cat.Type(orig.get("resourceType").str())
	w := walker{cat: cat, view: view}
	w.record, w.whole = recordClass(cat, typ, orig)
	for _, m := range orig.members {
		w.member(place{node: cat.Root(typ), class: catalog.OfRecord, keep: true}, cat.Node(cat.Root(typ)), m)
	}
	return w.leaves
}
