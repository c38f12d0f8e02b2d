package fhir

import (
	"bytes"
	"encoding/json"
	"slices"
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
				if ofR4(rest) && weight(rest) > 0 {
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

// ofR4 reports whether the parameters of a media type name no other version of FHIR
// than this one (hl7.org/fhir/R4/http.html#version-parameter).
func ofR4(params string) bool {
	for p := range strings.SplitSeq(params, ";") {
		name, v, _ := strings.Cut(p, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "fhirVersion") {
			continue
		}
		if v = strings.Trim(strings.TrimSpace(v), `"`); v != "4.0" && v != "4.0.1" {
			return false
		}
	}
	return true
}

// accepts reports whether the answer may be FHIR JSON: Accept allows it, or _format
// asks for it, which counts more (hl7.org/fhir/R4/http.html#parameters): a browser's
// Accept is not what its user means.
func (x *exchange) accepts() bool {
	if acceptsJSON(x.r.Header.Values("Accept")) {
		return true
	}
	pairs, err := x.query()
	return err == nil && slices.ContainsFunc(pairs, func(p pair) bool { return p.name == "_format" && formatIsJSON(p.value) })
}

// formatIsJSON reads the value of _format.
func formatIsJSON(v string) bool {
	t, params, _ := strings.Cut(v, ";")
	switch strings.ToLower(strings.TrimSpace(t)) {
	case "json", "application/json", "application/fhir+json", "application/json+fhir", "text/json",
		"application/fhir json": // a "+" that the client did not escape
		return ofR4(params)
	}
	return false
}

// spaced is an answer laid out for a person, who asked for it by _pretty. Tokens stay as
// they are spelt (N7). A page that is sent record by record is not laid out.
func spaced(body []byte) []byte {
	var b bytes.Buffer
	if json.Indent(&b, body, "", "  ") != nil {
		return body
	}
	b.WriteByte('\n')
	return b.Bytes()
}
