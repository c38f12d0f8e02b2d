//go:build unix

package store_test

import (
	"os/signal"
	"syscall"
)

// limitFileSize makes this process's disk full beyond n bytes a file.
func limitFileSize(n uint64) {
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
		panic(err)
	}
}
