package testkit

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Disk is a small file system of its own that ends with the test.
type Disk struct {
	Dir     string
	ballast string
}

// SmallDisk makes one of so many bytes. Where this process may not mount anything the
// test is skipped, and says so.
func SmallDisk(tb testing.TB, bytes string) *Disk {
	tb.Helper()
	d := &Disk{Dir: tb.TempDir()}
	if err := syscall.Mount("tmpfs", d.Dir, "tmpfs", 0, "mode=0700,size="+bytes); err != nil {
		tb.Skipf("SKIPPED: a disk of its own that can be full: %v (needs the right to mount)", err)
	}
	tb.Cleanup(func() {
		if err := syscall.Unmount(d.Dir, syscall.MNT_DETACH); err != nil {
			tb.Error(err)
		}
	})
	d.ballast = filepath.Join(d.Dir, "ballast")
	return d
}

// Fill writes until the disk takes nothing more.
func (d *Disk) Fill(tb testing.TB) {
	tb.Helper()
	f, err := os.OpenFile(d.ballast, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4096, 1} { // the last one leaves no page
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, io.ErrShortWrite) {
			tb.Fatal(err)
		}
	}
}

// Free makes room again.
func (d *Disk) Free(tb testing.TB) {
	tb.Helper()
	if err := os.Remove(d.ballast); err != nil {
		tb.Fatal(err)
	}
}
