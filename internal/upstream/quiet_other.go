//go:build !unix

package upstream

import "syscall"

// quiet cannot be told here, so that no connection is used twice.
func quiet(syscall.RawConn) bool { return false }

func isReset(error) bool { return false }
