package console

import (
	_ "embed"
	"net/http"

	"modicum/internal/notice"
)

//go:embed page_wishes.html
var wishesText string

var wishesView = View("wishes", wishesText)

type wishesShown struct{ Form *Form }

// wishesPage is how somebody wants to be told by mail. The inbox has everything at once.
func (s *Staff) wishesPage() Page {
	return Page{Path: "/settings/notices",
		Get: func(v *Visit) error {
			return v.Show(wishesView, wishesShown{wishesForm(s.Bell.Wishes(v.Viewer.Person.ID))})
		},
		Post: func(v *Visit) error {
			f := wishesForm(notice.Wishes{})
			w := readWishes(f, v)
			if !f.OK() {
				return v.ShowStatus(http.StatusUnprocessableEntity, wishesView, wishesShown{f})
			}
			if err := s.Bell.SetWishes(v.Context(), v.Viewer.Person.ID, w); err != nil {
				return err
			}
			return v.Go("/settings/notices", "Saved. It counts from the next notice on.")
		},
	}
}

func wishesForm(w notice.Wishes) *Form {
	pace := &Field{Name: "pace", Label: "How often", Kind: Radios, Need: true, Options: []Option{
		{Value: string(notice.AtOnce), Label: "At once"},
		{Value: string(notice.Hourly), Label: "Once an hour", Hint: "One mail for all of the hour."},
		{Value: string(notice.Daily), Label: "Once a day"},
		{Value: string(notice.Never), Label: "Never", Hint: "Your notices here have everything."},
	}}
	for i := range pace.Options {
		o := &pace.Options[i]
		o.Chosen = o.Value == string(w.Pace) || w.Pace == "" && o.Value == string(notice.AtOnce)
	}
	quiet := w.Quiet
	if quiet == nil {
		quiet = &notice.Quiet{}
	}
	return &Form{Submit: "Save", Fields: []*Field{pace,
		{Name: "daily", Label: "Hour of the daily mail", Hint: "Such as 08:00. Left empty, it is 08:00.", Kind: Line, Value: w.Daily, Max: 5, Narrow: true},
		{Name: "from", Label: "Quiet from", Hint: "Such as 22:00. Leave both empty for no quiet hours.", Kind: Line, Value: quiet.From, Max: 5, Narrow: true},
		{Name: "quiet", Label: "Quiet until", Hint: "Such as 07:00. What came in between is sent then, as one mail.", Kind: Line, Value: quiet.To, Max: 5, Narrow: true},
		{Name: "zone", Label: "Your time zone", Hint: "By its name, such as America/New_York. Left empty, it is the one that the directory has for you.", Kind: Line, Value: w.Zone, Max: 64},
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
