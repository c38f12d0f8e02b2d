//go:build unix

package serve_test

import (
	"net"
	"syscall"
)

// small dials connections of which the system holds little that was not read yet.
var small = net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
	var err error
	if e := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 8<<10) }); e != nil {
		return e
	}
	return err
}}
