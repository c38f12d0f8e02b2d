package spool

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// osDisk is a file whose length does not change, so that its data is all there is to sync.
type osDisk struct{ *os.File }

func (d osDisk) Sync() error {
	raw, err := d.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) {
		for failed = syscall.Fdatasync(int(fd)); errors.Is(failed, syscall.EINTR); failed = syscall.Fdatasync(int(fd)) {
		}
	}); err != nil {
		return err
	}
	return failed
}

// lock takes an exclusive lock that ends with the process, however that ends.
func lock(f *os.File) error {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("spool: another process has it open")
	}
	return nil
}
