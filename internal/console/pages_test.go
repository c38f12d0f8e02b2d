package console_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"modicum/internal/access"
	"modicum/internal/notice"
)

// TestANurseAsksAndThePrivacyOfficerApproves: asked by a form, looked at once more,
// decided in one read, opened, given back.
func TestANurseAsksAndThePrivacyOfficerApproves(t *testing.T) {
	h := newHospital(t).as("nina")
	status, page := h.post(t, "/my/patient", "patient", "p1", "task", "nurse/give-care")
	if status != 200 || !strings.Contains(page, `value="coverage.member-id"`) {
		t.Fatalf("what Nina sees of p1: %d", status)
	}
	status, page = h.post(t, "/ask", "step", "fill", "patient", "p1", "task", "nurse/give-care", "kind", "exception", "class", "coverage.member-id")
	if status != 200 || !strings.Contains(page, `value="p1"`) || !strings.Contains(page, `value="coverage.member-id" selected`) {
		t.Fatalf("the form is not filled in: %d", status)
	}
	status, page = h.post(t, "/ask", "step", "preview", "patient", "p1", "task", "nurse/give-care", "kind", "exception", "class", "coverage.member-id", "text", "the transport company asks for it")
	if status != 200 || !strings.Contains(page, "Petra Alvarez") || !strings.Contains(page, "Nothing has been asked yet") || len(h.lent.Requests("nina")) != 0 {
		t.Fatalf("the preview: %d", status)
	}
	id := h.asks(t, "the transport company asks for it")
	if _, page := h.as("petra").get(t, "/"); !strings.Contains(page, "/requests/"+id) || !strings.Contains(page, "What waits for you") {
		t.Error("it does not wait on the approver's home page")
	}
	_, page = h.get(t, "/inbox")
	if !strings.Contains(page, "Nina Okafor") || !strings.Contains(page, "the transport company asks for it") || !strings.Contains(page, "The first time") {
		t.Fatal("the inbox does not tell what has to be known")
	}
	if status, page := h.post(t, "/requests/"+id, "digest", digest(t, page), "answer", "refuse", "word", ""); status != 422 || !strings.Contains(page, "Say in a word why not") {
		t.Errorf("refused without a word: %d", status)
	}
	status, to := h.post(t, "/requests/"+id, "digest", digest(t, page), "answer", "approve", "word", "")
	if status != 303 || !strings.HasPrefix(to, "/inbox") {
		t.Fatalf("approving: %d %s", status, to)
	}
	if _, page := h.get(t, "/inbox"); !strings.Contains(page, "Approved. Nina Okafor has it for 1 h.") || !strings.Contains(page, "Nobody waits for you") {
		t.Error("the page after the answer does not say what was done")
	}
	grants := h.lent.Grants("nina")
	if len(grants) != 1 {
		t.Fatalf("%d grants", len(grants))
	}
	if _, page := h.as("nina").get(t, "/"); !strings.Contains(page, "in 1 h") || !strings.Contains(page, "/grants/"+grants[0].ID) {
		t.Error("home does not say what Nina holds and for how long")
	}
	if status, _ := h.post(t, "/grants/"+grants[0].ID, "do", "give-back"); status != 303 || len(h.lent.Grants("nina")) != 0 {
		t.Errorf("giving it back: %d", status)
	}
}

// TestG2_AnAnswerCoversWhatStoodThere: another digest, or a second press, does nothing.
func TestG2_AnAnswerCoversWhatStoodThere(t *testing.T) {
	h := newHospital(t)
	id := h.asks(t, "the transport company asks for it")
	h.as("petra")
	if status, _ := h.post(t, "/requests/"+id, "digest", strings.Repeat("0", 64), "answer", "approve"); status != 422 || len(h.lent.Grants("nina")) != 0 {
		t.Fatalf("another digest: %d", status)
	}
	_, page := h.get(t, "/requests/"+id)
	d := digest(t, page)
	h.post(t, "/requests/"+id, "digest", d, "answer", "approve")
	if status, _ := h.post(t, "/requests/"+id, "digest", d, "answer", "approve"); status == 303 || len(h.lent.Grants("nina")) != 1 {
		t.Errorf("a second press: %d, %d grants", status, len(h.lent.Grants("nina")))
	}
}

// TestG1_NobodyAnswersWhatIsTheirs: who asked has no button, and no post of theirs counts.
func TestG1_NobodyAnswersWhatIsTheirs(t *testing.T) {
	h := newHospital(t)
	id := h.asks(t, "the transport company asks for it")
	_, page := h.get(t, "/requests/"+id)
	if strings.Contains(page, `value="approve"`) {
		t.Error("who asked has a button to approve")
	}
	r, err := h.lent.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := h.post(t, "/requests/"+id, "digest", h.lent.Digest(r), "answer", "approve"); status != 422 || len(h.lent.Grants("nina")) != 0 {
		t.Errorf("their own yes: %d", status)
	}
}

// TestC1_AGuessedIdIsOneThatIsNotThere: what concerns others looks like what is not
// there, to the byte, on every page that has an id, for looking and for changing.
func TestC1_AGuessedIdIsOneThatIsNotThere(t *testing.T) {
	h := newHospital(t)
	request, grant := h.asks(t, "the transport company asks for it"), h.breaks(t, "p9")
	h.pass(9 * time.Hour)
	h.as("petra")
	if status, _ := h.get(t, "/reviews/"+grant); status != 200 {
		t.Fatalf("the review itself: %d", status)
	}
	h.as("bob")
	for _, tt := range []struct{ path, post string }{
		{"/requests/" + request, "answer=approve"}, {"/grants/" + grant, "do=revoke&word=because"}, {"/reviews/" + grant, "verdict=justified&word=all+is+well"},
	} {
		kind, id, _ := strings.Cut(tt.path[1:], "/")
		status, page := h.get(t, tt.path)
		none, empty := h.get(t, "/"+kind+"/0198f000-0000-7000-8000-000000000000")
		empty = strings.ReplaceAll(empty, "0198f000-0000-7000-8000-000000000000", id)
		if status != http.StatusNotFound || none != status || page != empty {
			t.Errorf("%s can be told from what is not there: %d, %d", kind, status, none)
		}
		if status, _ := h.send(t, "POST", tt.path, tt.post); status != http.StatusNotFound {
			t.Errorf("%s: a post of somebody else: %d", kind, status)
		}
	}
	if r, err := h.lent.Get(t.Context(), request); err != nil || r.State != access.Waiting {
		t.Errorf("the request: %v, %v", r, err)
	}
}

// TestC1_NoPageOfStaffChangesAnythingButByPost: every page, as everybody, with what a
// post would carry in the address and in the body, by every other method.
func TestC1_NoPageOfStaffChangesAnythingButByPost(t *testing.T) {
	h := newHospital(t)
	review := h.breaks(t, "p9")
	h.pass(9 * time.Hour)
	request, glass := h.asks(t, "the transport company asks for it"), h.breaks(t, "p8")
	_, page := h.as("petra").get(t, "/requests/"+request)
	form := "digest=" + digest(t, page) + "&answer=approve&do=revoke&word=because+it+is+so&verdict=justified&step=send&task=nurse%2Fgive-care&kind=exception&class=coverage.member-id&patient=p1&text=for+the+way+back"
	state := func() string {
		kept, err := h.shelf.Page(t.Context(), "request", request)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(kept.Revision, len(h.lent.Open()), len(h.lent.Requests("nina")), len(h.lent.Grants("dora")), len(h.lent.Reviews("petra")), h.bell.Unread("petra"), h.bell.Unread("nina"))
	}
	before := state()
	for _, p := range h.site.Paths() {
		for _, id := range []string{request, glass, review} {
			path := strings.NewReplacer("{$}", "", "{name}", "x", "{id}", id).Replace(p.Path)
			for _, who := range staff {
				h.as(who.id)
				for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodPatch} {
					h.send(t, method, path+"?"+form+"&_method=POST", form)
				}
			}
		}
	}
	if after := state(); after != before {
		t.Errorf("before %s, after %s", before, after)
	}
	if status, _ := h.as("petra").send(t, http.MethodPost, "/requests/"+request, form); status != http.StatusSeeOther || state() == before {
		t.Errorf("the post itself: %d", status)
	}
}

// TestGlassIsOneTapAndItsWordIsOwed: broken with a patient and a word, told at once,
// attested, reviewed by somebody independent with a verdict and a word.
func TestGlassIsOneTapAndItsWordIsOwed(t *testing.T) {
	h := newHospital(t)
	id := h.breaks(t, "p9")
	if _, page := h.get(t, "/grants/"+id); !strings.Contains(page, "Say what it was for") {
		t.Error("the page does not ask for a word")
	}
	h.pass(9 * time.Hour)
	if _, page := h.get(t, "/"); !strings.Contains(page, "Say what it was for") {
		t.Error("home does not say that a word is owed")
	}
	if status, _ := h.post(t, "/grants/"+id, "do", "attest", "word", "arrest in bed four, I was the first there"); status != 303 {
		t.Fatalf("attesting: %d", status)
	}
	h.as("petra")
	if _, page := h.get(t, "/reviews"); !strings.Contains(page, "Dora Weiss") {
		t.Fatal("the review is not on the list")
	}
	if _, page := h.get(t, "/reviews/"+id); !strings.Contains(page, "arrest in bed four") || !strings.Contains(page, "What was opened under it") {
		t.Error("the evidence is not beside the review")
	}
	if status, _ := h.post(t, "/reviews/"+id, "verdict", "justified", "word", ""); status != 422 {
		t.Errorf("without a word: %d", status)
	}
	if status, to := h.post(t, "/reviews/"+id, "verdict", "justified", "word", "the arrest is in the chart"); status != 303 || !strings.HasPrefix(to, "/reviews") {
		t.Fatalf("closing: %d %s", status, to)
	}
	if _, page := h.get(t, "/reviews"); !strings.Contains(page, "No review is open") {
		t.Error("it is still open")
	}
}

// TestGlassAsksForAProofOnce: without one within the shift the form is kept, and no
// patient stands in an address.
func TestGlassAsksForAProofOnce(t *testing.T) {
	h := newHospital(t).as("dora")
	h.proved.Store(false)
	status, to := h.post(t, "/glass", "patient", "p9", "text", "cardiac arrest")
	if status != 303 || !strings.HasPrefix(to, "/sign-in/prove?to=%2Fagain%2F") || strings.Contains(to, "p9") || len(h.lent.Grants("dora")) != 0 {
		t.Fatalf("not proved: %d %s", status, to)
	}
}

// TestN4_TheLookPageTellsNothingOfWhoIsThere: a patient of another and one who is not
// there give the same page, the id that was typed aside.
func TestN4_TheLookPageTellsNothingOfWhoIsThere(t *testing.T) {
	h := newHospital(t).as("dora")
	page := func(patient string) string {
		t.Helper()
		status, page := h.post(t, "/my/patient", "patient", patient, "task", "physician/treat")
		if status != 200 {
			t.Fatalf("%s: %d", patient, status)
		}
		return strings.ReplaceAll(page, patient, "PATIENT")
	}
	if a, b := page("p1"), page("n0"); a != b {
		t.Error("a patient of somebody else can be told from one who is not there")
	}
}

// TestWhatIsMissingIsAskedForInWords: by its label, or as people say it.
func TestWhatIsMissingIsAskedForInWords(t *testing.T) {
	h := newHospital(t).as("nina")
	if status, page := h.post(t, "/my/patient", "patient", " ", "task", "nurse/give-care"); status != 422 || !strings.Contains(page, "Say which patient, by the id of the chart.") {
		t.Errorf("without a patient: %d\n%s", status, page)
	}
	b := newBureau(t).as("ann")
	if status, page := b.post(t, "/people/new", "name", "Eve Lund"); status != 422 || !strings.Contains(page, "Fill in “User name”.") {
		t.Errorf("without a user name: %d\n%s", status, page)
	}
}

// TestAMailAddressBreaksBehindItsAt, where a line is too short for it.
func TestAMailAddressBreaksBehindItsAt(t *testing.T) {
	h := newHospital(t).as("nina")
	if _, page := h.get(t, "/settings"); !strings.Contains(page, "<dd>nina@<wbr>hospital.example</dd>") {
		t.Errorf("it breaks anywhere:\n%s", page)
	}
}

// TestSomebodySaysHowTheyAreTold: kept for themselves alone; what is wrong is said at
// its field, with everything as it was filled in.
func TestSomebodySaysHowTheyAreTold(t *testing.T) {
	h := newHospital(t).as("nina")
	status, page := h.post(t, "/settings/notices", "pace", "sometimes", "daily", "8", "from", "22:00", "quiet", "<b>", "zone", "Mars/Base")
	if status != 422 || !strings.Contains(page, "Choose one for “How often”") || !strings.Contains(page, "&lt;b&gt;") {
		t.Errorf("%d\n%s", status, page)
	}
	status, page = h.post(t, "/settings/notices", "pace", "daily", "daily", "8", "from", "22:00", "quiet", "", "zone", "Mars/Base")
	for _, want := range []string{"like 08:00", "quiet hours begin and end", "by its name", `value="22:00"`, `value="Mars/Base"`, "3 things need another look"} {
		if status != 422 || !strings.Contains(page, want) {
			t.Errorf("%d: does not say %q", status, want)
		}
	}
	status, _ = h.post(t, "/settings/notices", "pace", "daily", "daily", "07:30", "from", "22:00", "quiet", "07:00", "zone", "America/New_York")
	if got := h.bell.Wishes("nina"); status != 303 || got.Pace != notice.Daily || got.Quiet == nil || got.Quiet.To != "07:00" || got.Zone != "America/New_York" {
		t.Errorf("%d: kept %+v", status, got)
	}
	if _, page := h.get(t, "/settings/notices"); !strings.Contains(page, `value="07:30"`) || !strings.Contains(page, "Saved.") {
		t.Error("the page does not show what is kept")
	}
	if got := h.bell.Wishes("petra"); got != (notice.Wishes{}) {
		t.Errorf("of somebody else: %+v", got)
	}
}

// TestTheLookSaysWhatIsLentBesides: for this patient, and for no other.
func TestTheLookSaysWhatIsLentBesides(t *testing.T) {
	h := newHospital(t)
	id := h.breaks(t, "p9")
	for patient, want := range map[string]bool{"p9": true, "p8": false} {
		_, page := h.post(t, "/my/patient", "patient", patient, "task", "physician/treat")
		if strings.Contains(page, "/grants/"+id) != want {
			t.Errorf("%s: a glass that is broken for p9 is told: %v", patient, !want)
		}
	}
}

// TestTimesAreInTheReadersZone: short as the reader's clock says, exact beside.
func TestTimesAreInTheReadersZone(t *testing.T) {
	h := newHospital(t)
	id := h.breaks(t, "p9")
	for zone, want := range map[string]string{"": ">12:05<", "Asia/Tokyo": ">03:05<", "Asia/Kathmandu": ">23:50<"} {
		viewer := *h.as("dora").viewer.Load()
		if zone != "" {
			at, err := time.LoadLocation(zone)
			if err != nil {
				t.Fatal(err)
			}
			viewer.Zone = at
		}
		h.viewer.Store(&viewer)
		_, page := h.get(t, "/grants/"+id)
		if !strings.Contains(page, want) || !strings.Contains(page, `datetime="2026-11-27T18:05:09.123456Z"`) || !strings.Contains(page, ", 2026, ") {
			t.Errorf("%q: the page does not say %s", zone, want)
		}
	}
	h.pass(24 * time.Hour)
	if _, page := h.as("dora").get(t, "/grants/"+id); !strings.Contains(page, ">yesterday 12:05<") {
		t.Error("a day later it is not yesterday")
	}
}

// TestTheFirstFormHasTheReasonsOfEveryTask: nobody has to send it once to see them; with a
// task at hand only its own are there.
func TestTheFirstFormHasTheReasonsOfEveryTask(t *testing.T) {
	h := newHospital(t).as("nina")
	for path, want := range map[string]bool{"/ask": true, "/ask?task=nurse/cover": true, "/ask?task=nurse/give-care": false} {
		_, page := h.get(t, path)
		if strings.Contains(page, `<option value="covering for a colleague">`) != want || strings.Contains(page, "Reason <span") {
			t.Errorf("%s: the reasons stand there: %v, or are called optional", path, !want)
		}
	}
}
