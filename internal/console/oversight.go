package console

import (
	"modicum/policy"
)

// Overseer is what the pages show that look at the installation as a whole: who sees
// what by the policy in force. Policy must be set.
type Overseer struct {
	Policy func() *policy.Set

	table rolesCache
}

// Pages are the pages of oversight, in the order of the menu.
func (o *Overseer) Pages() []Page {
	return []Page{o.rolesPage(), o.rolePage()}
}
