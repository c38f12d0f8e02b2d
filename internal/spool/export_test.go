package spool

import (
	"io"
	"os"
)

// Disk is what a spool writes to.
type Disk = disk

// WithDisk lets f stand between every spool opened later and its file.
func WithDisk(f func(Disk) Disk) (undo func()) {
	before := onDisk
	onDisk = func(h *os.File) disk { return f(before(h)) }
	return func() { onDisk = before }
}

// Held is what a scan found.
type Held struct {
	Head    bool
	Entries [][]byte
	Torn    int64
	Damage  string
	Cleared bool
	End     int64
}

// Scan reads a file as a start does.
func Scan(r io.ReaderAt, size int64, key []byte) (Held, error) {
	s, err := scan(r, size, key)
	out := Held{Head: s.head != nil, Torn: s.torn, Damage: s.damage, Cleared: s.cleared, End: s.end}
	for _, fr := range s.frames {
		content := make([]byte, fr.length)
		if _, err := r.ReadAt(content, fr.at+overhead); err != nil {
			return out, err
		}
		if fr.kind == kindEntry {
			out.Entries = append(out.Entries, content)
		}
	}
	return out, err
}

// Least is the smallest spool, and HeadBytes where its first entry lies.
const (
	Least     = leastBytes
	HeadBytes = headBytes
)
