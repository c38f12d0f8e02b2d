package console

import (
	"cmp"
	_ "embed"
	"net/http"

	"modicum/internal/notice"
)

//go:embed page_wishes.html
var wishesText string

var wishesView = View("wishes", wishesText)

type wishesShown struct {
	Form *Form
	Zone string // whose clock the hours are read by
	Now  string // on that clock
}

// Row are some fields of the form.
func (w wishesShown) Row(names ...string) (out []*Field) {
	for _, name := range names {
		out = append(out, w.Form.Field(name))
	}
	return out
}

// wishesPage is how somebody wants to be told by mail. The inbox has everything at once.
func (s *Staff) wishesPage() Page {
	return Page{Path: "/settings/notices",
		Get: func(v *Visit) error {
			return v.Show(wishesView, s.wishes(v, wishesForm(s.Bell.Wishes(v.Viewer.Person.ID))))
		},
		Post: func(v *Visit) error {
			f := wishesForm(notice.Wishes{})
			w := readWishes(f, v)
			if !f.OK() {
				return v.ShowStatus(http.StatusUnprocessableEntity, wishesView, s.wishes(v, f))
			}
			if err := s.Bell.SetWishes(v.Context(), v.Viewer.Person.ID, w); err != nil {
				return err
			}
			return v.Go("/settings/notices", "Saved. It counts from the next notice on.")
		},
	}
}

// wishes says by which clock hours are read: an hour of a zone that nobody names means another.
func (s *Staff) wishes(v *Visit, f *Form) wishesShown {
	zone := s.Bell.Zone(v.Viewer.Person.ID)
	return wishesShown{f, zone.String(), v.Now.In(zone).Format("15:04")}
}

// zones are those of the United States: what most people here write.
var zones = []string{
	"America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu",
	"America/Puerto_Rico", "Pacific/Guam", "Pacific/Pago_Pago",
}

func wishesForm(w notice.Wishes) *Form {
	pace := &Field{Name: "pace", Label: "How often", Kind: Radios, Need: true, Value: cmp.Or(string(w.Pace), string(notice.AtOnce)), Options: []Option{
		{Value: string(notice.AtOnce), Label: "At once"},
		{Value: string(notice.Hourly), Label: "Once an hour", Hint: "One mail for all of the hour."},
		{Value: string(notice.Daily), Label: "Once a day"},
		{Value: string(notice.Never), Label: "Never", Hint: "Your notices here have everything."},
	}}
	pace.choose()
	quiet := w.Quiet
	if quiet == nil {
		quiet = &notice.Quiet{}
	}
	return &Form{Submit: "Save", Fields: []*Field{pace,
		{Name: "daily", Label: "The daily mail comes at", Kind: Clock, Value: cmp.Or(w.Daily, "08:00"), Max: 5, Either: true, Narrow: true},
		{Name: "from", Label: "From", Kind: Clock, Value: quiet.From, Max: 5, Either: true, Narrow: true},
		{Name: "quiet", Label: "Until", Kind: Clock, Value: quiet.To, Max: 5, Either: true, Narrow: true},
		{Name: "zone", Label: "Time zone", Hint: "Left empty, it is the one in your entry here.", Kind: Line, Value: w.Zone, Max: 64, Suggest: zones},
	}}
}

// readWishes reads the form and says what is wrong with it, at its field.
func readWishes(f *Form, v *Visit) notice.Wishes {
	if !f.Read(v) {
		return notice.Wishes{}
	}
	w := notice.Wishes{Pace: notice.Pace(f.Get("pace")), Daily: f.Get("daily"), Zone: f.Get("zone")}
	if f.Get("from") != "" || f.Get("quiet") != "" {
		w.Quiet = &notice.Quiet{From: f.Get("from"), To: f.Get("quiet")}
	}
	problems := w.Problems()
	for _, x := range f.Fields {
		if text := problems[x.Name]; text != "" {
			f.Fail(x.Name, text)
		}
	}
	return w
}
