package upstream

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

// TestFC51_ReadToItsEnd: what comes in pieces of any length is what was sent, at and
// beside every bound of memory; what is too large is said to be, and a body that was cut
// short is none.
func TestFC51_ReadToItsEnd(t *testing.T) {
	src := make([]byte, 3<<20+17)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(src)
	for _, size := range []int{0, 1, 511, 512, 32 << 10, 1<<20 - 1, 1 << 20, 1<<20 + 1, 1<<20 + 511, 1<<20 + 512, 1<<20 + 513, 1<<20 + block, 1<<20 + 512 + block, 1<<20 + 513 + block, 2 << 20, len(src)} {
		for name, reader := range map[string]func(io.Reader) io.Reader{
			"as they come": func(r io.Reader) io.Reader { return r },
			"halves":       iotest.HalfReader,
			"end with it":  iotest.DataErrReader,
		} {
			for _, length := range []int64{-1, int64(size), 1 << 40} {
				for what, do := range map[string]func([]byte, io.Reader, int64, int64) ([]byte, error){"all": readAll, "head": readHead} {
					got, err := do(nil, reader(bytes.NewReader(src[:size])), length, int64(size))
					if err != nil || !bytes.Equal(got, src[:size]) {
						t.Fatalf("%s of %d bytes, %s, length %d: %d bytes, %v", what, size, name, length, len(got), err)
					}
					if size == 0 {
						continue
					}
					got, err = do(nil, reader(bytes.NewReader(src[:size])), length, int64(size)-1)
					if !errors.Is(err, ErrTooLarge) || !bytes.HasPrefix(src[:size], got) || what == "head" && len(got) < size-1 {
						t.Fatalf("%s of %d bytes, one too many, %s, length %d: %d bytes, %v", what, size, name, length, len(got), err)
					}
				}
			}
			cut := io.MultiReader(bytes.NewReader(src[:size]), iotest.ErrReader(io.ErrUnexpectedEOF))
			if got, err := readAll(nil, reader(cut), -1, 64<<20); err != io.ErrUnexpectedEOF {
				t.Fatalf("%d bytes that were cut short, %s: %d bytes, %v", size, name, len(got), err)
			}
		}
	}
}

// TestFC51_BlocksHoldNothingOfAnother: a text that was joined stays as it is while its
// blocks serve the next one.
func TestFC51_BlocksHoldNothingOfAnother(t *testing.T) {
	a, b := bytes.Repeat([]byte{'a'}, 2<<20), bytes.Repeat([]byte{'b'}, 2<<20+5)
	one, err := readAll(nil, bytes.NewReader(a), -1, 64<<20)
	if err != nil {
		t.Fatal(err)
	}
	two, err := readAll(nil, bytes.NewReader(b), -1, 64<<20)
	if err != nil || !bytes.Equal(one, a) || !bytes.Equal(two, b) {
		t.Fatalf("texts ran into one another: %v", err)
	}
}
