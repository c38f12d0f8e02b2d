// Package fhirdata reads bulk FHIR R4 files, cuts small sets out of them, and puts them into a FHIR server.
//
// It knows nothing of Modicum: it prepares the upstream that the tests put behind the gate.
package fhirdata

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Resource is one FHIR resource as it stood in its file.
type Resource struct {
	Type, ID string
	Body     []byte // one JSON object on one line
}

// Key names the resource as references do: Patient/1.
func (r Resource) Key() string { return r.Type + "/" + r.ID }

// Set holds resources by type, each type in the order of its file.
type Set map[string][]Resource

// order names the types that others refer to first. A server that checks references then accepts the load.
// A type that is not listed comes last.
var order = []string{
	"Organization", "Location", "Practitioner", "PractitionerRole", "Medication", "Patient", "Device", "CareTeam",
	"Encounter", "Condition", "AllergyIntolerance", "CarePlan", "MedicationRequest", "MedicationAdministration",
	"Procedure", "Immunization", "Observation", "DiagnosticReport", "DocumentReference", "ImagingStudy",
	"SupplyDelivery", "Claim", "ExplanationOfBenefit", "Provenance",
}

// common types belong to no patient: a subset keeps those that are referred to.
var common = []string{"Organization", "Location", "Practitioner", "PractitionerRole", "Medication"}

// Types lists the types of s, those that others refer to first.
func (s Set) Types() []string {
	rank := func(typ string) int {
		if i := slices.Index(order, typ); i >= 0 {
			return i
		}
		return len(order)
	}
	types := make([]string, 0, len(s))
	for typ := range s {
		types = append(types, typ)
	}
	slices.SortFunc(types, func(a, b string) int { return cmp.Or(rank(a)-rank(b), strings.Compare(a, b)) })
	return types
}

// Len counts all resources.
func (s Set) Len() int {
	n := 0
	for _, rs := range s {
		n += len(rs)
	}
	return n
}

// Patients lists the ids of the patients, in order.
func (s Set) Patients() []string {
	var ids []string
	for _, p := range s["Patient"] {
		ids = append(ids, p.ID)
	}
	return ids
}

// ReadDir reads every *.ndjson.gz of a folder. It is an error if no Patient is among them.
func ReadDir(dir string) (Set, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.ndjson.gz"))
	if err != nil {
		return nil, err
	}
	s := Set{}
	for _, name := range names {
		if err := s.readFile(name); err != nil {
			return nil, err
		}
	}
	if len(s["Patient"]) == 0 {
		return nil, fmt.Errorf("no Patient in %s/*.ndjson.gz", dir)
	}
	return s, nil
}

// ReadFile reads one gzip NDJSON file, which may mix types.
func ReadFile(name string) (Set, error) {
	s := Set{}
	return s, s.readFile(name)
}

func (s Set) readFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 64<<20)
	for n := 1; lines.Scan(); n++ {
		var head struct{ ResourceType, ID string }
		if err := json.Unmarshal(lines.Bytes(), &head); err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
		if head.ResourceType == "" || head.ID == "" {
			return fmt.Errorf("%s:%d: a resource needs resourceType and id", name, n)
		}
		s[head.ResourceType] = append(s[head.ResourceType], Resource{head.ResourceType, head.ID, bytes.Clone(lines.Bytes())})
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Write writes s as gzip NDJSON, the same bytes for the same set.
func (s Set) Write(w io.Writer) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	var errs []error
	for _, typ := range s.Types() {
		for _, r := range s[typ] {
			_, err := z.Write(append(bytes.Clone(r.Body), '\n'))
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, z.Close())...)
}

var reference = regexp.MustCompile(`"reference"\s*:\s*"([A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64})"`)

// references lists the relative references of r, in order.
func references(r Resource) []string {
	var keys []string
	for _, m := range reference.FindAllSubmatch(r.Body, -1) {
		keys = append(keys, string(m[1]))
	}
	return keys
}

// First keeps the first n patients, what refers to no other patient, and of the common types what those refer to.
func (s Set) First(n int) Set {
	chosen := map[string]bool{}
	for _, p := range s["Patient"][:min(n, len(s["Patient"]))] {
		chosen[p.Key()] = true
	}
	kept, wanted := Set{}, map[string]bool{}
	for _, typ := range s.Types() {
		if slices.Contains(common, typ) {
			continue
		}
		for _, r := range s[typ] {
			refs := references(r)
			other := func(key string) bool { return strings.HasPrefix(key, "Patient/") && !chosen[key] }
			if typ == "Patient" && !chosen[r.Key()] || slices.ContainsFunc(refs, other) {
				continue
			}
			kept[typ] = append(kept[typ], r)
			for _, key := range refs {
				wanted[key] = true
			}
		}
	}
	s.close(wanted)
	for _, typ := range common {
		for _, r := range s[typ] {
			if wanted[r.Key()] {
				kept[typ] = append(kept[typ], r)
			}
		}
	}
	return kept
}

// close adds to wanted what the wanted resources of common types refer to: a role brings its practitioner.
func (s Set) close(wanted map[string]bool) {
	for grew := true; grew; {
		grew = false
		for _, typ := range common {
			for _, r := range s[typ] {
				if !wanted[r.Key()] {
					continue
				}
				for _, key := range references(r) {
					if !wanted[key] {
						wanted[key], grew = true, true
					}
				}
			}
		}
	}
}
