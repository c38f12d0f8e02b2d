package notice

import (
	"maps"
	"slices"
	"strings"
)

// say is what a notice says: a title without any name, which may stand in the subject
// of a mail, and a sentence in which WHO is who it comes from.
type say struct{ title, text string }

// words has what each kind says. A kind without words is not told.
var words = map[Kind]say{
	Waits:         {"A request waits for your answer", "WHO asks for access. You are one of those who may say yes or no."},
	Decided:       {"Your request was answered", "WHO has answered what you asked for."},
	Escalated:     {"A request has come up to you", "Nobody answered in time what WHO asked for. It is up to you now."},
	GlassBroken:   {"A glass was broken", "WHO opened a chart in an emergency. Please look at what was done."},
	AttestWaits:   {"Please say what you broke the glass for", "You opened a chart in an emergency. A few words on why are still missing."},
	ReviewWaits:   {"A review waits for you", "What WHO did with emergency or lent access is yours to look at and to close with a word."},
	ReviewOverdue: {"A review is overdue", "What WHO did with emergency or lent access has not been looked at in time."},
	Revoked:       {"Access that you held was taken away", "WHO has ended access that was lent to you. If you need it still, ask again and say why."},
	LentTooOften:  {"The same access was lent three times in a row", "WHO asks for the same again and again. Perhaps the role that you own lacks it, or the task is somebody else's."},
	RolesConflict: {"Two roles are in conflict", "WHO holds two roles that one person must not hold together. Neither counts until one is taken away."},
	KeyExpires:    {"A key ends soon", "A program that you own signs in with a key that ends soon. Register a new one before it does."},
	ProgramUnused: {"A program is not used", "A program that you own has not been used for a long time. Please end it, or say what it is for."},
	PasskeyCopied: {"A passkey was refused", "A passkey of WHO was refused, because it was used before in a way that this one cannot know of: there may be a copy. Remove it and register a new one."},
	CodeUsed:      {"A recovery code was used", "A recovery code of WHO was used to register a new way of signing in. Was it not WHO, end their sessions now."},
	SignInLocked:  {"Somebody failed to sign in ten times", "Somebody failed to sign in as WHO ten times. Where they tried, each further try waits longer, an hour at most. WHO is not kept out: browsers in which they signed in before, passkeys and recovery codes work as ever."},
	WayInAdded:    {"A way of signing in was added", "WHO has registered a passkey or codes. Was it not WHO, end their sessions and remove it now."},
	PolicyWaits:   {"A change of policy waits for your answer", "WHO proposes to change who sees what. Look at its effect before you say yes or no."},
	PolicyDecided: {"Your change of policy was answered", "WHO has answered the change of policy that you proposed."},
	InviteMade:    {"A link for signing in was made", "A link was made that lets WHO register a way of signing in. It works once, for three days."},
}

// Kinds lists them all, sorted.
func Kinds() []Kind { return slices.Sorted(maps.Keys(words)) }

// sentence names who it comes from.
func (s say) sentence(who string) string {
	if who == "" {
		who = "Somebody"
	}
	return strings.ReplaceAll(s.text, "WHO", who)
}
