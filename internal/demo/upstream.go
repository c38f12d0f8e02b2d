package demo

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"modicum/internal/sandbox"
)

// candidates are how many patients of another server are looked at.
const candidates = 3

// takeUpstream looks at another FHIR server: facts are made for its first few
// patients, and the one with the most kinds of data is that of the story.
func (d *demo) takeUpstream(ctx context.Context) error {
	u, err := url.Parse(d.Upstream)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return fmt.Errorf("%w: --upstream wants the base address of a FHIR R4 server, such as http://127.0.0.1:8090/fhir", ErrUsage)
	}
	d.stand(strings.TrimRight(d.Upstream, "/"))
	body, err := d.original(ctx, fmt.Sprintf("Patient?_count=%d", candidates))
	if err != nil {
		return fmt.Errorf("%s does not answer a search for patients: is it the base address of a FHIR R4 server that runs and asks for no log-in?", d.upstream)
	}
	found, err := d.appendEntries(nil, body)
	if err != nil || len(found) == 0 {
		return fmt.Errorf("%s shows no patient: load some synthetic ones first", d.upstream)
	}
	best := -1
	for _, p := range found {
		chart, err := d.chart(ctx, p.id)
		if err != nil {
			return fmt.Errorf("the chart of a patient of %s cannot be read: %w", d.upstream, err)
		}
		d.subjects = append(d.subjects, subjectOf(p.id, chart))
		if n := present(chart); n > best {
			best, d.patient, d.place = n, p.id, placeOf(chart)
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

// subjectOf is a patient of another server as the feeds speak of one: the work
// lists name the first records of the chart.
func subjectOf(patient string, chart []record) sandbox.Subject {
	return sandbox.Subject{
		Patient: patient, Visit: named(chart, "Encounter"), Claim: named(chart, "Claim"),
		Order: named(chart, "MedicationRequest"), Test: named(chart, "Observation"),
	}
}

// placeOf is where the first visit of a chart was: staff work there.
func placeOf(chart []record) (at sandbox.Place) {
	for i := range chart {
		if r := &chart[i]; r.typ == "Encounter" {
			at.Dept = strings.TrimPrefix(r.tree.str("location", "location", "reference"), "Location/")
			at.Facility = strings.TrimPrefix(r.tree.str("serviceProvider", "reference"), "Organization/")
			return at
		}
	}
	return at
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
