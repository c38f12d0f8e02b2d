package console

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"modicum/internal/health"
	"modicum/internal/notice"
	"modicum/internal/people"
)

//go:embed page_health.html
var healthText string

var healthView = View("health", healthText)

// System is what the pages show that are for those who run the system. They hold nothing
// of patients, and no secret. All of it must be set.
type System struct {
	Health     func(context.Context) *health.State
	EnableHook func(ctx context.Context, name, who string) error
	// Installation is the configuration in force.
	Installation func() Installation
}

// Pages are the pages of the system, in the order of the menu.
func (s *System) Pages() []Page { return []Page{s.healthPage(), s.installationPage()} }

type healthShown struct {
	*health.State
	Level     Badge
	At        When
	Troubles  []troubleShown
	Since     When // of the policy in force
	Started   When
	Doors     []doorShown
	Record    Badge
	LastEntry When
	Behind    int64 // entries that are not in the folder
	Spool     string
	SpoolFrom When
	Answered  When
	Failed    When
	Sources   *Listing
	Issuers   []issuerShown
	Outlets   []outletShown
	Form      *Form
}

type troubleShown struct {
	Badge         Badge
	Say, Do, Part string
	Since         When
}

type doorShown struct {
	Name, At string
	Badge    Badge
	Enforced string
}

type issuerShown struct {
	Issuer, Why string
	Keys        int
	Badge       Badge
	Read        When
}

type outletShown struct {
	notice.OutletState
	Title      string
	Badge      Badge
	Last, Fail When
}

// healthPage tells how each part does, and what to do where one does not.
func (s *System) healthPage() Page {
	return Page{Path: "/health", Menu: "Health", Group: Organization, Icon: "pulse", May: Duty(people.RunSystem), Fresh: freshToRun, Sends: "Switch it on again",
		Get: func(v *Visit) error { return s.showHealth(v, hookForm()) },
		Post: func(v *Visit) error {
			f := hookForm()
			if !f.Read(v) {
				return s.showHealth(v, f)
			}
			switch err := s.EnableHook(v.Context(), f.Get("hook"), v.Viewer.Person.ID); {
			case errors.Is(err, notice.ErrNoHook):
				f.Fail("", "There is no webhook of that name any more.")
				return s.showHealth(v, f)
			case err != nil:
				return err
			}
			return v.Go("/health", "It is called again. What waits for it leaves now.")
		},
	}
}

func hookForm() *Form {
	return &Form{Fields: []*Field{{Name: "hook", Label: "Webhook", Kind: Hidden, Need: true}}}
}

func (s *System) showHealth(v *Visit, f *Form) error {
	st := s.Health(v.Context())
	list, done := sourcesTable.List(v, sourceRows(st))
	if done {
		return nil
	}
	x := healthShown{
		State: st, Level: levelBadge(st.Level()), At: v.When(st.Now.UnixMicro()), Since: v.at(st.Policy.Since), Started: v.at(st.Started),
		Record: recordBadge(st), LastEntry: v.at(st.Record.Last), Behind: st.Record.Entries - st.Record.Published, Spool: spoolWords(st), SpoolFrom: v.at(st.Spool.Since),
		Answered: v.at(st.Upstream.Answered), Failed: v.at(st.Upstream.Failed), Sources: list, Form: f,
	}
	for _, t := range st.Troubles() {
		x.Troubles = append(x.Troubles, troubleShown{levelBadge(t.Level), upperFirst(t.Say), t.Do, t.Part, v.at(t.Since)})
	}
	for _, d := range st.Doors {
		x.Doors = append(x.Doors, showDoor(d))
	}
	for i := range st.Issuers {
		x.Issuers = append(x.Issuers, showIssuer(v, st, i))
	}
	for _, o := range st.Outlets {
		x.Outlets = append(x.Outlets, showOutlet(v, o))
	}
	if !f.OK() {
		return v.ShowStatus(http.StatusUnprocessableEntity, healthView, x)
	}
	return v.Show(healthView, x)
}

// at spells a moment; the zero time is none.
func (v *Visit) at(t time.Time) When {
	if t.IsZero() {
		return When{}
	}
	return v.When(t.UnixMicro())
}

func levelBadge(l health.Level) Badge {
	switch l {
	case health.Well:
		return Badge{"all is well", "keep", ""}
	case health.Degraded:
		return Badge{"needs a look", "mask", "something does not work as it should; what works is enforced"}
	case health.Emergency:
		return Badge{"emergency", "stop", "broken glasses go on, and nothing else"}
	}
	return Badge{"down", "stop", "nothing protected is answered"}
}

func recordBadge(st *health.State) Badge {
	switch r := &st.Record; {
	case r.Refusing || st.Spool.InUse:
		return Badge{"takes no entries", "stop", ""}
	case r.Unmoved || r.Behind || r.Unreadable:
		return Badge{"takes entries", "mask", "not all of it works"}
	}
	return Badge{"takes entries", "keep", ""}
}

// spoolWords says what the spool of broken glasses holds.
func spoolWords(st *health.State) string {
	room := fmt.Sprintf("%d MiB are set aside", st.Spool.Most>>20)
	switch {
	case st.Spool.InUse:
		return fmt.Sprintf("entries that are not in the record yet: %d; %s", st.Spool.Entries, room)
	case !st.Spool.Takes:
		return "takes nothing"
	}
	return "empty; " + room
}

func showDoor(d health.Door) doorShown {
	out := doorShown{Name: strings.ToUpper(d.Name), At: d.At, Badge: Badge{"enforces", "keep", ""}, Enforced: strings.Join(d.Enforced, ", ")}
	if d.Observe {
		out.Badge = Badge{"observes", "mask", "nothing is withheld; what would be is recorded"}
	}
	return out
}

func showIssuer(v *Visit, st *health.State, i int) issuerShown {
	is := &st.Issuers[i]
	out := issuerShown{Issuer: is.Issuer, Keys: is.Keys, Why: is.Error, Read: v.at(is.Loaded), Badge: Badge{"reachable", "keep", ""}}
	switch known := health.Known(is, st.Now); {
	case !known:
		out.Badge = Badge{"its tokens are refused", "stop", ""}
	case is.Error != "":
		out.Badge = Badge{"not reachable", "mask", "its keys are known from before"}
	}
	return out
}

func showOutlet(v *Visit, o notice.OutletState) outletShown {
	out := outletShown{OutletState: o, Title: "Mail", Last: v.at(o.Sent), Fail: v.at(o.Failing), Badge: Badge{"works", "keep", ""}}
	if o.Hook != "" {
		out.Title = "Webhook " + o.Hook
	}
	switch {
	case o.Disabled:
		out.Badge = Badge{"switched off", "stop", "its receiver answered 410"}
	case !o.Failing.IsZero():
		out.Badge = Badge{"does not get out", "mask", ""}
	case o.Sent.IsZero():
		out.Badge = Badge{"nothing sent yet", "", "since the start"}
	}
	return out
}

// sourceRow is a row of the table of sources.
type sourceRow struct {
	health.Source
	state Badge
	rank  int // the worst first
	age   string
	since time.Duration
}

var sourcesTable = &Table[sourceRow]{
	Name: "sources", Caption: "Sources", Sort: "state",
	Empty: "The policy names no source, so nothing rests on facts.",
	Columns: []Column[sourceRow]{
		{Key: "source", Title: "Source", Text: func(s sourceRow) string { return cmp.Or(s.Title, s.Name) }, Cell: func(s sourceRow) Cell {
			return Cell{Text: cmp.Or(s.Title, s.Name), Sub: s.Name}
		}},
		{Key: "state", Title: "State", Text: func(s sourceRow) string { return s.state.Word }, Pick: true, Cell: func(s sourceRow) Cell { return Cell{Badge: &s.state, Sub: s.Broken} },
			By: func(a, b sourceRow) int { return cmp.Compare(a.rank, b.rank) }},
		{Key: "age", Title: "Age, of at most", Text: func(s sourceRow) string { return s.age }, By: func(a, b sourceRow) int { return cmp.Compare(a.since, b.since) }},
		{Key: "facts", Title: "Facts", Right: true, Text: func(s sourceRow) string { return fmt.Sprint(s.Source.SourceState.Facts) }, By: func(a, b sourceRow) int {
			return cmp.Compare(a.SourceState.Facts, b.SourceState.Facts)
		}},
		{Key: "feeds", Title: "What rests on it", Quiet: true, Fixed: true, Text: func(s sourceRow) string {
			return strings.ReplaceAll(strings.Join(s.Feeds, ", "), "-", " ")
		}},
	},
}

func sourceRows(st *health.State) (rows []sourceRow) {
	for _, src := range st.Sources {
		row := sourceRow{Source: src, age: "never"}
		if !src.LastChange.IsZero() {
			row.since = st.Now.Sub(src.LastChange)
			row.age = Lasting(row.since) + " of " + Lasting(src.Fresh)
		}
		row.state, row.rank = sourceBadge(&src)
		rows = append(rows, row)
	}
	return rows
}

func sourceBadge(src *health.Source) (b Badge, rank int) {
	switch {
	case src.Broken != "" && (src.Stale || src.NeverWhole):
		return Badge{"broken", "stop", "its facts permit nothing"}, 0
	case src.Broken != "":
		return Badge{"cannot be read", "mask", "what it said before permits until it is too old"}, 3
	case src.NeverWhole:
		return Badge{"never read whole", "stop", "restrictions that rest on it bite"}, 1
	case src.Stale:
		return Badge{"stale", "stop", "its facts permit nothing"}, 2
	}
	return Badge{"fresh", "keep", ""}, 4
}
