package arch

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// largest is the size in bytes above which a file counts as data and is not read.
const largest = 2 << 20

// rule is something that no file may say. Patterns are put together from halves, so that this file keeps them as well.
type rule struct {
	why     string
	pattern *regexp.Regexp
	only    []string // endings of the files that it holds for; nil is all
}

var code = []string{".go", ".java", ".mjs", ".js", ".py", ".sh", ".sql", ".css", ".html", "Makefile", "run", "setup"}

var rules = []rule{
	{
		"names a package registry: parts are installed by name, from wherever the machine's tools are told",
		regexp.MustCompile(`registry\.` + `npmjs|npmjs\.` + `(com|org)|repo1?\.maven` + `|maven\.org` + `|pypi\.` + `(org|io)|python` +
			`hosted\.org|proxy\.` + `golang\.org|sum\.` + `golang\.org|deb\.` + `debian\.org`),
		nil,
	},
	{
		"holds a path of one machine",
		regexp.MustCompile(`(^|[^A-Za-z0-9._*-])/(wo` + `rk|ro` + `ot)/`),
		nil,
	},
	{
		"holds a to-do without the number of its issue",
		regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME)\b([^(]|$|\([^#]|\(#[^0-9])`),
		code,
	},
	{
		"says that it is not finished; say what it does, or give the issue's number",
		regexp.MustCompile(`(?i)(//|#).*\b(for n` + `ow|not yet im` + `plemented)\b`),
		code,
	},
}

func TestNoFileSaysWhatItMustNot(t *testing.T) {
	read := 0
	for _, name := range files(t) {
		text, ok := readText(t, name)
		if !ok {
			continue
		}
		read++
		for _, r := range rules {
			if r.only != nil && !slices.ContainsFunc(r.only, func(end string) bool { return bytes.HasSuffix([]byte(name), []byte(end)) }) {
				continue
			}
			if at := r.pattern.FindIndex(text); at != nil {
				t.Errorf("%s:%d: %s", name, 1+bytes.Count(text[:at[0]], []byte("\n")), r.why)
			}
		}
	}
	if read < 20 {
		t.Errorf("read only %d files: the reading of the tree is broken", read)
	}
}

// readText gives the content of a file that is text and not too large.
func readText(t *testing.T, name string) ([]byte, bool) {
	t.Helper()
	file := filepath.Join(root, name)
	info, err := os.Stat(file)
	if os.IsNotExist(err) || err == nil && info.Size() > largest {
		return nil, false // gone meanwhile, or data
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text, !bytes.ContainsRune(text[:min(len(text), 8000)], 0)
}

func TestTheRulesFindWhatTheyAreFor(t *testing.T) {
	for i, bad := range []string{
		"npm --registry https://registry." + "npm" + "js.org",
		"open /wo" + "rk/shared/x",
		"// TO" + "DO: later",
		"// enough for n" + "ow",
	} {
		if !rules[i].pattern.MatchString(bad) {
			t.Errorf("%q passes the rule %q", bad, rules[i].why)
		}
	}
	for i, good := range []string{"npm ci", "docs/wo" + "rk/items", "// TO" + "DO(#41): later", "// asked for nowhere else"} {
		if rules[i].pattern.MatchString(good) {
			t.Errorf("%q breaks the rule %q", good, rules[i].why)
		}
	}
}
