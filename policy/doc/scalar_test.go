package doc

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSpans(t *testing.T) {
	for text, want := range map[string]Span{
		"15 minutes": {Clock: 15 * time.Minute},
		"4 hours":    {Clock: 4 * time.Hour},
		"1 day":      {Days: 1},
		"6 months":   {Months: 6},
	} {
		got, ok := ParseSpan(text)
		if !ok || got != want || got.String() != text {
			t.Errorf("%s: got %v %v, written %s", text, got, ok, got)
		}
		if ago, ok := ParseAgo(text + " ago"); !ok || ago != want {
			t.Errorf("%s ago: got %v %v", text, ago, ok)
		}
	}
	for _, text := range []string{"", "0 days", "-1 day", "1.5 hours", "15", "minutes", "15  minutes", "1 year", "15 minutes ", "123456 days", "١ day", "1 day ago"} {
		if _, ok := ParseSpan(text); ok {
			t.Errorf("%q was read as a duration", text)
		}
	}
	if _, ok := ParseAgo("1 day"); ok {
		t.Error("1 day is no moment")
	}
}

func TestRates(t *testing.T) {
	if r, ok := ParseRate("120 per day"); !ok || r.Count != 120 || r.Unit != "day" || r.String() != "120 per day" {
		t.Errorf("got %v %v", r, ok)
	}
	for _, text := range []string{"120 a day", "0 per day", "120 per week", "per day", "1000000000 per day"} {
		if _, ok := ParseRate(text); ok {
			t.Errorf("%q was read as a rate", text)
		}
	}
}

// TestMayExceed: what might be longer than a ceiling is.
func TestMayExceed(t *testing.T) {
	for _, tt := range []struct {
		span, ceiling string
		want          bool
	}{
		{"12 months", "12 months", false}, {"13 months", "12 months", true}, {"365 days", "12 months", false},
		{"366 days", "12 months", true}, {"1 month", "30 days", true}, {"1 month", "31 days", false},
		{"31 days", "1 month", true}, {"28 days", "1 month", false}, {"8 hours", "8 hours", false},
		{"9 hours", "8 hours", true}, {"72 hours", "3 days", false}, {"4 days", "72 hours", true}, {"3 days", "72 hours", false},
	} {
		s, _ := ParseSpan(tt.span)
		c, _ := ParseSpan(tt.ceiling)
		if got := s.mayExceed(c); got != tt.want {
			t.Errorf("%s over %s: %v, want %v", tt.span, tt.ceiling, got, tt.want)
		}
	}
}

// TestSpanOnTheCalendar: days and months are those of the calendar in the zone
// of the moment; a month never runs over into the next.
func TestSpanOnTheCalendar(t *testing.T) {
	zone, err := time.LoadLocation("America/Chicago")
	if err != nil {
		t.Skip("SKIPPED: this computer has no time zones")
	}
	at := func(text string) time.Time {
		m, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for _, tt := range []struct{ from, span, after, before string }{
		{"2026-01-31 12:00", "1 month", "2026-02-28 12:00", "2025-12-31 12:00"},
		{"2026-03-31 12:00", "1 month", "2026-04-30 12:00", "2026-02-28 12:00"},
		{"2028-02-29 12:00", "12 months", "2029-02-28 12:00", "2027-02-28 12:00"},
		{"2026-03-07 12:00", "1 day", "2026-03-08 12:00", "2026-03-06 12:00"}, // 23 hours, clocks change
		{"2026-03-07 12:00", "24 hours", "2026-03-08 13:00", "2026-03-06 12:00"},
	} {
		s, _ := ParseSpan(tt.span)
		if got := s.After(at(tt.from)); !got.Equal(at(tt.after)) {
			t.Errorf("%s after %s: %s, want %s", tt.span, tt.from, got, tt.after)
		}
		if got := s.Before(at(tt.from)); !got.Equal(at(tt.before)) {
			t.Errorf("%s before %s: %s, want %s", tt.span, tt.from, got, tt.before)
		}
	}
	if !(Span{}).Before(at("2026-01-01 00:00")).IsZero() {
		t.Error("the zero Span asks for nothing")
	}
}

// TestClosedLists holds the closed lists to their words: adding one is a change
// of the language.
func TestClosedLists(t *testing.T) {
	for _, tt := range []struct {
		g    *grammar
		want string
	}{
		{gVerb, "read search create update export"},
		{gExempt, "provider-treatment individual authorization hhs required-by-law transaction"},
		{gObligation, "record-session watermark part2-notice no-reidentification redact-text delete-after-use"},
		{gExport, "none desk workspace portal partner"},
		{gReliance, "public-official covered-entity professional researcher"},
		{gFlow, "disclosure request"},
		{gCarries, "object classes marked dates"},
		{gValueType, "text number time yes-no"},
		{gHeldBy, "people programs individuals"},
	} {
		if !slices.Equal(tt.g.words, strings.Fields(tt.want)) {
			t.Errorf("%s: %v", tt.g.what, tt.g.words)
		}
	}
	if got := strings.Join(Recipients(), " "); got != "individual representative family provider health-plan business-associate public-health court attorney law-enforcement employer school researcher oversight agency hhs" {
		t.Errorf("recipients: %s", got)
	}
}
