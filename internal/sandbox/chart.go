package sandbox

import (
	"bytes"
	"slices"
	"strings"
	"time"
)

// Chart returns every record of the hospital that names a patient, one a line, the cover
// sheet first. Its dates lie around now.
func Chart(patient string, now time.Time) []byte {
	s := NewServer()
	s.Now = func() time.Time { return now }
	Fill(s, now)
	self, names := "Patient/"+patient, []byte(`"Patient/`+patient+`"`)
	found := map[string][]byte{}
	var order []string
	for name, body := range s.All {
		if name == self || bytes.Contains(body, names) {
			found[name] = body
			order = append(order, name)
		}
	}
	slices.SortFunc(order, func(a, b string) int {
		if (a == self) != (b == self) {
			return map[bool]int{true: -1, false: 1}[a == self]
		}
		return strings.Compare(a, b)
	})
	var out bytes.Buffer
	for _, name := range order {
		out.Write(append(found[name], '\n'))
	}
	return out.Bytes()
}
