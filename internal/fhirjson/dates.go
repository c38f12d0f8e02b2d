package fhirjson

import (
	"encoding/binary"
	"time"
)

// parseDate reads a FHIR date, dateTime or instant as the interval that it names:
// a year, a month, a day, or a second. Without a time zone it is of the calendar of
// zone.
func parseDate(b []byte, zone *time.Location) (Span, bool) {
	if len(b) >= len("2006-01-02T15:04:05Z") {
		if year, month, day, seconds, ok := clock(b); ok {
			return moment(b[fraction(b, 19):], year, month, day, seconds)
		}
	}
	year, ok := numeral(b, 0, 4)
	if !ok || year == 0 {
		return Span{}, false
	}
	if len(b) == 4 {
		return span(year, 1, 1, zone, 1, 0, 0), true
	}
	month, ok := numeral(b, 5, 2)
	if !ok || b[4] != '-' || month < 1 || month > 12 {
		return Span{}, false
	}
	if len(b) == 7 {
		return span(year, month, 1, zone, 0, 1, 0), true
	}
	day, ok := numeral(b, 8, 2)
	if !ok || b[7] != '-' || day < 1 || day > daysIn(year, month) {
		return Span{}, false
	}
	if len(b) == 10 {
		return span(year, month, day, zone, 0, 0, 1), true
	}
	return parseMoment(b, year, month, day)
}

func span(year, month, day int, zone *time.Location, years, months, days int) Span {
	return Span{
		From:  time.Date(year, time.Month(month), day, 0, 0, 0, 0, zone),
		Until: time.Date(year+years, time.Month(month+months), day+days, 0, 0, 0, 0, zone),
	}
}

// days returns the days from 1 January 1970 to a day of our calendar, as time.Date counts
// them but without its general case: there is one such day in nearly every record. Years
// begin in March here, so that a leap day is the last of its year.
func days(year, month, day int) int64 {
	y, m := year, month-3
	if m < 0 {
		y, m = y-1, m+12
	}
	return int64(y*365 + y/4 - y/100 + y/400 + (m*153+2)/5 + day - 1 - 719468)
}

// daysIn returns how many days a month has: a day that is none must not become one of
// the month after, in which the record would lie.
func daysIn(year, month int) int {
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		return 29
	}
	return [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
}

// parseMoment reads Thh:mm[:ss[.fraction]] and the offset, which FHIR demands.
func parseMoment(b []byte, year, month, day int) (Span, bool) {
	hour, ok1 := numeral(b, 11, 2)
	minute, ok2 := numeral(b, 14, 2)
	if !ok1 || !ok2 || b[10] != 'T' || b[13] != ':' || hour > 23 || minute > 59 {
		return Span{}, false
	}
	i, second := 16, 0
	if i < len(b) && b[i] == ':' {
		var ok bool
		if second, ok = numeral(b, 17, 2); !ok || second > 60 {
			return Span{}, false
		}
		i = fraction(b, 19)
	}
	return moment(b[i:], year, month, day, hour*3600+minute*60+second)
}

// clock reads YYYY-MM-DDThh:mm:ss at the beginning of b, sixteen bytes at once; there is
// one in nearly every record. Where it is not just that, all is looked at in turn.
func clock(b []byte) (year, month, day, seconds int, ok bool) {
	x := binary.LittleEndian.Uint64(b) ^ 0x2d30302d30303030     // "0000-00-"
	y := binary.LittleEndian.Uint64(b[8:]) ^ 0x30303a3030543030 // "00T00:00"
	const six, ten = ones * 6, ones * 0xf0                      // a digit is below ten with six more
	p, q := b[17]-'0', b[18]-'0'
	if (x|(x+six)|y|(y+six))&ten != 0 || x&0xff0000ff00000000 != 0 || y&0xff0000ff0000 != 0 || b[16] != ':' || p > 9 || q > 9 {
		return 0, 0, 0, 0, false
	}
	at := func(w uint64, k int) int { return int(w >> (8 * k) & 0xff) }
	year = at(x, 0)*1000 + at(x, 1)*100 + at(x, 2)*10 + at(x, 3)
	month, day = at(x, 5)*10+at(x, 6), at(y, 0)*10+at(y, 1)
	hour, minute, second := at(y, 3)*10+at(y, 4), at(y, 6)*10+at(y, 7), int(p)*10+int(q)
	ok = year > 0 && month > 0 && month <= 12 && day > 0 && hour < 24 && minute < 60 && second <= 60
	return year, month, day, hour*3600 + minute*60 + second, ok && day <= daysIn(year, month)
}

// fraction returns the offset behind a fraction of a second that may stand at b[i].
func fraction(b []byte, i int) int {
	if i < len(b) && b[i] == '.' {
		return digits(b, i+1)
	}
	return i
}

// moment is the second of a day that an offset follows.
func moment(rest []byte, year, month, day, seconds int) (Span, bool) {
	offset, ok := zoneOffset(rest)
	if !ok {
		return Span{}, false
	}
	from := days(year, month, day)*86400 + int64(seconds) - int64(offset/time.Second)
	return Span{From: time.Unix(from, 0).UTC(), Until: time.Unix(from+1, 0).UTC()}, true
}

func zoneOffset(b []byte) (time.Duration, bool) {
	if len(b) == 1 && b[0] == 'Z' {
		return 0, true
	}
	hour, ok1 := numeral(b, 1, 2)
	minute, ok2 := numeral(b, 4, 2)
	if !ok1 || !ok2 || len(b) != 6 || b[3] != ':' || b[0] != '+' && b[0] != '-' || hour > 14 || minute > 59 {
		return 0, false
	}
	d := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute
	if b[0] == '-' {
		d = -d
	}
	return d, true
}

// numeral reads n digits at b[i:].
func numeral(b []byte, i, n int) (v int, ok bool) {
	if i+n > len(b) {
		return 0, false
	}
	for _, c := range b[i : i+n] {
		if c-'0' >= 10 {
			return 0, false
		}
		v = v*10 + int(c-'0')
	}
	return v, true
}
