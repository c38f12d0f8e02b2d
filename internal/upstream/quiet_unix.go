//go:build unix

package upstream

import (
	"errors"
	"syscall"
)

// quiet reports whether nothing has come on a connection that is idle, not even its end.
func quiet(c syscall.RawConn) bool {
	var still bool
	err := c.Read(func(fd uintptr) bool {
		var one [1]byte
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK)
		still = err == syscall.EAGAIN
		return true
	})
	return err == nil && still
}

// isReset reports whether the server tore the connection down.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
