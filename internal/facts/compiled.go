package facts

import (
	"slices"
	"time"

	"modicum/catalog"
	"modicum/policy"
	"modicum/policy/doc"
)

// freshFHIR is the bound on age of the built-in source: the longest that its full
// sweep may take to come round (design 5).
const freshFHIR = 15 * time.Minute

// FromPolicy makes the vocabulary of a compiled policy; f is the folder that it
// was compiled from. shorten gives smaller bounds on age by source, as
// modicum.yaml may; a larger one has no effect.
func FromPolicy(set *policy.Set, f *doc.Folder, shorten map[string]time.Duration) *Vocabulary {
	cat := set.Catalog()
	v := &Vocabulary{
		Classes: func(name string) (catalog.ClassSet, bool) {
			c, ok := cat.Class(name)
			if _, overlay := cat.OverlayOf(c); !ok || overlay {
				return catalog.ClassSet{}, false
			}
			return cat.Covered(name)
		},
		Overlays: func(name string) (catalog.OverlaySet, bool) { return overlays(cat, name) },
		Where: func(id policy.FactID, in WhereInput) bool {
			return set.Where(id, policy.WhereInput(in))
		},
	}
	v.sources(f.Conditions.Sources, set.Facts(), shorten)
	for _, info := range set.Facts() {
		v.Kinds = append(v.Kinds, v.kind(set, &info))
	}
	return v
}

func overlays(cat *catalog.Catalog, name string) (catalog.OverlaySet, bool) {
	if name == "sensitive" {
		return cat.Overlays(), true
	}
	c, ok := cat.Class(name)
	if !ok {
		return 0, false
	}
	o, ok := cat.OverlayOf(c)
	return catalog.OverlaySet(0).With(o), ok
}

func (v *Vocabulary) sources(written []doc.Source, infos []policy.FactInfo, shorten map[string]time.Duration) {
	for _, s := range written {
		src := Source{Name: s.Name.Text, Fresh: bound(s.Fresh)}
		for _, p := range s.Programs {
			src.Programs = append(src.Programs, p.Text)
		}
		v.Sources = append(v.Sources, src)
	}
	if _, ok := v.source(FHIRSource); !ok && slices.ContainsFunc(infos, func(i policy.FactInfo) bool { return slices.Contains(i.Sources, FHIRSource) }) {
		v.Sources = append(v.Sources, Source{Name: FHIRSource, Fresh: freshFHIR})
	}
	for i := range v.Sources {
		s := &v.Sources[i]
		if less, ok := shorten[s.Name]; ok && less < s.Fresh {
			s.Fresh = less
		}
	}
}

// bound is a span in hours; ages are not counted by the calendar, so a month is
// its shortest.
func bound(s doc.Span) time.Duration {
	return time.Duration(s.Months*28+s.Days)*24*time.Hour + s.Clock
}

func (v *Vocabulary) kind(set *policy.Set, info *policy.FactInfo) Kind {
	k := Kind{
		Name: info.Name, Patient: info.About == policy.AboutPatient, Builtin: info.Builtin,
		Object: info.Carries&policy.CarriesObject != 0, Classes: info.Carries&policy.CarriesClasses != 0,
		Marked: info.Carries&policy.CarriesMarked != 0, Dates: info.Carries&policy.CarriesDates != 0,
		Condition: info.Where != "", Base: info.Base, UsesNow: set.UsesNow(info.ID),
		Values: map[string]ValueType{},
	}
	for _, name := range info.Sources {
		if at, ok := v.source(name); ok {
			k.Sources = append(k.Sources, at)
		}
	}
	for name, typ := range info.Values {
		k.Values[name] = map[string]ValueType{"text": Text, "number": Number, "time": Time, "yes-no": YesNo}[typ]
	}
	return k
}
