package console_test

import (
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"modicum/catalog"
	"modicum/internal/console"
	"modicum/internal/people"
)

var barLine = regexp.MustCompile(`<tr><th scope="row">([^<]+)</th><td><svg.*?</svg> <span>([^<]+)</span>`)

// barsOf are the rows of the bars on a page, by name.
func barsOf(page string) (names []string, says map[string]string) {
	says = map[string]string{}
	for _, m := range barLine.FindAllStringSubmatch(page, -1) {
		names, says[m[1]] = append(names, m[1]), m[2]
	}
	return names, says
}

// TestReviewsTellHowOftenTheGlassWasBroken: by week of the reader, with what is reviewed,
// open and overdue; no drill; and for nobody who may not see what is lent to everybody.
func TestReviewsTellHowOftenTheGlassWasBroken(t *testing.T) {
	h := newHospital(t)
	reviewed := h.breaks(t, "p9")
	h.pass(9 * time.Hour)
	h.as("petra")
	if status, _ := h.post(t, "/reviews/"+reviewed, "verdict", "justified", "word", "the arrest is in the chart"); status != 303 {
		t.Fatalf("closing: %d", status)
	}
	h.breaks(t, "p8")
	h.pass(48 * time.Hour)
	h.breaks(t, "p7")
	h.breaks(t, "drill-1")
	h.pass(36 * time.Hour) // the review of the one before is overdue by now
	_, page := h.as("petra").get(t, "/reviews")
	names, says := barsOf(page)
	if len(names) != 4 || names[0] != "This week" || says["This week"] != "1 open" || says["Last week"] != "2: 1 reviewed, 1 overdue" || says[names[3]] != "none" {
		t.Errorf("the weeks: %v %v", names, says)
	}
	if strings.Count(page, `<rect class="keep" x="0.00" width="50.00"`) != 1 || strings.Count(page, `<rect class="stop" x="50.00" width="50.00"`) != 1 {
		t.Error("the bars do not show what the words say")
	}
	h.crew.duty["petra"], h.crew.roles["petra"] = nil, []string{"chief-compliance-officer"} // told of every glass, but not who reviews access
	if status, page := h.as("petra").get(t, "/reviews"); status != 200 || strings.Contains(page, "Broken glasses by week") {
		t.Errorf("without the duty: %d, or the weeks show", status)
	}
}

// TestAWeekBeginsInTheReadersZone: a glass of Saturday night is last week's, wherever the
// server stands.
func TestAWeekBeginsInTheReadersZone(t *testing.T) {
	h := newHospital(t)
	h.breaks(t, "p9") // a Friday, 18:05 in Greenwich
	h.pass(30 * time.Hour)
	for zone, want := range map[string]string{"Pacific/Honolulu": "This week", "Asia/Tokyo": "Last week"} {
		at, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		viewer := *h.as("petra").viewer.Load()
		viewer.Zone = at
		h.viewer.Store(&viewer)
		_, page := h.get(t, "/reviews")
		if _, says := barsOf(page); !strings.HasPrefix(says[want], "1 ") {
			t.Errorf("in %s: %v", zone, says)
		}
	}
}

// TestARolesReachIsWhatItsLinesShow: counted another way, family by family.
func TestARolesReachIsWhatItsLinesShow(t *testing.T) {
	h := overseen(t).as("bob")
	looked := 0
	for _, role := range h.set.Roles() {
		_, page := h.get(t, "/roles/"+role)
		_, says := barsOf(page)
		reached, all := map[string]int{}, map[string]int{}
		for _, info := range h.set.Catalog().Classes() {
			if family, _, _ := strings.Cut(info.Name, "."); !info.IsOverlay && h.set.Catalog().Content().Has(info.Class) {
				all[family]++
				if seenBy(h, info, role) {
					reached[family]++
				}
			}
		}
		if len(says) != len(reached) {
			t.Errorf("%s: %d families, want %d", role, len(says), len(reached))
		}
		for family, n := range reached {
			want := fmt.Sprintf("%d of %d", n, all[family])
			if looked++; !saysOne(says, want) {
				t.Errorf("%s, %s: nothing says %q: %v", role, family, want, says)
			}
		}
	}
	if looked < 60 {
		t.Errorf("only %d families were looked at", looked)
	}
}

func seenBy(h *hospital, info catalog.ClassInfo, role string) bool {
	for _, l := range h.set.Sees(info.Class) {
		if l.Role == role {
			return true
		}
	}
	return false
}

func saysOne(says map[string]string, want string) bool {
	for _, s := range says {
		if s == want || strings.HasPrefix(s, want+",") {
			return true
		}
	}
	return false
}

// TestHomeSaysThatARightWaits: for who may answer it; others are told of no such thing.
func TestHomeSaysThatARightWaits(t *testing.T) {
	h := newHospital(t)
	h.waits = map[string]int{"/proposals": 2}
	rebuild(t, h.world, console.Page{Path: "/proposals", May: console.Duty(people.RunPeople), Get: func(*console.Visit) error { return nil }})
	if _, page := h.as("bob").get(t, "/"); strings.Contains(page, "/proposals") || !strings.Contains(page, "Nothing waits for you") {
		t.Error("who runs nobody is told that rights wait")
	}
	h.crew.duty["bob"] = []people.Duty{people.RunPeople}
	if _, page := h.as("bob").get(t, "/"); !strings.Contains(page, "<b>2</b> rights wait for a second person") || strings.Contains(page, "Nothing waits for you") {
		t.Error("who runs people is not told that rights wait")
	}
}

// TestPaperSaysWhereItCameFrom: address, reader and moment; nothing that came along to a
// page that others make, and nothing before somebody is signed in.
func TestPaperSaysWhereItCameFrom(t *testing.T) {
	h := newHospital(t).as("nina")
	_, page := h.get(t, "/grants?sort=state")
	_, foot, found := strings.Cut(page, `<footer class="printed">`)
	if !found || !strings.Contains(foot, "/grants?sort=state · for Nina Okafor · as of Friday, November 27, 2026, 12:05") {
		t.Errorf("at the foot: %.200s", foot)
	}
	if _, page := h.get(t, "/came-along"); strings.Contains(page, "came-along") {
		t.Error("an error repeats what was asked for")
	}
	w := httptest.NewRecorder()
	h.site.Framed(w, httptest.NewRequest("GET", "/sign-in/recover?code=came-along", nil), 200, "Recovery", "")
	if page := w.Body.String(); strings.Contains(page, "came-along") || !strings.Contains(page, "/sign-in/recover · for") {
		t.Error("its foot tells what came along, or not where it is")
	}
}

// TestWhatBecameOfAGlassStandsInOrder: said while it was open, then ended.
func TestWhatBecameOfAGlassStandsInOrder(t *testing.T) {
	h := newHospital(t)
	id := h.breaks(t, "p9")
	h.pass(time.Hour)
	if status, _ := h.post(t, "/grants/"+id, "do", "attest", "word", "arrest in bed four"); status != 303 {
		t.Fatalf("attesting: %d", status)
	}
	h.pass(time.Hour)
	if status, _ := h.post(t, "/grants/"+id, "do", "give-back"); status != 303 {
		t.Fatalf("giving it back: %d", status)
	}
	_, page := h.get(t, "/grants/"+id)
	_, page, _ = strings.Cut(page, "So far")
	last := -1
	for _, step := range []string{"Glass broken", "said what it was for", "Given back by"} {
		at := strings.Index(page, step)
		if at <= last {
			t.Errorf("%q stands before what came earlier", step)
		}
		last = at
	}
}
