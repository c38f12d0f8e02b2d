package demo

import (
	"strings"

	"modicum/ledger"
)

// refusals are the reasons of a refused request in plain words.
var refusals = map[string]string{
	"no-role":           "this person has no role here",
	"roles-in-conflict": "this person holds two roles that exclude each other",
	"no-verb":           "the task does not read this",
	"caller-facts":      "not now: off shift, or without what the task asks of the person",
	"shows-nothing":     "no record of this kind belongs to the task",
	"limit-requests":    "too many requests for this task",
}

func refusedWords(d *ledger.Decision) string {
	for _, code := range d.Reasons {
		if words := refusals[code]; words != "" {
			return words
		}
	}
	return strings.Join(d.Reasons, ", ")
}
