package console

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"modicum/catalog"
	"modicum/internal/oversight"
	"modicum/ledger"
)

// deed is a decision or act of the record in words.
type deed struct {
	ID, Who, Title string
	Say            string // all of it in a sentence, but what was shown
	Shown          string // 12 records shown, 3 withheld
	Effect         Badge
	At             When
	at             int64
	decision       *ledger.Decision // nil of an act
	act            *ledger.Act
	counts         ledger.Counts
	patients       int // whom it names
}

func (d deed) Path() string { return "/record/" + d.ID }

// deed puts what is recorded into words.
func (r *Record) deed(v *Visit, x *oversight.Recorded) deed {
	h := x.Entries[0].Header()
	d := deed{ID: h.ID, Who: r.name(h.Who), At: v.When(h.At), at: h.At}
	d.decision, _ = x.Entries[0].(*ledger.Decision)
	d.act, _ = x.Entries[0].(*ledger.Act)
	end, opened := x.End(), int64(0)
	for _, e := range x.Entries {
		if e, ok := e.(*ledger.Opened); ok {
			opened += countOf(e.Verdicts)
		}
	}
	d.patients = len(x.Patients())
	if d.act != nil {
		d.Effect, d.Say = Badge{"act", "", "something done to the system, not asked of it"}, r.sayAct(d.Who, d.act)
		return d
	}
	if d.decision == nil {
		d.Say = d.Who + " did something that this page cannot read"
		return d
	}
	d.Title = r.roleTitles(rolesOf(d.decision))
	d.Say = r.sayDecision(&d)
	d.Effect, d.Shown = cameOf(d.decision, end, opened)
	if end != nil {
		d.counts = end.Counts
	}
	return d
}

// rolesOf are the roles that decided, else those that were held.
func rolesOf(d *ledger.Decision) []string {
	if d.Role != "" {
		return strings.Fields(d.Role)
	}
	return d.Roles
}

// countOf counts the records of some verdicts.
func countOf(verdicts []ledger.Verdict) (n int64) {
	for i := range verdicts {
		if verdicts[i].View != ledger.Withheld {
			n += max(1, verdicts[i].Count)
		}
	}
	return n
}

// cameOf says what came of a decision.
func cameOf(d *ledger.Decision, end *ledger.Outcome, opened int64) (Badge, string) {
	switch {
	case d.Effect == ledger.Refuse:
		return Badge{"refused", "stop", ""}, ""
	case d.Would == ledger.Refuse:
		return Badge{"only observed", "wait", "enforcing would have refused it"}, sayCounts(end)
	case end == nil && opened > 0:
		return Badge{"no end", "mask", "nobody knows how it ended: all that was opened counts as shown"}, plural(opened, "record") + " opened"
	case end == nil:
		return Badge{"no end", "mask", "it is under way, or nobody knows how it ended"}, ""
	case end.End == ledger.Aborted:
		return Badge{"cut off", "mask", "the answer ended before it was whole"}, sayCounts(end)
	}
	if end.Counts.Shown == 0 && end.Counts.Withheld > 0 {
		return Badge{"nothing shown", "part", "the task may ask this; of the records that there were none could be shown"}, sayCounts(end)
	}
	return Badge{"allowed", "keep", ""}, sayCounts(end)
}

func sayCounts(o *ledger.Outcome) string {
	switch {
	case o == nil:
		return ""
	case o.Status == http.StatusPreconditionFailed && o.Counts.Shown > 0: // it told that several fit, and showed none
		return "told that " + plural(o.Counts.Shown, "record") + " fit"
	case o.Counts.Withheld == 0:
		return plural(o.Counts.Shown, "record") + " shown"
	}
	return fmt.Sprintf("%s shown, %d withheld", plural(o.Counts.Shown, "record"), o.Counts.Withheld)
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(n) + " " + noun + "s"
}

// grouped is a number as people read it: 48,213.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// deedWords are what is done at doors, done and asked for.
var deedWords = map[string][2]string{
	"read": {"read", "read"}, "vread": {"read an earlier version of", "read an earlier version of"}, "history-instance": {"read the history of", "read the history of"},
	"search-type": {"searched", "search"}, "search-compartment": {"searched a chart for", "search a chart for"},
	"everything": {"read the whole chart", "read the whole chart"}, "lastn": {"read the newest", "read the newest"},
	"create": {"wrote a new", "write a new"}, "update": {"changed", "change"}, "patch": {"changed", "change"},
	"include": {"read, beside other records,", "read, beside other records,"}, "revinclude": {"read, beside other records,", "read, beside other records,"}, "chain": {"searched through", "search through"},
	"batch": {"sent a batch of", "send a batch of"}, "refused": {"asked for what is not done here:", "ask for what is not done here:"},
}

// admitted says whether a decision let the request in, where nothing more is known of it.
func admitted(d *ledger.Decision) Badge {
	if d.Effect == ledger.Refuse {
		return Badge{"refused", "stop", ""}
	}
	return Badge{"allowed", "keep", ""}
}

// asked says what a decision was asked for: read Patient, searched Observation by patient.
func asked(x *ledger.Decision) string {
	verbs, ok := deedWords[x.Interaction]
	if !ok {
		verbs = [2]string{words(x.Interaction), words(x.Interaction)}
	}
	say := verbs[0]
	if x.Effect == ledger.Refuse {
		say = "asked to " + verbs[1]
	}
	if len(x.Asked) > 0 && x.Asked[0] != "" {
		say += " " + x.Asked[0]
	}
	if len(x.Asked) > 1 {
		say += " by " + strings.Join(x.Asked[1:], ", ")
	}
	return say
}

// sayDecision tells who asked for what, of whom, for what purpose.
func (r *Record) sayDecision(d *deed) string {
	x := d.decision
	verbs, ok := deedWords[x.Interaction]
	if !ok {
		verbs = [2]string{words(x.Interaction), words(x.Interaction)}
	}
	var b strings.Builder
	b.WriteString(d.Who)
	if d.Title != "" {
		b.WriteString(", " + d.Title + ",")
	}
	if x.Effect == ledger.Refuse {
		b.WriteString(" asked to " + verbs[1])
	} else {
		b.WriteString(" " + verbs[0])
	}
	if len(x.Asked) > 0 && x.Asked[0] != "" && x.Interaction != "everything" {
		b.WriteString(" " + x.Asked[0])
	}
	switch {
	case d.patients == 1:
		b.WriteString(" of one patient")
	case d.patients > 1:
		b.WriteString(" of " + strconv.Itoa(d.patients) + " patients")
	}
	if x.Purpose != "" {
		b.WriteString(", for " + words(x.Purpose))
	}
	return b.String()
}

// treatedBy turns a view of the record into what it shows, the most open first.
func (r *Record) treatedBy(view ledger.View) (out []treated) {
	for _, how := range treatments {
		if names := view[how]; len(names) > 0 {
			out = append(out, treated{badgeOf(how), r.classTitles(names)})
		}
	}
	return out
}

// classTitles names classes as people say it, also those that the catalog at hand has not.
func (r *Record) classTitles(names []string) []string {
	cat := r.Policy().Catalog()
	var set catalog.ClassSet
	var others []string
	for _, name := range names {
		switch c, ok := cat.Class(name); {
		case !ok:
			others = append(others, name)
		case cat.Content().Has(c) && !cat.Info(c).IsOverlay:
			set = set.With(c)
		default:
			others = append(others, cat.Info(c).Title)
		}
	}
	return append(summary(cat, set), others...)
}
