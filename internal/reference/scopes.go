package reference

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"modicum/catalog"
)

// scope is one SMART scope: for whom, what type, which letters of cruds.
type scope struct {
	level, typ, letters string
	query               url.Values
	broken              bool // it takes everything of its type away
}

var (
	smart    = regexp.MustCompile(`^(?i:patient|user|system)/`)
	wellMade = regexp.MustCompile(`^(patient|user|system)/(\*|[A-Z][A-Za-z]*)\.(read|write|\*|c?r?u?d?s?)(?:\?(.+))?$`)
	versionI = map[string]string{"read": "rs", "write": "cud", "*": "cruds"}
)

func scopesOf(text string) (out []scope) {
	for _, word := range strings.Fields(text) {
		if !smart.MatchString(word) {
			continue // openid, launch and their like take nothing away
		}
		m := wellMade.FindStringSubmatch(word)
		if m == nil || m[3] == "" {
			out = append(out, scope{typ: "*", broken: true})
			continue
		}
		letters := m[3]
		if old, is := versionI[letters]; is {
			letters = old
		}
		query, err := url.ParseQuery(m[4])
		out = append(out, scope{level: m[1], typ: m[2], letters: letters, query: query, broken: err != nil})
	}
	return out
}

// Leaves reports whether the token's scopes leave a record that shows as shown, for a
// letter of cruds (rule 11). No scopes leave everything. One scope must cover it whole:
// where it says patient, the record names nobody but the patient of the launch; and
// what its query asks stands in what is shown. Only tokens are understood; this is the
// most that scopes could leave, as what shows may have been read by other parameters.
func (w *World) Leaves(j *Judgement, shown *Tree, letter byte) bool {
	scopes := scopesOf(w.Scopes)
	if len(scopes) == 0 {
		return true
	}
	name := w.Catalog.TypeName(j.Type)
	about := slices.DeleteFunc(scopes, func(s scope) bool { return s.typ != name && s.typ != "*" })
	if slices.ContainsFunc(about, func(s scope) bool { return s.broken }) {
		return false
	}
	return slices.ContainsFunc(about, func(s scope) bool {
		return strings.IndexByte(s.letters, letter) >= 0 && (s.level != "patient" || w.ofLaunch(j)) && w.says(j.Type, shown, s.query)
	})
}

func (w *World) ofLaunch(j *Judgement) bool {
	return w.Launch != "" && !slices.ContainsFunc(j.Patients, func(id string) bool { return id != w.Launch })
}

// says reports whether a record, read as it is shown, has for each parameter one of
// the values.
func (w *World) says(t catalog.Type, shown *Tree, query url.Values) bool {
	r := w.Read(shown)
	for name, values := range query {
		p, known := w.Catalog.Param(t, name)
		if !known || len(values) != 1 || r.root == nil {
			return false
		}
		wanted := strings.Split(values[0], ",")
		if !slices.ContainsFunc(wanted, func(v string) bool { return has(r.root, p.Nodes, v) }) {
			return false
		}
	}
	return true
}

// has looks for [system]|[code] at some elements, wherever they stand in the record but
// not in what it contains.
func has(e *element, nodes []catalog.NodeID, want string) bool {
	if e.inner != nil {
		return false
	}
	if slices.Contains(nodes, e.node) && !e.sibling && coded(e.tree, want) {
		return true
	}
	return slices.ContainsFunc(e.below, func(k *element) bool { return has(k, nodes, want) })
}

func coded(t *Tree, want string) bool {
	system, code, both := strings.Cut(want, "|")
	if !both {
		code = want
	}
	if t.Kind == '"' || t.Kind == 't' || t.Kind == 'f' {
		return t.text() == code || t.Raw == code
	}
	if t.Kind == '[' {
		return false // its items are elements of their own
	}
	if list := t.Get("coding"); list != nil && slices.ContainsFunc(list.Items, func(c *Tree) bool { return coded(c, want) }) {
		return true
	}
	value := t.Get("code").text()
	if value == "" {
		value = t.Get("value").text()
	}
	return value != "" && (value == code || code == "") && (!both || t.Get("system").text() == system)
}
