package observe

// Because says in words why a record would not have been there.
func Because(code string) string {
	if text, ok := because[code]; ok {
		return text
	}
	return code
}

var because = map[string]string{
	"view":      "the task shows nothing of it",
	"record":    "of whom it is cannot be told, or it cannot be shown in part",
	"criteria":  "the search reads what the task does not keep",
	"structure": "only its structure would be left",
	"version":   "versions are metadata, which the task does not see",
	"find":      "more people fit than a look-up may show",
	"limit":     "a limit of the task would be used up",
}

// ClassName is what to call a class in a report for people.
func ClassName(name string) string {
	if name == unclassed {
		return "(narrative and elements that FHIR R4 does not know)"
	}
	return name
}
