package policy_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"modicum/policy"
)

// cell returns how a task shows a class in the matrix.
func cell(t *testing.T, m *policy.Matrix, task, class string) policy.MatrixCell {
	t.Helper()
	for i, c := range m.Columns {
		if c.ID != task {
			continue
		}
		for _, r := range m.Rows {
			if r.Class == class {
				return r.Cells[i]
			}
		}
		return policy.MatrixCell{}
	}
	t.Fatalf("no task %s in the matrix", task)
	return policy.MatrixCell{}
}

func TestMatrixSaysTheWidestAndWhen(t *testing.T) {
	m := loadHospital(t).Matrix()
	for _, tt := range []struct {
		task, class, want string
		conditional       bool
	}{
		{"nurse/give-care", "clinical.note", "keep", false},
		{"nurse/give-care", "clinical.note.psychotherapy", "", false},
		{"nurse/give-care", "sensitive.hiv", "keep", true},
		{"nurse/give-care", "sensitive.gender-affirming", "", false},
		{"denials-specialist/appeal", "clinical.note", "keep", true}, // by a grant; asked for without
		{"security-analyst/watch-systems", "demographics.name", "mask", false},
		{"security-analyst/watch-systems", "identifiers.mrn", "token", false},
		{"registration/register", "identifiers.ssn", "ask", true},
		{"quality-analyst/review-sample", "demographics.name", "mask", false},
		{"disclosures/referral-packet", "clinical.family-history", "keep", true},
	} {
		got := cell(t, &m, tt.task, tt.class)
		if got.Treatment != tt.want || got.Conditional != tt.conditional {
			t.Errorf("%s %s: %q conditional %v, want %q %v", tt.task, tt.class, got.Treatment, got.Conditional, tt.want, tt.conditional)
		}
	}
	lent := cell(t, &m, "denials-specialist/appeal", "clinical.note")
	if w := lent.When(); !strings.Contains(w, "by a grant for 1 day, approved by privacy-officer") || !strings.Contains(w, "of work-item") {
		t.Errorf("when: %s", w)
	}
}

func TestMatrixWriters(t *testing.T) {
	m := loadHospital(t).Matrix()
	var text, page, table, obj bytes.Buffer
	for _, err := range []error{m.WriteText(&text), m.WriteHTML(&page), m.WriteCSV(&table), m.WriteJSON(&obj)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	recs, err := csv.NewReader(&table).ReadAll()
	if err != nil || len(recs) < 500 || len(recs[0]) != 11 {
		t.Errorf("%d CSV records, %v", len(recs), err)
	}
	var back policy.Matrix
	if err := json.Unmarshal(obj.Bytes(), &back); err != nil || len(back.Rows) != len(m.Rows) || back.Policy != m.Policy {
		t.Errorf("JSON does not come back: %v", err)
	}
	if !strings.Contains(text.String(), "\nclinical.lab ") || strings.Contains(text.String(), "\nclinical.note.psychotherapy ") {
		t.Error("the text has a row for each class that somebody sees, and no other")
	}
	wellFormed(t, page.String())
	for _, must := range []string{`scope="col"`, `scope="row"`, "<caption>", "prefers-color-scheme", "@media print", `lang="en"`} {
		if !strings.Contains(page.String(), must) {
			t.Errorf("the page lacks %s", must)
		}
	}
	for _, never := range []string{"<script", "http://", "https://", "src=", "@import"} {
		if strings.Contains(page.String(), never) {
			t.Errorf("the page needs something else: %s", never)
		}
	}
}

// wellFormed reads the page as XML, apart from the void elements of its head.
func wellFormed(t *testing.T, page string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// TestC2CellsNeverExecute: no text of a policy runs in a spreadsheet or a page.
func TestC2CellsNeverExecute(t *testing.T) {
	m := policy.Matrix{
		Title:   "<script>alert(1)</script>",
		Columns: []policy.MatrixColumn{{Role: "=cmd|x", Task: "+1", ID: "@x", Title: `"><script>`, Purpose: "-2", Say: "<b>"}},
		Rows:    []policy.MatrixRow{{Class: "\tx", Cells: []policy.MatrixCell{{Treatment: "keep", Lines: []policy.Seer{{Line: "\r=1", While: "=HYPERLINK(1)", Within: " =1", Lent: "\uff1d1", Verbs: "|x", Marked: []string{"a\n=1"}}}}}}},
	}
	var table, page bytes.Buffer
	if err := errors.Join(m.WriteCSV(&table), m.WriteHTML(&page)); err != nil {
		t.Fatal(err)
	}
	recs, err := csv.NewReader(&table).ReadAll()
	if err != nil || len(recs) != 2 {
		t.Fatal(err, len(recs))
	}
	for _, v := range recs[1] {
		if first, _ := utf8.DecodeRuneInString(strings.TrimSpace(v)); strings.ContainsRune("=+-@|\uff1d", first) || strings.ContainsAny(v, "\r\n\t") {
			t.Errorf("a spreadsheet may run %q", v)
		}
	}
	if strings.Contains(page.String(), "<script") {
		t.Error("the page runs text of a policy")
	}
}
