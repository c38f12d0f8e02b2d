package policy

import "math/bits"

// in reports whether every fact of s is in t.
func (s *FactSet) in(t *FactSet) bool {
	return s[0]&^t[0]|s[1]&^t[1]|s[2]&^t[2]|s[3]&^t[3] == 0
}

// Empty reports whether s holds no fact.
func (s *FactSet) Empty() bool { return s[0]|s[1]|s[2]|s[3] == 0 }

// Union returns what is in s or t.
func (s FactSet) Union(t FactSet) FactSet {
	return FactSet{s[0] | t[0], s[1] | t[1], s[2] | t[2], s[3] | t[3]}
}

// Intersect returns what is in both.
func (s FactSet) Intersect(t FactSet) FactSet {
	return FactSet{s[0] & t[0], s[1] & t[1], s[2] & t[2], s[3] & t[3]}
}

// Minus returns what is in s and not in t.
func (s FactSet) Minus(t FactSet) FactSet {
	return FactSet{s[0] &^ t[0], s[1] &^ t[1], s[2] &^ t[2], s[3] &^ t[3]}
}

// Len counts the facts of s.
func (s *FactSet) Len() int {
	return bits.OnesCount64(s[0]) + bits.OnesCount64(s[1]) + bits.OnesCount64(s[2]) + bits.OnesCount64(s[3])
}

// All yields the facts of s in ascending order.
func (s FactSet) All(yield func(FactID) bool) {
	for w, word := range s {
		for ; word != 0; word &= word - 1 {
			if !yield(FactID(w<<6 + bits.TrailingZeros64(word))) {
				return
			}
		}
	}
}
