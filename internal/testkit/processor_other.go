//go:build !unix

package testkit

import "time"

// Processor is not known here: benchmarks leave it out.
func Processor() (time.Duration, bool) { return 0, false }
