package fhirjson

import (
	"bytes"

	"modicum/catalog"
	"modicum/policy"
)

// Observed says what enforcing would have made of a record that leaves whole.
type Observed struct {
	There bool             // something would have shown
	Lost  catalog.ClassSet // of these, something would have been left out or reduced
	// Unclassed: narrative, or elements that the catalog does not know, would have
	// been left out.
	Unclassed bool
}

// observe writes a record whole and tells sh.Observe what its view would have taken
// away: it is projected for that, and the projection is thrown away.
func (s *Scanner) observe(dst []byte, r *Record, sh *Shape) ([]byte, Outcome, error) {
	n := len(dst)
	enforced := *sh
	var o Observed
	enforced.Observe, enforced.Runs, enforced.Trace = nil, nil, func(g Gap) { o.gap(g) }
	dst, out, err := s.Project(dst, r, &enforced)
	if err != nil {
		return dst[:n], out, err
	}
	if o.There = out.There; !o.There {
		o = s.bears(dst[:n], r)
	}
	sh.Observe(o)
	return s.everything(dst[:n], r, sh)
}

func (o *Observed) gap(g Gap) {
	switch {
	case g.Reason == NotAsked:
	case g.Class == catalog.Unknown || g.Reason == Generated:
		o.Unclassed = true
	default:
		o.Lost = o.Lost.With(g.Class)
	}
}

// bears is what is lost of a record that would not have been there: all that it
// bears, as the empty view tells.
func (s *Scanner) bears(dst []byte, r *Record) Observed {
	o := Observed{Lost: catalog.ClassSet{}.With(r.Class)}
	none := Shape{Trace: func(g Gap) { o.gap(g) }}
	_, _, _ = s.Project(dst, r, &none) // of this scanner, so that it cannot fail; nothing is written
	return o
}

// everything writes a record as it is, but for references by the upstream's own
// address, which become relative: every link is ours. Where elements were asked for
// it writes these, since the upstream was not asked for them.
func (s *Scanner) everything(dst []byte, r *Record, sh *Shape) ([]byte, Outcome, error) {
	n := len(dst)
	if sh.Elements != nil && !r.Withheld {
		whole := Shape{
			View: policy.View{Keep: s.cat.Content()}, Elements: sh.Elements, Year: sh.Year, Runs: sh.Runs,
			PatientInScope: func([]byte) bool { return true }, Visible: func(catalog.Type, []byte) bool { return true },
		}
		out, o, err := s.Project(dst, r, &whole)
		if err != nil || o.There {
			return out, o, err
		}
		dst = out[:n]
	}
	c := &s.tape[r.root]
	from := c.start
	run := func(to uint32) {
		if sh.Runs != nil {
			*sh.Runs = append(*sh.Runs, Run{Out: len(dst), From: int(from - c.start), Len: int(to - from)})
		}
		dst = append(dst, r.src[from:to]...)
	}
	for i := r.root + 1; i < c.next; i++ {
		m := &s.tape[i]
		if !s.ownAddress(r, m) {
			continue
		}
		run(m.start + 1)
		dst = append(dst, relative(r.src[m.start+1:m.end-1], s.limits.Base)...)
		from = m.end - 1
	}
	run(c.end)
	return dst, Outcome{There: true}, nil
}

// ownAddress reports whether a value is the text of a reference below the upstream's
// own address.
func (s *Scanner) ownAddress(r *Record, c *cell) bool {
	if s.limits.Base == "" || c.shape != text || string(r.src[c.name:c.name+uint32(c.nameLen)]) != "reference" {
		return false
	}
	return bytes.HasPrefix(r.src[c.start+1:c.end-1], []byte(s.limits.Base+"/"))
}

func relative(ref []byte, base string) []byte { return ref[len(base)+1:] }
