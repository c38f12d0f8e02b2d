package notice_test

import (
	"testing"
	"time"

	"modicum/internal/notice"
)

func TestMailLeavesWhenThePersonWishes(t *testing.T) {
	york, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	kathmandu, err := time.LoadLocation("Asia/Kathmandu") // +05:45
	if err != nil {
		t.Fatal(err)
	}
	night := &notice.Quiet{From: "22:00", To: "07:00"}
	noon := &notice.Quiet{From: "12:00", To: "13:00"}
	const none = "none"
	for _, tt := range []struct {
		name   string
		wishes notice.Wishes
		loc    *time.Location
		now    string
		want   string
	}{
		{"no wishes", notice.Wishes{}, york, "2026-11-23T07:00:00Z", "2026-11-23T07:00:00Z"},
		{"never", notice.Wishes{Pace: notice.Never}, york, "2026-11-23T07:00:00Z", none},
		{"hourly", notice.Wishes{Pace: notice.Hourly}, york, "2026-11-23T07:20:00Z", "2026-11-23T08:00:00Z"},
		{"hourly, told on the hour", notice.Wishes{Pace: notice.Hourly}, york, "2026-11-23T07:00:00Z", "2026-11-23T08:00:00Z"},
		{"hourly, by a clock of quarters", notice.Wishes{Pace: notice.Hourly}, kathmandu, "2026-11-23T07:20:00Z", "2026-11-23T08:15:00Z"},
		{"daily at eight", notice.Wishes{Pace: notice.Daily}, york, "2026-11-23T07:00:00Z", "2026-11-23T13:00:00Z"},
		{"daily, just missed", notice.Wishes{Pace: notice.Daily, Daily: "02:00"}, york, "2026-11-23T07:00:00Z", "2026-11-24T07:00:00Z"},
		{"daily over the end of summer time", notice.Wishes{Pace: notice.Daily}, york, "2026-10-31T13:00:00Z", "2026-11-01T13:00:00Z"},
		{"daily over the start of summer time", notice.Wishes{Pace: notice.Daily}, york, "2026-03-07T14:00:00Z", "2026-03-08T12:00:00Z"},
		{"daily at an hour that spring leaves out", notice.Wishes{Pace: notice.Daily, Daily: "02:30"}, york, "2026-03-08T06:00:00Z", "2026-03-08T07:30:00Z"},
		{"quiet in the evening", notice.Wishes{Quiet: night}, york, "2026-11-24T03:30:00Z", "2026-11-24T12:00:00Z"},
		{"quiet in the morning", notice.Wishes{Quiet: night}, york, "2026-11-23T10:00:00Z", "2026-11-23T12:00:00Z"},
		{"quiet ends at its minute", notice.Wishes{Quiet: night}, york, "2026-11-23T12:00:00Z", "2026-11-23T12:00:00Z"},
		{"quiet begins at its minute", notice.Wishes{Quiet: night}, york, "2026-11-24T03:00:00Z", "2026-11-24T12:00:00Z"},
		{"not quiet by day", notice.Wishes{Quiet: night}, york, "2026-11-23T17:30:00Z", "2026-11-23T17:30:00Z"},
		{"quiet within a day", notice.Wishes{Quiet: noon}, york, "2026-11-23T17:30:00Z", "2026-11-23T18:00:00Z"},
		{"hourly ends in quiet hours", notice.Wishes{Pace: notice.Hourly, Quiet: noon}, york, "2026-11-23T16:30:00Z", "2026-11-23T18:00:00Z"},
		{"daily ends in quiet hours", notice.Wishes{Pace: notice.Daily, Daily: "06:00", Quiet: night}, york, "2026-11-23T07:00:00Z", "2026-11-23T12:00:00Z"},
		{"quiet ends in an hour that autumn repeats", notice.Wishes{Quiet: &notice.Quiet{From: "23:00", To: "01:30"}}, york, "2026-11-01T06:10:00Z", "2026-11-01T06:30:00Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, tt.now)
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.wishes.Check(); err != nil {
				t.Fatal(err)
			}
			got := none
			if due, ok := tt.wishes.Due(now, false, tt.loc); ok {
				got = due.UTC().Format(time.RFC3339)
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if due, ok := tt.wishes.Due(now, true, tt.loc); !ok || !due.Equal(now) {
				t.Errorf("urgent: %v, %t", due, ok)
			}
		})
	}
}

// TestMailAlwaysLeavesLaterAndNotTooLate: at every minute around both changes of the clock.
func TestMailAlwaysLeavesLaterAndNotTooLate(t *testing.T) {
	york, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for _, day := range []string{"2026-03-07T12:00:00Z", "2026-10-31T12:00:00Z"} {
		from, _ := time.Parse(time.RFC3339, day)
		for m := range 2 * 24 * 60 {
			now := from.Add(time.Duration(m) * time.Minute)
			for _, q := range []*notice.Quiet{nil, {From: "22:00", To: "07:00"}, {From: "00:30", To: "01:30"}, {From: "01:30", To: "02:30"}} {
				for pace, most := range map[notice.Pace]time.Duration{notice.AtOnce: 10 * time.Hour, notice.Hourly: 11 * time.Hour, notice.Daily: 36 * time.Hour} {
					w := notice.Wishes{Pace: pace, Quiet: q}
					due, ok := w.Due(now, false, york)
					if !ok || due.Before(now) || due.Sub(now) > most {
						t.Fatalf("%s, quiet %v, told %s: due %s", pace, q, now.In(york), due.In(york))
					}
				}
			}
		}
	}
}
