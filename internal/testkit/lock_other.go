//go:build !unix

package testkit

import "errors"

// lockFile refuses: what tests share needs a lock that ends with the process.
func lockFile(string) (unlock func(), err error) {
	return nil, errors.New("this operating system has no advisory file locks: real parts are not started on it")
}
