package gate

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"slices"

	"modicum/catalog"
	"modicum/internal/fhirjson"
)

// Shape says how a judged record shows. page reports whether a record is proven
// visible on the same page; nil where there is no page.
func (s *Session) Shape(j *Judgement, page func(t catalog.Type, id []byte) bool) fhirjson.Shape {
	patient, _ := s.cat.Type("Patient")
	return fhirjson.Shape{
		View: j.Verdict.View,
		Year: s.now.In(s.gate.cfg.Zone).Year(),
		PatientInScope: func(id []byte) bool {
			return slices.Contains(j.Patients, string(id)) || s.visible(patient, id, page)
		},
		Visible: func(t catalog.Type, id []byte) bool { return s.visible(t, id, page) },
		Token:   s.token,
	}
}

// visible reports whether a record is proven visible: on this page, or shown to
// this caller a short while ago.
func (s *Session) visible(t catalog.Type, id []byte, page func(catalog.Type, []byte) bool) bool {
	return page != nil && page(t, id) || s.proven(t, string(id))
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
