package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// connectTimeout is short because other sources wait behind a host that cannot be reached.
	connectTimeout = 4 * time.Second
	// headerTimeout covers a hub that looks a file up in a cold store.
	headerTimeout = 20 * time.Second
	// defaultStall is the longest silence of a download that is still taken for a slow network.
	defaultStall = 30 * time.Second
	maxRedirects = 10
)

// hosts remembers which hosts have refused or never answered, so that a run asks each of them once.
type hosts struct {
	mutex   sync.Mutex
	refused map[string]error
	reached map[string]bool
}

func (h *hosts) refusal(host string) error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.refused[host]
}

// saw notes how a connection to a host went. A host that has answered once is not written off by a later fault.
func (h *hosts) saw(host string, err error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.refused == nil {
		h.refused, h.reached = map[string]error{}, map[string]bool{}
	}
	if err == nil {
		h.reached[host] = true
	} else if !h.reached[host] {
		h.refused[host] = err
	}
}

// unreachableError says that no connection to a host could be made.
type unreachableError struct {
	host string
	err  error
}

func (e *unreachableError) Error() string {
	return fmt.Sprintf("%s cannot be reached: %v", e.host, e.err)
}

func (e *unreachableError) Unwrap() error { return e.err }

type rememberingTransport struct {
	next  http.RoundTripper
	hosts *hosts
}

func (t rememberingTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	host := request.URL.Host
	if err := t.hosts.refusal(host); err != nil {
		return nil, &unreachableError{host, fmt.Errorf("it refused earlier in this run: %w", err)}
	}
	response, err := t.next.RoundTrip(request)
	var network *net.OpError
	switch {
	case err == nil:
		t.hosts.saw(host, nil)
	case request.Context().Err() == nil && errors.As(err, &network) && network.Op == "dial":
		t.hosts.saw(host, err)
		return nil, &unreachableError{host, err}
	}
	return response, err
}

func (f *Fetcher) transport() http.RoundTripper {
	return rememberingTransport{hosts: &f.hosts, next: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSHandshakeTimeout:   connectTimeout,
		ResponseHeaderTimeout: headerTimeout,
		ForceAttemptHTTP2:     true,
		// Content is compressed already, and a decompressed body could not be resumed.
		DisableCompression: true,
	}}
}

// checkRedirect follows a hub to its store, but never from an encrypted address to a plain one.
func checkRedirect(request *http.Request, via []*http.Request) error {
	if len(via) >= maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	if via[0].URL.Scheme == "https" && request.URL.Scheme != "https" {
		return fmt.Errorf("refused to follow a redirect from https to %s", request.URL.Redacted())
	}
	return nil
}

// StatusError is an answer other than the one asked for.
type StatusError struct {
	URL    string
	Status int
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s answered %d %s", e.URL, e.Status, http.StatusText(e.Status))
}

// temporary tells answers worth asking again from those that will stay.
func (e *StatusError) temporary() bool {
	return e.Status >= 500 || e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout
}

func (f *Fetcher) get(ctx context.Context, method, url string, headers map[string]string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "bestbox-llmctl")
	for key, value := range headers {
		request.Header.Set(key, value)
	}
	return f.client.Do(request)
}
