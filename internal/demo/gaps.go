package demo

import (
	"cmp"
	"fmt"
	"time"

	"modicum/catalog"
	"modicum/internal/fhirjson"
)

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
