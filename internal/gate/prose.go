package gate

import (
	"strings"

	"modicum/internal/problem"
)

// reasons spells the codes by which the record says why a request was refused.
var reasons = map[string]string{
	"no-role":           "whoever asked held no role that the policy knows",
	"roles-in-conflict": "whoever asked held two roles that exclude each other, so neither counted",
	"unknown-task":      "none of their roles has the task",
	"unknown-purpose":   "none of their tasks has the purpose, or nobody knows it",
	"purpose-unstated":  "no task was named, and their tasks have several purposes",
	"purposes-differ":   "the task has different purposes in two of their roles",
	"no-verb":           "no line of the task does this",
	"caller-facts":      "lines of the task do this, but what they ask of the person, such as a shift, was not known to hold",
	"shows-nothing":     "no line of the task shows anything of such a record",
	"never-kept":        "a criterion reads what no line keeps",
	"cannot-meet":       "the door cannot keep an obligation of the task",
	"too-many-lines":    "more lines than one request may count: name a task",
	"limit-requests":    "the task's limit of requests was used up",
	"delegation":        "a program acted for a person; that is not available",
}

// Prose spells a code by which the record says why a request was refused; false for one
// that nobody spelt, and for what is none: the id of a line or restriction.
func Prose(code string) (text string, spelt bool) {
	if text, ok := reasons[code]; ok {
		return text, true
	}
	for _, p := range problem.All() {
		if p.Slug() == code {
			return "the answer said: " + p.Error(), true
		}
	}
	return code, false
}

// withheld spells why a record was not shown.
var withheld = map[string]string{
	"view":      "no line of the task shows anything of it",
	"criteria":  "the search reads what the task does not show of it",
	"scope":     "the scopes of the token do not cover it",
	"record":    "it is not certain whose record it is, or it cannot be judged",
	"content":   "the task does not show what such a document holds",
	"reference": "it was looked at only since another record refers to it",
	"current":   "the record as it is now does not show",
	"page":      "it lies beyond the page, or nothing of it was left to show",
}

// Withheld spells why a verdict of the record withheld something; the word itself where
// nobody spelt it.
func Withheld(because string) string {
	if text, ok := withheld[because]; ok {
		return text
	}
	return strings.ReplaceAll(because, "-", " ")
}
