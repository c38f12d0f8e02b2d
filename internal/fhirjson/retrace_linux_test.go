package fhirjson

import (
	"syscall"
	"testing"
	"unsafe"

	"modicum/catalog"
	"modicum/internal/testkit"
)

// Nothing behind a text, its marks or a mould is read: where they end, memory ends.
func TestFC51_NothingIsReadBehindTheText(t *testing.T) {
	s, spare := New(catalog.R4(), Limits{}), New(catalog.R4(), Limits{})
	text, marks := newCliff(t, 1<<20), newCliff(t, 1<<20)
	for i, r := range testkit.Examples(t) {
		if len(r) > 20_000 || i%4 > 0 {
			continue
		}
		for _, in := range [][]byte{r, pageOf(r, r), pageOf(r, r, r)} {
			page := len(in) > len(r)
			words := len(in)>>6 + 3
			s.Reset()
			s.eagerly()
			s.marks = unsafe.Slice((*uint64)(unsafe.Pointer(&marks.last(8 * words)[0])), words)[:0]
			got, err := cellsOf(s, text.with(in), page)
			spare.Reset()
			spare.plainly()
			if want, err2 := cellsOf(spare, in, page); got != want || (err == nil) != (err2 == nil) {
				t.Fatalf("%d cells, %v; plainly %d, %v", got, err, want, err2)
			}
		}
	}
}

func cellsOf(s *Scanner, in []byte, page bool) (int, error) {
	_, _, err := s.parse(in, page)
	return len(s.tape), err
}

// cliff is memory behind which there is none.
type cliff []byte

func newCliff(t *testing.T, size int) cliff {
	t.Helper()
	page := syscall.Getpagesize()
	b, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err == nil {
		err = syscall.Mprotect(b[size:], syscall.PROT_NONE)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(b) })
	return cliff(b[:size])
}

// last are the last n bytes.
func (c cliff) last(n int) []byte { return c[len(c)-n : len(c) : len(c)] }

// with is a text at the end.
func (c cliff) with(in []byte) []byte {
	b := c.last(len(in))
	copy(b, in)
	return b
}
