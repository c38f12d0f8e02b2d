package ledger

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
	"sync"
)

// Refs makes keyed references to patients. Whoever lacks the key learns only
// that two entries name the same one; a destroyed key is a forgotten name
// (45 CFR 164.528 needs the key as long as the record).
type Refs struct {
	id     string
	key    []byte
	makers sync.Pool // of *maker: setting up a key costs as much as using it
}

// maker makes one reference at a time.
type maker struct {
	mac hash.Hash
	sum [sha256.Size]byte
	out []byte
}

// NewRefs returns a maker of references under key, at least 32 bytes, which id
// (at most 16 letters, digits, dots, dashes) names in each of them.
func NewRefs(id string, key []byte) (*Refs, error) {
	r := &Refs{id: id, key: append([]byte(nil), key...)}
	if len(key) < 32 {
		return nil, errors.New("key of patient references: at least 32 bytes")
	}
	if !isKeyedRef(r.Ref("")) {
		return nil, errors.New("id of the key of patient references: 1 to 16 letters, digits, dots, dashes")
	}
	return r, nil
}

// Ref returns the keyed reference of a patient named such as "Patient/p1":
// key id, colon, base64url of the first 18 bytes of HMAC-SHA-256.
func (r *Refs) Ref(patient string) string {
	m, _ := r.makers.Get().(*maker)
	if m == nil {
		m = &maker{mac: hmac.New(sha256.New, r.key)}
	}
	defer r.makers.Put(m)
	m.mac.Reset()
	m.out = append(m.out[:0], patient...)
	m.mac.Write(m.out)
	m.out = append(append(m.out[:0], r.id...), ':')
	m.out = base64.RawURLEncoding.AppendEncode(m.out, m.mac.Sum(m.sum[:0])[:18])
	return string(m.out)
}
