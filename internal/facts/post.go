package facts

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"slices"

	"modicum/internal/problem"
)

// NewSeed returns a seed for hashing names; each Store has its own.
func NewSeed() maphash.Seed { return maphash.MakeSeed() }

// Act is a governed act for the record: who stated facts. It holds counts, no
// statements.
type Act struct {
	Program string   // verified token subject
	Sources []string // names, sorted
	Facts   int
	Whole   []string // sources whose entire content was stated, sorted
	// Kept is what the record's transaction must keep so that Restore knows it
	// after a restart. It names patients: it goes into the store and nowhere else.
	Kept []Posted
}

// State takes a body of facts from a program: the logic of POST /api/facts.
// subject is the verified token's; only a program that every named source lists
// may state it. All of it is taken, or nothing. record must make the act durable
// and is called before the facts come into force; its error stops them.
//
// The error wraps problem.Facts, problem.NotYourFact or what record returned;
// the Problems name lines and keys, never values.
func (s *Store) State(subject string, program bool, body []byte, record func(Act) error) (Act, Problems, error) {
	if !program || subject == "" {
		return Act{}, nil, fmt.Errorf("not a program: %w", problem.NotYourFact)
	}
	if len(body) > MaxBody {
		return Act{}, nil, problem.TooLarge
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now, trusted := s.now()
	if !trusted {
		return Act{}, nil, fmt.Errorf("clock: %w", problem.Unavailable)
	}
	voc := s.idx.Load().voc
	notYours := false
	p := parser{voc: voc, now: now, seed: s.seed, keep: true, may: func(src int) string {
		if slices.Contains(voc.Sources[src].Programs, subject) {
			return ""
		}
		notYours = true
		return "you are not one of its programs in conditions.yaml"
	}}
	out, problems := p.parse(bytes.NewReader(body))
	switch {
	case notYours:
		return Act{}, problems, fmt.Errorf("state facts: %w", problem.NotYourFact)
	case len(problems) > 0:
		return Act{}, problems, fmt.Errorf("state facts: %w", problem.Facts)
	}
	act := actOf(voc, subject, out)
	act.Kept = keptOf(voc, out, now)
	if err := record(act); err != nil {
		return Act{}, nil, fmt.Errorf("record facts: %w", err)
	}
	s.apply(posted(voc, out, seconds(now)))
	act.Kept = nil
	return act, nil, nil
}

func actOf(voc *Vocabulary, subject string, out batch) Act {
	act := Act{Program: subject}
	for _, part := range out.parts {
		name := voc.Sources[part.source].Name
		act.Sources = append(act.Sources, name)
		act.Facts += len(part.rows.rows)
		if !part.whole.IsZero() {
			act.Whole = append(act.Whole, name)
		}
	}
	slices.Sort(act.Sources)
	slices.Sort(act.Whole)
	return act
}

func posted(voc *Vocabulary, out batch, now uint32) []change {
	var changes []change
	for _, part := range out.parts {
		c := change{name: "post:" + voc.Sources[part.source].Name, source: part.source, add: part.rows, learned: now, perRow: true}
		if !part.whole.IsZero() {
			c.replace, c.whole = true, seconds(part.whole)
			c.learned = c.whole
		}
		changes = append(changes, c)
	}
	return changes
}
