package notice

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"strconv"

	gomail "github.com/wneessen/go-mail"
)

// Security is how the way to the mail server is encrypted. The zero value is STARTTLS,
// without which nothing is said.
type Security string

// The ways.
const (
	STARTTLS Security = "starttls"
	Implicit Security = "implicit"
	Plain    Security = "none" // to this machine alone
)

// Mail is the server that takes mail.
type Mail struct {
	Server       string // HOST:PORT
	Security     Security
	From         string         // an address, or Name <address>
	User         string         // with PasswordFile, or neither: then the server knows us by our address
	PasswordFile string         // mode 0600; read at each use
	Roots        *x509.CertPool // nil means the system's

	dial func(ctx context.Context, network, address string) (net.Conn, error) // tests put a pipe here
}

// post hands mail to the server.
type post struct {
	Mail
	host string
	port int
}

func newPost(m Mail) (*post, error) {
	host, port, err := net.SplitHostPort(m.Server)
	n, errPort := strconv.Atoi(port)
	if err != nil || errPort != nil || host == "" {
		return nil, errors.New("notice: the mail server must be HOST:PORT")
	}
	if _, err := mail.ParseAddress(m.From); err != nil {
		return nil, errors.New("notice: mail must come from an address")
	}
	switch m.Security = or(m.Security, STARTTLS); {
	case m.Security == Plain && !near(host):
		return nil, errors.New("notice: mail to another machine must be encrypted")
	case m.Security != Plain && m.Security != STARTTLS && m.Security != Implicit:
		return nil, errors.New("notice: mail is encrypted by starttls or implicit")
	case (m.User == "") != (m.PasswordFile == ""):
		return nil, errors.New("notice: mail needs both user and password, or neither")
	}
	if m.dial == nil {
		m.dial = dialer{m.Server, m.Security == Plain}.dial
	}
	return &post{m, host, n}, nil
}

// post sends the letter of that id.
func (t *Teller) post(ctx context.Context, p *post, id string) verdict {
	l := t.open(id)
	if len(l.Lines) == 0 || l.To.Gone || l.To.Mail == "" {
		return verdict{is: nobody, pages: l.pages}
	}
	m, err := l.message(p.From, t.cfg.Public)
	if err != nil {
		return verdict{is: refused, why: "the directory holds no address that mail could go to", pages: l.pages}
	}
	v := p.send(ctx, m)
	v.pages = l.pages
	return v
}

// send hands over one mail.
func (p *post) send(ctx context.Context, m *gomail.Msg) verdict {
	w := &wire{dial: p.dial}
	defer w.hangUp()
	c, err := p.client(w)
	if err != nil {
		return verdict{is: away, why: err.Error()}
	}
	err = c.DialAndSendWithContext(ctx, m)
	if m.IsDelivered() {
		return verdict{is: sent} // whatever went wrong afterwards
	}
	return judge(err)
}

// client is made for each mail: credentials are read again, and no connection of an
// earlier one can be in a state that nobody knows.
func (p *post) client(w *wire) (*gomail.Client, error) {
	conf := &tls.Config{ServerName: p.host, RootCAs: p.Roots, MinVersion: tls.VersionTLS12}
	opts := []gomail.Option{
		gomail.WithPort(p.port), gomail.WithTimeout(oneSending / 2), gomail.WithTLSConfig(conf),
		gomail.WithTLSPolicy(gomail.NoTLS), gomail.WithoutNoop(), gomail.WithDialContextFunc(w.connect),
	}
	switch p.Security {
	case STARTTLS:
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case Implicit:
		opts = append(opts, gomail.WithDialContextFunc(w.secured(conf)))
	}
	if p.User != "" {
		password, err := secret(p.PasswordFile)
		if err != nil {
			return nil, err
		}
		opts = append(opts, gomail.WithUsername(p.User), gomail.WithPassword(password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	c, err := gomail.NewClient(p.host, opts...)
	if err != nil {
		return nil, errors.New("the mail server is not one")
	}
	return c, nil
}

// wire is the connection of one mail. The library leaves one open where the server
// does not greet, encrypt or log in as it should.
type wire struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	conn net.Conn
}

func (w *wire) hangUp() {
	if w.conn != nil {
		w.conn.Close()
	}
}

func (w *wire) connect(ctx context.Context, network, address string) (conn net.Conn, err error) {
	if w.conn, err = w.dial(ctx, network, address); err != nil {
		w.conn = nil
		return nil, err
	}
	return w.conn, nil
}

// secured is connect with TLS from the first byte.
func (w *wire) secured(conf *tls.Config) gomail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := w.connect(ctx, network, address)
		if err != nil {
			return nil, err
		}
		secured := tls.Client(conn, conf)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		return secured, nil
	}
}

// judge reads what the server said of a mail: its numbers, never its text.
func judge(err error) verdict {
	var said *gomail.SendError
	if !errors.As(err, &said) {
		return verdict{is: away, why: "the mail server cannot be reached, or its certificate or our credentials do not fit"}
	}
	code := said.ErrorCode()
	switch {
	case code == 0:
		return verdict{is: later, why: "the connection broke before the server said that it has the mail"}
	case said.Reason == gomail.ErrSMTPMailFrom:
		// What is wrong with the sender is wrong with all mail until somebody mends it.
		return verdict{is: away, why: fmt.Sprintf("the server answers %d to the sender", code)}
	case code >= 500 && said.Reason == gomail.ErrSMTPRcptTo:
		return verdict{is: refused, why: fmt.Sprintf("the server answers %d to the address", code)}
	case code >= 500:
		return verdict{is: refused, why: fmt.Sprintf("the server answers %d to the mail", code)}
	}
	return verdict{is: later, why: fmt.Sprintf("the server answers %d", code)}
}
