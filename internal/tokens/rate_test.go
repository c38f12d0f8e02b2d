package tokens_test

import (
	"encoding/binary"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// fail asks for a token from an address, with nothing that could get one.
func (h *house) fail(address netip.Addr) int {
	r := httptest.NewRequest("POST", "/oauth/token", nil)
	r.RemoteAddr = netip.AddrPortFrom(address, 4567).String()
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, r)
	return w.Code
}

// TestK2_AFloodOfAddressesLocksNoProgramOut: who may be anybody is counted apart from
// who showed a key.
func TestK2_AFloodOfAddressesLocksNoProgramOut(t *testing.T) {
	h := newHouse(t)
	for i := range uint32(20_100) {
		var four [4]byte
		binary.BigEndian.PutUint32(four[:], 11<<24+i)
		if status := h.fail(netip.AddrFrom4(four)); status != http.StatusBadRequest {
			t.Fatalf("address %d: %d", i, status)
		}
	}
	h.programToken("claims")
	if w := h.browse("alice", "POST", "/sign-in/device", url.Values{"user_code": {"ABCD-EFGH"}}); !strings.Contains(w.Body.String(), "Nobody waits") {
		t.Errorf("a person who types a code: %d", w.Code)
	}
}

// TestK2_OneHouseholdIsOneNetwork: whoever has an IPv6 network has 2^64 addresses.
func TestK2_OneHouseholdIsOneNetwork(t *testing.T) {
	h := newHouse(t)
	at := netip.MustParseAddr("2001:db8:1:2::1")
	for range 60 {
		if status := h.fail(at); status != http.StatusBadRequest {
			t.Fatalf("refused early: %d", status)
		}
		at = at.Next()
	}
	if status := h.fail(at); status != http.StatusTooManyRequests {
		t.Errorf("another address of the network: %d", status)
	}
	if status := h.fail(netip.MustParseAddr("2001:db8:1:3::1")); status != http.StatusBadRequest {
		t.Errorf("its neighbour: %d", status)
	}
}
