package demo

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"modicum/internal/sandbox"
)

// looked at, of the patients of another server, before one is chosen.
const candidates = 3

// takeUpstream looks at another FHIR server and chooses the patient of the story:
// among the first few the one with the most kinds of data.
func (d *demo) takeUpstream(ctx context.Context) error {
	u, err := url.Parse(d.Upstream)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return fmt.Errorf("%w: --upstream wants the base address of a FHIR R4 server, such as http://127.0.0.1:8090/fhir", ErrUsage)
	}
	d.upstream = strings.TrimRight(d.Upstream, "/")
	body, err := d.original(ctx, fmt.Sprintf("Patient?_count=%d", candidates))
	if err != nil {
		return fmt.Errorf("%s does not answer a search for patients: is it the base address of a FHIR R4 server that runs and asks for no log-in?", d.upstream)
	}
	found, err := appendEntries(nil, body)
	if err != nil || len(found) == 0 {
		return fmt.Errorf("%s shows no patient: load some synthetic ones first", d.upstream)
	}
	best := -1
	for _, p := range found {
		chart, err := d.chart(ctx, p.id)
		if err != nil {
			return fmt.Errorf("the chart of a patient of %s cannot be read: %w", d.upstream, err)
		}
		if n := present(chart); n > best {
			best = n
			d.choose(p.id, chart)
		}
	}
	return nil
}

// present counts the kinds of data that a chart has.
func present(chart []record) (n int) {
	for i := range kinds {
		if kinds[i].of(chart) >= 0 {
			n++
		}
	}
	return n
}

// choose makes a patient of another server the one of the story: the work lists
// name the first records of the chart, and staff work where the first visit was.
func (d *demo) choose(patient string, chart []record) {
	d.patient = patient
	d.subject = sandbox.Subject{
		Patient: patient, Visit: named(chart, "Encounter"), Claim: named(chart, "Claim"),
		Order: named(chart, "MedicationRequest"), Test: named(chart, "Observation"),
	}
	d.place = sandbox.Place{}
	for i := range chart {
		if r := &chart[i]; r.typ == "Encounter" {
			d.place.Dept = strings.TrimPrefix(r.tree.str("location", "location", "reference"), "Location/")
			d.place.Facility = strings.TrimPrefix(r.tree.str("serviceProvider", "reference"), "Organization/")
			return
		}
	}
}

// named is the first record of a type, "" where there is none.
func named(chart []record, typ string) string {
	for i := range chart {
		if chart[i].typ == typ {
			return typ + "/" + chart[i].id
		}
	}
	return ""
}
