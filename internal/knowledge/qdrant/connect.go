package qdrant

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	client "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	connectbackoff "google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	// longestReconnect is how long a server that has come back may go unnoticed; gRPC's own 120 s are longer than anybody waits.
	longestReconnect = 2 * time.Second
	// connectTimeout gives up on a machine that does not answer at all.
	connectTimeout = 5 * time.Second
	// maxReply is far above a page of passages, and stops a server that is not Qdrant from filling the memory; gRPC's own 4 MB are below 100 long passages.
	maxReply = 64 << 20
	// longestPause is between two attempts.
	longestPause = 3 * time.Second
)

func (s *Server) connect() error {
	host, portText, err := net.SplitHostPort(s.options.Address)
	port, notNumber := strconv.Atoi(portText)
	if err != nil || notNumber != nil || host == "" {
		return fmt.Errorf("the address %q of Qdrant must be HOST:PORT, such as localhost:6334", s.options.Address)
	}
	if s.options.APIKey != "" && !s.options.TLS && !isLoopback(host) {
		return fmt.Errorf("the API key of Qdrant would go unencrypted to %s: turn on TLS, or do without a key in a network that only you use", s.options.Address)
	}
	encryption, err := s.encryption()
	if err != nil {
		return err
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]" // the client puts them together with no more than a colon
	}
	pause := connectbackoff.DefaultConfig
	pause.BaseDelay, pause.MaxDelay = 100*time.Millisecond, longestReconnect
	s.client, err = client.NewClient(&client.Config{
		Host: host, Port: port, UseTLS: s.options.TLS, TLSConfig: encryption,
		SkipCompatibilityCheck: true, // check does it, and fails where the client's only warns
		PoolSize:               1,    // one connection carries many requests at once
		KeepAliveTimeout:       10,   // seconds; the client's 2 break connections to a busy machine
		GrpcOptions: []grpc.DialOption{
			grpc.WithConnectParams(grpc.ConnectParams{Backoff: pause, MinConnectTimeout: connectTimeout}),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxReply)),
			grpc.WithChainUnaryInterceptor(s.attempts),
		},
	})
	return err
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (s *Server) encryption() (*tls.Config, error) {
	if s.options.CAFile == "" {
		return &tls.Config{MinVersion: tls.VersionTLS12}, nil
	}
	if !s.options.TLS {
		return nil, errors.New("a file of certificates for Qdrant needs TLS, which is off: turn it on")
	}
	trusted, err := os.ReadFile(s.options.CAFile)
	if err != nil {
		return nil, fmt.Errorf("reading the certificates for Qdrant: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(trusted) {
		return nil, fmt.Errorf("%s holds no certificate in PEM: name the file of the authority that signed Qdrant's", s.options.CAFile)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, nil
}

// onceKey marks a context whose requests are tried once.
type onceKey struct{}

// Once is a context in which requests are tried once, those of Open too: for whoever wants to know how it is now.
func Once(ctx context.Context) context.Context { return context.WithValue(ctx, onceKey{}, true) }

// attempts adds the key to a request, and repeats it while the server is away or busy. Every request may be repeated: points have ids of their own, and what is removed or
// renamed twice is so once; begin and Switch see to what they meet the second time.
//
// The key is added here since the client's own way warns of any plain connection, and Open has refused those that leave the machine.
func (s *Server) attempts(ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	if s.options.APIKey != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "api-key", s.options.APIKey)
	}
	var last error
	attempt := func() (struct{}, error) {
		attempt, done := context.WithTimeout(ctx, s.options.Timeout)
		defer done()
		var trailer metadata.MD
		last = invoke(attempt, method, request, reply, connection, append(slices.Clone(options), grpc.Trailer(&trailer))...)
		switch {
		case last == nil:
			return struct{}{}, nil
		case !passes(last) || ctx.Err() != nil || ctx.Value(onceKey{}) != nil:
			return struct{}{}, backoff.Permanent(last)
		}
		if seconds := retryAfter(trailer); seconds > 0 {
			return struct{}{}, backoff.RetryAfter(seconds)
		}
		return struct{}{}, last
	}
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 50*time.Millisecond, longestPause
	if _, err := backoff.Retry(ctx, attempt, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(s.options.Patience)); err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ctx.Err(), last) // gRPC has errors of its own for these
	}
	return last
}

// passes says that an error may be gone a little later. One of TLS comes as "unavailable" too, and stays.
func passes(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable:
		return !isOfTLS(err.Error())
	case codes.ResourceExhausted, codes.DeadlineExceeded:
		return true
	default:
		return false
	}
}

// retryAfter is how many seconds a server that limits its clients asks them to wait; 0: it does not say.
func retryAfter(trailer metadata.MD) int {
	for _, text := range trailer.Get("retry-after") {
		if seconds, err := strconv.Atoi(text); err == nil {
			return seconds
		}
	}
	return 0
}
