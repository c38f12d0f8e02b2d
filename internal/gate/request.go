package gate

import (
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/internal/facts"
	"modicum/policy"
	"modicum/policy/doc"
)

// request is what Admit may look at.
func (s *Session) request() policy.Request {
	c := s.ask.Caller
	req := policy.Request{
		Roles:   c.Roles,
		Task:    s.task(),
		Purpose: nameOr(s.ask.Purpose, s.set.KnowsPurpose),
		Verb:    s.verb(),
		Shows:   s.classesAsked(),
		Meets:   s.route.interaction.Meets,
		Reads:   s.route.interaction.Reads,
	}
	s.own = s.gen.Facts.CallerInstances(&s.sub, s.now, s.trusted, &req.Caller, s.own[:0])
	s.affiliate(&req)
	for i := range s.ask.Criteria {
		k := &s.ask.Criteria[i]
		if !k.Param.ValueDependent && !s.namesPatients(k) {
			req.Reads = req.Reads.Union(k.Param.Classes(catalog.OfRecord))
		}
	}
	for _, p := range s.ask.Sorts {
		req.Sorts = req.Sorts.Union(p.Classes(catalog.OfRecord))
	}
	s.borrow(&req)
	return req
}

// task is what the request is for. A token that was given out for one task serves that
// task, stated or not, and no other one.
func (s *Session) task() string {
	asked, bound := nameOr(s.ask.Task, s.set.KnowsTask), s.ask.Caller.Task
	if bound == "" || defect.On(defect.TokenForAnyTask) {
		return asked
	}
	if asked == "" || asked == bound || strings.HasSuffix(bound, "/"+asked) {
		return nameOr(bound, s.set.KnowsTask)
	}
	return unknownName
}

// classesAsked are those of which a task must show one for the request to have an answer
// at all. What a Binary holds may be of any class that an attachment has (FC27).
func (s *Session) classesAsked() catalog.ClassSet {
	shows := s.cat.ShowsOf(s.ask.Type)
	if s.cat.TypeName(s.ask.Type) == "Binary" {
		shows = shows.Union(s.words.attached.classes)
	}
	return shows
}

// affiliate says for which program and partner the caller asks, and makes the
// fact `contract` hold while the partner's contract is in force, carrying its
// ceiling (policy-language section 6). Where several partners list a caller's
// roles nobody can say whose person it is, and those roles do not count.
func (s *Session) affiliate(req *policy.Request) {
	if s.ask.Caller.Program {
		req.Program = s.program()
		req.Partner = s.set.PartnerOf(req.Program)
	} else {
		req.Partner, req.Roles = s.employer(req.Roles)
	}
	contract, known := s.set.Fact("contract")
	if !known || req.Partner == "" || !s.trusted || !s.set.InForce(req.Partner, s.now) {
		return
	}
	classes, marked, _ := s.set.PartnerCeiling(req.Partner)
	req.Caller.Holds.Add(contract)
	s.own = append(s.own, facts.Instance{
		Fact: contract, Permits: true, HasClasses: true, Classes: classes, HasMarked: true, Marked: marked,
	})
}

// program is the entry of the organization's programs that the caller is: its
// client, else its subject; "" when neither is one.
func (s *Session) program() string {
	for _, name := range []string{s.ask.Caller.Client, s.ask.Caller.Subject} {
		if s.set.Program(name) != nil {
			return name
		}
	}
	return ""
}

// employer returns the one partner whose people hold one of the roles.
func (s *Session) employer(roles []string) (partner string, left []string) {
	partners := make(map[string]bool)
	for _, p := range s.set.Partners() {
		for _, r := range p.Roles {
			if slices.Contains(roles, r.Text) {
				partners[p.Name.Text] = true
				partner = p.Name.Text
			}
		}
	}
	if len(partners) <= 1 {
		return partner, roles
	}
	return "", slices.DeleteFunc(slices.Clone(roles), s.isPartnerRole)
}

func (s *Session) isPartnerRole(role string) bool {
	return slices.ContainsFunc(s.set.Partners(), func(p doc.Partner) bool {
		return slices.ContainsFunc(p.Roles, func(r doc.Word) bool { return r.Text == role })
	})
}

// verb tells listing the records of a named patient or visit, which is reading,
// from asking with criteria, which is searching (policy-language rule 12).
func (s *Session) verb() policy.Verb {
	if s.writes() {
		return s.route.interaction.Verbs
	}
	if s.route.interaction.Verbs&policy.Search == 0 {
		return policy.Read
	}
	if s.ask.Passes || len(s.ask.Patients) == 0 && s.ask.Visit == "" {
		return policy.Search
	}
	for i := range s.ask.Criteria {
		k := &s.ask.Criteria[i]
		if !k.Param.Narrow && !s.namesPatients(k) && !s.namesVisit(k) {
			return policy.Search
		}
	}
	return policy.Read
}

func (s *Session) namesVisit(k *Criterion) bool {
	return k.Param.NamesVisit && len(k.Refs) == 1 && k.Refs[0].Type == s.words.types.encounter && k.Refs[0].ID == s.ask.Visit
}

// admit asks the policy; a search that is a find (rule 13) is admitted without
// what it reads, since matching there is reading what the desk was told.
func (s *Session) admit(req *policy.Request) policy.Why {
	if s.mayFind() {
		plain := *req
		plain.Reads = catalog.ClassSet{}
		if s.set.Admit(&plain, &s.plan) == policy.Admitted {
			if s.finding = s.findsOf(); len(s.finding) > 0 {
				*req = plain
				return policy.Admitted
			}
		}
	}
	why := s.set.Admit(req, &s.plan)
	if why == policy.Admitted && !s.readable() {
		return policy.NeverKept
	}
	return why
}

// readable reports whether each criterion and sort key that reads elements of
// the record's own class, or identifiers and contact points, could be kept at all.
func (s *Session) readable() bool {
	keep := s.plan.Keepable()
	bears := s.cat.ShowsOf(s.ask.Type)
	could := func(p *catalog.Param) bool {
		if p.ValueDependent {
			return keep.Meets(p.Classes(catalog.OfRecord).Union(bears))
		}
		return !p.OfRecord() || keep.Meets(bears)
	}
	for i := range s.ask.Criteria {
		if k := &s.ask.Criteria[i]; !s.namesPatients(k) && !could(k.Param) {
			return false
		}
	}
	if slices.ContainsFunc(s.ask.Follows, func(p *catalog.Param) bool { return !s.couldFollow(p, could) }) {
		return false
	}
	return !slices.ContainsFunc(s.ask.Sorts, func(p *catalog.Param) bool { return !could(p) })
}

// couldFollow reports whether a line could keep the reference: that to the patient in
// scope always is (design 6).
func (s *Session) couldFollow(p *catalog.Param, could func(*catalog.Param) bool) bool {
	return p.NamesPatient || could(p) && s.plan.Keepable().Covers(p.Classes(catalog.OfRecord)) ||
		defect.On(defect.HiddenReferenceFollowed)
}
