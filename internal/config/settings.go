package config

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"modicum/internal/defect"
)

// Setting is one key as it is in force, for people. It holds no secret: of one there is the
// file, and who may open that.
type Setting struct {
	Path  string // with the numbers of items: issuers[0].audience
	Value string // in force; "" where nothing is set
	// From is where it was written, as FILE:LINE or the name of a variable; "" where it is
	// the default, or nothing is set.
	From string
	Text string // what the key does
}

// Settings lists every key as it is in force, in the order of the documentation.
func (c *Config) Settings() (out []Setting) {
	keys := Keys()
	for len(keys) > 0 {
		list, _, listed := strings.Cut(keys[0].Path, "[]")
		n := slices.IndexFunc(keys, func(k Key) bool { return !strings.HasPrefix(k.Path, list+"[]") })
		if !listed {
			n = 1
		} else if n < 0 {
			n = len(keys)
		}
		for i := range max(1, c.items(list)) {
			for _, k := range keys[:n] {
				out = append(out, c.setting(k, i))
			}
		}
		keys = keys[n:]
	}
	return out
}

// items counts what a list holds.
func (c *Config) items(list string) (n int) {
	for path := range c.values {
		if rest, below := strings.CutPrefix(path, list+"."); below {
			digits, _, _ := strings.Cut(rest, ".")
			if i, err := strconv.Atoi(digits); err == nil {
				n = max(n, i+1)
			}
		}
	}
	return n
}

func (c *Config) setting(k Key, i int) Setting {
	path := strings.TrimSuffix(strings.ReplaceAll(k.Path, "[]", "."+strconv.Itoa(i)), ".NAME")
	s := Setting{Path: strings.ReplaceAll(k.Path, "[]", "["+strconv.Itoa(i)+"]"), Value: k.Default, Text: strings.ReplaceAll(k.Text, "`", "")}
	if values, written := c.written(path); written {
		s.Value, s.From = shown(k, values), c.places[path].place()
	}
	if s.Value != "" && secretKey(k.Path) {
		s.Value = c.secretFile(s.Value)
	}
	return s
}

// written is what stands under a path: one value, a list, or names with their values.
func (c *Config) written(path string) ([]string, bool) {
	if v, ok := c.values[path]; ok {
		return v, true
	}
	var out []string
	for _, p := range slices.Sorted(maps.Keys(c.values)) {
		if name, below := strings.CutPrefix(p, path+"."); below {
			out = append(out, name+": "+strings.Join(c.values[p], ", "))
		}
	}
	return out, len(out) > 0
}

// shown spells values. The path of a webhook's address may be all that its receiver asks
// for, so it is a secret as well.
func shown(k Key, values []string) string {
	text := strings.Join(values, ", ")
	if k.Path != "webhooks[].url" || defect.On(defect.SecretShown) {
		return text
	}
	u, err := url.Parse(text)
	if err != nil {
		return "(an address)"
	}
	if strings.Trim(u.Path, "/") == "" && u.RawQuery == "" {
		return u.Scheme + "://" + u.Host + "/"
	}
	return u.Scheme + "://" + u.Host + "/…"
}

// secretKey reports whether a key names files of secrets.
func secretKey(path string) bool {
	return path == "ledger.key" || path == "tls.key" || strings.HasSuffix(path, "secret_file") || strings.HasSuffix(path, "secret_files") ||
		strings.HasSuffix(path, "token_files") || strings.HasSuffix(path, "bearer_file") || strings.HasSuffix(path, "password_file")
}

// secretFile says of files of secrets who may open them, and nothing of what they hold.
func (c *Config) secretFile(names string) string {
	var out []string
	for name := range strings.SplitSeq(names, ", ") {
		path := (&reader{file: c.File}).path(name)
		text := "from file " + name
		if defect.On(defect.SecretShown) {
			b, _ := os.ReadFile(path)
			text += ": " + string(b)
		}
		if info, err := os.Stat(path); err == nil {
			text += fmt.Sprintf(", mode %04o", info.Mode().Perm())
		} else {
			text += ", which cannot be read now"
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

// place is where people find it again.
func (at At) place() string {
	switch {
	case at.Env != "":
		return at.Env
	case at.Line > 0:
		return fmt.Sprintf("%s:%d", at.File, at.Line)
	}
	return at.File
}

// Changed reports whether the file is another one than when it was read: what is in force
// is what was read then.
func (c *Config) Changed() bool {
	if c.File == "" {
		return false // made by a program, not read
	}
	text, err := os.ReadFile(c.File)
	sum := sha256.Sum256(text)
	return err != nil || !bytes.Equal(sum[:], c.sum[:])
}
