package console

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"modicum/internal/gate"
	"modicum/internal/oversight"
	"modicum/ledger"
)

//go:embed page_entry.html
var entryText string

var entryView = View("entry", entryText)

type entryShown struct {
	deed
	Decision *ledger.Decision
	Act      *ledger.Act
	Facts    []saying
	Why      []string // why it was refused
	Lines    []string // by which lines and restrictions it was decided
	Known    []saying // what was true about the caller
	Opened   []openedShown
	Withheld []withheldShown
	Steps    []stepShown
	Again    *again
	Patients []string // keyed references
	Bodies   []string
	Index    int64
	Record   *oversight.Recorded
	Key      string
	Grants   []string
	Hashes   []saying
}

// saying is one thing that an entry says.
type saying struct{ Name, Text, Href string }

// openedShown is what was shown of some records that were shown alike.
type openedShown struct {
	What  string // 12 × Observation
	Shows []treated
	Whole string // left whole since its door only observes: what enforcing would have taken
}

type withheldShown struct{ What, Why, Marked string }

// again is the decision derived anew, now.
type again struct {
	*oversight.Derived
	Rows []againRow
}

type againRow struct{ What, Lines, Bites string }

// entryPage is one decision or act with everything that is recorded of it, and why.
func (r *Record) entryPage() Page {
	return Page{Path: "/record/{id}", May: mayRead, Get: func(v *Visit) error {
		x, err := r.Entry(v.Context(), reader(v), v.R.PathValue("id"))
		if err != nil {
			return r.unrecorded(v, err)
		}
		shown, err := r.entry(v, x)
		if err != nil {
			return err
		}
		return v.Show(entryView, shown)
	}}
}

// proofPage gives the file that proves an entry to whoever has the verification key.
func (r *Record) proofPage() Page {
	return Page{Path: "/record/{id}/proof", May: mayRead, Get: func(v *Visit) error {
		id := v.R.PathValue("id")
		proof, err := r.Prove(v.Context(), reader(v), id)
		if err != nil {
			return r.unrecorded(v, err)
		}
		h := v.W.Header()
		h.Set("Content-Type", "text/plain; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="`+id+`.tlog-proof"`)
		v.W.Write(proof)
		return nil
	}}
}

func (r *Record) entry(v *Visit, x *oversight.Recorded) (*entryShown, error) {
	out := &entryShown{deed: r.deed(v, x), Record: x, Key: r.Key, Index: x.Index[0]}
	out.Decision, out.Act = out.decision, out.act
	for _, b := range x.Bodies {
		out.Bodies = append(out.Bodies, string(b))
	}
	out.Patients = slices.Sorted(maps.Keys(x.Patients()))
	if out.act != nil {
		r.tellAct(out)
		return out, nil
	}
	if out.decision == nil {
		return out, nil
	}
	r.tellDecision(out)
	r.tellRecords(out, x.Entries)
	out.Steps = r.steps(v, x.Entries)
	var err error
	out.Again, err = r.derive(v, x)
	return out, err
}

func (e *entryShown) say(name string, values ...string) {
	values = slices.DeleteFunc(slices.Clone(values), func(s string) bool { return s == "" })
	if len(values) > 0 {
		e.Facts = append(e.Facts, saying{Name: name, Text: strings.Join(values, ", ")})
	}
}

func (r *Record) tellAct(e *entryShown) {
	a := e.act
	e.say("Who", named(r.name(a.Who), a.Who))
	if a.Behalf != "" {
		e.say("About", named(r.name(a.Behalf), a.Behalf))
	}
	e.say("Act", words(a.Act))
	what := a.What
	if kind, _, _ := strings.Cut(a.Act, "-"); len(what) > 0 && oversight.IsID(what[0]) && subjects[kind] != "" {
		e.Facts = append(e.Facts, saying{"Which", what[0], subjects[kind] + what[0]})
		what = what[1:]
	}
	e.say("What", what...)
	if text, spelt := gate.Prose(a.Reason); spelt {
		e.say("Because", text)
	} else {
		e.say("Because", a.Reason)
	}
	for _, name := range slices.Sorted(maps.Keys(a.Hashes)) {
		e.Hashes = append(e.Hashes, saying{Name: upperFirst(words(name)), Text: a.Hashes[name]})
	}
}

// subjects are the pages of what acts are about, by how the acts are called.
var subjects = map[string]string{"grant": "/grants/", "glass": "/grants/", "value": "/grants/", "access": "/requests/"}

// named is a name with the id, where they differ.
func named(name, id string) string {
	if name == id {
		return id
	}
	return name + " (" + id + ")"
}

func (r *Record) tellDecision(e *entryShown) {
	d := e.decision
	e.say("Who", named(e.Who, d.Who), e.Title)
	e.say("For whom", d.Behalf)
	e.say("Task", r.taskTitles(d))
	e.say("Purpose", purposeOf(d), words(d.Flow))
	if len(d.Asked) > 0 {
		e.say("Asked for", d.Asked[0])
		e.say("By", d.Asked[1:]...)
	}
	e.say("Door", doorTitle(d.Door), words(d.Interaction))
	e.say("Reach", d.Scope)
	e.say("Application", d.Client)
	e.say("Scopes of its token", d.Scopes...)
	e.say("From", d.Network)
	e.say("Had to be met", words(strings.Join(d.Obligations, ", ")))
	e.say("Not held to the minimum, by", d.Exemption)
	e.say("Watched", r.classTitles(d.Alerts)...)
	if !d.TimeTrusted {
		e.say("Clock", "it was not certain")
	}
	if d.Mode == ledger.Observe {
		e.say("Mode", "only observed: nothing was withheld")
	}
	if d.PartOf != "" {
		e.Facts = append(e.Facts, saying{"Part of", d.PartOf, "/record/" + d.PartOf})
	}
	e.Grants = strings.Fields(d.Grant)
	for _, g := range e.Grants {
		e.Facts = append(e.Facts, saying{"What was lent", g, "/grants/" + g})
	}
	for _, f := range []struct {
		name  string
		facts []string
	}{{"Held", d.Facts.Holds}, {"Restricted all the same", but(d.Facts.Bites, d.Facts.Holds)}, {"Not known", d.Facts.Unknown}} {
		if len(f.facts) > 0 {
			e.Known = append(e.Known, saying{Name: f.name, Text: words(strings.Join(f.facts, ", "))})
		}
	}
	for _, code := range d.Reasons {
		if text, spelt := gate.Prose(code); spelt {
			e.Why = append(e.Why, upperFirst(text))
		} else {
			e.Lines = append(e.Lines, code)
		}
	}
	e.Hashes = append(e.Hashes, saying{Name: "Policy", Text: d.Generation.Policy}, saying{Name: "Catalog", Text: d.Generation.Catalog},
		saying{Name: "Reading rules", Text: "version " + strconv.FormatInt(d.Generation.Semantics, 10)})
}

// purposeOf is what it was for, with the code that the door was told.
func purposeOf(d *ledger.Decision) string {
	if d.Purpose == "" || d.PurposeCode == "" {
		return words(d.Purpose) + d.PurposeCode
	}
	return words(d.Purpose) + " (" + d.PurposeCode + ")"
}

func doorTitle(door string) string {
	if door == "fhir" || door == "sql" {
		return strings.ToUpper(door)
	}
	return door
}

// but leaves out what stands in the other list: a fact that holds restricts as well,
// where the policy lets it, and is told once.
func but(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(other, s) })
}

// taskTitles names the tasks that decided, as the policy in force does.
func (r *Record) taskTitles(d *ledger.Decision) string {
	var out []string
	for _, task := range strings.Fields(d.Task) {
		title := words(task)
		for _, role := range rolesOf(d) {
			if t, ok := r.Policy().Task(role + "/" + task); ok && t.Title != "" {
				title = t.Title
			}
		}
		out = append(out, title)
	}
	if len(out) == 0 {
		return d.Request.Task
	}
	return strings.Join(out, " and ")
}

// tellRecords says what was shown and what was withheld, records that were judged alike
// together.
func (r *Record) tellRecords(e *entryShown, entries []ledger.Entry) {
	at := map[string]int{}
	for _, x := range entries {
		verdicts, views := verdictsOf(x)
		for i := range verdicts {
			v := &verdicts[i]
			what := fmt.Sprintf("%d × %s", max(1, v.Count), v.Type)
			if v.View == ledger.Withheld && !v.Observed {
				e.Withheld = append(e.Withheld, withheldShown{what, gate.Withheld(v.Because), strings.Join(r.marks(v), ", ")})
				continue
			}
			o := openedShown{What: what}
			if v.Observed {
				o.Whole = r.wouldLose(v)
			} else {
				o.Shows = r.treatedBy(views[v.View])
			}
			key := fmt.Sprint(o.Shows, o.Whole)
			if n, known := at[key]; known {
				e.Opened[n].What += ", " + what
				continue
			}
			at[key] = len(e.Opened)
			e.Opened = append(e.Opened, o)
		}
	}
}

func verdictsOf(e ledger.Entry) ([]ledger.Verdict, []ledger.View) {
	switch e := e.(type) {
	case *ledger.Opened:
		return e.Verdicts, e.Views
	case *ledger.Outcome:
		return e.Verdicts, e.Views
	}
	return nil, nil
}

// marks are why overlays lie on a record, in words.
func (r *Record) marks(v *ledger.Verdict) []string {
	var out []string
	for _, m := range v.Marked {
		name, why, _ := strings.Cut(m, " ")
		out = append(out, strings.TrimSpace(strings.Join(r.classTitles([]string{name}), "")+" "+why))
	}
	return out
}

func (r *Record) wouldLose(v *ledger.Verdict) string {
	switch {
	case v.View == ledger.Withheld:
		return "all of it: " + gate.Withheld(v.Because)
	case len(v.Lost) == 0:
		return "nothing"
	}
	return strings.Join(r.classTitles(v.Lost), ", ")
}

// steps are what happened, in order.
func (r *Record) steps(v *Visit, entries []ledger.Entry) (out []stepShown) {
	for _, e := range entries {
		at := v.When(e.Header().At)
		switch e := e.(type) {
		case *ledger.Decision:
			out = append(out, stepShown{at, "Decided: " + map[ledger.Effect]string{ledger.Admit: "allowed", ledger.Refuse: "refused"}[e.Effect], ""})
		case *ledger.Opened:
			out = append(out, stepShown{at, fmt.Sprintf("Opened: %s of %s", plural(countOf(e.Verdicts), "record"), plural(int64(len(e.Patients)), "patient")), ""})
		case *ledger.Outcome:
			text := "Ended whole"
			if e.End == ledger.Aborted {
				text = "Cut off"
			}
			text += fmt.Sprintf(": %s, %s, status %d", sayCounts(e), plural(e.Bytes, "byte"), e.Status)
			if e.Written != "" {
				text += "; the write: " + string(e.Written)
			}
			out = append(out, stepShown{at, text, ""})
		}
	}
	return out
}

// derive tells what comes of deriving the decision again.
func (r *Record) derive(v *Visit, x *oversight.Recorded) (*again, error) {
	d, err := r.Derive(v.Context(), x)
	if err != nil || d == nil {
		return nil, err
	}
	out := &again{Derived: d}
	for i := range d.Verdicts {
		w := &d.Verdicts[i]
		row := againRow{What: fmt.Sprintf("%d × %s", max(1, w.Recorded.Count), w.Recorded.Type), Lines: strings.Join(w.Lines, ", "), Bites: strings.Join(w.Bites, ", ")}
		if row.Lines != "" || row.Bites != "" {
			out.Rows = append(out.Rows, row)
		}
	}
	return out, nil
}
