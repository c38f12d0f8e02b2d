package facts

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"time"
)

// Posted is what programs stated for one source: its last whole body, when there
// was one, and the lines that came after.
type Posted struct {
	Source string
	Whole  bool      // these lines are the source's entire content as of At
	At     time.Time // when they were learned
	Lines  []Line
}

// Line is one fact as it was written.
type Line struct {
	Key  string // equal for lines that replace each other: fact, who, patient, object, id
	Text []byte
}

// lineKey is the Key of a statement.
func lineKey(fact string, st *Statement) string {
	h := sha256.New()
	var n [4]byte
	for _, part := range []string{fact, string(st.Who.Kind), st.Who.Name, st.Patient, st.Object, st.ID} {
		binary.BigEndian.PutUint32(n[:], uint32(len(part)))
		h.Write(n[:])
		h.Write([]byte(part))
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

func keptOf(voc *Vocabulary, out batch, now time.Time) []Posted {
	var kept []Posted
	for _, part := range out.parts {
		p := Posted{Source: voc.Sources[part.source].Name, At: now, Lines: part.lines}
		if !part.whole.IsZero() {
			p.Whole, p.At = true, part.whole
		}
		kept = append(kept, p)
	}
	return kept
}

// Restore puts in force what was kept of posted facts, each with the age that it
// has: nothing is younger for a restart. Lines that the policy at hand does not
// understand any more are left out, as they are when a policy changes; it
// returns how many.
func (s *Store) Restore(kept []Posted) (dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept = slices.Clone(kept)
	slices.SortStableFunc(kept, func(a, b Posted) int {
		if a.Source == b.Source && a.Whole != b.Whole { // what came after a whole body may bear an earlier time than it
			return cmp.Compare(truth(b.Whole), truth(a.Whole))
		}
		return cmp.Or(cmp.Compare(a.Source, b.Source), a.At.Compare(b.At))
	})
	voc := s.idx.Load().voc
	var changes []change
	for i := range kept {
		src, known := voc.source(kept[i].Source)
		if !known {
			dropped += len(kept[i].Lines)
			continue
		}
		rows, n := s.reread(voc, src, &kept[i])
		dropped += n
		c := change{name: "post:" + kept[i].Source, source: src, add: rows, learned: seconds(kept[i].At), perRow: true}
		if kept[i].Whole {
			c.replace, c.whole = true, c.learned
		}
		changes = append(changes, c)
	}
	if len(changes) > 0 {
		s.apply(changes)
	}
	return dropped
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// reread reads lines again, one by one.
func (s *Store) reread(voc *Vocabulary, src int, kept *Posted) (rows *segment, dropped int) {
	p := parser{voc: voc, now: kept.At, seed: s.seed, lenient: true, may: func(named int) string {
		if named != src {
			return "another source"
		}
		return ""
	}}
	out, problems := p.parse(bytes.NewReader(kept.body()))
	if len(problems) > 0 || len(out.parts) == 0 {
		return newSegment(s.seed), len(kept.Lines)
	}
	return out.parts[0].rows, p.dropped
}

func (p *Posted) body() []byte {
	var b []byte
	for _, l := range p.Lines {
		b = append(append(b, l.Text...), '\n')
	}
	return b
}
