package tokens

import (
	"slices"
	"strings"

	"modicum/internal/caller"
)

// mostScopes bounds the scopes that a program asks for.
const mostScopes = 64

// grantedScopes are those of the asked ones that the program is registered for; with
// none asked, all of them. SMART scopes only ever take away, so a program that is
// registered for none gets what it asked for: less than everything. false: what it asks
// for is not for it, or is no scope.
func grantedScopes(registered []string, asked string) ([]string, bool) {
	words := strings.Fields(asked)
	if len(words) == 0 {
		return registered, true
	}
	if len(words) > mostScopes {
		return nil, false
	}
	var out []string
	for _, w := range words {
		sc, ok := caller.ParseScopes(w)
		if !ok || len(sc) != 1 || sc[0].Closed || sc[0].Context != caller.SystemContext {
			continue // no scope of a program
		}
		if (len(registered) == 0 || slices.ContainsFunc(registered, func(r string) bool { return covers(r, &sc[0], w) })) && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out, len(out) > 0
}

// covers reports whether a registered scope reaches all that the asked one does.
func covers(registered string, asked *caller.Scope, word string) bool {
	if registered == word {
		return true
	}
	list, ok := caller.ParseScopes(registered)
	if !ok || len(list) != 1 {
		return false
	}
	r := &list[0]
	return !r.Closed && r.Context == asked.Context && (r.Type == "*" || r.Type == asked.Type) &&
		asked.Verbs&^r.Verbs == 0 && len(r.Query) == 0
}
