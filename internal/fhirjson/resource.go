package fhirjson

import (
	"slices"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/policy"
)

// top writes the record itself and reports whether anything but structure shows, or
// a mark: mask keeps a record there (policy-language rule 18).
func (p *projector) top() bool {
	c := &p.tape[p.r.root]
	before := p.mark()
	p.lo, p.hi, p.comma = 0, 0, false
	p.copy(c.start, c.start+1)
	has, group, shown := p.root(p.r.root, c, true)
	p.marks = 0
	if !p.complete(p.r.root, c, has, group) || shown != visible && p.marks == 0 {
		p.undo(before)
		return false
	}
	p.close(c)
	return true
}

// root writes the members of a resource. In the record itself the tag that says
// "a part" follows the id, unless meta shows in its own place.
func (p *projector) root(i uint32, c *cell, top bool) (has uint64, group bool, shown result) {
	metaShows := top && p.metaShows(i, c)
	for j := i + 1; j < c.next; j = p.tape[j].next {
		m := &p.tape[j]
		if m.node == 0 {
			if m.flags&special != 0 || defect.On(defect.VendorKept) {
				p.whole(m) // resourceType
			} else {
				p.note(m, NotKnown)
			}
			continue
		}
		f := &p.info[m.node]
		var r result
		switch {
		case top && p.topFilter && !p.asked(f.node, m.node):
			// It makes the record be there, and does not show.
			before := p.mark()
			if p.member(i, c, j) == visible {
				shown = visible
			}
			p.undo(before)
			p.note(m, NotAsked)
			continue
		case f.is&structural != 0 && m.flags&(sibling|blank) == 0:
			p.whole(m)
			r = structure
			if p.t[m.class] == policy.Keep && f.class == catalog.OfRecord {
				r = visible
			}
			if top && !metaShows && f.name == "id" {
				p.constant(subsetMeta)
			}
		case p.plain(c, m, f):
			p.whole(m)
			r = visible
		default:
			r = p.member(i, c, j)
		}
		if r == nothing {
			continue
		}
		has |= f.bit
		group = group || f.group
		shown = max(shown, r)
		if p.masks && (p.t[m.class] == policy.Mask || f.node.ByValue) {
			p.kept = append(p.kept, m.node)
		}
	}
	return has, group, shown
}

// asked reports whether a child of the record was asked for (FC35). Of what is
// contained, that which something shown refers to comes along.
func (p *projector) asked(n *catalog.Node, id catalog.NodeID) bool {
	return !p.topFilter || n.Mandatory || n.Structure || n.Kind == catalog.Meta || n.Kind == catalog.Resource || slices.Contains(p.sh.Elements, id)
}

func (p *projector) metaShows(i uint32, c *cell) bool {
	if p.t[p.s.know.meta] != policy.Keep && !defect.On(defect.MetaKept) {
		return false
	}
	j := p.s.find(p.src, i, "meta")
	return j != 0 && p.tape[j].node != 0 && p.tape[j].flags&blank == 0
}

// meta writes the record's own metadata where system.metadata shows (FC09), with the
// tag that says "a part" exactly once. It makes nothing be there.
func (p *projector) meta(i uint32, c *cell, t policy.Treatment) result {
	if defect.On(defect.MetaKept) {
		p.whole(c)
		return structure
	}
	if t != policy.Keep {
		p.note(c, p.unless(c, t))
		return nothing
	}
	p.open(c)
	tagged := false
	for j := i + 1; j < c.next; j = p.tape[j].next {
		m := &p.tape[j]
		if m.node == 0 || m.shape != array || p.info[m.node].node.Name != "tag" || m.flags&sibling != 0 {
			p.member(i, c, j)
			continue
		}
		p.open(m)
		p.valued = p.valued || m.next > j+1
		for k := j + 1; k < m.next; k = p.tape[k].next {
			if string(p.s.text(p.src, k, "code")) != "SUBSETTED" {
				p.put(k)
			}
		}
		p.constant(subsetted)
		p.close(m)
		tagged = true
	}
	if !tagged {
		p.constant(subsettedTag)
	}
	p.close(c)
	return structure
}

// contained writes a contained resource by the rules of its own type (FC24).
func (p *projector) contained(i uint32, c *cell) result {
	if p.noInner || c.aux == 0 || c.aux > 64 || p.emits&(1<<(c.aux-1)) == 0 {
		p.note(c, Unreachable)
		return nothing
	}
	return p.inside(i, c)
}

func (p *projector) inside(i uint32, c *cell) result {
	k := &p.r.inner[c.aux-1]
	class, table := p.class, p.t
	p.judgeAs(k.class, k.whole)
	before := p.mark()
	p.open(c)
	has, group, shown := p.root(i, c, false)
	ok := shown == visible && p.complete(i, c, has, group)
	if ok {
		p.kept = p.kept[:before.kept]
		p.close(c)
	} else {
		p.undo(before)
		shown = nothing
	}
	p.class, p.t = class, table
	p.table[catalog.OfRecord] = p.view.Of(class)
	return shown
}

// settleInner decides which contained resources are written: those that have
// something to show by themselves, are of no other patient, and are named by
// something that shows (dom-3). It projects the record once without them to see.
func (p *projector) settleInner() {
	p.dry = true
	inner := p.r.inner
	for more := true; more; {
		more = false // one that survives may be all that another has to show
		for k := range inner[:min(len(inner), 64)] {
			if p.survives&(1<<k) == 0 && !inner[k].denied && !p.foreign(int32(k)) && p.tryInner(k) {
				p.survives |= 1 << k
				more = true
			}
		}
	}
	p.reached = 0
	if p.survives != 0 {
		p.noInner = true
		p.dst = p.scratch()
		p.top()
		p.s.spare = p.dst[:0]
		p.noInner = false
	}
	for done := uint64(0); p.reached&p.survives&^done != 0; {
		for k := range inner[:min(len(inner), 64)] {
			if bit := uint64(1) << k; p.reached&p.survives&^done&bit != 0 {
				done |= bit
				p.tryInner(k)
			}
		}
	}
	p.emits = p.survives & p.reached
	p.dry, p.lo, p.hi, p.comma = false, 0, 0, false
}

// scratch returns memory for what is thrown away.
func (p *projector) scratch() []byte { return p.s.spare[:0] }

// tryInner projects a contained resource to nowhere. What it names is reached.
func (p *projector) tryInner(k int) bool {
	p.dst, p.lo, p.hi, p.comma = p.scratch(), 0, 0, false
	i := p.r.inner[k].cell
	shown := p.inside(i, &p.tape[i])
	p.s.spare = p.dst[:0]
	return shown == visible
}

// foreign reports whether a contained resource names a patient out of scope.
func (p *projector) foreign(k int32) bool {
	if defect.On(defect.ContainedKept) {
		return false
	}
	for i := range p.r.References {
		r := &p.r.References[i]
		if r.in == k && r.patient && r.Type == p.s.know.patient && !p.inScope(r.ID) {
			return true
		}
	}
	return false
}
