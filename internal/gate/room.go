package gate

import "modicum/internal/defect"

// mostRoom is of how many patients, tasks or kinds of judgement a session may have been
// whose memory is kept: that of a larger one is better forgotten.
const mostRoom = 64

// room is a session in the memory of an earlier one, which is empty: making its tables
// anew costs a search as much as deciding it.
func (g *Gate) room() *Session {
	if s, _ := g.rooms.Get().(*Session); s != nil {
		return s
	}
	s := &Session{named: make(map[string]bool), people: make(map[string]*person), refs: make(map[string]string)}
	s.shape.in(s)
	return s
}

// Done gives the memory of a session back that was closed. Neither it nor anything that it
// gave out may be used after. That of an answer which was watched is not kept: others may
// still ask what it rests on.
func (s *Session) Done() {
	if !s.closed || s.leaving != nil || len(s.people) > mostRoom || len(s.refs) > mostRoom || len(s.infos) > mostRoom || len(s.judged.kinds) > mostRoom {
		return
	}
	g := s.gate
	s.empty()
	g.rooms.Put(s)
}

// empty leaves nothing of a session but room: a field that is not named here is as in a
// new one.
func (s *Session) empty() {
	clear(s.named)
	clear(s.refs)
	if !defect.On(defect.RoomNotEmptied) {
		clear(s.people)
	}
	clear(s.infos)
	clear(s.limited)
	clear(s.own[:cap(s.own)])
	clear(s.judged.kinds)
	s.plan.Forget()
	s.shape.empty()
	*s = Session{
		plan: s.plan, named: s.named, people: s.people, refs: s.refs, infos: s.infos[:0], limited: s.limited[:0],
		since: s.since[:0], own: s.own[:0], judged: tally{kinds: s.judged.kinds[:0], key: s.judged.key[:0]}, shape: s.shape,
	}
}
