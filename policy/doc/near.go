package doc

import (
	"fmt"
	"slices"
	"strings"
)

// nearest returns the word of among that is written most like word, or "" if
// none is near: a third of its letters or more would have to change. Of equals
// the first wins.
func nearest(word string, among []string) string {
	best, near := "", min(len(word), longWord)/3+1
	for _, w := range among {
		if d := distance(strings.ToLower(word), w, near); d < near {
			best, near = w, d
		}
	}
	return best
}

// longWord is where words are cut before they are compared, in bytes.
const longWord = 64

// distance is the number of letters to insert, delete, replace or swap with
// their neighbour to turn a into b (optimal string alignment), or limit if it is
// not below it. Both are cut to longWord.
func distance(a, b string, limit int) int {
	const most = longWord
	a, b = a[:min(len(a), most)], b[:min(len(b), most)]
	if d := len(a) - len(b); d >= limit || -d >= limit {
		return limit
	}
	var rows [3][most + 1]int
	before, last, now := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := range len(a) {
		now[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			now[j+1] = min(last[j+1]+1, now[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				now[j+1] = min(now[j+1], before[j-1]+1)
			}
		}
		before, last, now = last, now, before
	}
	return min(last[len(b)], limit)
}

// didYouMean is a hint that names the nearest word, or lists them if they are few.
func didYouMean(word string, among []string) string {
	if n := nearest(word, among); n != "" {
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
