package serve_test

import (
	"cmp"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"modicum/internal/people"
	"modicum/internal/testkit"
	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// BenchmarkConsole renders pages on the server over a real store: 10,000 people, the sample
// policy, and a million entries in the record (MODICUM_BENCH_ENTRIES). Each reading of the
// record is an entry, durable before the page is made; that time is in the figure.
func BenchmarkConsole(b *testing.B) {
	entries, err := strconv.Atoi(cmp.Or(os.Getenv("MODICUM_BENCH_ENTRIES"), "1000000"))
	if err != nil {
		b.Fatal(err)
	}
	s := newSite(b)
	s.stop()
	s.policy.files = sample(b)
	s.start()
	o := officerAt(b, s)
	populate(b, s.server.People(), 10_000)
	began := time.Now()
	long(b, s, entries)
	b.Logf("%d entries in %.0f s", entries, time.Since(began).Seconds())
	_, header, _ := s.send("alice", "nurse", http.MethodGet, s.main.URL+"/fhir/Patient/p1", "")
	s.server.Gate().Wait()
	one := header.Get("Modicum-Decision")
	if status, page := o.page(b, "/record/"+one); status != http.StatusOK || !strings.Contains(page, "The same answer follows from what is recorded") {
		b.Fatalf("the entry that is looked at: %d", status)
	}
	since := url.QueryEscape(time.UnixMicro(ledgertest.Decision(0).At).UTC().Format("2006-01-02T15:04"))
	for _, tt := range []struct {
		name, path string
		form       []string
	}{
		{"home", "/", nil}, {"inbox", "/inbox", nil},
		{"record", "/record", nil}, {"record, older", "/record?before=500000", nil},
		{"record, by one person", "/record?who=person-4711", nil}, {"record, by a person of long ago", "/record?who=person-9999", nil},
		{"record, of one patient", "/record", []string{"patient", "r1:" + fmt.Sprintf("%024d", 42)}}, {"record, of a patient of long ago", "/record", []string{"patient", ledgertest.Patient(1_000_007)}},
		{"record, by nobody", "/record?who=petra", nil},
		{"record, by role", "/record?role=nurse", nil}, {"record, by a role of long ago", "/record?role=privacy-officer", nil}, {"record, by a role without any", "/record?role=pharmacist", nil},
		{"record, by task", "/record?task=nurse%2Fgive-care", nil}, {"record, refused", "/record?effect=refuse", nil},
		{"record, cut off by a role", "/record?kind=cut-off&role=nurse", nil}, {"record, before a day", "/record?to=" + since, nil},
		{"entry", "/record/" + one, nil}, {"proof", "/record/" + one + "/proof", nil},
	} {
		b.Run(strings.ReplaceAll(tt.name, ", ", "/"), func(b *testing.B) { o.measure(b, tt.path, tt.form) })
	}
}

// measure asks for a page again and again, without a network between.
func (o *officer) measure(b *testing.B, path string, form []string) {
	handler := o.main.Config.Handler
	method, values := http.MethodGet, url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
		method = http.MethodPost
	}
	size := 0
	var took []time.Duration
	before, _ := testkit.Processor()
	for b.Loop() {
		r := httptest.NewRequest(method, path, strings.NewReader(values.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		for _, c := range o.cookies {
			r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
		w := httptest.NewRecorder()
		began := time.Now()
		handler.ServeHTTP(w, r)
		took = append(took, time.Since(began))
		if w.Code != http.StatusOK {
			b.Fatalf("%d", w.Code)
		}
		size = w.Body.Len()
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
	if used, known := testkit.Processor(); known { // beside others a page takes longer than it works
		b.ReportMetric(float64((used-before).Microseconds())/1000/float64(len(took)), "processor-ms")
	}
	b.ReportMetric(float64(size), "bytes/page")
}

// sample is the policy that we ship.
func sample(b *testing.B) fstest.MapFS {
	b.Helper()
	out := fstest.MapFS{}
	dir := os.DirFS("../../policy-sample")
	err := fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(dir, name)
		out[name] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return out
}

// populate brings people in by a file of them.
func populate(b *testing.B, d *people.Directory, n int) {
	b.Helper()
	var file strings.Builder
	file.WriteString("user_name,name,title,roles\n")
	for i := range n {
		fmt.Fprintf(&file, "person-%d,Person %05d,Nurse,nurse\n", i, i)
	}
	if _, err := d.Import(b.Context(), people.Actor{ID: "olga"}, strings.NewReader(file.String()), "csv", false); err != nil {
		b.Fatal(err)
	}
}

// long appends n entries, 64 at a time: decisions with what was opened and how it ended,
// a fourth refused, some rare.
func long(b *testing.B, s *site, n int) {
	b.Helper()
	next := make(chan int)
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for i := range next {
				for _, e := range told(i) {
					if _, err := s.server.Store().Append(b.Context(), e, nil); err != nil {
						b.Error(err)
						return
					}
				}
			}
		})
	}
	for i := range n * 2 / 5 { // two and a half entries each
		next <- i
	}
	close(next)
	all.Wait()
}

// told is the nth request with what came of it.
func told(n int) []ledger.Entry {
	d := ledgertest.Decision(n)
	d.Who, d.Roles, d.Role, d.Task, d.Purpose = fmt.Sprintf("person-%d", n%9000), []string{"nurse"}, "nurse", "give-care", "treatment"
	d.Patients = []string{ledgertest.Patient(n % 100_000)}
	switch {
	case n == 1000: // long ago, and never again
		d.Who, d.Role, d.Patients = "person-9999", "privacy-officer", []string{ledgertest.Patient(1_000_007)}
	case n%4 == 3:
		d.Effect, d.Role, d.Task, d.Reasons, d.View = ledger.Refuse, "", "", []string{"no-verb"}, nil
		return []ledger.Entry{d}
	}
	o := ledgertest.Opened(n, 1)
	o.Patients = d.Patients
	return []ledger.Entry{d, o, ledgertest.Outcome(n)}
}
