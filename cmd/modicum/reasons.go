package main

import "modicum/internal/problem"

// reasons spells the codes by which the record says why a request was refused.
var reasons = map[string]string{
	"no-role":           "the caller held no role that the policy knows",
	"roles-in-conflict": "the caller held two roles that exclude each other, so neither counted",
	"unknown-task":      "no role of the caller has the task",
	"unknown-purpose":   "no task of the caller has the purpose, or nobody knows it",
	"purpose-unstated":  "no task was named, and the caller's tasks have several purposes",
	"purposes-differ":   "the task has different purposes in two of the caller's roles",
	"no-verb":           "no line of the task does this",
	"caller-facts":      "lines do this, but what was known about the caller did not suffice: look at facts",
	"shows-nothing":     "no line of the task shows anything of such a record",
	"never-kept":        "a criterion reads what no line keeps",
	"cannot-meet":       "the door cannot keep an obligation of the task",
	"too-many-lines":    "more lines than one request may count: name a task",
	"limit-requests":    "the task's limit of requests was used up",
	"delegation":        "a program acted for a person; that is not available",
}

// reasonOf spells a code of the record; a code that nobody spelt stands as it is.
func reasonOf(code string) string {
	if text, ok := reasons[code]; ok {
		return code + ": " + text
	}
	for _, p := range problem.All() {
		if p.Slug() == code {
			return code + ": the caller was told: " + p.Error()
		}
	}
	return code
}
