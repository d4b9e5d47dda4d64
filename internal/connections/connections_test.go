package connections_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bestbox/internal/config"
	"bestbox/internal/connections"
)

const password = "hunter2-hunter2"

// written puts a text into a file of the test's own.
func written(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func client(t testing.TB, endpoint config.Endpoint) *connections.Client {
	t.Helper()
	c, err := connections.New("Monitor", "connections.monitor", endpoint)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func get(t testing.TB, c *connections.Client) error {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.URL("x").String(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Do(request, http.StatusOK)
	return err
}

func TestSystemsThatMisbehaveAreNamedWithWhatIsWrong(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"unauthorized": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "does not accept the credentials (401)"},
		"forbidden":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, "does not allow this user"},
		"broken": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "out of <memory>", http.StatusInternalServerError)
		}, "answered 500, saying “out of ‹memory›”"},
		"other path": {http.NotFound, "is the path in url right?"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.example/", http.StatusFound)
		}, "sends elsewhere (302)"},
		"an echo": {func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, r.Header.Get("Authorization"), http.StatusBadRequest)
		}, "answered 400, saying “Basic …”"},
		"a flood": {func(w http.ResponseWriter, _ *http.Request) {
			for range 10 << 10 {
				if _, err := w.Write(make([]byte, 1<<10)); err != nil {
					return
				}
			}
		}, "gives too much to read: the answer is longer than 8 MiB"},
		"silence": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "did not answer within 300ms"},
		"a trickle": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write([]byte(" ")); err != nil {
					return
				}
				_ = http.NewResponseController(w).Flush()
				time.Sleep(10 * time.Millisecond)
			}
		}, "did not answer within 300ms"},
		"hangs up": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "cannot be reached: EOF"},
	}
	secret := written(t, password+"\n")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(test.answer)
			t.Cleanup(server.Close)
			timeout := "1m"
			if strings.Contains(test.want, "300ms") {
				timeout = "300ms"
			}
			c := client(t, config.Endpoint{URL: server.URL, Credentials: config.Credentials{User: "bestbox", PasswordFile: secret}, Timeout: timeout})
			err := get(t, c)
			var failed *connections.Error
			if !errors.As(err, &failed) || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "Monitor at "+server.URL) ||
				!strings.Contains(err.Error(), "connections.monitor") {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "YmVzdGJveD") {
				t.Errorf("the error holds the password: %v", err)
			}
		})
	}
}

func TestNobodyThereAndACancelledRequestAreToldApart(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	c := client(t, config.Endpoint{URL: address})
	if err := get(t, c); err == nil || !strings.Contains(err.Error(), "cannot be reached: dial tcp") || strings.Count(err.Error(), address) != 1 {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(request, http.StatusOK); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestCredentialsComeFromTheFileAsItIsNow(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header.Get("Authorization") }))
	t.Cleanup(server.Close)
	token := written(t, "first")
	c := client(t, config.Endpoint{URL: server.URL, TokenFile: token})
	for _, want := range []string{"first", "second"} {
		if err := os.WriteFile(token, []byte(want+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := get(t, c); err != nil {
			t.Fatal(err)
		}
		if got := <-seen; got != "Bearer "+want {
			t.Errorf("sent %q", got)
		}
	}
}

func TestFilesThatCannotBeUsedAreNamedAtTheStart(t *testing.T) {
	t.Parallel()
	for name, endpoint := range map[string]config.Endpoint{
		"connections.monitor.token_file: open /nowhere": {TokenFile: "/nowhere"},
		"is empty":                                   {TokenFile: written(t, "\n")},
		"must hold one line":                         {TokenFile: written(t, "a\nb\n")},
		"holds no certificate in PEM":                {CAFile: written(t, "x")},
		"connections.monitor.ca_file: open /nowhere": {CAFile: "/nowhere"},
	} {
		endpoint.URL = "https://localhost:1"
		if _, err := connections.New("Monitor", "connections.monitor", endpoint); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %q", err, name)
		}
	}
}

func TestOnlyCertificatesOfTheCompanysOwnAuthorityAreTrusted(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	server.Config.ErrorLog = nil
	authority := written(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	if err := get(t, client(t, config.Endpoint{URL: server.URL, CAFile: authority})); err != nil {
		t.Error(err)
	}
	err := get(t, client(t, config.Endpoint{URL: server.URL}))
	if !errors.As(err, new(x509.UnknownAuthorityError)) || !strings.Contains(err.Error(), "certificate signed by unknown authority") {
		t.Errorf("got %v", err)
	}
}

func TestTheOtherClockIsKnownFromItsAnswers(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(90*time.Minute).UTC().Format(http.TimeFormat))
	}))
	t.Cleanup(server.Close)
	c := client(t, config.Endpoint{URL: server.URL})
	if err := get(t, c); err != nil {
		t.Fatal(err)
	}
	if ahead := c.Ahead().Round(10 * time.Minute); ahead != 90*time.Minute {
		t.Errorf("got %s", ahead)
	}
}

func TestAddressesKeepThePathOfTheSystemAndTheEndOfTheirOwn(t *testing.T) {
	t.Parallel()
	c := client(t, config.Endpoint{URL: "http://localhost:1/dav"})
	for path, want := range map[string]string{"chen/calendar/": "/dav/chen/calendar/", "a%40b/x": "/dav/a@b/x", "api": "/dav/api"} {
		if got := c.URL(path).Path; got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
