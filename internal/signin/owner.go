package signin

import (
	"context"

	"modicum/internal/defect"
	"modicum/internal/people"
)

// OwnerLink makes the link of the first owner: good once, until the process ends, and
// only while nobody runs people. false: somebody does, and invites.
func (s *Service) OwnerLink() (link string, ok bool, err error) {
	if _, free := s.ownerless(); !free {
		return "", false, nil
	}
	token, hash, err := s.secret()
	if err != nil {
		return "", false, err
	}
	s.owner.Store(&hash)
	return s.link(token), true, nil
}

// ownerless reports whether an owner is still to come: nobody who is active runs people.
// Others may be there already, from provisioning or an issuer, who cannot let anybody in.
// Where the owner was written into the directory and the process fell before their way in
// was kept, it says who.
func (s *Service) ownerless() (person string, free bool) {
	if !s.cfg.Desk.Certain() {
		return "", false // nobody counts as active then
	}
	var owner *people.Person
	latest := int64(-1) // when the last person of ours was added
	for p := range s.cfg.People.People() {
		if p.From == people.Local {
			latest = max(latest, p.Created)
		}
		switch {
		case defect.On(defect.AnybodyIsOwner):
			return "", false
		case !s.runs(p.ID):
		case owner != nil:
			return "", false
		default:
			owner = p
		}
	}
	if owner == nil {
		return "", true
	}
	never := s.neverCame(owner) && owner.Created == latest
	return owner.ID, never || defect.On(defect.OwnerTakenOver)
}

// neverCame reports whether a person of ours never had a way in. One who has added
// others since came in all the same, by an issuer that calls them by the same name.
func (s *Service) neverCame(p *people.Person) bool {
	return p.From == people.Local && s.ways.Get(p.ID) == nil
}

// isOwner reports whether a token is that of the first owner's link.
func (s *Service) isOwner(token string) bool {
	hash := s.owner.Load()
	if hash == nil || *hash != hashOf(token) {
		return false
	}
	_, free := s.ownerless()
	return free
}

// firstOwner writes the first person into the directory, which is a change of its own:
// where the process falls after it, the next start makes a link for that person. While
// the time is not certain nobody is sure who runs people until then.
func (s *Service) firstOwner(ctx context.Context, t *ticket) (string, error) {
	if _, sure := s.cfg.Now(); !sure {
		return "", ErrTime
	}
	person, free := s.ownerless()
	if !free || s.owner.Load() == nil {
		return "", errTicket
	}
	if person != "" {
		return person, nil
	}
	p, err := s.cfg.People.First(ctx, &people.Person{ID: t.UserName, UserName: t.UserName, Name: t.Name, Active: true})
	if err != nil {
		return "", err
	}
	return p.ID, nil
}

// stillOwner asks again within the change that keeps the owner's way in: of two at once
// one is late.
func (s *Service) stillOwner(person string) error {
	now, free := s.ownerless()
	if !free || now != person || s.owner.Load() == nil {
		return errTicket
	}
	return nil
}
