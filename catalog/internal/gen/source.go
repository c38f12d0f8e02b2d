package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// definitions are the parts of the FHIR definitions that the catalog needs.
type definitions struct {
	types       map[string]*element // by name: resources and datatypes
	kinds       map[string]string   // resource, complex-type, primitive-type
	resources   []string            // concrete ones, sorted
	params      []*searchParam
	paramByURL  map[string]*searchParam
	compartment map[string][]string // patient compartment: type to parameters
}

// element is one element definition with its children.
type element struct {
	name       string // without [x]
	path       string // as the definition writes it
	choice     bool
	min        int
	array      bool
	types      []elementType
	required   bool // required binding
	contentRef string
	errors     []constraint
	children   []*element
}

type elementType struct {
	code    string
	targets []string // resource types of a Reference; empty for any
	any     bool
}

// examples are parameters that the definitions hold only to show how one is written.
var examples = map[string]bool{
	"http://hl7.org/fhir/SearchParameter/example":           true,
	"http://hl7.org/fhir/SearchParameter/example-extension": true,
	"http://hl7.org/fhir/SearchParameter/example-reference": true,
}

type constraint struct{ key, expression string }

type searchParam struct {
	URL, Code, Type, Expression string
	Base, Target                []string
	Component                   []struct{ Definition, Expression string }
}

type rawElement struct {
	Path string
	Min  int
	Max  string
	Type []struct {
		Code          string
		TargetProfile []string
	}
	ContentReference string
	Binding          struct{ Strength string }
	Constraint       []struct{ Key, Severity, Expression string }
}

type rawResource struct {
	ResourceType, ID, Kind, Type, URL, Code, Expression string
	FHIRVersion                                         string
	Abstract                                            bool
	Base, Target                                        []string
	Component                                           []struct{ Definition, Expression string }
	Snapshot                                            struct{ Element []rawElement }
	Resource                                            json.RawMessage
	Entry                                               []struct{ Resource json.RawMessage }
}

// loadDefinitions reads every .json, .ndjson and .gz file of a folder; Bundles
// are opened, other resource types and profiles are passed over.
func loadDefinitions(dir string) (*definitions, error) {
	d := &definitions{
		types: map[string]*element{}, kinds: map[string]string{},
		paramByURL: map[string]*searchParam{}, compartment: map[string][]string{},
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		name := f.Name()
		plain := strings.TrimSuffix(name, ".gz")
		if f.IsDir() || strings.HasPrefix(name, "us-core") ||
			!strings.HasSuffix(plain, ".ndjson") && !strings.HasSuffix(plain, ".json") {
			continue
		}
		if err := d.readFile(filepath.Join(dir, name)); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if len(d.resources) == 0 || len(d.params) == 0 || len(d.compartment) == 0 {
		return nil, fmt.Errorf("%s holds %d resource definitions, %d search parameters, %d compartment entries: one of them is missing", dir, len(d.resources), len(d.params), len(d.compartment))
	}
	slices.Sort(d.resources)
	slices.SortStableFunc(d.params, func(a, b *searchParam) int { return strings.Compare(a.URL, b.URL) })
	return d, nil
}

func (d *definitions) readFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return err
		}
	}
	dec := json.NewDecoder(bufio.NewReaderSize(r, 1<<20))
	for {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := d.add(raw); err != nil {
			return err
		}
	}
}

func (d *definitions) add(raw json.RawMessage) error {
	var head struct {
		ResourceType string
		URL          json.RawMessage // a string where it matters here
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return err
	}
	switch head.ResourceType {
	case "Bundle":
		var b rawResource
		if err := json.Unmarshal(raw, &b); err != nil {
			return err
		}
		for _, e := range b.Entry {
			if len(e.Resource) == 0 {
				continue
			}
			if err := d.add(e.Resource); err != nil {
				return err
			}
		}
	case "StructureDefinition":
		return d.addStructure(raw)
	case "SearchParameter":
		p := &searchParam{}
		if err := json.Unmarshal(raw, p); err != nil {
			return err
		}
		if examples[p.URL] || !strings.HasPrefix(p.URL, "http://hl7.org/fhir/SearchParameter/") {
			return nil
		}
		if d.paramByURL[p.URL] != nil {
			return nil
		}
		d.params = append(d.params, p)
		d.paramByURL[p.URL] = p
	case "CompartmentDefinition":
		if string(head.URL) != `"http://hl7.org/fhir/CompartmentDefinition/patient"` {
			return nil
		}
		var c struct {
			Resource []struct {
				Code  string
				Param []string
			}
		}
		if err := json.Unmarshal(raw, &c); err != nil {
			return err
		}
		for _, r := range c.Resource {
			d.compartment[r.Code] = r.Param
		}
	}
	return nil
}

func (d *definitions) addStructure(raw json.RawMessage) error {
	var r rawResource
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&r); err != nil {
		return err
	}
	if r.URL != "http://hl7.org/fhir/StructureDefinition/"+r.Type || r.Type == "" {
		// SimpleQuantity and MoneyQuantity are profiles of Quantity.
		return nil
	}
	if r.FHIRVersion != "4.0.1" || r.Kind == "logical" || d.types[r.Type] != nil {
		return nil // some packages hold later releases, patterns, and things twice
	}
	d.kinds[r.Type] = r.Kind
	if r.Kind == "resource" && !r.Abstract {
		d.resources = append(d.resources, r.Type)
	}
	byPath := map[string]*element{}
	for _, e := range r.Snapshot.Element {
		el := newElement(e)
		byPath[e.Path] = el
		i := strings.LastIndexByte(e.Path, '.')
		if i < 0 {
			d.types[r.Type] = el
			continue
		}
		parent := byPath[e.Path[:i]]
		if parent == nil {
			return fmt.Errorf("%s: no parent of %s", r.Type, e.Path)
		}
		parent.children = append(parent.children, el)
	}
	return nil
}

func newElement(e rawElement) *element {
	name := e.Path[strings.LastIndexByte(e.Path, '.')+1:]
	el := &element{
		name: strings.TrimSuffix(name, "[x]"), path: e.Path, choice: strings.HasSuffix(name, "[x]"),
		min: e.Min, array: e.Max != "1" && e.Max != "0",
		required:   e.Binding.Strength == "required",
		contentRef: strings.TrimPrefix(e.ContentReference, "#"),
	}
	for _, t := range e.Type {
		et := elementType{code: t.Code}
		if strings.HasPrefix(t.Code, "http://hl7.org/fhirpath/System.") {
			et.code = "string" // Element.id, Extension.url, Resource.id
		}
		for _, p := range t.TargetProfile {
			target := p[strings.LastIndexByte(p, '/')+1:]
			et.any = et.any || target == "Resource"
			et.targets = append(et.targets, target)
		}
		et.any = et.any || t.Code == "Reference" && len(t.TargetProfile) == 0
		el.types = append(el.types, et)
	}
	for _, c := range e.Constraint {
		if c.Severity == "error" {
			el.errors = append(el.errors, constraint{c.Key, c.Expression})
		}
	}
	return el
}

// find returns the element of a definition path such as Claim.item.detail.
func (d *definitions) find(path string) *element {
	parts := strings.Split(path, ".")
	el := d.types[parts[0]]
	for _, p := range parts[1:] {
		if el == nil {
			return nil
		}
		el = el.child(p)
	}
	return el
}

func (e *element) child(name string) *element {
	for _, c := range e.children {
		if c.name == strings.TrimSuffix(name, "[x]") {
			return c
		}
	}
	return nil
}
