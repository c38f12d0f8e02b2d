package fhir_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"modicum/internal/door/fhir"
)

func TestFC49_HEADEqualsTheHeadersOfGET(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	tag := c.get(t, "alice", "/Patient/p1").header.Get("ETag")
	for path, headers := range map[string][]string{
		"/Patient/p1": nil, "/Patient/p9": nil, "/Condition?patient=p1&_count=100": nil, "/metadata": nil,
		"/Condition?patient=p1&_count=2": nil, "/Condition/_search?patient=p1": nil, "/Patient/p1?_pretty=true": nil, "/Condition?patient=p1&_summary=count": nil,
		"/Patient/p1?_elements=name": {"If-None-Match", "*"}, "/Patient/p1?_format=json": {"If-Match", `W/"1"`},
		"/Patient/p1?_format=application/json": {"If-None-Match", tag}, "/Patient?shoesize=44": nil, "/_history": nil, "/nothing": nil, "//Patient/p1": nil,
	} {
		get, head := c.get(t, "alice", path, headers...), c.ask(t, "alice", http.MethodHead, path, headers...)
		if get.header.Get("Content-Length") != strconv.Itoa(len(get.body)) && get.status != http.StatusNotModified {
			t.Errorf("%s: no length of the body", path)
		}
		if head.body != "" {
			t.Errorf("%s: HEAD has a body", path)
		}
		get.body = ""
		same(t, get, head)
	}
}

// TestFC49_HEADOfAPageThatIsSentRecordByRecord has the headers of GET as well.
func TestFC49_HEADOfAPageThatIsSentRecordByRecord(t *testing.T) {
	up := newSheet(t)
	for i := range 6 {
		up.put(strings.Replace(condition(fmt.Sprintf("c%d", i), "p1", "J45.0"), `"code":{`, `"code":{"text":"`+strings.Repeat("x", 1<<20)+`",`, 1))
	}
	c := openClinic(t, up, "", nil)
	get, head := c.get(t, "alice", "/Condition?patient=p1"), c.ask(t, "alice", http.MethodHead, "/Condition?patient=p1")
	if len(get.body) < 5<<20 || head.body != "" {
		t.Fatalf("%d bytes, HEAD %d", len(get.body), len(head.body))
	}
	get.body = ""
	same(t, get, head)
}

// raw sends bytes as they are and returns the status of the answer.
func (c *clinic) raw(t *testing.T, text string) int {
	t.Helper()
	conn, err := net.Dial("tcp", c.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, text)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0 // closed
	}
	defer res.Body.Close()
	return res.StatusCode
}

func TestFC49_FramingIsStrict(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	const head = "Host: x\r\nAuthorization: Bearer alice\r\n"
	for _, text := range []string{
		"CONNECT x:1 HTTP/1.1\r\n" + head + "\r\n",
		"GET /fhir/Patient/p1 HTTP/1.1\r\n" + head + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
		"POST /fhir/Patient/_search HTTP/1.1\r\n" + head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
		"GET /fhir/Patient/p1 HTTP/1.1\r\n" + head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"GET /fhir/Patient/p1 HTTP/1.1\r\nAuthorization: Bearer alice\r\n\r\n",
		"GET /fhir/Patient/p1 HTTP/1.1\r\n" + head + " folded: x\r\n\r\n",
		"GET /fhir/Patient/p1#x HTTP/1.1\r\n" + head + "\r\n",
		"GET * HTTP/1.1\r\n" + head + "\r\n",
	} {
		if status := c.raw(t, text); status == 200 {
			t.Errorf("answered: %q", text)
		}
	}
	if sent := c.up.sent(); len(sent) > 0 {
		t.Errorf("the upstream was asked: %v", sent)
	}
}

func TestFC50_ClientHeadersDoNotReachTheUpstream(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	c.get(t, "alice", "/Patient/p1", "Cookie", "a=b", "X-Forwarded-Host", "evil.example", "Forwarded", "host=evil", "Prefer", "handling=lenient", "X-User", "root",
		"If-None-Match", `W/"7"`, "If-Modified-Since", "Mon, 01 Jan 2035 00:00:00 GMT", "Range", "bytes=0-1", "Cache-Control", "no-cache", "X-Request-ID", "abc")
	if len(c.up.headers) != 1 {
		t.Fatalf("%d requests", len(c.up.headers))
	}
	h := c.up.headers[0]
	for name := range h {
		switch name {
		case "Accept", "Accept-Encoding", "User-Agent":
		default:
			t.Errorf("%s was sent: %q", name, h.Get(name))
		}
	}
}

func TestFC42_AnswersCarryOnlyListedHeaders(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	for _, path := range []string{"/Patient/p1", "/Condition?patient=p1", "/Patient/p9", "/metadata", "/nothing"} {
		for name := range c.get(t, "alice", path).header {
			switch name {
			case "Content-Type", "Content-Length", "Etag", "Cache-Control", "Date", "Modicum-Decision", "Modicum-Obligation", "X-Content-Type-Options":
			default:
				if path != "/metadata" || name != "Access-Control-Allow-Origin" { // public, for every page (SMART App Launch)
					t.Errorf("%s: header %s", path, name)
				}
			}
		}
	}
	if got := c.get(t, "bob", "/Patient/p1").header.Get("Modicum-Obligation"); got != "no-reidentification" {
		t.Errorf("Modicum-Obligation: %q", got)
	}
}

func TestFC46_PrettyIsTheSameJSONAndNeverAsked(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	for _, path := range []string{"/Patient/p1", "/Condition?patient=p1&_total=none", "/metadata"} {
		plain, pretty := c.get(t, "alice", path), c.get(t, "alice", path+map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")]+"_pretty=true")
		var b bytes.Buffer
		if err := json.Compact(&b, []byte(pretty.body)); err != nil || b.String() != plain.body || !strings.Contains(pretty.body, "\n  ") {
			t.Errorf("%s: %v\n%s", path, err, pretty.body)
		}
		if plain.header.Get("ETag") != pretty.header.Get("ETag") {
			t.Errorf("%s: white space has a tag of its own", path)
		}
	}
	for _, sent := range c.up.sent() {
		lacks(t, sent, "pretty")
	}
}

func TestFC46_TheFormatOfTheAddressCountsMoreThanTheHeader(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	for _, path := range []string{"/Patient/p1?_format=json", "/Condition?patient=p1&_format=json", "/metadata?_format=json"} {
		if r := c.get(t, "alice", path, "Accept", "text/html,application/xhtml+xml"); r.status != 200 {
			t.Errorf("%s: %d", path, r.status)
		}
	}
	// Lenient handling would drop what is not understood, and so widen the search: strict it stays.
	same(t, c.get(t, "alice", "/Patient?shoesize=44"), c.get(t, "alice", "/Patient?shoesize=44", "Prefer", "handling=lenient"))
}

func TestFC46_JSONIsChosenFromAnyList(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	for _, accept := range []string{"", "*/*", "application/json", "application/fhir+json; fhirVersion=4.0", "application/*;q=0.1",
		"application/fhir+xml;q=1.0, application/fhir+json;q=1.0, application/xml+fhir;q=0.9", "text/html, application/json;q=0.5"} {
		var h []string
		if accept != "" {
			h = []string{"Accept", accept}
		}
		r := c.get(t, "alice", "/Patient/p1", h...)
		if r.status != 200 || r.header.Get("Content-Type") != "application/fhir+json; charset=utf-8" {
			t.Errorf("%q: %d %s", accept, r.status, r.header.Get("Content-Type"))
		}
	}
	for _, format := range []string{"json", "application/fhir%2Bjson", "application/fhir+json", "application/json"} {
		if r := c.get(t, "alice", "/Patient/p1?_format="+format+"&_pretty=true"); r.status != 200 {
			t.Errorf("%q: %d %s", format, r.status, r.body)
		}
	}
	for _, sent := range c.up.sent() {
		if strings.Contains(sent, "?") {
			t.Errorf("forwarded: %s", sent)
		}
	}
}

func TestFC45_TheCapabilityStatementIsTheSameForEverybody(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	first := c.get(t, "", "/metadata")
	if first.status != 200 {
		t.Fatalf("%d %s", first.status, first.body)
	}
	for _, who := range []string{"alice", "rita", "mallory"} {
		same(t, first, c.get(t, who, "/metadata"))
	}
	for _, part := range []string{`"fhirVersion":"4.0.1"`, `"type":"Patient"`, `"type":"Condition"`, `"name":"family"`, `"code":"search-type"`} {
		contains(t, first.body, part)
	}
	contains(t, first.body, `{"type":"Binary","interaction":[{"code":"read"}]}`)
	lacks(t, first.body, `"type":"Claim"`, `"type":"AuditEvent"`, `"type":"Bundle"`, `"type":"Parameters"`, `"type":"Basic"`)
	var statement struct {
		Rest []struct {
			Resource []struct {
				Type        string
				SearchParam []struct{ Name string }
			}
		}
	}
	if err := json.Unmarshal([]byte(first.body), &statement); err != nil {
		t.Fatal(err)
	}
	for _, r := range statement.Rest[0].Resource {
		var names []string
		for _, p := range r.SearchParam {
			names = append(names, p.Name)
		}
		if r.Type == "Patient" && (!slices.Contains(names, "family") || slices.Contains(names, "address-city") || slices.Contains(names, "language")) {
			t.Errorf("parameters of Patient: %v", names)
		}
	}
	if n := len(first.body); n > 64<<10 {
		t.Errorf("%d bytes", n)
	}
	if sent := c.up.sent(); len(sent) > 0 {
		t.Errorf("the upstream was asked: %v", sent)
	}
	if r := c.get(t, "", "/metadata", "Accept", "application/fhir+xml"); r.status != 406 {
		t.Errorf("XML: %d", r.status)
	}
	if r := c.get(t, "", "/metadata?_format=xml"); r.status != 406 {
		t.Errorf("XML by parameter: %d", r.status)
	}
}

func TestFC44_NothingIsCompressed(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	r := c.get(t, "alice", "/Condition?patient=p1", "Accept-Encoding", "gzip, br")
	if r.status != 200 || r.header.Get("Content-Encoding") != "" {
		t.Errorf("%d, encoding %q", r.status, r.header.Get("Content-Encoding"))
	}
	if got := r.header.Get("Content-Length"); got != fmt.Sprint(len(r.body)) {
		t.Errorf("length %s of %d", got, len(r.body))
	}
	up := ward(t)
	up.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/fhir+json")
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, "x")
	}
	if r := openClinic(t, up, "", nil).get(t, "alice", "/Patient/p1"); r.status != 502 {
		t.Errorf("a compressed answer: %d", r.status)
	}
}

func TestFC51_TooManyRequestsAtOnceAreShed(t *testing.T) {
	up := ward(t)
	hold := make(chan struct{})
	entered := make(chan struct{}, 1)
	up.answer = func(w http.ResponseWriter, _ *http.Request) { entered <- struct{}{}; <-hold; w.WriteHeader(500) }
	c := openClinic(t, up, "", func(cfg *fhir.Config) { cfg.InFlight = 1 })
	done := make(chan reply)
	go func() { done <- c.get(t, "alice", "/Patient/p1") }()
	<-entered
	if r := c.get(t, "alice", "/Patient/p1"); r.status != 429 {
		t.Errorf("got %d", r.status)
	}
	close(hold)
	if r := <-done; r.status != 502 {
		t.Errorf("got %d", r.status)
	}
}
