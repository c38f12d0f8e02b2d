package problem

import "slices"

// Hint is what the policy says to somebody whose request was refused: which own
// tasks there are, which would do, how to ask. It holds names and sentences of
// the policy only, never anything from the request or from upstream data, so
// that it is a function of caller, policy and request (N4).
type Hint struct {
	// Tasks are the caller's own.
	Tasks []Task
	// Would are those among the caller's own tasks that would do it.
	Would []Task
	// Say is the policy's own sentence, for example of the task.
	Say string
	// Elements are what stands in the way of a write, each with its path.
	Elements []Element
	// Wrong is everything that stands in the way of a governed act.
	Wrong []Wrong
	// Ask is true when a colleague or the record of approvals can lend it.
	Ask bool
}

// Task names one task of the policy.
type Task struct {
	Name    string `json:"task"` // role/task
	Title   string `json:"title,omitempty"`
	Purpose string `json:"purpose,omitempty"` // HL7 v3 code
}

// maxHint bounds the tasks a hint lists; a caller with more names one by itself.
const maxHint = 32

// With returns p with a hint. A problem that follows from a record takes none:
// it would tell absence from refusal.
func (p Problem) With(h Hint) Problem {
	if p.Status() == 401 || p.Status() == 404 || p.Status() >= 500 {
		return p
	}
	h.Tasks, h.Would = bounded(h.Tasks), bounded(h.Would)
	h.Elements = elements(h.Elements)
	p.hint = &h
	return p
}

func bounded(tasks []Task) []Task {
	var out []Task
	for _, t := range tasks {
		if len(out) < maxHint && policyName(t.Name) {
			out = append(out, t)
		}
	}
	return out
}

// Wrong is one thing that stands in the way: a member of what was sent, a code, and
// what to do, each of a closed list.
type Wrong struct {
	Field string `json:"field,omitempty"`
	Code  string `json:"code"`
	Say   string `json:"say"`
}

// Element is an element of a record that is to be written: its path, as FHIR's
// definitions spell it, and what is wrong with it, a text of a closed list. Nothing of
// either comes from the record.
type Element struct {
	Path string `json:"path"`
	Why  string `json:"why,omitempty"`
}

// elements keeps those whose path is one, each once, at most as many as a hint lists.
func elements(all []Element) []Element {
	var out []Element
	for _, e := range all {
		if len(out) < maxHint && elementPath(e.Path) && !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	return out
}

// elementPath accepts what a path of a FHIR definition is made of:
// Observation.value[x].
func elementPath(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '[', c == ']':
		default:
			return false
		}
	}
	return s != "" && len(s) <= 256
}

// policyName accepts what the policy language calls a name, or role/task. What
// a client sent under the guise of a name does not get into an answer.
func policyName(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	slash := 0
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-':
		case c == '/':
			slash++
		default:
			return false
		}
	}
	return slash <= 1
}
