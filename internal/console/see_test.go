package console_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/console"
	"modicum/internal/people"
	"modicum/internal/preview"
	"modicum/internal/sandbox"
	"modicum/ledger"
	"modicum/policy"
)

// eyes is a hospital where the privacy officer sees as others, and whose own view is of
// patient p7 alone.
type eyes struct {
	*hospital
	log  entries
	fail error
	own  []string  // what was asked as the viewer's own request
	ends time.Time // when the last of it ends at the latest
}

// Append is the record, which can fail.
func (e *eyes) Append(ctx context.Context, x ledger.Entry, act func(ledger.Tx) error) (ledger.Receipt, error) {
	if e.fail != nil {
		return ledger.Receipt{}, e.fail
	}
	return e.log.Append(ctx, x, act)
}

func newEyes(t testing.TB) *eyes {
	t.Helper()
	e := &eyes{hospital: newHospital(t)}
	refs, err := ledger.NewRefs("t1", bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	var samples []preview.Sample
	for _, p := range sandbox.Patients()[:5] {
		samples = append(samples, preview.Sample{ID: p.ID, Name: p.Name, Note: p.Note, Records: func() []byte { return sandbox.Chart(p.ID, noon) }})
	}
	desk, err := preview.NewDesk(preview.DeskConfig{
		Policy: func() *policy.Set { return e.set }, Log: e, Refs: refs, Random: rand.Reader, Samples: samples, Own: e.view,
		Now: func() (time.Time, bool) { return time.UnixMicro(e.now.Load()).UTC(), true },
	})
	if err != nil {
		t.Fatal(err)
	}
	o := &console.Overseer{Policy: func() *policy.Set { return e.set }, Desk: desk}
	rebuild(t, e.world, o.Pages()...)
	return e
}

func (e *eyes) view(_ context.Context, by preview.Asker, task, patient string) ([]byte, error) {
	e.own, e.ends = append(e.own, by.ID+" "+task+" "+patient), by.Until
	if patient != "p7" {
		return nil, preview.ErrOwn
	}
	return []byte(`{"resourceType":"Patient","id":"p7","name":[{"family":"Own"}]}`), nil
}

var atWork = []string{"holds", "assigned-patient", "holds", "during-shift", "holds", "active-episode"}

func (e *eyes) look(t testing.TB, task string, pairs ...string) (int, string) {
	t.Helper()
	return e.post(t, "/see-as/"+task, pairs...)
}

// TestC1_SeeingAsOthersIsForWhoAnswersForPolicy: a nurse has no page of it, nor has who
// runs the systems; nothing of the form is done for them.
func TestC1_SeeingAsOthersIsForWhoAnswersForPolicy(t *testing.T) {
	e := newEyes(t)
	for _, who := range []string{"nina", "olga", "bob"} {
		e.as(who)
		for _, path := range []string{"/see-as", "/see-as/nurse/give-care"} {
			if status, page := e.get(t, path); status != http.StatusForbidden || strings.Contains(page, "made-up") {
				t.Errorf("%s opens %s: %d", who, path, status)
			}
		}
		if status, page := e.look(t, "nurse/give-care", append(atWork, "from", "made-up", "sample", "p1")...); status != http.StatusForbidden || strings.Contains(page, "Synthetic") {
			t.Errorf("%s looks: %d", who, status)
		}
	}
	if len(e.log) != 0 {
		t.Errorf("%d entries", len(e.log))
	}
	for _, d := range []people.Duty{people.WritePolicy, people.AgreePolicy, people.ReviewAccess} {
		e.viewer.Store(nina(d))
		if status, _ := e.get(t, "/see-as"); status != 200 {
			t.Errorf("%s: %d", d, status)
		}
	}
}

// TestL1_SeeingAsAnotherIsOnRecordFirst: each look is an entry; where it cannot be
// written nothing shows; opening the pages is none.
func TestL1_SeeingAsAnotherIsOnRecordFirst(t *testing.T) {
	e := newEyes(t)
	e.as("petra")
	e.get(t, "/see-as")
	e.get(t, "/see-as/nurse/give-care")
	if len(e.log) != 0 {
		t.Fatal("opening a page is on record")
	}
	form := append(atWork, "from", "made-up", "sample", "p1")
	status, page := e.look(t, "nurse/give-care", form...)
	if status != 200 || !strings.Contains(page, "Synthetic") || len(e.log) != 1 {
		t.Fatalf("a look: %d, %d entries", status, len(e.log))
	}
	if act := e.log[0].(*ledger.Act); act.Act != "seen-as" || act.Who != "petra" || act.What[1] != "records:made-up" {
		t.Errorf("recorded %+v", act)
	}
	e.fail = ledger.ErrNotDurable
	if status, page := e.look(t, "nurse/give-care", form...); status != 422 || strings.Contains(page, "MRN-10001") || !strings.Contains(page, "written down") {
		t.Errorf("without a record: %d", status)
	}
}

// TestSeeAsSaysWhatShowsAndWhyNotMore: the record as the task sees it, what of it is
// withheld by class and reason, and what is not there at all.
func TestSeeAsSaysWhatShowsAndWhyNotMore(t *testing.T) {
	e := newEyes(t)
	e.as("petra")
	status, page := e.look(t, "nurse/give-care", append(atWork, "from", "made-up", "sample", "p1")...)
	for _, want := range []string{"Patient/p1", "MRN-10001", "Social Security number", "this task does not show it", "Not there for this task", "DocumentReference/d1-therapy", "a restriction hides it"} {
		if status != 200 || !strings.Contains(page, want) {
			t.Errorf("%d: the page does not say %q", status, want)
		}
	}
	for _, hidden := range []string{"900-55-1001", "U3ludGhldGljIHNlc3Npb24gbm90ZS4"} {
		if strings.Contains(page, hidden) {
			t.Errorf("the page shows %s", hidden)
		}
	}
	status, page = e.look(t, "nurse/give-care", "from", "made-up", "sample", "p1")
	if status != 200 || strings.Contains(page, "MRN-10001") || !strings.Contains(page, "asks for care relationship") {
		t.Errorf("off shift: %d", status)
	}
	if status, _ := e.look(t, "nurse/no-such", "from", "made-up", "sample", "p1"); status != 404 {
		t.Errorf("no such task: %d", status)
	}
	if status, _ := e.look(t, "nurse/give-care", "from", "made-up", "sample", "p1", "holds", "moonlight"); status != 422 {
		t.Errorf("a fact that is none: %d", status)
	}
}

// TestSeeAsSaysAReasonOnce for all records that are not there for it, each of which is
// named once.
func TestSeeAsSaysAReasonOnce(t *testing.T) {
	e := newEyes(t)
	e.as("petra")
	for name, holds := range map[string][]string{"at work": atWork, "off shift": nil} {
		_, page := e.look(t, "nurse/give-care", append(slices.Clone(holds), "from", "made-up", "sample", "p1")...)
		_, list, _ := strings.Cut(page, "Not there for this task")
		list, _, _ = strings.Cut(list, "</ul>")
		reasons, names := map[string]bool{}, map[string]bool{}
		records := 0
		for item := range strings.SplitSeq(list, "<li>") {
			of, why, has := strings.Cut(item, `<span class="why">`)
			if has && reasons[why] {
				t.Errorf("%s: said again: %.200s", name, why)
			}
			reasons[why] = true
			for _, m := range boldText.FindAllStringSubmatch(of, -1) {
				records++
				names[m[1]] = true
			}
		}
		if want := fmt.Sprintf("<b>%d not at all</b>", records); records == 0 || len(names) != records || !strings.Contains(page, want) {
			t.Errorf("%s: %d records, %d names: the page does not say %q", name, records, len(names), want)
		}
	}
}

// TestSeeAsNamesWhatIsLackingAsPeopleDo: not as the policy spells it.
func TestSeeAsNamesWhatIsLackingAsPeopleDo(t *testing.T) {
	e := newEyes(t)
	e.as("petra")
	_, page := e.look(t, "nurse/give-care", "holds", "during-shift", "from", "given", "text", `{"resourceType":"Patient","id":"x","name":[{"family":"Berg"}]}`)
	if !strings.Contains(page, "lacks assigned patient and active episode") {
		t.Errorf("%s", page)
	}
}

var boldText = regexp.MustCompile(`<b>([^<]+)</b>`)

// TestSeeAsTakesRecordsAndKeepsNone: pasted or uploaded, in bounds, everything that is
// wrong at once; not a word of them reaches the record.
func TestSeeAsTakesRecordsAndKeepsNone(t *testing.T) {
	e := newEyes(t)
	e.as("petra")
	one := `{"resourceType":"Patient","id":"x1","name":[{"family":"Pasted"}],"birthDate":"1980-02-03"}`
	status, page := e.look(t, "nurse/give-care", append(atWork, "from", "given", "text", one)...)
	if status != 200 || !strings.Contains(page, "Patient/x1") {
		t.Fatalf("pasted: %d", status)
	}
	if status, page = e.upload(t, "/see-as/nurse/give-care", []byte(one)); status != 200 || !strings.Contains(page, "Patient/x1") {
		t.Errorf("uploaded: %d", status)
	}
	for _, x := range e.log {
		if body, err := ledger.Encode(x); err != nil || bytes.Contains(body, []byte("Pasted")) || bytes.Contains(body, []byte("x1")) {
			t.Errorf("the record: %v %s", err, body)
		}
	}
	for _, text := range []string{"", "{", `{"resourceType":"Unicorn"}`, strings.Repeat(one, preview.MostRecords+1)} {
		if status, _ := e.look(t, "nurse/give-care", append(atWork, "from", "given", "text", text)...); status != 422 {
			t.Errorf("%.20q: %d", text, status)
		}
	}
	if status, _ := e.upload(t, "/see-as/nurse/give-care", bytes.Repeat([]byte(" "), 3<<20)); status != 400 {
		t.Errorf("a file beyond bounds: %d", status)
	}
	if len(e.log) != 2 {
		t.Errorf("%d entries", len(e.log))
	}
}

// upload posts a file as a browser does.
func (e *eyes) upload(t testing.TB, path string, file []byte) (int, string) {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i < len(atWork); i += 2 {
		must(t, w.WriteField(atWork[i], atWork[i+1]))
	}
	must(t, w.WriteField("from", "given"))
	part, err := w.CreateFormFile("file", "records.json")
	must(t, err)
	_, err = part.Write(file)
	must(t, errors.Join(err, w.Close()))
	res, err := client.Post(e.web.URL+path, w.FormDataContentType(), &body)
	must(t, err)
	defer res.Body.Close()
	return res.StatusCode, read(t, res)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestSeeAsOfARealPatientIsTheViewersOwnRequest: for one of their own tasks, and nothing
// shows where that shows nothing; the patient stands in no address, and by reference in
// the record.
func TestSeeAsOfARealPatientIsTheViewersOwnRequest(t *testing.T) {
	e := newEyes(t)
	e.as("petra")
	own := e.set.TasksOf([]string{"privacy-officer"})[0].ID
	ask := func(patient, task string) (int, string) {
		return e.look(t, "nurse/give-care", append(atWork, "from", "own-view", "patient", patient, "own", task)...)
	}
	if status, page := ask("p7", own); status != 200 || !strings.Contains(page, "went through your own task first") || len(e.log[0].(*ledger.Act).Patients) != 1 {
		t.Errorf("their own: %d", status)
	}
	if status, page := ask("p8", own); status != 422 || !strings.Contains(page, "look alike on purpose") || len(e.log) != 1 {
		t.Errorf("not theirs: %d", status)
	}
	for _, tt := range [][2]string{{"p7", "nurse/give-care"}, {"p7", ""}, {"", own}, {"p7/../x", own}} {
		if status, _ := ask(tt[0], tt[1]); status != 422 {
			t.Errorf("%v: %d", tt, status)
		}
	}
	if len(e.own) != 2 {
		t.Errorf("asked: %v", e.own)
	}
	e.viewer.Store(&console.Viewer{Person: e.crew.of["olga"], Duties: []people.Duty{people.WritePolicy}, Session: "s"})
	if _, page := e.get(t, "/see-as/nurse/give-care"); strings.Contains(page, "own-view") {
		t.Error("who sees no chart is offered one")
	}
	if status, _ := ask("p7", own); status != 422 || len(e.own) != 2 {
		t.Errorf("and gets it: %d", status)
	}
}

// TestG3_OnesOwnViewIsAskedWithTheEndOfTheSession, beyond which it shows nothing.
func TestG3_OnesOwnViewIsAskedWithTheEndOfTheSession(t *testing.T) {
	e := newEyes(t)
	e.as("petra")
	v := *e.viewer.Load()
	v.Until = noon.Add(5 * time.Second)
	e.viewer.Store(&v)
	own := e.set.TasksOf([]string{"privacy-officer"})[0].ID
	if status, _ := e.look(t, "nurse/give-care", append(atWork, "from", "own-view", "patient", "p7", "own", own)...); status != 200 || !e.ends.Equal(v.Until) {
		t.Errorf("%d: it ends at %v, the session at %v", status, e.ends, v.Until)
	}
}

// textAlone demands that nothing that somebody wrote is more than text.
func (b *browser) textAlone(t *testing.T) {
	t.Helper()
	if more := eval[bool](b, `"ran" in window || document.querySelectorAll("main img, main script, main svg[onload]").length > 0 || document.querySelectorAll("h1").length != 1`); more {
		t.Error("what somebody wrote is more than text, or the page has not one heading")
	}
}

// fits demands that nothing sticks out at 320 pixels.
func (b *browser) fits(t *testing.T, url string) {
	t.Helper()
	b.size(320, 700)
	b.open(url)
	if wide := eval[int64](b, "document.documentElement.scrollWidth"); wide > 320 {
		t.Errorf("%s: %d pixels wide, of 320", url, wide)
	}
}

// TestC2_WhatRecordsSayIsText: in a record that is pasted, and in one that cannot be read.
func TestC2_WhatRecordsSayIsText(t *testing.T) {
	b := newBrowser(t)
	e := newEyes(t)
	e.as("petra").posted(t)
	for name, text := range map[string]string{
		"script": `{"resourceType":"Patient","id":"x","name":[{"family":"<script>window.ran=1</script><img src=x onerror=window.ran=1>"}]}`,
		"broken": `{"id":"<svg onload=alert(1)>"}`,
	} {
		t.Run(name, func(t *testing.T) {
			form := url.Values{"to": {"/see-as/nurse/give-care"}, "from": {"given"}, "holds": {"assigned-patient", "during-shift", "active-episode"}, "text": {text}}
			b.fits(t, e.web.URL+"/posted?"+form.Encode())
			b.textAlone(t)
		})
	}
	b.forget("422")
	b.quiet()
}
