package caller

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// Issuer is one identity provider whose tokens are accepted.
type Issuer struct {
	Issuer   string // exactly the claim iss
	Audience string // one of the claim aud
	Person   string // claim that names the person; "sub" when empty
	Prefix   string // before every id of this issuer, NAME/; may be empty for a single issuer
	// Keys: JWKSFile, a path, re-read when it changes; or JWKSURL; or, when both
	// are empty, discovery from Issuer.
	JWKSFile, JWKSURL string
	Algorithms        []string // of KnownAlgorithms; never empty
	// AuthorizationEndpoint and TokenEndpoint are where applications sign people in and
	// fetch tokens, for SMART discovery; when both are empty, the issuer is asked.
	AuthorizationEndpoint, TokenEndpoint string
	// RolesClaim is "roles" when empty; a claim's name, or a JSON pointer such as
	// /realm_access/roles.
	RolesClaim string
	// Roles maps what the issuer says to roles of the policy. When it is not nil,
	// what it does not list is no role.
	Roles map[string]string
}

// KnownAlgorithms may be allowed. None of them is symmetric (K2): whoever can
// verify must not be able to sign.
var KnownAlgorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

func knownAlgorithm(a string) bool {
	for _, k := range KnownAlgorithms {
		if a == k {
			return true
		}
	}
	return false
}

// CheckIssuers returns what is wrong with a list of issuers: the index and the
// key of each problem, and what to do.
func CheckIssuers(list []Issuer) []IssuerProblem {
	var out []IssuerProblem
	for i := range list {
		for _, p := range checkIssuer(&list[i]) {
			p.Index = i
			out = append(out, p)
		}
		for j := range i {
			out = append(out, checkPair(i, &list[j], &list[i])...)
		}
		if len(list) > 1 && list[i].Prefix == "" {
			out = append(out, IssuerProblem{i, "prefix", "is needed where several issuers are listed, so that two people never share an id"})
		}
	}
	return out
}

// IssuerProblem says what is wrong with one key of one issuer.
type IssuerProblem struct {
	Index     int
	Key, Text string
}

func checkPair(i int, a, b *Issuer) []IssuerProblem {
	var out []IssuerProblem
	if a.Issuer == b.Issuer {
		out = append(out, IssuerProblem{i, "issuer", "is listed twice"})
	}
	if a.Prefix == b.Prefix {
		out = append(out, IssuerProblem{i, "prefix", "is that of another issuer, too: two people could share an id"})
	}
	return out
}

func checkIssuer(is *Issuer) []IssuerProblem {
	var out []IssuerProblem
	bad := func(key, text string) { out = append(out, IssuerProblem{Key: key, Text: text}) }
	if err := CheckURL(is.Issuer); err != nil {
		bad("issuer", err.Error())
	}
	if is.Audience == "" {
		bad("audience", "is missing: a token for another service would be accepted")
	}
	if is.Prefix != "" && !prefix(is.Prefix) {
		bad("prefix", "must be a name of lower-case letters, digits and hyphens, ending in /")
	}
	if is.JWKSFile != "" && is.JWKSURL != "" {
		bad("jwks_url", "stands beside jwks_file: name one")
	}
	if is.JWKSURL != "" {
		if err := CheckURL(is.JWKSURL); err != nil {
			bad("jwks_url", err.Error())
		}
	}
	for name, address := range map[string]string{"authorization_endpoint": is.AuthorizationEndpoint, "token_endpoint": is.TokenEndpoint} {
		if address == "" {
			continue
		}
		if err := CheckURL(address); err != nil {
			bad(name, err.Error())
		}
	}
	if is.AuthorizationEndpoint != "" && is.TokenEndpoint == "" {
		bad("token_endpoint", "is missing beside authorization_endpoint")
	}
	if len(is.Algorithms) == 0 {
		bad("algorithms", "is missing: name those the issuer signs with, such as [ES256, RS256]")
	}
	for _, a := range is.Algorithms {
		if !knownAlgorithm(a) {
			bad("algorithms", "may list "+strings.Join(KnownAlgorithms, ", "))
			break
		}
	}
	return out
}

// prefix is NAME/, so that no prefix begins another one.
func prefix(s string) bool {
	name, ok := strings.CutSuffix(s, "/")
	if !ok || name == "" || len(name) > 64 {
		return false
	}
	for _, c := range []byte(name) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
			return false
		}
	}
	return true
}

// CheckURL accepts https, and http to this machine only: keys fetched in clear
// could be anybody's.
func CheckURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case s == "":
		return errors.New("is missing")
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Opaque != "":
		return errors.New("must be a URL such as https://id.hospital.example/realms/staff, without user or fragment")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && Loopback(u.Hostname()):
		return nil
	}
	return errors.New("must be https; plain http only to this machine")
}

// Loopback reports whether a host is this machine itself.
func Loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// algorithms for the JOSE parser.
func algorithms(names []string) []jose.SignatureAlgorithm {
	var out []jose.SignatureAlgorithm
	for _, n := range names {
		out = append(out, jose.SignatureAlgorithm(n))
	}
	return out
}

// sameOrigin compares parsed origins (O1).
func sameOrigin(a, b string) bool {
	u, err1 := url.Parse(a)
	v, err2 := url.Parse(b)
	return err1 == nil && err2 == nil && u.Scheme == v.Scheme && hostPort(u) == hostPort(v)
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

func errIssuers(ps []IssuerProblem) error {
	var errs []error
	for _, p := range ps {
		errs = append(errs, fmt.Errorf("issuers[%d].%s %s", p.Index, p.Key, p.Text))
	}
	return errors.Join(errs...)
}
