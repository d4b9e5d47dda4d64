// Package connections speaks with systems of the company's own over HTTP: with credentials from files, with the company's own certificates, and
// within limits of time and size. Its errors say which system, what is wrong and which setting to look at; they never hold a secret.
//
// What the systems answer is theirs: it is bounded here and checked by whoever asked.
package connections

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"bestbox/internal/config"
)

// MaxAnswer is the longest answer that is read, in bytes: a month of two hundred series is half of it.
const MaxAnswer = 8 << 20

// maxSecretBytes bounds what is read of a file with a secret: a token of a cluster has some 2,000 bytes.
const maxSecretBytes = 64 << 10

// Error says that another system did not do what it was asked for.
type Error struct {
	// System is its name, with its address: "Alertmanager at https://…".
	System string
	// Field is the setting that it is reached by: connections.alertmanager.
	Field string
	// Status is what it answered; 0: it did not answer.
	Status int
	// What is wrong, and what to do.
	What string
	// Err is the cause, if there is one beside What.
	Err error
}

func (e *Error) Error() string {
	text := e.System + " " + e.What
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text + " (" + e.Field + ")"
}

func (e *Error) Unwrap() error { return e.Err }

// Client sends requests to one system. It is safe for concurrent use.
type Client struct {
	system, field string
	endpoint      config.Endpoint
	base          *url.URL
	http          *http.Client
	ahead         atomic.Int64 // how far the other clock is ahead of ours, as of the last answer
}

// New makes the client of a system, which people call by that name and configure by that field. It reads the files that the endpoint names and
// sends nothing.
func New(system, field string, endpoint config.Endpoint) (*Client, error) {
	base, err := url.Parse(endpoint.URL)
	if err != nil {
		return nil, &config.FieldError{Field: field + ".url", Value: "(not shown)", Allowed: "an address such as https://host:port"}
	}
	trusted, err := RootCAs(endpoint.CAFile)
	if err != nil {
		return nil, fmt.Errorf("%s.ca_file: %w", field, err)
	}
	c := &Client{system: system + " at " + endpoint.URL, field: field, endpoint: endpoint, base: base}
	transport := &http.Transport{ // no proxy: these systems are in the house
		DialContext:           (&net.Dialer{Timeout: endpoint.Limit()}).DialContext,
		TLSClientConfig:       &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   endpoint.Limit(),
		ResponseHeaderTimeout: endpoint.Limit(),
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       time.Minute,
	}
	c.http = &http.Client{
		Transport: &signed{client: c, next: transport}, Timeout: endpoint.Limit(),
		// Another address would get the credentials, and a request that changes something would become one that reads.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, base.String(), http.NoBody)
	if err == nil {
		err = c.sign(request) // says at the start what is wrong with a file
	}
	return c, err
}

// RootCAs reads who may sign certificates from a file; without a path it is nil, which means those that the machine trusts.
func RootCAs(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // what crypto/tls calls the machine's own
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", path)
	}
	return pool, nil
}

// Secret reads a password or a token, without the line's end. An error names the file and not what is in it.
func Secret(field, path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", field, err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxSecretBytes+1))
	secret := strings.TrimRight(string(content), "\r\n")
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", field, err)
	case secret == "":
		return "", fmt.Errorf("%s: %s is empty", field, path)
	case len(content) > maxSecretBytes || strings.ContainsAny(secret, "\r\n\x00"):
		return "", fmt.Errorf("%s: %s must hold one line", field, path)
	}
	return secret, nil
}

// signed adds the credentials to each request, and bounds each answer.
type signed struct {
	client *Client
	next   http.RoundTripper
}

func (s *signed) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	if err := s.client.sign(request); err != nil {
		return nil, err
	}
	response, err := s.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if theirs, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		s.client.ahead.Store(int64(time.Until(theirs)))
	}
	response.Body = &bounded{response.Body, MaxAnswer}
	return response, nil
}

// sign reads the secret anew each time, since somebody may change it while the worker runs.
func (c *Client) sign(request *http.Request) error {
	switch e := c.endpoint; {
	case e.TokenFile != "":
		token, err := Secret(c.field+".token_file", e.TokenFile)
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+token)
	case e.User != "":
		password, err := Secret(c.field+".password_file", e.PasswordFile)
		if err != nil {
			return err
		}
		request.SetBasicAuth(e.User, password)
	}
	return nil
}

// ErrTooLong says that an answer is longer than MaxAnswer.
var ErrTooLong = fmt.Errorf("the answer is longer than %d MiB", MaxAnswer>>20)

// bounded is a body that ends with ErrTooLong where it goes on for too long.
type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		if n, err := b.ReadCloser.Read(make([]byte, 1)); n == 0 {
			return 0, err
		}
		return 0, ErrTooLong
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// URL returns an address below that of the system. A path's end is kept: /calendar/ and /calendar are two things.
func (c *Client) URL(path string) *url.URL {
	joined := c.base.JoinPath(path)
	joined.RawQuery = ""
	return joined
}

// Ahead tells how far the system's clock was ahead of this machine's when it last answered; negative: behind.
func (c *Client) Ahead() time.Duration { return time.Duration(c.ahead.Load()) }

// System is the name and the address of the system, for sentences.
func (c *Client) System() string { return c.system }

// Answer is an answer of the system, read to its end.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends a request and returns the answer. Where the status is none of the expected ones the error says why.
func (c *Client) Do(request *http.Request, expected ...int) (Answer, error) {
	response, err := c.http.Do(request)
	if err != nil {
		return Answer{}, c.Failed(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return Answer{}, c.Failed(err)
	}
	if !slices.Contains(expected, response.StatusCode) {
		return Answer{}, c.Refused(response.StatusCode, body)
	}
	return Answer{response.StatusCode, response.Header, body}, nil
}

// Failed says why no answer came.
func (c *Client) Failed(err error) error {
	if known, is := errors.AsType[*Error](err); is {
		return known
	}
	failed := &Error{System: c.system, Field: c.field}
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", c.system, context.Canceled)
	case errors.Is(err, ErrTooLong):
		failed.What, failed.Err = "gives too much to read", ErrTooLong
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		failed.What = "did not answer within " + c.endpoint.Limit().String()
	default:
		if wrapped, is := errors.AsType[*url.Error](err); is {
			err = wrapped.Err // its text repeats the address
		}
		failed.What, failed.Err = "cannot be reached", err
	}
	return failed
}

// Refused says what a status means that was not expected.
func (c *Client) Refused(status int, body []byte) error {
	failed := &Error{System: c.system, Field: c.field, Status: status}
	switch {
	case status == http.StatusUnauthorized:
		failed.What = fmt.Sprintf("does not accept the credentials (%d)", status)
	case status == http.StatusForbidden:
		failed.What = fmt.Sprintf("does not allow this user what was asked for (%d)", status)
	case status == http.StatusNotFound:
		failed.What = fmt.Sprintf("has nothing at the address that was asked for (%d); is the path in url right?", status)
	case status >= 300 && status < 400:
		failed.What = fmt.Sprintf("sends elsewhere (%d); write the address it sends to into url", status)
	default:
		failed.What = fmt.Sprintf("answered %d", status)
	}
	if said := c.Excerpt(body); said != "" {
		failed.What += ", saying “" + said + "”"
	}
	return failed
}

// Garbled says that an answer cannot be understood.
func (c *Client) Garbled(err error, body []byte) error {
	return &Error{System: c.system, Field: c.field, What: fmt.Sprintf("answered what cannot be understood (“%s”); is url right?", c.Excerpt(body)), Err: err}
}

// longestExcerpt is how much of another system's words is repeated, in characters.
const longestExcerpt = 160

// Excerpt is the begin of what the system wrote, on one line, without characters that could end a quotation, and without the credentials: a
// server may repeat the request that it complains about.
func (c *Client) Excerpt(body []byte) string {
	said := string(body[:min(len(body), 8*longestExcerpt)])
	probe := &http.Request{Header: http.Header{}}
	if err := c.sign(probe); err != nil {
		return ""
	}
	_, credentials, _ := strings.Cut(probe.Header.Get("Authorization"), " ")
	_, password, _ := probe.BasicAuth()
	for _, secret := range []string{credentials, password} {
		if secret != "" {
			said = strings.ReplaceAll(said, secret, "…")
		}
	}
	text := strings.Map(func(r rune) rune {
		switch {
		case r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029':
			return ' '
		case r == '“' || r == '”' || r == '"':
			return '\''
		case r == '<':
			return '‹'
		case r == '>':
			return '›'
		}
		return r
	}, strings.ToValidUTF8(said, "�"))
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > longestExcerpt {
		text = string(runes[:longestExcerpt]) + "…"
	}
	return text
}
