package change

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"modicum/internal/defect"
	"modicum/internal/people"
	"modicum/policy"
)

// Effect is what a change does, against what is in force now.
type Effect struct {
	policy.Difference
	Set  *policy.Set // what would be in force
	Hash string      // of the difference: entries and approvals name it
}

// Effect compares a change with the policy in force. Of one that was decided it is what
// it did then.
func (b *Book) Effect(c *Change) (*Effect, error) {
	set, err := b.set(c.Policy)
	if err != nil {
		return nil, err
	}
	base := b.cfg.InForce()
	if c.State != Found && c.State != Proposed {
		if c.Base == "" {
			base = set
		} else if base, err = b.cfg.Archived(c.Base); err != nil {
			return nil, err
		}
	}
	return effectOf(base, set)
}

func effectOf(base, set *policy.Set) (*Effect, error) {
	e := &Effect{Difference: policy.Diff(base, set), Set: set}
	body, err := json.Marshal(e.Difference)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	e.Hash = hex.EncodeToString(sum[:])
	return e, nil
}

// Texts are the files that differ from what the effect is told against.
func (b *Book) Texts(c *Change) ([]File, error) {
	e, err := b.Effect(c)
	if err != nil {
		return nil, err
	}
	if e.Old == e.New {
		return nil, nil
	}
	base := b.cfg.InForce()
	if e.Old != base.Hash() {
		if base, err = b.cfg.Archived(e.Old); err != nil {
			return nil, err
		}
	}
	return Files(base, e.Set), nil
}

// set compiles a policy once for as long as it waits.
func (b *Book) set(hash string) (*policy.Set, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.sets[hash]; s != nil {
		return s, nil
	}
	s, err := b.cfg.Archived(hash)
	if err != nil {
		return nil, fmt.Errorf("read the archived policy of a change: %w", err)
	}
	if len(b.sets) >= 8 {
		clear(b.sets)
	}
	b.sets[hash] = s
	return s, nil
}

// Digest is what a yes must name: it changes with the policy, with what it does, and
// with who proposes it and why.
func (b *Book) Digest(c *Change) (string, error) {
	e, err := b.Effect(c)
	if err != nil {
		return "", err
	}
	return c.digest(e), nil
}

func (c *Change) digest(e *Effect) string {
	h := sha256.New()
	parts := []string{c.ID, c.Policy, e.Old, e.Hash, c.Proposer, fmt.Sprint(c.Proposed), c.Reason}
	if defect.On(defect.EffectUnseen) {
		parts = []string{c.ID, c.Proposer, fmt.Sprint(c.Proposed), c.Reason}
	}
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Gains reports which of the roles for which something opens a human being holds, under
// any identity, by any program that they own, and by what is lent to them. What is given
// and does not count yet is theirs all the same: it may count tomorrow.
func (b *Book) Gains(e *Effect, by people.Actor) []string {
	if defect.On(defect.OwnGain) {
		return nil
	}
	opened := e.Difference.Gains()
	var out []string
	take := func(role string) {
		if slices.Contains(opened, role) {
			out = append(out, role)
		}
	}
	for _, role := range by.Roles {
		take(role)
	}
	for p := range b.cfg.People.People() {
		if p.ID == by.ID || b.cfg.People.Same(p.ID, by.ID) {
			for _, h := range p.Roles {
				take(h.Name)
			}
			for _, role := range b.lent(p.ID) {
				take(role)
			}
		}
	}
	for _, p := range b.cfg.People.Programs() {
		if b.cfg.People.Same(p.ID, by.ID) {
			take(p.Role)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// lent are the roles of whose tasks something is lent to somebody.
func (b *Book) lent(person string) []string {
	if defect.On(defect.LentGain) {
		return nil
	}
	return b.cfg.Lent(person)
}
