package tokens

import (
	"bytes"
	"context"
	_ "embed"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"modicum/policy"
)

// Holder is who sits at the browser, and how they signed in.
type Holder struct {
	Person, Session string
	How             []string
	ACR             string
	Proved          int64
	Proofless       bool // they have no way of proving who they are: who asks for a newer proof waits in vain
}

// Pages say how the pages of this package meet the console.
type Pages struct {
	// Holder is whose session a request belongs to; nil: nobody is signed in.
	Holder func(context.Context) *Holder
	// Show answers a page in the frame of the console.
	Show func(w http.ResponseWriter, r *http.Request, status int, title string, body template.HTML)
}

//go:embed pages.html
var pagesText string

var pages = template.Must(template.New("pages").Parse(pagesText))

// Browser answers the pages on which a person says yes to a command line:
// /sign-in/authorize and /sign-in/device. It must stand behind what refuses posts of
// other sites.
func (s *Service) Browser(p Pages) http.Handler {
	b := &browser{s, p}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+authorizePath, b.signedIn(b.askAuthorize))
	mux.HandleFunc("POST "+authorizePath, b.signedIn(b.authorize))
	mux.HandleFunc("GET "+devicePath, b.signedIn(b.askCode))
	mux.HandleFunc("POST "+devicePath, b.signedIn(b.device))
	return mux
}

type browser struct {
	*Service
	pages Pages
}

// signedIn leads whoever is not signed in to the page for it and back. What stands in the
// address is public: a challenge, a port, the name of a task.
func (b *browser) signedIn(next func(http.ResponseWriter, *http.Request, *Holder)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := b.pages.Holder(r.Context())
		if h == nil {
			http.Redirect(w, r, "/sign-in?"+url.Values{"to": {r.URL.RequestURI()}}.Encode(), http.StatusSeeOther)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		next(w, r, h)
	}
}

// question is what a page shows of a plea.
type question struct {
	plea
	Who, Title, Say string // of the task
	Device          bool
	User            string
	Fields          map[string]string // sent again with the answer
	Action, Wrong   string
	Tasks           []policy.TaskInfo // all of the person's, where they named none of them
	To              string            // of the page that follows
}

// show makes a page whole before it is answered.
func (b *browser) show(w http.ResponseWriter, r *http.Request, status int, name, title string, data any) {
	var out bytes.Buffer
	if err := pages.ExecuteTemplate(&out, name, data); err != nil {
		b.cfg.Diary.LogAttrs(r.Context(), slog.LevelError, "a page of tokens failed", slog.String("page", name))
		http.Error(w, "This page cannot be shown just now.", http.StatusInternalServerError)
		return
	}
	b.pages.Show(w, r, status, title, template.HTML(out.String()))
}

func (b *browser) wrong(w http.ResponseWriter, r *http.Request, text string) {
	b.show(w, r, http.StatusBadRequest, "wrong", "That did not work", &question{Wrong: text})
}

// authorization is a request of the command line's browser, RFC 6749 section 4.1.1.
type authorization struct {
	plea
	challenge, redirect, state string
}

// request reads an authorization request. Where it is wrong nobody is sent anywhere:
// the address to send to is part of it.
func (b *browser) request(f url.Values, r *http.Request) (a authorization, ok bool) {
	for _, values := range f {
		if len(values) != 1 {
			return a, false
		}
	}
	a.plea, ok = pleaOf(f, address(r))
	a.challenge, a.redirect, a.state = f.Get("code_challenge"), f.Get("redirect_uri"), f.Get("state")
	return a, ok && f.Get("response_type") == "code" && f.Get("client_id") == CLI && f.Get("code_challenge_method") == "S256" &&
		len(a.challenge) == 43 && len(a.state) >= 16 && len(a.state) <= 128 && loopback(a.redirect)
}

const unreadable = "This address is not one that the command line opens. Type modicum login again, and follow the link that it prints."

// askAuthorize shows what a command line on this machine asks for. It changes nothing.
func (b *browser) askAuthorize(w http.ResponseWriter, r *http.Request, h *Holder) {
	a, ok := b.request(r.URL.Query(), r)
	if !ok {
		b.wrong(w, r, unreadable)
		return
	}
	if b.stale(h, &a.plea) && h.Proofless {
		back := url.Values{"state": {a.state}, "iss": {b.issuer}, "error": {errProof.code}}
		b.show(w, r, http.StatusOK, "proofless", "No way of proving it", &question{To: a.redirect + "?" + back.Encode()})
		return
	}
	if b.stale(h, &a.plea) {
		http.Redirect(w, r, provePath+"?"+url.Values{"to": {r.URL.RequestURI()}}.Encode(), http.StatusSeeOther)
		return
	}
	fields := map[string]string{}
	for name, values := range r.URL.Query() {
		fields[name] = values[0]
	}
	b.ask(w, r, h, &question{plea: a.plea, Fields: fields, Action: authorizePath})
}

// stale reports whether a command line asks for a newer proof of presence than there is.
func (b *browser) stale(h *Holder, p *plea) bool {
	now, _ := b.cfg.Now()
	age := now.Sub(time.UnixMicro(h.Proved))
	return p.MaxAge > 0 && (age > p.MaxAge || age < 0) // of a time to come it counts nowhere
}

// ask shows a question whose task the person has; otherwise what to do. A device that
// waits is told at once: it would do so for ten minutes.
func (b *browser) ask(w http.ResponseWriter, r *http.Request, h *Holder, q *question) {
	now, _ := b.cfg.Now()
	id, err := b.taskOf(h.Person, q.Task, now)
	if err != nil {
		if q.Device {
			b.codes.answer(q.User, nil, errTask, now)
		}
		b.show(w, r, http.StatusBadRequest, "tasks", "No such task", &question{Tasks: b.tasksOf(h.Person, now)})
		return
	}
	q.Task, q.Who = id, h.Person
	if p := b.cfg.People.Person(h.Person); p != nil {
		q.Who = nameOr(p.Name, p.ID)
	}
	q.Title, q.Say = b.words(id)
	b.show(w, r, http.StatusOK, "ask", "Give the command line a token?", q)
}

func (b *browser) words(task string) (title, say string) {
	if task == "" {
		return "", ""
	}
	info, _ := b.cfg.Policy().Task(task)
	return nameOr(info.Title, task), info.Say
}

// authorize notes the person's answer and sends the browser back to the command line.
func (b *browser) authorize(w http.ResponseWriter, r *http.Request, h *Holder) {
	if r.ParseForm() != nil {
		b.wrong(w, r, unreadable)
		return
	}
	yes := r.PostForm.Get("answer") == "yes"
	r.PostForm.Del("answer")
	a, ok := b.request(r.PostForm, r)
	if !ok {
		b.wrong(w, r, unreadable)
		return
	}
	back := url.Values{"state": {a.state}, "iss": {b.issuer}} // RFC 9207
	if yes {
		code, ok := b.code(h, &a)
		if !ok {
			b.wrong(w, r, "Too many command lines are waiting, or the time is not known for sure. Try again in a minute.")
			return
		}
		back.Set("code", code)
	} else {
		back.Set("error", errDenied.code)
	}
	to := a.redirect + "?" + back.Encode()
	// A redirect would be stopped by the page's own policy, which lets forms lead to this
	// address alone; a refresh is not, and without one there is the link.
	w.Header().Set("Refresh", "0; url="+to)
	b.show(w, r, http.StatusOK, "back", "Back to the command line", &question{To: to})
}

// code is worth a token to whoever holds its verifier.
func (b *browser) code(h *Holder, a *authorization) (string, bool) {
	now, sure := b.cfg.Now()
	code, err := b.random(32)
	if err != nil || !sure {
		return "", false
	}
	return code, b.codes.add(code, &waiting{
		plea: a.plea, challenge: a.challenge, redirect: a.redirect, until: now.Add(codeLives), want: wanted(h, &a.plea),
	}, now)
}

func wanted(h *Holder, p *plea) *Want {
	return &Want{
		Person: h.Person, Session: h.Session, Task: p.Task, For: p.For, Client: CLI,
		How: h.How, ACR: h.ACR, Proved: h.Proved, Agent: p.Machine, Network: p.Network,
	}
}

// askCode is the page on which a short code is typed.
func (b *browser) askCode(w http.ResponseWriter, r *http.Request, _ *Holder) {
	b.show(w, r, http.StatusOK, "type", "Connect a command line", &question{Action: devicePath})
}

// mostTyped bounds the codes that one person types in a minute: nobody finds another's.
const mostTyped = 10

// device finds the command line whose code was typed, and then takes the answer.
func (b *browser) device(w http.ResponseWriter, r *http.Request, h *Holder) {
	now, sure := b.cfg.Now()
	if !b.ofKnown().take(now, "typed "+h.Person, mostTyped) || !sure {
		b.wrong(w, r, "Too many codes in one minute. Wait a little, then try again.")
		return
	}
	if r.ParseForm() != nil {
		b.wrong(w, r, unreadable)
		return
	}
	user := spelled(r.PostForm.Get("user_code"))
	found := b.codes.typed(user, now)
	if found == nil {
		b.show(w, r, http.StatusBadRequest, "type", "Connect a command line", &question{Action: devicePath, Wrong: "Nobody waits with this code. It is good for ten minutes and once: look whether it was typed as it is shown."})
		return
	}
	switch answer := r.PostForm.Get("answer"); answer {
	case "yes", "no":
		var want *Want
		no := errDenied
		if answer == "yes" {
			want, no = wanted(h, &found.plea), nil
		}
		b.answered(w, r, b.codes.answer(user, want, no, now), want != nil)
	default:
		if b.stale(h, &found.plea) && h.Proofless { // told at once: it would wait for ten minutes
			b.codes.answer(user, nil, errProof, now)
			b.show(w, r, http.StatusOK, "proofless", "No way of proving it", &question{})
			return
		}
		if b.stale(h, &found.plea) {
			b.show(w, r, http.StatusOK, "prove", "Prove who you are", &question{User: user, To: provePath + "?" + url.Values{"to": {devicePath}}.Encode()})
			return
		}
		b.ask(w, r, h, &question{plea: found.plea, Device: true, User: user, Fields: map[string]string{"user_code": user}, Action: devicePath})
	}
}

func (b *browser) answered(w http.ResponseWriter, r *http.Request, ok, yes bool) {
	switch {
	case !ok:
		b.wrong(w, r, "This code is over, or was answered already.")
	case yes:
		b.show(w, r, http.StatusOK, "done", "Connected", &question{})
	default:
		b.show(w, r, http.StatusOK, "denied", "Nothing was given", &question{})
	}
}

// Lasts is how long a token lives, in words.
func (p plea) Lasts() string {
	n, unit := int(p.For.Minutes()), "minute"
	if p.For%time.Hour == 0 {
		n, unit = int(p.For.Hours()), "hour"
	}
	if n != 1 {
		unit += "s"
	}
	return strconv.Itoa(n) + " " + unit
}
