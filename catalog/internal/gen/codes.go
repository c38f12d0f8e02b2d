package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"modicum/catalog/internal/table"
)

// addValueTables reads the tables of value-dependent classes.
func (b *builder) addValueTables() {
	class := func(name any, where string) uint64 {
		n, err := b.words.class(fmt.Sprint(name), where)
		if err != nil {
			b.errs = append(b.errs, err)
		}
		return n
	}
	for _, item := range b.words.classes.ContactSystems {
		b.out.Contacts = append(b.out.Contacts, table.Contact{System: fmt.Sprint(item.Key), Class: class(item.Value, "contact_systems")})
	}
	seen := map[string]bool{}
	for _, item := range b.words.classes.IdentifierTypes {
		if item.Key == "fallback_by_system" {
			for _, s := range pairs(item.Value) {
				b.out.IDSystems = append(b.out.IDSystems, table.IDSystem{System: fmt.Sprint(s.Key), Class: class(s.Value, "fallback_by_system")})
			}
			continue
		}
		for _, code := range item.Value.([]any) {
			if seen[fmt.Sprint(code)] {
				b.fail("identifier_types: %v stands twice", code)
			}
			seen[fmt.Sprint(code)] = true
			b.out.IDTypes = append(b.out.IDTypes, table.IDType{Code: fmt.Sprint(code), Class: class(item.Key, "identifier_types")})
		}
	}
	for _, item := range b.words.classes.ExtensionRules {
		b.out.Extensions = append(b.out.Extensions, table.Pair{URL: fmt.Sprint(item.Key), Class: class(item.Value, "extension_rules")})
	}
	b.out.Inherit = b.words.decisions.Extensions.Inherit
	b.out.IDTypeSystems = b.words.decisions.IdentifierTypeSystems
}

// pairs reads a mapping in either of the forms that the YAML reader gives.
func pairs(v any) yaml.MapSlice {
	switch m := v.(type) {
	case yaml.MapSlice:
		return m
	case map[string]any:
		var out yaml.MapSlice
		for _, k := range slices.Sorted(keys(m)) {
			out = append(out, yaml.MapItem{Key: k, Value: m[k]})
		}
		return out
	}
	return nil
}

// systemURLs returns the spellings of a system of decisions.yaml.
func (b *builder) systemURLs(name string) (urls []string) {
	for _, item := range b.words.decisions.Systems {
		if item.Key != name {
			continue
		}
		for _, p := range pairs(item.Value) {
			if p.Key == "urls" {
				for _, u := range p.Value.([]any) {
					urls = append(urls, fmt.Sprint(u))
				}
			}
		}
	}
	return urls
}

// addCodes reads systems, sensitive codes and labels.
func (b *builder) addCodes() {
	number := map[string]uint64{}
	for _, item := range b.words.decisions.Systems {
		name := fmt.Sprint(item.Key)
		s := table.System{Name: name, URLs: b.systemURLs(name)}
		for _, p := range pairs(item.Value) {
			s.Prefix = s.Prefix || p.Key == "prefix" && fmt.Sprint(p.Value) == "true"
		}
		if len(s.URLs) == 0 {
			b.fail("decisions.yaml: system %s has no address", name)
		}
		b.out.Systems = append(b.out.Systems, s)
		number[name] = uint64(len(b.out.Systems))
	}
	for name, url := range b.words.codes.Systems {
		if !slices.Contains(b.systemURLs(name), url) {
			b.fail("decisions.yaml: system %s lacks %s of sensitivity-codes.yaml", name, url)
		}
	}
	for _, c := range b.words.codes.Categories {
		for _, part := range []struct {
			system string
			rules  []codeRule
		}{{"icd10cm", c.ICD10CM}, {"snomed", c.Snomed}, {"loinc", c.LOINC}, {"rxnorm", c.RxNorm}, {"hcpcs", c.HCPCS}, {"pos", c.POS}} {
			for _, r := range part.rules {
				b.addCode(number[part.system], c.Overlay, r)
			}
		}
		overlay, err := b.words.overlays([]string{c.Overlay}, c.ID)
		if err != nil {
			b.errs = append(b.errs, err)
		}
		for _, t := range c.ByType {
			b.out.Types[b.typeNo[t]-1].Overlays |= overlay
		}
	}
	for _, c := range b.words.decisions.Codes {
		b.addCode(number[c.System], c.Overlay, codeRule{c.Code, c.Range, c.Meaning, c.Strength, c.Except})
	}
	b.addLabels(number)
}

func (b *builder) addCode(system uint64, overlay string, r codeRule) {
	o, ok := b.words.overlay[overlay]
	if !ok || system == 0 {
		b.fail("sensitive code %s%s: unknown overlay %q or system", r.Code, r.Range, overlay)
		return
	}
	low, high := r.Code, r.Code
	if r.Range != "" {
		low, high, ok = strings.Cut(r.Range, "-")
		if !ok || len(normal(low)) != len(normal(high)) || normal(low) > normal(high) || r.Code != "" {
			b.fail("sensitive code range %q is none", r.Range)
			return
		}
	}
	if low == "" {
		b.fail("a rule of %s has neither code nor range", overlay)
		return
	}
	v := table.Code{System: system, Low: low, High: high, Overlay: o, Meaning: r.Meaning, Strong: r.Strength, Except: r.Except}
	if b.out.Systems[system-1].Prefix {
		v.Low, v.High = normal(low), normal(high)
		if len(v.Low) < 2 || len(v.Low) > 16 {
			b.fail("%s: package catalog looks for 2 to 16 characters", low)
		}
		for i := range v.Except {
			v.Except[i] = normal(v.Except[i])
		}
	} else if low != high {
		b.fail("%s: a range in a system whose codes match whole", r.Range)
	}
	b.out.Codes = append(b.out.Codes, v)
}

// normal is how a code of a system with prefixes is compared: no dots, upper case.
func normal(code string) string { return strings.ToUpper(strings.ReplaceAll(code, ".", "")) }

func (b *builder) addLabels(number map[string]uint64) {
	seen := map[string]bool{}
	for _, l := range b.words.decisions.Labels {
		set, err := b.words.overlays(l.Overlays, "labels")
		if err != nil || number[l.System] == 0 {
			b.fail("decisions.yaml: labels: %v, system %q", err, l.System)
			continue
		}
		for _, code := range l.Codes {
			if key := l.System + " " + code; seen[key] {
				b.fail("decisions.yaml: label %s stands twice", key)
			} else {
				seen[key] = true
			}
			b.out.Labels = append(b.out.Labels, table.Label{System: number[l.System], Code: code, Overlays: set})
		}
	}
}
