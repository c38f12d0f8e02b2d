package console

import (
	_ "embed"
	"errors"
	"slices"
	"strings"

	"modicum/internal/access"
	"modicum/internal/defect"
	"modicum/internal/people"
	"modicum/ledger"
)

//go:embed page_reviews.html
var reviewsText string

//go:embed page_review.html
var reviewText string

var (
	reviewsView = View("reviews", reviewsText)
	reviewView  = View("review", reviewText)
)

type reviewRow struct {
	card
	due  int64
	Due  When
	Late bool
}

var reviewsTable = &Table[reviewRow]{
	Name: "reviews", Caption: "Open reviews", Private: true, Sort: "due",
	Empty: "No review is open. What was opened in an emergency or on loan comes here when it has ended, for somebody independent to look at.",
	Columns: []Column[reviewRow]{
		{Key: "who", Title: "Who", Text: func(r reviewRow) string { return r.Who }, Pick: true, Cell: func(r reviewRow) Cell {
			return Cell{Text: r.Who, Href: "/reviews/" + r.ID, Sub: r.Title}
		}},
		{Key: "what", Title: "What", Text: func(r reviewRow) string { return r.Kind }, Pick: true, Cell: func(r reviewRow) Cell { return Cell{Text: r.Kind, Sub: r.Task} }},
		{Key: "word", Title: "Says why", Text: func(r reviewRow) string { return said(r.Attested) }, Quiet: true, Pick: true},
		{Key: "due", Title: "Due", Text: func(r reviewRow) string { return r.Due.Exact }, By: func(a, b reviewRow) int { return int(a.due/1e6 - b.due/1e6) }, Cell: func(r reviewRow) Cell {
			if r.Late {
				return Cell{Badge: &Badge{"overdue", "stop", r.Due.Title}, Sub: r.Due.Text}
			}
			return Cell{When: &r.Due, Sub: r.Due.Away}
		}},
	},
}

func said(word string) string {
	if word == "" {
		return "not yet"
	}
	return "said"
}

// reviewsPage lists what somebody may close, the most overdue first.
func (s *Staff) reviewsPage() Page {
	return Page{Path: "/reviews", Menu: "Reviews", Group: Oversight, Icon: "check",
		May: func(v *Viewer) bool {
			return s.isPrivacy(v, "", s.Now().UnixMicro())
		},
		Get: func(v *Visit) error {
			var rows []reviewRow
			for _, g := range s.Lent.Reviews(v.Viewer.Person.ID) {
				rows = append(rows, reviewRow{s.grantLine(v, g), g.Review.By, v.When(g.Review.By), g.Review.By < v.Now.UnixMicro()})
			}
			list, done := reviewsTable.List(v, rows)
			if done {
				return nil
			}
			weeks, err := s.glasses(v)
			if err != nil {
				return err
			}
			return v.Show(reviewsView, struct {
				List  *Listing
				Weeks *bars
			}{list, weeks})
		},
	}
}

// glasses are the broken glasses of the last weeks, for who may see what is lent to
// everybody.
func (s *Staff) glasses(v *Visit) (*bars, error) {
	if !v.Viewer.Holds(people.ReviewAccess) && !defect.On(defect.GlassesForAnybody) {
		return nil, nil
	}
	past, err := s.Lent.History(v.Context(), "", "", mostRows)
	if err != nil {
		return nil, err
	}
	since := int64(0)
	if len(past) == mostRows {
		since = past[mostRows-1].Made
	}
	return glassesByWeek(v, append(past, s.Lent.Open()...), since), nil
}

type reviewShown struct {
	Card  card
	Form  *Form
	Due   When
	Late  bool
	Trail []trailShown
	Facts []string
	Steps []stepShown
	Open  bool
	Reads bool // the viewer may follow a decision into the record
}

// trailShown is one decision that was made under a grant.
type trailShown struct {
	At       When
	What, ID string
	Effect   Badge
}

func reviewForm() *Form {
	return &Form{Submit: "Close the review", Back: "/reviews", Fields: []*Field{
		{Name: "verdict", Label: "What you found", Kind: Radios, Need: true, Options: []Option{
			{Value: string(access.Justified), Label: "Justified", Hint: "It was needed, and no more was opened than that."},
			{Value: string(access.Unclear), Label: "Unclear", Hint: "To be followed up elsewhere."},
			{Value: string(access.Unjustified), Label: "Not justified", Hint: "It was not needed, or went too far."},
		}},
		{Name: "word", Label: "Why", Hint: "What you looked at, and what made you say so.", Kind: Area, Need: true},
	}}
}

// reviewPage is one review with the evidence beside it. Looking at the evidence is on
// record.
func (s *Staff) reviewPage() Page {
	return Page{Path: "/reviews/{id}", Fresh: freshToDecide, Sends: "Close the review",
		Get: func(v *Visit) error {
			g, err := s.seenReview(v)
			if err != nil {
				return err
			}
			return s.showReview(v, g, reviewForm())
		},
		Post: func(v *Visit) error {
			g, err := s.seenReview(v)
			if err != nil {
				return err
			}
			f := reviewForm()
			if !f.Read(v) {
				return s.showReview(v, g, f)
			}
			err = s.Lent.Review(v.Context(), v.Viewer.Actor(), g.ID, access.Verdict(f.Get("verdict")), f.Get("word"))
			if err == nil {
				return v.Go("/reviews", "The review of "+s.name(g.Person)+" is closed.")
			}
			if err := refused(f, err); err != nil {
				return err
			}
			return s.showReview(v, g, f)
		},
	}
}

func (s *Staff) seenReview(v *Visit) (*access.Grant, error) {
	g, err := s.Lent.Grant(v.Context(), v.R.PathValue("id"))
	me := v.Viewer.Person.ID
	switch {
	case errors.Is(err, access.ErrNone):
		return nil, ErrNotHere
	case err != nil:
		return nil, err
	case g.Review == nil:
		return nil, ErrNotHere
	case g.Review.Who == me, slices.ContainsFunc(s.Lent.Reviews(me), func(o *access.Grant) bool { return o.ID == g.ID }):
		return g, nil
	}
	return nil, ErrNotHere
}

func (s *Staff) showReview(v *Visit, g *access.Grant, f *Form) error {
	trail, err := s.Lent.Opened(v.Context(), v.Viewer.Actor(), g.ID)
	if err != nil {
		return err
	}
	x := reviewShown{Card: s.grant(v, g), Form: f, Due: v.When(g.Review.By), Late: g.Review.By < v.Now.UnixMicro(), Steps: s.grantSteps(v, g), Open: g.Review.At == 0, Reads: mayRead(v.Viewer)}
	for _, name := range trail.Facts {
		x.Facts = append(x.Facts, strings.ReplaceAll(name, "-", " "))
	}
	for _, d := range trail.Decisions {
		x.Trail = append(x.Trail, trailOf(v, d))
	}
	if !f.OK() {
		return v.Again(reviewView, x)
	}
	return v.Show(reviewView, x)
}

func trailOf(v *Visit, d *ledger.Decision) trailShown {
	return trailShown{At: v.When(d.At), What: upperFirst(asked(d)), Effect: admitted(d), ID: d.ID}
}
