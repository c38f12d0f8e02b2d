package notice

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"modicum/internal/defect"
)

// errElsewhere: a connection to somewhere that is not configured (threat model O1).
var errElsewhere = errors.New("this is not the configured address")

// dialer connects to one configured HOST:PORT and nowhere else. What the name leads
// to is looked at when the connection is made: a name may lead elsewhere later.
type dialer struct {
	address string // HOST:PORT as configured
	near    bool   // only this machine: what is sent is not encrypted
}

func (d dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if address != d.address && !defect.On(defect.DialledAnywhere) {
		return nil, errElsewhere
	}
	nd := net.Dialer{Timeout: 10 * time.Second, Control: d.control}
	return nd.DialContext(ctx, network, address)
}

func (d dialer) control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	ip := to.Addr().Unmap()
	switch {
	case err != nil, ip.IsUnspecified(), ip.IsMulticast(), ip.IsLinkLocalUnicast():
		return errElsewhere // link-local is where clouds keep the machine's own credentials
	case d.near && !ip.IsLoopback():
		return errElsewhere
	}
	return nil
}

// near reports whether a host is this machine by its name.
func near(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
