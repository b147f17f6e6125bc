package outbox

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"

	"shouwen/cases"
)

// MailSecurity says how the way to the mail server is kept from others.
type MailSecurity string

// The kinds of security. There is no falling back from one to another.
const (
	STARTTLS   MailSecurity = "starttls" // RFC 3207
	MailTLS    MailSecurity = "tls"      // from the first byte (RFC 8314)
	NoSecurity MailSecurity = "none"     // for a server on this machine
)

// Mail sends rows as e-mail (RFC 5321, RFC 5322) through one server.
type Mail struct {
	Server         string // host:port
	Security       MailSecurity
	From           string // address
	User, Password string // of the server; empty: none asked for
	Address        func(user string) string
	Words          Words
	TLS            *tls.Config // nil: the server's certificate is checked as usual
}

// Send is the mail's Effect.
func (m Mail) Send(ctx context.Context, o cases.Outgoing) error {
	n, err := stageNotice(o)
	if err != nil {
		return err
	}
	to := m.Address(n.User)
	if to == "" {
		return fmt.Errorf("%w: %s has no address any more", ErrPermanent, n.User)
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", m.Server)
	if err != nil {
		return err
	}
	defer conn.Close()
	if end, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(end)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	client, err := m.client(conn)
	if err != nil {
		return err
	}
	if err := m.deliver(client, to, m.letter(o.Key, to, *n.Stage)); err != nil {
		if e, ok := errors.AsType[*textproto.Error](err); ok && e.Code/100 == 5 {
			return fmt.Errorf("%w: %w", ErrPermanent, err)
		}
		return err
	}
	_ = client.Quit() // it has the letter
	return nil
}

// client greets the server, and signs in.
func (m Mail) client(conn net.Conn) (*smtp.Client, error) {
	host, _, err := net.SplitHostPort(m.Server)
	if err != nil {
		return nil, err
	}
	conf := m.TLS.Clone()
	if conf == nil {
		conf = &tls.Config{}
	}
	conf.ServerName = cmp.Or(conf.ServerName, host)
	if m.Security == MailTLS {
		conn = tls.Client(conn, conf)
	}
	client, err := smtp.NewClient(conn, host)
	if err != nil {
		return nil, err
	}
	return client, m.secure(client, host, conf)
}

func (m Mail) secure(client *smtp.Client, host string, conf *tls.Config) error {
	if m.Security == STARTTLS {
		if ok, _ := client.Extension("STARTTLS"); !ok {
			return errors.New("the mail server offers no STARTTLS")
		}
		if err := client.StartTLS(conf); err != nil {
			return err
		}
	}
	if m.User == "" {
		return nil
	}
	return client.Auth(smtp.PlainAuth("", m.User, m.Password, host)) // refuses to show it without TLS
}

func (m Mail) deliver(client *smtp.Client, to string, letter []byte) error {
	if err := client.Mail(m.From); err != nil {
		return err
	}
	if err := client.Rcpt(to); err != nil {
		return err
	}
	w, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(letter); err != nil {
		return err
	}
	return w.Close()
}

// letter is a mail whose Message-ID is the same at every attempt.
func (m Mail) letter(key, to string, f cases.FiredStage) []byte {
	_, domain, _ := strings.Cut(m.From, "@")
	id := sha256.Sum256([]byte(key))
	var b bytes.Buffer
	for _, h := range [][2]string{
		{"From", m.From}, {"To", to}, {"Subject", mime.BEncoding.Encode("UTF-8", m.Words.Subject(f))},
		{"Date", time.Now().Format(time.RFC1123Z)}, {"Message-ID", fmt.Sprintf("<%x@%s>", id[:16], domain)},
		{"Auto-Submitted", "auto-generated"}, // RFC 3834: no absence notes, please
		{"MIME-Version", "1.0"}, {"Content-Type", "text/plain; charset=UTF-8"}, {"Content-Transfer-Encoding", "base64"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	text := base64.StdEncoding.EncodeToString([]byte(m.Words.Text(f)))
	for len(text) > 0 {
		n := min(76, len(text)) // RFC 2045 6.8
		fmt.Fprintf(&b, "\r\n%s", text[:n])
		text = text[n:]
	}
	return append(b.Bytes(), "\r\n"...)
}
