package qdrant

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	client "github.com/qdrant/go-client/qdrant"

	"bestbox/internal/knowledge"
)

// store is a tenant's. It holds nothing but names: what there is stands in the server alone, where other processes change it.
type store struct {
	server *Server
	tenant string
	// live is the alias of the live index, and with a dot what the names of all the tenant's collections begin with.
	live string
}

func (s *store) next() string { return s.live + ".next" }

// Keys of a collection's metadata.
const (
	metaTenant    = "bestbox_tenant"
	metaModel     = "bestbox_model"
	metaDimension = "bestbox_dimension"
)

// attemptsAtLive is how often Live looks again where the index has been switched between its two requests.
const attemptsAtLive = 5

func (s *store) Live(ctx context.Context) (knowledge.Index, error) {
	var last error
	for range attemptsAtLive {
		aliases, err := s.aliases(ctx)
		if err != nil {
			return nil, err
		}
		collection := aliases[s.live]
		if collection == "" {
			return nil, knowledge.ErrNoIndex
		}
		model, err := s.model(ctx, collection)
		if err == nil {
			return &index{store: s, collection: collection, model: model}, nil
		}
		if last = err; !isGone(err) {
			break
		}
	}
	return nil, last
}

// model is what a collection was made with.
func (s *store) model(ctx context.Context, collection string) (knowledge.Model, error) {
	info, err := s.server.client.GetCollectionInfo(ctx, collection)
	if err != nil {
		return knowledge.Model{}, s.server.explain("looking at "+collection, err)
	}
	meta, parameters := info.GetConfig().GetMetadata(), info.GetConfig().GetParams()
	model := knowledge.Model{Name: meta[metaModel].GetStringValue(), Dimension: int(meta[metaDimension].GetIntegerValue())}
	switch size := parameters.GetVectorsConfig().GetParamsMap().GetMap()[denseVector].GetSize(); {
	case meta[metaTenant] == nil || meta[metaTenant].GetStringValue() != s.tenant:
		return knowledge.Model{}, fmt.Errorf("the alias %s leads to the collection %s, which is not of this tenant: point it at one that is, or remove it and index the documents again",
			s.live, collection)
	case size != uint64(model.Dimension) || parameters.GetSparseVectorsConfig().GetMap()[wordsVector].GetModifier() != client.Modifier_Idf: //nolint:gosec // Create has written it
		return knowledge.Model{}, fmt.Errorf("the vectors of the collection %s were changed by another program: index the documents again", collection)
	}
	return model, nil
}

func (s *store) Create(ctx context.Context, model knowledge.Model) (knowledge.Index, error) {
	if (model.Dimension == 0) != (model.Name == "") || model.Dimension < 0 {
		return nil, fmt.Errorf("an index cannot be made for the embedding model %q with %d numbers: name both or none", model.Name, model.Dimension)
	}
	if err := s.clear(ctx); err != nil {
		return nil, err
	}
	collection := s.live + "." + strings.ToLower(rand.Text()[:16])
	doing := "making " + collection
	if err := s.begin(ctx, collection, model); err != nil {
		return nil, s.server.explain(doing, err)
	}
	if err := s.server.client.CreateAlias(ctx, s.next(), collection); err != nil {
		return nil, s.server.explain(doing, err)
	}
	return &index{store: s, collection: collection, model: model}, nil
}

// clear removes what was begun, and what a crash has left. From its first request on nothing that is not live can become so.
func (s *store) clear(ctx context.Context) error {
	if err := s.server.client.DeleteAlias(ctx, s.next()); err != nil {
		return s.server.explain("removing the alias "+s.next(), err)
	}
	return s.removeOthers(ctx)
}

// removeOthers removes the tenant's collections that no alias leads to.
func (s *store) removeOthers(ctx context.Context) error {
	// The collections first: one that is begun in between is not among them.
	collections, err := s.server.client.ListCollections(ctx)
	if err != nil {
		return s.server.explain("listing collections", err)
	}
	aliases, err := s.aliases(ctx)
	if err != nil {
		return err
	}
	for _, collection := range collections {
		if !strings.HasPrefix(collection, s.live+".") || collection == aliases[s.live] || collection == aliases[s.next()] {
			continue
		}
		// Asked by itself, since the client makes an error of a collection that is gone already.
		if _, err := s.server.client.GetCollectionsClient().Delete(ctx, &client.DeleteCollection{CollectionName: collection}); err != nil && !isGone(err) {
			return s.server.explain("removing "+collection, err)
		}
	}
	return nil
}

func (s *store) begin(ctx context.Context, collection string, model knowledge.Model) error {
	options := s.server.options
	request := &client.CreateCollection{
		CollectionName: collection,
		VectorsConfig:  client.NewVectorsConfigMap(map[string]*client.VectorParams{}),
		SparseVectorsConfig: client.NewSparseVectorsConfig(map[string]*client.SparseVectorParams{wordsVector: {
			Modifier: client.PtrOf(client.Modifier_Idf), Index: &client.SparseIndexConfig{OnDisk: client.PtrOf(options.OnDisk)},
		}}),
		OnDiskPayload: client.PtrOf(true), // the texts are read for a few hits only
		Metadata: client.NewValueMap(map[string]any{
			metaTenant: s.tenant, metaModel: model.Name, metaDimension: model.Dimension,
		}),
	}
	if model.Dimension > 0 {
		request.VectorsConfig.GetParamsMap().Map[denseVector] = &client.VectorParams{
			Size: uint64(model.Dimension), Distance: client.Distance_Cosine, OnDisk: client.PtrOf(options.OnDisk),
		}
	}
	if options.Shards > 0 {
		request.ShardNumber = client.PtrOf(uint32(options.Shards)) //nolint:gosec // a setting of a few
	}
	if options.Replicas > 0 {
		request.ReplicationFactor = client.PtrOf(uint32(options.Replicas)) //nolint:gosec // a setting of a few
	}
	// Where it exists, an attempt before has made it and its answer was lost: nobody else hits on the name.
	if err := s.server.client.CreateCollection(ctx, request); err != nil && !isThere(err) {
		return err
	}
	for _, field := range []string{fieldTenant, fieldDomain, fieldDocument, fieldVersion} {
		if _, err := s.server.client.CreateFieldIndex(ctx, &client.CreateFieldIndexCollection{
			CollectionName: collection, Wait: client.PtrOf(true), FieldName: field, FieldType: client.FieldType_FieldTypeKeyword.Enum(),
			FieldIndexParams: client.NewPayloadIndexParamsKeyword(&client.KeywordIndexParams{IsTenant: client.PtrOf(field == fieldTenant)}),
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
			// It may be that an attempt before has renamed it and its answer was lost.
			if after, again := s.aliases(ctx); again != nil || after[s.live] != begun {
				return s.server.explain("switching to "+begun, err)
			}
		}
	}
	return s.removeOthers(ctx)
}

// aliases are the tenant's, with the collections that they lead to.
func (s *store) aliases(ctx context.Context) (map[string]string, error) {
	all, err := s.server.client.ListAliases(ctx)
	if err != nil {
		return nil, s.server.explain("listing aliases", err)
	}
	own := map[string]string{}
	for _, alias := range all {
		if name := alias.GetAliasName(); name == s.live || name == s.next() {
			own[name] = alias.GetCollectionName()
		}
	}
	return own, nil
}

// Ping asks once: whoever asks wants to know how it is now.
func (s *store) Ping(ctx context.Context) error { return s.server.ping(once(ctx)) }

func (s *store) Close() error { return nil }
