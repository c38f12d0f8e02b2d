package catalog

import "testing"

func BenchmarkChild(b *testing.B) {
	c := R4()
	t, _ := c.Type("Observation")
	root := c.Root(t)
	members := [][]byte{[]byte("status"), []byte("category"), []byte("code"), []byte("subject"), []byte("effectiveDateTime"), []byte("valueQuantity"), []byte("_issued"), []byte("nonsense")}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		c.Child(root, members[i&7])
		i++
	}
}

func BenchmarkCodeOverlays(b *testing.B) {
	c := R4()
	for _, bm := range []struct{ name, system, code string }{
		{"icd10cm-hit", "http://hl7.org/fhir/sid/icd-10-cm", "F11.20"},
		{"icd10cm-miss", "http://hl7.org/fhir/sid/icd-10-cm", "I10"},
		{"snomed-miss", "http://snomed.info/sct", "44054006"},
		{"unknown-system", "http://terminology.hl7.org/CodeSystem/observation-category", "laboratory"},
	} {
		system, code := []byte(bm.system), []byte(bm.code)
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.CodeOverlays(system, code)
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := load(r4File); err != nil {
			b.Fatal(err)
		}
	}
}
