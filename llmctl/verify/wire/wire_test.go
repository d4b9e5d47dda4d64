package wire_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"bestbox/llmctl/verify/wire"
)

func TestRepliesThatAreNoAnswerNameTheWayOut(t *testing.T) {
	for _, test := range []struct {
		name    string
		reply   http.HandlerFunc
		status  int
		mention string
	}{
		{"the server's own words", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"error":{"message":"Loading model"}}`))
		}, 503, "Loading model"},
		{"a page of something else", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte("<html>" + strings.Repeat("x", 10_000)))
		}, 404, "<html>"},
		{"a redirect is not followed", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
		}, 302, "302"},
		{"no JSON", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }, 0, "another program"},
		{"without end", func(w http.ResponseWriter, _ *http.Request) {
			for range 20 {
				_, _ = w.Write(make([]byte, 1<<20))
			}
		}, 0, "longer than"},
		{"broken off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, "llmctl logs"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(test.reply)
			defer server.Close()
			var reply any
			err := wire.Post(t.Context(), "try", server.URL, "/x", 1, &reply)
			if err == nil || !strings.Contains(err.Error(), test.mention) || !strings.HasPrefix(err.Error(), "try: ") || len(err.Error()) > 600 {
				t.Errorf("%v", err)
			}
			if wire.Status(err) != test.status {
				t.Errorf("status %d, want %d", wire.Status(err), test.status)
			}
		})
	}
}

func TestEndOfTheContextIsToldAsSuch(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	started := time.Now()
	err := wire.Get(ctx, "try", server.URL, "/", new(any))
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(started) > 5*time.Second {
		t.Errorf("%v after %s", err, time.Since(started))
	}
}

// A proxy of the environment must not see what is asked of a server on this machine.
func TestProxiesAreNotUsed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	t.Setenv("HTTP_PROXY", "http://"+listener.Addr().String())
	t.Setenv("NO_PROXY", "")
	asked := make(chan struct{}, 1)
	go func() {
		if connection, err := listener.Accept(); err == nil {
			connection.Close()
			asked <- struct{}{}
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_ = wire.Get(ctx, "try", "http://192.0.2.1", "/", new(any)) // an address that nobody has: loopback would bypass a proxy anyhow
	select {
	case <-asked:
		t.Error("the proxy was asked")
	default:
	}
}
