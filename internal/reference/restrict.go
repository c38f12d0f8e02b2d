package reference

import (
	"slices"

	"modicum/catalog"
	"modicum/policy"
	"modicum/policy/doc"
)

// restrict judges a class that a line covers by every restriction (section 4). lets
// are the obligations of those that let go of it.
func (j *judging) restrict(l *line, c catalog.Class) (hidden bool, lets []string) {
	for i := range j.model.folder.Restrictions {
		r := &j.model.folder.Restrictions[i]
		if !j.here(r) || !j.extends(r, c) {
			continue
		}
		switch hides, letsGo := j.bites(r, l, c); {
		case hides:
			j.verdict.Restrictions[r.Name.Text] = true
			hidden = true
		case letsGo:
			lets = append(lets, texts(r.Obligations)...)
		}
	}
	return hidden, lets
}

// here reports whether a restriction bites for this purpose, and in these hands.
func (d *Decision) here(r *doc.Restriction) bool {
	if len(r.Purposes) > 0 && !slices.ContainsFunc(r.Purposes, func(w doc.Word) bool { return d.model.purposeName(w.Text) == d.Purpose }) {
		return false
	}
	return len(r.To) == 0 || slices.ContainsFunc(r.To, func(w doc.Word) bool { return d.endsAt(w.Text) })
}

// endsAt reports whether data of this request ends in the hands of a recipient: a
// kind, or a partner by name. Where only a kind is known, it may be each partner of
// that kind.
func (d *Decision) endsAt(recipient string) bool {
	kind := recipient
	p, partner := d.model.partner(recipient)
	if partner {
		kind = p.Kind.Text
	}
	for _, to := range d.recipients() {
		q, named := d.model.partner(to)
		switch {
		case to == recipient, partner && to == kind:
			return true
		case !partner && named && q.Kind.Text == kind:
			return true // a partner's kind counts
		}
	}
	return false
}

// recipients are all in whose hands it may end: what the request says, what the
// tasks that may count say, and the caller's own affiliation.
func (d *Decision) recipients() []string {
	out := append(slices.Clone(d.request.To), d.request.Partner)
	if d.program != nil {
		out = append(out, d.program.Partner.Text)
	}
	for _, k := range d.counts {
		out = append(out, k.to...)
	}
	return out
}

// extends: a class hides those elements, an overlay those records.
func (j *judging) extends(r *doc.Restriction, c catalog.Class) bool {
	if contains(r.Hide, "everything") || j.model.anyCovers(r.Hide, c) {
		return true
	}
	for o := range j.atoms.Overlays {
		if j.atoms.Overlays[o] && j.request.Verb != policy.Create && j.model.namesOverlay(r.Hide, o) {
			return true
		}
	}
	return false
}

// bites judges a restriction for all patients of the record: it hides if it bites
// for any of them (design 5).
func (j *judging) bites(r *doc.Restriction, l *line, c catalog.Class) (hides, lets bool) {
	for i := range j.patients {
		h, g := j.bitesPatient(r, l, c, &j.patients[i])
		hides, lets = hides || h, lets || g
	}
	return hides, lets && !hides
}

// bitesPatient: it bites while it holds or is unknown; one that bites only because it
// is unknown yields to a broken glass (rule 4); it lets go while `unless` holds for
// sure, and only of what its facts name.
func (j *judging) bitesPatient(r *doc.Restriction, l *line, c catalog.Class, p *Patient) (hides, lets bool) {
	broken := p.Glass && l.task.glass
	restricts := func(fact string, _ bool) answer { return j.restricts(fact, p) }
	names := func(fact string, carries bool) answer {
		t := j.restricts(fact, p)
		switch {
		case t == yes && (!carries || p.namesClass(Use{fact, true}, c)):
			return yes
		case j.truth(fact, p).Unknown:
			return maybe // it may name anything
		}
		return no
	}
	bites := j.model.hold(r.While, restricts)
	if r.Of.Text != "" {
		bites = min(bites, j.model.named(r.Of.Text, names))
	}
	if bites == no || bites == maybe && broken {
		return false, false
	}
	lets = j.letsGo(r, c, p, broken)
	return !lets, lets
}

// letsGo: an `unless` whose obligation the door cannot meet does not let go
// (section 2, obligations).
func (j *judging) letsGo(r *doc.Restriction, c catalog.Class, p *Patient, broken bool) bool {
	if len(r.Unless) == 0 || !all(texts(r.Obligations), j.request.Meets) {
		return false
	}
	permits := func(fact string, carries bool) answer {
		holds := j.truth(fact, p).Holds
		if fact == glass {
			holds = broken
		}
		return answerOf(holds && (!carries || p.namesClass(Use{fact, false}, c)))
	}
	return j.model.hold(r.Unless, permits) == yes
}

// truth is what is known of a fact, about the caller or this patient.
func (j *judging) truth(fact string, p *Patient) Truth {
	if j.model.aboutCaller(fact) {
		return j.request.Caller[fact]
	}
	return p.Facts[fact]
}

// restricts is a fact in a restriction's `while` (rule 4): it keeps its last value,
// and is unknown where its source was never read whole.
func (j *judging) restricts(fact string, p *Patient) answer {
	t := j.truth(fact, p)
	switch {
	case fact == glass:
		return answerOf(p.Glass)
	case t.Holds || t.Last:
		return yes
	case t.Unknown:
		return maybe
	}
	return no
}
