// Package sources fetches the pages and files that a list of URLs names, from servers on the public internet and from networks that were allowed. A server decides nothing but
// what its page says: it cannot have another place asked than one that a list could name, nor keep the fetcher waiting, nor fill its memory. Pages behind a login, and pages
// that a browser's scripts make, are not fetched.
package sources

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// defaultBytes is enough for every page and nearly every PDF.
	defaultBytes = 32 << 20
	// defaultTimeout is for one attempt, from the look-up of the name to the last byte.
	defaultTimeout = time.Minute
	// maximumRedirects is what a page that has moved needs, with its host and its scheme.
	maximumRedirects = 5
	// attempts are made while a server says that it is busy, and longestPause is how long one of the waits between them may be.
	attempts     = 3
	longestPause = 30 * time.Second
	// maximumHeader is what the header of a response may have, in bytes.
	maximumHeader = 64 << 10
)

// Options are how it is fetched. The zero Options fetch from the public internet only.
type Options struct {
	// AllowPrivate are networks that may be fetched from though they are not public, such as 10.1.0.0/16.
	AllowPrivate []netip.Prefix
	// MaximumBytes is how large a file may be once it is unpacked; 0: 32 MiB.
	MaximumBytes int64
	// Timeout is how long one attempt may take; 0: a minute.
	Timeout time.Duration
}

// Fetcher fetches. It is safe for concurrent use.
type Fetcher struct {
	options Options
	client  *http.Client
	dialer  *net.Dialer
}

// Fetched is what a URL has brought.
type Fetched struct {
	// URL is the one that was asked for, without a fragment, and Final the one that has answered after redirects.
	URL, Final string
	// Name is that of the file, with the extension that its content type has.
	Name string
	// ContentType is what the server says, as it says it.
	ContentType string
	Bytes       []byte
}

// New makes a fetcher. It takes no proxy from the environment: a proxy would connect to addresses that nobody has checked.
func New(options Options) *Fetcher {
	if options.MaximumBytes == 0 {
		options.MaximumBytes = defaultBytes
	}
	if options.Timeout == 0 {
		options.Timeout = defaultTimeout
	}
	f := &Fetcher{options: options}
	f.dialer = &net.Dialer{Timeout: 15 * time.Second, Control: f.check}
	f.client = &http.Client{
		CheckRedirect: redirect,
		Transport: &http.Transport{
			DialContext: f.dialer.DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 15 * time.Second, MaxResponseHeaderBytes: maximumHeader,
			MaxIdleConnsPerHost: 2, IdleConnTimeout: 10 * time.Second,
		},
	}
	return f
}

// redirect says whether a redirect is followed. Where it leads to is checked again when it is connected to.
func redirect(next *http.Request, before []*http.Request) error {
	if len(before) > maximumRedirects {
		return fmt.Errorf("it redirects more than %d times; give the URL that it leads to in the end", maximumRedirects)
	}
	if err := permittedURL(next.URL); err != nil {
		return fmt.Errorf("it redirects to a URL that is not fetched: %w", err)
	}
	if before[len(before)-1].URL.Scheme == "https" && next.URL.Scheme == "http" {
		return fmt.Errorf("it redirects from https to http, to %s; give that URL if it is the right one", shown(next.URL))
	}
	return nil
}

// Fetch fetches what a URL names. A server that says that it is busy is asked again a few times. The error is one line and names the URL.
func (f *Fetcher) Fetch(ctx context.Context, address string) (Fetched, error) {
	parsed, err := readURL(address)
	if err != nil {
		return Fetched{}, fmt.Errorf("fetch: %w", err)
	}
	fetched, err := backoff.Retry(ctx, func() (Fetched, error) { return f.attempt(ctx, parsed) }, backoff.WithMaxTries(attempts))
	if err != nil {
		return Fetched{}, fmt.Errorf("fetch %s: %w", shown(parsed), f.explained(ctx, err))
	}
	return fetched, nil
}

// attempt asks once. Errors that another attempt would not change are permanent.
func (f *Fetcher) attempt(ctx context.Context, u *url.URL) (Fetched, error) {
	ctx, cancel := context.WithTimeout(ctx, f.options.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return Fetched{}, backoff.Permanent(err)
	}
	request.Header.Set("User-Agent", "bestbox")
	response, err := f.client.Do(request)
	if err != nil {
		return Fetched{}, backoff.Permanent(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return Fetched{}, refused(response)
	}
	fetched := Fetched{URL: u.String(), Final: response.Request.URL.String(), ContentType: response.Header.Get("Content-Type")}
	var ok bool
	if fetched.Name, ok = nameOf(response.Request.URL, response.Header); !ok {
		return Fetched{}, backoff.Permanent(fmt.Errorf("it is %q, which is no document that can be read; take it out of the list", mediaType(response.Header)))
	}
	if fetched.Bytes, err = f.body(response); err != nil {
		return Fetched{}, backoff.Permanent(err)
	}
	return fetched, nil
}

// ErrTooLarge is that of a file which is larger than the options accept.
var ErrTooLarge = errors.New("too large")

// body reads what was sent, unpacked if the transport has asked for it packed, up to the limit: what is packed may unpack to anything.
func (f *Fetcher) body(response *http.Response) ([]byte, error) {
	if encoding := response.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, fmt.Errorf("it is packed as %q, which was not asked for; download the file and add it", encoding)
	}
	tooLarge := fmt.Errorf("%w: it has more than the %d bytes that are accepted; raise knowledge.maximum_bytes, or take it out of the list", ErrTooLarge, f.options.MaximumBytes)
	if response.ContentLength > f.options.MaximumBytes {
		return nil, tooLarge
	}
	var content bytes.Buffer
	if _, err := content.ReadFrom(io.LimitReader(response.Body, f.options.MaximumBytes+1)); err != nil {
		return nil, fmt.Errorf("it broke off after %d bytes: %w", content.Len(), err)
	}
	if int64(content.Len()) > f.options.MaximumBytes {
		return nil, tooLarge
	}
	return content.Bytes(), nil
}

// explained is an error without the URL, which may hold a key, and with what can be done.
func (f *Fetcher) explained(ctx context.Context, err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	var address *addressError
	var status *StatusError
	var lookup *net.DNSError
	switch {
	case errors.As(err, &status):
		return status
	case errors.As(err, &address):
		return address
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("it has not answered in full within %s (%w); try again later, or take it out of the list", f.options.Timeout, context.DeadlineExceeded)
	case errors.As(err, &lookup):
		return fmt.Errorf("the name of the host cannot be looked up (%w); check the URL and the network", err)
	default:
		return err
	}
}

// pause is how long a server wants to be left alone: a number of seconds or a date. ok is false where it does not say.
func pause(header http.Header) (wait time.Duration, ok bool) {
	said := header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(said, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if until, err := http.ParseTime(said); err == nil {
		return max(0, time.Until(until)), true
	}
	return 0, false
}
