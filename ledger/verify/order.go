package verify

// order follows decisions from admission to outcome.
type order struct {
	open map[[16]byte]*progress
}

// progress of one admitted decision.
type progress struct {
	opened  int64 // last sequence number of opened
	outcome int64 // parts of the outcome so far
}

// next tells what is wrong with e coming now; "" when nothing is.
func (o *order) next(e *entry) string {
	d := o.open[e.id]
	switch e.kind {
	case "act":
		return ""
	case "decision":
		if d != nil {
			return "a second decision with the id of one that has not ended"
		}
		if e.effect == "admit" {
			o.open[e.id] = new(progress)
		} else if e.effect != "refuse" {
			return "a decision that neither admits nor refuses"
		}
		return ""
	case "opened":
		if d == nil {
			return "opened without an admitted decision before it that has not ended"
		}
		if d.outcome > 0 {
			return "opened after the outcome began"
		}
		if e.seq != d.opened+1 {
			return "a gap in what was opened"
		}
		d.opened++
		return ""
	}
	if d == nil {
		return "an outcome without an admitted decision before it that has not ended"
	}
	if e.seq != d.outcome {
		return "a gap in the parts of an outcome"
	}
	if d.outcome++; !e.more {
		delete(o.open, e.id)
	}
	return ""
}
