package scim

import (
	"errors"
	"net/http"

	"modicum/internal/people"
)

// problem is an error as a client sees it, RFC 7644 section 3.12. No text of a request
// stands in it.
type problem struct {
	status int
	kind   string // scimType, "" for none
	detail string
}

func (p *problem) Error() string { return p.detail }

func bad(kind, detail string) error { return &problem{http.StatusBadRequest, kind, detail} }

// The kinds of RFC 7644 table 9 that are used.
const (
	invalidFilter = "invalidFilter"
	tooMany       = "tooMany"
	uniqueness    = "uniqueness"
	mutability    = "mutability"
	invalidSyntax = "invalidSyntax"
	invalidPath   = "invalidPath"
	noTarget      = "noTarget"
	invalidValue  = "invalidValue"
)

var (
	errNotFound = &problem{http.StatusNotFound, "", "There is no such resource."}
	errChanged  = &problem{http.StatusPreconditionFailed, "", "The resource was changed meanwhile: read it again."}
	errLater    = &problem{http.StatusServiceUnavailable, "", "Nothing was changed: it could not be kept and recorded. Try again later."}
)

// problemOf is what a client is told about an error.
func problemOf(err error) *problem {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	var wrong people.Problems
	if errors.As(err, &wrong) {
		detail := ""
		for _, w := range wrong {
			if detail != "" {
				detail += "; "
			}
			detail += attributeOf(w.Field) + " " + w.Say
		}
		return &problem{http.StatusBadRequest, invalidValue, detail + "."}
	}
	var no *people.Refusal
	if errors.As(err, &no) {
		return refusal(no)
	}
	return errLater
}

func refusal(no *people.Refusal) *problem {
	switch {
	case errors.Is(no, people.ErrNobody):
		return errNotFound
	case errors.Is(no, people.ErrChanged):
		return errChanged
	case errors.Is(no, people.ErrTaken):
		return &problem{http.StatusConflict, uniqueness, "Refused: " + no.Say + "."}
	case errors.Is(no, people.ErrTime):
		return errLater
	}
	return &problem{http.StatusForbidden, "", "Refused: " + no.Say + "."}
}

// attributeOf names a field of the directory as SCIM does.
func attributeOf(field string) string {
	names := map[string]string{
		"id": "id", "user_name": "userName", "mail": "emails", "mails": "emails", "name": "displayName", "external": "externalId",
		"given": "name.givenName", "family": "name.familyName", "display": "displayName", "facility": "organization",
	}
	if n := names[field]; n != "" {
		return n
	}
	return field
}
