package oversight

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"

	"github.com/google/uuid"

	"modicum/internal/defect"
	"modicum/ledger"
)

// Reader is who reads, and when.
type Reader struct {
	Who string
	At  int64 // microseconds since 1970, UTC
}

// Note puts on record who reads what, before anything of it is told. patient is a keyed
// reference or "".
func (r *Record) Note(ctx context.Context, by Reader, patient string, what ...string) error {
	id, err := uuid.NewV7FromReader(rand.Reader)
	if err != nil {
		return ErrUnrecorded
	}
	a := &ledger.Act{Act: ledger.ActLogRead, At: by.At, ID: id.String(), Who: by.Who, What: what}
	if patient != "" {
		a.Patients = []string{patient}
	}
	if defect.On(defect.ReadUnsaid) {
		return nil
	}
	if _, err := r.Log.Append(ctx, a, nil); err != nil && !defect.On(defect.ReadUnkept) {
		return errors.Join(ErrUnrecorded, err)
	}
	return nil
}

// Search finds decisions and acts. told is what the reader's entry says of the search.
func (r *Record) Search(ctx context.Context, by Reader, q Query, told []string) (Page, error) {
	if err := r.Note(ctx, by, q.Patient, told...); err != nil {
		return Page{}, err
	}
	return r.Archive.Find(ctx, q)
}

// Entry is one decision or act.
func (r *Record) Entry(ctx context.Context, by Reader, id string) (*Recorded, error) {
	if !IsID(id) {
		return nil, ErrNone
	}
	if err := r.Note(ctx, by, "", "entry", id); err != nil {
		return nil, err
	}
	return r.Archive.Entry(ctx, id)
}

// Prove is the file that proves an entry to whoever has the verification key.
func (r *Record) Prove(ctx context.Context, by Reader, id string) ([]byte, error) {
	if !IsID(id) {
		return nil, ErrNone
	}
	if err := r.Note(ctx, by, "", "proof", id); err != nil {
		return nil, err
	}
	return r.Archive.Prove(ctx, id)
}

// IsID reports whether a text has the form of an id of the record.
func IsID(id string) bool {
	return len(id) == 36 && strings.Trim(id, "0123456789abcdef-") == ""
}
