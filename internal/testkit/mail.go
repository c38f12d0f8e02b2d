package testkit

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// MailServer is a running mail server (aiosmtpd). Whoever sends must log in as User
// with Password, unless its way is plain.
type MailServer struct {
	Address        string // 127.0.0.1:PORT
	Roots          *x509.CertPool
	User, Password string
	folder         string
}

// Mail is one mail that the server took.
type Mail struct {
	From string   `json:"from"`
	To   []string `json:"to"`
	User string   `json:"user"` // who had logged in
	TLS  bool     `json:"tls"`
	Text string   `json:"text"`
}

// Header is the mail's head.
func (m *Mail) Header(tb testing.TB, key string) string {
	tb.Helper()
	read, err := mail.ReadMessage(strings.NewReader(m.Text))
	if err != nil {
		tb.Fatal(err)
	}
	return read.Header.Get(key)
}

// StartMail starts a mail server that ends with the test; way is starttls, implicit or plain.
func StartMail(tb testing.TB, way string) *MailServer {
	tb.Helper()
	Need(tb, SMTP)
	s := &MailServer{folder: tb.TempDir(), Roots: x509.NewCertPool()}
	if way != "plain" {
		s.User, s.Password = "modicum", "not-a-secret"
	}
	cert, key := s.certificate(tb)
	cmd := exec.Command(filepath.Join(cacheDir(), "smtp", "venv", "bin", "python"),
		filepath.Join(Root(tb), "tools", "real", "smtp", "server.py"), s.folder, way, cert, key, s.User, s.Password)
	p, port, err := launchServer("mail server", cmd, time.Minute)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.stop(0) })
	s.Address = net.JoinHostPort("127.0.0.1", port)
	return s
}

// certificate makes one that Roots trusts, and returns its files.
func (s *MailServer) certificate(tb testing.TB) (cert, key string) {
	tb.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	of := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, of, of, &private.PublicKey, private)
	if err != nil {
		tb.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	s.Roots.AddCert(made)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		tb.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(s.folder, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			tb.Fatal(err)
		}
		return file
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", pkcs8)
}

// Fail makes the server fail, once for each fault, in their order; tools/real/smtp/server.py
// has the list.
func (s *MailServer) Fail(tb testing.TB, faults ...string) {
	tb.Helper()
	file := filepath.Join(s.folder, "faults")
	if err := os.WriteFile(file, []byte(strings.Join(faults, "\n")), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// Mails are what the server took so far, copies and all, in the order in which they came.
func (s *MailServer) Mails(tb testing.TB) []Mail {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(s.folder, "mails", "*.json"))
	if err != nil {
		tb.Fatal(err)
	}
	slices.Sort(files)
	mails := make([]Mail, len(files))
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(text, &mails[i])
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	return mails
}
