package console

import (
	_ "embed"
	"errors"
	"slices"
	"strings"
	"time"

	"modicum/internal/access"
	"modicum/internal/defect"
	"modicum/internal/people"
)

//go:embed page_grants.html
var grantsText string

//go:embed page_grant.html
var grantText string

var (
	grantsView = View("grants", grantsText)
	grantView  = View("grant", grantText)
)

func span(g *access.Grant) time.Duration { return time.Duration(g.Until-g.From) * time.Microsecond }

type grantsShown struct {
	Holds []card
	List  *Listing
	All   bool
}

// grantRow is a row of the table of grants.
type grantRow struct {
	card
	grant *access.Grant
}

func (s *Staff) grantsTable(all bool) *Table[grantRow] {
	t := &Table[grantRow]{
		Name: "grants", Caption: "What was lent", Private: true, Sort: "-made", PerPage: 30,
		Empty: "Nothing was lent yet. What is lent appears here and stays, with how it ended.",
		Columns: []Column[grantRow]{
			{Key: "what", Title: "What", Text: func(g grantRow) string { return g.Kind }, Pick: true, Cell: func(g grantRow) Cell {
				return Cell{Text: s.lent(g), Href: g.Path, Sub: g.Task}
			}},
			{Key: "state", Title: "State", Text: func(g grantRow) string { return g.State.Word }, Pick: true, Cell: func(g grantRow) Cell { return Cell{Text: g.State.Word, Badge: &g.State} }},
			{Key: "made", Title: "Began", Text: func(g grantRow) string { return g.From.Exact }, By: func(a, b grantRow) int { return int(a.grant.Made/1e6 - b.grant.Made/1e6) }, Quiet: true, Cell: func(g grantRow) Cell { return Cell{Text: g.From.Text, When: &g.From} }},
			{Key: "ends", Title: "Ends", Text: func(g grantRow) string { return g.Until.Exact }, By: func(a, b grantRow) int { return int(a.grant.Until/1e6 - b.grant.Until/1e6) }, Cell: func(g grantRow) Cell { return Cell{Text: g.Until.Text, When: &g.Until} }},
		},
	}
	if all {
		t.Columns = slices.Insert(t.Columns, 1, Column[grantRow]{Key: "who", Title: "Who", Text: func(g grantRow) string { return g.Who }, Pick: true})
	}
	return t
}

// lent says what was lent: what it added by its name, a task or a glass by its kind.
func (s *Staff) lent(g grantRow) string {
	w := &g.grant.Want
	if w.Kind == access.Exception || w.Kind == access.Asked {
		if adds := s.adds(s.Policy(), w, seen{}); len(adds) > 0 {
			return upperFirst(strings.Join(adds, "; "))
		}
	}
	return g.Kind
}

// grantsPage lists what is and was lent: to oneself; to everybody, for who reviews.
func (s *Staff) grantsPage() Page {
	return Page{Path: "/grants", Menu: "Lent to me", Group: Mine, Icon: "clock", Get: func(v *Visit) error {
		all := v.Viewer.Holds(people.ReviewAccess) && v.R.URL.Query().Get("of") == "all"
		rows, err := s.grantRows(v, all)
		if err != nil {
			return err
		}
		list, done := s.grantsTable(all).List(v, rows)
		if done {
			return nil
		}
		shown := grantsShown{List: list, All: all}
		if !all {
			for _, g := range s.Lent.Grants(v.Viewer.Person.ID) {
				shown.Holds = append(shown.Holds, s.grant(v, g))
			}
		}
		return v.Show(grantsView, shown)
	}}
}

// mostRows is how far back the table goes; what is older stands in the record.
const mostRows = 500

func (s *Staff) grantRows(v *Visit, all bool) ([]grantRow, error) {
	who := v.Viewer.Person.ID
	if all {
		who = ""
	}
	past, err := s.Lent.History(v.Context(), who, "", mostRows)
	if err != nil {
		return nil, err
	}
	for _, g := range s.Lent.Open() {
		if all || g.Person == who {
			past = append(past, g)
		}
	}
	rows := make([]grantRow, len(past))
	for i, g := range past {
		rows[i] = grantRow{s.grantLine(v, g), g}
	}
	return rows, nil
}

type grantShown struct {
	Card     card
	Form     *Form
	Own      bool
	Revokes  bool
	Live     bool
	Approved string
	Steps    []stepShown
	Request  string
	Rests    string
	Reads    bool // the viewer may look into the record
}

// grantPage is one grant: for who holds it, who approved it, and who reviews.
func (s *Staff) grantPage() Page {
	return Page{Path: "/grants/{id}", Fresh: freshToDecide, Sends: "Do it",
		Does: map[string]string{
			"attest":    "Say what it was for",
			"give-back": "Give it back",
			"revoke":    "Take it away",
		},
		Get: func(v *Visit) error {
			g, err := s.seenGrant(v)
			if err != nil {
				return err
			}
			return s.showGrant(v, g, grantForm())
		},
		Post: func(v *Visit) error {
			g, err := s.seenGrant(v)
			if err != nil {
				return err
			}
			return s.turnGrant(v, g)
		},
	}
}

func grantForm() *Form {
	return &Form{Fields: []*Field{{Name: "word", Label: "A word", Kind: Area}, {Name: "do", Kind: Hidden}}}
}

func (s *Staff) seenGrant(v *Visit) (*access.Grant, error) {
	g, err := s.Lent.Grant(v.Context(), v.R.PathValue("id"))
	me := v.Viewer.Person.ID
	switch {
	case errors.Is(err, access.ErrNone):
		return nil, ErrNotHere
	case err != nil:
		return nil, err
	case g.Person != me && !slices.Contains(g.Approvers, me) && !s.isPrivacy(v.Viewer, g.Person, v.Now.UnixMicro()) && !defect.On(defect.GuessedShows):
		return nil, ErrNotHere
	}
	return g, nil
}

func (s *Staff) showGrant(v *Visit, g *access.Grant, f *Form) error {
	state := s.Lent.State(g)
	x := grantShown{
		Card: s.grant(v, g), Form: f, Own: g.Person == v.Viewer.Person.ID, Live: state == access.Live || state == access.Planned,
		Approved: s.names(g.Approvers), Steps: s.grantSteps(v, g), Request: g.Request, Reads: mayRead(v.Viewer),
	}
	x.Revokes = x.Live && !x.Own
	if g.Bound != nil {
		x.Rests = strings.ReplaceAll(g.Bound.Fact, "-", " ") + " " + g.Bound.Ref
	}
	if !f.OK() {
		return v.Again(grantView, x)
	}
	return v.Show(grantView, x)
}

func (s *Staff) grantSteps(v *Visit, g *access.Grant) []stepShown {
	began := "Lent"
	if g.Glass != nil {
		began = "Glass broken"
	}
	out := []stepShown{{v.When(g.Made), began, ""}}
	if g.Ended != 0 {
		out = append(out, stepShown{v.When(g.Ended), s.endWords(g), g.Word})
	}
	if g.Glass != nil && g.Glass.Attested != 0 {
		out = append(out, stepShown{v.When(g.Glass.Attested), s.name(g.Person) + " said what it was for", g.Glass.Attest})
	}
	if g.Review != nil && g.Review.At != 0 {
		out = append(out, stepShown{v.When(g.Review.At), s.name(g.Review.Who) + " reviewed it: " + string(g.Review.Verdict), g.Review.Word})
	}
	slices.SortStableFunc(out, func(a, b stepShown) int { return strings.Compare(a.At.Exact, b.At.Exact) })
	return out
}

// endWords says how a grant ended, and by whom where somebody ended it.
func (s *Staff) endWords(g *access.Grant) string {
	p := s.People.Person(g.EndedBy)
	switch {
	case p == nil:
		return "Ended"
	case p.ID == g.Person:
		return "Given back by " + p.Name
	case g.Word != "":
		return "Taken away by " + p.Name
	}
	return "Ended by " + p.Name
}

// turnGrant does what a button of the page says.
func (s *Staff) turnGrant(v *Visit, g *access.Grant) error {
	f := grantForm()
	f.Read(v)
	by, ctx, word := v.Viewer.Actor(), v.Context(), f.Get("word")
	var err error
	said := ""
	switch {
	case !f.OK():
	case f.Get("do") == "give-back":
		err, said = s.Lent.GiveBack(ctx, by, g.ID), "Given back. It shows nothing more."
	case f.Get("do") == "revoke" && word == "":
		f.Fail("word", "Say in a word why: "+s.name(g.Person)+" is told.")
	case f.Get("do") == "revoke":
		err, said = s.Lent.Revoke(ctx, by, g.ID, word), "Taken away. It shows nothing more."
	case f.Get("do") == "attest":
		err, said = s.Lent.Attest(ctx, by, g.ID, word), "Thank you. Somebody independent looks at it next."
	default:
		f.Fail("", "Choose one of the buttons.")
	}
	if err == nil && f.OK() {
		return v.Go("/grants/"+g.ID, said)
	}
	if err != nil {
		if err := refused(f, err); err != nil {
			return err
		}
	}
	return s.showGrant(v, g, f)
}
