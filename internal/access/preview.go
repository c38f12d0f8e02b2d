package access

import (
	"context"
	"errors"
	"slices"

	"modicum/catalog"
	"modicum/internal/people"
	"modicum/policy"
)

// Preview is what asking would come to, before anything is asked.
type Preview struct {
	Want     Want      // completed: role, length
	Problems []Problem // everything that stands in the way; none: it could be asked
	Needs    []Need    // who must say yes, one from each; none for a masked value
	Adds     []string  // classes that show more than today, sorted
	Until    int64     // if it began now, or when it is to begin
	InARow   int
}

// Need is one of the policy's approvers, and who could say yes as such now.
type Need struct {
	As     string   `json:"as"`
	People []string `json:"people"`
}

// Preview works out what asking would come to. It changes nothing and leaves no record.
func (b *Book) Preview(ctx context.Context, by people.Actor, w Want) (*Preview, error) {
	now, err := b.now()
	if err != nil {
		return nil, err
	}
	t, err := b.terms(by, w, now)
	var refused *Refusal
	if errors.As(err, &refused) && t == nil {
		return &Preview{Want: w, Problems: refused.Problems}, nil
	}
	p := &Preview{Want: t.want, Until: max(now, t.want.From) + t.length}
	if refused != nil {
		p.Problems = refused.Problems
	}
	p.Adds = adds(t.set, t.roles, &t.want)
	if p.InARow, err = b.row(ctx, by.ID, &t.want, now); err != nil {
		return nil, errors.Join(ErrUnavailable, err)
	}
	r := &Request{Asker: by.ID, Want: t.want, Made: now, Needs: t.approve}
	p.Needs = b.Needs(r)
	return p, nil
}

// Needs are the approvers of a request as they stand now.
func (b *Book) Needs(r *Request) []Need {
	if r.Want.Kind == Asked || r.Want.Kind == Glass {
		return nil
	}
	set := b.cfg.Policy()
	who := b.answerers(set, r, b.moment())
	var out []Need
	for _, as := range needs(set, r) {
		out = append(out, Need{as, slices.Compact(slices.Sorted(slices.Values(who[as])))})
	}
	return out
}

// adds compares what the lent lines of a task show with what the other lines of the same
// purpose show to these roles. It takes lines at their widest: facts only take away.
func adds(set *policy.Set, roles []string, w *Want) []string {
	if w.Kind == Exception || w.Kind == Asked {
		return slices.Concat(w.Classes, w.Overlays)
	}
	task, _ := set.Task(w.task())
	var out []string
	for _, info := range set.Catalog().Classes() {
		lent, today := widest(set, roles, &task, info.Class)
		if lent > today {
			out = append(out, info.Name)
		}
	}
	slices.Sort(out)
	return out
}

// widest returns how a class shows at most by the task's lent lines, and by those lines
// of the same purpose that need no grant.
func widest(set *policy.Set, roles []string, task *policy.TaskInfo, c catalog.Class) (lent, today policy.Treatment) {
	for _, l := range set.Sees(c) {
		how, _ := policy.ParseTreatment(l.Treatment) // ask is mask until asked for
		switch {
		case l.Purpose != task.Purpose || !slices.Contains(roles, l.Role):
		case l.Lent == "":
			today = max(today, how)
		case l.Role == task.Role && l.Task == task.Task:
			lent = max(lent, how)
		}
	}
	return lent, today
}
