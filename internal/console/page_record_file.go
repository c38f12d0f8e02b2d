package console

import (
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"modicum/internal/defect"
	"modicum/internal/oversight"
	"modicum/ledger"
)

// deedFile is the same as a file, for who counts.
var deedFile = &Table[deed]{Name: "record", Columns: []Column[deed]{
	{Title: "when", Text: func(d deed) string { return d.At.Exact }},
	{Title: "id", Text: func(d deed) string { return d.ID }},
	{Title: "who", Text: func(d deed) string { return d.of().Who }},
	{Title: "name", Text: func(d deed) string { return d.Who }},
	{Title: "role", Text: func(d deed) string { return d.of().Role }},
	{Title: "task", Text: func(d deed) string { return d.of().Task }},
	{Title: "purpose", Text: func(d deed) string { return d.of().Purpose }},
	{Title: "door", Text: func(d deed) string { return d.of().Door }},
	{Title: "interaction", Text: func(d deed) string { return d.of().Interaction }},
	{Title: "asked", Text: func(d deed) string { return strings.Join(d.of().Asked, " ") }},
	{Title: "answer", Text: func(d deed) string { return d.Effect.Word }},
	{Title: "because", Text: func(d deed) string { return strings.Join(d.of().Reasons, " ") }},
	{Title: "patients", Text: func(d deed) string { return strconv.Itoa(d.patients) }},
	{Title: "shown", Text: func(d deed) string { return strconv.FormatInt(d.counts.Shown, 10) }},
	{Title: "withheld", Text: func(d deed) string { return strconv.FormatInt(d.counts.Withheld, 10) }},
	{Title: "what happened", Text: func(d deed) string { return d.Say }},
}}

// of is the decision, or an act in its form.
func (d deed) of() ledger.Decision {
	switch {
	case d.decision != nil:
		return *d.decision
	case d.act != nil:
		return ledger.Decision{Who: d.act.Who, Interaction: d.act.Act, Asked: d.act.What}
	}
	return ledger.Decision{}
}

const (
	mostDeeds     = 5000 // that leave as a file
	mostLooks     = 40   // by which a file is found: a full one takes 13
	deedsPerFetch = 500  // that are in memory at once
)

// export answers what was found as a file, the newest mostDeeds of it, and looks a bounded
// way back for it: a search that little fits would read the whole record while one waits.
// What each look finds leaves before the next, so that one sees it grow, and no more than
// one look is ever in memory. The last line says how far it went.
func (r *Record) export(v *Visit, s search) error {
	q := s.query
	q.Before, q.Limit = 0, deedsPerFetch
	s.asked.Before = 0
	if err := r.Note(v.Context(), reader(v), q.Patient, r.Told("export", s.asked)...); err != nil {
		return r.unrecorded(v, err)
	}
	page, err := r.Archive.Find(v.Context(), q)
	if err != nil {
		return err // nothing has left: a page can still say it
	}
	x := exporting{r: r, v: v, file: deedFile.begin(v)}
	for looks := 1; ; looks++ {
		x.add(&page)
		switch q.Before = page.Next; {
		case page.Next == 0 && !x.full():
			x.end()
			return nil
		case x.full() || looks == mostLooks:
			x.cutShort(page.Until)
			return nil
		case !x.goesOn():
			return nil
		}
		if page, err = r.Archive.Find(v.Context(), q); err != nil {
			x.broken(err)
			return nil
		}
		if !x.mayStill() {
			return nil
		}
	}
}

// exporting is a file of the record under way.
type exporting struct {
	r    *Record
	v    *Visit
	file *sheetFile[deed]
	rows int
	last When // of the row that left last, which is the oldest
	cut  bool // something that was found does not fit any more
}

func (x *exporting) add(page *oversight.Page) {
	for i := range page.Found {
		if x.rows == mostDeeds {
			x.cut = true
			return
		}
		d := x.r.deed(x.v, &page.Found[i])
		x.file.add(d)
		x.last = d.At
		x.rows++
	}
	x.cut = x.cut || x.rows == mostDeeds && page.Next != 0
}

func (x *exporting) full() bool { return x.cut }

// goesOn lets go what was found, and reports whether somebody waits still: for whoever went
// away nothing is looked up any more.
func (x *exporting) goesOn() bool {
	if defect.On(defect.FileHeld) {
		return true
	}
	left := x.file.flush()
	return left == nil && x.v.Context().Err() == nil || defect.On(defect.FileUnending)
}

// mayStill reports whether who asked may read the record still: what was found for somebody
// who lost the duty meanwhile, or whose session ended, goes nowhere.
func (x *exporting) mayStill() bool {
	if now := x.v.site.cfg.Who(x.v.R); (now == nil || !mayRead(now)) && !defect.On(defect.FileOutlives) {
		x.abort()
		return false
	}
	return true
}

// broken ends a file that cannot be finished. It must not look like a whole one, and no page
// can say so any more: the connection breaks.
func (x *exporting) broken(err error) {
	if x.v.Context().Err() != nil {
		return // nobody waits
	}
	x.v.site.cfg.Diary.LogAttrs(x.v.Context(), slog.LevelError, "a file of the record was broken off: it could not be read on", slog.String("error", err.Error()))
	x.abort()
}

func (x *exporting) abort() {
	if !defect.On(defect.FileNeatly) {
		panic(http.ErrAbortHandler)
	}
}

// cutShort ends a file that holds the newest alone by a line that says how far it goes.
func (x *exporting) cutShort(until int64) {
	to := x.v.When(until)
	if x.rows == mostDeeds || x.rows > 0 && until == 0 {
		to = x.last
	}
	x.file.add(deed{At: to, Say: "Only looked back to this time: what is older was left out. Narrow the search, or search again with an earlier Until."})
	x.end()
}

func (x *exporting) end() { _ = x.file.flush() } // an error here is a reader that went away
