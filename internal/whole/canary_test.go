package whole_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"modicum"
	"modicum/internal/config"
	"modicum/internal/serve"
	"modicum/ledger"
)

// Canaries are strings that stand nowhere else. Those of the record and the requests
// may be in no log, metric, file, file name or error; see where for what may be where.
const (
	cName, cMRN, cSSN, cPhone    = "zqname7731", "zqmrn7732", "977-33-7733", "555-977-7734"
	cStreet, cBirth, cText       = "zqstreet7735", "1907-03-29", "zqfreetext7736"
	cCode, cPatient, cRecord     = "zqcode7737", "zq-patient-7738", "zq-record-7739"
	cQuery, cForm, cParam        = "zqquery7740", "zqform7741", "zqparam7742"
	cPath, cHeader, cAgent       = "zqpath7743", "zqheader7744", "zqagent7745"
	cTask, cReason, cBody        = "zqtask7746", "zqreason7747", "zqbody7748"
	cUpstream, cBroken, cPage    = "zqupstream7749", "zqbroken7750", "zqpage7751"
	cClaim, cForged, cFact       = "zqclaim7752", "zqforged7753", "zqfact7754"
	cSecret, cServer, cMethod    = "zqsecret7755", "zqserver7756", "ZQMETHOD7757"
	cPosted                      = "zq-posted-7758" // the patient of a posted fact: kept by id with the facts, nowhere else
	cFactFile, cPanic, cIdentity = "zqfactfile7759", "zqpanic7760", "zq-identity-7761"
)

var canaries = []string{
	cName, cMRN, cSSN, strings.ReplaceAll(cSSN, "-", ""), cPhone, cStreet, cBirth, cText, cCode, cPatient, cRecord, cQuery, cForm, cParam, cPath,
	cHeader, cAgent, cTask, cReason, cBody, cUpstream, cBroken, cPage, cClaim, cForged, cFact, cSecret, cServer, cMethod, cPosted, cFactFile, cPanic, cIdentity,
}

// needle is one spelling of a canary.
type needle struct{ canary, spelt string }

// needles are the spellings in which a canary could lie somewhere: as it is, in base64
// at each of three offsets, in hex, and of ids the plain hash, which is no keyed one.
func needles(more ...string) (out []needle) {
	for _, c := range append(append([]string{}, canaries...), more...) {
		out = append(out, needle{c, strings.ToLower(c)}, needle{c, hex.EncodeToString([]byte(c))})
		for skip := range 3 {
			text := base64.RawStdEncoding.EncodeToString(append(make([]byte, skip), c...))
			out = append(out, needle{c, strings.ToLower(text[(skip*8+5)/6 : len(c)*8/6-1])})
		}
		for _, id := range []string{c, "Patient/" + c} {
			sum := sha256.Sum256([]byte(id))
			out = append(out, needle{c, hex.EncodeToString(sum[:])}, needle{c, strings.ToLower(base64.RawURLEncoding.EncodeToString(sum[:]))})
		}
	}
	return out
}

// places are where canaries are searched: a name and what stands there.
type places map[string][]byte

func (p places) addFolder(t *testing.T, name, dir string) {
	t.Helper()
	for path, b := range files(t, dir) {
		p[name+strings.TrimPrefix(path, dir)] = b
	}
}

// hits searches all places, and their names, in any letter case.
func (p places) hits(more ...string) (found []string) {
	all := needles(more...)
	for name, text := range p {
		text = bytes.ToLower(append([]byte(name+"\n"), text...))
		for _, n := range all {
			if bytes.Contains(text, []byte(n.spelt)) && !allowed(name, n.canary) {
				found = append(found, fmt.Sprintf("%s in %s", n.canary, name))
			}
		}
	}
	return found
}

// allowed says where a canary may be: the id of the patient of a posted fact in the
// store, which keeps posted facts by id (interfaces 4) until they are withdrawn.
func allowed(place, canary string) bool {
	return canary == cPosted && strings.HasPrefix(place, "data") && strings.Contains(place, "/modicum.db")
}

// scene is a server in whatever way it runs, and what drives it.
type scene struct {
	door, admin string
	up          *hostile
	errors      places // answers of 400 and more, and all headers
	tokens      []string
	alice       string // her token
}

// TestD14_L4_NoCanaryInWhatTheCommandWrites drives the built command through good,
// refused, failing and malformed, and then searches everything that it printed,
// counted and wrote, while it runs (the store's log included) and after its end.
func TestD14_L4_NoCanaryInWhatTheCommandWrites(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: the command is not built")
	}
	up := newHostile(t)
	i := install(t, canaryConfig(up.URL))
	writeCanaryFacts(t, i.dir)
	i.start(t)
	s := &scene{door: i.door, admin: i.admin, up: up, errors: places{}}
	drive(t, s)
	beyond(t, s)
	eventually(t, "the feed's failure is in the log", func() bool {
		up.mode.Store("malformed")
		return strings.Contains(i.log.String(), "facts of the upstream not read")
	})
	all := places{"log": nil, "metrics": []byte(get(t, s.admin+"/metrics", "", "").body), "readyz": []byte(get(t, s.admin+"/readyz", "", "").body)}
	all.addFolder(t, "data while it runs", filepath.Join(i.dir, "data"))
	i.stop(t)
	all.addFolder(t, "data", filepath.Join(i.dir, "data"))
	all.addFolder(t, "temporary files", i.tmp)
	wrongStarts(t, i, all)
	all["log"] = []byte(i.log.String())
	judgeCanaries(t, s, all)
	for name := range all {
		if strings.HasPrefix(name, "temporary files") {
			t.Errorf("left behind: %s", name)
		}
	}
}

// TestD14_NoCanaryInAnyLogLevelNorInAPanic drives the same wiring inside the test, with
// a log of every level, the standard library's own lines, and a clock that panics.
func TestD14_NoCanaryInAnyLogLevelNorInAPanic(t *testing.T) {
	up := newHostile(t)
	dir := t.TempDir()
	makeInstallation(t, dir, canaryConfig(up.URL))
	writeCanaryFacts(t, dir)
	c, ps := config.Load(filepath.Join(dir, "modicum.yaml"), nil)
	if c == nil {
		t.Fatal(ps)
	}
	var logged, library transcript
	log.SetOutput(&library)
	defer log.SetOutput(os.Stderr)
	var panics atomic.Bool
	server, err := serve.New(t.Context(), serve.Options{
		Config: c, Policy: os.DirFS(c.Policy), Version: "test",
		Diary: slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.Level(-100)})),
		Now: func() (time.Time, bool) {
			if panics.Load() {
				panic("index out of range of " + cPanic)
			}
			return time.Now(), true
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if ps := server.Facts().ReadFiles(c.Facts.Files, true); len(ps) == 0 {
		t.Error("the wrong file of facts was taken")
	}
	door, admin := httptest.NewUnstartedServer(server.Handler()), httptest.NewServer(server.Admin())
	door.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // as the command does
	door.Start()
	s := &scene{door: door.URL, admin: admin.URL, up: up, errors: places{}}
	drive(t, s)
	panics.Store(true)
	s.send(t, "panic", http.MethodGet, "/fhir/Patient/"+cPatient, s.token("alice", "physician"), "", "")
	panics.Store(false)
	all := places{"metrics": []byte(get(t, admin.URL+"/metrics", "", "").body), "readyz": []byte(get(t, admin.URL+"/readyz", "", "").body)}
	door.Close()
	admin.Close()
	if err := server.Close(t.Context()); err != nil {
		t.Error(err)
	}
	all["log"], all["library"] = []byte(logged.String()), []byte(library.String())
	all.addFolder(t, "data", c.Data)
	if !strings.Contains(logged.String(), "panic in enforcement") {
		t.Error("the panic did not happen: nothing was shown")
	}
	judgeCanaries(t, s, all)
}

// judgeCanaries wants no hit, and first shows that one would be found.
func judgeCanaries(t *testing.T, s *scene, all places) {
	t.Helper()
	if len(all["log"]) < 1000 || !bytes.Contains(all["log"], []byte(`"answered"`)) || len(s.errors) < 30 {
		t.Fatalf("the log has %d bytes, and %d answers were kept: nothing to search", len(all["log"]), len(s.errors))
	}
	for place, text := range map[string]string{
		"log": `{"msg":"x","name":"` + strings.ToUpper(cName) + `"}`, "data/ledger/" + cPatient: "", "data/modicum.db-wal": base64.StdEncoding.EncodeToString([]byte("{\"" + cText + "\"}")),
		"metrics": `modicum_x{q="` + cQuery + `"} 1`, "data/ledger/tile/entries/000": cPosted,
	} {
		if planted := (places{place: []byte(text)}); len(planted.hits()) == 0 {
			t.Fatalf("a canary planted in %s was not found: the search finds nothing", place)
		}
	}
	for name, text := range s.errors {
		all["answer to "+name] = text
	}
	var signatures []string
	for _, token := range s.tokens {
		signatures = append(signatures, token[strings.LastIndexByte(token, '.')+1:])
	}
	for _, hit := range all.hits(signatures...) {
		t.Error(hit)
	}
}

// canaryConfig is an installation before the hostile server.
func canaryConfig(upstream string) string {
	return fmt.Sprintf(`data: ./data
policy: ./policy
listen: 127.0.0.1:0
admin: 127.0.0.1:0
issuers: [{issuer: "https://id.hospital.example/staff", audience: modicum, jwks_file: jwks.json, algorithms: [ES256], roles_claim: groups}]
fhir: {base: /fhir, upstream: %s/fhir, upstream_auth: {bearer_file: upstream.token}}
facts: {files: ["facts/*.ndjson"], fhir: {every: 1s}}
ledger: {origin: modicum.hospital.example/main, key: data/ledger.key}
`, upstream)
}

// makeInstallation is what `modicum init` does, for a test that runs inside.
func makeInstallation(t *testing.T, dir, config string) {
	t.Helper()
	if err := os.CopyFS(filepath.Join(dir, "policy"), modicum.SamplePolicy()); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "facts"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := serve.CreateKeys(filepath.Join(dir, "data", "keys")); err != nil {
		t.Fatal(err)
	}
	secret, _, err := ledger.NewKey("modicum.hospital.example/main")
	if err != nil {
		t.Fatal(err)
	}
	if err := ledger.WriteKey(filepath.Join(dir, "data", "ledger.key"), secret); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "modicum.yaml"), config)
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// writeCanaryFacts writes the facts, one wrong file among them, the key set, and the
// token for the upstream.
func writeCanaryFacts(t *testing.T, dir string) {
	t.Helper()
	writeFile(t, filepath.Join(dir, "facts", "adt.ndjson"), whole("adt")+fmt.Sprintf(`{"fact":"assigned-patient","who":"alice","patient":"Patient/%s","source":"adt","recorded_by":"ward"}`, cPatient)+"\n")
	writeFile(t, filepath.Join(dir, "facts", "people.ndjson"), whole("people"))
	writeFile(t, filepath.Join(dir, "facts", "office.ndjson"), whole("office"))
	writeFile(t, filepath.Join(dir, "facts", "wrong.ndjson"), fmt.Sprintf(`{"fact":"assigned-patient","who":"%[1]s","patient":"Patient/%[1]s/x","source":"adt","from":"%[1]s","recorded_by":"x"}
{"fact":"%[1]s","who":"x","source":"%[1]s","recorded_by":"x"}
{"source":"adt","whole":"%[1]s"}
%[1]s
`, cFactFile))
	writeFile(t, filepath.Join(dir, "jwks.json"), string(keySet(t)))
	writeFile(t, filepath.Join(dir, "upstream.token"), cSecret+"\n")
}

// wrongStarts are starts with secrets that are no good: the refusals quote none.
func wrongStarts(t *testing.T, i *installation, all places) {
	t.Helper()
	for _, name := range []string{"data/keys/cursor.key", "data/ledger.key", "upstream.token", "jwks.json"} {
		path := filepath.Join(i.dir, name)
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, path, "\x00"+cSecret+"\n{\""+cSecret+"\":\"\n")
		status, out := i.run(t, "serve", "--check", "--config", i.config())
		if status == 0 && name != "jwks.json" {
			t.Errorf("%s: a start with a wrong secret passes the check: %s", name, out)
		}
		all["start with a wrong "+name] = []byte(out)
		writeFile(t, path, string(before))
	}
}

// hostile is an upstream that answers as its mode says, always with canaries.
type hostile struct {
	*httptest.Server
	mode atomic.Value
}

func newHostile(t *testing.T) *hostile {
	t.Helper()
	h := &hostile{}
	h.mode.Store("good")
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

var canaryPatient = fmt.Sprintf(`{"resourceType":"Patient","id":"%s","name":[{"family":"%s"}],"identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]},"system":"urn:mrn","value":"%s"},{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"SS"}]},"system":"http://hl7.org/fhir/sid/us-ssn","value":"%s"}],"telecom":[{"system":"phone","value":"%s"}],"birthDate":"%s","address":[{"line":["%s"]}]}`,
	cPatient, cName, cMRN, cSSN, cPhone, cBirth, cStreet)

var canaryCondition = fmt.Sprintf(`{"resourceType":"Condition","id":"%s","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"B20"},{"system":"urn:x","code":"%s"}]},"subject":{"reference":"Patient/%s"},"note":[{"text":"%s"}]}`, cRecord, cCode, cPatient, cText)

var canaryTeam = fmt.Sprintf(`{"resourceType":"CareTeam","id":"%s","status":"active","subject":{"reference":"Patient/%s"},"participant":[{"member":{"reference":"Practitioner/x"}}],"note":[{"text":"%s"}]}`, cRecord, cPatient, cText)

// beyond has the upstream send more than its answer: what follows is nobody's, and
// net/http would quote it in a line of its own.
func beyond(t *testing.T, s *scene) {
	t.Helper()
	s.up.mode.Store("beyond")
	for range 20 {
		get(t, s.door+"/fhir/Patient/"+cPatient, s.alice, "treat")
	}
	s.up.mode.Store("good")
}

func (h *hostile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Request-Id", cServer)
	w.Header().Set("ETag", `W/"`+cServer+`"`)
	w.Header().Set("Content-Type", "application/fhir+json")
	bundle := func(link, body string) string {
		return fmt.Sprintf(`{"resourceType":"Bundle","type":"searchset","link":[%s],"entry":[{"resource":%s}]}`, link, body)
	}
	record := canaryPatient
	switch {
	case strings.Contains(r.URL.Path, "CareTeam"):
		record = bundle("", canaryTeam)
	case strings.Contains(r.URL.Path, "Condition"):
		record = bundle("", canaryCondition)
	case !strings.Contains(r.URL.Path, "/Patient/"):
		record = `{"resourceType":"Bundle","type":"searchset"}`
	}
	switch h.mode.Load() {
	case "status":
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","diagnostics":"%s for %s"}]}`, cUpstream, cPatient)
	case "malformed":
		fmt.Fprintf(w, `{"resourceType":"Patient","id":"%s","name":[{"family":"%s"}],"name":"%s"`, cPatient, cName, cBroken)
	case "twice":
		io.WriteString(w, strings.Replace(record, `{"resourceType"`, `{"`+cBroken+`":"`+cBroken+`","`+cBroken+`":1,"resourceType"`, 1))
	case "other record":
		io.WriteString(w, strings.Replace(canaryPatient, cPatient, cIdentity, 1))
	case "another type":
		w.Header().Set("Content-Type", "text/html; x="+cUpstream)
		fmt.Fprintf(w, "<p>%s %s</p>", cUpstream, cName)
	case "redirect":
		http.Redirect(w, r, "http://127.0.0.1:1/"+cUpstream, http.StatusFound)
	case "elsewhere":
		io.WriteString(w, bundle(`{"relation":"next","url":"http://elsewhere.example/`+cPage+`?x=`+cPage+`"}`, canaryCondition))
	case "beyond":
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			answer := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: %d\r\n\r\n%s", len(record), record)
			io.WriteString(conn, answer+answer)
			conn.Close()
		}
	case "cut":
		w.Header().Set("Content-Length", "100000")
		io.WriteString(w, record)
	default:
		io.WriteString(w, record)
	}
}
