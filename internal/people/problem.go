package people

import (
	"errors"
	"fmt"
	"strings"

	"modicum/catalog"
)

// What a change is refused for. Each comes with words that say what to do.
var (
	ErrNobody    = errors.New("there is nobody of this id")
	ErrTaken     = errors.New("this name belongs to somebody")
	ErrGone      = errors.New("they are gone")
	ErrForbidden = errors.New("not yours to change")
	ErrSelf      = errors.New("nobody decides what benefits themselves")
	ErrApart     = errors.New("one person may not hold both")
	ErrLast      = errors.New("nobody else could do it afterwards")
	ErrTime      = errors.New("the time is not certain, so nothing is given")
	ErrChanged   = errors.New("it was changed meanwhile")
)

// Refusal is a change that was refused, and recorded as such.
type Refusal struct {
	Kind error  // one of those above
	Say  string // what to do, for whoever tried
}

func (r *Refusal) Error() string { return r.Kind.Error() + ": " + r.Say }

// Unwrap returns the kind.
func (r *Refusal) Unwrap() error { return r.Kind }

func refuse(kind error, say string, args ...any) error {
	return &Refusal{kind, fmt.Sprintf(say, args...)}
}

// Problem is one thing that is wrong with what was written.
type Problem struct {
	Field string // by its JSON name
	Say   string // "must be given"
}

// Problems are all that is wrong, at once.
type Problems []Problem

func (p Problems) Error() string {
	var out []string
	for _, one := range p {
		out = append(out, one.Field+" "+one.Say)
	}
	return strings.Join(out, "; ")
}

func (p *Problems) add(field, say string) {
	if say != "" {
		*p = append(*p, Problem{field, say})
	}
}

// err is nil where there is no problem.
func (p Problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// check says what is wrong with a person as they are written.
func (p *Person) check() error {
	var out Problems
	out.add("id", nameProblem(p.ID))
	out.add("user_name", nameProblem(p.UserName))
	out.add("mail", mailProblem(p.Mail))
	if p.Name == "" {
		out.add("name", "must be given")
	}
	for _, f := range []struct{ field, value string }{
		{"name", p.Name}, {"external", p.External}, {"title", p.Title},
	} {
		if len(f.value) > mostName || !plain(f.value) {
			out.add(f.field, "is longer than 256 bytes, or holds control characters")
		}
	}
	for _, f := range []struct{ field, value string }{{"department", p.Department}, {"facility", p.Facility}} {
		if f.value != "" && !catalog.IsID(f.value) {
			out.add(f.field, "is no id as FHIR has them: letters, digits, - and ., at most 64")
		}
	}
	out.add("zone", zoneProblem(p.Zone))
	for _, ref := range p.Practitioners {
		if typ, id, _ := strings.Cut(ref, "/"); typ != "Practitioner" && typ != "PractitionerRole" || !catalog.IsID(id) || len(p.Practitioners) > 16 {
			out.add("practitioners", "must be at most 16, each Practitioner/ID or PractitionerRole/ID")
			break
		}
	}
	if s := p.SCIM; s != nil {
		out.provisioned(s)
	}
	return out.err()
}

func (p *Problems) provisioned(s *Provisioned) {
	for _, f := range []struct{ field, value string }{{"display", s.Display}, {"given", s.Given}, {"family", s.Family}, {"manager", s.Manager}, {"department", s.Department}, {"organization", s.Organization}} {
		if len(f.value) > mostName || !plain(f.value) {
			p.add(f.field, "is longer than 256 bytes, or holds control characters")
		}
	}
	if len(s.Mails) > 8 {
		p.add("mails", "are more than 8")
	}
	for _, m := range s.Mails {
		p.add("mails", mailProblem(m.Value))
		if len(m.Type) > 32 || !plain(m.Type) {
			p.add("mails", "have a type that is longer than 32 bytes")
		}
	}
}
