package access

import (
	"context"
	"slices"
	"time"

	"modicum/internal/facts"
	"modicum/internal/people"
	"modicum/policy"
)

// explains names the facts that hold now about a grant's holder and its patients: a visit
// or an order that was entered later often says why a glass was broken.
func (b *Book) explains(g *Grant) []string {
	now, err := b.now()
	if err != nil || b.cfg.Facts == nil {
		return nil
	}
	p := b.whois(g.Person)
	ix := b.cfg.Facts()
	sub := facts.Subject{Person: p.ID, Roles: b.rolesOf(g, now), Dept: p.Department, Facility: p.Facility}
	var out []string
	for _, patient := range g.Want.Patients {
		for _, in := range instances(ix, &sub, patient, time.UnixMicro(now)) {
			if in.Permits {
				out = append(out, ix.Vocabulary().Kinds[in.Fact].Name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// underRate holds `limits.asks` of a task: so many masked values a person may open in
// each unit of time (rule 17).
func (b *Book) underRate(ctx context.Context, person string, t *terms, now int64) error {
	counts := map[string]int{}
	rates := map[string]int{"minute": t.task.Limits.Asks.Minute, "hour": t.task.Limits.Asks.Hour, "day": t.task.Limits.Asks.Day}
	if (t.task.Limits.Asks == policy.Rates{}) {
		return nil
	}
	for g, err := range b.allGrants(ctx, person, unitStart(t.set, "day", now)) {
		if err != nil {
			return err
		}
		for unit := range rates {
			if g.Want.Kind == Asked && g.Want.Task == t.task.Task && g.Made >= unitStart(t.set, unit, now) {
				counts[unit]++
			}
		}
	}
	for unit, most := range rates {
		if most > 0 && counts[unit] >= most {
			return no("limit-asks", "You have asked for as many masked values of this task as its limit allows in one "+unit+".")
		}
	}
	return nil
}

// holdersOf lists who holds a duty.
func (b *Book) holdersOf(d people.Duty, now int64) []string {
	var out []string
	for p := range b.cfg.People.People() {
		if b.cfg.People.Holds(p.ID, d, now) && b.cfg.People.Active(p.ID) {
			out = append(out, p.ID)
		}
	}
	return out
}
