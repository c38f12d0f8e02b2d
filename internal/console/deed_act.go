package console

import (
	"strconv"
	"strings"

	"modicum/ledger"
)

// actWords are what governed acts are called.
var actWords = map[string]string{
	ledger.ActStarted: "began to serve", ledger.ActStopped: "stopped serving", ledger.ActPolicyChanged: "put another policy in force",
	ledger.ActKeyRotated: "changed a key", ledger.ActFactsLoaded: "loaded facts", ledger.ActLogRead: "read the record",
	ledger.ActOriginContinued: "went on with a new log", "reach-looked-up": "looked up what a task shows of a patient", "act-refused": "tried something that was refused",
	"access-asked": "asked for access", "access-answered": "answered a request", "access-refused": "refused a request", "access-withdrawn": "took a request back",
	"access-lapsed": "let a request lapse", "access-escalated": "passed a request on", "access-not-done": "tried what was not allowed with access",
	"grant-approved": "approved a request", "grant-given-back": "gave back what was lent", "grant-revoked": "took away what was lent", "grant-done": "ended what was lent: its reason is gone",
	"grant-over": "ended what was lent: its time is up", "grant-ended": "ended what was lent", "grant-reviewed": "reviewed what was lent", "review-overdue": "noted an overdue review",
	"glass-broken": "broke the glass", "glass-attested": "said what a broken glass was for", "glass-kept": "kept a broken glass", "value-asked": "asked for a masked value",
	"policy-first": "put the first policy in force", "policy-found": "found another policy in its folder", "policy-proposed": "proposed a change of the policy",
	"policy-approved": "said yes to a change of the policy", "policy-refused": "refused a change of the policy", "policy-withdrawn": "took a change of the policy back",
	"policy-lapsed": "let a change of the policy lapse", "policy-voided": "made a change of the policy void", "policy-not-done": "tried what was not allowed with the policy",
	"signed-in": "signed in", "signed-out": "signed out", "session-begun": "signed in", "session-ended": "ended a session", "proved-again": "proved who they are",
	"person-added": "added a person", "person-changed": "changed what is written of a person", "person-deactivated": "made a person leave", "person-reactivated": "brought a person back",
	"person-moved": "moved a person", "token-issued": "got a token", "token-revoked": "ended a token", "passkey-added": "added a passkey",
	"seen-as": "saw records as a task shows them", "people-imported": "added people from a file", "person-entrusted": "left a person to provisioning",
	"identities-linked": "linked two accounts of one person", "identities-unlinked": "unlinked two accounts",
	"program-added": "added a program", "program-changed": "changed a program", "program-handed-over": "gave a program to a new owner", "program-stopped": "stopped a program",
	"signed-in-again": "signed in anew at the same browser", "sign-in-refused": "was refused at signing in",
	"signed-in-by-demo": "came in by a link of the demo", "sessions-ended": "ended all sessions", "sessions-ended-at-issuer": "ended sessions that the identity provider ended",
	"sessions-kept": "wrote down when sessions were last used", "session-end": "ended a session",
	"invite": "made an invitation", "invited": "made an invitation", "invitation-agree": "agreed to an invitation", "invitation-agreed": "agreed to an invitation",
	"invitation-withdraw": "took an invitation back", "invitation-withdrawn": "took an invitation back",
	"passkey-removed": "removed a passkey", "codes-added": "added an app that makes codes", "codes-removed": "removed the app that makes codes",
	"recovery-codes-made": "made recovery codes", "recovery-code-used": "signed in by a recovery code",
	"role-given": "gave a role", "role-proposed": "proposed a role", "role-agreed": "agreed to a role", "role-refused": "refused a role", "role-taken": "took a role away",
	"position-given": "gave a position", "position-proposed": "proposed a position", "position-agreed": "agreed to a position", "position-refused": "refused a position", "position-taken": "took a position away",
	"duty-given": "gave a duty", "duty-proposed": "proposed a duty", "duty-agreed": "agreed to a duty", "duty-refused": "refused a duty", "duty-taken": "took a duty away",
	"identity-given": "said who somebody is at the identity provider", "identity-proposed": "proposed who somebody is at the identity provider",
	"identity-agreed": "agreed to who somebody is at the identity provider", "identity-refused": "refused who somebody is at the identity provider",
	"identity-closed": "was the first to take back who somebody is at the identity provider",
	"identity-taken":  "took back who somebody is at the identity provider",
	"person-arrived":  "brought somebody at their log-in", "group-added": "added a group", "group-changed": "changed a group", "group-removed": "removed a group",
	"groups-settled": "gave and took what groups give", "key-added": "added a key of a program", "key-taken": "ended a key of a program", "token-refused": "was refused a token",
	"notice-sent": "sent a notice", "notice-failed": "could not send a notice", "notice-skipped": "left out a notice that nobody needs any more", "notices-told": "put notices into inboxes",
	"notices-seen": "saw their notices", "notices-put-away": "put old notices away", "notice-wishes-changed": "changed how they are told",
	"webhook-enabled": "switched a webhook on again", "webhook-disabled": "switched a webhook off: its receiver is gone",
	"spool-drained": "wrote down what happened while the record took no entries", "demo-began": "began the demo's week", "demo-arrived": "ended the demo's week",
}

func (r *Record) sayAct(who string, a *ledger.Act) string {
	text := who + " " + actDone(a.Act)
	if a.Behalf != "" && a.Behalf != a.Who {
		text += " (" + r.name(a.Behalf) + ")"
	}
	switch n := len(a.Patients); {
	case n == 1:
		text += ", about one patient"
	case n > 1:
		text += ", about " + strconv.Itoa(n) + " patients"
	}
	return text
}

// actDone says what an act did, or tried to do.
func actDone(act string) string {
	if text, ok := actWords[act]; ok {
		return text
	}
	if tried, ok := strings.CutSuffix(act, "-refused"); ok && actWords[tried] != "" {
		return "tried, and was refused: " + actWords[tried]
	}
	return words(act)
}
