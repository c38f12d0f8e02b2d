package twin

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"modicum/catalog"
	"modicum/internal/gate"
	"modicum/internal/reference"
	"modicum/policy"
)

// judge says what the caller may see of a record of a world, under any task of the
// session, as one text; "" is nothing. Two records are alike to the caller when
// their texts are equal. It is the definition of "hidden", and stands on the
// reference model alone.
type judge struct {
	model  *reference.Model
	cat    *catalog.Catalog
	person *person
	own    map[string]reference.Truth
	about  map[string]reference.About
	plans  map[catalog.Type][]*reference.Decision
	known  map[*reference.Tree]*reference.Record // what was read of the trees of entries
	there  map[string]bool                       // by what is around a record
	lent   reference.Classes                     // by exceptions, in all
}

func newJudge(set *policy.Set, p *person) *judge {
	j := &judge{
		model: reference.New(set.Folder(), set.Catalog()), cat: set.Catalog(), person: p,
		own: map[string]reference.Truth{}, about: map[string]reference.About{},
		plans: map[catalog.Type][]*reference.Decision{}, there: map[string]bool{}, known: map[*reference.Tree]*reference.Record{}, lent: reference.Classes{},
	}
	for _, f := range p.facts {
		j.learn(f)
	}
	for i := range p.loans {
		j.lend(set, &p.loans[i])
	}
	return j
}

// lend notes what is lent: every way in which a request could use it.
func (j *judge) lend(set *policy.Set, l *gate.Loan) {
	for _, patient := range l.Patients {
		a := j.of(patient)
		if a.Lent == nil {
			a.Lent, a.LentClasses = map[string]bool{}, reference.Classes{}
		}
		switch l.Kind {
		case gate.LentLine:
			a.Lent[lentLine] = true
		case gate.LentException:
			a.Lent[l.Task+"#exception"] = true
			for c := range l.Classes.All {
				a.LentClasses[c] = true
				j.lent[c] = true
			}
		case gate.LentGlass:
			a.Glass = true
		}
		j.about[patient] = a
	}
}

// lentAbout reports whether something of a patient is lent.
func (j *judge) lentAbout(patient string) bool {
	a := j.about[patient]
	return a.Lent != nil || a.Glass
}

// lentLine is the line of testdata/policy that is lent.
const lentLine = "clinician/treat#4"

// holds is a fact of which a feed says that it is true now.
var holds = reference.Truth{Holds: true, Last: true}

// learn notes a fact about the caller, or about the caller and a patient. Whoever is
// at a desk may find everybody.
func (j *judge) learn(f fact) {
	if f.Patient == "" {
		j.own[f.Fact] = holds
		return
	}
	id := strings.TrimPrefix(f.Patient, "Patient/")
	a := j.of(id)
	a.Facts[f.Fact] = holds
	in := reference.Instance{Fact: f.Fact, Permits: true, Object: f.Object}
	if f.Classes != nil {
		in.Classes = reference.Classes{}
		for _, name := range *f.Classes {
			covered, _ := j.cat.Class(name)
			in.Classes[covered] = true
		}
	}
	if f.Marked != nil {
		in.Marked = reference.Overlays{}
		for _, name := range *f.Marked {
			class, _ := j.cat.Class(name)
			o, _ := j.cat.OverlayOf(class)
			in.Marked[o] = true
		}
	}
	if f.Dates != nil {
		in.Dated = true
		in.From, in.Until = moment(f.Dates.From), moment(f.Dates.Until)
	}
	a.Instances = append(a.Instances, in)
	j.about[id] = a
}

func moment(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func (j *judge) of(patient string) reference.About {
	if a, ok := j.about[patient]; ok {
		return a
	}
	a := reference.About{Facts: map[string]reference.Truth{"found": holds}}
	j.about[patient] = a
	return a
}

// decisions are those of every task of the session, reading and searching.
func (j *judge) decisions(t catalog.Type) []*reference.Decision {
	if ds, ok := j.plans[t]; ok {
		return ds
	}
	shows := reference.Classes{}
	for c := range j.cat.ShowsOf(t).All {
		shows[c] = true
	}
	var out []*reference.Decision
	for _, task := range j.person.tasks {
		for _, verb := range []policy.Verb{policy.Read, policy.Search} {
			d := j.model.Admit(&reference.Request{
				Roles: j.person.roles, Task: task, Verb: verb, Shows: shows, Caller: j.own, Exception: len(j.lent) > 0, Lent: j.lent,
				Meets: []string{"record-session", "part2-notice", "no-reidentification"},
			})
			if d.Why == policy.Admitted && !slices.ContainsFunc(out, func(o *reference.Decision) bool { return slices.Equal(o.Lines(), d.Lines()) }) {
				out = append(out, d)
			}
		}
	}
	j.plans[t] = out
	return out
}

func (j *judge) world(w *world) *reference.World {
	if len(j.known) > 2000 { // most of them are of records as they are no more
		clear(j.known)
	}
	return &reference.World{
		Reader: reference.Reader{Catalog: j.cat, Zone: zone}, Now: noon, Known: j.known,
		Department: j.person.caller.Dept, Facility: j.person.caller.Facility, Practitioners: j.person.caller.Practitioners,
		About: j.of, Scopes: j.person.scopes, Launch: j.person.caller.Patient,
		Holds: func(ref string) *reference.Tree {
			if e := w.find(ref); e != nil {
				return e.model()
			}
			return nil
		},
		Proven: func(to reference.Ref) bool { return j.cat.ByProof(to.Type) },
	}
}

// zone is that of the organization of testdata/policy.
var zone = func() *time.Location {
	l, err := time.LoadLocation("America/Chicago")
	if err != nil {
		panic(err)
	}
	return l
}()

// model is the record as the reference model reads it.
func (e *entry) model() *reference.Tree {
	if e.tree == nil {
		t, err := reference.Parse([]byte(e.text))
		if err != nil {
			panic(err)
		}
		e.tree = t
	}
	return e.tree
}

func (j *judge) shown(w *world, e *entry) string {
	if t, _ := j.cat.Type(e.typ); j.cat.ByProof(t) {
		return e.text // whoever refers to a drug proves it: none of it is taken for hidden
	}
	if e.typ == "Binary" {
		return j.content(w, e)
	}
	rw := j.world(w)
	var b strings.Builder
	for _, d := range j.decisionsOf(e) {
		r := rw.Judge(d, e.model())
		if !r.There {
			continue
		}
		if j.person.caller.Patient != "" { // a token for one patient shows what is of nobody else
			fmt.Fprintln(&b, slices.Equal(r.Patients, []string{j.person.caller.Patient}))
		}
		// Who was found by then, or is lent and named by the request, decides about a record of
		// several; and a limit of patients counts them all (docs/divergences.md).
		if len(d.Looks()) > 0 || d.Limits().Patients != (policy.Rates{}) || slices.ContainsFunc(r.Patients, j.lentAbout) {
			fmt.Fprintln(&b, r.Patients)
		}
		j.write(&b, rw, r, w, r.Verdict.View)
		for _, look := range d.Looks() { // matching is reading (rule 13)
			by := map[catalog.Class]policy.Treatment{}
			for _, name := range look.By {
				c, _ := j.cat.Class(name)
				by[c] = policy.Keep
			}
			j.write(&b, rw, r, w, by)
		}
	}
	return b.String()
}

func (j *judge) decisionsOf(e *entry) []*reference.Decision {
	t, ok := j.cat.Type(e.typ)
	if !ok {
		return nil
	}
	return j.decisions(t)
}

// write appends what a view shows of a record, where every record that may be shown
// at all counts as the proven target of a reference, and under which obligations: they are
// named to whoever sees it (42 CFR 2.32). A pseudonym is taken for its
// value, and an area of a postal code for its digits: who has the one can tell two
// of the other apart.
func (j *judge) write(b *strings.Builder, rw *reference.World, r *reference.Judgement, w *world, view map[catalog.Class]policy.Treatment) {
	sh := rw.Shape(r, func(to reference.Ref) bool { return j.reaches(rw, w, to) })
	sh.View = view
	sh.Token = func(_ catalog.Class, value string) string { return hex.EncodeToString([]byte(value)) }
	sh.Populous = func(string) bool { return true }
	if t := r.Project(sh); t != nil && (rw.Leaves(r, t, 's') || rw.Leaves(r, t, 'r')) {
		b.WriteString(t.String())
		fmt.Fprintln(b, slices.Sorted(maps.Keys(r.Verdict.Obligations))) // the notice of what shows is shown, too
	}
}

// reaches reports whether a record may be shown under any task: it is there, and
// something of it shows. A reference of its own shows if its target is there.
func (j *judge) reaches(rw *reference.World, w *world, to reference.Ref) bool {
	e := w.find(j.cat.TypeName(to.Type) + "/" + to.ID)
	if e == nil {
		return false
	}
	if e.typ == "Binary" {
		return true // a document that names it shows it
	}
	key := string(w.around(nil, e, 3))
	shows, known := j.there[key]
	if !known {
		for _, d := range j.decisionsOf(e) {
			r := rw.Judge(d, e.model())
			shows = shows || rw.Project(r, func(other reference.Ref) bool { return j.is(rw, w, other) }) != nil
		}
		j.there[key] = shows
	}
	return shows
}

// around stands for a record's text with those of what it refers to, so many records far:
// overlays follow references, so that all of it decides whether the record is there.
func (w *world) around(key []byte, e *entry, hops int) []byte {
	key = binary.BigEndian.AppendUint64(key, e.sum)
	if hops == 0 {
		return key
	}
	for _, ref := range e.names {
		if strings.HasPrefix(ref, "Patient/") && e.typ != "Patient" {
			continue
		}
		if to := w.find(ref); to != nil && to != e {
			key = w.around(key, to, hops-1)
		}
	}
	return key
}

// is reports whether a record is there under any task.
func (j *judge) is(rw *reference.World, w *world, to reference.Ref) bool {
	e := w.find(j.cat.TypeName(to.Type) + "/" + to.ID)
	return e != nil && slices.ContainsFunc(j.decisionsOf(e), func(d *reference.Decision) bool { return rw.Judge(d, e.model()).There })
}
