package fhir

import (
	"net/http"
	"strings"
)

// condition judges If-Match and If-None-Match of a read by our own tag, which
// nothing of the upstream has a part in (FC14), and only once the record is known to
// show: before that there is nothing that a tag could be compared with. It returns
// the status that RFC 9110 section 13.2.2 asks for, 0 where the read goes on.
//
// Tags are compared weakly in both: FHIR's are weak, and its clients send them so
// (hl7.org/fhir/R4/http.html#versioning). Dates are not looked at: no answer has a
// Last-Modified, since when a record changed is metadata, and what has no date of
// change has no condition on it (RFC 9110 sections 13.1.3 and 13.1.4).
func (x *exchange) condition(tag string) int {
	if lines := x.r.Header.Values("If-Match"); len(lines) > 0 && !matches(lines, tag) {
		return http.StatusPreconditionFailed
	}
	if matches(x.r.Header.Values("If-None-Match"), tag) {
		return http.StatusNotModified
	}
	return 0
}

// matches reports whether a list of tags has ours. A star matches what the caller
// sees.
func matches(lines []string, tag string) bool {
	for _, line := range lines {
		for one := range strings.SplitSeq(line, ",") {
			one = strings.TrimSpace(one)
			if one == "*" || strings.TrimPrefix(one, "W/") == strings.TrimPrefix(tag, "W/") {
				return true
			}
		}
	}
	return false
}
