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
)

// Ways to protect the connection to a mail server. There is no "if it can": who sits between would say that it cannot.
const (
	TLSStart    = "starttls" // begins in the clear and must change, as on port 587
	TLSImplicit = "implicit" // from the first byte, as on port 465
	TLSNone     = "none"     // for a server on this machine
)

// SMTP is the server that takes the company's mails.
type SMTP struct {
	// Address is host:port.
	Address string
	// TLS is TLSStart, TLSImplicit or TLSNone.
	TLS string
	// User and Password, when there are any. They are never given away in the clear, except to this machine.
	User, Password string
	// RootCAs are whose certificates are trusted; nil: those that the machine trusts.
	RootCAs *x509.CertPool
	// Timeout bounds one delivery; zero: a minute.
	Timeout time.Duration
}

func (s *SMTP) check() error {
	host, _, err := net.SplitHostPort(s.Address)
	switch {
	case err != nil || host == "":
		return fmt.Errorf("the mail server's address is %q; allowed: host:port", s.Address)
	case s.TLS != TLSStart && s.TLS != TLSImplicit && s.TLS != TLSNone:
		return fmt.Errorf("the mail server's TLS is %q; allowed: %s, %s, %s", s.TLS, TLSStart, TLSImplicit, TLSNone)
	}
	return nil
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
// mail. An error that is not errMaybeDelivered says that the server does not have it.
func (s *SMTP) deliver(ctx context.Context, from string, to []string, message []byte, handingOver func() error) (err error) {
	timeout := s.Timeout
	if timeout == 0 {
		timeout = time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
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
	_ = client.Quit() // the mail is taken, whatever the goodbye is
	return nil
}

func (s *SMTP) connect(ctx context.Context) (*smtp.Client, error) {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return nil, err
	}
	var connection net.Conn
	if s.TLS == TLSImplicit {
		connection, err = (&tls.Dialer{Config: s.tls(host)}).DialContext(ctx, "tcp", s.Address)
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

func (s *SMTP) begin(client *smtp.Client) error {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return err
	}
	if s.TLS == TLSStart {
		if err := client.StartTLS(s.tls(host)); err != nil {
			return fmt.Errorf("change to TLS: %w", err)
		}
	}
	if s.User == "" {
		return nil
	}
	return client.Auth(smtp.PlainAuth("", s.User, s.Password, host))
}

func (s *SMTP) tls(host string) *tls.Config {
	return &tls.Config{ServerName: host, RootCAs: s.RootCAs, MinVersion: tls.VersionTLS12}
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
