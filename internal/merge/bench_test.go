package merge_test

import (
	"fmt"
	"strings"
	"testing"
)

// A record of 20,000 values of which each is changed: the work grows with their number,
// not with its square (FC51).
func BenchmarkMergeEverythingChanged(b *testing.B) {
	for _, n := range []int{1000, 4000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var was, is []string
			for i := range n {
				was = append(was, fmt.Sprintf(`{"system":"phone","value":"%d","use":"home","rank":1}`, i))
				is = append(is, fmt.Sprintf(`{"system":"phone","value":"%d","use":"work","rank":2}`, i))
			}
			record := `{"resourceType":"Patient","id":"p1","telecom":[` + strings.Join(was, ",") + `]}`
			r := sees(b)
			sent := strings.Replace(string(project(b, []byte(record), r)), strings.Join(was, ","), strings.Join(is, ","), 1)
			for b.Loop() {
				if out, err := merged([]byte(record), []byte(sent), r); err != nil || !strings.Contains(string(out), `"work"`) {
					b.Fatal(err)
				}
			}
		})
	}
}
