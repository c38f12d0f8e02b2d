package doc

import (
	"fmt"
	"slices"
	"strings"

	"modicum/internal/nearest"
)

// didYouMean is a hint that names the nearest word, or lists them if they are few.
func didYouMean(word string, among []string) string {
	if n := nearest.Word(word, among); n != "" {
		return fmt.Sprintf("did you mean %s?", n)
	}
	if len(among) == 0 || len(among) > 24 {
		return ""
	}
	among = slices.Clone(among)
	slices.Sort(among)
	return "known: " + listed(slices.Compact(among))
}

// listed joins words for a sentence.
func listed(words []string) string { return strings.Join(words, ", ") }

// sorted returns the keys of a map in order.
func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
