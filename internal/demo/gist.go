package demo

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
)

// gist says in a few words what an element holds.
func gist(n *node) string {
	switch {
	case n == nil:
		return ""
	case n.scalar:
		return short(n.text, 64)
	}
	if words := known(n); words != "" {
		return short(words, 64)
	}
	var out []string
	for _, k := range n.kids {
		if k.name != "system" {
			out = append(out, gist(k))
		}
	}
	return short(strings.Join(out, ", "), 64)
}

// known reads the datatypes that people know by another look.
func known(n *node) string {
	switch {
	case n.kid("text") != nil && n.kid("text").scalar:
		return n.str("text")
	case n.kid("coding") != nil:
		if display := n.str("coding", "display"); display != "" {
			return display
		}
		return n.str("coding", "code")
	case n.kid("value") != nil && n.kid("unit") != nil:
		return n.str("value") + " " + n.str("unit")
	case n.kid("value") != nil && n.kid("value").scalar:
		return n.str("value")
	case n.kid("family") != nil:
		return strings.TrimSpace(list(n.kid("given")) + " " + n.str("family"))
	case n.kid("line") != nil:
		return list(n.kid("line")) + ", " + n.str("city") + ", " + n.str("state") + " " + n.str("postalCode")
	case n.kid("reference") != nil:
		return n.str("reference")
	case n.kid("start") != nil:
		return strings.TrimSuffix(n.str("start")+" to "+n.str("end"), " to ")
	case n.kid("data") != nil:
		text, err := base64.StdEncoding.DecodeString(n.str("data"))
		if err != nil || !strings.HasPrefix(n.str("contentType"), "text/plain") {
			return n.str("contentType")
		}
		return "“" + string(text) + "”"
	}
	return ""
}

// list joins the texts of an array.
func list(n *node) string {
	if n == nil {
		return ""
	}
	var out []string
	for _, k := range n.kids {
		out = append(out, k.text)
	}
	return strings.Join(out, " ")
}

// short cuts a text to a number of characters.
func short(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most-1]) + "…"
}

// labels are elements by the name that people use.
var labels = map[string]string{
	"birthDate": "Date of birth", "telecom": "Contact", "identifier": "Number", "gender": "Sex", "reasonCode": "Reason",
	"clinicalStatus": "Status", "serviceProvider": "Hospital", "subscriberId": "Insurance number", "payor": "Plan",
	"beneficiary": "Patient", "subject": "Patient", "for": "Patient", "meta": "Record metadata", "valueString": "Result", "valueQuantity": "Result",
	"effectiveDateTime": "Date", "recordedDate": "Recorded", "authoredOn": "Ordered", "medicationCodeableConcept": "Medication", "encounter": "Visit",
	"focus": "About", "use": "Use", "item": "Line item", "owner": "Given to", "context": "Context", "code": "What",
}

// identifiers by the code of their type.
var numbers = map[string]string{"MR": "Record number", "SS": "Social security number", "AN": "Account number"}

// label names an element of a record.
func label(top *node, path string) string {
	base := labels[top.name]
	switch {
	case top.name == "identifier" && numbers[top.str("type", "coding", "code")] != "":
		base = numbers[top.str("type", "coding", "code")]
	case top.name == "telecom" && top.str("system") == "phone":
		base = "Phone"
	case top.name == "telecom" && top.str("system") == "email":
		base = "E-mail"
	case base == "":
		base = words(top.name)
	}
	if path == "" {
		return base
	}
	return fmt.Sprintf("%s: %s", base, lower(words(strings.ReplaceAll(path, ".", " "))))
}

// words takes an element's name apart: clinicalStatus is Clinical status.
func words(name string) string {
	var b strings.Builder
	for i, r := range name {
		switch {
		case i == 0:
			b.WriteRune(unicode.ToUpper(r))
		case unicode.IsUpper(r):
			b.WriteRune(' ')
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
