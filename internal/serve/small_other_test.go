//go:build !unix

package serve_test

import "net"

// small dials connections as the system makes them: it cannot be told here how much of
// what was not read it may hold.
var small = net.Dialer{}
