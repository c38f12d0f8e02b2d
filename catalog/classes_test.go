package catalog_test

import (
	"strings"
	"testing"

	"modicum/catalog"
)

var cat = catalog.R4()

func class(t testing.TB, name string) catalog.Class {
	t.Helper()
	c, ok := cat.Class(name)
	if !ok {
		t.Fatalf("no class %s", name)
	}
	return c
}

func resource(t testing.TB, name string) catalog.Type {
	t.Helper()
	typ, ok := cat.Type(name)
	if !ok {
		t.Fatalf("no type %s", name)
	}
	return typ
}

func overlay(t testing.TB, name string) catalog.Overlay {
	t.Helper()
	o, ok := cat.OverlayOf(class(t, name))
	if !ok {
		t.Fatalf("%s is no overlay", name)
	}
	return o
}

func overlays(t testing.TB, names ...string) (set catalog.OverlaySet) {
	t.Helper()
	for _, n := range names {
		set = set.With(overlay(t, n))
	}
	return set
}

func TestThereAre124Classes(t *testing.T) {
	all := cat.Classes()
	if len(all) != 124 {
		t.Fatalf("%d classes, want 124", len(all))
	}
	marks := 0
	for i, v := range all {
		if int(v.Class) != i+1 {
			t.Errorf("%s: number %d at index %d", v.Name, v.Class, i)
		}
		if v.IsOverlay {
			marks++
			if cat.OverlayClass(v.Overlay) != v.Class || !cat.Overlays().Has(v.Overlay) {
				t.Errorf("%s and its overlay do not lead to each other", v.Name)
			}
		}
		if v.IsOverlay == cat.Content().Has(v.Class) {
			t.Errorf("%s is content and overlay, or neither", v.Name)
		}
		if v.Parent != catalog.Unknown && !strings.HasPrefix(v.Name, cat.Name(v.Parent)+".") {
			t.Errorf("%s has the parent %s", v.Name, cat.Name(v.Parent))
		}
	}
	if marks != 12 {
		t.Errorf("%d overlays, want 12", marks)
	}
}

func TestNoSetHoldsTheClassesThatStandForAnother(t *testing.T) {
	var s catalog.ClassSet
	for _, c := range []catalog.Class{catalog.Unknown, catalog.OfRecord, catalog.OfExtension} {
		if s = s.With(c); s.Has(c) || !s.Empty() {
			t.Errorf("class %d is in a set", c)
		}
	}
}

// policy-language rule 6: a parent covers its children, but no class that must be
// named and nothing below one.
func TestCovered(t *testing.T) {
	for _, tt := range []struct{ name, has, lacks string }{
		{"demographics", "demographics.name demographics.address.city", "demographics.sogi demographics.religion"},
		{"demographics.address", "demographics.address demographics.address.street", "demographics.name"},
		{"clinical", "clinical.note clinical.lab.specimen", "clinical.note.psychotherapy clinical.genomic sensitive.hiv"},
		{"clinical.note", "clinical.note", "clinical.note.psychotherapy clinical.note.sud-counseling clinical.note-index"},
		{"clinical.note.psychotherapy", "clinical.note.psychotherapy", "clinical.note"},
		{"identifiers", "identifiers.mrn", "identifiers.ssn identifiers.license identifiers.vehicle"},
		{"sensitive", "sensitive.hiv sensitive.vip sensitive.restricted", "clinical.lab"},
		{"sensitive.hiv", "sensitive.hiv", "sensitive.sud"},
	} {
		set, ok := cat.Covered(tt.name)
		if !ok {
			t.Errorf("%s covers nothing", tt.name)
		}
		for _, n := range strings.Fields(tt.has) {
			if !set.Has(class(t, n)) {
				t.Errorf("%s does not cover %s", tt.name, n)
			}
		}
		for _, n := range strings.Fields(tt.lacks) {
			if set.Has(class(t, n)) {
				t.Errorf("%s covers %s", tt.name, n)
			}
		}
	}
	if _, ok := cat.Covered("clinic"); ok {
		t.Error("half a word covers something")
	}
	if set, _ := cat.Covered("sensitive"); set.Len() != 12 {
		t.Errorf("sensitive covers %d classes, want 12", set.Len())
	}
}

func TestFreeTextUnderFinancial(t *testing.T) {
	got := cat.FreeTextUnder("financial")
	if len(got) != 1 || cat.Name(got[0]) != "financial.claim.supporting-info" {
		t.Errorf("got %v, want the claim attachments", got)
	}
	if got := cat.FreeTextUnder("clinical.note"); got != nil {
		t.Errorf("clinical.note names itself, but got %v", got)
	}
}

func TestNearestHelpsWithATypingError(t *testing.T) {
	for word, want := range map[string]string{
		"demographic.name": "demographics.name", "clinical.labs": "clinical.lab", "sensitive.hvi": "sensitive.hiv",
		"birth-date": "demographics.birth-date", "clincal": "clinical", "xyzzy-quux": "", "": "",
	} {
		if got := cat.Nearest(word); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	for c, want := range map[catalog.Class]string{
		catalog.Unknown: "unknown", catalog.OfRecord: "of-record", catalog.OfExtension: "of-extension",
		125: "unknown", class(t, "sensitive.hiv"): "sensitive.hiv",
	} {
		if got := cat.Name(c); got != want {
			t.Errorf("Name(%d) = %q, want %q", c, got, want)
		}
	}
	if cat.Info(catalog.Unknown) != nil || cat.Info(125) != nil {
		t.Error("something is known of an unknown class")
	}
}

func TestExtend(t *testing.T) {
	const own = "http://hospital.example/fhir/StructureDefinition/ward-color"
	more, err := cat.Extend(map[string]string{own: "admin.encounter"})
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := more.ExtensionClass([]byte(own)); !ok || c != class(t, "admin.encounter") {
		t.Error("the extension is not known")
	}
	if _, ok := cat.ExtensionClass([]byte(own)); ok {
		t.Error("the catalog that was extended changed")
	}
	if more.Hash() == cat.Hash() || len(cat.Hash()) != 64 {
		t.Error("the hash does not tell the catalogs apart")
	}
	if same, err := cat.Extend(nil); err != nil || same.Hash() != cat.Hash() {
		t.Errorf("extending by nothing changed the hash (%v)", err)
	}
}

func TestExtendRefuses(t *testing.T) {
	_, err := cat.Extend(map[string]string{
		"http://a.example/x":     "clinical.labs",
		"ward":                   "clinical.lab",
		"http://a.example/y|1.0": "clinical.lab",
		catalog.DataAbsentReason: "clinical.lab",
		"http://hl7.org/fhir/StructureDefinition/patient-religion": "demographics.name",
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`http://a.example/x: unknown class "clinical.labs"; did you mean clinical.lab?`,
		`"ward": not a canonical address`, `"http://a.example/y|1.0": not a canonical address`,
		"always has the class of what it stands in", "gives it the class demographics.religion",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

// FC30: what is denied unless it is named itself is not named by a parent.
func TestFC30_AParentDoesNotNameTheTrailOfOthers(t *testing.T) {
	cat := catalog.R4()
	for _, name := range []string{"security.audit", "security.provenance"} {
		class, _ := cat.Class(name)
		if got, ok := cat.Covered("security"); ok && got.Has(class) {
			t.Errorf("security covers %s", name)
		}
		if got, ok := cat.Covered(name); !ok || !got.Has(class) {
			t.Errorf("%s does not cover itself", name)
		}
	}
}
