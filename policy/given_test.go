package policy_test

import (
	"strings"
	"testing"

	"modicum"
	"modicum/catalog"
	"modicum/policy"
	"modicum/policy/doc"
)

// TestGivenDecidesAsTheTestsDo: every case of the sample policy, given by itself,
// shows each class that the case expects as the case expects it.
func TestGivenDecidesAsTheTestsDo(t *testing.T) {
	set, probs := policy.Load(modicum.SamplePolicy(), catalog.R4())
	if set == nil {
		t.Fatal(probs.Errors().Err())
	}
	checked := 0
	for _, file := range set.Folder().Tests {
		for i := range file.Cases {
			c := &file.Cases[i]
			given := c.Given
			if len(given.As) == 0 && file.Role.Text != "" {
				given.As = doc.Words{file.Role}
			}
			got, unknown := set.Given(&given, 0)
			if len(unknown) > 0 {
				t.Fatalf("%s: %v", c.Name, unknown)
			}
			switch {
			case c.Expect.Refused && got.Why == policy.Admitted, c.Expect.Nothing && !got.View.Empty():
				t.Errorf("%s: got %v, view %v", c.Name, got.Why, got.View)
			}
			for _, want := range c.Expect.Treatment {
				class, _ := set.Catalog().Class(want.Key.Text)
				if how := got.View.Of(class); how.String() != want.Value.Text {
					t.Errorf("%s: %s: got %v, want %s", c.Name, want.Key.Text, how, want.Value.Text)
				}
				checked++
			}
		}
	}
	if checked < 500 {
		t.Errorf("only %d treatments were looked at", checked)
	}
}

// TestGivenOfAType: a type narrows to what its records bear, and judges them as
// lasting where they are.
func TestGivenOfAType(t *testing.T) {
	set := loadHospital(t)
	given := read(t, `{"as":["nurse"],"task":"give-care","facts":["assigned-patient","during-shift","episode"],"marked":["sensitive.hiv"]}`)
	lab, _ := set.Catalog().Class("clinical.lab")
	name, _ := set.Catalog().Class("demographics.name")
	for typ, want := range map[string][2]policy.Treatment{"Observation": {policy.Keep, policy.Omit}, "Patient": {policy.Omit, policy.Keep}} {
		ty, _ := set.Catalog().Type(typ)
		got, _ := set.Given(given, ty)
		if got.View.Of(lab) != want[0] || got.View.Of(name) != want[1] {
			t.Errorf("%s: laboratory %v, name %v", typ, got.View.Of(lab), got.View.Of(name))
		}
		if strings.Join(got.Lines, " ") != "nurse/give-care#2" {
			t.Errorf("%s: lines %v: the line that lifts HIV alone covers", typ, got.Lines)
		}
	}
	claim, _ := set.Catalog().Type("Claim")
	if got, _ := set.Given(given, claim); got.Why != policy.ShowsNothing {
		t.Errorf("a claim: %v", got.Why)
	}
}

// TestGivenSaysWhatThePolicyDoesNotKnow: an unknown word decides nothing.
func TestGivenSaysWhatThePolicyDoesNotKnow(t *testing.T) {
	set := loadHospital(t)
	for _, text := range []string{
		`{"as":["nurse"],"task":"give-care","facts":["no-such-fact"]}`,
		`{"as":["nurse"],"task":"give-care","marked":["sensitive.none"]}`,
		`{"as":["nurse"],"task":"give-care","asked":["clinical.none"]}`,
		`{"as":["nurse"],"task":"give-care","to":["nobody"]}`,
	} {
		if got, unknown := set.Given(read(t, text), 0); len(unknown) == 0 || got.Why == policy.Admitted {
			t.Errorf("%s: %v %v", text, got.Why, unknown)
		}
	}
}

func read(t *testing.T, text string) *doc.Given {
	t.Helper()
	g, probs := doc.ParseGiven(doc.At{File: "in", Line: 1, Col: 1}, []byte(text))
	if g == nil {
		t.Fatal(probs.Err())
	}
	return g
}

// TestParseGivenHasPlaces: a problem stands where it is in what was given.
func TestParseGivenHasPlaces(t *testing.T) {
	_, probs := doc.ParseGiven(doc.At{File: "in", Line: 7, Col: 10}, []byte(`{"as":["nurse"],"tsk":"give-care"}`))
	if len(probs) != 1 || probs[0].Line != 7 || probs[0].Col != 10+16 || !strings.Contains(probs[0].Hint, "task") {
		t.Errorf("got %v", probs)
	}
}
