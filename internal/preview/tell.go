package preview

import (
	"errors"
	"strings"

	"modicum/internal/fhirjson"
	"modicum/internal/problem"
	"modicum/policy"
)

// NotThere spells why a record is not there.
func (s *Shown) NotThere() string {
	for _, r := range s.Why {
		if strings.HasPrefix(r.ID, "restriction ") {
			return "a restriction hides it"
		}
	}
	switch s.Because {
	case "view":
		return "no line shows what makes it a record"
	case "record":
		return "its patients, its type or an extension of it cannot be told"
	}
	return s.Because
}

// Gave is why a line or restriction gave no more of a record's class, or how it shows it.
func Gave(r policy.Reason) string {
	if r.Text == "" {
		return "shows its class as " + r.Gave.String()
	}
	return r.Text
}

// LeftOut spells why something of a record does not pass unchanged.
func LeftOut(g fhirjson.Gap) string {
	switch g.Reason {
	case fhirjson.NotKnown:
		return "the catalog does not know it, so nobody is shown it"
	case fhirjson.NotShown:
		return "this task does not show it"
	case fhirjson.IsMasked:
		return "masked, whether or not there is a value"
	case fhirjson.Reduced:
		return "shown less exactly"
	case fhirjson.DoesNotFit:
		return "it cannot be shown less exactly, so it is left out"
	case fhirjson.NotVisible:
		return "it leads to a record that this task does not see"
	case fhirjson.Generated:
		return "written text that repeats the record"
	}
	return g.Reason.String()
}

// NotNow reports whether a type is refused for want of facts alone: the task has it.
func (s *Shown) NotNow() bool { return errors.Is(s.Refused, problem.NotNow) }

// Needs lists, for a record that is refused, what each line of some tasks asks for that
// shows such a record. task may be a name or ROLE/NAME, "" is all of the roles'.
func (s *Shown) Needs(set *policy.Set, roles []string, task string) (out []policy.Seer) {
	for _, by := range set.Sees(s.Class) {
		for _, role := range roles {
			if by.Role == role && (task == "" || task == by.Task || task == role+"/"+by.Task) {
				out = append(out, by)
			}
		}
	}
	return out
}
