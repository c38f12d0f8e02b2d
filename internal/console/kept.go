package console

import (
	"crypto/rand"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"modicum/internal/defect"
)

// kept holds forms while their senders prove who they are. They stay in memory and
// never stand in an address: a form may name a patient.
type kept struct {
	most, owned int // forms of everybody, and of one session

	mu    sync.Mutex
	forms map[string]keptForm // by a random name
}

type keptForm struct {
	session, path string
	sends         string
	values        url.Values
	until         time.Time
}

const (
	keepFor  = 10 * time.Minute
	maxKept  = 1000 // of everybody
	maxOwned = 8    // of one session
)

// errGone: the form was kept for somebody else, or too long ago, or never.
var errGone = errors.New("the form is no longer kept")

func newKept(most, owned int) *kept {
	return &kept{most: most, owned: owned, forms: map[string]keptForm{}}
}

// put keeps a form, if need be in place of the oldest of its session or of all.
func (k *kept) put(f keptForm, now time.Time) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	maps.DeleteFunc(k.forms, func(_ string, f keptForm) bool { return !now.Before(f.until) })
	k.drop(k.owned, func(o keptForm) bool { return o.session == f.session })
	k.drop(k.most, func(keptForm) bool { return true })
	name := rand.Text()
	k.forms[name] = f
	return name
}

// drop takes away the oldest of some forms while there are as many as most.
func (k *kept) drop(most int, of func(keptForm) bool) {
	var names []string
	for name, f := range k.forms {
		if of(f) {
			names = append(names, name)
		}
	}
	if len(names) < most {
		return
	}
	slices.SortFunc(names, func(a, b string) int { return k.forms[a].until.Compare(k.forms[b].until) })
	for _, name := range names[:len(names)-most+1] {
		delete(k.forms, name)
	}
}

// get returns a form to the session that sent it, and to no other.
func (k *kept) get(name, session string, now time.Time) (keptForm, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f, ok := k.forms[name]
	if !ok || f.session != session && !defect.On(defect.FormForAnybody) || !now.Before(f.until) {
		return keptForm{}, false
	}
	return f, true
}

// forget drops a form.
func (k *kept) forget(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.forms, name)
}

// prove keeps the form of a visit and leads to where the person proves who they are.
func (v *Visit) prove() error {
	name := v.site.kept.put(keptForm{
		session: v.Viewer.Session, path: v.R.URL.EscapedPath(), sends: v.page.sends(v.R.PostForm), values: v.R.PostForm, until: v.Now.Add(keepFor),
	}, v.Now)
	v.redirect("/sign-in/prove?" + url.Values{"to": {"/again/" + name}}.Encode())
	return nil
}

// again is the page to which the proof leads back: one button, which sends the form
// as it was. Opening it changes nothing.
func (s *Site) again() Page {
	return Page{Path: "/again/{name}", Get: func(v *Visit) error {
		f, ok := s.kept.get(v.R.PathValue("name"), v.Viewer.Session, v.Now)
		if !ok {
			return errGone
		}
		return v.Show(againView, f.page())
	}}
}

type againPage struct {
	Path, Sends string
	Fields      []againField
}

type againField struct{ Name, Value string }

// Told reports whether a field says something to who filled it in: what was pressed stands
// on the button.
func (f againField) Told() bool {
	return f.Value != "" && f.Name != "digest" && f.Name != "step" && f.Name != "do" && f.Name != "item"
}

// againLabels are the names of fields that say too little by themselves.
var againLabels = map[string]string{
	"dept": "Department", "mail": "Mail address", "zone": "Time zone", "practitioner": "Who they are in the FHIR server", "heir": "Who takes over their programs",
	"jwk": "Public key", "class": "Kind of data", "mark": "Marked records", "ref": "Number that proves it", "text": "What it is for", "other": "Their other account",
}

// Label is what a field is called here.
func (f againField) Label() string {
	if label := againLabels[f.Name]; label != "" {
		return label
	}
	return upperFirst(words(strings.ReplaceAll(f.Name, "_", "-")))
}

func (f *keptForm) page() againPage {
	p := againPage{Path: f.path, Sends: f.sends}
	for _, name := range slices.Sorted(maps.Keys(f.values)) {
		for _, value := range f.values[name] {
			p.Fields = append(p.Fields, againField{name, value})
		}
	}
	return p
}

const againText = `{{define "title"}}Go on{{end}}
{{define "main"}}<div class="narrow"><h1>Thank you. One more press</h1>
<p class="lead">You proved who you are. What you filled in is still here; nothing has been done yet.</p>
<dl class="facts">{{range .Fields}}{{if .Told}}<div><dt>{{.Label}}</dt><dd>{{.Value}}</dd></div>{{end}}{{end}}</dl>
<form method="post" action="{{.Path}}">{{range .Fields}}<input type="hidden" name="{{.Name}}" value="{{.Value}}">{{end}}
<p class="actions"><button class="primary" autofocus>{{.Sends}}</button> <a href="{{.Path}}">Not now</a></p></form></div>{{end}}`

var againView = View("again", againText)
