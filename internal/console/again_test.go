package console_test

import (
	"cmp"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// loads is how often a page is asked for: a list of two in the order of a map would be the
// same every time once in 16 runs, one of three once in 1,296.
const loads = 5

// ownQuery finds what a page links to of itself: sorted otherwise, its next page, its file.
var ownQuery = regexp.MustCompile(`href="(\?[^"]*|/[^"?#]*\?[^"]*)"`)

// ways are a page's own addresses, the one that was loaded first.
func ways(path, page string) []string {
	out := []string{path}
	at, _, _ := strings.Cut(path, "?")
	for _, m := range ownQuery.FindAllStringSubmatch(page, -1) {
		to := html.UnescapeString(m[1])
		if strings.HasPrefix(to, "?") {
			to = at + to
		}
		if strings.HasPrefix(to, at+"?") && !slices.Contains(out, to) {
			out = append(out, to)
		}
	}
	return out
}

// differ says where two pages part.
func differ(a, b string) string {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	return fmt.Sprintf("%.160q, and then %.160q", a[max(0, i-40):], b[max(0, i-40):])
}

// TestAPageIsTheSameUntilSomethingHappens: every page that anybody looks at in these tests,
// in every order that it offers, and the file of its list. What depends on the order of a
// map would move under the reader's finger, and a page of a list would repeat what the
// page before it had.
func TestAPageIsTheSameUntilSomethingHappens(t *testing.T) {
	if testing.Short() {
		t.Skip("a thousand pages, no others under the race detector")
	}
	staff, _ := ofStaff(t)
	office, _ := ofOffice(t)
	laws, _ := ofPolicy(t)
	files, seen := 0, map[string]bool{}
	for _, s := range slices.Concat(staff, office, laws, ofStates(t), ofOwedWords(t)) {
		s.as()
		load := func(path string) string {
			res, page := get(t, s.web()+path)
			return fmt.Sprintf("%d %s\n%s", res.StatusCode, res.Header.Get("Content-Disposition"), page)
		}
		load(s.path) // what is told as new the first time is not so the second
		for _, path := range ways(s.path, load(s.path)) {
			if strings.Contains(path, "as=csv") {
				files++
			}
			first := load(path)
			for range loads - 1 {
				if next := load(path); next != first {
					t.Errorf("%s: %s is not the same: %s", s.name, path, differ(first, next))
					break
				}
			}
			seen[cmp.Or(path, "/")] = true
		}
	}
	if len(seen) < 150 || files < 8 {
		t.Errorf("%d addresses and %d files: the reading of them is broken", len(seen), files)
	}
}

// ofOwedWords: glasses that one person broke and said nothing of yet.
func ofOwedWords(t *testing.T) []stop {
	h := newHospital(t)
	for _, patient := range []string{"p1", "p7", "p8", "p9"} {
		h.breaks(t, patient)
	}
	h.pass(9 * time.Hour)
	return []stop{h.of("owed", "dora", "/"), h.of("owed", "dora", "/grants"), h.of("owed", "petra", "/reviews"), h.of("owed", "petra", "/grants?of=all")}
}
