package console

import "modicum/policy"

// Badge is a word with a shape and a colour; the word alone must tell all.
type Badge struct{ Word, Look, Title string }

// TreatmentBadge says what a view does to a class of data.
func TreatmentBadge(t policy.Treatment) Badge {
	switch t {
	case policy.Keep:
		return Badge{"shown", "keep", "as it is"}
	case policy.Last4:
		return Badge{"last four", "part", "the last four characters"}
	case policy.Coarse:
		return Badge{"less exact", "part", "a year, a region, a group"}
	case policy.Token:
		return Badge{"stand-in", "part", "another word in its place, always the same for the same value"}
	case policy.Mask:
		return Badge{"masked", "mask", "a mark, whether or not there is a value"}
	}
	return Badge{"not shown", "omit", "left out, as if it were not there"}
}
