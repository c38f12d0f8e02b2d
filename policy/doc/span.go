package doc

import "time"

// Before returns the moment that lies s before t, in t's zone. The zero Span
// gives the zero time: it asks for nothing.
func (s Span) Before(t time.Time) time.Time {
	if s.Zero() {
		return time.Time{}
	}
	return t.AddDate(0, -s.Months, -s.Days).Add(-s.Clock)
}

// After returns the moment that lies s after t, in t's zone.
func (s Span) After(t time.Time) time.Time {
	return t.AddDate(0, s.Months, s.Days).Add(s.Clock)
}
