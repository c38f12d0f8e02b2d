package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"modicum/internal/nearest"
)

// reader reads a tree by the keys that there are, variables of the environment
// winning, and remembers where everything stands.
type reader struct {
	file     string
	env      map[string]string // MODICUM_… only
	used     map[string]bool   // of env
	problems Problems
	places   map[string]At       // dotted path → place of the value
	values   map[string][]string // dotted path → what is written there
	known    []string            // paths of the keys that were asked for, containers too
}

// ignored variables are not keys: MODICUM_CONFIG names the file itself, and
// Kubernetes sets the others in every container beside a service "modicum".
func ignored(name string) bool {
	return name == "MODICUM_CONFIG" || strings.HasPrefix(name, "MODICUM_SERVICE_") ||
		name == "MODICUM_PORT" || strings.HasPrefix(name, "MODICUM_PORT_")
}

func newReader(file string, environ []string) *reader {
	r := &reader{file: file, env: map[string]string{}, used: map[string]bool{}, places: map[string]At{}, values: map[string][]string{}}
	for _, e := range environ {
		if name, v, ok := strings.Cut(e, "="); ok && strings.HasPrefix(name, "MODICUM_") && !ignored(name) {
			r.env[name] = v
		}
	}
	return r
}

func (r *reader) bad(path, text string) {
	r.problems = append(r.problems, Problem{At: r.where(path), Key: path, Text: text})
}

func (r *reader) warn(path, text string) {
	r.problems = append(r.problems, Problem{At: r.where(path), Key: path, Text: text, Warning: true})
}

// where is the place of a value, or of the nearest thing around it.
func (r *reader) where(path string) At {
	for p := path; p != ""; p = p[:max(0, strings.LastIndexByte(p, '.'))] {
		if at, ok := r.places[p]; ok {
			return at
		}
	}
	return At{File: r.file}
}

// variable is the name under which path may be set.
func variable(path string) string {
	return "MODICUM_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(path))
}

// object is a mapping of known keys.
type object struct {
	r    *reader
	path string // "" for the root
	node node
}

// object checks that n is a mapping of none but these keys.
func (r *reader) object(path string, n node, keys ...string) object {
	o := object{r, path, n}
	for _, k := range keys {
		r.known = append(r.known, key(path, k))
	}
	if n.kind != absent {
		r.places[path] = n.at
	}
	if n.kind != mapping && n.kind != absent {
		r.bad(path, "must hold keys: "+strings.Join(keys, ", "))
		o.node = node{}
		return o
	}
	for _, f := range n.fields {
		if !slices.Contains(keys, f.name) {
			p := Problem{At: f.at, Text: unknown(f.name, keys)}
			if path != "" {
				p.Text += " of " + path
			}
			r.problems = append(r.problems, p)
		}
	}
	return o
}

func unknown(name string, keys []string) string {
	if len(name) <= 40 && !strings.ContainsAny(name, "\r\n") {
		name = strconv.Quote(name)
	} else {
		name = "this"
	}
	if near := nearest.Word(strings.Trim(name, `"`), keys); near != "" {
		return fmt.Sprintf("%s is not a key; the nearest one is %s", name, near)
	}
	return fmt.Sprintf("%s is not a key; known are %s", name, strings.Join(keys, ", "))
}

func (o object) child(name string) string { return key(o.path, name) }

// key joins a path.
func key(parts ...any) string {
	var out []string
	for _, p := range parts {
		if s := fmt.Sprint(p); s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, ".")
}

// find returns the value of a key as written in the file.
func (o object) find(name string) (node, bool) {
	for _, f := range o.node.fields {
		if f.name == name {
			at := f.of.at
			if f.of.kind == absent {
				at = f.at
			}
			o.r.places[o.child(name)] = at
			return f.of, true
		}
	}
	return node{}, false
}

// lookup asks the environment.
func (o object) lookup(name string) (string, bool) {
	v := variable(o.child(name))
	text, ok := o.r.env[v]
	if ok {
		o.r.used[v] = true
		o.r.places[o.child(name)] = At{Env: v}
	}
	return text, ok
}

// text reads a scalar; "" when it is absent. An empty one is a problem.
func (o object) text(name string) string {
	n, written := o.find(name)
	if text, ok := o.lookup(name); ok {
		n, written = node{kind: scalar, text: text}, true
	}
	switch {
	case !written:
		return ""
	case n.kind != scalar:
		o.r.bad(o.child(name), "must be one word or text")
	case strings.TrimSpace(n.text) == "":
		o.r.bad(o.child(name), "is empty")
	case strings.ContainsAny(n.text, "\x00\r\n"):
		o.r.bad(o.child(name), "must stand on one line")
	default:
		o.r.values[o.child(name)] = []string{n.text}
		return n.text
	}
	return ""
}

// required is text that must be there.
func (o object) required(name, why string) string {
	before := len(o.r.problems)
	s := o.text(name)
	if s == "" && len(o.r.problems) == before {
		o.r.bad(o.child(name), "is missing: "+why)
	}
	return s
}

// texts reads a list of scalars, or a variable with commas.
func (o object) texts(name string) []string {
	path := o.child(name)
	n, _ := o.find(name)
	if text, ok := o.lookup(name); ok {
		n = node{kind: list}
		for part := range strings.SplitSeq(text, ",") {
			n.items = append(n.items, node{kind: scalar, text: strings.TrimSpace(part)})
		}
	}
	if n.kind == absent {
		return nil
	}
	if wrong := n.noWords(name); wrong != "" {
		o.r.bad(path, wrong)
		return nil
	}
	var out []string
	for _, it := range n.items {
		out = append(out, it.text)
	}
	o.r.values[path] = out
	return out
}

// words reads a mapping of scalars; with fromEnv, variables may add to it.
func (o object) words(name string, fromEnv bool) map[string]string {
	path := o.child(name)
	n, written := o.find(name)
	if n.kind != mapping && (n.kind != absent || written) {
		o.r.bad(path, "must hold keys and words")
		return nil
	}
	var out map[string]string
	set := func(k, v string) {
		if out == nil {
			out = map[string]string{}
		}
		out[k] = v
		o.r.values[key(path, k)] = []string{v}
	}
	for _, f := range n.fields {
		o.r.places[key(path, f.name)] = f.at
		if f.of.kind != scalar || f.of.text == "" {
			o.r.bad(key(path, f.name), "must be one word or text")
			continue
		}
		set(f.name, f.of.text)
	}
	if !fromEnv {
		return out
	}
	before := variable(path) + "_"
	for v, text := range o.r.env {
		if rest, ok := strings.CutPrefix(v, before); ok && rest != "" {
			k := strings.ToLower(strings.ReplaceAll(rest, "_", "-"))
			o.r.used[v], o.r.places[key(path, k)] = true, At{Env: v}
			set(k, text)
		}
	}
	return out
}

// items reads a list of mappings; variables may change and add items.
func (o object) items(name string) []node {
	path := o.child(name)
	n, written := o.find(name)
	if n.kind != list && (n.kind != absent || written) {
		o.r.bad(path, "must be a list")
	}
	out := n.items
	for i := len(out); i < 64 && o.r.anyVariable(key(path, i)); i++ {
		out = append(out, node{})
	}
	return out
}

func (r *reader) anyVariable(path string) bool {
	for v := range r.env {
		if strings.HasPrefix(v, variable(path)+"_") {
			return true
		}
	}
	return false
}

// unused reports variables that are no key.
func (r *reader) unused() {
	for v := range r.env {
		if !r.used[v] {
			r.problems = append(r.problems, Problem{At: At{Env: v}, Text: "is no key of modicum.yaml: MODICUM_ and the keys on the way to it, joined by _"})
		}
	}
}

// noWords says what to write where a list of words is wanted and is not there.
func (n node) noWords(name string) string {
	switch {
	case n.kind != list:
		return "must be a list: put it in brackets, such as [one, two]"
	case len(n.items) == 0:
		return "is an empty list: name what it holds, such as [one, two], or leave " + name + " out"
	}
	for _, it := range n.items {
		switch {
		case it.kind == mapping:
			return "must list words: put each in quotes, such as [\"https://app.hospital.example:8443\"], since YAML reads an unquoted colon as a key and its value"
		case it.kind != scalar || it.text == "":
			return "must list words, such as [one, two]"
		}
	}
	return ""
}
