package serve

import (
	"errors"
	"net"

	"modicum/internal/caller"
	"modicum/internal/config"
	"modicum/internal/console"
	"modicum/internal/defect"
	"modicum/internal/signin"
)

// Stage is what the demo alone has: pages by which whoever sits at this machine comes in
// as a person of a made-up organization, without proving anything. Only internal/demo
// makes one, and no configuration can.
type Stage struct {
	Pages []console.Page
	Path  string // of the page that lists who there is
	Again string // of the page that takes a new proof
}

// ErrStage: somebody else could reach what lets people in without a proof.
var ErrStage = errors.New("the demo's way in is for a listener and a hospital of this machine alone")

// check refuses a stage that others could reach, or before records of another machine.
func (s *Stage) check(c *config.Config) error {
	if s == nil || defect.On(defect.StageFar) {
		return nil
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil || !caller.Loopback(host) || c.FHIR.Upstream == nil || !caller.Loopback(c.FHIR.Upstream.Hostname()) {
		return ErrStage
	}
	return nil
}

func (s *Stage) pages() []console.Page {
	if s == nil {
		return nil
	}
	return s.Pages
}

// other is how the page of signing in names it.
func (s *Stage) other() []signin.Other {
	if s == nil {
		return nil
	}
	return []signin.Other{{Name: "the demo", Issuer: signin.StageIssuer, Path: s.Path, Prove: s.Again}}
}
