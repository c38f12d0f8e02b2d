package access

import (
	"slices"
	"time"

	"modicum/internal/defect"
	"modicum/internal/people"
	"modicum/policy"
)

// answerIn is how long one circle of approvers has where the policy does not say.
const answerIn = 24 * time.Hour

// lapsed is the stage after the last: nobody answered.
const lapsed = 3

// stage says who may answer at a moment: the approvers, their substitutes too once the
// time of `answer` is up, who is above once it is up again.
func (b *Book) stage(set *policy.Set, r *Request, now int64) int {
	a := &set.Folder().Organization.Approvals
	each := answerIn.Microseconds()
	if !a.Answer.Zero() {
		each = span(set, a.Answer, r.Made)
	}
	left := now - r.Made
	for stage, has := range []bool{true, len(a.Substitutes) > 0, a.EscalateTo.Text != ""} {
		if !has {
			continue
		}
		if left < each {
			return stage
		}
		left -= each
	}
	return lapsed
}

// answerers are the people who may say yes now, for each need: never the asker nor the
// same human being, nobody who is gone, no program (G1, G8). Where nobody holds a
// position, its substitute answers at once.
func (b *Book) answerers(set *policy.Set, r *Request, now int64) map[string][]string {
	a := &set.Folder().Organization.Approvals
	asker := b.cfg.People.Person(r.Asker)
	if asker == nil {
		asker = &people.Person{ID: r.Asker}
	}
	stage := b.stage(set, r, now)
	out := map[string][]string{}
	for _, need := range needs(set, r) {
		who := b.holders(need, asker, now)
		if stage >= 1 || len(who) == 0 {
			for _, s := range a.Substitutes {
				if s.Key.Text == need {
					who = append(who, b.holders(s.Value.Text, asker, now)...)
				}
			}
		}
		if stage >= 2 || len(who) == 0 {
			who = append(who, b.holders(a.EscalateTo.Text, asker, now)...)
		}
		out[need] = who
	}
	return out
}

// holders are those who may say yes as a role or position to this asker.
func (b *Book) holders(name string, asker *people.Person, now int64) []string {
	if name == "" {
		return nil
	}
	return without(b.cfg.People.Approvers(name, asker, now), func(id string) bool {
		return !b.cfg.People.Active(id) || b.own(id, asker.ID) || b.cfg.People.Program(id) != nil && !defect.On(defect.ProgramsApprove)
	})
}

// own reports whether two identities are one human being.
func (b *Book) own(a, c string) bool {
	return (a == c || b.cfg.People.Same(a, c)) && !defect.On(defect.OwnApproved)
}

// everyone lists all who may answer, each once, in order.
func everyone(who map[string][]string) []string {
	var out []string
	for _, ids := range who {
		out = append(out, ids...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// unmet are the needs that these people cannot meet, each of them meeting one: the
// approvers of one grant are different people (rule 14).
func (b *Book) unmet(needs []string, who map[string][]string, ids []string) []string {
	taken := map[string]int{} // person to the need that they meet
	var lack []string
	for n := range needs {
		if !meet(n, needs, who, ids, taken, map[string]bool{}) {
			lack = append(lack, needs[n])
		}
	}
	return lack
}

// meet finds somebody for a need, moving others to needs that they meet as well.
func meet(n int, needs []string, who map[string][]string, ids []string, taken map[string]int, tried map[string]bool) bool {
	for _, id := range ids {
		if tried[id] || !slices.Contains(who[needs[n]], id) {
			continue
		}
		tried[id] = true
		other, busy := taken[id]
		if !busy || meet(other, needs, who, ids, taken, tried) {
			taken[id] = n
			return true
		}
	}
	return false
}

// Waiting are the requests that wait for this person's answer, oldest first.
func (b *Book) Waiting(person string) []*Request {
	set, now := b.cfg.Policy(), b.moment()
	var out []*Request
	for _, r := range b.requests.All() {
		if r.answer(digest(r, set.Hash()), person) {
			continue
		}
		if slices.Contains(everyone(b.answerers(set, r, now)), person) && b.stage(set, r, now) < lapsed {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(x, y *Request) int { return compareIDs(x.ID, y.ID) })
	return out
}

// answer reports whether a person has said yes to it as it stands.
func (r *Request) answer(digest, person string) bool {
	return slices.ContainsFunc(r.Answers, func(a Answer) bool { return a.By == person && a.Digest == digest })
}

// Digest is what an approval of a request must name now: it changes with what is asked
// and with the policy.
func (b *Book) Digest(r *Request) string { return digest(r, b.cfg.Policy().Hash()) }

// Changed reports whether the policy is another than when it was asked: then it has to
// be looked at again, and what was answered before does not count.
func (b *Book) Changed(r *Request) bool { return b.Digest(r) != r.Digest }

// needs are the policy's approvers of a request, as the policy is now.
func needs(set *policy.Set, r *Request) []string {
	if r.Want.Kind == Exception {
		if e := set.Folder().Organization.Exceptions; e != nil {
			return texts(e.Approve)
		}
		return r.Needs
	}
	if t, ok := set.Task(r.Want.task()); ok && t.Lend != nil {
		return texts(t.Lend.Approve)
	}
	return r.Needs
}
