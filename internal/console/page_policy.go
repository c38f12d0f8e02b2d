package console

import (
	"context"
	_ "embed"
	"errors"
	"slices"
	"strings"

	"modicum/internal/change"
	"modicum/internal/defect"
	"modicum/internal/people"
	"modicum/policy"
)

//go:embed page_policy.html
var policyText string

//go:embed page_change.html
var changeText string

var (
	policyView = View("policy", policyText)
	changeView = View("change", changeText)
)

// Legislature is what the pages show by which a policy comes in force. Changes, People
// and Policy must be set.
type Legislature struct {
	Changes *change.Book
	People  Directory
	Policy  func() *policy.Set
	// Trouble says what is wrong with the policy's folder, "" when nothing.
	Trouble func() string
	// ByFolder: what lies in the folder is in force, and nobody is asked.
	ByFolder bool
}

// Pages are the pages of the policy, in the order of the menu.
func (l *Legislature) Pages() []Page { return []Page{l.policyPage(), l.changePage()} }

// mayGovern are those who read what is proposed and decided.
var mayGovern = Duty(change.Readers()...)

// Waiting are the changes that wait for this viewer: to be proposed, or for their yes.
func (l *Legislature) Waiting(v *Viewer) (out []*change.Change) {
	for _, x := range l.Changes.Waiting() {
		switch {
		case x.State == change.Found && v.Holds(people.WritePolicy):
			out = append(out, x)
		case x.State == change.Proposed && l.Changes.MayNot(v.Actor(), x) == "":
			out = append(out, x)
		}
	}
	return out
}

// Counts is what the menu says beside a page, for Config.Counts.
func (l *Legislature) Counts(_ context.Context, v *Viewer, path string) int {
	if path != "/policy" || !mayGovern(v) {
		return 0
	}
	return len(l.Waiting(v))
}

type policyShown struct {
	Trouble  string
	ByFolder bool
	Title    string
	Now      changeShown
	Waiting  []changeShown
	Lies     *changeShown // the decision by which what lies in the folder was turned down
	History  *Listing
}

// changeShown is a change as it is read in one look.
type changeShown struct {
	*change.Change
	Path     string
	Badge    Badge
	By       string // who proposed it
	Yes      string // who said yes
	Since    When
	At       When // of its proposal, or when it was found
	Opens    int
	Closes   int
	ForYou   bool
	Versions string // short hashes
}

func (l *Legislature) policyPage() Page {
	return Page{Path: "/policy", Menu: "Policy", Group: Oversight, Icon: "shield", May: mayGovern, Get: func(v *Visit) error {
		past, err := l.Changes.History(v.Context(), "", 500)
		if err != nil {
			return err
		}
		var rows []changeShown
		x := policyShown{ByFolder: l.ByFolder, Title: l.Policy().Folder().Organization.Title}
		if l.Trouble != nil {
			x.Trouble = l.Trouble()
		}
		now := l.Changes.InForce()
		for _, c := range past {
			s := l.shown(v, c)
			rows = append(rows, s)
			if now != nil && c.ID == now.Change {
				x.Now = s
			}
		}
		mine := l.Waiting(v.Viewer)
		for _, c := range l.Changes.Waiting() {
			s := l.shown(v, c)
			s.ForYou = slices.ContainsFunc(mine, func(m *change.Change) bool { return m.ID == c.ID })
			if e, err := l.Changes.Effect(c); err == nil {
				s.Opens, s.Closes = e.Count(policy.Opens)+e.Count(policy.Both), e.Count(policy.Closes)
			}
			x.Waiting = append(x.Waiting, s)
		}
		if x.Lies, err = l.lies(v); err != nil {
			return err
		}
		list, done := versionsTable.List(v, rows)
		if done {
			return nil
		}
		x.History = list
		return v.Show(policyView, x)
	}}
}

// lies is the decision by which what lies in the folder was turned down, nil for none.
func (l *Legislature) lies(v *Visit) (*changeShown, error) {
	c, err := l.Changes.InFolder(v.Context())
	if c == nil || err != nil {
		return nil, err
	}
	s := l.shown(v, c)
	s.ForYou = v.Viewer.Holds(people.WritePolicy)
	return &s, nil
}

func (l *Legislature) shown(v *Visit, c *change.Change) changeShown {
	s := changeShown{Change: c, Path: "/policy/changes/" + c.ID, Badge: changeBadge(c.State), Since: v.When(c.Ended), At: v.When(max(c.Found, c.Proposed)), Versions: short(c.Policy)}
	s.By = l.author(c)
	var yes []string
	for _, a := range c.Answers {
		yes = append(yes, l.name(a.By))
	}
	s.Yes = strings.Join(yes, ", ")
	return s
}

// author says whose a change is.
func (l *Legislature) author(c *change.Change) string {
	switch {
	case c.Proposer != "":
		return l.name(c.Proposer)
	case c.First:
		return "the first start"
	case c.Folder:
		return "whoever wrote the folder"
	}
	return "nobody yet"
}

func (l *Legislature) name(id string) string {
	if p := l.People.Person(id); p != nil && p.Name != "" {
		return p.Name
	}
	return id
}

func short(hash string) string { return hash[:min(len(hash), 12)] }

func changeBadge(s change.State) Badge {
	switch s {
	case change.Found:
		return Badge{"to be proposed", "mask", "it lies in the folder; nobody stands behind it yet"}
	case change.Proposed:
		return Badge{"waits for a yes", "mask", "somebody proposed it"}
	case change.InForce:
		return Badge{"came into force", "keep", ""}
	case change.Refused:
		return Badge{"refused", "stop", ""}
	case change.Withdrawn:
		return Badge{"taken back", "omit", ""}
	case change.Lapsed:
		return Badge{"lapsed", "omit", "nobody answered in time"}
	}
	return Badge{"void", "omit", "the folder held something else, or another policy came into force"}
}

var versionsTable = &Table[changeShown]{
	Name: "policy-changes", Caption: "What was decided", Sort: "-when", PerPage: 20,
	Empty: "Nothing was decided yet. What an installation begins with stands here first, then each change with who proposed it and who said yes.",
	Columns: []Column[changeShown]{
		{Key: "when", Title: "When", Text: func(c changeShown) string { return c.Since.Exact }, Cell: func(c changeShown) Cell { return Cell{When: &c.Since} }},
		{Key: "what", Title: "Outcome", Pick: true, Text: func(c changeShown) string { return c.Badge.Word }, Cell: func(c changeShown) Cell { return Cell{Badge: &c.Badge} }},
		{Key: "policy", Title: "Policy", Text: func(c changeShown) string { return c.Versions }, Cell: func(c changeShown) Cell {
			return Cell{Text: c.Versions, Href: c.Path}
		}},
		{Key: "by", Title: "Proposed by", Text: func(c changeShown) string { return c.By }},
		{Key: "yes", Title: "Approved by", Text: func(c changeShown) string { return c.Yes }, Quiet: true},
	},
}

// changePage is one change: what it does, whose it is, and what may be done about it.
func (l *Legislature) changePage() Page {
	return Page{Path: "/policy/changes/{id}", May: mayGovern, Fresh: freshToRun, Sends: "Send it",
		Does: map[string]string{
			"propose":  "Propose this change",
			"approve":  "Approve",
			"refuse":   "Refuse",
			"withdraw": "Take it back",
			"again":    "Propose this policy again",
		},
		Get: func(v *Visit) error {
			c, err := l.found(v)
			if err != nil {
				return err
			}
			return l.showChange(v, c, decisionForm())
		},
		Post: func(v *Visit) error {
			c, err := l.found(v)
			if err != nil {
				return err
			}
			return l.decide(v, c)
		},
	}
}

func (l *Legislature) found(v *Visit) (*change.Change, error) {
	c, err := l.Changes.Get(v.Context(), v.R.PathValue("id"))
	if errors.Is(err, change.ErrNone) {
		return nil, ErrNotHere
	}
	return c, err
}

// decisionForm is what somebody says about a change. It stands in no record.
func decisionForm() *Form {
	return &Form{Fields: []*Field{
		{Name: "reason", Label: "Why", Kind: Area, Either: true}, {Name: "word", Label: "A word", Hint: "Needed to refuse. It goes to who proposed it.", Kind: Line, Either: true},
		{Name: "digest", Kind: Hidden, Max: 64}, {Name: "do", Kind: Hidden},
	}}
}

type decideShown struct {
	changeShown
	Form     *Form
	Digest   string
	Effect   *Listing
	Words    int // files in which only texts changed
	Gains    []string
	Mine     []string // of these, the viewer's
	Unnamed  bool     // it opens what names no role
	Lacks    string
	Who      []string // may say yes still
	MayNot   string
	Proposes bool
	Answers  bool
	Back     bool
	Again    bool // an earlier policy may be proposed again
	Ended    bool
	Files    []change.File
	Steps    []stepShown
	Before   []stepShown // what was decided on the same policy
	Broken   string      // it cannot be compared any more
}

func (l *Legislature) showChange(v *Visit, c *change.Change, f *Form) error {
	x := decideShown{changeShown: l.shown(v, c), Form: f, Steps: l.steps(v, c), Ended: c.Ended != 0}
	if done, err := l.effect(v, c, &x); done || err != nil {
		return err
	}
	before, err := l.Changes.Before(v.Context(), c)
	if err != nil {
		return err
	}
	for _, b := range before {
		steps := l.steps(v, b)
		x.Before = append(x.Before, steps[len(steps)-1])
	}
	me := v.Viewer.Actor()
	switch {
	case l.ByFolder:
	case c.State == change.Found:
		x.Proposes = v.Viewer.Holds(people.WritePolicy)
	case c.State == change.Proposed:
		x.MayNot = l.Changes.MayNot(me, c)
		x.Answers = x.MayNot == ""
		x.Back = c.Proposer == me.ID
		for _, id := range l.Changes.Approvers(c) {
			x.Who = append(x.Who, l.name(id))
		}
	default:
		x.Again = v.Viewer.Holds(people.WritePolicy) && x.Broken == "" && c.Policy != l.Policy().Hash()
	}
	if !f.OK() {
		return v.Again(changeView, x)
	}
	return v.Show(changeView, x)
}

// effect fills in what a change does. done is true where it left as a file.
func (l *Legislature) effect(v *Visit, c *change.Change, x *decideShown) (done bool, err error) {
	e, err := l.Changes.Effect(c)
	if err != nil {
		x.Broken = "What it did cannot be shown: its policy is not in the archive any more, or does not compile with this version."
		return false, nil
	}
	x.Digest, err = l.Changes.Digest(c)
	if err != nil {
		return false, err
	}
	rows := l.rows(e)
	if defect.On(defect.EffectHidden) {
		rows = nil
	}
	if x.Effect, done = effectTable.List(v, rows); done {
		return true, nil
	}
	x.Opens, x.Closes, x.Words = e.Count(policy.Opens)+e.Count(policy.Both), e.Count(policy.Closes), e.Count(policy.Words)
	for _, role := range e.Difference.Gains() {
		x.Gains = append(x.Gains, l.title(e.Set, role))
	}
	for _, role := range l.Changes.Gains(e, v.Viewer.Actor()) {
		x.Mine = append(x.Mine, l.title(e.Set, role))
	}
	x.Unnamed = e.Unnamed()
	if c.State == change.Proposed {
		x.Lacks = l.Changes.Lacks(c, e)
	}
	x.Files, err = l.Changes.Texts(c)
	return false, err
}

func (l *Legislature) title(set *policy.Set, role string) string {
	for _, s := range []*policy.Set{set, l.Policy()} {
		if r, ok := s.RoleOf(role); ok && r.Title != "" {
			return r.Title
		}
	}
	return role
}

func (l *Legislature) steps(v *Visit, c *change.Change) []stepShown {
	var out []stepShown
	if !c.Earlier && !c.First && !c.Folder {
		out = append(out, stepShown{v.When(c.Found), "Found in the policy's folder", ""})
	}
	if c.Proposed != 0 {
		out = append(out, stepShown{v.When(c.Proposed), l.name(c.Proposer) + " proposed it", c.Reason})
	}
	for _, a := range c.Answers {
		out = append(out, stepShown{v.When(a.At), l.name(a.By) + " said yes", a.Word})
	}
	if c.Ended != 0 {
		by := ""
		if p := l.People.Person(c.EndedBy); p != nil && c.State != change.InForce {
			by = " by " + p.Name
		}
		out = append(out, stepShown{v.When(c.Ended), upperFirst(changeBadge(c.State).Word) + by, c.Word})
	}
	return out
}

// decide does what a button of the page says.
func (l *Legislature) decide(v *Visit, c *change.Change) error {
	f := decisionForm()
	f.Read(v)
	to, said, err := "/policy/changes/"+c.ID, "", error(nil)
	by, ctx := v.Viewer.Actor(), v.Context()
	switch do := f.Get("do"); {
	case !f.OK():
	case do == "propose":
		err, said = l.Changes.Propose(ctx, by, c.ID, f.Get("digest"), f.Get("reason")), "Proposed. Whoever may say yes is told."
	case do == "approve":
		var inForce bool
		if inForce, err = l.Changes.Approve(ctx, by, c.ID, f.Get("digest"), f.Get("word")); inForce {
			said = "Approved. It is in force."
		} else {
			said = "Approved. Somebody else must say yes as well."
		}
	case do == "refuse":
		err, said = l.Changes.Refuse(ctx, by, c.ID, f.Get("word")), "Refused. Whoever proposed it is told."
	case do == "withdraw":
		err, said = l.Changes.Withdraw(ctx, by, c.ID), "Taken back."
	case do == "again":
		var again *change.Change
		if again, err = l.Changes.ProposeEarlier(ctx, by, c.Policy, f.Get("reason")); again != nil {
			to, said = "/policy/changes/"+again.ID, "Proposed. Whoever may say yes is told."
		}
	default:
		f.Fail("", "Choose one of the buttons.")
	}
	if err != nil {
		if err := notChanged(f, err); err != nil {
			return err
		}
	}
	if f.OK() {
		return v.Go(to, said)
	}
	return l.showChange(v, c, f)
}

// notChanged puts a refusal into the form, at its field.
func notChanged(f *Form, err error) error {
	var r *change.Refusal
	switch {
	case errors.As(err, &r):
		at := ""
		if r.Code == "reason" || r.Code == "word" {
			at = r.Code
		}
		f.Fail(at, r.Say)
		return nil
	case errors.Is(err, change.ErrUnavailable):
		f.Fail("", "It cannot be written down just now, or the time is not certain, so nothing was done. Try again in a minute.")
		return nil
	case errors.Is(err, change.ErrNone):
		return ErrNotHere
	}
	return err
}
