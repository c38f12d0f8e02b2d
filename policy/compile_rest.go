package policy

import (
	"slices"

	"modicum/catalog"
	"modicum/policy/doc"
)

func (c *compiler) compilePartners() {
	for i := range c.folder.Partners {
		d := &c.folder.Partners[i]
		p := partner{name: d.Name.Text, kind: recipientKinds[d.Kind.Text], purposes: make([]bool, len(c.set.purposes)), doc: d}
		for _, w := range d.Purposes {
			if n := c.purposeAt(w); n >= 0 {
				p.purposes[n] = true
			}
		}
		p.classes, _ = c.classesAndOverlays(d.MaySee)
		never, neverO := c.classesAndOverlays(d.Never)
		p.classes = p.classes.Minus(never)
		p.lifts = c.overlays(d.Marked, c.cat.Overlays()&c.set.hiding) &^ neverO
		p.hides = neverO
		c.set.partnerOf[p.name] = len(c.set.partners)
		c.set.partners = append(c.set.partners, p)
	}
}

// recipients fills where a task's data ends: kinds, and partners by name, whose
// kind then counts too.
func (c *compiler) recipients(t *task, words doc.Words) {
	for _, w := range words {
		if kind, ok := recipientKinds[w.Text]; ok {
			t.to |= kind
			t.toKinds |= kind
			continue
		}
		n, ok := c.set.partnerOf[w.Text]
		if !ok {
			c.errorf(w.At, "unknown-recipient", "no kind of recipient and no partner is called %q", w.Text)
			continue
		}
		t.to |= c.set.partners[n].kind
		t.toPartners = append(t.toPartners, n)
	}
}

func (c *compiler) compileConflicts() {
	words := (len(c.set.roles) + 63) / 64
	for _, d := range c.folder.Organization.Conflicts {
		set := make([]uint64, words)
		for _, w := range d.Roles {
			n, ok := c.set.roleOf[w.Text]
			if !ok {
				c.errorf(w.At, "unknown-role", "no role is called %q", w.Text)
				continue
			}
			set[n>>6] |= 1 << (n & 63)
		}
		c.set.conflicts = append(c.set.conflicts, set)
	}
}

func (c *compiler) compilePrograms() {
	for i := range c.folder.Organization.Programs {
		d := &c.folder.Organization.Programs[i]
		r, ok := c.set.roleOf[d.Role.Text]
		if !ok {
			c.errorf(d.Role.At, "unknown-role", "no role is called %q", d.Role.Text)
			continue
		}
		t, ok := c.set.roles[r].byName[d.Task.Text]
		if !ok {
			c.errorf(d.Task.At, "unknown-task", "role %s has no task %q", d.Role.Text, d.Task.Text)
			continue
		}
		p := program{task: t, partner: -1, doc: d}
		if d.Partner.Text != "" {
			if p.partner, ok = c.set.partnerOf[d.Partner.Text]; !ok {
				c.errorf(d.Partner.At, "unknown-partner", "no partner is called %q", d.Partner.Text)
				continue
			}
		}
		c.set.programs[d.Name.Text] = p
	}
}

func (c *compiler) compileRestrictions() {
	c.set.bites = make([]uint64, len(c.set.purposes))
	for i := range c.folder.Restrictions {
		d := &c.folder.Restrictions[i]
		if i == maxRestrictions {
			c.errorf(d.At, "too-many-restrictions", "more than %d restrictions", maxRestrictions)
			return
		}
		c.compileRestriction(i, d)
	}
}

func (c *compiler) compileRestriction(i int, d *doc.Restriction) {
	r := restriction{name: d.Name.Text, obligations: obligationsOf(d.Obligations), anyTo: len(d.To) == 0, doc: d}
	if len(d.Hide) == 1 && d.Hide[0].Text == "everything" {
		r.mask = allMask
	} else {
		r.classes, r.overlays = c.classesAndOverlays(d.Hide)
		r.mask = maskOf(&r.classes)
	}
	if d.Of.Text != "" {
		r.of = c.conjsOf(d.At, c.expand(d.Of), true)
	}
	if len(d.While) > 0 {
		r.while = c.hold(d.At, d.While)
	}
	if len(d.Unless) > 0 {
		r.unless = c.conjsOf(d.At, c.hold(d.At, d.Unless), false)
	}
	var t task
	c.recipients(&t, withoutPartners(c, d.To))
	r.to = t.to
	for _, w := range d.To {
		if n, ok := c.set.partnerOf[w.Text]; ok {
			r.toPartners = append(r.toPartners, n)
		}
	}
	for _, list := range [][]conjOf{r.of, r.unless} {
		for _, k := range list {
			r.slots = append(r.slots, k.slots...)
		}
	}
	slices.Sort(r.slots)
	r.slots = slices.Compact(r.slots)
	c.bitesAt(i, d)
	c.set.duties |= r.obligations
	for _, has := range []struct {
		yes bool
		set *uint64
	}{{!r.anyTo, &c.set.withTo}, {r.obligations != 0, &c.set.withDuty}, {len(r.slots) > 0, &c.set.withSlots}} {
		if has.yes {
			*has.set |= 1 << i
		}
	}
	c.set.restrictions = append(c.set.restrictions, r)
}

// withoutPartners leaves the kinds: a restriction that names a partner bites for
// that partner, not for every other of its kind.
func withoutPartners(c *compiler, words doc.Words) doc.Words {
	return slices.DeleteFunc(slices.Clone(words), func(w doc.Word) bool {
		_, isPartner := c.set.partnerOf[w.Text]
		_, isKind := recipientKinds[w.Text]
		return isPartner && !isKind
	})
}

func (c *compiler) bitesAt(i int, d *doc.Restriction) {
	if len(d.Purposes) == 0 {
		for p := range c.set.bites {
			c.set.bites[p] |= 1 << i
		}
		return
	}
	for _, w := range d.Purposes {
		if p := c.purposeAt(w); p >= 0 {
			c.set.bites[p] |= 1 << i
		}
	}
}

// conjsOf notes which facts of each conjunction narrow it.
func (c *compiler) conjsOf(at doc.At, list []FactSet, restricting bool) []conjOf {
	var out []conjOf
	for _, facts := range list {
		k := conjOf{facts: facts}
		for f := range facts.All {
			if n, ok := c.slot(at, f, restricting); ok {
				k.slots = append(k.slots, n)
				k.names = append(k.names, f)
			} else {
				k.bare.Add(f)
			}
		}
		out = append(out, k)
	}
	return out
}

// recipientKinds numbers the kinds of recipient of policy-language 6, in its order.
var recipientKinds = func() map[string]Recipients {
	m := map[string]Recipients{}
	for i, name := range recipientNames {
		m[name] = 1 << i
	}
	return m
}()

var recipientNames = [...]string{
	"individual", "representative", "family", "provider", "health-plan", "business-associate", "public-health", "court",
	"attorney", "law-enforcement", "employer", "school", "researcher", "oversight", "agency", "hhs",
}

var obligationNames = map[string]Obligations{
	"record-session": RecordSession, "watermark": Watermark, "part2-notice": Part2Notice,
	"no-reidentification": NoReidentification, "redact-text": RedactText, "delete-after-use": DeleteAfterUse,
}

// All is every class: what a fact names that carries none.
var allClasses = catalog.ClassSet{^uint64(0), ^uint64(0)}
