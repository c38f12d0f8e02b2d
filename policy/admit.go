package policy

import (
	"math/bits"
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/internal/defect"
)

// glassCode reports whether a stated purpose picks the tasks with break-glass
// (rule 2): emergency treatment and break the glass of HL7 v3 PurposeOfUse.
func glassCode(purpose string) bool { return purpose == "ETREAT" || purpose == "BTG" }

// Admit decides before anything is fetched which lines may count for a request,
// and fills p with them. What it refuses depends on the Request alone, so a
// refusal may be explained. It allocates nothing once p is warm.
func (s *Set) Admit(r *Request, p *Plan) Why {
	p.reset(s, r)
	why := p.admit(r)
	if why != Admitted {
		p.lines, p.conjs, p.ofs, p.count, p.bites = p.lines[:0], p.conjs[:0], p.ofs[:0], p.count[:0], 0
	}
	p.why = why
	return why
}

// Forget makes of p a Plan under which nothing was admitted.
func (p *Plan) Forget() {
	if p.set != nil {
		p.reset(p.set, &Request{})
		p.claimed, p.set = p.claimed[:0], nil
	}
}

func (p *Plan) reset(s *Set, r *Request) {
	p.set, p.why, p.verb, p.purpose, p.code, p.caller = s, Undecided, r.Verb, -1, "", r.Caller
	p.held, p.dropped = p.held[:0], p.dropped[:0]
	p.speak, p.count, p.lines, p.conjs, p.ofs = p.speak[:0], p.count[:0], p.lines[:0], p.conjs[:0], p.ofs[:0]
	clear(p.slotOf[:len(s.slots)])
	p.narrowed, p.bites, p.stuck = 0, 0, 0
	p.ceiling.on = false
}

func (p *Plan) admit(r *Request) Why {
	if bits.OnesCount8(uint8(r.Verb)) != 1 || r.Verb > Export {
		return NoVerb
	}
	program := -1
	var why Why
	switch {
	case r.Disclosure != "":
		why = p.speakDisclosure(r)
	case r.Program != "":
		why, program = p.speakProgram(r)
	default:
		why = p.speakPerson(r)
	}
	if why != Admitted {
		return why
	}
	p.purpose = p.set.tasks[p.speak[0]].purpose
	if p.code == "" {
		p.code = p.set.purposes[p.purpose].code
	}
	if !p.meet(r) {
		return CannotMeet
	}
	if !p.underCeiling(r, program) {
		return UnknownPurpose
	}
	if why := p.countLines(r); why != Admitted {
		return why
	}
	if !r.Sorts.Empty() && !defect.On(defect.SortsUnchecked) && !p.KeptByAll().Covers(r.Sorts) {
		return NeverKept
	}
	p.applyRestrictions(r, program)
	return Admitted
}

// speakDisclosure: the lines of one disclosure.
func (p *Plan) speakDisclosure(r *Request) Why {
	t, ok := p.set.disclosures[r.Disclosure]
	if !ok {
		return UnknownTask
	}
	return p.only(t, r)
}

// speakProgram: the one task of a program. A task or purpose stated beside it
// must agree.
func (p *Plan) speakProgram(r *Request) (Why, int) {
	prog, ok := p.set.programs[r.Program]
	if !ok {
		return NoRole, -1
	}
	t := &p.set.tasks[prog.task]
	if r.Task != "" && r.Task != t.name && r.Task != t.id {
		return UnknownTask, -1
	}
	return p.only(prog.task, r), prog.partner
}

func (p *Plan) only(t int, r *Request) Why {
	if why := p.agree(r, t); why != Admitted {
		return why
	}
	p.speak = append(p.speak, t)
	return Admitted
}

// agree checks a stated purpose against a task and notes the code to record.
func (p *Plan) agree(r *Request, t int) Why {
	if r.Purpose == "" {
		return Admitted
	}
	if glassCode(r.Purpose) {
		p.code = r.Purpose
		if !p.set.tasks[t].glass {
			return UnknownPurpose
		}
		return Admitted
	}
	if purpose, ok := p.set.purposeOf[r.Purpose]; !ok || purpose != p.set.tasks[t].purpose {
		return UnknownPurpose
	}
	return Admitted
}

// speakPerson: rule 2 for a person.
func (p *Plan) speakPerson(r *Request) Why {
	held := p.hold(r.Roles)
	if held == 0 {
		return NoRole
	}
	conflict := len(r.Roles) > 1 && p.dropConflicts()
	why := p.speakTasks(r)
	if conflict && (why == NoRole || why == UnknownTask || why == UnknownPurpose) && (!p.anyRole() || p.droppedWould(r)) {
		return RolesInConflict
	}
	return why
}

// hold notes the caller's roles, in any order, once each. Roles that only
// programs hold do not speak for a person. It counts those that do.
func (p *Plan) hold(roles []string) int {
	p.forgetRoles((len(p.set.roles) + 63) / 64)
	held := 0
	for _, name := range roles {
		i, ok := p.set.roleOf[name]
		if !ok {
			continue
		}
		p.claimed[i>>6] |= 1 << (i & 63)
		if !p.set.roles[i].programs {
			p.held[i>>6] |= 1 << (i & 63)
			held++
		}
	}
	return held
}

// forgetRoles empties the three sets of roles, n words each: one loop over few words
// costs less than a call for each.
func (p *Plan) forgetRoles(n int) {
	if cap(p.held) < n {
		p.held, p.dropped, p.claimed = make([]uint64, n), make([]uint64, n), make([]uint64, n)
	}
	p.held, p.dropped, p.claimed = p.held[:n], p.dropped[:n], p.claimed[:n]
	for w := range n {
		p.held[w], p.dropped[w], p.claimed[w] = 0, 0, 0
	}
}

// dropConflicts: who holds two roles in conflict holds neither.
func (p *Plan) dropConflicts() bool {
	if defect.On(defect.ConflictKept) {
		return false
	}
	found := false
	for _, set := range p.set.conflicts {
		n := 0
		for w := range set {
			n += bits.OnesCount64(p.claimed[w] & set[w])
		}
		if n < 2 {
			continue
		}
		found = true
		for w := range set {
			p.dropped[w] |= p.held[w] & set[w]
		}
	}
	if found {
		for w := range p.held {
			p.held[w] &^= p.dropped[w]
		}
	}
	return found
}

// droppedWould reports whether a dropped role has the task or purpose asked for,
// so that the refusal names what stands in the way.
func (p *Plan) droppedWould(r *Request) bool {
	kept := p.held
	p.held = p.dropped
	p.speak = p.speak[:0]
	why := p.speakTasks(r)
	p.held, p.speak, p.code = kept, p.speak[:0], ""
	return why == Admitted || why == PurposesDiffer
}

// speakTasks fills p.speak from the roles in p.held.
func (p *Plan) speakTasks(r *Request) Why {
	purpose, ok := -1, true
	if r.Purpose != "" && !glassCode(r.Purpose) {
		if purpose, ok = p.set.purposeOf[r.Purpose]; !ok {
			return UnknownPurpose
		}
	}
	if r.Task != "" {
		return p.speakNamed(r, purpose)
	}
	if !p.anyRole() {
		return NoRole
	}
	for w, word := range p.held {
		for ; word != 0; word &= word - 1 {
			role := &p.set.roles[w<<6+bits.TrailingZeros64(word)]
			if purpose >= 0 {
				p.speak = append(p.speak, role.byPurpose[purpose]...)
			} else {
				p.speak = append(p.speak, role.tasks...)
			}
		}
	}
	if glassCode(r.Purpose) {
		p.keepGlass(r)
	}
	switch {
	case len(p.speak) == 0:
		return UnknownPurpose
	case !p.onePurpose() && r.Purpose == "":
		return PurposeUnstated
	case !p.onePurpose():
		return PurposesDiffer
	}
	return Admitted
}

func (p *Plan) anyRole() bool {
	var any uint64
	for _, w := range p.held {
		any |= w
	}
	return any != 0
}

// speakNamed: the named task, in each role of the caller.
func (p *Plan) speakNamed(r *Request, purpose int) Why {
	roleName, name, qualified := strings.Cut(r.Task, "/")
	if !qualified {
		name = r.Task
	}
	for w, word := range p.held {
		for ; word != 0; word &= word - 1 {
			role := &p.set.roles[w<<6+bits.TrailingZeros64(word)]
			if qualified && role.name != roleName {
				continue
			}
			if t, ok := role.byName[name]; ok {
				p.speak = append(p.speak, t)
			}
		}
	}
	switch {
	case len(p.speak) == 0 && !p.anyRole():
		return NoRole
	case len(p.speak) == 0:
		return UnknownTask
	case !p.onePurpose():
		return PurposesDiffer
	case purpose >= 0 && p.set.tasks[p.speak[0]].purpose != purpose:
		return UnknownPurpose
	}
	if glassCode(r.Purpose) {
		p.keepGlass(r)
		if len(p.speak) == 0 {
			return UnknownPurpose
		}
	}
	return Admitted
}

func (p *Plan) keepGlass(r *Request) {
	p.code = r.Purpose
	n := 0
	for _, t := range p.speak {
		if p.set.tasks[t].glass {
			p.speak[n] = t
			n++
		}
	}
	p.speak = p.speak[:n]
}

func (p *Plan) onePurpose() bool {
	if defect.On(defect.PurposesJoined) {
		return true
	}
	for _, t := range p.speak {
		if p.set.tasks[t].purpose != p.set.tasks[p.speak[0]].purpose {
			return false
		}
	}
	return true
}

// meet silences tasks whose obligations the door cannot meet.
func (p *Plan) meet(r *Request) bool {
	n := 0
	for _, t := range p.speak {
		if p.set.tasks[t].obligations&^r.Meets == 0 || defect.On(defect.ObligationsIgnored) {
			p.speak[n] = t
			n++
		}
	}
	p.speak = p.speak[:n]
	return n > 0
}

// underCeiling intersects the ceilings of the caller's partner and of the
// program's. A partner nobody knows has an empty ceiling.
func (p *Plan) underCeiling(r *Request, program int) bool {
	if r.Partner != "" {
		n, ok := p.set.partnerOf[r.Partner]
		if !ok {
			n = -1
		}
		if !p.lower(n) {
			return false
		}
	}
	return program < 0 || p.lower(program)
}

func (p *Plan) lower(n int) bool {
	if !p.ceiling.on {
		p.ceiling.on, p.ceiling.classes, p.ceiling.lifts, p.ceiling.hides = true, allClasses, ^catalog.OverlaySet(0), 0
	}
	if n < 0 {
		p.ceiling.classes, p.ceiling.lifts = catalog.ClassSet{}, 0
		return true
	}
	c := &p.set.partners[n]
	p.ceiling.classes = p.ceiling.classes.Intersect(c.classes)
	p.ceiling.lifts &= c.lifts
	p.ceiling.hides |= c.hides
	return c.purposes[p.purpose]
}

// countLines fills the Plan with the lines that may count.
func (p *Plan) countLines(r *Request) Why {
	why := NoVerb
	for _, t := range p.speak {
		task := &p.set.tasks[t]
		n := len(p.lines)
		for i := task.first; i < task.end; i++ {
			why = furthest(why, p.countLine(r, &p.set.lines[i], false))
		}
		if r.Exception && p.set.exceptions != nil && task.role >= 0 {
			why = furthest(why, p.countLine(r, &p.set.lines[task.first], true))
		}
		if len(p.lines) > n {
			p.count = append(p.count, t)
		}
		if len(p.lines) > MaxLines {
			return TooManyLines
		}
	}
	if len(p.lines) > 0 {
		return Admitted
	}
	return why
}

// furthest keeps the reason that is nearest to being admitted, whatever the
// order of lines: the values from NoVerb to NeverKept are in that order.
func furthest(a, b Why) Why { return max(a, b) }

// countLine adds a line to the Plan, or says what it lacks.
func (p *Plan) countLine(r *Request, l *line, exception bool) Why {
	verbs := l.verbs
	if exception {
		verbs = Read // a silent line of also reads, policy-language 2
	}
	if verbs&p.verb == 0 {
		return NoVerb
	}
	from := len(p.conjs)
	for i := range l.conjs {
		if l.conjs[i].caller.in(&r.Caller.Holds) || defect.On(defect.CallerFactsIgnored) {
			p.conjs = append(p.conjs, &l.conjs[i])
		}
	}
	if len(p.conjs) == from {
		return CallerFacts
	}
	if why := p.suits(r, l, exception); why != Admitted {
		p.conjs = p.conjs[:from]
		return why
	}
	// Written where it lies: a line that is put together elsewhere and copied costs
	// more than all that was asked of it.
	n := len(p.lines)
	p.lines = slices.Grow(p.lines, 1)[:n+1]
	pl := &p.lines[n]
	pl.line, pl.exception, pl.from, pl.to, pl.lifts, pl.hides = l, exception, from, len(p.conjs), l.lifts, l.hides
	if exception {
		pl.lifts = 0
	}
	if p.ceiling.on {
		pl.lifts &= p.ceiling.lifts
		pl.hides |= p.ceiling.hides
	}
	if l.narrowed && n < MaxLines {
		p.narrowed |= 1 << n
	}
	if l.slots {
		for _, k := range p.conjs[from:] {
			for _, of := range k.ofs {
				p.slot(of.slot)
			}
		}
	}
	return Admitted
}

// suits reports whether the line can show something of what is asked for, and
// keeps what the criteria read.
func (p *Plan) suits(r *Request, l *line, exception bool) Why {
	shows, keeps := l.all, l.masks.keep
	if p.verb&(Create|Update) != 0 {
		shows = keeps.or(l.asks)
	}
	if exception {
		never := p.never(l)
		lent := maskOf(&r.Lent).without(maskOf(&never))
		shows, keeps = shows.or(lent), keeps.or(lent)
	}
	if p.ceiling.on {
		ceiling := maskOf(&p.ceiling.classes)
		shows, keeps = shows.and(ceiling), keeps.and(ceiling)
	}
	if !shows.meets(maskOf(&r.Shows)) {
		return ShowsNothing
	}
	if !maskOf(&r.Reads).without(keeps).empty() && !defect.On(defect.ReadsUnchecked) {
		return NeverKept
	}
	return Admitted
}

// never returns what the line's role never sees.
func (p *Plan) never(l *line) catalog.ClassSet {
	if role := p.set.tasks[l.task].role; role >= 0 {
		return p.set.roles[role].neverClasses
	}
	return allClasses // disclosures have no exceptions
}

func (p *Plan) slot(n uint8) {
	if p.slotOf[n] == 0 {
		p.ofs = append(p.ofs, p.set.slots[n])
		p.slotOf[n] = uint8(len(p.ofs))
	}
}

// applyRestrictions notes which restrictions can bite for this purpose and in
// whose hands the data ends.
func (p *Plan) applyRestrictions(r *Request, program int) {
	to := r.To
	for _, t := range p.count {
		to |= p.set.tasks[t].to
	}
	partner := -1
	if r.Partner != "" {
		if n, ok := p.set.partnerOf[r.Partner]; ok {
			partner = n
			to |= p.set.partners[n].kind
		}
	}
	if program >= 0 {
		to |= p.set.partners[program].kind
	}
	p.bites = p.set.bites[p.purpose]
	for word := p.bites & p.set.withTo; word != 0; word &= word - 1 {
		i := bits.TrailingZeros64(word)
		if res := &p.set.restrictions[i]; res.to&to == 0 && !p.bitesPartner(res, r.To, partner, program) {
			p.bites &^= 1 << i
		}
	}
	for word := p.bites & p.set.withDuty; word != 0 && p.set.duties&^r.Meets != 0; word &= word - 1 {
		if i := bits.TrailingZeros64(word); p.set.restrictions[i].obligations&^r.Meets != 0 {
			p.stuck |= 1 << i
		}
	}
	for word := p.bites & p.set.withSlots; word != 0; word &= word - 1 {
		for _, n := range p.set.restrictions[bits.TrailingZeros64(word)].slots {
			p.slot(n)
		}
	}
}

// bitesPartner: a restriction that names a partner bites where the data ends at
// that partner, and where a recipient of its kind is given but nobody says which.
func (p *Plan) bitesPartner(res *restriction, to Recipients, partner, program int) bool {
	for _, n := range res.toPartners {
		if n == partner || n == program || to&p.set.partners[n].kind != 0 {
			return true
		}
		for _, t := range p.count {
			if task := &p.set.tasks[t]; task.toKinds&p.set.partners[n].kind != 0 || slices.Contains(task.toPartners, n) {
				return true
			}
		}
	}
	return false
}
