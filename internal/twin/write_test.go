package twin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"modicum/catalog"
	"modicum/policy"
)

// writesWorlds is the number of worlds of a plain run, writesSteps that of the writes in
// each.
const (
	writesWorlds = 22
	writesSteps  = 40
)

// writingPolicy is the policy of this package in which whoever may read and search may
// create and update: what is hidden stays hidden.
func writingPolicy(t testing.TB) *policy.Set {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS("testdata/policy"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile("testdata/policy/" + name)
		files[name] = &fstest.MapFile{Data: bytes.ReplaceAll(text, []byte("do: [read, search]"), []byte("do: [read, search, create, update]"))}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	set, problems := policy.Load(files, catalog.R4())
	if set == nil {
		t.Fatalf("the policy of writes does not compile:\n%v", problems)
	}
	return set
}

// TestN1_TwinWorldsTakeWritesAlike: the same creates and changes in two worlds that
// differ in hidden things only are answered alike, and so is every read after them.
func TestN1_TwinWorldsTakeWritesAlike(t *testing.T) {
	set, n := writingPolicy(t), map[string]int{}
	worlds := writesWorlds
	if testing.Short() {
		worlds = 6
	}
	all, some := upTo(worlds), named(t)
	if some != nil {
		all = some
	}
	for _, seed := range all {
		r := newPlainRun(seed, set)
		if diff := r.writes(t, n); diff != "" {
			t.Fatalf("seed %d, %v: %s", seed, r.person.tasks, diff)
		}
	}
	t.Logf("%v", n)
	if some != nil || testing.Short() {
		return
	}
	for _, kind := range []string{"POST 201", "POST 403", "POST 404", "PUT 200", "PUT 403", "PUT 404", "PATCH 200", "PATCH 403", "PATCH 404", "batch 200", "transaction 200", "transaction 404"} {
		if n[kind] < 5 {
			t.Errorf("%d answers %s, want 5", n[kind], kind)
		}
	}
}

// writer sends the same writes to both worlds.
type writer struct {
	*asker
	t    testing.TB
	a, b *clinic
	n    map[string]int
	key  int
}

func (r *run) writes(t testing.TB, n map[string]int) string {
	w := &writer{t: t, a: openClinic(t, r.a, r.person, r.set), b: openClinic(t, r.b, r.person, r.set), n: n}
	defer w.b.close()
	defer w.a.close()
	w.a.up.honest, w.b.up.honest = true, true
	w.asker = newAsker(rand.New(rand.NewPCG(r.seed, 7)), r)
	for range writesSteps {
		step := pick(w.Rand, []func() string{w.create, w.change, w.change, w.change, w.patch, w.patch, w.together})
		if diff := step(); diff != "" {
			return diff
		}
	}
	return ""
}

// both sends one request to both worlds; diff says where the answers differ.
func (w *writer) both(q ask) (r reply, diff string) {
	ra, rb := w.a.send(w.t, &q), w.b.send(w.t, &q)
	w.n[fmt.Sprintf("%s %d", q.method, ra.status)]++
	if ra.plain != rb.plain {
		return ra, fmt.Sprintf("%s %s %s %v\n--- one world:\n%s\n--- its twin:\n%s", q.method, q.path, q.body, q.headers, excerpt(ra.plain, rb.plain), excerpt(rb.plain, ra.plain))
	}
	return ra, ""
}

// own states a task of the session, always the same one for reading and writing back.
func (w *writer) own() []string { return []string{"Modicum-Task", pick(w.Rand, w.p.tasks)} }

// create makes a record like one of either world.
func (w *writer) create() string {
	task := w.own()
	e, read, diff := w.base(task)
	if diff != "" {
		return diff
	}
	text := e.text
	if read.status == 200 && w.IntN(4) > 0 {
		text = read.body // what shows of it, so that it may be written
	}
	body := decode(text)
	delete(body, "id")
	if w.IntN(5) > 0 {
		delete(body, "meta")
	}
	if w.IntN(2) == 0 {
		w.mutate(body)
	}
	w.key++
	q := ask{
		method: "POST", path: "/" + e.typ, body: encode(body),
		headers: append(slices.Clone(task), "Content-Type", "application/fhir+json", "Idempotency-Key", fmt.Sprint(w.key)),
	}
	if w.IntN(4) == 0 {
		q.headers = append(q.headers, "If-None-Exist", w.named(e.typ)+w.narrow(e.typ))
	}
	r, diff := w.both(q)
	if diff == "" && r.status == 201 {
		_, diff = w.both(q) // sent again
	}
	if diff == "" {
		_, diff = w.both(ask{method: "GET", path: "/" + e.typ + "?" + w.named(e.typ) + "&_count=30", headers: q.headers[:2]})
	}
	return diff
}

// together sends several creates and changes as one batch or transaction, twice.
func (w *writer) together() string {
	task := w.own()
	var entries []string
	for range 1 + w.IntN(3) {
		e, read, diff := w.base(task)
		if diff != "" {
			return diff
		}
		text, tag := read.body, read.tag
		if read.status != 200 {
			text, tag = e.text, `W/"x"`
		}
		body := decode(text)
		if w.IntN(3) == 0 {
			w.mutate(body)
		}
		request := map[string]string{"method": "PUT", "url": e.ref(), "ifMatch": tag}
		if w.IntN(2) == 0 {
			request = map[string]string{"method": "POST", "url": e.typ}
			delete(body, "id")
			delete(body, "meta")
		}
		entries = append(entries, encode(map[string]any{"fullUrl": fmt.Sprintf("urn:uuid:%d", len(entries)), "resource": body, "request": request}))
	}
	w.key++
	kind := pick(w.Rand, []string{"batch", "transaction", "transaction"})
	q := ask{
		method: "POST", path: "", body: `{"resourceType":"Bundle","type":"` + kind + `","entry":[` + strings.Join(entries, ",") + `]}`,
		headers: append(slices.Clone(task), "Content-Type", "application/fhir+json", "Idempotency-Key", fmt.Sprint("all ", w.key)),
	}
	r, diff := w.both(q)
	w.n[fmt.Sprintf("%s %d", kind, r.status)]++
	if diff == "" && w.IntN(2) == 0 {
		_, diff = w.both(q) // sent again
	}
	return diff
}

// base reads a record in both worlds.
func (w *writer) base(task []string) (e *entry, r reply, diff string) {
	e = w.entry()
	r, diff = w.both(ask{method: "GET", path: "/" + e.ref(), headers: task})
	return e, r, diff
}

// change reads a record, changes what is shown of it, and puts it back. Of one that does
// not show it puts what it really is.
func (w *writer) change() string {
	task := w.own()
	e, r, diff := w.base(task)
	if diff != "" {
		return diff
	}
	text, tag := r.body, r.tag
	if r.status != 200 {
		text, tag = e.text, `W/"x"`
	}
	body := decode(text)
	for range w.IntN(3) {
		w.mutate(body)
	}
	headers := append(slices.Clone(task), "Content-Type", "application/fhir+json", "If-Match", tag)
	if diff = w.keeping(e.ref(), r.body, ask{method: "PUT", path: "/" + e.ref(), body: encode(body), headers: headers}); diff != "" {
		return diff
	}
	_, diff = w.both(ask{method: "GET", path: "/" + e.ref(), headers: task})
	return diff
}

// keeping sends a change, and looks in both worlds whether all is still there that the
// caller was not shown (F8).
func (w *writer) keeping(ref, shown string, q ask) (diff string) {
	before := [2]string{w.a.up.kept(ref), w.b.up.kept(ref)}
	r, diff := w.both(q)
	if diff != "" {
		return diff
	}
	for i, up := range []*server{w.a.up, w.b.up} {
		after := up.kept(ref)
		if r.status != 200 && after != before[i] {
			return fmt.Sprintf("%s of %s was refused, and changed it:\n%s\n%s", q.method, ref, before[i], after)
		}
		for text := range leaves(before[i]) {
			if !strings.Contains(shown, encode(text)) && !strings.Contains(after, encode(text)) {
				return fmt.Sprintf("%s %s of %s lost %q:\n%s\n%s", q.method, q.body, ref, text, before[i], after)
			}
		}
	}
	w.n["kept"]++
	return ""
}

// kept is the text of a record, "" where there is none.
func (s *server) kept(ref string) string {
	for name, body := range s.inner.All {
		if name == ref {
			return string(body)
		}
	}
	return ""
}

// leaves yields the strings of a record, but for those that every version has anew, and
// the label of a reference, which goes with it (internal/merge).
func leaves(text string) func(func(string) bool) {
	return func(yield func(string) bool) {
		if text == "" {
			return
		}
		body := decode(text)
		if meta, ok := body["meta"].(map[string]any); ok {
			delete(meta, "versionId")
			delete(meta, "lastUpdated")
		}
		var walk func(v any) bool
		walk = func(v any) bool {
			switch v := v.(type) {
			case string:
				return yield(v)
			case map[string]any:
				_, refers := v["reference"]
				for _, name := range slices.Sorted(maps.Keys(v)) {
					if refers && (name == "display" || name == "identifier" || name == "type") {
						continue
					}
					if !walk(v[name]) {
						return false
					}
				}
			case []any:
				return !slices.ContainsFunc(v, func(v any) bool { return !walk(v) })
			}
			return true
		}
		walk(body)
	}
}

// patch changes a record by operations on paths of either world.
func (w *writer) patch() string {
	task := w.own()
	e, r, diff := w.base(task)
	if diff != "" {
		return diff
	}
	text := r.body
	if r.status != 200 || w.IntN(3) == 0 {
		text = e.text // guesses at what is hidden
	}
	var ops []map[string]any
	for range 1 + w.IntN(2) {
		ops = append(ops, w.operation(decode(text)))
	}
	b, err := json.Marshal(ops)
	if err != nil {
		w.t.Fatal(err)
	}
	headers := append(slices.Clone(task), "Content-Type", "application/json-patch+json")
	if diff = w.keeping(e.ref(), r.body, ask{method: "PATCH", path: "/" + e.ref(), body: string(b), headers: headers}); diff != "" {
		return diff
	}
	_, diff = w.both(ask{method: "GET", path: "/" + e.ref(), headers: task})
	return diff
}

// operation is one of RFC 6902 on a place of a record.
func (w *writer) operation(body map[string]any) map[string]any {
	path, value := w.place(body)
	op := pick(w.Rand, []string{"test", "replace", "replace", "remove", "add", "copy", "move"})
	out := map[string]any{"op": op, "path": path}
	switch op {
	case "test":
		out["value"] = value
	case "replace", "add":
		out["value"] = w.like(value)
	case "copy", "move":
		out["from"], _ = w.place(body)
	}
	return out
}

// place draws a JSON pointer into a record, and what stands there.
func (w *writer) place(body any) (pointer string, value any) {
	value = body
	for {
		switch v := value.(type) {
		case map[string]any:
			if len(v) == 0 {
				return pointer, value
			}
			name := pick(w.Rand, slices.Sorted(maps.Keys(v)))
			pointer, value = pointer+"/"+name, v[name]
		case []any:
			if len(v) == 0 {
				return pointer, value
			}
			i := w.IntN(len(v))
			pointer, value = fmt.Sprintf("%s/%d", pointer, i), v[i]
		default:
			return pointer, value
		}
		if w.IntN(3) == 0 {
			return pointer, value
		}
	}
}

// like is a value of the same kind.
func (w *writer) like(v any) any {
	switch v := v.(type) {
	case string:
		return pick(w.Rand, []string{v, v + "x", "2026-05-06", "final", "female", "J45.9", "Patient/" + pick(w.Rand, w.patients)})
	case json.Number:
		return json.Number(fmt.Sprint(w.IntN(200)))
	case bool:
		return !v
	}
	return v
}

// mutate changes one thing somewhere in a record.
func (w *writer) mutate(body map[string]any) {
	if len(body) == 0 {
		return
	}
	name := pick(w.Rand, slices.Sorted(maps.Keys(body)))
	switch w.IntN(8) {
	case 0:
		delete(body, name)
	case 1:
		body["note"] = []any{map[string]any{"text": "added"}}
	case 2:
		body["maritalStatus"] = map[string]any{"text": "added"}
	default:
		body[name] = w.mutated(body[name])
	}
}

func (w *writer) mutated(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if len(v) > 0 {
			name := pick(w.Rand, slices.Sorted(maps.Keys(v)))
			if w.IntN(6) == 0 {
				delete(v, name)
			} else {
				v[name] = w.mutated(v[name])
			}
		}
		return v
	case []any:
		switch n := w.IntN(5); {
		case n == 0 && len(v) > 0:
			i := w.IntN(len(v))
			return slices.Delete(v, i, i+1)
		case n == 1 && len(v) > 0:
			return append(v, v[w.IntN(len(v))])
		case n == 2:
			slices.Reverse(v)
			return v
		case len(v) > 0:
			i := w.IntN(len(v))
			v[i] = w.mutated(v[i])
		}
		return v
	}
	return w.like(v)
}

func decode(text string) map[string]any {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var out map[string]any
	if err := dec.Decode(&out); err != nil {
		panic("no record: " + text)
	}
	return out
}

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
