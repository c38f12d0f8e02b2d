package reference_test

import (
	"maps"
	"math/rand/v2"
	"slices"

	"modicum/catalog"
	"modicum/internal/reference"
	"modicum/policy"
	"modicum/policy/doc"
)

// hospital is one policy in both readings, with the words that situations are made of.
type hospital struct {
	set      *policy.Set
	model    *reference.Model
	folder   *doc.Folder
	roles    []string
	tasks    []string // bare and qualified
	purposes []string // names and codes
	caller   []string // facts
	patient  []string
	programs []string
	classes  []catalog.Class // that the policy is about
	overlays []catalog.Overlay
}

func newHospital(set *policy.Set, folder *doc.Folder) *hospital {
	h := &hospital{set: set, folder: folder, model: reference.New(folder, set.Catalog())}
	for i := range folder.Roles {
		r := &folder.Roles[i]
		h.roles = append(h.roles, r.Name.Text)
		for _, t := range r.Tasks {
			h.tasks = append(h.tasks, t.Name.Text, r.Name.Text+"/"+t.Name.Text)
		}
	}
	for _, p := range folder.Organization.Purposes {
		h.purposes = append(h.purposes, p.Name.Text, p.Codes[0].Text)
	}
	for _, f := range set.Facts() {
		switch {
		case f.Name == "broken-glass": // nobody states it
		case f.About == policy.AboutCaller:
			h.caller = append(h.caller, f.Name)
		default:
			h.patient = append(h.patient, f.Name)
		}
	}
	for _, p := range folder.Organization.Programs {
		h.programs = append(h.programs, p.Name.Text)
	}
	for c := range set.Catalog().Content().All {
		h.classes = append(h.classes, c)
	}
	for o := range catalog.Overlay(16) {
		if set.Catalog().Overlays().Has(o) || o >= catalog.Restricted {
			h.overlays = append(h.overlays, o)
		}
	}
	return h
}

// drawer draws situations.
type drawer struct {
	*rand.Rand
	*hospital
}

func (d *drawer) chance(percent int) bool { return d.IntN(100) < percent }

// setOf draws a set of classes, each with a chance of one in n.
func (d *drawer) setOf(n int) reference.Classes {
	out := reference.Classes{}
	for _, c := range d.classes {
		if d.IntN(n) == 0 {
			out[c] = true
		}
	}
	return out
}

func (d *drawer) someClasses(most int) reference.Classes {
	out := reference.Classes{}
	for range d.IntN(most + 1) {
		out[one(d.Rand, d.classes)] = true
	}
	return out
}

func (d *drawer) everything() reference.Classes {
	out := reference.Classes{}
	for _, c := range d.classes {
		out[c] = true
	}
	return out
}

// truths favours what holds, so that most situations show something.
func (d *drawer) truths(names []string) map[string]reference.Truth {
	out := map[string]reference.Truth{}
	for _, n := range names {
		permits := 13
		if slices.Contains([]string{"is-patient", "agreed", "relative-of", "agreed-restriction", "access-denial"}, n) {
			permits = 5 // own charts and refusals hide everything; mostly they are not there
		}
		switch k := d.IntN(20); {
		case k < permits:
			out[n] = reference.Truth{Holds: true, Last: true}
		case k == 17:
			out[n] = reference.Truth{Last: true}
		case k >= 17 && slices.Contains(d.caller, n) && k < 19, k == 18:
			out[n] = reference.Truth{Unknown: true}
		case k == 19 && d.chance(30):
			out[n] = reference.Truth{Last: true, Unknown: true}
		}
	}
	return out
}

// request draws what is asked for.
func (d *drawer) request() *reference.Request {
	r := &reference.Request{Verb: d.verb(), Shows: d.everything(), Caller: d.truths(d.caller), Meets: obligations}
	switch k := d.IntN(100); {
	case k < 14 && len(d.programs) > 0:
		r.Program = one(d.Rand, d.programs)
		if d.chance(5) {
			r.Program = "nobody"
		}
		if d.chance(8) {
			r.Task = one(d.Rand, d.tasks)
		}
		if d.chance(60) {
			r.Verb = policy.Read
		}
	case k < 20 && len(d.folder.Disclosures) > 0:
		r.Disclosure = one(d.Rand, d.folder.Disclosures).Name.Text
	case k == 20:
		r.Disclosure = "nothing"
	default:
		d.who(r)
	}
	d.what(r)
	return r
}

func (d *drawer) verb() policy.Verb {
	if d.chance(1) {
		return one(d.Rand, []policy.Verb{0, policy.Read | policy.Search, 1 << 5})
	}
	return one(d.Rand, []policy.Verb{policy.Read, policy.Read, policy.Read, policy.Search, policy.Create, policy.Update, policy.Export})
}

// who draws roles, and a task or purpose: mostly of those roles.
func (d *drawer) who(r *reference.Request) {
	role := one(d.Rand, d.folder.Roles)
	r.Roles = []string{role.Name.Text}
	for range one(d.Rand, []int{0, 0, 0, 1, 1, 2}) {
		r.Roles = append(r.Roles, one(d.Rand, d.roles))
	}
	if d.chance(3) {
		r.Roles = append(r.Roles, "stranger")
	}
	everyRole := d.chance(6)
	if everyRole {
		r.Roles = slices.Clone(d.roles)
	}
	d.Shuffle(len(r.Roles), func(i, j int) { r.Roles[i], r.Roles[j] = r.Roles[j], r.Roles[i] })
	task := one(d.Rand, role.Tasks)
	if verb, ok := policy.ParseVerb(one(d.Rand, task.First.Do).Text); ok && d.chance(70) {
		r.Verb = verb
	}
	switch k := d.IntN(20); {
	case everyRole:
		r.Purpose = task.Purpose.Text
	case k < 8:
		r.Task = task.Name.Text
	case k < 12:
		r.Task = role.Name.Text + "/" + task.Name.Text
	case k < 16:
		r.Purpose = task.Purpose.Text
	case k == 16:
		r.Task = one(d.Rand, append(slices.Clone(d.tasks), "nothing"))
	case k == 17:
		r.Purpose = one(d.Rand, append(slices.Clone(d.purposes), "curiosity"))
	case k == 18:
		r.Task, r.Purpose = one(d.Rand, d.tasks), one(d.Rand, d.purposes)
	}
	if task.BreakGlass != nil && d.chance(20) || d.chance(3) {
		r.Purpose = one(d.Rand, []string{"ETREAT", "BTG"})
	}
}

func (d *drawer) what(r *reference.Request) {
	switch d.IntN(10) {
	case 0:
		r.Shows = d.someClasses(2)
	case 1, 2:
		r.Shows = d.setOf(3)
	}
	if d.chance(15) {
		r.Reads = d.someClasses(2)
	}
	if d.chance(15) {
		r.Sorts = d.someClasses(1)
	}
	if d.chance(30) {
		r.Meets = nil
		for _, o := range obligations {
			if d.chance(60) {
				r.Meets = append(r.Meets, o)
			}
		}
	}
	if d.chance(35) {
		r.To = []string{one(d.Rand, kinds)}
	}
	if d.chance(40) {
		r.Exception, r.Lent = true, d.setOf(4)
	}
	if d.chance(18) && r.Program == "" && len(d.folder.Partners) > 0 || d.chance(2) {
		r.Partner = one(d.Rand, d.folder.Partners).Name.Text
	}
	if d.chance(1) {
		r.Partner = "stranger"
	}
}

// plan is what of an admitted request the records need to know.
type plan struct {
	lines []string
	uses  []reference.Use
	verb  policy.Verb
	// caller are the facts about the caller, which name something too.
	caller map[string]reference.Truth
}

// atoms draws a record.
func (d *drawer) atoms(p *plan) *reference.Atoms {
	a := &reference.Atoms{Overlays: reference.Overlays{}, Lasting: d.chance(30), Within: map[string]bool{}, Names: d.names(p, p.caller)}
	if d.chance(55) {
		for range 1 + d.IntN(2) {
			a.Overlays[one(d.Rand, d.overlays)] = true
		}
	}
	for _, l := range p.lines {
		a.Within[l] = d.chance(75)
	}
	for range one(d.Rand, []int{0, 1, 1, 1, 1, 1, 2, 2, 3}) {
		a.Patients = append(a.Patients, d.onePatient(p))
	}
	a.NewPatient = p.verb == policy.Create && d.chance(50)
	a.Finding = p.verb == policy.Search && d.chance(25)
	return a
}

func (d *drawer) onePatient(p *plan) reference.Patient {
	facts := d.truths(d.patient)
	pa := reference.Patient{
		Facts: facts, Names: d.names(p, p.caller, facts), Lent: map[string]bool{}, Glass: d.chance(25),
		Asked: reference.Classes{}, LentClasses: reference.Classes{}, LentOverlays: reference.Overlays{},
	}
	if d.chance(40) {
		pa.Asked = d.setOf(2)
	}
	for _, l := range p.lines {
		pa.Lent[l] = d.chance(60)
	}
	if d.chance(60) {
		pa.LentClasses = d.setOf(3)
	}
	if d.chance(60) {
		for _, o := range d.overlays {
			pa.LentOverlays[o] = d.chance(90)
		}
	}
	return pa
}

// names draws what facts name: nothing where there is no instance, and the last known
// instances are all that permit and more.
func (d *drawer) names(p *plan, truths ...map[string]reference.Truth) map[reference.Use]reference.Classes {
	out := map[reference.Use]reference.Classes{}
	for _, u := range p.uses {
		var t reference.Truth
		for _, known := range truths {
			if k, ok := known[u.Fact]; ok {
				t = k
			}
		}
		permits, last := reference.Use{Fact: u.Fact}, reference.Use{Fact: u.Fact, Restricting: true}
		if t.Holds && out[permits] == nil {
			out[permits] = d.named()
		}
		if t.Holds || t.Last {
			out[last] = d.named()
			maps.Copy(out[last], out[permits])
		}
	}
	return out
}

func (d *drawer) named() reference.Classes {
	switch d.IntN(4) {
	case 0:
		return reference.Classes{}
	case 1:
		return d.setOf(2)
	}
	return d.everything()
}

// The same in the engine's terms.

func classSet(c reference.Classes) (out catalog.ClassSet) {
	for class, in := range c {
		if in {
			out = out.With(class)
		}
	}
	return out
}

func overlaySet(o reference.Overlays) (out catalog.OverlaySet) {
	for overlay, in := range o {
		if in {
			out = out.With(overlay)
		}
	}
	return out
}

func (h *hospital) truth(facts map[string]reference.Truth) (out policy.Truth) {
	for name, t := range facts {
		id, ok := h.set.Fact(name)
		if !ok {
			panic("no fact " + name)
		}
		for _, is := range []struct {
			yes bool
			set *policy.FactSet
		}{{t.Holds, &out.Holds}, {t.Last, &out.Bites}, {t.Unknown, &out.Unknown}} {
			if is.yes {
				is.set.Add(id)
			}
		}
	}
	return out
}

func (h *hospital) engineRequest(r *reference.Request) *policy.Request {
	meets, ok := policy.ParseObligations(r.Meets)
	to, known := h.set.Recipients(r.To...)
	if !ok || !known {
		panic("unknown words in a drawn request")
	}
	return &policy.Request{
		Roles: r.Roles, Task: r.Task, Purpose: r.Purpose, Program: r.Program, Partner: r.Partner, Disclosure: r.Disclosure,
		Verb: r.Verb, Shows: classSet(r.Shows), Reads: classSet(r.Reads), Sorts: classSet(r.Sorts), Caller: h.truth(r.Caller),
		Meets: meets, To: to, Exception: r.Exception, Lent: classSet(r.Lent),
	}
}

func (h *hospital) planOf(p *policy.Plan) *plan {
	out := &plan{verb: p.Verb()}
	for i := range p.Lines() {
		out.lines = append(out.lines, p.LineID(i))
	}
	for _, of := range p.Ofs() {
		out.uses = append(out.uses, reference.Use{Fact: h.set.FactName(of.Fact), Restricting: of.Restricting})
	}
	return out
}

// bits returns a bit for each line of which is says yes.
func (p *plan) bits(is map[string]bool) (out uint64) {
	for i, l := range p.lines {
		if is[l] {
			out |= 1 << i
		}
	}
	return out
}

func (p *plan) of(names map[reference.Use]reference.Classes) []catalog.ClassSet {
	var out []catalog.ClassSet
	for _, u := range p.uses {
		out = append(out, classSet(names[u]))
	}
	return out
}

func (h *hospital) engineAtoms(a *reference.Atoms, p *plan) *policy.Atoms {
	out := &policy.Atoms{
		Overlays: overlaySet(a.Overlays), Lasting: a.Lasting, Within: p.bits(a.Within), Of: p.of(a.Names),
		NewPatient: a.NewPatient, Finding: a.Finding,
	}
	for i := range a.Patients {
		pa := &a.Patients[i]
		out.Patients = append(out.Patients, policy.PatientAtoms{
			Truth: h.truth(pa.Facts), Of: p.of(pa.Names), Asked: classSet(pa.Asked), Lent: p.bits(pa.Lent),
			LentClasses: classSet(pa.LentClasses), LentOverlays: overlaySet(pa.LentOverlays), Glass: pa.Glass,
		})
	}
	return out
}
