package policy

import (
	"time"

	"modicum/policy/doc"
)

// Found returns the built-in fact that a look-up makes hold (rule 13).
func (s *Set) Found() FactID { return s.found }

// Author returns the built-in fact that the record names the caller as its author.
func (s *Set) Author() FactID { return s.author }

// Zone returns the organization's time zone, UTC where it is not known here.
func (s *Set) Zone() *time.Location {
	zone, err := time.LoadLocation(s.folder.Organization.TimeZone.Text)
	if err != nil {
		return time.UTC
	}
	return zone
}

// Program returns the program of that name, nil when the policy has none.
func (s *Set) Program(name string) *doc.Program {
	if p, ok := s.programs[name]; ok {
		return p.doc
	}
	return nil
}

// PartnerOf returns the partner whose program this is, "" when none.
func (s *Set) PartnerOf(program string) string {
	if p, ok := s.programs[program]; ok && p.partner >= 0 {
		return s.partners[p.partner].name
	}
	return ""
}

// InForce reports whether the contract of a partner is in force at a moment: its
// days are calendar days in the organization's time zone, both included.
func (s *Set) InForce(partner string, now time.Time) bool {
	i, ok := s.partnerOf[partner]
	if !ok {
		return false
	}
	c := s.partners[i].doc.Contract
	day := now.In(s.Zone()).Format(time.DateOnly)
	return c.From.Text <= day && day <= c.Until.Text
}

// ParseObligations is the inverse of Obligations.Names.
func ParseObligations(names []string) (Obligations, bool) {
	var out Obligations
	for _, n := range names {
		o, known := obligationNames[n]
		if !known {
			return 0, false
		}
		out |= o
	}
	return out, true
}
