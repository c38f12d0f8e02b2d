package fhirjson

import (
	"modicum/internal/defect"
	"modicum/policy"
)

// recipe is what the projector wrote of a record, as made bytes and copied ones in turns,
// and how those of its values decided that it looked at.
type recipe struct {
	is    made
	view  policy.View // by which it was noted
	other uint8       // records since then that were to be written by another view
	there bool
	steps []step
	text  []byte // what was made, one after the other; the same for every record
	tail  uint32 // where in it that begins which stands behind all that was copied
	asked []asked
	items []uint32 // items, counted from the root, that are not the mark of their array
	runs  []Run    // while it is noted
}

// made says what a recipe is good for.
type made uint8

const (
	untried made = iota
	usable
	useless // values are in what is made: no record is written as another one
)

// step is some made bytes and a run of the record's bytes behind them.
type step struct {
	made     uint32 // where the made bytes end in recipe.text
	from, to edge
}

// edge is a place between tokens: so many bytes behind the end of the last value before
// it that is no object or array, or where there is none, behind the record's beginning.
type edge struct {
	cell uint32 // of that value, counted from the root; 0: there is none
	past uint32
}

// asked is what was found about a reference of the record.
type asked struct {
	ref                  uint32
	kept, granted, shows bool
}

// recipeOf returns the recipe of the record's model, nil where there is none, and where more
// is asked for than what shows in a view.
func (s *Scanner) recipeOf(r *Record, sh *Shape) *recipe {
	if r.model == 0 || sh.Elements != nil || sh.Trace != nil || sh.Runs != nil {
		return nil
	}
	return &s.models[r.model-1].recipe
}

func (c *recipe) forget() { c.is, c.other = untried, 0 }

// otherViews are the records by other views after which one of them is noted: a page that
// shows by turns of several is not noted anew for each of its records.
const otherViews = 16

// wanted reports whether the record at hand is to be noted, and counts it where not.
func (c *recipe) wanted(view *policy.View) bool {
	if c.is != untried && (c.view == *view || c.other < otherViews) {
		if c.view != *view {
			c.other++
		}
		return false
	}
	c.other = 0
	return true
}

// begin empties c for what is written by a view.
func (c *recipe) begin(view *policy.View) {
	c.is, c.view, c.there = useless, *view, false
	c.steps, c.text, c.asked, c.items, c.runs = c.steps[:0], c.text[:0], c.asked[:0], c.items[:0], c.runs[:0]
}

// note makes a recipe of what was written of r, which is out from at on, in the runs that were noted.
func (c *recipe) note(r *Record, out []byte, at int, there, valued bool) {
	if c.there = there; valued && !defect.On(defect.ValueRetraced) {
		return
	}
	leaf := leaves{tape: r.s.tape, root: r.root, next: r.root + 1}
	for _, run := range c.runs {
		from, ok := leaf.edge(uint32(run.From))
		to, ok2 := leaf.edge(uint32(run.From + run.Len))
		if !ok || !ok2 {
			return
		}
		c.text = append(c.text, out[at:run.Out]...)
		c.steps = append(c.steps, step{uint32(len(c.text)), from, to})
		at = run.Out + run.Len
	}
	c.tail = uint32(len(c.text))
	c.text = append(c.text, out[at:]...)
	c.is = usable
}

// leaves goes through the values of a record that are no objects or arrays.
type leaves struct {
	tape             []cell
	root, next, last uint32 // last: the leaf that ended last, 0 before the first
}

// edge returns the place that lies at bytes behind the record's beginning, false inside
// a value and before a place that was asked for.
func (l *leaves) edge(at uint32) (edge, bool) {
	begin := l.tape[l.root].start
	at += begin
	for end := l.tape[l.root].next; l.next < end; l.next++ {
		c := &l.tape[l.next]
		if c.shape <= array {
			continue
		}
		if c.end > at {
			if c.start < at {
				return edge{}, false
			}
			break
		}
		l.last = l.next
	}
	if l.last == 0 {
		return edge{0, at - begin}, true
	}
	if l.tape[l.last].end > at {
		return edge{}, false
	}
	return edge{l.last - l.root, at - l.tape[l.last].end}, true
}

// follow appends to dst what c says of r, whose model it was noted of; false where a value
// of r decides otherwise, and nothing was appended.
func (p *projector) follow(c *recipe, dst []byte, s *Scanner, r *Record, sh *Shape) (out []byte, ok bool) {
	p.s, p.r, p.sh, p.src, p.tape, p.info = s, r, sh, r.src, s.tape, s.know.nodes
	if !p.decidedAlike(c) {
		return dst, false
	}
	if !c.there {
		return dst, true
	}
	cells, src, text := s.tape[r.root:s.tape[r.root].next], r.src, c.text
	begin, done := cells[0].start, uint32(0)
	place := func(e edge) uint32 {
		if e.cell == 0 {
			return begin + e.past
		}
		return cells[e.cell].end + e.past
	}
	for i := range c.steps {
		t := &c.steps[i]
		dst = append(dst, text[done:t.made]...)
		dst = append(dst, src[place(t.from):place(t.to)]...)
		done = t.made
	}
	return append(dst, text[c.tail:]...), true
}

// decidedAlike reports whether the values of the record decide as those did of which c was
// noted.
func (p *projector) decidedAlike(c *recipe) bool {
	for _, a := range c.asked {
		r := &p.r.References[a.ref]
		granted, shows := p.mayShow(r, a.kept)
		if (granted != a.granted || shows != a.shows || shows && r.reshaped) && !defect.On(defect.ReferenceRetraced) {
			return false
		}
	}
	for _, i := range c.items {
		m := &p.tape[p.r.root+i]
		if p.isMark(m, p.info[m.node].node) && !defect.On(defect.MarkRetraced) {
			return false
		}
	}
	return true
}
