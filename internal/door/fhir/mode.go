package fhir

// Name is how the gate, the record and the configuration call this door.
const Name = "fhir"

// modeHeader says in every answer of a door that observes whether this caller is
// observed or already enforced (design 5, modes). A door that enforces says nothing.
const modeHeader = "Modicum-Mode"

// sayMode writes the mode as the gate decides it: first of anybody, and again when it
// is known who asks.
func (x *exchange) sayMode() {
	g := x.door.cfg.Gate
	if !g.Observes(Name, nil) {
		return
	}
	mode := "enforce"
	if g.Observes(Name, x.caller) {
		mode = "observe"
	}
	x.w.Header().Set(modeHeader, mode)
}
