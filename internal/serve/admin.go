package serve

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"modicum/internal/door/fhir"
	"modicum/internal/health"
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

// state tells how the installation does, whenever it is asked: 1 at the name of its state.
func (m *meter) state(of func() *health.State) {
	for l := health.Down; l <= health.Well; l++ {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "modicum_state", Help: "1 at the state that /readyz tells; emergency: broken glasses alone go on.", ConstLabels: prometheus.Labels{"state": l.String()},
		}, func() float64 {
			if of().Level() == l {
				return 1
			}
			return 0
		}))
	}
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
