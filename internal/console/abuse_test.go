package console_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"modicum/internal/console"
)

// evil is what somebody writes who wants it to be more than text, in one line and in the
// alphabet of names too.
const evil = `"'><script>window.ran=1</script><img src=x onerror=window.ran=1><svg onload=window.ran=1> =1+1 {{.}} javascript:window.ran=1`

// field is one thing of a form that a page shows.
type field struct {
	name, value string
	text        bool // somebody types it
}

type form struct {
	action string
	fields []field
	button field
}

var (
	forms   = regexp.MustCompile(`(?s)<form([^>]*)>(.*?)</form>`)
	inputs  = regexp.MustCompile(`(?s)<(input|button)\b([^>]*)>`)
	areas   = regexp.MustCompile(`(?s)<textarea\b([^>]*)>`)
	selects = regexp.MustCompile(`(?s)<select\b([^>]*)>(.*?)</select>`)
	options = regexp.MustCompile(`<option\b([^>]*)>`)
	said    = regexp.MustCompile(`([a-z-]+)="([^"]*)"`)
)

func attributes(s string) map[string]string {
	out := map[string]string{}
	for _, m := range said.FindAllStringSubmatch(s, -1) {
		out[m[1]] = html.UnescapeString(m[2])
	}
	return out
}

// formsOf are the forms of a page that change something, one for each of their buttons.
func formsOf(page, path string) (out []form) {
	for _, m := range forms.FindAllStringSubmatch(page, -1) {
		at := attributes(m[1])
		if !strings.EqualFold(at["method"], "post") {
			continue
		}
		f := form{action: at["action"]}
		if f.action == "" {
			f.action = path
		}
		var buttons []field
		for _, in := range inputs.FindAllStringSubmatch(m[2], -1) {
			a := attributes(in[2])
			switch {
			case in[1] == "button":
				buttons = append(buttons, field{name: a["name"], value: a["value"]})
			case a["type"] == "radio" || a["type"] == "checkbox" || a["type"] == "hidden":
				f.fields = append(f.fields, field{a["name"], a["value"], false})
			default:
				f.fields = append(f.fields, field{a["name"], "", true})
			}
		}
		for _, in := range areas.FindAllStringSubmatch(m[2], -1) {
			f.fields = append(f.fields, field{attributes(in[1])["name"], "", true})
		}
		for _, in := range selects.FindAllStringSubmatch(m[2], -1) {
			values := options.FindAllStringSubmatch(in[2], -1)
			f.fields = append(f.fields, field{attributes(in[1])["name"], attributes(values[len(values)-1][1])["value"], false})
		}
		for _, b := range buttons {
			g := f
			g.button = b
			out = append(out, g)
		}
	}
	return out
}

// filled is a form with something in each field that is typed, in one of them, or, where
// every is set, in those that are chosen too.
func (f *form) filled(with string, every bool) url.Values {
	out := url.Values{}
	for _, x := range f.fields {
		switch {
		case x.text || every:
			out.Set(x.name, with)
		default:
			out.Set(x.name, x.value)
		}
	}
	if f.button.name != "" {
		out.Set(f.button.name, f.button.value)
	}
	return out
}

// TestC2_NoFieldOfAnyFormIsMoreThanText: each form of each page, filled with markup where
// somebody types and then also where they choose, sent by each of its buttons. Neither the
// answer nor any page afterwards holds it but as text.
func TestC2_NoFieldOfAnyFormIsMoreThanText(t *testing.T) {
	told := 0
	for name, part := range map[string]func(*testing.T) ([]stop, *console.Site){"staff": ofStaff, "office": ofOffice, "policy": ofPolicy} {
		t.Run(name, func(t *testing.T) {
			stops, site := part(t)
			sent, typed, posted := 0, 0, map[string]bool{}
			text := func(s stop, what, page string) {
				t.Helper()
				told += strings.Count(page, "&lt;script&gt;window")
				for _, bad := range []string{"<script>window", "<img src=x", "<svg onload", `"'>`, `href="javascript:`} {
					if strings.Contains(page, bad) {
						t.Errorf("%s %s holds %s", s.name, what, bad)
					}
				}
			}
			found := map[int][]form{} // before anything is sent: what is sent changes the pages
			for i, s := range stops {
				s.as()
				_, page := fetch(t, http.MethodGet, s.web()+s.path, "")
				found[i] = formsOf(page, s.at())
			}
			for i, s := range stops {
				for _, f := range found[i] {
					for _, every := range []bool{false, true} {
						s.as()
						_, answer := fetch(t, http.MethodPost, s.web()+f.action, f.filled(evil, every).Encode())
						text(s, "by "+f.button.value, answer)
						sent++
					}
					typed += len(slices.DeleteFunc(slices.Clone(f.fields), func(x field) bool { return !x.text }))
					posted[f.action] = true
				}
			}
			for _, s := range stops {
				s.as()
				_, page := fetch(t, http.MethodGet, s.web()+s.path, "")
				text(s, "afterwards", page)
			}
			for _, p := range site.Paths() {
				if p.Post != nil && !slices.ContainsFunc(keys(posted), shaped(p.Path).MatchString) && p.Path != "/again/{name}" {
					t.Errorf("no form of %s was sent", p.Path)
				}
			}
			t.Logf("%d sendings, %d fields that are typed", sent, typed)
		})
	}
	if told < 50 {
		t.Errorf("what was sent stands as text in %d places, so nobody can say that it is no more", told)
	}
}

// TestC1_NoIdOfAnybodyElseCanBeGuessed: on every address with an id, what is somebody
// else's looks to a colleague like what is not there, to the byte, for looking and for
// sending.
func TestC1_NoIdOfAnybodyElseCanBeGuessed(t *testing.T) {
	open := map[string]string{"/roles/{role}": "what the policy says is for everybody"}
	staff, first := ofStaff(t)
	office, second := ofOffice(t)
	laws, third := ofPolicy(t)
	for _, who := range []struct {
		site  *console.Site
		stops []stop
	}{{first, staff}, {second, office}, {third, laws}} {
		tried := 0
		for _, p := range who.site.Paths() {
			if !strings.Contains(p.Path, "{") || strings.Contains(p.Path, "{$}") || open[p.Path] != "" {
				continue
			}
			for _, s := range who.stops {
				at := s.at()
				if !shaped(p.Path).MatchString(at) {
					continue
				}
				parts := strings.Split(at, "/")
				n := slices.IndexFunc(strings.Split(p.Path, "/"), func(part string) bool { return strings.HasPrefix(part, "{") })
				id, made := parts[n], strings.Repeat("z", max(0, len(parts[n])-4))+"zzqx"
				parts[n] = made
				other := strings.Join(parts, "/")
				for _, method := range []string{http.MethodGet, http.MethodPost} {
					s.stranger()
					status, page := fetch(t, method, s.web()+at, "do=stop&answer=approve&verdict=justified&word=all+is+well")
					none, empty := fetch(t, method, s.web()+other, "do=stop&answer=approve&verdict=justified&word=all+is+well")
					if tried++; status < 400 || status != none || page != strings.ReplaceAll(empty, made, id) {
						t.Errorf("%s %s can be told from what is not there: %d, %d", method, p.Path, status, none)
					}
				}
			}
		}
		if tried < 4 {
			t.Errorf("only %d were tried", tried)
		}
	}
}

// at is the address that a stop is about, below the server.
func (s *stop) at() string {
	u, err := url.Parse(s.path)
	if err != nil {
		return s.path
	}
	if to := u.Query().Get("to"); to != "" {
		return to
	}
	return u.EscapedPath()
}

// shaped matches the addresses of a page.
func shaped(pattern string) *regexp.Regexp {
	pattern = regexp.QuoteMeta(strings.Replace(pattern, "{$}", "", 1))
	return regexp.MustCompile("^" + regexp.MustCompile(`\\\{[^}]*\\\}`).ReplaceAllString(pattern, `[^/]+`) + "$")
}

func keys(m map[string]bool) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	return out
}

// fetch asks and follows nothing.
func fetch(t *testing.T, method, address, body string) (int, string) {
	t.Helper()
	if method == http.MethodGet {
		body = ""
	}
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode, read(t, res)
}
