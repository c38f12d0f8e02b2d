package store

import (
	"errors"
	"os"
	"syscall"
)

// syncData makes the bytes of f durable. Its size does not change, so that nothing
// else has to be.
func syncData(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
