package serve

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"modicum/internal/door/fhir"
)

// meter counts answers by door and status. Labels hold no subject, patient,
// address or identifier (D14).
type meter struct {
	registry *prometheus.Registry
	answers  *prometheus.CounterVec
	events   *prometheus.CounterVec
}

func newMeter(version string) *meter {
	m := &meter{registry: prometheus.NewRegistry(), answers: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "modicum_answers_total", Help: "Answers sent, by door and HTTP status.",
	}, []string{"door", "status"}), events: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "modicum_door_events_total", Help: "What an operator should look into, by door and event: budget-spent is a page not answered because its upstream work was used up.",
	}, []string{"door", "event"})}
	for _, e := range []fhir.Event{fhir.BudgetSpent, fhir.Unreadable, fhir.Panicked, fhir.Shed} {
		m.events.WithLabelValues("fhir", string(e)) // 0 is a figure, too
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "modicum_build_info", Help: "Always 1; the label is the version."}, []string{"version"})
	build.WithLabelValues(version).Set(1)
	m.registry.MustRegister(m.answers, m.events, build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// count counts what a handler answers.
func (m *meter) count(door string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &counted{ResponseWriter: w, status: http.StatusOK}
		defer func() { m.answers.WithLabelValues(door, strconv.Itoa(c.status)).Inc() }()
		next.ServeHTTP(c, r)
	})
}

type counted struct {
	http.ResponseWriter
	status int
}

func (c *counted) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach what is below.
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// Ready is what /readyz says.
type Ready struct {
	Ready   bool     `json:"ready"`
	Policy  string   `json:"policy"` // hash of the policy in force
	Mode    string   `json:"mode"`   // of the FHIR door: enforce or observe
	Wrong   []string `json:"wrong,omitempty"`
	Sources any      `json:"sources"`
	Issuers any      `json:"issuers"`
}

// Admin answers /healthz, /readyz and /metrics. It shows no data.
func (s *Server) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.meter.registry, promhttp.HandlerOpts{}))
	return mux
}

// readyz answers 503 while nothing protected can be answered, because it could
// not be recorded. Stale and broken sources are named; their facts do not hold.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	now, trusted := s.opts.Now()
	g := s.generation.Load()
	sources := g.Facts.Sources(now)
	out := Ready{Ready: true, Policy: g.Set.Hash(), Mode: s.opts.Config.FHIR.Mode, Sources: sources, Issuers: s.check.States()}
	if err := s.store.Health(); err != nil {
		out.Ready = false
		out.Wrong = append(out.Wrong, "the record takes no entries: nothing protected is answered")
	}
	out.Wrong = append(append(out.Wrong, s.spoolState()...), s.noticesState()...)
	if n := s.org.lent.Loose(); n > 0 {
		out.Wrong = append(out.Wrong, "broken glasses that are not in the book yet: "+strconv.Itoa(n))
	}
	if !trusted {
		out.Wrong = append(out.Wrong, "the time is not trusted: nothing that ends is permitted")
	}
	if state := s.policyState.Load(); state != nil {
		out.Wrong = append(out.Wrong, *state)
	}
	for _, is := range s.check.States() {
		if is.Keys == 0 {
			out.Wrong = append(out.Wrong, "issuer "+is.Issuer+": its keys are not known, so its tokens are refused")
		} else if is.Error != "" {
			out.Wrong = append(out.Wrong, "issuer "+is.Issuer+": its keys could not be looked at again; those known stay")
		}
	}
	for _, src := range sources {
		switch {
		case src.Broken != "" && !src.Stale && !src.NeverWhole:
			out.Wrong = append(out.Wrong, "source "+src.Name+" cannot be read: what it said before permits until it is "+src.Fresh.String()+" old")
		case src.Broken != "":
			out.Wrong = append(out.Wrong, "source "+src.Name+" is broken: its facts do not permit")
		case src.NeverWhole:
			out.Wrong = append(out.Wrong, "source "+src.Name+" was never read whole: restrictions that rest on it bite")
		case src.Stale:
			out.Wrong = append(out.Wrong, "source "+src.Name+" is stale: its facts do not permit")
		}
	}
	status := http.StatusOK
	if !out.Ready {
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(out)
}
