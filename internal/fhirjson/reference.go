package fhirjson

import (
	"modicum/internal/defect"
	"modicum/policy"
)

func (p *projector) inScope(id []byte) bool {
	return p.sh.PatientInScope != nil && p.sh.PatientInScope(id)
}

// shows reports whether the caller may know what a reference names (FC23): the
// patient in scope, what is of no patient, a contained resource that shows, and
// whatever else is proven visible.
func (p *projector) shows(r *Reference) bool {
	switch cat := p.s.cat; {
	case r.inside >= 0:
		return r.inside < 64 && p.survives&(1<<r.inside) != 0
	case r.Type == 0:
		return false
	case r.Type == p.s.know.patient && p.inScope(r.ID):
		return true
	case cat.PatientFree(r.Type) || cat.ByProof(r.Type):
		return true
	}
	return p.sh.Visible != nil && p.sh.Visible(r.Type, r.ID)
}

// mayShow reports whether a reference shows though its class does not, as that to the
// record's own patient in scope does, and whether the caller may know what it names.
func (p *projector) mayShow(r *Reference, kept bool) (granted, shows bool) {
	granted = !kept && r.Type == p.s.know.patient && p.info[r.Node].subject && p.inScope(r.ID)
	if kept || granted {
		shows = p.shows(r) || defect.On(defect.TargetsKept) && r.inside < 0
	}
	return granted, shows
}

// reference writes a Reference: its class must be kept and its target may be known.
// The record's own patient in scope comes with the record whatever its class.
// Display and identifier never show (FC22); the catalog gives them no class.
func (p *projector) reference(i uint32, c *cell, t policy.Treatment) result {
	r := &p.r.References[c.aux-1]
	kept := t == policy.Keep
	granted, shows := p.mayShow(r, kept)
	if p.notes != nil {
		p.notes.asked = append(p.notes.asked, asked{c.aux - 1, kept, granted, shows})
	}
	if !kept && !granted {
		p.note(c, p.unless(c, t))
		return nothing
	}
	if !shows {
		p.note(c, NotVisible)
	}
	before := p.mark()
	p.open(c)
	shown := nothing
	for j := i + 1; j < c.next; j = p.tape[j].next {
		shown = max(shown, p.refMember(c, i, j, r, shows, kept))
	}
	if shown == nothing || shown == structure && kept {
		p.undo(before)
		return nothing
	}
	p.close(c)
	return shown
}

func (p *projector) refMember(c *cell, i, j uint32, r *Reference, shows, kept bool) result {
	m := &p.tape[j]
	if m.node == 0 {
		p.note(m, NotKnown)
		return nothing
	}
	switch name := p.info[m.node].name; {
	case name == "display" && defect.On(defect.DisplayKept):
		p.whole(m)
		return visible
	case name != "reference" && name != "type":
		if !kept {
			return nothing
		}
		return p.member(i, c, j)
	case !shows || m.shape != text || m.flags&(blank|sibling) != 0:
		return nothing
	case name == "type":
		p.whole(m)
		return structure
	}
	if r.inside >= 0 {
		p.reached |= 1 << r.inside
	}
	if r.reshaped {
		p.valued = true
		p.separate(m.from())
		p.copy(m.from(), m.start+1) // "reference":"
		p.flush()
		p.dst = append(p.dst, p.s.cat.TypeName(r.Type)...)
		p.dst = append(p.dst, '/')
		p.dst = append(p.dst, r.ID...)
		p.dst = append(p.dst, '"')
		p.comma = true
	} else {
		p.whole(m)
	}
	if kept {
		return visible
	}
	return structure
}

// codeGroup writes a coding coarser: of ICD-10-CM the category, its first three
// characters. No other system has groups that its codes tell.
func (p *projector) codeGroup(i uint32, c *cell) result {
	p.valued = true
	system := p.s.text(p.src, i, "system")
	code := p.s.text(p.src, i, "code")
	if string(system) != icd10cm || !isCategory(code) {
		p.note(c, DoesNotFit)
		return nothing
	}
	p.note(c, Reduced)
	from := c.from()
	p.separate(from)
	p.copy(from, c.start)
	p.flush()
	p.dst = append(p.dst, `{"system":"`+icd10cm+`","code":"`...)
	p.dst = append(p.dst, code[:3]...)
	p.dst = append(p.dst, `"}`...)
	p.comma = true
	return visible
}

const icd10cm = "http://hl7.org/fhir/sid/icd-10-cm"

// isCategory reports whether a code begins as codes of ICD-10-CM do: a letter, a
// digit, a digit or letter.
func isCategory(code []byte) bool {
	return len(code) >= 3 && code[0]-'A' < 26 && code[1]-'0' < 10 && (code[2]-'0' < 10 || code[2]-'A' < 26)
}
