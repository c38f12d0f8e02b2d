package sandbox

import (
	"math"
	"strings"
	"time"
)

// span is a time with the precision that it was written with, or a period: from
// its first instant to before its last, in seconds.
type span struct{ from, until float64 }

// layouts of FHIR dates, with the length that each has at most.
var layouts = []struct {
	layout string
	next   func(time.Time) time.Time
}{
	{"2006", func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }},
	{"2006-01", func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
	{"2006-01-02", func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
	{"2006-01-02T15:04", func(t time.Time) time.Time { return t.Add(time.Minute) }},
	{"2006-01-02T15:04Z07:00", func(t time.Time) time.Time { return t.Add(time.Minute) }},
	{"2006-01-02T15:04:05", func(t time.Time) time.Time { return t.Add(time.Second) }},
	{"2006-01-02T15:04:05Z07:00", func(t time.Time) time.Time { return t.Add(time.Second) }},
}

func parseSpan(s string) (span, error) {
	s = strings.ReplaceAll(s, " ", "+") // what a form makes of an unescaped plus
	for _, l := range layouts {
		if t, err := time.Parse(l.layout, s); err == nil {
			return span{float64(t.Unix()), float64(l.next(t).Unix())}, nil
		}
	}
	return span{}, invalid
}

// spanOf reads a date, an instant or a period, whose open ends are far away.
func spanOf(v any) (span, bool) {
	switch v := v.(type) {
	case string:
		s, err := parseSpan(v)
		return s, err == nil
	case map[string]any:
		out := span{math.Inf(-1), math.Inf(1)}
		if start, ok := spanOf(v["start"]); ok {
			out.from = start.from
		}
		if end, ok := spanOf(v["end"]); ok {
			out.until = end.until
		}
		return out, v["start"] != nil || v["end"] != nil
	}
	return span{}, false
}

// meets compares a value's span with that of the search,
// hl7.org/fhir/R4/search.html#prefix.
func (a *alternative) meets(have span, ok bool) bool {
	if !ok {
		return false
	}
	inside := have.from >= a.date.from && have.until <= a.date.until
	switch a.prefix {
	case "eq":
		return inside
	case "ne":
		return !inside
	case "gt":
		return have.until > a.date.until
	case "lt":
		return have.from < a.date.from
	case "ge":
		return inside || have.until > a.date.until
	case "le":
		return inside || have.from < a.date.from
	case "sa":
		return have.from >= a.date.until
	case "eb":
		return have.until <= a.date.from
	}
	return false
}

// compares compares a number or a quantity's value.
func (a *alternative) compares(have any) bool {
	if v, ok := have.(map[string]any); ok {
		have = v["value"]
	}
	n, ok := have.(float64)
	if !ok {
		return false
	}
	switch a.prefix {
	case "eq":
		return n == a.number
	case "ne":
		return n != a.number
	case "gt", "sa":
		return n > a.number
	case "lt", "eb":
		return n < a.number
	case "ge":
		return n >= a.number
	case "le":
		return n <= a.number
	}
	return false
}
