package selftest

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"modicum/policy"
)

// Options say what is tested. All but Client, Keep and Now must be set.
type Options struct {
	Base     string // of the FHIR door, as clients write it
	Upstream Upstream
	Token    string // of the caller of the test
	Role     string // that the token gives the caller
	Task     string
	Policy   *policy.Set
	TLS      *tls.Config   // nil: the system's roots
	Keep     bool          // leave what was planted
	Wait     time.Duration // for the planted to be found by searches; 0 means 10 s
	Progress func(done, of int)
}

// Errors of a run that could not be graded.
var (
	// ErrUnavailable: the gate, or the server behind, did not answer.
	ErrUnavailable = errors.New("not available")
	// ErrUse: what was given does not fit.
	ErrUse = errors.New("wrong use")
)

// run is one test of one installation.
type run struct {
	Options
	door  *url.URL
	http  *http.Client
	sight sight
	idA   ids
	idB   ids
	idN   ids    // of nobody
	a, b  values // of the two planted
	none  values // of nobody
	hid   map[string]bool
	gone  map[string]bool // letters of records that are hidden: the second one has none
	made  []string        // paths of what was planted, for removing
	mode  string
	known []string // canaries: values that no answer may hold
}

// Run plants, asks, grades and removes. The error is for what could not be graded.
func Run(ctx context.Context, o Options) (*Report, error) {
	probes, err := Corpus()
	if err != nil {
		return nil, err
	}
	r, err := newRun(o)
	if err != nil {
		return nil, err
	}
	defer r.http.CloseIdleConnections()
	if !o.Keep {
		defer r.clean(context.WithoutCancel(ctx))
	}
	if err := r.plant(ctx); err != nil {
		return nil, err
	}
	report := &Report{Base: o.Base, Role: o.Role, Task: o.Task, Mode: r.mode, Elements: !r.sight.nobody}
	for i := range probes {
		if o.Progress != nil {
			o.Progress(i, len(probes))
		}
		result, err := r.probe(ctx, &probes[i])
		if err != nil {
			return nil, err
		}
		report.Results = append(report.Results, result)
	}
	report.grade()
	return report, nil
}

func newRun(o Options) (*run, error) {
	door, err := url.Parse(o.Base)
	if err != nil || door.Host == "" {
		return nil, fmt.Errorf("%w: %q is no address of a FHIR door", ErrUse, o.Base)
	}
	if !Task(o.Policy, o.Role, o.Task) {
		return nil, fmt.Errorf("%w: the role %s of the policy has no task %s", ErrUse, o.Role, o.Task)
	}
	if o.Wait == 0 {
		o.Wait = 10 * time.Second
	}
	r := &run{Options: o, door: door, sight: sight{set: o.Policy, role: o.Role, task: o.Task}}
	r.http = &http.Client{
		Timeout:       30 * time.Second,
		Transport:     &http.Transport{TLSClientConfig: o.TLS, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if r.Upstream.HTTP == nil {
		r.Upstream.HTTP = &http.Client{Timeout: 60 * time.Second}
	}
	if r.a, err = drawn(); err != nil {
		return nil, err
	}
	r.b = r.a.another()
	r.none = r.b.another()
	return r, nil
}

// plant writes the two patients, learns whether the caller sees them, and writes what
// belongs to them: of what is hidden the first has it and the second not.
func (r *run) plant(ctx context.Context) error {
	skeleton := func(name string) string { return r.a[name] }
	if err := r.skeletons(ctx, skeleton); err != nil {
		return err
	}
	seen, err := r.sees(ctx)
	if err != nil {
		return err
	}
	r.sight.nobody = !seen
	if r.hid, r.gone, err = r.sight.hidden(r.a, r.b); err != nil {
		return err
	}
	for id, own := range map[ids]values{r.idA: r.a, r.idB: r.b} {
		of := func(name string) string {
			if r.hid[name] {
				return own[name]
			}
			return r.a[name]
		}
		if err := r.put(ctx, patient(id, of, own)); err != nil {
			return err
		}
		if err := r.plantRecords(ctx, id, of, own); err != nil {
			return err
		}
	}
	r.canaries()
	if err := r.settled(ctx); err != nil {
		return err
	}
	if again, err := r.sees(ctx); err != nil || again != seen {
		return cmp.Or(err, fmt.Errorf("%w: what the caller sees of the planted patients changed while they were planted, since its facts did; run it again", ErrUnavailable))
	}
	return nil
}

// skeletons writes both patients alike, and learns which ids the server takes.
func (r *run) skeletons(ctx context.Context, of func(string) string) error {
	var first error
	for _, uuid := range []bool{false, true} {
		r.idA, r.idB, r.idN = idsOf("a", uuid), idsOf("b", uuid), idsOf("c", uuid)
		if !uuid {
			r.idN = ids{nameRoot + "n", false}
		}
		err := r.put(ctx, patient(r.idA, of, r.a))
		if err == nil {
			return r.put(ctx, patient(r.idB, of, r.a))
		}
		first = cmp.Or(first, err)
	}
	return first
}

func (r *run) plantRecords(ctx context.Context, id ids, of func(string) string, own values) error {
	for _, record := range recordsOf(id, of, own) {
		if r.gone[letter(record)] && id == r.idB {
			continue
		}
		if letter(record) == "o" && r.gone["c"] && id == r.idB {
			delete(record, "focus") // there is no such condition
		}
		if err := r.put(ctx, record); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) put(ctx context.Context, record m) error {
	if err := r.Upstream.put(ctx, record); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	path := fmt.Sprintf("/%s/%s", record["resourceType"], record["id"])
	if !slices.Contains(r.made, path) {
		r.made = append(r.made, path)
	}
	return nil
}

// canaries are the values that no answer may hold.
func (r *run) canaries() {
	for _, own := range []values{r.a, r.b} {
		r.known = append(r.known, own["word"], own["note"])
		for _, name := range told {
			if r.hid[name] {
				r.known = append(r.known, own[name])
			}
		}
	}
}

// sees asks for the planted patients: both show, or neither.
func (r *run) sees(ctx context.Context) (bool, error) {
	var status [2]int
	for i, id := range []ids{r.idA, r.idB} {
		a, err := r.send(ctx, &request{method: http.MethodGet, path: "Patient/" + id.patient()})
		if err != nil {
			return false, err
		}
		status[i], r.mode = a.status, a.header.Get("Modicum-Mode")
		switch a.status {
		case http.StatusOK, http.StatusNotFound, http.StatusForbidden:
		case http.StatusUnauthorized:
			return false, fmt.Errorf("%w: the gate does not take the token", ErrUse)
		default:
			return false, fmt.Errorf("%w: the gate answers %d to a read", ErrUnavailable, a.status)
		}
	}
	if (status[0] == http.StatusOK) != (status[1] == http.StatusOK) {
		return false, fmt.Errorf("%w: the caller sees one of the two planted patients and not the other; state the same facts for Patient/%s and Patient/%s", ErrUse, r.idA.patient(), r.idB.patient())
	}
	return status[0] == http.StatusOK, nil
}

// settled waits until a search of the server behind finds the last record: servers
// with an index of their own need a moment.
func (r *run) settled(ctx context.Context) error {
	end := time.NewTimer(r.Wait)
	defer end.Stop()
	for {
		status, b, err := r.Upstream.send(ctx, http.MethodGet, "/Observation?subject=Patient/"+r.idB.patient(), nil)
		if err == nil && status == http.StatusOK && strings.Contains(string(b), r.idB.record("o")) || r.gone["o"] {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-end.C:
			return fmt.Errorf("%w: a search of the server behind does not find what was planted", ErrUnavailable)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// clean removes what was planted, last first: records before their patient.
func (r *run) clean(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for _, path := range slices.Backward(r.made) {
		_ = r.Upstream.remove(ctx, path) // it is marked as a test, and said in the help
	}
}
