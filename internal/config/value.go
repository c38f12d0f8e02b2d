package config

import (
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

// units of the policy language; months are of the calendar and not for here.
var units = map[string]time.Duration{
	"second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour,
}

// duration reads `5 minutes`, and Go's 15s.
func duration(s string) (time.Duration, bool) {
	count, unit, words := strings.Cut(strings.TrimSpace(s), " ")
	if !words {
		d, err := time.ParseDuration(s)
		return d, err == nil && d > 0
	}
	n, err := strconv.Atoi(count)
	u, ok := units[strings.TrimSuffix(unit, "s")]
	if err != nil || !ok || n < 1 || n > 100_000 {
		return 0, false
	}
	return time.Duration(n) * u, true
}

// spell writes a duration as the policy language does.
func spell(d time.Duration) string {
	for _, u := range []string{"day", "hour", "minute", "second"} {
		if n := d / units[u]; n > 0 && d%units[u] == 0 {
			if n == 1 {
				return "1 " + u
			}
			return fmt.Sprintf("%d %ss", n, u)
		}
	}
	return d.String()
}

// secrets checks that the files of secrets are there and closed to others.
func (c *Config) secrets() Problems {
	var ps Problems
	for _, s := range []struct{ key, path string }{
		{"ledger.key", c.Ledger.Key}, {"fhir.upstream_auth.bearer_file", c.FHIR.BearerFile}, {"tls.key", c.tlsKey()},
	} {
		if s.path == "" {
			continue
		}
		if err := CheckSecret(s.path); err != nil {
			ps = append(ps, Problem{At: c.places[s.key], Key: s.key, Text: err.Error()})
		}
	}
	for k, path := range c.secretFiles() {
		if path == "" {
			continue
		}
		if err := CheckSecret(path); err != nil {
			ps = append(ps, Problem{At: c.places[k], Key: k, Text: err.Error()})
		}
	}
	if c.TLS != nil {
		if _, err := os.Stat(c.TLS.Cert); err != nil {
			ps = append(ps, Problem{At: c.places["tls.cert"], Key: "tls.cert", Text: "names a file that cannot be read"})
		}
	}
	for i, is := range c.Issuers {
		if is.JWKSFile == "" {
			continue
		}
		if _, err := os.Stat(is.JWKSFile); err != nil {
			k := key("issuers", i, "jwks_file")
			ps = append(ps, Problem{At: c.places[k], Key: k, Text: "names a file that cannot be read"})
		}
	}
	if info, err := os.Stat(c.Policy); err != nil || !info.IsDir() {
		ps = append(ps, Problem{At: c.place("policy"), Key: "policy", Text: "names no folder"})
	}
	return ps
}

func (c *Config) place(key string) At {
	if at, ok := c.places[key]; ok {
		return at
	}
	return At{File: c.File}
}

func (c *Config) tlsKey() string {
	if c.TLS == nil {
		return ""
	}
	return c.TLS.Key
}

// CheckSecret refuses a file of a secret that others may read, or its group may
// change. Reading by the group is how containers are given secrets.
func CheckSecret(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return fmt.Errorf("names a file that cannot be read")
	case !info.Mode().IsRegular():
		return fmt.Errorf("names what is not a regular file")
	case info.Mode().Perm()&0o037 != 0:
		return fmt.Errorf("names a file that others may read or change (%v): chmod 600", fs.FileMode(info.Mode().Perm()))
	}
	return nil
}
