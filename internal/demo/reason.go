package demo

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/internal/gate"
	"modicum/ledger"
	"modicum/policy"
)

// explainer says in words why one record showed as it did.
type explainer struct {
	set      *policy.Set
	replayed *gate.Replayed
	verdict  *gate.ReplayedVerdict // nil where none was recorded
}

// refusals are the reasons of a refused request in plain words.
var refusals = map[string]string{
	"no-role":           "this person has no role here",
	"roles-in-conflict": "this person holds two roles that exclude each other",
	"no-verb":           "the task does not read this",
	"caller-facts":      "not now: off shift, or without what the task asks of the person",
	"shows-nothing":     "no record of this kind belongs to the task",
	"limit-requests":    "too many requests for this task",
}

func refusedWords(d *ledger.Decision) string {
	for _, code := range d.Reasons {
		if words := refusals[code]; words != "" {
			return words
		}
	}
	return strings.Join(d.Reasons, ", ")
}

// absent says why a record is not there.
func (e *explainer) absent(class catalog.Class) string {
	v := e.verdict
	switch {
	case v == nil:
		return "nothing was found to decide about"
	case len(v.Bites) > 0:
		return e.restricted()
	case v.Recorded.Because == "record":
		return "a record that shows to nobody"
	}
	return cmp.Or(e.line(class), "nothing of it belongs to the task")
}

// restricted names the restriction that bit, in the words of the policy.
func (e *explainer) restricted() string {
	for i := range e.set.Restrictions() {
		if slices.Contains(e.verdict.Bites, e.set.RestrictionName(i)) {
			r := e.set.Restriction(i)
			return "restriction “" + r.Title + "”: " + r.Say
		}
	}
	return "a restriction"
}

// lower writes a title in the middle of a sentence.
func lower(s string) string {
	if len(s) > 1 && s[1] >= 'A' && s[1] <= 'Z' {
		return s
	}
	return strings.ToLower(s[:min(1, len(s))]) + s[min(1, len(s)):]
}

// line says what the task's lines lack for a class of the record.
func (e *explainer) line(class catalog.Class) string {
	for _, r := range e.replayed.Plan.Explain(&e.verdict.Atoms, class) {
		switch {
		case strings.HasPrefix(r.ID, "restriction "), r.Text == "":
		case strings.HasPrefix(r.Text, "does not lift "):
			return "marked " + e.titles(strings.TrimPrefix(r.Text, "does not lift ")) + ", which the task does not open"
		case strings.HasPrefix(r.Text, "lacks "):
			return "nothing ties this person to this patient now: no " + strings.ReplaceAll(strings.TrimPrefix(r.Text, "lacks "), ", or ", ", no ")
		case strings.HasPrefix(r.Text, "the facts in its `of`"):
			return "not the record that the work is about"
		case r.Text == "does not see the class":
			return e.notInTask(class)
		default:
			return r.Text
		}
	}
	return ""
}

// titles spells class names as the catalog titles them.
func (e *explainer) titles(names string) string {
	var out []string
	for name := range strings.SplitSeq(names, ", ") {
		title := name
		if c, ok := e.set.Catalog().Class(name); ok {
			title = lower(e.set.Catalog().Info(c).Title)
		}
		out = append(out, title)
	}
	return strings.Join(out, ", ")
}

// notInTask tells what a role never sees from what the task merely does not need.
func (e *explainer) notInTask(class catalog.Class) string {
	for _, name := range e.replayed.Decision.Roles {
		role, ok := e.set.RoleOf(name)
		if !ok {
			continue
		}
		for _, never := range role.Never {
			if covered, ok := e.set.Catalog().Covered(never.Text); ok && covered.Has(class) {
				return "never for this role"
			}
		}
	}
	return "not part of the task"
}

// gaps projects the record again under the view that was recorded, and gives each
// withheld part the class and the reason of the gap that it lies in.
func (e *explainer) gaps(s *seen, scanner *fhirjson.Scanner, rec *fhirjson.Record) error {
	var gaps []fhirjson.Gap
	if e.verdict == nil {
		return nil
	}
	_, _, err := scanner.Project(nil, rec, &fhirjson.Shape{
		View: e.verdict.Verdict.View, Year: time.Now().Year(),
		PatientInScope: func([]byte) bool { return true },
		Trace:          func(g fhirjson.Gap) { gaps = append(gaps, g) },
	})
	for i := range s.parts {
		p := &s.parts[i]
		if p.fate == kept {
			continue
		}
		if g := around(gaps, p.leaf); g != nil {
			if p.fate == masked && g.Reason != fhirjson.IsMasked {
				p.fate = notShown // the mark beside it stands for something else
			}
			s.classes[i] = reason{e.title(g.Class), e.gap(g)}
		}
	}
	return err
}

// around is the gap that a value lies in.
func around(gaps []fhirjson.Gap, leaf *node) *fhirjson.Gap {
	for i := range gaps {
		if g := &gaps[i]; g.From <= leaf.from && leaf.to <= g.To {
			return g
		}
	}
	return nil
}

func (e *explainer) title(class catalog.Class) string {
	if info := e.set.Catalog().Info(class); info != nil && class != catalog.Unknown {
		return info.Title
	}
	return ""
}

// gap says why a value does not pass unchanged.
func (e *explainer) gap(g *fhirjson.Gap) string {
	switch g.Reason {
	case fhirjson.NotKnown:
		return "not in the catalog of data"
	case fhirjson.NotShown:
		return cmp.Or(e.line(g.Class), e.notInTask(g.Class))
	case fhirjson.IsMasked:
		return e.masked(g.Class)
	case fhirjson.Reduced:
		return "reduced by the task"
	case fhirjson.NotVisible:
		return "names a record that is not shown"
	case fhirjson.Generated:
		return "text that repeats the record"
	}
	return fmt.Sprint(g.Reason)
}

// masked tells what may be asked for from what stays masked.
func (e *explainer) masked(class catalog.Class) string {
	for _, r := range e.replayed.Plan.Explain(&e.verdict.Atoms, class) {
		if r.Text == "masked until asked for" {
			return r.Text
		}
	}
	return "masked for this task"
}
