package notice_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"modicum/internal/notice"
)

const (
	oldSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	newSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
)

// TestTheSignatureIsThatOfStandardWebhooks: the example of the libraries that receivers use.
func TestTheSignatureIsThatOfStandardWebhooks(t *testing.T) {
	got, err := notice.Sign([]string{secretFile(t, oldSecret)}, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

// receiver is a program of the organization that checks what it gets, and knows copies.
type receiver struct {
	secret string

	mu     sync.Mutex
	calls  int
	events map[string]map[string]any // by webhook-id
	bad    []string
	does   func(n int) int // status of the nth call, from 1; 0 takes it and breaks the connection
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	text, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	id, stamp := req.Header.Get("webhook-id"), req.Header.Get("webhook-timestamp")
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.secret, "whsec_"))
	mac := hmac.New(sha256.New, key)
	io.WriteString(mac, id+"."+stamp+"."+string(text))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if !slices.Contains(strings.Fields(req.Header.Get("webhook-signature")), want) || req.Method != "POST" {
		r.bad = append(r.bad, "signature of "+id)
	}
	status := http.StatusNoContent
	if r.does != nil {
		status = r.does(r.calls)
	}
	if status/100 == 2 || status == 0 {
		var event map[string]any
		if err := json.Unmarshal(text, &event); err != nil {
			r.bad = append(r.bad, err.Error())
		}
		r.events[id] = event
	}
	switch status {
	case 0:
		panic(http.ErrAbortHandler)
	case http.StatusFound:
		w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
	}
	w.WriteHeader(status)
}

func (r *receiver) seen() (calls, events int, bad []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls, len(r.events), r.bad
}

// pipes is a listener of pipes, so that HTTP lives in a bubble of time.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }
func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.done:
		return nil, errUnplugged
	}
}

// withHook gives the world a webhook for broken glasses.
func (w *world) withHook(t *testing.T, secrets ...string) *receiver {
	t.Helper()
	r := &receiver{secret: secrets[0], events: map[string]map[string]any{}}
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: r}
	go server.Serve(p)
	t.Cleanup(func() { server.Close(); p.Close() })
	u, _ := url.Parse("http://localhost:9/hooks/modicum")
	var files []string
	for _, s := range secrets {
		files = append(files, secretFile(t, s))
	}
	h := notice.Hook{Name: "pager", URL: u, SecretFiles: files, Kinds: []notice.Kind{notice.GlassBroken}}
	h.Through(p.dial)
	w.cfg.Hooks = append(w.cfg.Hooks, h)
	return r
}

func TestAWebhookHearsOnceWhateverItAnswers(t *testing.T) {
	for name, does := range map[string]func(n int) int{
		"it is well":              nil,
		"it is broken":            func(n int) int { return status(n < 4, 500) },
		"it is away":              func(n int) int { return status(n < 4, 503) },
		"it has it and breaks":    func(n int) int { return status(n < 3, 0) },
		"it does not know us yet": func(n int) int { return status(n < 3, 401) },
		"it says that it moved":   func(n int) int { return status(n < 3, 302) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				r := w.withHook(t, oldSecret)
				r.does = does
				teller, _ := w.open(t)
				defer running(t, teller)()
				// Two people are told of one event; another kind is not for this webhook.
				tell(t, teller, broken("hosp/paula", moment()), broken("hosp/alice", moment()), waits("hosp/bob", moment()))
				time.Sleep(2 * time.Hour)
				synctest.Wait()
				calls, events, bad := r.seen()
				if events != 1 || len(bad) > 0 {
					t.Errorf("%d events in %d calls, wrong: %v", events, calls, bad)
				}
				if w.count("notice-sent") != 1 {
					t.Errorf("on record %v", w.acts())
				}
			})
		})
	}
}

func status(when bool, code int) int {
	if when {
		return code
	}
	return http.StatusNoContent
}

func TestAWebhookHearsNothingProtected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.withHook(t, oldSecret)
		teller, _ := w.open(t)
		defer running(t, teller)()
		n := broken("hosp/paula", moment())
		tell(t, teller, n)
		time.Sleep(time.Minute)
		synctest.Wait()
		for id, event := range r.events {
			want := map[string]any{
				"type": "glass-broken", "timestamp": time.UnixMicro(n.At).UTC().Format(time.RFC3339Nano),
				"data": map[string]any{
					"id": id, "about": map[string]any{"thing": "review", "id": grant}, "by": "hosp/bob",
					"link": "https://modicum.hospital.example/reviews/" + grant,
				},
			}
			got, _ := json.Marshal(event)
			wanted, _ := json.Marshal(want)
			if string(got) != string(wanted) {
				t.Errorf("got  %s\nwant %s", got, wanted)
			}
		}
		if len(r.events) != 1 {
			t.Errorf("%d events", len(r.events))
		}
	})
}

func TestAWebhookThatIsGoneIsAskedNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.withHook(t, oldSecret)
		r.does = func(n int) int { return status(n == 1, http.StatusGone) }
		teller, _ := w.open(t)
		stop := running(t, teller)
		tell(t, teller, broken("hosp/paula", moment()))
		time.Sleep(time.Minute)
		tell(t, teller, broken("hosp/paula", moment()))
		time.Sleep(3 * time.Hour)
		stop()
		if calls, _, _ := r.seen(); calls != 1 || !teller.State()[0].Disabled || w.count("webhook-disabled") != 1 {
			t.Errorf("%d calls, state %+v, on record %v", calls, teller.State(), w.acts())
		}
		again, _ := w.open(t)
		defer running(t, again)()
		if err := again.EnableHook(t.Context(), "pagers", "hosp/paula"); !errors.Is(err, notice.ErrNoHook) {
			t.Errorf("a webhook that is not: %v", err)
		}
		if !again.State()[0].Disabled {
			t.Error("it is enabled after a restart")
		}
		if err := again.EnableHook(t.Context(), again.State()[0].Hook, "hosp/paula"); err != nil {
			t.Fatal(err)
		}
		tell(t, again, broken("hosp/paula", moment()))
		time.Sleep(time.Minute)
		synctest.Wait()
		if _, events, _ := r.seen(); events != 1 || again.State()[0].Sent.IsZero() || again.State()[0].Disabled {
			t.Errorf("%d events after it was enabled, state %+v", events, again.State()[0])
		}
	})
}

func TestSecretsChangeOverWithoutALostCall(t *testing.T) {
	for _, receives := range []string{oldSecret, newSecret} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			r := w.withHook(t, newSecret, oldSecret)
			r.secret = receives
			teller, _ := w.open(t)
			defer running(t, teller)()
			tell(t, teller, broken("hosp/paula", moment()))
			time.Sleep(time.Minute)
			synctest.Wait()
			if _, events, bad := r.seen(); events != 1 || len(bad) > 0 {
				t.Errorf("%d events, wrong: %v", events, bad)
			}
		})
	}
}

func TestASecretThatOthersCanReadIsNotUsed(t *testing.T) {
	for name, c := range map[string]struct {
		mode os.FileMode
		text string
	}{
		"others read it":   {0o604, oldSecret},
		"the group writes": {0o620, oldSecret},
		"it is empty":      {0o600, "\n"},
		"it is short":      {0o600, "whsec_MfKQ9r8GKYq="},
		"it is not base64": {0o600, "whsec_????????????????????????????????"},
		"it has no prefix": {0o600, strings.TrimPrefix(oldSecret, "whsec_")},
		"there are two":    {0o600, oldSecret + "\n" + newSecret},
		"it is enormous":   {0o600, strings.Repeat(oldSecret+"\n", 1000)},
	} {
		file := secretFile(t, c.text)
		if err := os.Chmod(file, c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := notice.Sign([]string{file}, "id", "1", nil)
		if err == nil || strings.Contains(err.Error(), "MfKQ") || strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatWaitsForAWebhookThatIsNoLongerConfiguredIsPutAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.withHook(t, oldSecret)
		r.does = func(int) int { return 500 }
		teller, _ := w.open(t)
		stop := running(t, teller)
		tell(t, teller, broken("hosp/paula", moment()))
		time.Sleep(time.Minute)
		stop()
		w.cfg.Hooks = nil
		again, _ := w.open(t)
		stop = running(t, again)
		time.Sleep(91 * 24 * time.Hour)
		stop()
		if n := again.Unread("hosp/paula"); n != 0 || w.count("notices-put-away") != 2 {
			t.Errorf("%d unread after 91 days, on record %v", n, w.acts())
		}
		past, err := again.History(t.Context(), "hosp/paula", "", 5)
		if err != nil || len(past) != 1 || !past[0].Seen.IsZero() {
			t.Errorf("history %+v, %v", past, err)
		}
	})
}

func TestO1_NothingIsDialledButWhatIsConfigured(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	here := l.Addr().String()
	for name, c := range map[string]struct {
		configured, asked string
		near, ok          bool
	}{
		"as configured":               {here, here, false, true},
		"as configured, in clear":     {here, here, true, true},
		"another port":                {"127.0.0.1:1", here, false, false},
		"another host":                {"hooks.hospital.example:443", here, false, false},
		"clear text to elsewhere":     {"192.0.2.1:25", "192.0.2.1:25", true, false},
		"the machine's own secrets":   {"169.254.169.254:443", "169.254.169.254:443", false, false},
		"the same, as IPv6 has it":    {"[::ffff:169.254.169.254]:443", "[::ffff:169.254.169.254]:443", false, false},
		"an address of no machine":    {"0.0.0.0:443", "0.0.0.0:443", false, false},
		"many machines":               {"224.0.0.1:443", "224.0.0.1:443", false, false},
		"clear text to an unspecific": {"[::]:25", "[::]:25", true, false},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		conn, err := notice.Dial(ctx, c.configured, c.near, c.asked)
		cancel()
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if conn != nil {
			conn.Close()
		}
	}
}

func TestO1_AWebhookDoesNotFollowAndUsesNoProxy(t *testing.T) {
	var elsewhere sync.Map
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { elsewhere.Store(r.URL.Path, true) }))
	defer other.Close()
	t.Setenv("HTTP_PROXY", other.URL)
	came := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/redirected", http.StatusTemporaryRedirect)
		came <- struct{}{}
	}))
	defer server.Close()
	u, _ := url.Parse(server.URL)
	w := newWorld(t)
	w.cfg.Hooks = []notice.Hook{{Name: "pager", URL: u, SecretFiles: []string{secretFile(t, oldSecret)}, Kinds: []notice.Kind{notice.GlassBroken}}}
	teller, _ := w.open(t)
	stop := running(t, teller)
	tell(t, teller, broken("hosp/paula", moment()))
	<-came
	stop() // waits for the call that is under way
	elsewhere.Range(func(path, _ any) bool { t.Errorf("went on to %v", path); return true })
}

func TestATellerRefusesWaysThatAreNotSafe(t *testing.T) {
	address := func(s string) *url.URL { u, _ := url.Parse(s); return u }
	hook := func(f func(h *notice.Hook)) func(c *notice.Config) {
		return func(c *notice.Config) {
			h := notice.Hook{Name: "pager", URL: address("https://hooks.hospital.example/x"), SecretFiles: []string{"f"}, Kinds: []notice.Kind{notice.Waits}}
			f(&h)
			c.Hooks = []notice.Hook{h}
		}
	}
	post := func(f func(m *notice.Mail)) func(c *notice.Config) {
		return func(c *notice.Config) {
			m := notice.Mail{Server: "mail.hospital.example:587", From: "modicum@hospital.example"}
			f(&m)
			c.Mail = &m
		}
	}
	for name, c := range map[string]struct {
		change func(c *notice.Config)
		ok     bool
	}{
		"a webhook":                   {hook(func(*notice.Hook) {}), true},
		"mail":                        {post(func(*notice.Mail) {}), true},
		"clear text to a webhook":     {hook(func(h *notice.Hook) { h.URL = address("http://hooks.hospital.example") }), false},
		"another scheme":              {hook(func(h *notice.Hook) { h.URL = address("file:///etc") }), false},
		"a user in the address":       {hook(func(h *notice.Hook) { h.URL = address("https://u:p@hooks.hospital.example") }), false},
		"no secret":                   {hook(func(h *notice.Hook) { h.SecretFiles = nil }), false},
		"all events":                  {hook(func(h *notice.Hook) { h.Kinds = nil }), true},
		"an event that is not":        {hook(func(h *notice.Hook) { h.Kinds = []notice.Kind{"wait"} }), false},
		"clear text to a mail server": {post(func(m *notice.Mail) { m.Security = notice.Plain }), false},
		"another way to encrypt":      {post(func(m *notice.Mail) { m.Security = "opportunistic" }), false},
		"a user without password":     {post(func(m *notice.Mail) { m.User = "modicum" }), false},
		"a sender that is none":       {post(func(m *notice.Mail) { m.From = "modicum" }), false},
		"a server without port":       {post(func(m *notice.Mail) { m.Server = "mail.hospital.example" }), false},
		"mail without our address":    {func(c *notice.Config) { post(func(*notice.Mail) {})(c); c.Public = nil }, false},
		"two of one name": {func(c *notice.Config) {
			hook(func(*notice.Hook) {})(c)
			c.Hooks = append(c.Hooks, c.Hooks[0])
		}, false},
	} {
		w := newWorld(t)
		w.cfg.Desk = newDesk(w)
		c.change(&w.cfg)
		if _, err := notice.Open(t.Context(), w.cfg); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
