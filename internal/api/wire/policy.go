package wire

import "time"

// PolicyChange is a policy on its way into force, or its history.
type PolicyChange struct {
	ID       string         `json:"id"`
	Policy   string         `json:"policy" jsonschema:"hash of what would come in force"`
	Replaces string         `json:"replaces,omitempty" jsonschema:"hash of what it is told against"`
	State    string         `json:"state" jsonschema:"found, proposed, in-force, refused, withdrawn, lapsed or void"`
	From     string         `json:"from" jsonschema:"folder, archive (an earlier policy), first (what the installation began with) or unasked (policy_changes: folder)"`
	Current  bool           `json:"current" jsonschema:"by this change came what is in force now"`
	Found    time.Time      `json:"found"`
	Proposer string         `json:"proposer,omitempty"`
	Proposed *time.Time     `json:"proposed,omitempty"`
	Reason   string         `json:"reason,omitempty" jsonschema:"of who proposed it"`
	Answers  []PolicyAnswer `json:"answers" jsonschema:"who said yes"`
	Ended    *time.Time     `json:"ended,omitempty"`
	EndedBy  string         `json:"ended_by,omitempty"`
	Word     string         `json:"word,omitempty" jsonschema:"of who refused"`
	Effect   *PolicyEffect  `json:"effect,omitempty" jsonschema:"of one change alone, not in lists; absent where it cannot be told any more"`
}

// PolicyAnswer is somebody's yes.
type PolicyAnswer struct {
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Word string    `json:"word,omitempty"`
}

// PolicyEffect is what a change does, and what it needs: all that a yes is a yes to.
type PolicyEffect struct {
	Digest    string           `json:"digest" jsonschema:"of the change and all that it does: to propose and to approve name it"`
	Opens     int              `json:"opens"`
	Closes    int              `json:"closes"`
	Changes   []PolicyOneThing `json:"changes" jsonschema:"what opens first"`
	Gains     []string         `json:"gains" jsonschema:"roles whose holders gain"`
	Yours     []string         `json:"yours" jsonschema:"of these, those that you hold, under any identity"`
	Unnamed   bool             `json:"unnamed" jsonschema:"it opens something to a program, a partner or a recipient: who gains cannot be told"`
	Lacks     string           `json:"lacks,omitempty" jsonschema:"what it needs still"`
	Approvers []string         `json:"approvers" jsonschema:"who may say yes still"`
	MayNot    string           `json:"may_not,omitempty" jsonschema:"why you may not say yes"`
	Before    []PolicyDecided  `json:"before" jsonschema:"what was decided on the same policy before, newest first"`
}

// PolicyDecided is a decision on a policy.
type PolicyDecided struct {
	ID       string    `json:"id" jsonschema:"of the change"`
	State    string    `json:"state"`
	Proposer string    `json:"proposer,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Ended    time.Time `json:"ended"`
	EndedBy  string    `json:"ended_by"`
	Word     string    `json:"word,omitempty" jsonschema:"of who refused"`
}

// PolicyOneThing is one thing that differs, in the words of policies.
type PolicyOneThing struct {
	Direction   string              `json:"direction" jsonschema:"opens, closes, both (which of the two cannot be told) or words (no decision changes)"`
	Kind        string              `json:"kind"`
	Where       string              `json:"where" jsonschema:"the task, restriction or file"`
	Roles       []string            `json:"roles" jsonschema:"whose holders gain or lose; empty: it names none"`
	Disclosures []string            `json:"disclosures" jsonschema:"by which more or less leaves at the desk, beside what the roles gain or lose"`
	Purpose     string              `json:"purpose,omitempty"`
	Flow        string              `json:"flow,omitempty"`
	Verbs       string              `json:"verbs,omitempty"`
	Classes     []PolicyClassChange `json:"classes"`
	While       string              `json:"while,omitempty"`
	Within      string              `json:"within,omitempty"`
	Marked      []string            `json:"marked" jsonschema:"sensitivity labels"`
	MarkedOnly  bool                `json:"marked_only" jsonschema:"only of records that are so marked"`
	Lent        string              `json:"lent,omitempty"`
	Glass       bool                `json:"broken_glass" jsonschema:"a broken glass stands in for facts about the patient"`
	What        string              `json:"what,omitempty"`
	Was         string              `json:"was,omitempty"`
	Now         string              `json:"now,omitempty"`
}

// PolicyClassChange says how some classes showed and show.
type PolicyClassChange struct {
	Classes []string `json:"classes"`
	Was     string   `json:"was"`
	Now     string   `json:"now"`
}

// Proposal is somebody's word that a change is theirs.
type Proposal struct {
	Digest string `json:"digest" jsonschema:"of the change as it was read"`
	Reason string `json:"reason" jsonschema:"why, at most 500 letters: whoever is asked for a yes reads it"`
}

// Again is somebody's word that an earlier policy is to come back.
type Again struct {
	Reason string `json:"reason" jsonschema:"why, at most 500 letters"`
}

// PolicyYes is what came of a yes.
type PolicyYes struct {
	InForce bool `json:"in_force" jsonschema:"false: others must say yes too"`
}
