package oa

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"

	"bestbox/internal/config"
	"bestbox/internal/connections"
)

// mailer hands mails over to the server that takes the company's.
type mailer struct {
	config.SMTP
	trusted *x509.CertPool // nil: whom the machine trusts
}

// newMailer reads the files that the configuration names, so that a wrong one is told at the start; it connects to nothing.
func newMailer(settings config.SMTP) (*mailer, error) {
	trusted, err := connections.RootCAs(settings.CAFile)
	if err != nil {
		return nil, fmt.Errorf("connections.smtp.ca_file: %w", err)
	}
	m := &mailer{settings, trusted}
	_, err = m.password()
	return m, err
}

// password is read anew for each mail: it may change while the worker runs. It is never given away in the clear, except to this machine.
func (s *mailer) password() (string, error) {
	if s.User == "" {
		return "", nil
	}
	return connections.Secret("connections.smtp.password_file", s.PasswordFile)
}

// errMaybeDelivered says that the connection ended after the whole mail was given away and before the server's word: nobody knows.
var errMaybeDelivered = errors.New("the mail server was given the mail and did not say whether it takes it")

// refusalError is a mail server's no to a mail: to its sender, a recipient or the whole of it.
type refusalError struct {
	what  string
	reply error
}

func (e *refusalError) Error() string {
	return fmt.Sprintf("the mail server refuses %s: %v", e.what, e.reply)
}
func (e *refusalError) Unwrap() error { return e.reply }

// deliver gives a mail to the server. Before its last byte is given away it calls handingOver, from whose return on the server may have the
// mail, and taken as soon as the server has said that it has it: before the goodbye, for which a server may let the worker wait. An error that is
// not errMaybeDelivered says that the server does not have it.
func (s *mailer) deliver(ctx context.Context, from string, to []string, message []byte, handingOver func() error, taken func()) (err error) {
	ctx, cancel := context.WithTimeout(ctx, s.Limit())
	defer cancel()
	client, err := s.connect(ctx)
	if err != nil {
		return fmt.Errorf("reach the mail server %s: %w", s.Address, err)
	}
	defer client.Close()
	defer context.AfterFunc(ctx, func() { _ = client.Close() })() // ends what waits for the server
	if err := s.begin(client); err != nil {
		return fmt.Errorf("begin with the mail server %s: %w", s.Address, err)
	}
	if err := client.Mail(from); err != nil {
		return &refusalError{"the sender " + from, err}
	}
	for _, address := range to {
		if err := client.Rcpt(address); err != nil {
			return &refusalError{"the recipient " + address + ", so that nobody got the mail", err}
		}
	}
	data, err := client.Data()
	if err != nil {
		return &refusalError{"the mail", err}
	}
	if _, err := data.Write(message); err != nil {
		return fmt.Errorf("give the mail to %s: %w", s.Address, err)
	}
	if err := handingOver(); err != nil {
		return err // closing the connection without the last line takes the mail back
	}
	if err := data.Close(); err != nil {
		if _, said := errors.AsType[*textproto.Error](err); said {
			return &refusalError{"the mail", err}
		}
		return fmt.Errorf("%w (%s: %w)", errMaybeDelivered, s.Address, err)
	}
	taken()
	_ = client.Quit() // the mail is taken, whatever the goodbye is
	return nil
}

// greet connects and logs in, and sends nothing.
func (s *mailer) greet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.Limit())
	defer cancel()
	client, err := s.connect(ctx)
	if err != nil {
		return fmt.Errorf("reach the mail server %s: %w", s.Address, err)
	}
	defer client.Close()
	if err := s.begin(client); err != nil {
		return fmt.Errorf("begin with the mail server %s: %w", s.Address, err)
	}
	return client.Quit()
}

func (s *mailer) connect(ctx context.Context) (*smtp.Client, error) {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return nil, err
	}
	var connection net.Conn
	if s.TLS == config.TLSImplicit {
		connection, err = (&tls.Dialer{Config: s.tlsConfig(host)}).DialContext(ctx, "tcp", s.Address)
	} else {
		connection, err = (&net.Dialer{}).DialContext(ctx, "tcp", s.Address)
	}
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		if err := connection.SetDeadline(deadline); err != nil {
			return nil, errors.Join(err, connection.Close())
		}
	}
	client, err := smtp.NewClient(connection, host)
	if err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	return client, nil
}

func (s *mailer) begin(client *smtp.Client) error {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return err
	}
	if s.TLS == config.TLSStart {
		if err := client.StartTLS(s.tlsConfig(host)); err != nil {
			return fmt.Errorf("change to TLS: %w", err)
		}
	}
	if s.User == "" {
		return nil
	}
	password, err := s.password()
	if err != nil {
		return err
	}
	return client.Auth(smtp.PlainAuth("", s.User, password, host))
}

func (s *mailer) tlsConfig(host string) *tls.Config {
	return &tls.Config{ServerName: host, RootCAs: s.trusted, MinVersion: tls.VersionTLS12}
}

// messageID names a mail by the key of the call, so that a mail that comes twice can be told from two mails.
func messageID(key, from string) string {
	sum := sha256.Sum256([]byte(key))
	_, domain, _ := strings.Cut(from, "@")
	return "<" + hex.EncodeToString(sum[:16]) + "@" + domain + ">"
}

// compose writes a draft as a message (RFC 5322).
func (d *Draft) compose(id string, now time.Time) ([]byte, error) {
	var message bytes.Buffer
	header := func(name, value string) { fmt.Fprintf(&message, "%s: %s\r\n", name, value) }
	header("Message-ID", id)
	header("Date", now.Format(time.RFC1123Z))
	header("From", (&mail.Address{Name: d.From.Name, Address: d.fromMail}).String())
	header("To", strings.Join(angled(d.To), ",\r\n "))
	if len(d.Cc) > 0 {
		header("Cc", strings.Join(angled(d.Cc), ",\r\n "))
	}
	header("Subject", strings.ReplaceAll(mime.BEncoding.Encode("utf-8", d.Subject), "?= =?", "?=\r\n =?"))
	header("MIME-Version", "1.0")
	header("Content-Type", "text/plain; charset=utf-8")
	header("Content-Transfer-Encoding", "quoted-printable")
	message.WriteString("\r\n")
	body := quotedprintable.NewWriter(&message)
	if _, err := body.Write([]byte(strings.ReplaceAll(d.Body, "\n", "\r\n"))); err != nil {
		return nil, err
	}
	if err := body.Close(); err != nil {
		return nil, err
	}
	message.WriteString("\r\n")
	return message.Bytes(), nil
}

func angled(addresses []string) []string {
	all := make([]string, len(addresses))
	for i, address := range addresses {
		all[i] = (&mail.Address{Address: address}).String()
	}
	return all
}
