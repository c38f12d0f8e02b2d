package caller

import "net/netip"

// Household is what one household or host has of a network: an address, or of IPv6 the
// /64, of whose 2^64 addresses each may be used once. What counts tries counts by it.
func Household(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Is4() || a.Is4In6() {
		return address
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}
