package qdrant_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"bestbox/internal/knowledge/qdrant"
	"bestbox/internal/knowledge/qdrant/qdranttest"
)

const key = "a-key-that-nobody-may-read"

// authority is a certificate for 127.0.0.1 that httptest has made, and the file that it stands in.
func authority(t *testing.T) (certificate *tls.Certificate, file string) {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	file = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pemOf(server.Certificate().Raw), 0o600); err != nil {
		t.Fatal(err)
	}
	return &server.TLS.Certificates[0], file
}

func TestTheKeyGoesOverTLS(t *testing.T) {
	t.Parallel()
	certificate, file := authority(t)
	fake := &qdranttest.Fake{APIKey: key, Certificate: certificate}
	fake.Start(t)
	server := open(t, fake, qdrant.Options{APIKey: key, TLS: true, CAFile: file})
	if err := server.Tenant("company").Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOpeningSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	certificate, file := authority(t)
	plain, encrypted, old := &qdranttest.Fake{APIKey: key}, &qdranttest.Fake{Certificate: certificate}, &qdranttest.Fake{Version: "1.15.5"}
	for _, fake := range []*qdranttest.Fake{plain, encrypted, old} {
		fake.Start(t)
	}
	stopped := started(t)
	stopped.Stop()
	rest := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(rest.Close)
	noCertificate := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(noCertificate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		options qdrant.Options
		want    string
		stays   bool // and is not tried again
	}{
		"no port":                  {qdrant.Options{Address: "localhost"}, "HOST:PORT", true},
		"prefix with a dot":        {qdrant.Options{Address: plain.Address(), Prefix: "a.b"}, "small letters", true},
		"wrong key":                {qdrant.Options{Address: plain.Address(), APIKey: key + "?"}, "refuses the API key", true},
		"no key":                   {qdrant.Options{Address: plain.Address()}, "refuses the API key", true},
		"key to another machine":   {qdrant.Options{Address: "192.0.2.1:6334", APIKey: key}, "unencrypted", true},
		"key to a name":            {qdrant.Options{Address: "localhost.example.com:6334", APIKey: key}, "unencrypted", true},
		"too old":                  {qdrant.Options{Address: old.Address()}, "1.15.5: update it to 1.16", true},
		"not there":                {qdrant.Options{Address: stopped.Address()}, "cannot be reached", false},
		"port of REST":             {qdrant.Options{Address: rest.Listener.Addr().String()}, "not the port of gRPC", false},
		"TLS to a plain one":       {qdrant.Options{Address: plain.Address(), TLS: true}, "does not speak TLS", true},
		"plain to one with TLS":    {qdrant.Options{Address: encrypted.Address()}, "turn TLS on", false},
		"unknown authority":        {qdrant.Options{Address: encrypted.Address(), TLS: true}, "not trusted", true},
		"certificates without TLS": {qdrant.Options{Address: encrypted.Address(), CAFile: file}, "needs TLS", true},
		"no file":                  {qdrant.Options{Address: encrypted.Address(), TLS: true, CAFile: file + "?"}, "reading the certificates", true},
		"nothing in the file":      {qdrant.Options{Address: encrypted.Address(), TLS: true, CAFile: noCertificate}, "no certificate", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.options.Timeout, test.options.Patience = 5*time.Second, 200*time.Millisecond
			ctx, done := context.WithTimeout(t.Context(), 30*time.Second)
			defer done()
			if test.stays {
				test.options.Patience = time.Hour
			}
			_, err := qdrant.Open(ctx, test.options)
			if ctx.Err() != nil {
				t.Error("it went on trying")
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), key) {
				t.Errorf("%v: want %q, and no key", err, test.want)
			}
		})
	}
}

func TestOpeningWaitsForAServerThatStarts(t *testing.T) {
	t.Parallel()
	fake := started(t)
	fake.Stop()
	time.AfterFunc(300*time.Millisecond, func() {
		if err := fake.Listen(); err != nil {
			t.Error(err)
		}
	})
	open(t, fake, qdrant.Options{})
}

func TestPingDoesNotWait(t *testing.T) {
	t.Parallel()
	fake := started(t)
	store := open(t, fake, qdrant.Options{}).Tenant("company")
	fake.Before(func(context.Context, string) error { return status.Error(codes.Unavailable, "not now") })
	before := fake.Calls("/qdrant.Collections/CollectionExists")
	if err := store.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot be reached") {
		t.Error(err)
	}
	if asked := fake.Calls("/qdrant.Collections/CollectionExists") - before; asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}
