package console

import (
	"fmt"
	"slices"
	"strings"

	"modicum/internal/change"
	"modicum/policy"
)

// effectRow is one thing that a change does.
type effectRow struct {
	way               Badge
	rank              int
	who, task, detail string
	what, when        string
}

// effectTable is what a change does, what opens first.
var effectTable = &Table[effectRow]{
	Name: "effect", Caption: "What it does", Sort: "way", PerPage: 100,
	Empty: "It decides everything as the policy in force does: only texts, tests or their order changed.",
	Columns: []Column[effectRow]{
		{Key: "what", Title: "What", Text: func(r effectRow) string { return r.what }},
		{Key: "way", Title: "Effect", Pick: true, Text: func(r effectRow) string { return r.way.Word }, By: func(a, b effectRow) int { return a.rank - b.rank }, Cell: func(r effectRow) Cell { return Cell{Badge: &r.way} }},
		{Key: "who", Title: "For whom", Text: func(r effectRow) string { return r.who }},
		{Key: "task", Title: "Task", Text: func(r effectRow) string { return r.task }, Cell: func(r effectRow) Cell { return Cell{Text: r.task, Sub: r.detail} }},
		{Key: "when", Title: "When", Text: func(r effectRow) string { return r.when }},
	},
}

// mostNamed is how many roles stand in one cell.
const mostNamed = 4

func (l *Legislature) rows(e *change.Effect) []effectRow {
	var out []effectRow
	for i := range e.Changes {
		c := &e.Changes[i]
		if c.Direction == policy.Words {
			continue
		}
		r := effectRow{way: wayBadge(c.Direction), rank: i, who: l.whom(e.Set, c), what: l.whatWords(e.Set, c), when: l.whenWords(e.Set, c)}
		r.task, r.detail = l.whereWords(e.Set, c)
		out = append(out, r)
	}
	return out
}

func wayBadge(d policy.Direction) Badge {
	switch d {
	case policy.Closes:
		return Badge{"closes", "keep", "somebody sees less, or gets it less easily"}
	case policy.Both:
		return Badge{"may open", "stop", "which way it goes hangs on what only a person can judge"}
	}
	return Badge{"opens", "mask", "somebody sees more, or gets it more easily"}
}

func (l *Legislature) whom(set *policy.Set, c *policy.Change) string {
	if len(c.Roles) == 0 && len(c.Disclosures) == 0 {
		return "nobody by a role"
	}
	if len(c.Disclosures) > 0 {
		only := *c
		only.Disclosures = nil
		by := "who receives " + l.disclosed(set, c.Disclosures)
		if len(c.Roles) == 0 {
			return by
		}
		return l.whom(set, &only) + "; " + by
	}
	if len(c.Roles) > mostNamed && len(c.Roles) >= len(set.Roles()) {
		return "every role"
	}
	var out []string
	for _, role := range c.Roles[:min(len(c.Roles), mostNamed)] {
		out = append(out, l.title(set, role))
	}
	if more := len(c.Roles) - mostNamed; more > 0 {
		out = append(out, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(out, ", ")
}

// disclosed names disclosures by their titles.
func (l *Legislature) disclosed(set *policy.Set, names []string) string {
	var out []string
	for _, name := range names {
		title := name
		for _, s := range []*policy.Set{set, l.Policy()} {
			if t, ok := s.Task("disclosures/" + name); ok && t.Title != "" {
				title = t.Title
			}
		}
		out = append(out, "“"+title+"”")
	}
	return strings.Join(out, ", ")
}

// whereWords names the task, restriction or key, and its name in the files.
func (l *Legislature) whereWords(set *policy.Set, c *policy.Change) (title, detail string) {
	for _, s := range []*policy.Set{set, l.Policy()} {
		if t, ok := s.Task(c.Where); ok {
			return t.Title, c.Where
		}
		for i := range s.Restrictions() {
			if c.Kind == "restriction" && s.RestrictionName(i) == c.Where {
				return s.Restriction(i).Title, "restriction " + c.Where
			}
		}
	}
	if c.Where == c.Kind {
		return kindTitle(c.Kind), ""
	}
	return kindTitle(c.Kind), c.Where
}

var kindTitles = map[string]string{
	"never": "What is never seen", "roles": "The role", "facts": "What facts mean", "programs": "Programs", "partners": "Partners",
	"catalog": "What data is classified as", "organization": "The whole organization",
}

func kindTitle(kind string) string {
	if t := kindTitles[kind]; t != "" {
		return t
	}
	return upperFirst(kind)
}

// showWord is how data shows, in the words of the matrix.
func showWord(w string) string {
	switch t, known := policy.ParseTreatment(w); {
	case w == "ask":
		return "shown on asking"
	case known:
		return TreatmentBadge(t).Word
	}
	return w
}

func (l *Legislature) whatWords(set *policy.Set, c *policy.Change) string {
	was, now := policyWords(set, c)
	var parts []string
	for _, k := range c.Classes {
		var names []string
		for _, name := range k.Classes {
			names = append(names, classTitle(set, name))
		}
		parts = append(parts, strings.Join(names, ", ")+": "+showWord(k.Was)+" → "+showWord(k.Now))
	}
	switch {
	case c.What != "" && (c.Was != "" || c.Now != "") && c.Kind != "never":
		parts = append(parts, upperFirst(strings.ReplaceAll(c.What, "-", " "))+": "+was+" → "+now)
	case c.What != "" && len(parts) == 0:
		parts = append(parts, upperFirst(c.What)+": "+was+" → "+now)
	case c.What != "" && c.Kind == "access":
		parts = append(parts, upperFirst(c.What))
	}
	if c.Kind != "access" && len(c.Marked) > 0 {
		parts = append(parts, "records marked "+marks(set, c.Marked))
	}
	return strings.Join(parts, "; ")
}

// policyWords are what a key said and says. What a fact means, an expression above all, and
// what the catalog says stand as they were written: their letters are what counts.
func policyWords(set *policy.Set, c *policy.Change) (was, now string) {
	if c.Kind == "facts" || c.Kind == "catalog" {
		return c.Was, c.Now
	}
	return prose(set.Catalog(), c.Was), prose(set.Catalog(), c.Now)
}

func (l *Legislature) whenWords(set *policy.Set, c *policy.Change) string {
	if c.Kind != "access" && c.While == "" {
		return ""
	}
	var parts []string
	if c.Verbs != "" {
		parts = append(parts, "to "+strings.ReplaceAll(c.Verbs, " ", ", "))
	}
	for _, p := range []struct{ word, text string }{{"while ", c.While}, {"within ", c.Within}, {"lent ", c.Lent}} {
		if p.text != "" {
			parts = append(parts, p.word+prose(set.Catalog(), p.text))
		}
	}
	if c.MarkedOnly {
		parts = append(parts, "only in records marked "+marks(set, c.Marked))
	} else if len(c.Marked) > 0 {
		parts = append(parts, "also in records marked "+marks(set, c.Marked))
	}
	return strings.Join(parts, "; ")
}

func marks(set *policy.Set, names []string) string {
	var out []string
	for _, n := range names {
		out = append(out, lowerFirst(classTitle(set, n)))
	}
	return strings.Join(out, ", ")
}

// classTitle is what people call a class; of a parent, which has no title, its name.
func classTitle(set *policy.Set, name string) string {
	bare, alone := strings.CutSuffix(name, " alone")
	title := upperFirst(bare)
	if c, ok := set.Catalog().Class(bare); ok {
		if info := set.Catalog().Info(c); info != nil && info.Title != "" {
			title = info.Title
		}
	} else if at := slices.Index([]string{"everything"}, bare); at < 0 {
		title = "all of " + bare
	}
	if alone {
		title += " alone"
	}
	return title
}
