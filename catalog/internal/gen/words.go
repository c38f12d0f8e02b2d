package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
)

// words are the project's own tables: what a class is, which codes are sensitive,
// what was decided beyond both.
type words struct {
	classes   dataClasses
	codes     sensitivity
	decisions decisions
	number    map[string]uint64 // class name to number, 1-based
	overlay   map[string]uint64 // overlay class name to its position, 0-based
}

type dataClasses struct {
	Classes []struct {
		Class        string
		Title        string
		Description  string
		Note         string
		SafeHarborID string   `yaml:"safe_harbor_id"`
		LDSAllowed   bool     `yaml:"lds_allowed"`
		ExplicitOnly bool     `yaml:"explicit_only"`
		FreeText     bool     `yaml:"free_text"`
		FHIR         []string `yaml:"fhir"`
	}
	ContactSystems   yaml.MapSlice `yaml:"contact_systems"`
	IdentifierTypes  yaml.MapSlice `yaml:"identifier_types"`
	ExtensionRules   yaml.MapSlice `yaml:"extension_rules"`
	ConditionalRules []struct {
		Resource, When, Class string
	} `yaml:"conditional_rules"`
	ResourceTraits struct {
		DenyByDefault []string `yaml:"deny_by_default"`
	} `yaml:"resource_traits"`
}

type codeRule struct {
	Code, Range, Meaning, Strength string
	Except                         []string
}

type sensitivity struct {
	Systems    map[string]string
	Categories []struct {
		ID, Overlay                                string
		ICD10CM, Snomed, LOINC, RxNorm, HCPCS, POS []codeRule
		ByType                                     []string `yaml:"by_type"`
	}
}

type decisions struct {
	Paths []struct{ Path, Class, Why string }

	Directory     []string
	PatientFree   []string `yaml:"patient_free"`
	ByProof       []string `yaml:"by_proof"`
	Lasting       []string
	DenyByDefault []string `yaml:"deny_by_default"`
	NamedOnly     []string `yaml:"named_only"`

	Extensions struct {
		Inherit  []string
		Contexts []struct {
			URL   string
			Types []string
		}
		DefaultContext []string `yaml:"default_context"`
	}
	Systems yaml.MapSlice
	Codes   []struct {
		System, Overlay                string
		Code, Range, Meaning, Strength string
		Except                         []string
	}
	Labels []struct {
		System   string
		Overlays []string
		Codes    []string
		Why      string
	}
	RuleSystems           map[string][]string `yaml:"rule_systems"`
	IdentifierTypeSystems []string            `yaml:"identifier_type_systems"`
	MainDate              []string            `yaml:"main_date"`
	MainDateElse          map[string][]string `yaml:"main_date_else"`
	Authors               []string
	Places                map[string]string
	LabelsAt              []string `yaml:"labels_at"`
	Carries               []string
}

func loadWords(dir string) (*words, error) {
	w := &words{number: map[string]uint64{}, overlay: map[string]uint64{}}
	for name, into := range map[string]any{
		"data-classes.yaml": &w.classes, "sensitivity-codes.yaml": &w.codes, "decisions.yaml": &w.decisions,
	} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		if err := yaml.Unmarshal(text, into); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for i, c := range w.classes.Classes {
		if w.number[c.Class] != 0 {
			return nil, fmt.Errorf("class %s stands twice", c.Class)
		}
		w.number[c.Class] = uint64(i + 1)
		if strings.HasPrefix(c.Class, "sensitive.") {
			w.overlay[c.Class] = uint64(len(w.overlay))
		}
	}
	if n := len(w.classes.Classes); n >= 126 || len(w.overlay) > 14 {
		return nil, fmt.Errorf("%d classes, %d overlays: package catalog holds at most 125 and 14", n, len(w.overlay))
	}
	return w, nil
}

// class returns the number of a class that must exist.
func (w *words) class(name, where string) (uint64, error) {
	n, ok := w.number[name]
	if !ok {
		return 0, fmt.Errorf("%s: unknown class %q", where, name)
	}
	return n, nil
}

// overlays returns the set of the named overlays. "restricted" stands for the
// pseudo overlay of a label that restricts without saying why.
func (w *words) overlays(names []string, where string) (set uint64, err error) {
	for _, n := range names {
		if n == "restricted" {
			set |= 1 << restrictedBit
			continue
		}
		o, ok := w.overlay[n]
		if !ok {
			return 0, fmt.Errorf("%s: unknown overlay %q", where, n)
		}
		set |= 1 << o
	}
	return set, nil
}

// restrictedBit is catalog.Restricted.
const restrictedBit = 14
