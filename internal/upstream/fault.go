package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strconv"
	"syscall"
)

// Fault is an ErrUpstream with what an operator must know to mend it. Its text is
// one of a closed list, but for the number of a status: nothing of the server's
// words, and nothing of what it was asked (D14, FC41).
type Fault struct{ why string }

// Error is ErrUpstream's text, so that no error that is printed differs; Why is
// for the log.
func (f *Fault) Error() string { return ErrUpstream.Error() }

// Unwrap gives ErrUpstream.
func (f *Fault) Unwrap() error { return ErrUpstream }

// Why says what is wrong with the server.
func (f *Fault) Why() string { return f.why }

// Why returns the cause that err carries, "" when it carries none.
func Why(err error) string {
	var f *Fault
	if errors.As(err, &f) {
		return f.why
	}
	return ""
}

func fault(why string) error { return &Fault{why} }

// connecting tells apart why there was no answer. The error of net/http quotes the
// URL; only its kind is looked at.
func connecting(err error) error {
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.As(err, &dns):
		return fault("its name is not known here")
	case errors.Is(err, syscall.ECONNREFUSED):
		return fault("nothing listens at its address")
	case errors.As(err, &cert):
		return fault("its certificate is not trusted here")
	case errors.As(err, &record):
		return fault("it does not speak TLS at this address")
	case errors.As(err, &op) && op.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return fault("it did not answer in time")
	}
	return fault("the connection broke")
}

// answered says what a status means that is no answer.
func answered(status int) error {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return fault("it refuses us, status " + strconv.Itoa(status) + ": look at fhir.upstream_auth")
	case status >= 300 && status < 400:
		return fault("it sends us elsewhere, status " + strconv.Itoa(status) + ": write its real address into fhir.upstream")
	}
	return fault("it answered with status " + strconv.Itoa(status))
}
