package fhir

import (
	"strconv"
	"strings"
)

// acceptsJSON reports whether an Accept header, all its lines joined, allows
// FHIR JSON. It need not stand first: the HAPI client lists XML before it. What
// it says of other formats does not matter, since there is no other (FC46).
func acceptsJSON(lines []string) bool {
	if len(lines) == 0 {
		return true
	}
	seen := false
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			t, rest, _ := strings.Cut(item, ";")
			t = strings.ToLower(strings.TrimSpace(t))
			if t == "" {
				continue
			}
			seen = true
			switch t {
			case "application/fhir+json", "application/json", "text/json", "application/json+fhir", "application/*", "*/*":
				if weight(rest) > 0 {
					return true
				}
			}
		}
	}
	return !seen
}

// weight returns the q of a media range's parameters, 1 where none is readable.
func weight(params string) float64 {
	for p := range strings.SplitSeq(params, ";") {
		name, v, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(name), "q") {
			if q, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil {
				return q
			}
		}
	}
	return 1
}

// formatIsJSON reads the value of _format.
func formatIsJSON(v string) bool {
	t, _, _ := strings.Cut(v, ";")
	switch strings.ToLower(strings.TrimSpace(t)) {
	case "json", "application/json", "application/fhir+json", "application/json+fhir", "text/json",
		"application/fhir json": // a "+" that the client did not escape
		return true
	}
	return false
}
