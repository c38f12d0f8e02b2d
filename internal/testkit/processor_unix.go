//go:build unix

package testkit

import (
	"syscall"
	"time"
)

// Processor is the processor time that this process has used, and whether the system tells.
func Processor() (time.Duration, bool) {
	var r syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()), err == nil
}
