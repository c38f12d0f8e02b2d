package signin

import (
	"context"
	"errors"
	"net"
	"net/http"

	"modicum/internal/caller"
	"modicum/internal/defect"
)

// StageIssuer is how sessions that the demo began call where they came from, and how
// they say their person was proved: by nothing.
const StageIssuer = "demo"

// ErrNoStage: this is no demo, or whoever asks does not sit at its machine.
var ErrNoStage = errors.New("nobody comes in here without a proof")

// Enter lets whoever sits at this machine come in as a person of the directory, without
// any proof: the demo's way in, which Config.Stage alone opens. The entry of the record
// says so. Coming in again as the same person counts as a new proof, so that a visitor
// sees what follows one.
func (s *Service) Enter(ctx context.Context, w http.ResponseWriter, r *http.Request, person string) error {
	if (!s.cfg.Stage || !atThisMachine(r)) && !defect.On(defect.StageForAll) {
		return ErrNoStage
	}
	p := Proof{How: []string{StageIssuer}, Issuer: StageIssuer}
	if x := s.of(r); x != nil && x.Person == person && x.Issuer == StageIssuer {
		return s.Prove(ctx, w, r, person, p)
	}
	return s.begin(ctx, w, r, person, p, "signed-in-by-demo", nil)
}

// atThisMachine reports whether a request comes from this machine and was made for it by
// name: a page of somebody else's whose name was made to lead here names itself.
func atThisMachine(r *http.Request) bool {
	host := r.Host
	if name, _, err := net.SplitHostPort(r.Host); err == nil {
		host = name
	}
	return caller.Loopback(host) && caller.Loopback(network(r))
}
