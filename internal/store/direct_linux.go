package store

import (
	"os"
	"syscall"

	"modicum/internal/defect"
)

// openDirect opens a file so that a write goes past the page cache and is durable when it
// returns, which costs a third less processor time than a write and a sync. Not every file
// system can: nil where this one cannot.
func openDirect(path string) *os.File {
	flags := syscall.O_DIRECT | syscall.O_DSYNC
	if defect.On(defect.JournalUnsynced) {
		flags = syscall.O_DIRECT
	}
	f, err := os.OpenFile(path, os.O_RDWR|flags, 0)
	if err != nil {
		return nil
	}
	// Some take the flags and refuse the blocks, which would be found out by the first
	// entries. Reading asks for the same as writing.
	if _, err := f.ReadAt(aligned(nil, blockSize), 0); err != nil {
		f.Close()
		return nil
	}
	return f
}
