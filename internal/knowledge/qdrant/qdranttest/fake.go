// Package qdranttest is a test double of a Qdrant server: it speaks its gRPC on loopback, keeps everything in memory, and searches by looking at every point. It does what
// package qdrant asks for and nothing else. Each behaviour names the page of Qdrant's documentation (qdrant.tech/documentation) or the file of its source that it follows;
// the tests of package qdrant compare the searches with Qdrant's own engine. It is imported by tests, and by the command that measures the client without a server.
package qdranttest

import (
	"context"
	"crypto/tls"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	client "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Fake is the server. Its fields are set before Start.
type Fake struct {
	client.UnimplementedQdrantServer

	// Version is the one that it says it has; "1.18.3".
	Version string
	// APIKey is required of each request where it is not empty.
	APIKey string
	// Certificate turns on TLS.
	Certificate *tls.Certificate
	// Engine answers the requests about points in place of the fake, which then only keeps the collections and aliases; nil: the fake does all.
	Engine Engine
	// Forgetful leaves out the list of Requests.
	Forgetful bool

	mutex       sync.Mutex
	address     string
	server      *grpc.Server
	collections map[string]*collection
	aliases     map[string]string
	before      func(ctx context.Context, method string) error
	after       func(method string) error
	calls       map[string]int
	requests    []any
}

// Start is Listen for a test, which also ends it.
func (f *Fake) Start(t testing.TB) {
	t.Helper()
	if f.Address() == "" {
		t.Cleanup(f.Stop)
	}
	if err := f.Listen(); err != nil {
		t.Fatal(err)
	}
}

// Listen begins to listen, on a free port at the first time and on the same one later. Stop ends it.
func (f *Fake) Listen() error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.address == "" {
		f.address = "127.0.0.1:0"
		f.collections, f.aliases, f.calls = map[string]*collection{}, map[string]string{}, map[string]int{}
	}
	listener, err := net.Listen("tcp", f.address)
	if err != nil {
		return err
	}
	f.address = listener.Addr().String()
	options := []grpc.ServerOption{
		grpc.UnaryInterceptor(f.intercept),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 1, PermitWithoutStream: true}), // Qdrant takes any number of pings
	}
	if f.Certificate != nil {
		options = append(options, grpc.Creds(credentials.NewServerTLSFromCert(f.Certificate)))
	}
	f.server = grpc.NewServer(options...)
	client.RegisterQdrantServer(f.server, f)
	client.RegisterCollectionsServer(f.server, collections{Fake: f})
	client.RegisterPointsServer(f.server, points{Fake: f})
	go func(server *grpc.Server) { _ = server.Serve(listener) }(f.server)
	return nil
}

// Stop ends it as a crash does: requests that are being answered are cut off. What it holds stays, as on a disk.
func (f *Fake) Stop() {
	f.mutex.Lock()
	server := f.server
	f.mutex.Unlock()
	if server != nil {
		server.Stop() // waits for the requests that are being answered, which take the mutex
	}
}

// Address is HOST:PORT, and stays the same while it is stopped.
func (f *Fake) Address() string {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.address
}

// Before is called ahead of each request with its method, such as /qdrant.Points/Upsert. Where it returns an error that is the answer, and nothing has happened.
func (f *Fake) Before(fault func(ctx context.Context, method string) error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.before = fault
}

// After is called when a request has been carried out. Where it returns an error that is the answer, as when the answer is lost.
func (f *Fake) After(fault func(method string) error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.after = fault
}

// Calls is how many requests of a method came, those among them that Before has answered.
func (f *Fake) Calls(method string) int {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.calls[method]
}

// Requests are those that were carried out.
func (f *Fake) Requests() []any {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return append([]any(nil), f.requests...)
}

// Collections are the names of those that there are.
func (f *Fake) Collections() []string {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return slices.Sorted(maps.Keys(f.collections))
}

func (f *Fake) intercept(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	f.mutex.Lock()
	f.calls[info.FullMethod]++
	before, after := f.before, f.after
	f.mutex.Unlock()
	if before != nil {
		if err := before(ctx, info.FullMethod); err != nil {
			return nil, err
		}
	}
	// The version is told to everybody: src/tonic/auth.rs, and "Security" in the documentation.
	if f.APIKey != "" && info.FullMethod != client.Qdrant_HealthCheck_FullMethodName {
		if keys := metadata.ValueFromIncomingContext(ctx, "api-key"); len(keys) != 1 || keys[0] != f.APIKey {
			return nil, status.Error(codes.Unauthenticated, "Invalid API key or JWT")
		}
	}
	f.mutex.Lock()
	reply, err := f.answer(ctx, request, info.FullMethod, handle) // one at a time
	if !f.Forgetful {
		f.requests = append(f.requests, request)
	}
	f.mutex.Unlock()
	if after != nil {
		if lost := after(info.FullMethod); lost != nil {
			return nil, lost
		}
	}
	return reply, err
}

// Engine keeps the points of collections.
type Engine interface {
	// Answer carries out a request, whose method is such as Upsert.
	Answer(made *client.CreateCollection, method string, request proto.Message) (proto.Message, error)
	// Drop forgets a collection.
	Drop(collection string) error
}

func (f *Fake) answer(ctx context.Context, request any, method string, handle grpc.UnaryHandler) (any, error) {
	method, isOfPoints := strings.CutPrefix(method, "/"+client.Points_ServiceDesc.ServiceName+"/")
	about, isMessage := request.(interface {
		proto.Message
		GetCollectionName() string
	})
	if f.Engine == nil || !isOfPoints || !isMessage {
		return handle(ctx, request)
	}
	on, err := f.named(about.GetCollectionName())
	if err != nil {
		return nil, err
	}
	return f.Engine.Answer(on.made, method, about)
}

// HealthCheck tells the version.
func (f *Fake) HealthCheck(context.Context, *client.HealthCheckRequest) (*client.HealthCheckReply, error) {
	version := f.Version
	if version == "" {
		version = "1.18.3"
	}
	return &client.HealthCheckReply{Title: "qdrant - vector search engine", Version: version}, nil
}

// named finds a collection by its name or an alias: "Collections", section "Collection aliases".
func (f *Fake) named(name string) (*collection, error) {
	if of, found := f.aliases[name]; found {
		name = of
	}
	if found := f.collections[name]; found != nil {
		return found, nil
	}
	return nil, status.Errorf(codes.NotFound, "Not found: Collection `%s` doesn't exist!", name)
}
