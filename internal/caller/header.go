package caller

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"modicum/internal/problem"
)

// Stated is what a request says about itself in headers.
type Stated struct {
	Task    string // Modicum-Task: TASK or ROLE/TASK
	Purpose string // Modicum-Purpose: a purpose of the organization or an HL7 code
	Reason  string // Modicum-Reason, decoded; written by a person: never log it
	Ask     string // Modicum-Ask: a data class
}

// The headers that a client may send.
const (
	TaskHeader    = "Modicum-Task"
	PurposeHeader = "Modicum-Purpose"
	ReasonHeader  = "Modicum-Reason"
	AskHeader     = "Modicum-Ask"
)

// maxReason is the most characters of a reason.
const maxReason = 1000

// ReadHeaders reads the Modicum headers of a request. Every other header whose
// name begins with "modicum", dashes and underscores being equal (FC50), is
// refused, and so is one that comes twice: silence about a misspelt header would
// decide for another task than the one meant. The error is problem.Header.
func ReadHeaders(h http.Header) (Stated, error) {
	var s Stated
	for name, values := range h {
		if !ours(name) {
			continue
		}
		into, ok := s.field(name)
		if !ok || len(values) != 1 {
			return Stated{}, fmt.Errorf("unknown or repeated: %w", problem.Header)
		}
		if *into, ok = readHeader(name, values[0]); !ok {
			return Stated{}, fmt.Errorf("%s: %w", name, problem.Header)
		}
	}
	return s, nil
}

// ours reports whether a header's name begins like one of ours. What follows in another
// spelling, an underscore for a dash, is none that we know.
func ours(name string) bool {
	const begin = "modicum"
	return len(name) >= len(begin) && strings.EqualFold(name[:len(begin)], begin)
}

func (s *Stated) field(name string) (*string, bool) {
	switch name {
	case TaskHeader:
		return &s.Task, true
	case PurposeHeader:
		return &s.Purpose, true
	case ReasonHeader:
		return &s.Reason, true
	case AskHeader:
		return &s.Ask, true
	}
	return nil, false
}

func readHeader(name, v string) (string, bool) {
	if name == ReasonHeader {
		return readReason(v)
	}
	ok := v != "" && len(v) <= 128
	for _, c := range []byte(v) {
		lower := c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-'
		switch name {
		case TaskHeader:
			ok = ok && (lower || c == '/')
		case PurposeHeader:
			ok = ok && (lower || c >= 'A' && c <= 'Z' || c == '_')
		case AskHeader:
			ok = ok && (lower || c == '.')
		}
	}
	return v, ok && strings.Count(v, "/") <= 1 && !strings.HasPrefix(v, "/") && !strings.HasSuffix(v, "/")
}

// readReason decodes UTF-8 that is percent-encoded; letters that a reader does
// not see could make one reason look like another, so they are refused.
func readReason(v string) (string, bool) {
	for _, c := range []byte(v) {
		if c < 0x20 || c > 0x7e {
			return "", false
		}
	}
	s, err := url.PathUnescape(v)
	if err != nil || !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxReason || strings.TrimSpace(s) == "" {
		return "", false
	}
	for _, r := range s {
		if !unicode.IsGraphic(r) {
			return "", false
		}
	}
	return s, true
}
