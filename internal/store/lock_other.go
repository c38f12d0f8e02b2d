//go:build !unix

package store

import (
	"errors"
	"os"
)

// lockFile refuses: without a lock that the system releases when a process
// dies, two processes could sign two different trees.
func lockFile(string) (*os.File, error) {
	return nil, errors.New("store: this operating system is not supported, it has no advisory file locks")
}
