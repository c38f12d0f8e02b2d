package fhir_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"modicum/internal/testkit"
)

// tree is a record as these tests read and change it; numbers keep their text.
type tree = map[string]any

func treeOf(t testing.TB, text string) tree {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var out tree
	if err := d.Decode(&out); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return out
}

func textOf(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// scalars counts the values of a record by path and text, meta and narrative aside.
func scalars(v any) map[string]int {
	out := map[string]int{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case tree:
			for name, m := range v {
				if path != "" || name != "meta" && name != "text" {
					walk(path+"."+name, m)
				}
			}
		case []any:
			for _, i := range v {
				walk(path, i)
			}
		case nil:
		default:
			out[fmt.Sprintf("%s %v", path, v)]++
		}
	}
	walk("", v)
	return out
}

func minus(a, b map[string]int) map[string]int {
	out := maps.Clone(a)
	for k, n := range b {
		if out[k] -= n; out[k] <= 0 {
			delete(out, k)
		}
	}
	return out
}

// folder is a set of records of p1, of which nina sees a part: another is drawn for
// each number.
func folder(rng *rand.Rand) (name, text string) {
	vendor := func() string {
		if rng.IntN(2) == 0 {
			return ""
		}
		return fmt.Sprintf(`"extension":[{"url":"http://vendor.example/%d","valueString":"hidden %d"}],`, rng.IntN(9), rng.IntN(1000))
	}
	list := func(n int, item func(i int) string) string {
		var all []string
		for i := range n {
			all = append(all, item(i))
		}
		return strings.Join(all, ",")
	}
	coding := func(i int) string {
		return fmt.Sprintf(`{%s"system":"http://example.org/codes","code":"c%d","display":"Code %d"}`, vendor(), i, rng.IntN(100))
	}
	note := func(i int) string {
		return fmt.Sprintf(`{%s"authorString":"A%d","text":"note %d"}`, vendor(), i, rng.IntN(100))
	}
	switch rng.IntN(3) {
	case 0:
		number := func(i int) string {
			kind := [][2]string{{"MR", "urn:mrn"}, {"SS", "http://hl7.org/fhir/sid/us-ssn"}}[rng.IntN(2)]
			return fmt.Sprintf(`{%s"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"%s"}]},"system":"%s","value":"n%d-%d"}`, vendor(), kind[0], kind[1], i, rng.IntN(1000))
		}
		person := func(i int) string {
			return fmt.Sprintf(`{%s"family":"F%d","given":["G%d","H%d"],"prefix":["P"]}`, vendor(), rng.IntN(100), i, rng.IntN(100))
		}
		return "Patient/p1", fmt.Sprintf(`{"resourceType":"Patient","id":"p1","identifier":[%s],"active":true,"name":[%s],"telecom":[{"system":"phone","value":"555-%d"},{"system":"email","value":"a@example.org"}],"gender":"female","birthDate":"19%d-05-06","address":[{"line":["1 Main St"],"city":"Springfield","postalCode":"62701"}],"contact":[{"name":{"family":"Contact"}}],"maritalStatus":{"text":"M"}}`,
			list(1+rng.IntN(4), number), list(1+rng.IntN(3), person), rng.IntN(10000), 40+rng.IntN(50))
	case 1:
		return "Condition/edit", fmt.Sprintf(`{"resourceType":"Condition","id":"edit","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"code":{%s"coding":[%s],"text":"t%d"},"subject":{"reference":"Patient/p1","display":"hidden name"},"onsetString":"young","recordedDate":"2026-11-01","asserter":{"display":"Somebody"},"note":[%s]}`,
			vendor(), list(1+rng.IntN(3), coding), rng.IntN(100), list(1+rng.IntN(3), note))
	}
	component := func(i int) string {
		return fmt.Sprintf(`{%s"code":{"coding":[%s],"text":"c%d"},"valueQuantity":{"value":%d.%d0,"unit":"mm"}}`, vendor(), coding(i), i, rng.IntN(200), rng.IntN(10))
	}
	return "Observation/edit", fmt.Sprintf(`{"resourceType":"Observation","id":"edit","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],"code":{"coding":[%s],"text":"bp"},"subject":{"reference":"Patient/p1","display":"hidden name"},"effectiveDateTime":"2026-11-23","performer":[{"display":"Somebody"}],"interpretation":[{%s"text":"high"}],"note":[%s],"component":[%s]}`,
		list(1+rng.IntN(2), coding), vendor(), list(rng.IntN(3)+1, note), list(1+rng.IntN(4), component))
}

// retouch changes a record as an application would, so that it stays valid.
func retouch(rng *rand.Rand, record tree) {
	texts := map[string]bool{"family": true, "text": true, "display": true, "unit": true, "authorString": true, "onsetString": true}
	lists := map[string]bool{"name": true, "note": true, "coding": true, "component": true, "given": true, "prefix": true, "interpretation": true, "identifier": true}
	var changes []func()
	var walk func(holder tree)
	walk = func(holder tree) {
		for _, name := range slices.Sorted(maps.Keys(holder)) {
			switch v := holder[name].(type) {
			case string:
				if texts[name] {
					changes = append(changes, func() { holder[name] = "edited " + strconv.Itoa(rng.IntN(1000)) })
				}
			case json.Number:
				changes = append(changes, func() { holder[name] = json.Number(fmt.Sprintf("%d.%d0", rng.IntN(300), rng.IntN(10))) })
			case tree:
				walk(v)
			case []any:
				if lists[name] {
					changes = append(changes, func() { holder[name] = relist(rng, v) })
				}
				for _, i := range v {
					if i, ok := i.(tree); ok {
						walk(i)
					}
				}
			}
		}
	}
	walk(record)
	for _, add := range []struct {
		typ, name string
		value     any
	}{
		{"Patient", "gender", "other"}, {"Patient", "birthDate", "1971-02-03"}, {"Condition", "severity", tree{"text": "mild"}}, {"Condition", "verificationStatus", nil},
		{"Observation", "issued", "2026-11-23T10:00:00Z"}, {"Observation", "method", tree{"text": "cuff"}}, {"Observation", "note", nil}, {"Condition", "note", nil}, {"Condition", "code", nil},
	} {
		if record["resourceType"] == add.typ {
			changes = append(changes, func() {
				if add.value == nil {
					delete(record, add.name)
				} else {
					record[add.name] = add.value
				}
			})
		}
	}
	for range 1 + rng.IntN(3) {
		changes[rng.IntN(len(changes))]()
	}
}

// relist takes away, doubles or moves an item.
func relist(rng *rand.Rand, items []any) []any {
	out := slices.Clone(items)
	if len(out) == 0 {
		return out
	}
	i, j := rng.IntN(len(out)), rng.IntN(len(out))
	switch {
	case rng.IntN(3) == 0 && len(out) > 1:
		return slices.Delete(out, i, i+1)
	case rng.IntN(2) == 0:
		out[i], out[j] = out[j], out[i]
		return out
	}
	copied := out[i]
	if m, ok := copied.(tree); ok {
		copied = maps.Clone(m)
		for name, v := range m {
			if s, ok := v.(string); ok && name != "system" && name != "unit" && name != "use" {
				copied.(tree)[name] = s + "x"
			}
		}
	}
	return slices.Insert(out, j, copied)
}

// editing is a door through which records are changed, and the server behind it.
type editing struct {
	c   *clinic
	put func(name, text string)
	has func(name string) string

	done, refused, lost int
}

// trial changes one generated record through the door. What is hidden must be the same
// before and after, and what shows must be what was sent, or nothing happened.
func (e *editing) trial(t *testing.T, seed uint64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 11))
	name, text := folder(rng)
	e.put(name, text)
	was := treeOf(t, e.has(name))
	read := e.c.get(t, "nina", "/"+name)
	if read.status != http.StatusOK {
		t.Fatalf("seed %d: read %d %s", seed, read.status, read.body)
	}
	shown, sent := treeOf(t, read.body), treeOf(t, read.body)
	retouch(rng, sent)
	var got reply
	if rng.IntN(4) == 0 {
		got = e.c.patch(t, "nina", name, jsonPatch, `[{"op":"replace","path":"","value":`+textOf(t, sent)+`}]`)
	} else {
		got = e.c.put(t, "nina", name, textOf(t, sent), "If-Match", read.header.Get("ETag"))
	}
	is := treeOf(t, e.has(name))
	now := treeOf(t, e.c.get(t, "nina", "/"+name).body)
	fail := func(what string, detail any) {
		t.Errorf("seed %d: %d, %s: %v\nwas   %s\nshown %s\nsent  %s\nis    %s\nshows %s", seed, got.status, what, detail, textOf(t, was), read.body, textOf(t, sent), textOf(t, is), textOf(t, now))
	}
	same := func(a, b tree) bool {
		x, y := scalars(a), scalars(b)
		return len(minus(x, y)) == 0 && len(minus(y, x)) == 0
	}
	unchanged := same(was, is) && same(shown, now)
	switch {
	case got.status == http.StatusOK:
		e.done++
		if !same(now, sent) {
			fail("what shows is not what was sent", minus(scalars(sent), scalars(now)))
		}
	case got.status == http.StatusGatewayTimeout:
		e.lost++
		if !unchanged && !same(now, sent) {
			fail("half done", "")
		}
	default:
		e.refused++
		if !unchanged {
			fail("refused, and changed", "")
		}
	}
	hidden, still := minus(scalars(was), scalars(shown)), minus(scalars(is), scalars(now))
	if gone := minus(hidden, still); len(gone) > 0 {
		fail("lost", gone)
	}
	for new := range minus(still, hidden) {
		// What is left of a value that was taken away has a mark where FHIR demands more.
		if !strings.Contains(new, "data-absent-reason") && !strings.HasSuffix(new, ".valueCode masked") {
			fail("came from nowhere", new)
			break
		}
	}
}

// F8, FC52: 20,000 changes through the door, among faults at any point: the connection
// breaks before the server has the write or after it did it. Nothing hidden is lost, and
// nothing is half done.
func TestF8_ChangesThroughTheDoorLoseNothing(t *testing.T) {
	n := 20000
	if testing.Short() {
		n = 500
	}
	const each = 2000
	var all editing
	for from := 0; from < n && !t.Failed(); from += each {
		t.Run(strconv.Itoa(from), func(t *testing.T) {
			a := newArchive(t)
			chart(a)
			var mu sync.Mutex
			faults := rand.New(rand.NewPCG(uint64(from), 3))
			fault := func(share int) bool {
				mu.Lock()
				defer mu.Unlock()
				return faults.IntN(share) == 0
			}
			a.before = func(_ http.ResponseWriter, r *http.Request, _ []byte) bool {
				if r.Method == http.MethodPut && fault(20) {
					panic(http.ErrAbortHandler)
				}
				return false
			}
			a.after = func(*http.Request) bool { return fault(20) }
			e := editing{c: writing(t, a, nil), put: func(_, text string) { a.inner.PutJSON([]byte(text)) }, has: a.kept}
			for i := from; i < min(from+each, n) && !t.Failed(); i++ {
				e.trial(t, uint64(i))
				a.writes()
			}
			all.done, all.refused, all.lost = all.done+e.done, all.refused+e.refused, all.lost+e.lost
		})
	}
	t.Logf("%d done, %d refused, %d with the answer lost", all.done, all.refused, all.lost)
	if all.done < n/3 || all.lost == 0 {
		t.Errorf("of %d changes %d were done, of %d the answer was lost: the generator tests nothing", n, all.done, all.lost)
	}
}

// TestRealServerLosesNothing is the same before a server that we did not write: 500 changes
// that are done, within 1,000 that are tried (a minute and a half on two busy processors).
func TestRealServerLosesNothing(t *testing.T) {
	base := testkit.NewHAPI(t, testkit.HAPIOptions{}).Base
	loadChart(t, base)
	e := editing{c: writingAt(t, base, nil), has: func(name string) string {
		status, text := direct(t, http.MethodGet, base+"/"+name, "")
		if status != http.StatusOK {
			t.Fatalf("%s: %d", name, status)
		}
		return text
	}, put: func(name, text string) {
		if status, answer := direct(t, http.MethodPut, base+"/"+name, text); status >= 300 {
			t.Fatalf("%s: %d %s", name, status, answer)
		}
	}}
	const want, most = 500, 1000
	for i := 0; e.done < want && i < most && !t.Failed(); i++ {
		e.trial(t, uint64(i))
	}
	t.Logf("%d done, %d refused", e.done, e.refused)
	if e.done < want {
		t.Errorf("%d changes were done, want %d", e.done, want)
	}
}
