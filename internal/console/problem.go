package console

import (
	"errors"
	"net/http"
)

// trouble is what a page of an error says: what is the matter, and what to do.
type trouble struct {
	Title, Text string
	Way         string // where to go on
	WayTitle    string
}

const problemText = `{{define "title"}}{{.Title}}{{end}}
{{define "main"}}<div class="narrow"><h1>{{.Title}}</h1>
<p class="lead">{{.Text}}</p>
{{if .Way}}<p><a class="button" href="{{.Way}}">{{.WayTitle}}</a></p>{{end}}</div>{{end}}`

var problemView = View("problem", problemText)

// problemOf turns an error into what its page says. No text of an error reaches it.
func problemOf(err error) (int, trouble) {
	home := func(title, text string) trouble { return trouble{title, text, "/", "Home"} }
	switch {
	case errors.Is(err, ErrNotHere):
		return http.StatusNotFound, home("There is nothing here", "It is not there, or it does not concern you: the two look alike on purpose. What concerns you is on your home page.")
	case errors.Is(err, ErrNoPage):
		return http.StatusNotFound, home("There is nothing here", "It is not there, or it does not concern you: the two look alike on purpose. What concerns you is on your home page.")
	case errors.Is(err, ErrMayNot):
		return http.StatusForbidden, home("This page is not part of your duties", "Whoever looks after people in your organization can say who holds the duty that it needs. Nothing was changed.")
	case errors.Is(err, errMethod):
		return http.StatusMethodNotAllowed, home("This page does not take that", "It can be looked at, or its own form can be sent. Nothing was changed.")
	case errors.Is(err, errForm):
		return http.StatusBadRequest, home("The form could not be read", "It was too long, or was cut off on its way. Nothing was changed: go back and send it again.")
	case errors.Is(err, errGone):
		return http.StatusGone, home("This form is no longer kept", "A form is kept for ten minutes while you prove who you are. Nothing was changed: please fill it in again.")
	}
	return http.StatusInternalServerError, home("Something went wrong here", "Nothing was changed, unless the page that you came from says so. It is written down for those who run the system; try again in a minute.")
}
