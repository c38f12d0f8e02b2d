package console_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"modicum/internal/access"
	"modicum/internal/people"
)

// BenchmarkPages renders pages on the server, as petra, who reviews: 10,000 people,
// 500 nurses with something lent, 100 requests in her inbox, 200 open reviews.
func BenchmarkPages(b *testing.B) {
	h := newHospital(b)
	for i := range 10_000 {
		id := fmt.Sprintf("person-%d", i)
		h.crew.of[id] = &people.Person{ID: id, UserName: id, Name: fmt.Sprintf("Person %05d", i), Title: "Nurse", Active: true}
		h.crew.roles[id] = []string{"nurse"}
	}
	ask := func(i int) *access.Request {
		a, err := h.lent.Ask(b.Context(), people.Actor{ID: fmt.Sprintf("person-%d", i)}, access.Want{
			Kind: access.Exception, Role: "nurse", Task: "give-care", Patients: []string{fmt.Sprintf("p%d", i)}, Classes: []string{"coverage.member-id"},
			Reason: access.Reason{Text: fmt.Sprintf("the transport company asks number %d", i)},
		})
		if err != nil {
			b.Fatal(err)
		}
		return a.Request
	}
	for i := range 500 {
		r := ask(i)
		if _, err := h.lent.Approve(b.Context(), people.Actor{ID: "paul"}, r.ID, h.lent.Digest(r), ""); err != nil {
			b.Fatal(err)
		}
	}
	for i := range 200 {
		if _, err := h.lent.BreakGlass(b.Context(), people.Actor{ID: fmt.Sprintf("person-%d", 1000+i)}, access.GlassWant{Patient: "p1", Role: "nurse", Task: "give-care", Reason: access.Reason{Text: "arrest"}}); err != nil {
			b.Fatal(err)
		}
	}
	h.pass(7 * time.Hour)
	for i := range 100 {
		ask(2000 + i)
	}
	h.site.Add(h.wingPage(manyWings(10_000), 0))
	handler := h.site.Handler()
	viewer := *h.as("petra").viewer.Load()
	viewer.Duties = append(viewer.Duties, people.RunSystem)
	h.viewer.Store(&viewer)
	for _, path := range []string{"/", "/my", "/ask", "/inbox", "/grants?of=all", "/reviews", "/notices", "/wings", "/wings?q=wing+99&sort=-beds"} {
		b.Run(path, func(b *testing.B) {
			size := 0
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
				if w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
				size = w.Body.Len()
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
			b.ReportMetric(float64(size), "bytes/page")
		})
	}
}
