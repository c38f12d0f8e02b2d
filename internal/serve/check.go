package serve

import (
	"crypto/tls"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"modicum/internal/caller"
	"modicum/internal/config"
	"modicum/internal/upstream"
	"modicum/ledger"
	"modicum/policy"
)

// Check tells whether a server could start with this configuration and policy,
// as far as files say. It changes nothing and opens no connection.
func Check(c *config.Config, set *policy.Set) error {
	var errs []error
	if ps := c.Check(known{set}); len(ps) > 0 {
		errs = append(errs, ps)
	}
	key, err := ledger.ReadKey(c.Ledger.Key)
	errs = append(errs, err)
	if err == nil && key.Origin() != c.Ledger.Origin {
		errs = append(errs, fmt.Errorf("%s is the key of %s, and modicum.yaml says ledger.origin %s: write the key's name there", c.Ledger.Key, key.Origin(), c.Ledger.Origin))
	}
	_, err = ReadKeys(filepath.Join(c.Data, "keys"))
	errs = append(errs, err)
	errs = append(errs, certificate(c))
	_, err = upstream.New(upstream.Config{Base: c.FHIR.Upstream, BearerFile: c.FHIR.BearerFile})
	errs = append(errs, err)
	for _, p := range caller.CheckIssuers(c.Issuers) {
		errs = append(errs, fmt.Errorf("issuers[%d].%s %s", p.Index, p.Key, p.Text))
	}
	return errors.Join(errs...)
}

// certificate reads the certificate and its key together.
func certificate(c *config.Config) error {
	if c.TLS == nil {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.TLS.Cert, c.TLS.Key)
	if err != nil {
		return fmt.Errorf("tls.cert and tls.key: %w; both are PEM, and the key must be the certificate's", err)
	}
	if now := time.Now(); now.After(pair.Leaf.NotAfter) {
		return fmt.Errorf("tls.cert: the certificate ended at %s; nobody would trust it", pair.Leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}
