package merge

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Fault says what is wrong with a patch.
type Fault uint8

// The faults, a closed list.
const (
	NotAPatch   Fault = iota + 1 // not JSON of that form, or too long
	NoSuchOp                     // an operation that the form does not have
	Incomplete                   // a member or part of the operation is missing, or not of its kind
	BadPath                      // the path is not of the form's grammar, or more than this server reads
	NothingHere                  // nothing stands there, as the caller sees the record
	NotOne                       // several things stand there, and one is meant
	OutOfRange                   // an index beyond the list
	Occupied                     // a value stands there already
	Unequal                      // a test failed
	TooMuch                      // the document would become too long
	TooBroad                     // its paths look at more than a patch may
)

var faults = [...]string{
	NotAPatch:   "not a patch of this form: a list of at most 1,000 operations",
	NoSuchOp:    "no such operation",
	Incomplete:  "a part of the operation is missing, or not of its kind",
	BadPath:     "the path cannot be read; use names, [index], first(), last() and where(name = 'text')",
	NothingHere: "nothing stands at the path, as this task sees the record",
	NotOne:      "the path leads to several places, and one is meant",
	OutOfRange:  "the index lies outside the list",
	Occupied:    "a value stands there already; replace it",
	Unequal:     "the test failed: the value is another one",
	TooMuch:     "the record would become too long",
	TooBroad:    "the paths of the patch look at too many values; name items by their index",
}

// String returns the fault in words.
func (f Fault) String() string {
	if int(f) < len(faults) {
		return faults[f]
	}
	return ""
}

// PatchError says which operation of a patch cannot be done, and why. It depends on the
// patch and on what is shown, and holds no values.
type PatchError struct {
	Operation int // from 0; of a patch that is none, 0
	Fault     Fault
}

func (e *PatchError) Error() string {
	return fmt.Sprintf("operation %d: %s", e.Operation, e.Fault)
}

// JSONPatch applies a JSON Patch (RFC 6902) to what is shown of a record, and returns
// what Merge takes as sent. It sees visible paths only (threat-model FC15): test, copy
// and move read nothing else, and indexes are those shown. The error is a *PatchError.
func JSONPatch(shown, patch []byte) (sent []byte, err error) {
	doc, ok := read(shown)
	ops, isPatch := read(patch)
	if !ok || !isPatch || ops.kind != '[' || len(ops.items) > mostOperations {
		return nil, &PatchError{0, NotAPatch}
	}
	left := mostBytes - len(shown)
	for i, op := range ops.items {
		fault := applyJSON(&doc, op, &left)
		if fault != 0 {
			return nil, &PatchError{i, fault}
		}
	}
	doc.prune()
	return doc.append(nil), nil
}

// applyJSON does one operation. left is how many bytes the document may still grow.
func applyJSON(doc **tree, op *tree, left *int) Fault {
	if op.kind != '{' {
		return Incomplete
	}
	path, fault := pointerOf(op.get("path"))
	if fault != 0 {
		return fault
	}
	value := op.get("value")
	switch name := op.get("op").str(); name {
	case "add", "replace", "test":
		if value == nil {
			return Incomplete
		}
		if name == "test" {
			return test(*doc, path, value)
		}
		return place(doc, path, value.clone(), name == "replace", left)
	case "remove":
		_, fault := cut(*doc, path)
		return fault
	case "move", "copy":
		from, fault := pointerOf(op.get("from"))
		if fault != 0 {
			return fault
		}
		return carry(doc, from, path, name == "move", left)
	}
	return NoSuchOp
}

func test(doc *tree, path []string, want *tree) Fault {
	at := find(doc, path)
	if at == nil {
		return NothingHere
	}
	if !at.equal(want) {
		return Unequal
	}
	return 0
}

func carry(doc **tree, from, path []string, move bool, left *int) Fault {
	value := find(*doc, from)
	if value == nil {
		return NothingHere
	}
	if !move {
		return place(doc, path, value.clone(), false, left)
	}
	if len(from) < len(path) && slices.Equal(from, path[:len(from)]) {
		return BadPath // into itself, RFC 6902 section 4.4
	}
	if slices.Equal(from, path) {
		return 0
	}
	value, fault := cut(*doc, from)
	if fault != 0 {
		return fault
	}
	*left += value.size()
	return place(doc, path, value, false, left)
}

// pointerOf reads a JSON Pointer (RFC 6901) into its parts.
func pointerOf(t *tree) ([]string, Fault) {
	if t == nil || t.kind != '"' {
		return nil, Incomplete
	}
	text := t.str()
	if text == "" {
		return nil, 0
	}
	if text[0] != '/' {
		return nil, BadPath
	}
	parts := strings.Split(text[1:], "/")
	if len(parts) > mostDepth {
		return nil, BadPath
	}
	for i, p := range parts {
		rest := strings.ReplaceAll(strings.ReplaceAll(p, "~0", ""), "~1", "")
		if strings.Contains(rest, "~") {
			return nil, BadPath
		}
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(p, "~1", "/"), "~0", "~")
	}
	return parts, 0
}

// position reads an index of a list: no sign, no leading zero.
func position(s string) (int, bool) {
	if s == "" || len(s) > 9 || s[0] == '0' && len(s) > 1 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

// find returns the value at a pointer, nil where there is none.
func find(doc *tree, path []string) *tree {
	for _, p := range path {
		switch doc.kind {
		case '{':
			if doc = doc.get(p); doc == nil {
				return nil
			}
		case '[':
			i, ok := position(p)
			if !ok || i >= len(doc.items) {
				return nil
			}
			doc = doc.items[i]
		default:
			return nil
		}
	}
	return doc
}

// cut takes the value at a pointer out of the document.
func cut(doc *tree, path []string) (*tree, Fault) {
	if len(path) == 0 {
		return nil, BadPath
	}
	value := find(doc, path)
	if value == nil {
		return nil, NothingHere
	}
	holder, last := find(doc, path[:len(path)-1]), path[len(path)-1]
	if holder.kind == '{' {
		holder.drop(last)
		return value, 0
	}
	i, _ := position(last)
	holder.items = slices.Delete(holder.items, i, i+1)
	return value, 0
}

// place puts a value at a pointer: in place of another, or as a new one.
func place(doc **tree, path []string, value *tree, instead bool, left *int) Fault {
	if *left -= value.size(); *left < 0 {
		return TooMuch
	}
	if len(path)+1 > mostDepth {
		return TooMuch
	}
	if len(path) == 0 {
		*doc = value
		return 0
	}
	if instead && find(*doc, path) == nil {
		return NothingHere
	}
	holder, last := find(*doc, path[:len(path)-1]), path[len(path)-1]
	switch {
	case holder == nil || holder.kind != '{' && holder.kind != '[':
		return NothingHere
	case holder.kind == '{':
		holder.put(last, value)
		return 0
	}
	i, ok := position(last)
	switch {
	case last == "-" && !instead:
		i = len(holder.items)
	case !ok:
		return BadPath
	case i > len(holder.items):
		return OutOfRange
	case instead:
		holder.items[i] = value
		return 0
	}
	holder.items = slices.Insert(holder.items, i, value)
	return 0
}
