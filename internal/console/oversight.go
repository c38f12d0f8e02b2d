package console

import (
	"modicum/internal/preview"
	"modicum/policy"
)

// Overseer is what the pages show that look at the installation as a whole: who sees
// what by the policy in force, and what a task shows of records. Policy must be set.
type Overseer struct {
	Policy func() *policy.Set
	Desk   *preview.Desk // nil: nobody sees as another here

	table rolesCache
}

// Pages are the pages of oversight, in the order of the menu.
func (o *Overseer) Pages() []Page {
	pages := []Page{o.rolesPage(), o.rolePage()}
	if o.Desk != nil {
		pages = append(pages, o.seeListPage(), o.seePage())
	}
	return pages
}
