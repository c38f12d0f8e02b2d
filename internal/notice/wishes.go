package notice

import (
	"errors"
	"fmt"
	"time"
	_ "time/tzdata" // zones of people must not depend on what is installed beside us
)

// Pace is how often a person wants mail.
type Pace string

// The paces. The zero Pace is AtOnce.
const (
	AtOnce Pace = "at-once"
	Hourly Pace = "hourly" // one mail for what was told in an hour of the clock
	Daily  Pace = "daily"  // one mail a day
	Never  Pace = "never"  // the inbox alone; urgent mail comes all the same
)

// Wishes are how a person wants to be told. The zero value is mail at once, at any
// hour. Urgent notices follow none of them.
type Wishes struct {
	Pace  Pace   `json:"pace,omitempty"`
	Daily string `json:"daily,omitempty"` // HH:MM of the daily mail; "" is 08:00
	Quiet *Quiet `json:"quiet,omitempty"` // nil: no quiet hours
	Zone  string `json:"zone,omitempty"`  // IANA name; "" is the person's in the directory, else the organization's
}

// Quiet are hours without mail, from HH:MM to HH:MM of the person's clock, over
// midnight where from is later than to.
type Quiet struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// ErrWishes: wishes that cannot be kept.
var ErrWishes = errors.New("these wishes cannot be kept")

// Problems says everything that is wrong with the wishes, by pace, daily, quiet and
// zone, in words for the person who wrote them.
func (w Wishes) Problems() map[string]string {
	out := map[string]string{}
	switch w.Pace {
	case "", AtOnce, Hourly, Daily, Never:
	default:
		out["pace"] = "Mail comes at-once, hourly, daily or never."
	}
	if _, ok := minutes(w.Daily); w.Daily != "" && !ok {
		out["daily"] = "Write the hour of the daily mail like 08:00."
	}
	if w.Quiet != nil {
		from, ok1 := minutes(w.Quiet.From)
		to, ok2 := minutes(w.Quiet.To)
		switch {
		case !ok1 || !ok2:
			out["quiet"] = "Write when quiet hours begin and end, like 22:00 and 07:00."
		case from == to:
			out["quiet"] = "Quiet hours begin and end at different times. For no mail at all choose never."
		}
	}
	if _, err := zone(w.Zone); err != nil {
		out["zone"] = "Write a time zone by its name, such as America/New_York."
	}
	return out
}

// Check is Problems as one error.
func (w Wishes) Check() error {
	var errs []error
	for _, text := range w.Problems() {
		errs = append(errs, fmt.Errorf("%w: %s", ErrWishes, text))
	}
	return errors.Join(errs...)
}

// zone is a zone by its name; "Local" would be the server's, which is nobody's.
func zone(name string) (*time.Location, error) {
	if name == "Local" {
		return nil, ErrWishes
	}
	return time.LoadLocation(name)
}

// minutes reads HH:MM as minutes since midnight.
func minutes(s string) (int, bool) {
	t, err := time.Parse("15:04", s)
	return t.Hour()*60 + t.Minute(), err == nil && len(s) == 5
}

// due is when mail told at now may leave; false when none may. A wish that cannot be
// read, which Check would have refused, delays nothing.
func (w Wishes) due(now time.Time, urgent bool, loc *time.Location) (time.Time, bool) {
	if urgent {
		return now, true
	}
	at := now
	switch w.Pace {
	case Never:
		return time.Time{}, false
	case Hourly:
		at = nextHour(now, loc)
	case Daily:
		at = nextTime(now, w.Daily, loc)
	}
	return w.Quiet.after(at, loc), true
}

// nextHour is the next full hour of a clock in loc. It counts seconds, so that an
// hour that the clock repeats in autumn passes twice.
func nextHour(now time.Time, loc *time.Location) time.Time {
	_, offset := now.In(loc).Zone()
	local := now.Unix() + int64(offset)
	return time.Unix(local-local%3600+3600-int64(offset), 0)
}

// nextTime is when a clock in loc next shows HH:MM.
func nextTime(now time.Time, hhmm string, loc *time.Location) time.Time {
	m, ok := minutes(hhmm)
	if !ok {
		m = 8 * 60
	}
	y, mo, d := now.In(loc).Date()
	for day := d; ; day++ {
		t := time.Date(y, mo, day, m/60, m%60, 0, 0, loc)
		if t.Hour()*60+t.Minute() < m {
			t = t.Add(time.Hour) // spring leaves it out
		}
		if t.After(now) {
			return t
		}
		// What autumn repeats comes twice.
		if again := t.Add(time.Hour); again.After(now) && again.Hour() == t.Hour() {
			return again
		}
	}
}

// after is t, or the end of the quiet hours in which it lies.
func (q *Quiet) after(t time.Time, loc *time.Location) time.Time {
	if q == nil {
		return t
	}
	from, ok1 := minutes(q.From)
	to, ok2 := minutes(q.To)
	local := t.In(loc)
	m := local.Hour()*60 + local.Minute()
	quiet := from <= m && m < to
	if from > to {
		quiet = m >= from || m < to
	}
	if !ok1 || !ok2 || !quiet {
		return t
	}
	return nextTime(t, q.To, loc)
}
