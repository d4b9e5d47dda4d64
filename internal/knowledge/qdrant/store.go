package qdrant

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	client "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"bestbox/internal/knowledge"
)

// store is a tenant's. It holds nothing but names: what there is stands in the server alone, where other processes change it.
type store struct {
	server *Server
	tenant string
	// live is the alias of the live index, and with a dot what the names of all the tenant's collections begin with.
	live string
}

// next is the alias of the index that is being made, and dropped begins those of indexes that nobody wants any more.
func (s *store) next() string    { return s.live + ".next" }
func (s *store) dropped() string { return s.live + ".dropped-" }

// grace is how old a collection without an alias must be before others remove it. Qdrant cannot make both in one step, so that a younger one may be about to get its alias;
// that takes seconds.
const grace = 10 * time.Minute

// madeLayout is how the names of collections tell when they were made, which needs no request.
const madeLayout = "20060102t150405"

func (s *store) newName(made time.Time) string {
	return s.live + "." + made.UTC().Format(madeLayout) + "-" + strings.ToLower(rand.Text()[:16])
}

// made tells when a collection of the tenant's was made. One that was named otherwise is somebody else's.
func (s *store) made(collection string) (made time.Time, own bool) {
	name, own := strings.CutPrefix(collection, s.live+".")
	when, _, _ := strings.Cut(name, "-")
	made, err := time.Parse(madeLayout, when)
	return made, own && err == nil
}

// Keys of a collection's metadata.
const (
	metaTenant     = "bestbox_tenant"
	metaCollection = "bestbox_collection"
	metaModel      = "bestbox_model"
	metaDimension  = "bestbox_dimension"
)

// Where the alias does not lead to the collection that the metadata name, Live looks so often, with a pause between: after a switch the nodes of a cluster may differ for a
// moment. One that a switch has replaced in between is not named again.
const (
	mostLooks    = 5
	betweenLooks = 50 * time.Millisecond
)

// Live takes the collection's name from its metadata, read through the alias: what ListAliases names, a switch could remove before its metadata are read. Then it checks
// that the alias leads there. It does not where a snapshot was put back under another name: the one in the metadata is of the collection that it was made of, which may be
// gone, or hold what is older.
func (s *store) Live(ctx context.Context) (knowledge.Index, error) {
	before := ""
	for looks := 1; ; looks++ {
		live, err := s.described(ctx, s.live)
		if err != nil {
			return nil, err
		}
		if live.collection != before {
			before, looks = live.collection, 1
		}
		aliases, err := s.server.client.ListCollectionAliases(ctx, live.collection)
		switch {
		case err != nil && !isGone(err):
			return nil, s.server.explain("looking at the aliases of "+live.collection, err)
		case slices.Contains(aliases, s.live):
			return live, nil
		case looks == mostLooks:
			return nil, fmt.Errorf("qdrant at %s: the alias %s leads to a collection that was made from a snapshot of %s, under another name: put the snapshot back as %s and point the "+
				"alias there, or remove the alias and index the documents again", s.server.options.Address, s.live, live.collection, live.collection)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(betweenLooks):
		}
	}
}

// Begun believes the metadata: where they are of another collection than the alias leads to, a snapshot was put back under another name, and whoever looks into that one finds that it is gone.
func (s *store) Begun(ctx context.Context) (knowledge.Index, error) {
	begun, err := s.described(ctx, s.next())
	if err != nil {
		return nil, err
	}
	return begun, nil
}

// described is the index that an alias leads to as its metadata describe it.
func (s *store) described(ctx context.Context, alias string) (*index, error) {
	info, err := s.server.client.GetCollectionInfo(ctx, alias)
	switch {
	case isGone(err):
		return nil, knowledge.ErrNoIndex
	case err != nil:
		return nil, s.server.explain("looking at "+alias, err)
	}
	meta, parameters := info.GetConfig().GetMetadata(), info.GetConfig().GetParams()
	live := &index{store: s, collection: meta[metaCollection].GetStringValue(), model: knowledge.Model{
		Name: meta[metaModel].GetStringValue(), Dimension: int(meta[metaDimension].GetIntegerValue()),
	}}
	switch size := parameters.GetVectorsConfig().GetParamsMap().GetMap()[denseVector].GetSize(); {
	case meta[metaTenant] == nil || meta[metaTenant].GetStringValue() != s.tenant || !strings.HasPrefix(live.collection, s.live+"."):
		return nil, fmt.Errorf("qdrant at %s: the alias %s leads to a collection that is not of this tenant: point it at one that is, or remove it and index the documents again",
			s.server.options.Address, alias)
	case size != uint64(live.model.Dimension) || parameters.GetSparseVectorsConfig().GetMap()[wordsVector].GetModifier() != client.Modifier_Idf: //nolint:gosec // Create has written it
		return nil, fmt.Errorf("qdrant at %s: the vectors of the collection %s were changed by another program: index the documents again", s.server.options.Address, live.collection)
	}
	return live, nil
}

func (s *store) Create(ctx context.Context, model knowledge.Model) (knowledge.Index, error) {
	if (model.Dimension == 0) != (model.Name == "") || model.Dimension < 0 {
		return nil, fmt.Errorf("an index cannot be made for the embedding model %q with %d numbers: name both or none", model.Name, model.Dimension)
	}
	if err := s.dropBegun(ctx); err != nil {
		return nil, err
	}
	started := time.Now()
	collection := s.newName(started)
	doing := "making " + collection
	if err := s.begin(ctx, collection, model); err != nil {
		return nil, s.server.explain(doing, err)
	}
	if took := time.Since(started); took > grace/2 {
		return nil, fmt.Errorf("qdrant at %s: %s: it took %s; another process may remove it by now, so begin again", s.server.options.Address, doing, took)
	}
	if err := s.server.client.CreateAlias(ctx, s.next(), collection); err != nil {
		return nil, s.server.explain(doing, err)
	}
	return &index{store: s, collection: collection, model: model}, nil
}

// dropBegun takes away the alias of what was begun, by giving it another name: so nobody can switch to it any more, and it is known which collection that was. Looking first
// and removing then could hit one that has become live in between.
func (s *store) dropBegun(ctx context.Context) error {
	if err := s.server.client.RenameAlias(ctx, s.next(), s.dropped()+rand.Text()); err != nil && !isGone(err) {
		return s.server.explain("dropping what was begun", err)
	}
	return s.clean(ctx)
}

// clean removes the collections that were dropped, and those that a crash has left: no alias leads to them, and they are old enough that nobody is about to make one.
func (s *store) clean(ctx context.Context) error {
	collections, err := s.server.client.ListCollections(ctx) // first: which of them have no alias is true for those only that were there before
	if err != nil {
		return s.server.explain("listing collections", err)
	}
	aliases, err := s.aliases(ctx)
	if err != nil {
		return err
	}
	led := map[string]bool{}
	for alias, collection := range aliases {
		led[collection] = true
		if strings.HasPrefix(alias, s.dropped()) {
			if err := s.remove(ctx, collection); err != nil {
				return err
			}
		}
	}
	for _, collection := range collections {
		if made, own := s.made(collection); own && !led[collection] && time.Since(made) > s.server.grace {
			if err := s.remove(ctx, collection); err != nil {
				return err
			}
		}
	}
	return nil
}

// remove asks by itself, since the client makes an error of a collection that is gone already.
func (s *store) remove(ctx context.Context, collection string) error {
	_, err := s.server.client.GetCollectionsClient().Delete(ctx, &client.DeleteCollection{CollectionName: collection})
	if err != nil && !isGone(err) {
		return s.server.explain("removing "+collection, err)
	}
	return nil
}

func (s *store) begin(ctx context.Context, collection string, model knowledge.Model) error {
	options := s.server.options
	request := &client.CreateCollection{
		CollectionName: collection,
		VectorsConfig:  client.NewVectorsConfigMap(map[string]*client.VectorParams{}),
		SparseVectorsConfig: client.NewSparseVectorsConfig(map[string]*client.SparseVectorParams{wordsVector: {
			Modifier: client.PtrOf(client.Modifier_Idf), Index: &client.SparseIndexConfig{OnDisk: new(options.OnDisk)},
		}}),
		OnDiskPayload: new(true), // the texts are read for a few hits only
		Metadata: client.NewValueMap(map[string]any{
			metaTenant: s.tenant, metaCollection: collection, metaModel: model.Name, metaDimension: model.Dimension,
		}),
	}
	if model.Dimension > 0 {
		request.VectorsConfig.GetParamsMap().Map[denseVector] = &client.VectorParams{
			Size: uint64(model.Dimension), Distance: client.Distance_Cosine, OnDisk: new(options.OnDisk),
		}
	}
	if options.Shards > 0 {
		request.ShardNumber = new(uint32(options.Shards)) //nolint:gosec // a setting of a few
	}
	if options.Replicas > 0 {
		request.ReplicationFactor = new(uint32(options.Replicas)) //nolint:gosec // a setting of a few
	}
	// Where it exists, an attempt before has made it and its answer was lost: nobody else hits on the name.
	if err := s.server.client.CreateCollection(ctx, request); err != nil && !isThere(err) {
		return err
	}
	for _, field := range []string{fieldTenant, fieldDomain, fieldDocument, fieldVersion} {
		if _, err := s.server.client.CreateFieldIndex(ctx, &client.CreateFieldIndexCollection{
			CollectionName: collection, Wait: new(true), FieldName: field, FieldType: client.FieldType_FieldTypeKeyword.Enum(),
			FieldIndexParams: client.NewPayloadIndexParamsKeyword(&client.KeywordIndexParams{IsTenant: new(field == fieldTenant)}),
		}); err != nil {
			return err
		}
	}
	return nil
}

func (s *store) Switch(ctx context.Context) error {
	before, err := s.aliases(ctx)
	if err != nil {
		return err
	}
	if begun := before[s.next()]; begun != "" {
		if err := s.server.client.RenameAlias(ctx, s.next(), s.live); err != nil {
			// It may be that an attempt before has renamed it and its answer was lost. Where the server says that it has failed inside, it may have renamed it in memory and not on disk.
			if after, again := s.aliases(ctx); again != nil || after[s.live] != begun || status.Code(err) == codes.Internal {
				return s.server.explain("switching to "+begun, err)
			}
		}
		if replaced := before[s.live]; replaced != "" { // an alias never comes back to it
			_ = s.remove(ctx, replaced)
		}
	}
	// It is switched to: whoever heard of an error now would make it once more. What no alias leads to is removed by the next Create or Switch.
	_ = s.clean(ctx)
	return nil
}

// aliases are the tenant's, with the collections that they lead to.
func (s *store) aliases(ctx context.Context) (map[string]string, error) {
	all, err := s.server.client.ListAliases(ctx)
	if err != nil {
		return nil, s.server.explain("listing aliases", err)
	}
	own := map[string]string{}
	for _, alias := range all {
		if name := alias.GetAliasName(); name == s.live || strings.HasPrefix(name, s.live+".") {
			own[name] = alias.GetCollectionName()
		}
	}
	return own, nil
}

// Ping asks once: whoever asks wants to know how it is now.
func (s *store) Ping(ctx context.Context) error { return s.server.ping(Once(ctx)) }

func (s *store) Close() error { return nil }
