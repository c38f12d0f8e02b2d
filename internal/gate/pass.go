package gate

import "context"

// Pass gives the criteria that pass through other records (Criterion.Through), in their
// order, the records that a search of the same caller just found, before anything is
// judged. It keeps those that show under the lines of this request too, looked up where
// nothing proves them, and returns them: one that does not would tell by what belongs to
// it that it is there.
func (s *Session) Pass(ctx context.Context, refs [][]Ref) ([][]Ref, error) {
	n := 0
	for i := range s.ask.Criteria {
		if k := &s.ask.Criteria[i]; k.Through != 0 {
			k.Refs = refs[n]
			n++
		}
	}
	if err := s.ProveCriteria(ctx); err != nil {
		return nil, err
	}
	var out [][]Ref
	for i := range s.ask.Criteria {
		k := &s.ask.Criteria[i]
		if k.Through == 0 {
			continue
		}
		var kept []Ref
		for _, r := range k.Refs {
			if s.seesTargets([]Ref{r}) {
				kept = append(kept, r)
			}
		}
		k.Refs = kept
		out = append(out, kept)
	}
	return out, nil
}
