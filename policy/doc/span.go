package doc

import "time"

// Before returns the moment that lies s before t, in t's zone. The zero Span
// gives the zero time: it asks for nothing.
func (s Span) Before(t time.Time) time.Time {
	if s.Zero() {
		return time.Time{}
	}
	return months(t, -s.Months).AddDate(0, 0, -s.Days).Add(-s.Clock)
}

// After returns the moment that lies s after t, in t's zone.
func (s Span) After(t time.Time) time.Time {
	return months(t, s.Months).AddDate(0, 0, s.Days).Add(s.Clock)
}

// months moves t by whole months. The day is the last of the month where the
// month has no such day: a month after 31 January is 28 February, not 3 March,
// so that nothing lent for a month outlasts it.
func months(t time.Time, n int) time.Time {
	moved := t.AddDate(0, n, 0)
	if moved.Day() == t.Day() {
		return moved
	}
	return moved.AddDate(0, 0, -moved.Day())
}
