package gate

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"

	"modicum/catalog"
	"modicum/internal/fhirjson"
)

// shaper is the Shape of the record at hand: one a request, since what it asks
// stays the same and only the record moves on.
type shaper struct {
	fhirjson.Shape
	made    bool // for this request
	patient catalog.Type
	judged  *Judgement
	page    func(catalog.Type, []byte) bool
}

// in makes what a session is asked while its records are projected.
func (sh *shaper) in(s *Session) {
	sh.PatientInScope, sh.Visible, sh.Token = s.patientInScope, s.visible, s.token
}

// empty leaves what in made.
func (sh *shaper) empty() {
	*sh = shaper{Shape: fhirjson.Shape{PatientInScope: sh.PatientInScope, Visible: sh.Visible, Token: sh.Token}}
}

// Shape says how a judged record shows. page reports whether a record is proven
// visible on the same page; nil where there is no page. The Shape is the
// Session's and good until the next call.
func (s *Session) Shape(j *Judgement, page func(t catalog.Type, id []byte) bool) *fhirjson.Shape {
	sh := &s.shape
	if !sh.made {
		sh.made, sh.patient, sh.Year = true, s.words.types.patient, s.now.In(s.gate.cfg.Zone).Year()
	}
	sh.View, sh.Elements, sh.judged, sh.page = *j.byPolicy(), nil, j, page
	if sh.Observe = nil; j.instead != nil {
		sh.Observe = s.lose
	}
	return &sh.Shape
}

func (s *Session) patientInScope(id []byte) bool {
	for _, p := range s.shape.judged.Patients {
		if p == string(id) {
			return true
		}
	}
	return s.visible(s.shape.patient, id)
}

// visible reports whether a record is proven visible: on this page, or shown to
// this caller a short while ago.
func (s *Session) visible(t catalog.Type, id []byte) bool {
	return s.shape.page != nil && s.shape.page(t, id) && !s.hides(t, id) || s.resolved[target{t, string(id)}] || s.proven(t, string(id))
}

// tokens are spelt in Crockford's base 32, which survives FHIR's id grammar and
// reading aloud.
var tokens = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// token appends the pseudonym of a value: HMAC-SHA-256 under the key of tokens,
// by purpose, task and class, so that values cannot be joined across them
// (threat-model SC28, methods in docs/design.md). 20 characters, 100 bits.
func (s *Session) token(dst []byte, class catalog.Class, value []byte) []byte {
	m := hmac.New(sha256.New, s.gate.cfg.TokenKey)
	purpose, _ := s.plan.Purpose()
	for _, part := range []string{"token 1", purpose, s.tasks, s.cat.Name(class)} {
		m.Write([]byte(part))
		m.Write([]byte{0})
	}
	m.Write(value)
	return append(dst, tokens.EncodeToString(m.Sum(nil))[:20]...)
}
