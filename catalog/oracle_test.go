package catalog_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gofhir/fhirpath"
	"github.com/gofhir/fhirpath/types"

	"modicum/catalog"
)

// The oracle is a FHIRPath engine that we did not write: what a parameter's
// expression yields in a resource must be what stands at the nodes that our table
// says it reads.

const (
	definitions = "../../shared/data/definitions/searchparameters-r4.ndjson.gz"
	examples    = "../../shared/data/hl7-r4-examples/examples.ndjson.gz"
)

var filter = regexp.MustCompile(`\.where\((?:[^()]|\([^()]*\))*\)`)

func TestParametersReadWhatTheOracleReads(t *testing.T) {
	for _, tt := range []struct{ typ, param, expression string }{
		{"Patient", "family", "Patient.name.family"}, {"Patient", "given", "Patient.name.given"},
		{"Patient", "birthdate", "Patient.birthDate | Person.birthDate | RelatedPerson.birthDate"},
		{"Patient", "address-city", "Patient.address.city | Person.address.city"}, {"Patient", "identifier", "Patient.identifier"},
		{"Patient", "death-date", "(Patient.deceased as dateTime)"},
		{"Observation", "code", "Observation.code"}, {"Observation", "combo-code", "Observation.code | Observation.component.code"},
		{"Observation", "value-concept", "(Observation.value as CodeableConcept)"},
		{"Observation", "component-value-concept", "(Observation.component.value as CodeableConcept)"},
		{"Observation", "value-string", "(Observation.value as string) | (Observation.value as CodeableConcept).text"},
		{"Observation", "date", "Observation.effective"}, {"Observation", "encounter", "Observation.encounter"},
	} {
		for _, record := range readLines(t, "testdata/records.ndjson") {
			if typeOf(t, record) == tt.typ {
				compare(t, record, tt.typ, tt.param, tt.expression)
			}
		}
	}
}

func TestParametersReadWhatTheOracleReadsInTheOfficialExamples(t *testing.T) {
	if _, err := os.Stat(examples); err != nil {
		t.Skip("SKIPPED: no ../shared/data/hl7-r4-examples; the parameters are compared on testdata only")
	}
	byType := map[string][][2]string{}
	for _, line := range readLines(t, definitions) {
		var p struct {
			Code, Type, Expression string
			Base                   []string
		}
		if err := json.Unmarshal(line, &p); err != nil {
			t.Fatal(err)
		}
		for _, base := range p.Base {
			byType[base] = append(byType[base], [2]string{p.Code, p.Expression})
		}
	}
	sample := 4 // one pair in so many: all 17,654 agreed when the table was made
	if testing.Short() {
		sample = 40
	}
	pairs, found := 0, 0
	for i, record := range readLines(t, examples) {
		typ := typeOf(t, record)
		if len(record) > 40<<10 || typ == "Bundle" {
			continue
		}
		for j, p := range slices.Concat(byType[typ], byType["Resource"]) {
			if (i+j)%sample != 0 {
				continue
			}
			if n := compare(t, record, typ, p[0], p[1]); n >= 0 {
				pairs++
				found += n
			}
		}
	}
	t.Logf("%d pairs of record and parameter, %d elements", pairs, found)
	if pairs*sample < 15000 || found*sample < 8000 {
		t.Errorf("only %d pairs and %d elements were compared", pairs, found)
	}
}

func typeOf(t *testing.T, record []byte) string {
	var head struct{ ResourceType string }
	if err := json.Unmarshal(record, &head); err != nil {
		t.Fatal(err)
	}
	return head.ResourceType
}

func readLines(t *testing.T, path string) (lines [][]byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(path, ".gz") {
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		var buf bytes.Buffer
		if _, err := buf.ReadFrom(z); err != nil {
			t.Fatal(err)
		}
		data = buf.Bytes()
	}
	s := bufio.NewScanner(bytes.NewReader(data))
	s.Buffer(nil, 8<<20)
	for s.Scan() {
		if len(s.Bytes()) > 0 {
			lines = append(lines, bytes.Clone(s.Bytes()))
		}
	}
	return lines
}

// compare returns how many elements the parameter reads, or -1 when the pair says
// nothing: a parameter that is refused, has no expression, or is composite.
func compare(t *testing.T, record []byte, typ, name, expression string) int {
	t.Helper()
	p, ok := cat.Param(resource(t, typ), name)
	if !ok || expression == "" || p.Kind == catalog.CompositeParam || strings.Contains(expression, " and ") {
		return -1
	}
	// Our table says what is read, so a filter reads all that it looks at.
	plain := filter.ReplaceAllString(expression, "")
	mine := onlyOwn(plain, typ)
	if mine == "" {
		return -1
	}
	want, err := fhirpath.EvaluateCached(record, mine)
	if err != nil {
		t.Fatalf("the oracle cannot read %s: %v", mine, err)
	}
	got := valuesAt(t, record, resource(t, typ), p.Nodes)
	theirs := spellAll(want)
	if plain != expression {
		for _, v := range theirs {
			if !slices.Contains(got, v) {
				t.Errorf("%s.%s does not read %s", typ, name, v)
			}
		}
		return len(theirs)
	}
	if !slices.Equal(slices.Compact(got), slices.Compact(theirs)) {
		t.Errorf("%s.%s (%s):\n   we read %v\noracle has %v", typ, name, mine, got, theirs)
	}
	return len(theirs)
}

// onlyOwn keeps the alternatives of an expression that are about a type: the oracle
// would read those of another type as members.
func onlyOwn(expression, typ string) string {
	var own []string
	for _, alt := range strings.Split(expression, "|") {
		alt = strings.TrimSpace(alt)
		head := strings.TrimPrefix(alt, "(")
		if strings.HasPrefix(head, typ+".") || strings.HasPrefix(head, "Resource.") || head[0] >= 'a' && head[0] <= 'z' {
			own = append(own, alt)
		}
	}
	return strings.Join(own, " | ")
}

// valuesAt walks a record by Catalog.Child and collects what stands at the nodes.
func valuesAt(t *testing.T, record []byte, typ catalog.Type, nodes []catalog.NodeID) (found []string) {
	var tree map[string]any
	dec := json.NewDecoder(bytes.NewReader(record))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	var walk func(n catalog.NodeID, v any)
	walk = func(n catalog.NodeID, v any) {
		object, ok := v.(map[string]any)
		if !ok {
			return
		}
		for name, value := range object {
			id, sibling := cat.Child(n, []byte(name))
			if id == 0 || sibling {
				continue
			}
			items, many := value.([]any)
			if !many {
				items = []any{value}
			}
			for _, item := range items {
				if slices.Contains(nodes, id) && item != nil {
					found = append(found, spellJSON(item))
				}
				walk(id, item)
			}
		}
	}
	walk(cat.Root(typ), tree)
	slices.Sort(found)
	return found
}

func spellAll(values types.Collection) (all []string) {
	for _, v := range values {
		if o, ok := v.(*types.ObjectValue); ok {
			var tree any
			dec := json.NewDecoder(bytes.NewReader(o.Data()))
			dec.UseNumber()
			if dec.Decode(&tree) == nil {
				all = append(all, spellJSON(tree))
				continue
			}
		}
		all = append(all, v.String())
	}
	slices.Sort(all)
	return all
}

func spellJSON(v any) string {
	switch v := v.(type) {
	case map[string]any, []any:
		b, _ := json.Marshal(v)
		return string(b)
	}
	// The oracle reads dates and writes them in its own way.
	return strings.Replace(fmt.Sprint(v), "+00:00", "Z", 1)
}
