package console

import (
	"fmt"
	"time"
)

// When is a moment as a page shows it: short in the reader's zone, exact on hover and
// for machines. The zero When shows nothing.
type When struct {
	Text  string // 14:05, tomorrow 07:00, Nov 27, 14:05
	Title string // Friday, November 27, 2026, 14:05:09 CST
	Exact string // RFC 3339, UTC, to the microsecond
	Away  string // in 2 h 10 min, 3 days ago
}

// When spells a moment given in microseconds since 1970; 0 is none.
func (v *Visit) When(micros int64) When {
	if micros == 0 {
		return When{}
	}
	return spell(time.UnixMicro(micros), v.Now, v.zone())
}

// zone is the reader's, else the installation's.
func (v *Visit) zone() *time.Location {
	if v.Viewer != nil && v.Viewer.Zone != nil {
		return v.Viewer.Zone
	}
	return v.site.cfg.Zone
}

func spell(at, now time.Time, zone *time.Location) When {
	l := at.In(zone)
	return When{
		Text:  day(l, now.In(zone)) + l.Format("15:04"),
		Title: l.Format("Monday, January 2, 2006, 15:04:05 MST"),
		Exact: at.UTC().Format("2006-01-02T15:04:05.000000Z"),
		Away:  away(at.Sub(now)),
	}
}

// day names the day of a moment as people do; today has no name.
func day(at, now time.Time) string {
	y, m, d := now.Date()
	switch days := int(time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC).Sub(time.Date(y, m, d, 0, 0, 0, 0, time.UTC)) / (24 * time.Hour)); {
	case days == 0:
		return ""
	case days == -1:
		return "yesterday "
	case days == 1:
		return "tomorrow "
	case at.Year() == y:
		return at.Format("Jan 2, ")
	}
	return at.Format("Jan 2, 2006, ")
}

func away(d time.Duration) string {
	switch {
	case d > -time.Minute && d <= 0:
		return "just now"
	case d > 0:
		return "in " + Lasting(d)
	}
	return Lasting(-d) + " ago"
}

// Lasting spells a length as people say it, in at most two units.
func Lasting(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d < time.Minute:
		return "less than a minute"
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		if m := int(d.Minutes()) % 60; m != 0 {
			return fmt.Sprintf("%d h %d min", int(d.Hours()), m)
		}
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// Left is how much of a time is left, for a bar: 100 at its beginning, 0 at its end.
func (v *Visit) Left(from, until int64) int {
	now := v.Now.UnixMicro()
	if until <= from || now >= until {
		return 0
	}
	return int(100 * (until - max(now, from)) / (until - from))
}

// ParseWhen reads what a field of kind "moment" sends, in the reader's zone.
func (v *Visit) ParseWhen(s string) (int64, bool) {
	t, err := time.ParseInLocation("2006-01-02T15:04", s, v.zone())
	if err != nil {
		return 0, false
	}
	return t.UnixMicro(), true
}

// Moment spells a moment as a field of kind "moment" wants it.
func (v *Visit) Moment(micros int64) string {
	if micros == 0 {
		return ""
	}
	return time.UnixMicro(micros).In(v.zone()).Format("2006-01-02T15:04")
}
