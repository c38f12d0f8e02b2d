package reference

import "maps"

// carry puts on a record the overlays of what it refers to by an element that carries
// them, and of what that refers to in turn, three records far: a dispense, its
// prescription, the condition that is its reason. What this server does not hold puts
// nothing on others. What is elsewhere, or further away, may be anything, and so puts
// every overlay on it (D6).
func (w *World) carry(r *Record) {
	if r.root == nil || w.Holds == nil {
		return
	}
	overlays := maps.Clone(r.Overlays)
	far := map[Ref]int{}
	var visit func(of *Record, hops int)
	visit = func(of *Record, hops int) {
		for _, to := range w.carriers(of) {
			if at, been := far[to]; been && at <= hops {
				continue
			}
			if to == (Ref{}) || hops == 3 {
				w.anything(overlays)
				continue
			}
			far[to] = hops
			t := w.Holds(w.Catalog.TypeName(to.Type) + "/" + to.ID)
			if t == nil {
				continue
			}
			next := w.known(t)
			maps.Copy(overlays, next.Overlays)
			visit(next, hops+1)
		}
	}
	visit(r, 0)
	r.Overlays = overlays
}

func (w *World) anything(o Overlays) {
	for one := range w.Catalog.Overlays().All {
		o[one] = true
	}
}

// carriers are the records that may put overlays on one that refers to them; an empty
// Ref stands for what cannot be found here.
func (w *World) carriers(r *Record) (out []Ref) {
	var walk func(e *element)
	walk = func(e *element) {
		if e.to != nil && e.node != 0 && w.Catalog.Node(e.node).Carries {
			if to, some := w.carrier(e); some {
				out = append(out, to)
			}
		}
		for _, k := range e.below {
			walk(k)
		}
	}
	if r.root != nil {
		walk(r.root)
	}
	return out
}

func (w *World) carrier(e *element) (Ref, bool) {
	address := e.tree.Get("reference").text()
	switch {
	case e.to.inner != nil: // its codes and labels are the record's own
		return Ref{}, false
	case e.to.Type != 0:
		free := w.Catalog.PatientFree(e.to.Type) || w.Catalog.TypeName(e.to.Type) == "Patient"
		return Ref{e.to.Type, e.to.ID}, !free
	}
	return Ref{}, address != "" || e.tree.Get("identifier") != nil
}
