package fhir

import (
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"modicum/internal/defect"
)

// A cursor carries a search from one page to the next: the query, which is kept
// out of the URL (D14), and how far the upstream was read. It is sealed with
// AES-256-GCM, has one length whatever it holds, and is bound to the person, the
// client and the task that it was made for: presented by anybody else it opens
// no better than noise (D10). It carries no right: each page is decided again.

// cursorSize is the number of bytes sealed in every cursor. Paging links of
// HAPI take 120 bytes; other servers repeat the whole query in theirs.
const cursorSize = 3 << 10

// cursorLife is how long a cursor opens; a constant of the product.
const cursorLife = 10 * time.Minute

var (
	// errCursor: nothing that this key sealed for this caller, or too old.
	errCursor = errors.New("cursor does not open")
	// errCursorRoom: the upstream's link and the query do not fit.
	errCursorRoom = errors.New("cursor too small for the upstream's paging link")
)

// state is what a cursor holds. Names are short because room is.
type state struct {
	Type       string      `json:"t"`
	ID         string      `json:"d,omitempty"` // of the record whose versions are listed
	Query      [][2]string `json:"q"`           // as asked, unescaped
	Post       bool        `json:"o,omitempty"`
	Generation string      `json:"g"`           // hash of policy and catalog
	Expires    int64       `json:"x"`           // Unix seconds
	Page       int         `json:"n"`           // of the page to come
	Leg        int         `json:"e,omitempty"` // which of the answer's searches is read
	Shown      int         `json:"s"`           // records shown so far
	At         position    `json:"a"`
	Through    []byte      `json:"h,omitempty"` // see query.through
}

// position is where the reading of the upstream stands.
type position struct {
	After  string `json:"p,omitempty"` // the last patient of the chunks that are done
	Last   string `json:"l,omitempty"` // the last patient of this chunk
	Link   string `json:"u,omitempty"` // the upstream's page; "" for the first one
	Offset int    `json:"i,omitempty"` // entries of that page that are done
	Size   int    `json:"c"`           // records asked for at a time
}

// CursorKey is one key for cursors. The first of a Config seals; all open.
type CursorKey struct {
	ID  byte   // told in the clear, so that keys can rotate
	Key []byte // 32 bytes
}

// sealer seals and opens cursors.
type sealer struct {
	ids    []byte
	aeads  []cipher.AEAD
	random io.Reader
}

func newSealer(keys []CursorKey, random io.Reader) (*sealer, error) {
	if len(keys) == 0 {
		return nil, errors.New("fhir: no key for cursors")
	}
	s := &sealer{random: random}
	for _, k := range keys {
		if len(k.Key) != 32 {
			return nil, fmt.Errorf("fhir: cursor key %d must have 32 bytes", k.ID)
		}
		if bytes.IndexByte(s.ids, k.ID) >= 0 {
			return nil, fmt.Errorf("fhir: two cursor keys have the id %d", k.ID)
		}
		block, err := aes.NewCipher(k.Key)
		if err != nil {
			return nil, fmt.Errorf("fhir: cursor key %d: %w", k.ID, err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("fhir: cursor key %d: %w", k.ID, err)
		}
		s.ids, s.aeads = append(s.ids, k.ID), append(s.aeads, aead)
	}
	return s, nil
}

// binding is what a cursor is bound to besides its key: parts of the request
// that must be the same on every page.
func binding(parts ...string) []byte {
	h := sha256.New()
	var n [4]byte
	for _, p := range parts {
		binary.BigEndian.PutUint32(n[:], uint32(len(p)))
		h.Write(n[:])
		io.WriteString(h, p)
	}
	return h.Sum(nil)
}

// seal returns st as URL-safe text, always of one length.
func (s *sealer) seal(st *state, bound []byte) (string, error) {
	raw, err := json.Marshal(st)
	if err != nil {
		return "", err
	}
	plain := make([]byte, cursorSize)
	if len(raw) > cursorSize-3 {
		if raw, err = deflate(raw); err != nil {
			return "", err
		}
		plain[0] = 1
	}
	if len(raw) > cursorSize-3 {
		return "", errCursorRoom
	}
	binary.BigEndian.PutUint16(plain[1:], uint16(len(raw)))
	copy(plain[3:], raw)
	aead := s.aeads[0]
	out := make([]byte, 1+aead.NonceSize(), 1+aead.NonceSize()+cursorSize+aead.Overhead())
	out[0] = s.ids[0]
	if _, err := io.ReadFull(s.random, out[1:]); err != nil {
		return "", err
	}
	out = aead.Seal(out, out[1:], plain, bound)
	return base64.RawURLEncoding.EncodeToString(out), nil
}

// open returns what was sealed, or errCursor: one answer for a foreign, changed,
// cut, old or made-up cursor.
func (s *sealer) open(text string, bound []byte, now time.Time) (*state, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < 1 || base64.RawURLEncoding.EncodedLen(len(b)) != len(text) { // line breaks are skipped
		return nil, errCursor
	}
	i := bytes.IndexByte(s.ids, b[0])
	if i < 0 {
		return nil, errCursor
	}
	aead := s.aeads[i]
	if len(b) != 1+aead.NonceSize()+cursorSize+aead.Overhead() {
		return nil, errCursor
	}
	nonce, sealed := b[1:1+aead.NonceSize()], b[1+aead.NonceSize():]
	plain, err := aead.Open(nil, nonce, sealed, bound)
	if err != nil {
		return nil, errCursor
	}
	n := int(binary.BigEndian.Uint16(plain[1:]))
	if n > cursorSize-3 {
		return nil, errCursor
	}
	raw := plain[3 : 3+n]
	if plain[0] == 1 {
		if raw, err = inflate(raw); err != nil {
			return nil, errCursor
		}
	}
	var st state
	if json.Unmarshal(raw, &st) != nil || now.Unix() >= st.Expires && !defect.On(defect.CursorForEver) {
		return nil, errCursor
	}
	return &st, nil
}

func deflate(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func inflate(b []byte) ([]byte, error) {
	r := flate.NewReader(bytes.NewReader(b))
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, 2*maxQuery))
}
