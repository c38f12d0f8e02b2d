package line_test

import (
	"encoding/binary"
	"io"
	"net/http"
	"syscall"
	"testing"
	"unsafe"

	"modicum/internal/line"
)

// segments is how many segments with data a connection has sent: tcpi_data_segs_out of
// linux/tcp.h.
func segments(t *testing.T, c *line.Conn) uint32 {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var info [256]byte
	size := uint32(len(info))
	var failed syscall.Errno
	if err := raw.Control(func(fd uintptr) {
		_, _, failed = syscall.Syscall6(syscall.SYS_GETSOCKOPT, fd, syscall.IPPROTO_TCP, syscall.TCP_INFO,
			uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	}); err != nil || failed != 0 || size < 160 {
		t.Skip("SKIPPED: this system does not count segments")
	}
	return binary.NativeEndian.Uint32(info[156:])
}

// TestAnAnswerLeavesInOnePiece: on the way within this machine a piece is a segment.
func TestAnAnswerLeavesInOnePiece(t *testing.T) {
	address, accepted := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "14000")
		write := func() error { _, err := w.Write(pattern(14_000)); return err }
		if r.URL.Query().Has("together") {
			line.Together(r, write)
			return
		}
		write()
	})
	ask := func(how string) {
		t.Helper()
		res, err := http.Get(address + how)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if n, err := io.Copy(io.Discard, res.Body); n != 14_000 || err != nil {
			t.Fatal(n, err)
		}
	}
	ask("")
	c := <-accepted
	apart := segments(t, c)
	if apart < 2 {
		t.Skipf("SKIPPED: net/http itself writes an answer in %d piece", apart)
	}
	ask("/?together")
	if n := segments(t, c) - apart; n != 1 {
		t.Errorf("together it leaves in %d pieces", n)
	}
}
