//go:build linux

package store

import (
	"bytes"
	"os"
	"syscall"
	"testing"
)

// TestL1_AJournalThatNobodySyncsIsDurableOnceWritten: without the flag a frame would be told
// durable that a power cut takes away, and no test could see it.
func TestL1_AJournalThatNobodySyncsIsDurableOnceWritten(t *testing.T) {
	s, err := Open(t.Context(), ownOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.journal.sync != nil {
		t.Skip("SKIPPED: this file system cannot be written past the page cache")
	}
	flags, _, failed := syscall.Syscall(syscall.SYS_FCNTL, s.journal.f.Fd(), syscall.F_GETFL, 0)
	if failed != 0 || flags&syscall.O_DSYNC == 0 {
		t.Errorf("the journal is opened with %#x, %v: nothing makes it durable", flags, failed)
	}
}

// TestFramesOfAnySizeAreWritten past the page cache, which asks for whole blocks at their
// borders, and through it, where the file system cannot do otherwise.
func TestFramesOfAnySizeAreWritten(t *testing.T) {
	for name, direct := range map[string]func(string) *os.File{"past the page cache": openDirect, "through it": func(string) *os.File { return nil }} {
		t.Run(name, func(t *testing.T) {
			j, err := openJournal(t.TempDir(), nil, direct)
			if err != nil {
				t.Fatal(err)
			}
			defer j.f.Close()
			switch past := name == "past the page cache"; {
			case j.sync == nil && !past:
				t.Fatal("nothing makes it durable")
			case j.sync != nil && past:
				t.Skip("SKIPPED: this file system cannot be written past the page cache")
			}
			var want []frame
			next := int64(0)
			for _, sizes := range [][]int{{1}, {4000, 70, 9}, {65535, 65535, 65535}, {700, 300}, {4096 - frameHead - 2 - len("signed")}} {
				f := frame{origin: 1, first: next, checkpoint: []byte("signed")}
				for _, n := range sizes {
					f.bodies = append(f.bodies, bytes.Repeat([]byte{byte('a' + next%26)}, n))
					next++
				}
				b := j.spell(&f)
				if len(b) != f.size() || !j.place(len(b), 0) {
					t.Fatalf("%d bytes, want %d and room for them", len(b), f.size())
				}
				if err := j.write(b); err != nil {
					t.Fatal(err)
				}
				j.wrote(len(b), f.end())
				want = append(want, f)
			}
			b, err := os.ReadFile(j.f.Name())
			if err != nil {
				t.Fatal(err)
			}
			got, err := framesOf(b, 1, 0)
			if err != nil || len(got) != len(want) {
				t.Fatalf("%d frames, %v; want %d", len(got), err, len(want))
			}
			for i := range want {
				if !bytes.Equal(bytes.Join(got[i].bodies, []byte{0}), bytes.Join(want[i].bodies, []byte{0})) {
					t.Errorf("frame %d is not what was written", i)
				}
			}
		})
	}
}
