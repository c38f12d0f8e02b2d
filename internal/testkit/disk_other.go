//go:build !linux

package testkit

import "testing"

// Disk is a small file system of its own that ends with the test.
type Disk struct{ Dir string }

// SmallDisk skips the test: small disks are made on Linux alone.
func SmallDisk(tb testing.TB, _ string) *Disk {
	tb.Helper()
	tb.Skip("SKIPPED: a disk of its own that can be full: made on Linux alone")
	return nil
}

// Fill writes until the disk takes nothing more.
func (*Disk) Fill(testing.TB) {}

// Free makes room again.
func (*Disk) Free(testing.TB) {}
