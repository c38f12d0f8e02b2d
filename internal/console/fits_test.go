package console_test

import (
	"strings"
	"testing"
)

// TestTheFirstViewOfAnAskHoldsItsButton: who, what, why and for how long, and the button, on
// a desk and on a telephone, whatever is asked for; the rest lies folded.
func TestTheFirstViewOfAnAskHoldsItsButton(t *testing.T) {
	b := newBrowser(t)
	h := newHospital(t).as("nina")
	h.posted(t)
	for _, kind := range []string{"exception", "lend", "ask"} {
		for _, size := range [][2]int64{{1280, 800}, {360, 740}} {
			b.size(size[0], size[1])
			b.open(h.web.URL + "/posted?to=/ask&step=fill&task=nurse/cover&patient=p1&kind=" + kind + "&class=coverage.member-id")
			got := eval[struct {
				Height, End float64
				Seen        []string
			}](b, `({Height: innerHeight, End: document.querySelector("form.asks button").getBoundingClientRect().bottom + scrollY,
				Seen: [...document.querySelectorAll("form.asks :is(input, select, textarea)")].filter(e => e.checkVisibility()).map(e => e.name)})`)
			if got.End > got.Height {
				t.Errorf("%s at %v: the button ends at %v", kind, size, got.End)
			}
			seen := strings.Join(got.Seen, " ")
			for _, name := range []string{"patient", "task", "text", "for", map[string]string{"exception": "class", "lend": "reason", "ask": "record"}[kind]} {
				if !strings.Contains(seen, name) {
					t.Errorf("%s at %v: %s is not in sight of %s", kind, size, name, seen)
				}
			}
			if strings.Contains(seen, "mark") || strings.Contains(seen, "from") {
				t.Errorf("%s at %v: what few need is not folded: %s", kind, size, seen)
			}
		}
	}
	b.quiet()
}
