// Package nearest finds the word that was meant, for error messages that say
// what to write instead.
package nearest

import "strings"

// Word returns the word of among that is written most like word, or "" if none
// is near: a third of its letters or more would have to change. Case does not
// count; of equals the first in the alphabet wins, so that the order of among
// does not matter.
func Word(word string, among []string) string {
	best, near := "", min(len(word), long)/3+1
	word = strings.ToLower(word)
	for _, w := range among {
		d := distance(word, strings.ToLower(w), near+1)
		if d < near || d == near && best != "" && w < best {
			best, near = w, d
		}
	}
	return best
}

// long is where words are cut before they are compared, in bytes: what a message
// quotes is shorter, and what a caller sends may be huge.
const long = 64

// distance is the number of letters to insert, delete, replace or swap with
// their neighbour to turn a into b (optimal string alignment), or limit if it is
// not below it. Both are cut to long bytes.
func distance(a, b string, limit int) int {
	a, b = a[:min(len(a), long)], b[:min(len(b), long)]
	if d := len(a) - len(b); d >= limit || -d >= limit {
		return limit
	}
	var rows [3][long + 1]int
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
