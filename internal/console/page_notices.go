package console

import (
	_ "embed"
	"errors"

	"modicum/internal/notice"
)

//go:embed page_notices.html
var noticesText string

var noticesView = View("notices", noticesText)

type noticeShown struct {
	ID, Title, Text, Path string
	At                    When
	Settled               bool
	Unsent                bool // mail of it was refused, or nobody took it
}

type noticesShown struct{ New, Old []noticeShown }

const mostNotices = 50

// noticesPage is what somebody was told. Looking at it marks nothing as seen: a press
// of a button does.
func (s *Staff) noticesPage() Page {
	return Page{Path: "/notices",
		Get: func(v *Visit) error {
			me := v.Viewer.Person.ID
			old, err := s.Bell.History(v.Context(), me, "", mostNotices)
			if err != nil {
				return err
			}
			return v.Show(noticesView, noticesShown{notices(v, s.Bell.Inbox(me, "", mostNotices)), notices(v, old)})
		},
		Post: func(v *Visit) error {
			err := s.Bell.Seen(v.Context(), v.Viewer.Person.ID, v.R.PostForm["id"]...)
			switch {
			case errors.Is(err, notice.ErrNoNotice):
				return ErrNotHere
			case err != nil:
				return err
			}
			return v.Go("/notices", "Marked as seen.")
		},
	}
}

func notices(v *Visit, items []notice.Item) (out []noticeShown) {
	for _, i := range items {
		out = append(out, noticeShown{i.ID, i.Title, i.Text, i.Path, v.When(i.At), !i.Settled.IsZero(), i.Mail == notice.Failed})
	}
	return out
}
