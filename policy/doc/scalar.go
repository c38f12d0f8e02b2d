package doc

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"modicum/internal/nearest"
)

// grammar is how the text of a scalar is written. The reader, the formatter and
// the JSON Schema use the same one.
type grammar struct {
	what    string         // for messages: "a name"
	like    string         // an example
	pattern *regexp.Regexp // nil: any text
	words   []string       // closed list; with pattern: known words beside it
	most    int            // characters; 0: 2000
	check   func(text string) string
}

// maxText bounds one text, in characters.
const maxText = 2000

// fault says what is wrong with text and what to write instead, or "".
func (g *grammar) fault(text string) (message, hint string) {
	most := g.most
	if most == 0 {
		most = maxText
	}
	if n := len([]rune(text)); n > most {
		return fmt.Sprintf("%d letters, at most %d", n, most), "write it shorter"
	}
	for _, w := range g.words {
		if w == text {
			return "", ""
		}
	}
	switch {
	case g.pattern != nil && !g.pattern.MatchString(text):
		return fmt.Sprintf("%s is not %s", quoted(text), g.what), g.hint(text)
	case g.pattern == nil && len(g.words) > 0:
		return fmt.Sprintf("%s is not %s", quoted(text), g.what), didYouMean(text, g.words)
	case g.check != nil:
		if why := g.check(text); why != "" {
			return fmt.Sprintf("%s is not %s: %s", quoted(text), g.what, why), g.hint(text)
		}
	}
	return "", ""
}

// hint offers the same word as it would be right, or an example.
func (g *grammar) hint(text string) string {
	if g == gName || g == gClass {
		if fixed := hyphenated(text); fixed != text && g.pattern.MatchString(fixed) {
			return "write " + fixed + " instead"
		}
	}
	if n := nearest.Word(text, g.words); n != "" {
		return "did you mean " + n + "?"
	}
	if g.like == "" {
		return ""
	}
	return "write it like " + g.like
}

// hyphenated turns Some_name or "some name" into some-name.
func hyphenated(text string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r == '_' || r == ' ' || r == '/' {
			return '-'
		}
		return r
	}, strings.ToLower(text)), "-")
}

func pattern(p string) *regexp.Regexp { return regexp.MustCompile("^(?:" + p + ")$") }

const (
	namePattern = `[a-z][a-z0-9]*(-[a-z0-9]+)*`
	unitPattern = `(minutes?|hours?|days?|months?)`
	spanPattern = `[1-9][0-9]{0,4} ` + unitPattern
)

var (
	gText     = &grammar{what: "text"}
	gSay      = &grammar{what: "what staff reads", most: 300}
	gName     = &grammar{what: "a name", like: "care-relationship", pattern: pattern(namePattern), most: 64}
	gClass    = &grammar{what: "a class", like: "demographics.name", pattern: pattern(namePattern + `(\.[a-z0-9]+(-[a-z0-9]+)*)*`), most: 80}
	gCode     = &grammar{what: "a PurposeOfUse code", like: "HPAYMT", pattern: pattern(`[A-Z][A-Z0-9]{0,31}`)}
	gPurpose  = &grammar{what: "a purpose or its code", like: "treatment", pattern: pattern(namePattern + `|[A-Z][A-Z0-9]{0,31}`), most: 64}
	gStated   = &grammar{what: "a purpose or a code", like: "treatment or ETREAT", pattern: gPurpose.pattern, most: 64}
	gTaskRef  = &grammar{what: "a task", like: "give-care or nurse/give-care", pattern: pattern(namePattern + `(/` + namePattern + `)?`), most: 130}
	gToken    = &grammar{what: "the subject of a program's token", like: "adt-feed", pattern: pattern(`[!-~]{1,255}`)}
	gZone     = &grammar{what: "a time zone", like: "America/Chicago", pattern: pattern(`[A-Za-z_]+(/[A-Za-z0-9_+-]+)+|UTC`), check: zoneFault}
	gDate     = &grammar{what: "a day", like: "2026-01-31", pattern: pattern(`[0-9]{4}-[0-9]{2}-[0-9]{2}`), check: dateFault}
	gSpan     = &grammar{what: "a duration", like: "15 minutes, 4 hours, 1 day or 6 months", pattern: pattern(spanPattern)}
	gRate     = &grammar{what: "a rate", like: "120 per day", pattern: pattern(`[1-9][0-9]{0,8} per (minute|hour|day)`)}
	gCount    = &grammar{what: "a count", like: "20", pattern: pattern(`[1-9][0-9]{0,8}`)}
	gYesNo    = &grammar{what: "yes or no", words: []string{"yes", "no", "true", "false"}}
	gURL      = &grammar{what: "the address of an extension", like: "https://hospital.example/fhir/StructureDefinition/pager", pattern: pattern(`[a-z][a-z0-9+.-]*:[!-~]+`), most: 500}
	gTable    = &grammar{what: "a table", like: "billing.claim", pattern: pattern(`[^\s.]+\.[^\s.]+`), most: 130}
	gColumn   = &grammar{what: "a column", like: "claim_id", pattern: pattern(`\S+`), most: 64}
	gContract = &grammar{what: "the number of a contract", like: "BAA-2026-014", pattern: pattern(`[!-~]([ -~]*[!-~])?`), most: 80}
	gWhere    = &grammar{what: "an expression", like: "fact.kind == 'dispense'", most: 1024}
	gValue    = &grammar{what: "a value", like: "dispense or 31 days ago", most: 200}
)

// closed makes a closed list of words.
func closed(what string, words ...string) *grammar { return &grammar{what: what, words: words} }

// The closed lists of policy-language.md 2, 5 and 6.
var (
	gVerb       = closed("a verb", "read", "search", "create", "update", "export")
	gHeldBy     = closed("who can hold a role", "people", "programs", "individuals")
	gPlace      = closed("a place", "department", "facility")
	gWhole      = closed("whole-record", "whole-record")
	gExempt     = closed("an exemption of 45 CFR 164.502(b)(2)", "provider-treatment", "individual", "authorization", "hhs", "required-by-law", "transaction")
	gObligation = closed("an obligation", "record-session", "watermark", "part2-notice", "no-reidentification", "redact-text", "delete-after-use")
	gReferences = closed("a way to show references", "shown", "resolve")
	gExport     = closed("a place of export", "none", "desk", "workspace", "portal", "partner")
	gAbout      = closed("what a fact is about", "caller", "patient")
	gCarries    = closed("what a fact can carry", "object", "classes", "marked", "dates")
	gValueType  = closed("a type of value", "text", "number", "time", "yes-no")
	gOver       = closed("what happens over the ceiling", "alarm", "refuse")
	gOverdue    = closed("what happens to an overdue review", "report", "hold")
	gKey        = closed("a kind of key", "private-key-jwt", "mutual-tls")
	gFlow       = closed("a flow", "disclosure", "request")
	gReliance   = closed("a reliance of 45 CFR 164.514(d)(3)(iii)", "public-official", "covered-entity", "professional", "researcher")
	gEverything = closed("everything", "everything")
	gRecordAt   = closed("where a record lies", "department", "facility", "elsewhere")
	gTreatment  = closed("a Treatment", "omit", "mask", "token", "coarse", "last4", "keep", "ask")
	gExpected   = closed("what a case expects", "nothing", "refused")
	gChannel    = closed("a channel of delivery",
		"portal", "application-interface", "secure-email", "email-after-warning", "paper", "in-person", "voice",
		"payer-portal", "claim-attachment", "secure-file-transfer", "tracked-mail", "direct", "fhir", "document-exchange",
		"secure-fax", "agency-form", "registry", "secure-form", "sealed", "certified-copy", "secure-enclave",
		"encrypted-file", "recorded-session", "on-site")
)

// recipients are what `to` knows besides partners by name.
var recipients = []string{
	"individual", "representative", "family", "provider", "health-plan", "business-associate", "public-health",
	"court", "attorney", "law-enforcement", "employer", "school", "researcher", "oversight", "agency", "hhs",
}

// Recipients returns the kinds of recipients that `to` knows, 45 CFR 164.502 and
// 164.512. Partners are recipients too, by name.
func Recipients() []string { return append([]string(nil), recipients...) }

func zoneFault(text string) string {
	if _, err := time.LoadLocation(text); err != nil {
		return "this computer does not know it"
	}
	return ""
}

func dateFault(text string) string {
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return "there is no such day"
	}
	return ""
}

// ParseSpan reads a duration: 15 minutes, 4 hours, 1 day, 6 months.
func ParseSpan(text string) (Span, bool) {
	if !gSpan.pattern.MatchString(text) {
		return Span{}, false
	}
	number, unit, _ := strings.Cut(text, " ")
	n, err := strconv.Atoi(number)
	if err != nil {
		return Span{}, false
	}
	switch strings.TrimSuffix(unit, "s") {
	case "minute":
		return Span{Clock: time.Duration(n) * time.Minute}, true
	case "hour":
		return Span{Clock: time.Duration(n) * time.Hour}, true
	case "day":
		return Span{Days: n}, true
	}
	return Span{Months: n}, true
}

// ParseAgo reads a moment before now: 31 days ago.
func ParseAgo(text string) (Span, bool) {
	span, ok := strings.CutSuffix(text, " ago")
	if !ok {
		return Span{}, false
	}
	return ParseSpan(span)
}

// ParseRate reads a count in a unit of time: 120 per day.
func ParseRate(text string) (Rate, bool) {
	if !gRate.pattern.MatchString(text) {
		return Rate{}, false
	}
	number, unit, _ := strings.Cut(text, " per ")
	n, err := strconv.Atoi(number)
	return Rate{Count: n, Unit: unit}, err == nil
}

// String writes a span as policies do.
func (s Span) String() string {
	switch {
	case s.Months > 0:
		return plural(s.Months, "month")
	case s.Days > 0:
		return plural(s.Days, "day")
	case s.Clock >= time.Hour && s.Clock%time.Hour == 0:
		return plural(int(s.Clock/time.Hour), "hour")
	}
	return plural(int(s.Clock/time.Minute), "minute")
}

// String writes a rate as policies do.
func (r Rate) String() string { return fmt.Sprintf("%d per %s", r.Count, r.Unit) }

func plural(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

// Days of so many months in a row, at least and at most.
var (
	leastDays = [12]int{0, 28, 59, 89, 120, 150, 181, 212, 242, 273, 303, 334}
	mostDays  = [12]int{0, 31, 62, 92, 123, 153, 184, 215, 245, 276, 306, 337}
)

// mayExceed reports whether s can be longer than t. Ceilings use it: what might
// be longer, since months differ, is refused. A day counts as 24 hours.
func (s Span) mayExceed(t Span) bool {
	if s.Days == 0 && t.Days == 0 && s.Clock == 0 && t.Clock == 0 {
		return s.Months > t.Months
	}
	most := s.Months/12*366 + mostDays[s.Months%12] + s.Days
	least := t.Months/12*365 + leastDays[t.Months%12] + t.Days
	return time.Duration(most)*24*time.Hour+s.Clock > time.Duration(least)*24*time.Hour+t.Clock
}
