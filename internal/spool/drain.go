package spool

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"modicum/internal/defect"
	"modicum/ledger"
)

// Drain moves what the spool holds into the record, in its order, tells of it in an
// act, and then clears the file. It may be interrupted at any point and begun again:
// what is in the record already is not put there twice. While the record is still
// away its error comes back.
func (s *Spool) Drain(ctx context.Context) error {
	s.draining.Lock()
	defer s.draining.Unlock()
	for {
		frames, done, err := s.next(ctx)
		if done || err != nil {
			return err
		}
		for _, fr := range frames {
			if err := s.move(ctx, fr); err != nil {
				return err
			}
		}
	}
}

// next returns the frames that were not moved yet. Where there are none it ends the
// use of the spool, while nobody can add one.
func (s *Spool) next(ctx context.Context) (frames []frame, done bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file.unusable != nil {
		return nil, false, s.file.unusable
	}
	if s.file.cleared {
		return nil, true, s.file.clear()
	}
	if left := s.file.frames[s.moved:]; len(left) > 0 {
		return left, false, nil
	}
	if !s.file.inUse() {
		return nil, true, nil
	}
	return nil, true, s.end(ctx)
}

// move puts one frame into the record.
func (s *Spool) move(ctx context.Context, fr frame) error {
	e, torn, err := s.file.read(fr) // frames are never written twice, so this needs no lock
	if err != nil {
		return err
	}
	misfit := false
	if e != nil {
		if misfit, err = s.place(ctx, e); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moved++
	s.torn += torn
	if misfit {
		s.misfits = append(s.misfits, fmt.Sprintf("the entry at byte %d has no place in the record", fr.at))
	}
	return nil
}

// place puts an entry into the record; misfit says that the record does not want it.
func (s *Spool) place(ctx context.Context, e ledger.Entry) (misfit bool, err error) {
	if _, err = s.cfg.Main.Append(ctx, e, nil); errors.Is(err, ledger.ErrOrder) {
		there, errThere := s.there(ctx, e)
		misfit, err = !there, errThere
	}
	if err != nil {
		return false, err
	}
	if a, ok := e.(*ledger.Act); ok && !misfit && s.cfg.Placed != nil {
		err = s.cfg.Placed(ctx, a)
	}
	return misfit, err
}

// there reports whether the record holds exactly this entry: after an error nobody
// knew, and a drain that was interrupted.
func (s *Spool) there(ctx context.Context, e ledger.Entry) (bool, error) {
	body, err := ledger.Encode(e)
	if err != nil {
		return false, err
	}
	bodies, err := s.cfg.Find(ctx, e.Header().ID)
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return false, fmt.Errorf("spool: look for an entry: %w", err)
	}
	for _, b := range bodies {
		if bytes.Equal(b, body) {
			return true, nil
		}
	}
	return false, nil
}

// end tells what the spool held and clears it, or puts it aside where something is
// wrong with it; the caller holds mu.
func (s *Spool) end(ctx context.Context) error {
	act, err := s.act()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Patience) // whoever breaks a glass now waits for it
	defer cancel()
	if err := s.tell(ctx, act); err != nil {
		return err
	}
	if s.file.damage != "" || len(s.misfits) > 0 {
		s.told = "something was wrong with what it held; the record says what, and the file was put aside as " + act.ID + ".damaged"
		s.cfg.Log.Error("something is wrong with what the spool held; the record says what", "act", act.ID)
		err = s.file.putAside(act.ID + ".damaged")
	} else if !defect.On(defect.SpoolUncleared) {
		err = s.file.clear()
	}
	if err != nil {
		return err
	}
	if checkpoint, err := s.cfg.Checkpoint(ctx); err == nil {
		s.checkpoint = checkpoint
	}
	for id, more := range s.spooled {
		if more && len(s.glasses) < mostGlasses {
			s.glasses[id] = true
		}
	}
	s.moved, s.misfits, s.torn = 0, nil, 0
	clear(s.spooled)
	s.since = time.Time{}
	return nil
}

// tell puts the act into the record. Where one of its id is there it was told before a
// crash, or an answer that got lost; if more came since then, that is told under an id of
// its own, which is the same however often it is tried.
func (s *Spool) tell(ctx context.Context, act *ledger.Act) error {
	told, err := s.tellOnce(ctx, act)
	if told || err != nil {
		return err
	}
	if act.ID, err = another(act); err != nil {
		return err
	}
	if told, err = s.tellOnce(ctx, act); err == nil && !told {
		err = fmt.Errorf("spool: tell what it held: %w", ledger.ErrOrder)
	}
	return err
}

// tellOnce reports whether the record has the act now; not where it has another one of
// its id.
func (s *Spool) tellOnce(ctx context.Context, act *ledger.Act) (bool, error) {
	_, err := s.cfg.Main.Append(ctx, act, nil)
	if !errors.Is(err, ledger.ErrOrder) {
		return err == nil, err
	}
	if defect.On(defect.SpoolToldOnce) {
		return true, nil
	}
	bodies, err := s.cfg.Find(ctx, act.ID)
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return false, fmt.Errorf("spool: look for what was told: %w", err)
	}
	return slices.ContainsFunc(bodies, func(b []byte) bool {
		e, err := ledger.Decode(b)
		before, ok := e.(*ledger.Act)
		return err == nil && ok && slices.Equal(before.What, act.What) && maps.Equal(before.Hashes, act.Hashes)
	}), nil
}

// another id for an act: of the same time, and made of what the act says.
func another(act *ledger.Act) (string, error) {
	id, err := uuid.Parse(act.ID)
	if err != nil {
		return "", fmt.Errorf("spool: %w", err)
	}
	said := sha256.Sum256(fmt.Appendf(nil, "%s %q %q", act.ID, act.What, act.Hashes)) // fmt sorts maps
	copy(id[8:], said[:])
	id[8] = id[8]&0x3f | 0x80 // RFC 9562 section 4.1
	return id.String(), nil
}

// act says what the spool held. Its id was laid down when the first entry came, so
// that it is told once.
func (s *Spool) act() (*ledger.Act, error) {
	f := s.file
	a := &ledger.Act{
		Act: Drained, At: s.cfg.Now().UnixMicro(), Kind: ledger.KindAct, Schema: ledger.Schema, Who: "modicum",
		What: []string{fmt.Sprintf("%d entries", s.entries())}, Hashes: map[string]string{},
	}
	if f.head == nil {
		id, err := uuid.NewV7FromReader(s.cfg.Rand)
		if err != nil {
			return nil, fmt.Errorf("spool: %w", err)
		}
		a.ID = id.String()
	} else {
		sum := sha256.Sum256([]byte(f.head.Checkpoint))
		a.ID, a.Hashes["checkpoint"] = f.head.Act, hex.EncodeToString(sum[:])
	}
	if n := len(f.frames); n > 0 {
		a.Hashes["first"], a.Hashes["last"] = hex.EncodeToString(f.frames[0].mac[:]), hex.EncodeToString(f.frames[n-1].mac[:])
	}
	if torn := s.torn + f.torn; torn > 0 && !defect.On(defect.SpoolSilent) {
		a.What = append(a.What, fmt.Sprintf("%d bytes of entries that were interrupted", torn))
	}
	if f.damage != "" && !defect.On(defect.SpoolSilent) {
		a.What = append(a.What, f.damage)
	}
	a.What = append(a.What, s.misfits[:min(len(s.misfits), mostMisfits)]...)
	if more := len(s.misfits) - mostMisfits; more > 0 {
		a.What = append(a.What, fmt.Sprintf("and %d more", more))
	}
	return a, nil
}

// entries counts those of the file; the caller holds mu.
func (s *Spool) entries() (n int) {
	for _, fr := range s.file.frames {
		if fr.kind != kindTorn {
			n++
		}
	}
	return n
}

// mostMisfits bounds what the act spells out.
const mostMisfits = 100
