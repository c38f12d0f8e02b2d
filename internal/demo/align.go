package demo

import "strings"

// fate is what became of a value on its way through the gate.
type fate string

// The fates, in the words of the story.
const (
	kept     fate = "kept"
	inPart   fate = "in part"
	masked   fate = "masked"
	last4    fate = "last four"
	coarser  fate = "coarser"
	notShown fate = "not shown"
	notThere fate = "not there" // the record: absent, out of scope or hidden, which look alike
	refused  fate = "refused"   // the request, whatever the record
)

// part is one value of a record beside what became of it in an answer.
type part struct {
	top   *node  // the element of the record, or the item of it, that the value is in
	path  string // of element names below top; "" for top itself
	leaf  *node  // the value
	now   string // in the answer
	fate  fate
	group int // number of top
}

// compare lays an answer beside the record that it was made of. An answer of nil
// shows nothing. Items of an array are paired in order: a projection leaves items
// out and reduces them, and never moves them. Version and time of the record stand
// aside: they are the server's, not the patient's.
func compare(record, answer *node) []part {
	var out []part
	group := 0
	for _, k := range record.kids {
		if k.name == "resourceType" || k.name == "id" || k.name == "meta" {
			continue
		}
		for _, pair := range items(k, answer) {
			out = pair.parts(out, pair.was, "", group)
			group++
		}
	}
	return out
}

// pair is a value and what stands for it in the answer; mask says that the answer
// marks the value as masked beside it.
type pair struct {
	was, now *node
	mask     bool
}

// items pairs a member of an object with that of the answer: its items, where it
// is an array. A mark stands at the end of its array, once, for all that is masked.
func items(k *node, answer *node) []pair {
	now := answer.kid(k.name)
	mask := answer.kid("_" + k.name).masked()
	if !k.array {
		return []pair{{k, now, mask || now.marked()}}
	}
	out := make([]pair, 0, len(k.kids))
	var left []*node
	if now != nil {
		for _, item := range now.kids {
			mask = mask || item.marked()
			if !item.marked() {
				left = append(left, item)
			}
		}
	}
	for _, item := range k.kids {
		p := pair{was: item, mask: mask}
		if len(left) > 0 && fits(item, left[0]) {
			p.now, left = left[0], left[1:]
		}
		out = append(out, p)
	}
	return out
}

// fits reports whether a value of an answer can be made of one of the record.
func fits(was, now *node) bool {
	switch {
	case was.scalar != now.scalar:
		return false
	case was.scalar:
		return was.text == now.text || reduced(was.text, now.text) != notShown
	case was.array:
		return len(now.kids) <= len(was.kids)
	}
	for _, k := range now.kids {
		name := strings.TrimPrefix(k.name, "_")
		if name == "extension" || name != k.name {
			continue
		}
		if of := was.kid(name); of == nil || !fits(of, k) {
			return false
		}
	}
	return true
}

func (p pair) parts(out []part, top *node, path string, group int) []part {
	if p.was.scalar {
		return append(out, part{top: top, path: path, leaf: p.was, now: p.text(), fate: p.fate(), group: group})
	}
	for _, k := range p.was.kids {
		for _, inner := range items(k, p.now) {
			inner.mask = inner.mask || p.mask
			out = inner.parts(out, top, strings.TrimPrefix(path+"."+k.name, "."), group)
		}
	}
	return out
}

// marked reports whether an object stands for a masked one.
func (n *node) marked() bool { return n.kid("extension").masked() }

func (p pair) text() string {
	if p.now == nil || !p.now.scalar {
		return ""
	}
	return p.now.text
}

func (p pair) fate() fate {
	switch {
	case p.now == nil || !p.now.scalar:
		if p.mask {
			return masked
		}
		return notShown
	case p.now.text == p.was.text:
		return kept
	}
	return reduced(p.was.text, p.now.text)
}

// reduced says how a text was made of another; notShown where it was not.
func reduced(was, now string) fate {
	end, stars := strings.CutPrefix(now, "****")
	switch {
	case stars && strings.HasSuffix(was, end):
		return last4
	case now != "" && strings.HasPrefix(was, now):
		return coarser
	}
	return notShown
}

// together is the one fate of several values.
func together(parts []part) fate {
	one := parts[0].fate
	for _, p := range parts[1:] {
		if p.fate != one {
			return inPart
		}
	}
	return one
}
