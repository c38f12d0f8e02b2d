package catalog

// IsID reports whether s is an id of FHIR, hl7.org/fhir/R4/datatypes.html#id: 1 to 64
// letters, digits, hyphens and dots of ASCII.
func IsID[T ~string | ~[]byte](s T) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !(c-'0' < 10 || (c|0x20)-'a' < 26 || c == '-' || c == '.') {
			return false
		}
	}
	return true
}
