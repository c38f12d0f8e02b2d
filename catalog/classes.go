package catalog

import (
	"maps"
	"slices"
	"strings"

	"modicum/internal/nearest"
)

// Classes returns all classes: index i has Class i+1, content classes and overlays.
func (c *Catalog) Classes() []ClassInfo { return c.classes }

// Class returns the class of a name.
func (c *Catalog) Class(name string) (Class, bool) {
	class, ok := c.byName[name]
	return class, ok
}

// Info returns what is known of a class, nil for Unknown and beyond.
func (c *Catalog) Info(class Class) *ClassInfo {
	if class == Unknown || int(class) > len(c.classes) {
		return nil
	}
	return &c.classes[class-1]
}

// Name returns the name of a class; "unknown" for Unknown, "of-record" and
// "of-extension" for the two that stand for another.
func (c *Catalog) Name(class Class) string {
	switch class {
	case OfRecord:
		return "of-record"
	case OfExtension:
		return "of-extension"
	}
	if info := c.Info(class); info != nil {
		return info.Name
	}
	return "unknown"
}

// Content returns all content classes.
func (c *Catalog) Content() ClassSet { return c.content }

// Overlays returns all known overlays; Restricted and Unrecognized are none.
func (c *Catalog) Overlays() OverlaySet { return c.overlays }

// OverlayOf returns the overlay that a class is.
func (c *Catalog) OverlayOf(class Class) (Overlay, bool) {
	info := c.Info(class)
	if info == nil || !info.IsOverlay {
		return 0, false
	}
	return info.Overlay, true
}

// OverlayClass returns the class of an overlay, Unknown for one that has none.
func (c *Catalog) OverlayClass(o Overlay) Class {
	if int(o) >= len(c.ofOverlay) {
		return Unknown
	}
	return c.ofOverlay[o]
}

// Covered returns what naming a class, or the common beginning of several, covers
// in `see` and `never`: the class itself and its children, but no child that must
// be named (policy-language rule 6) and nothing below one. The name sensitive
// stands for all overlays.
func (c *Catalog) Covered(name string) (ClassSet, bool) {
	set, ok := c.covered[name]
	return set, ok
}

// loadCovered answers Covered for every name that covers something.
func (c *Catalog) loadCovered() {
	c.covered = map[string]ClassSet{}
	for i := range c.classes {
		v := &c.classes[i]
		c.covered[v.Name] = c.covered[v.Name].With(v.Class)
		if v.IsOverlay {
			c.covered["sensitive"] = c.covered["sensitive"].With(v.Class)
			continue
		}
		explicit := v.ExplicitOnly
		for up := parent(v.Name); up != "" && !explicit; up = parent(up) {
			c.covered[up] = c.covered[up].With(v.Class)
			if class, ok := c.byName[up]; ok {
				explicit = c.classes[class-1].ExplicitOnly
			}
		}
	}
}

func parent(name string) string {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return ""
	}
	return name[:i]
}

// FreeTextUnder returns the free-text classes that naming a parent covers, the
// class of that name itself left out.
func (c *Catalog) FreeTextUnder(name string) (found []Class) {
	for class := range c.covered[name].All {
		if info := c.Info(class); info.FreeText && info.Name != name {
			found = append(found, class)
		}
	}
	return found
}

// Nearest returns the class, or beginning of classes, whose name is nearest to a
// word that is none, for an error message; "" when none is near.
func (c *Catalog) Nearest(word string) string {
	if best := nearest.Word(word, slices.Collect(maps.Keys(c.covered))); best != "" {
		return best
	}
	// Half a name is also near: "birth-date" means demographics.birth-date.
	for _, v := range c.classes {
		if word != "" && (strings.HasSuffix(v.Name, "."+word) || strings.HasPrefix(v.Name, word+".")) {
			return v.Name
		}
	}
	return ""
}
