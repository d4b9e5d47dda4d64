// Package qdrant keeps knowledge in a Qdrant server, for companies whose documents outgrow one machine or that run several workers.
//
// Each index of each tenant is a collection of its own, PREFIX.TENANT.RANDOM, and two aliases say what it is: PREFIX.TENANT is the live one, PREFIX.TENANT.next the one
// that is being made. Tenants share no collection, for three reasons: how rare a word is (IDF), which Qdrant counts for a whole collection, would tell one tenant of what
// another has; a new embedding model needs new vectors, and one tenant's must not wait for another's; and removing a tenant is removing its collections. Every point
// carries its tenant all the same, and every request filters by it: a second wall, should an alias ever point elsewhere.
//
// Switching renames the alias of the index that was made to that of the live one, which Qdrant does in one step and not at all where it is gone. So two processes that
// reindex at once cannot remove what has become live: whoever begins takes the alias away first, and looks only then which collections are nobody's.
//
// What this package does not do: it keeps no copy of what Qdrant holds, makes no snapshots, and changes no setting of a collection after it was made.
package qdrant

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	client "github.com/qdrant/go-client/qdrant"

	"bestbox/internal/knowledge"
)

// Options say where the server is and how it is used. The zero value of each field but Address is a default.
type Options struct {
	// Address is HOST:PORT of the server's gRPC, which is port 6334 unless it was changed.
	Address string
	// TLS encrypts. CAFile is a file of certificates in PEM that are trusted in place of the system's; it needs TLS.
	TLS    bool
	CAFile string
	// APIKey goes with each request, and into no log and no error. Open refuses to send it unencrypted to another machine.
	APIKey string
	// Prefix begins the names of all collections, so that several installations can share a server; "bestbox".
	Prefix string
	// Batch is how many points go with one request; 128, which are about 1 MB with embeddings of 1024 numbers.
	Batch int
	// Timeout is that of one attempt at a request; 10 s. Patience is how long attempts go on while the server is away or busy; 30 s.
	Timeout  time.Duration
	Patience time.Duration
	// Shards and Replicas are those of collections that are made from now on; the server's defaults, which are 1. They help a cluster only.
	Shards   int
	Replicas int
	// OnDisk keeps vectors, and the lists of words, on disk and not in memory: slower, for more documents than memory holds. It counts for collections that are made from now on.
	OnDisk bool
}

// The defaults of Options.
const (
	defaultPrefix   = "bestbox"
	defaultBatch    = 128
	defaultTimeout  = 10 * time.Second
	defaultPatience = 30 * time.Second
)

// Fusion with a constant of one's own and metadata of collections came with this version. See "Hybrid Queries" and "Collections" at qdrant.tech/documentation.
const oldestMajor, oldestMinor = 1, 16

// Server is a connection to a Qdrant server. It is safe for concurrent use.
type Server struct {
	options Options
	client  *client.Client
}

// Open connects, and checks that the server answers, takes the key, and is new enough.
func Open(ctx context.Context, options Options) (*Server, error) {
	options = options.withDefaults()
	if !plainName.MatchString(options.Prefix) {
		return nil, fmt.Errorf("the prefix %q of Qdrant's collections must be small letters, digits and -, 40 at most", options.Prefix)
	}
	s := &Server{options: options}
	if err := s.connect(); err != nil {
		return nil, err
	}
	if err := s.check(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.Prefix == "" {
		o.Prefix = defaultPrefix
	}
	if o.Batch <= 0 {
		o.Batch = defaultBatch
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Patience <= 0 {
		o.Patience = defaultPatience
	}
	return o
}

// check asks twice, since the server tells its version to everybody.
func (s *Server) check(ctx context.Context) error {
	reply, err := s.client.HealthCheck(ctx)
	if err != nil {
		return s.explain("connecting", err)
	}
	if !newEnough(reply.GetVersion()) {
		return fmt.Errorf("the Qdrant server at %s is version %s: update it to %d.%d or later", s.options.Address, reply.GetVersion(), oldestMajor, oldestMinor)
	}
	return s.ping(ctx)
}

func (s *Server) ping(ctx context.Context) error {
	_, err := s.client.CollectionExists(ctx, s.options.Prefix)
	return s.explain("asking for its collections", err)
}

// newEnough reads a version such as 1.18.3 or 1.19.0-dev. One that it cannot read is taken: a server that is built by hand may be called anything.
func newEnough(version string) bool {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	x, wrong := strconv.Atoi(major)
	y, alsoWrong := strconv.Atoi(minor)
	if wrong != nil || alsoWrong != nil {
		return true
	}
	return x > oldestMajor || x == oldestMajor && y >= oldestMinor
}

// Close ends the connection, for all tenants.
func (s *Server) Close() error { return s.client.Close() }

// Tenant is the store of one tenant, which may have any name. Closing it does not close the connection, which all tenants share.
func (s *Server) Tenant(name string) knowledge.Store {
	return &store{server: s, tenant: name, live: s.options.Prefix + "." + nameOf(name)}
}

var plainName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// nameOf is a tenant's part of names of collections: the tenant's own where it is plain, and else a hash, behind a _ that no plain one has. Neither has a dot, so that no
// tenant's names begin with another's.
func nameOf(tenant string) string {
	if plainName.MatchString(tenant) {
		return tenant
	}
	sum := sha256.Sum256([]byte(tenant))
	return "_" + hex.EncodeToString(sum[:16])
}
