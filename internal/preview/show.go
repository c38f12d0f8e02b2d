package preview

import (
	"context"
	"fmt"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/internal/gate"
)

// judged is one record with what the gate said and the session that said it.
type judged struct {
	session *gate.Session
	says    gate.Judgement
}

// showing is one run over all records: a session for each type, as a door has
// one for each request.
type showing struct {
	*Preview
	of       map[*fhirjson.Record]*judged
	sessions map[catalog.Type]*gate.Session
	refused  map[catalog.Type]error
	visible  map[string]bool // Type/ID of records that are there
}

// judge opens the session of a type and judges its records.
func (s *showing) judge(ctx context.Context, t catalog.Type) error {
	session, err := s.route.Open(ctx, &gate.Ask{Caller: s.caller(), Task: s.as.Task, Purpose: s.as.Purpose, Type: t})
	if err != nil {
		s.refused[t] = refusal(err)
		return nil
	}
	s.sessions[t] = session
	var recs []*fhirjson.Record
	for _, r := range s.read {
		if r.Type == t {
			recs = append(recs, r)
		}
	}
	said, err := session.Judge(ctx, recs, nil)
	if err != nil {
		return fmt.Errorf("judge: %w", err)
	}
	var there []gate.Judgement
	for i := range said {
		s.of[recs[i]] = &judged{session, said[i]}
		if said[i].There {
			there = append(there, said[i])
			s.see(t, string(recs[i].ID))
		}
	}
	return refusal(session.Commit(ctx, there))
}

func (s *showing) see(t catalog.Type, id string) {
	if s.visible == nil {
		s.visible = make(map[string]bool)
	}
	s.visible[s.set.Catalog().TypeName(t)+"/"+id] = true
}

// show projects one record.
func (s *showing) show(r *fhirjson.Record) (Shown, error) {
	out := Shown{Type: r.TypeName(), ID: string(r.ID), Class: r.Class, Refused: s.refused[r.Type]}
	j := s.of[r]
	if j == nil {
		return out, nil
	}
	out.Why = j.session.Explain(&j.says, r.Class)
	if !j.says.There {
		out.Because = j.says.Because
		return out, nil
	}
	shape := j.session.Shape(&j.says, func(t catalog.Type, id []byte) bool {
		return s.visible[s.set.Catalog().TypeName(t)+"/"+string(id)]
	})
	shape.Trace = func(g fhirjson.Gap) { out.Gaps = append(out.Gaps, g) }
	body, outcome, err := s.scanner.Project(nil, r, shape)
	if err != nil {
		return out, err
	}
	if out.There = outcome.There; out.There {
		out.Resource = body
	} else {
		out.Because = "view"
	}
	return out, nil
}

func (s *showing) close(ctx context.Context) {
	for _, session := range s.sessions {
		session.Close(ctx, gate.Outcome{Completed: true})
	}
	s.gate.Wait()
}
