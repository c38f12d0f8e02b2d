package gate

import (
	"time"

	"modicum/catalog"
)

// Lent says what is lent to people. It is asked once for each request (D9), must be
// quick where nothing is lent, and safe for concurrent use.
type Lent interface {
	// Of is what is lent to a person at a moment and counts then; nobody changes it.
	// Where the time is not trusted nothing is lent, but for a glass that was broken
	// before.
	Of(person string, now time.Time, trusted bool) []Loan
}

// LoanKind is what kind of lending it is (policy-language rule 14).
type LoanKind uint8

// The kinds of loan. The zero kind lends nothing.
const (
	LentNothing   LoanKind = iota
	LentLine               // the lines of a task that say `lend`
	LentException          // one more class or overlay
	LentValue              // a masked class of one record
	LentGlass              // a broken glass
)

// Loan is one thing that is lent.
type Loan struct {
	Grant    string // its id, for the record
	Kind     LoanKind
	Task     string   // role/task
	Patients []string // for whom
	Record   string   // Type/id, of a value
	Classes  catalog.ClassSet
	Overlays catalog.OverlaySet
	Purpose  string    // of a glass: ETREAT or BTG
	Until    time.Time // it lends no more from then on
}
