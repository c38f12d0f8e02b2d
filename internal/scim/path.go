package scim

import "strings"

// path is where a PATCH operation acts: an attribute, those of its values that fit, a
// part of them. Without attr it is an extension as a whole.
type path struct {
	where
	fits *expr // the brackets; nil is every value
}

// mostPath is the most bytes of a path.
const mostPath = 1024

// target reads members[value eq "x"].display, name.givenName, urn:...:User:department.
// ok is false for what is known and not kept, which an operation leaves alone.
func (r *resource) target(in string) (p path, ok bool, err error) {
	if len(in) > mostPath {
		return p, false, bad(invalidPath, "The path is longer than 1024 bytes.")
	}
	name, rest, brackets := strings.Cut(strings.TrimSpace(in), "[")
	w, known := r.lookup(name)
	if !known {
		if _, bare, of := r.split(name); of && isNotKept(lastAttribute(bare)) {
			return p, false, nil
		}
		return p, false, bad(invalidPath, "The path names an attribute that is not advertised.")
	}
	p.where = w
	if !brackets {
		return p, true, nil
	}
	return r.bracketed(p, rest)
}

// lastAttribute is what decides whether a name is one that is not kept: the attribute
// itself, or a part of one that is.
func lastAttribute(name string) string {
	first, part, dotted := strings.Cut(name, ".")
	if isNotKept(first) && !strings.EqualFold(first, "displayName") || !dotted {
		return first
	}
	return part
}

func (r *resource) bracketed(p path, rest string) (path, bool, error) {
	inside, after, closed := lastCut(rest)
	if !closed || p.attr == nil || p.attr.kind != complex || !p.attr.many || p.sub != nil {
		return p, false, bad(invalidPath, "Brackets stand after an attribute that may have several values, and are closed.")
	}
	var err error
	if p.fits, err = parseFilter(inside, func(name string) (where, error) { return partOf(p.where, name) }); err != nil {
		return p, false, bad(invalidPath, problemOf(err).detail)
	}
	if after == "" {
		return p, true, nil
	}
	part, dotted := strings.CutPrefix(after, ".")
	if p.sub = find(p.attr.subs, part); !dotted || p.sub == nil {
		if dotted && isNotKept(part) {
			return p, false, nil
		}
		return p, false, bad(invalidPath, "The path names a part that the attribute has not.")
	}
	return p, true, nil
}

// lastCut cuts at the last closing bracket, which no string after it can hold.
func lastCut(s string) (inside, after string, ok bool) {
	i := strings.LastIndexByte(s, ']')
	if i < 0 {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}
