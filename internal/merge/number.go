package merge

import "strconv"

func itoa(n int) string { return strconv.Itoa(n) }

// small reads an exponent of at most six digits.
func small(s string) (int, bool) {
	if len(s) > 7 {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}
