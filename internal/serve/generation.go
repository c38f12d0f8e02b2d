package serve

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"time"

	"modicum/catalog"
	"modicum/internal/change"
	"modicum/internal/config"
	"modicum/internal/defect"
	"modicum/internal/facts"
	"modicum/internal/gate"
	"modicum/policy"
)

// vocabulary makes what a policy says about facts, and remembers whose it is.
func (s *Server) vocabulary(set *policy.Set) *facts.Vocabulary {
	voc := facts.FromPolicy(set, set.Folder(), s.opts.Config.Facts.Fresh)
	s.speaks.Store(voc, set)
	return voc
}

// adopt is called with every new index of facts, in order: policy and facts in
// force are one generation, swapped whole. An index belongs to the policy whose
// vocabulary it was built for, whatever else is being loaded.
func (s *Server) adopt(ix *facts.Index) {
	set, known := s.speaks.Load(ix.Vocabulary())
	if !known {
		panic("serve: an index of facts without a policy")
	}
	was := s.generation.Swap(&gate.Generation{Set: set.(*policy.Set), Facts: ix})
	if was == nil || was.Set != set {
		now, _ := s.opts.Now()
		s.inForce.Store(&inForce{now, was == nil})
	}
	switch {
	case was == nil:
	case was.Set != set:
		s.ends.Policy() // whoever says that a policy is in force says so after this
	default:
		s.ends.Facts()
	}
}

// watchPolicy looks at the policy's folder, and again when a change was decided. A
// policy with errors changes nothing: the one in force stays, and /readyz says so.
func (s *Server) watchPolicy(ctx context.Context) {
	var last seen // of no folder: a change between the start and the first look is seen
	told := ""
	every(ctx, time.Second, false, func() {
		last = s.look(ctx, last)
		told = s.tellLook(ctx, told, last.why)
	})
}

// tellLook logs what stands in the way of a policy when it begins, when it is another
// thing, and when it ends: not at each look. It returns what is told by now.
func (s *Server) tellLook(ctx context.Context, told string, why error) string {
	now := ""
	if why != nil {
		now = why.Error()
	}
	switch {
	case now == told:
	case now == "":
		s.diary.LogAttrs(ctx, slog.LevelInfo, "nothing stands in the way of the policy any more")
	default:
		s.diary.LogAttrs(ctx, slog.LevelError, "policy not taken; the one before stays in force", slog.String("error", now))
	}
	return now
}

// seen is what a look at the folder goes by, and what came of it.
type seen struct {
	folder [32]byte
	turns  int64
	why    error // nothing was taken
}

// errFaulty: what lies in the folder is no policy. It is read again once it changes.
var errFaulty = errors.New("the changed policy has errors")

// look reloads where the folder differs from what was seen before, a change ended, or
// what is on record as in force is not: that is tried until it is, and so is what stood
// in the way of a policy otherwise than by its text.
func (s *Server) look(ctx context.Context, before seen) seen {
	now := seen{folder: fingerprint(s.opts.Policy), turns: s.change.Turns()}
	same := now.folder == before.folder && now.turns == before.turns
	done := s.stands() && (before.why == nil || errors.Is(before.why, errFaulty))
	if same && (done || defect.On(defect.SwapTriedOnce)) {
		return before
	}
	now.why = s.Reload(ctx)
	return now
}

// Reload reads the policy's folder again. What changed there waits for two persons, or
// is put in force at once where the configuration says so.
func (s *Server) Reload(ctx context.Context) error {
	s.reload.Lock()
	defer s.reload.Unlock()
	if err := s.catchUp(ctx); err != nil {
		return err
	}
	set, probs := policy.Load(s.opts.Policy, catalog.R4())
	if err := probs.Errors().Err(); err != nil || set == nil {
		s.policyState.Store(new("the changed policy has errors; run: modicum policy check"))
		return errors.Join(err, errFaulty)
	}
	if err := s.takeUp(ctx, set); err != nil {
		s.policyState.Store(new("the changed policy could not be taken up, and the one before it decides still; the log says why"))
		return err
	}
	s.policyState.Store(nil)
	return nil
}

// takeUp has what the folder holds wait for two persons, or puts it in force.
func (s *Server) takeUp(ctx context.Context, set *policy.Set) error {
	if err := s.archive(set); err != nil {
		return err
	}
	if s.byFolder() || defect.On(defect.EarlierAtOnce) && s.wasInForce(ctx, set) {
		if err := s.change.Begin(ctx, set, true); err != nil {
			return err
		}
		return s.putInForce(ctx, set)
	}
	if err := s.change.Look(ctx, set); err != nil {
		return fmt.Errorf("keep a policy that waits: %w", err)
	}
	return nil
}

// wasInForce is asked by a planted fault alone.
func (s *Server) wasInForce(ctx context.Context, set *policy.Set) bool {
	list, err := s.change.History(ctx, "", 100)
	return err == nil && slices.ContainsFunc(list, func(c *change.Change) bool { return c.Policy == set.Hash() && c.State == change.InForce })
}

// byFolder: whoever can write the folder changes the policy.
func (s *Server) byFolder() bool { return s.opts.Config.PolicyChanges == config.ByFolder }

// stands reports whether what is recorded to be in force is.
func (s *Server) stands() bool {
	now := s.change.InForce()
	return now == nil || now.Policy == s.set().Hash()
}

// catchUp puts in force what is recorded to be in force, where that could not be done
// when it was recorded.
func (s *Server) catchUp(ctx context.Context) error {
	if s.stands() {
		return nil
	}
	set, err := s.archived(s.change.InForce().Policy)
	if err == nil {
		err = s.putInForce(ctx, set)
	}
	if err != nil {
		s.policyState.Store(new("the policy that was agreed on could not be put in force, and the one before it decides still; the log says why"))
	}
	return err
}

// approved puts a policy in force that two persons have agreed on: the entry that says
// so is durable. Where another entry followed it meanwhile, that one's policy is put in
// force: the record says which of two is.
func (s *Server) approved(ctx context.Context, set *policy.Set) error {
	s.reload.Lock()
	defer s.reload.Unlock()
	if now := s.change.InForce(); now != nil && now.Policy != set.Hash() && !defect.On(defect.LateSwap) {
		return s.catchUp(ctx)
	}
	return s.putInForce(ctx, set)
}

// putInForce swaps the generation. That it is in force is on record already.
func (s *Server) putInForce(ctx context.Context, set *policy.Set) error {
	if set.Hash() == s.set().Hash() {
		return nil
	}
	if err := s.recount(ctx, set); err != nil { // tasks that had no limit before
		return err
	}
	old := s.facts.Index().Vocabulary()
	s.facts.Rebind(s.vocabulary(set))
	s.speaks.Delete(old)
	id := ""
	if now := s.change.InForce(); now != nil {
		id = now.Change
	}
	s.diary.LogAttrs(ctx, slog.LevelInfo, "policy in force", slog.String("policy", set.Hash()), slog.String("change", id))
	return nil
}

// folderHash is the hash of what the folder holds now, "" where that is no policy.
func (s *Server) folderHash() string {
	set, probs := policy.Load(s.opts.Policy, catalog.R4())
	if set == nil || probs.Errors().Err() != nil {
		return ""
	}
	return set.Hash()
}

func (s *Server) set() *policy.Set { return s.generation.Load().Set }

// fingerprint tells whether a folder changed: names and bytes of its files. A
// folder that cannot be read has none, and is looked at again.
func fingerprint(dir fs.FS) [32]byte {
	h := sha256.New()
	err := fs.WalkDir(dir, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(dir, path)
		fmt.Fprintf(h, "%s %d\n", path, len(b))
		h.Write(b)
		return err
	})
	if err != nil {
		return [32]byte{}
	}
	return [32]byte(h.Sum(nil))
}
