package ledger

// Names of governed acts. Other parts may use names of their own in the same
// form.
const (
	ActStarted         = "started"
	ActStopped         = "stopped"
	ActPolicyChanged   = "policy-changed"
	ActKeyRotated      = "key-rotated"
	ActFactsLoaded     = "facts-loaded"
	ActLogRead         = "log-read"
	ActOriginContinued = "origin-continued"
)

// Act is a governed act: something done to the system rather than asked of it.
type Act struct {
	Act    string            `json:"act"` // lower-case name
	At     int64             `json:"at"`  // microseconds since 1970, UTC
	Behalf string            `json:"behalf,omitempty"`
	Hashes map[string]string `json:"hashes,omitempty"` // name of a thing to the hex of its hash
	ID     string            `json:"id"`               // UUIDv7 of its own
	Kind   Kind              `json:"kind"`
	// Patients are keyed references, at most MaxPatients: whom it is about.
	Patients []string `json:"patients,omitempty"`
	Reason   string   `json:"reason,omitempty"`
	Schema   int      `json:"schema"`
	What     []string `json:"what,omitempty"`
	Who      string   `json:"who"` // person or program
}

// Header implements Entry.
func (a *Act) Header() Header {
	return Header{Kind: KindAct, ID: a.ID, At: a.At, Who: a.Who, Patients: a.Patients}
}

func (a *Act) check() error {
	var c checker
	c.base(a.Schema, a.Kind, KindAct, a.ID, a.At)
	c.need("who", a.Who)
	if !isNameKey(a.Act) {
		c.failf("act must be a lower-case name")
	}
	c.strings("behalf, reason", a.Behalf, a.Reason)
	c.strings("what", a.What...)
	c.patients(a.Patients)
	for k, v := range a.Hashes {
		if !isNameKey(k) || !isHexBits(v) || v == "" {
			c.failf("hashes go from lower-case names to lower-case hex")
		}
	}
	return c.err()
}
