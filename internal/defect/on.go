//go:build leaktest

package defect

import (
	"os"
	"slices"
	"sync"
)

// Variable names the fault to plant. Its name stands in no shipped binary, which
// the release check looks for.
const Variable = "MODICUM_DEFECT"

// planted is the fault in force, "none" for none and "" for Everything.
var planted = sync.OnceValue(func() Defect {
	d := Defect(os.Getenv(Variable))
	if d != Everything && d != "none" && d != DoorOpen && !slices.Contains(All(), d) {
		panic("defect: no fault is called " + string(d))
	}
	return d
})

// On reports whether a fault is planted.
func On(d Defect) bool { return planted() == d }
