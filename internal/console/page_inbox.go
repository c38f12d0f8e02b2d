package console

import (
	_ "embed"
	"errors"
	"slices"
	"strings"

	"modicum/internal/access"
	"modicum/internal/defect"
	"modicum/internal/people"
)

//go:embed page_inbox.html
var inboxText string

//go:embed page_request.html
var requestText string

var (
	inboxView   = View("inbox", inboxText)
	requestView = View("request", requestText)
)

// inboxPage lists what waits for somebody's answer.
func (s *Staff) inboxPage() Page {
	return Page{Path: "/inbox", Menu: "Inbox", Group: Mine, Icon: "inbox", Get: func(v *Visit) error {
		waiting := s.Lent.Waiting(v.Viewer.Person.ID)
		shown := inboxShown{Policies: s.policies(v.Viewer), More: max(0, len(waiting)-mostInInbox)}
		for _, r := range waiting[:len(waiting)-shown.More] {
			x, err := s.decision(v, r, answerForm(), true)
			if err != nil {
				return err
			}
			x.Card.Folds = len(waiting) > 1
			shown.Requests = append(shown.Requests, x)
		}
		return v.Show(inboxView, shown)
	}}
}

// mostInInbox is how many requests one page holds. The oldest come first, and what is
// answered makes room.
const mostInInbox = 10

type inboxShown struct {
	Requests []requestShown
	Policies int
	More     int
}

// requestShown is a request with all that somebody needs who decides about it.
type requestShown struct {
	Card    card
	Form    *Form
	Answers bool // the viewer may answer
	Back    bool // the viewer may take it back
	Digest  string
	Changed bool // the policy is another than when it was asked
	Last    *lastShown
	Decides []decider
	Steps   []stepShown
	Grant   string
}

// lastShown is the last that was lent to somebody for the same task.
type lastShown struct {
	Card    card
	Verdict string
}

type stepShown struct {
	At   When
	Text string
	Word string
}

// answerForm is the word of whoever answers. It stands in no record.
func answerForm() *Form {
	return &Form{Fields: []*Field{
		{Name: "word", Label: "A word", Kind: Line, Hint: "Goes to who asked."},
		{Name: "digest", Kind: Hidden}, {Name: "answer", Kind: Hidden},
	}}
}

func (s *Staff) decision(v *Visit, r *access.Request, f *Form, answers bool) (requestShown, error) {
	me := v.Viewer.Person.ID
	x := requestShown{Card: s.request(v, r), Form: f, Digest: s.Lent.Digest(r), Changed: s.Lent.Changed(r) && r.State == access.Waiting, Grant: r.Grant}
	x.Answers = answers && r.State == access.Waiting
	x.Back = r.State == access.Waiting && r.Asker == me
	x.Steps = s.steps(v, r)
	if r.State == access.Waiting {
		x.Decides = s.deciders(s.Lent.Needs(r))
	}
	if !x.Answers {
		return x, nil
	}
	last, err := s.last(v, r)
	x.Last = last
	return x, err
}

// last is what became of the last thing that was lent to the same person for the
// same task.
func (s *Staff) last(v *Visit, r *access.Request) (*lastShown, error) {
	past, err := s.Lent.History(v.Context(), r.Asker, "", 50)
	if err != nil {
		return nil, err
	}
	for _, g := range s.Lent.Open() {
		if g.Person == r.Asker {
			past = append(past, g)
		}
	}
	var newest *access.Grant
	for _, g := range past {
		if g.Want.Role == r.Want.Role && g.Want.Task == r.Want.Task && g.Want.Kind == r.Want.Kind && (newest == nil || g.Made > newest.Made) {
			newest = g
		}
	}
	if newest == nil {
		return nil, nil
	}
	l := &lastShown{Card: s.grant(v, newest)}
	if newest.Review != nil {
		l.Verdict = string(newest.Review.Verdict)
	}
	return l, nil
}

// steps tells what happened to a request so far.
func (s *Staff) steps(v *Visit, r *access.Request) []stepShown {
	out := []stepShown{{v.When(r.Made), s.name(r.Asker) + " asked", ""}}
	for _, a := range r.Answers {
		out = append(out, stepShown{v.When(a.At), s.name(a.By) + " approved", a.Word})
	}
	if r.Ended != 0 && r.State != access.Approved {
		by := ""
		if p := s.People.Person(r.EndedBy); p != nil {
			by = " by " + p.Name
		}
		out = append(out, stepShown{v.When(r.Ended), upperFirst(stateBadge(r.State).Word) + by, r.Word})
	}
	return out
}

// requestPage is one request: for whoever asked, and for whoever may answer.
func (s *Staff) requestPage() Page {
	return Page{Path: "/requests/{id}", Fresh: freshToDecide, Sends: "Send your answer",
		Get: func(v *Visit) error {
			r, err := s.seenRequest(v)
			if err != nil {
				return err
			}
			return s.showRequest(v, r, answerForm())
		},
		Post: func(v *Visit) error {
			r, err := s.seenRequest(v)
			if err != nil {
				return err
			}
			return s.answer(v, r)
		},
	}
}

func (s *Staff) showRequest(v *Visit, r *access.Request, f *Form) error {
	x, err := s.decision(v, r, f, s.waits(v, r))
	if err != nil {
		return err
	}
	if !f.OK() {
		return v.Again(requestView, x)
	}
	return v.Show(requestView, x)
}

// seenRequest is the request of the address, where it concerns the viewer.
func (s *Staff) seenRequest(v *Visit) (*access.Request, error) {
	r, err := s.Lent.Get(v.Context(), v.R.PathValue("id"))
	switch {
	case errors.Is(err, access.ErrNone):
		return nil, ErrNotHere
	case err != nil:
		return nil, err
	case !s.concerns(v, r):
		return nil, ErrNotHere
	}
	return r, nil
}

// waits reports whether a request waits for the viewer's answer.
func (s *Staff) waits(v *Visit, r *access.Request) bool {
	return slices.ContainsFunc(s.Lent.Waiting(v.Viewer.Person.ID), func(o *access.Request) bool { return o.ID == r.ID })
}

// concerns reports whether a request is the viewer's, or was or is for them to answer.
func (s *Staff) concerns(v *Visit, r *access.Request) bool {
	me := v.Viewer.Person.ID
	switch {
	case r.Asker == me, r.EndedBy == me, v.Viewer.Holds(people.ReviewAccess), defect.On(defect.GuessedShows):
		return true
	case slices.ContainsFunc(r.Answers, func(a access.Answer) bool { return a.By == me }):
		return true
	case s.waits(v, r):
		return true
	}
	p := s.People.Person(r.Asker)
	return p != nil && slices.ContainsFunc(r.Needs, func(need string) bool {
		return slices.Contains(s.People.Approvers(need, p, v.Now.UnixMicro()), me)
	})
}

// answer does what a button of the page says.
func (s *Staff) answer(v *Visit, r *access.Request) error {
	f := answerForm()
	f.Read(v)
	by, ctx, word := v.Viewer.Actor(), v.Context(), f.Get("word")
	var err error
	said := ""
	switch {
	case !f.OK():
	case f.Get("answer") == "approve":
		var g *access.Grant
		if g, err = s.Lent.Approve(ctx, by, r.ID, f.Get("digest"), word); g != nil {
			said = "Approved. " + s.name(r.Asker) + " has it for " + Lasting(span(g)) + "."
		} else {
			said = "Approved. Somebody else must still answer."
		}
	case f.Get("answer") == "refuse" && word == "":
		f.Fail("word", "Say in a word why not: "+s.name(r.Asker)+" is told.")
	case f.Get("answer") == "refuse":
		err = s.Lent.Refuse(ctx, by, r.ID, f.Get("digest"), word)
		said = "Refused. " + s.name(r.Asker) + " is told."
	case f.Get("answer") == "withdraw":
		err = s.Lent.Withdraw(ctx, by, r.ID)
		said = "Taken back."
	default:
		f.Fail("", "Choose one of the buttons.")
	}
	if err == nil && f.OK() {
		return v.Go(s.after(v, r), strings.TrimSpace(said))
	}
	if err != nil {
		if err := refused(f, err); err != nil {
			return err
		}
	}
	return s.showRequest(v, r, f)
}

// after an answer comes the next request, or the list.
func (s *Staff) after(v *Visit, r *access.Request) string {
	if r.Asker == v.Viewer.Person.ID {
		return "/requests/" + r.ID
	}
	return "/inbox"
}
