package access

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/go-json-experiment/json"
)

// Request is one page of the book of requests. It is shared and never changed.
type Request struct {
	ID    string `json:"id"`
	Asker string `json:"asker"`
	Want  Want   `json:"want"`
	// Roles are what the asker's token said beside the directory.
	Roles  []string `json:"roles,omitempty"`
	State  State    `json:"state"`
	Made   int64    `json:"made"`   // microseconds since 1970, UTC, as all times here
	Digest string   `json:"digest"` // as it was asked; see Book.Digest for how it stands now
	// Needs are the policy's approvers when it was asked, one person from each.
	Needs   []string `json:"needs"`
	Answers []Answer `json:"answers,omitempty"`
	InARow  int      `json:"in_a_row,omitempty"` // how many of this task end to end, this one included
	Stage   int      `json:"stage,omitempty"`    // 0 approvers, 1 substitutes too, 2 escalated
	Ended   int64    `json:"ended,omitempty"`
	EndedBy string   `json:"ended_by,omitempty"`
	Word    string   `json:"word,omitempty"`  // of who refused; never in the record
	Grant   string   `json:"grant,omitempty"` // what came of it
}

// Answer is the yes of one approver, to exactly one digest (G2).
type Answer struct {
	By     string `json:"by"`
	At     int64  `json:"at"`
	Digest string `json:"digest"`
	Word   string `json:"word,omitempty"`
}

// Grant is one page of the book of grants: what is lent, or was. It is shared and never
// changed.
type Grant struct {
	ID        string   `json:"id"`
	Person    string   `json:"person"`
	Request   string   `json:"request,omitempty"`
	Roles     []string `json:"roles,omitempty"` // of their token, as in Request
	Want      Want     `json:"want"`
	State     State    `json:"state"` // live until something ended it; time is computed
	Made      int64    `json:"made"`
	From      int64    `json:"from"`
	Until     int64    `json:"until"` // exclusive; never 0
	Approvers []string `json:"approvers,omitempty"`
	Bound     *Bound   `json:"bound,omitempty"`
	InARow    int      `json:"in_a_row,omitempty"`
	Ended     int64    `json:"ended,omitempty"`
	EndedBy   string   `json:"ended_by,omitempty"`
	Word      string   `json:"word,omitempty"` // of who ended it
	Glass     *Broken  `json:"glass,omitempty"`
	Review    *Review  `json:"review,omitempty"` // nil: none is owed
}

// Bound is the fact on which a reason rests: the grant ends with it.
type Bound struct {
	Fact    string `json:"fact"`
	Patient string `json:"patient,omitempty"` // "" for a fact about the caller
	Ref     string `json:"ref"`
}

// Broken is what a broken glass has beside a grant.
type Broken struct {
	Purpose  string   `json:"purpose"` // ETREAT or BTG
	How      []string `json:"how,omitempty"`
	Drill    bool     `json:"drill,omitempty"`
	OverCap  bool     `json:"over_cap,omitempty"` // more patients on one day than the policy expects
	Attested int64    `json:"attested,omitempty"`
	Attest   string   `json:"attest,omitempty"` // the user's own word afterwards; never in the record
}

// Review is what somebody independent owes.
type Review struct {
	By      int64   `json:"by"`             // until when
	Late    bool    `json:"late,omitempty"` // it was overdue, and people were told
	Who     string  `json:"who,omitempty"`
	At      int64   `json:"at,omitempty"`
	Verdict Verdict `json:"verdict,omitempty"`
	Word    string  `json:"word,omitempty"`
}

// Verdict is what a reviewer found.
type Verdict string

// The verdicts.
const (
	Justified   Verdict = "justified"
	Unjustified Verdict = "unjustified"
	Unclear     Verdict = "unclear" // to be followed up elsewhere
)

// digest is the SHA-256 of exactly what is asked, by whom, in which request, and how
// the policy stands, in canonical JSON.
func digest(r *Request, policy string) string {
	b, err := json.Marshal(struct {
		Asker   string `json:"asker"`
		Policy  string `json:"policy"`
		Request string `json:"request"`
		Want    Want   `json:"want"`
	}{r.Asker, policy, r.ID, r.Want}, json.Deterministic(true))
	if err != nil {
		panic("access: a want that is no JSON: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// task is role/task, as the policy calls it.
func (w *Want) task() string { return w.Role + "/" + w.Task }

// same reports whether two wants ask for the same thing, whatever the reason and time.
func (w *Want) same(v *Want) bool {
	return w.Kind == v.Kind && w.task() == v.task() && w.Record == v.Record && slices.Equal(w.Patients, v.Patients) &&
		slices.Equal(w.Classes, v.Classes) && slices.Equal(w.Overlays, v.Overlays)
}

// ended reports whether nothing is lent by it any more, at a moment.
func (g *Grant) over(latest int64) bool { return g.State != Live || latest >= g.Until }

// stateAt is what to call it at a moment.
func (g *Grant) stateAt(latest int64) State {
	switch {
	case g.State != Live:
		return g.State
	case latest >= g.Until:
		return Over
	case latest < g.From:
		return Planned
	}
	return Live
}

// owed reports whether its review is still open.
func (g *Grant) owed() bool { return g.Review != nil && g.Review.At == 0 }
