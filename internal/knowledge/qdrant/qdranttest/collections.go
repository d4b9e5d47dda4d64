package qdranttest

import (
	"context"
	"maps"
	"slices"

	client "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type collection struct {
	made   *client.CreateCollection
	fields map[string]*client.PayloadSchemaInfo
	points map[string]*point // by id
}

// collections are the requests of "Collections" in the documentation.
type collections struct {
	client.UnimplementedCollectionsServer
	*Fake
}

func did(result bool) (*client.CollectionOperationResponse, error) {
	return &client.CollectionOperationResponse{Result: result}, nil
}

func (f collections) Get(_ context.Context, request *client.GetCollectionInfoRequest) (*client.GetCollectionInfoResponse, error) {
	found, err := f.named(request.GetCollectionName())
	if err != nil {
		return nil, err
	}
	return &client.GetCollectionInfoResponse{Result: &client.CollectionInfo{
		Status: client.CollectionStatus_Green, PayloadSchema: maps.Clone(found.fields), // which is sent when others may add to it
		Config: &client.CollectionConfig{
			Params:   &client.CollectionParams{VectorsConfig: found.made.GetVectorsConfig(), SparseVectorsConfig: found.made.GetSparseVectorsConfig()},
			Metadata: found.made.GetMetadata(), // section "Collection metadata"
		},
	}}, nil
}

func (f collections) List(context.Context, *client.ListCollectionsRequest) (*client.ListCollectionsResponse, error) {
	reply := &client.ListCollectionsResponse{}
	for _, name := range slices.Sorted(maps.Keys(f.collections)) {
		reply.Collections = append(reply.Collections, &client.CollectionDescription{Name: name})
	}
	return reply, nil
}

func (f collections) CollectionExists(_ context.Context, request *client.CollectionExistsRequest) (*client.CollectionExistsResponse, error) {
	_, err := f.named(request.GetCollectionName())
	return &client.CollectionExistsResponse{Result: &client.CollectionExists{Exists: err == nil}}, nil
}

func (f collections) Create(_ context.Context, request *client.CreateCollection) (*client.CollectionOperationResponse, error) {
	name := request.GetCollectionName()
	if _, taken := f.aliases[name]; taken || f.collections[name] != nil {
		return nil, status.Errorf(codes.AlreadyExists, "Collection `%s` already exists!", name)
	}
	f.collections[name] = &collection{made: request, fields: map[string]*client.PayloadSchemaInfo{}, points: map[string]*point{}}
	return did(true)
}

// Delete takes its aliases along, and says false of one that is not there: lib/storage/src/content_manager/toc/collection_meta_ops.rs.
func (f collections) Delete(_ context.Context, request *client.DeleteCollection) (*client.CollectionOperationResponse, error) {
	name := request.GetCollectionName()
	found := f.collections[name] != nil
	if f.Engine != nil && found {
		if err := f.Engine.Drop(name); err != nil {
			return nil, err
		}
	}
	delete(f.collections, name)
	maps.DeleteFunc(f.aliases, func(_, of string) bool { return of == name })
	return did(found)
}

// UpdateAliases follows section "Collection aliases" and lib/storage/src/content_manager/alias_mapping.rs: a rename puts itself in the place of an alias of that name, and
// an alias may be deleted that is not there.
func (f collections) UpdateAliases(_ context.Context, request *client.ChangeAliases) (*client.CollectionOperationResponse, error) {
	for _, action := range request.GetActions() {
		switch {
		case action.GetCreateAlias() != nil:
			name, of := action.GetCreateAlias().GetAliasName(), action.GetCreateAlias().GetCollectionName()
			if f.collections[of] == nil {
				return nil, status.Errorf(codes.NotFound, "Not found: Collection `%s` doesn't exist!", of)
			}
			f.aliases[name] = of
		case action.GetRenameAlias() != nil:
			from := action.GetRenameAlias().GetOldAliasName()
			of, found := f.aliases[from]
			if !found {
				return nil, status.Errorf(codes.NotFound, "Not found: Alias %s does not exists!", from)
			}
			delete(f.aliases, from)
			f.aliases[action.GetRenameAlias().GetNewAliasName()] = of
		default:
			delete(f.aliases, action.GetDeleteAlias().GetAliasName())
		}
	}
	return did(true)
}

func (f collections) ListAliases(context.Context, *client.ListAliasesRequest) (*client.ListAliasesResponse, error) {
	reply := &client.ListAliasesResponse{}
	for _, name := range slices.Sorted(maps.Keys(f.aliases)) {
		reply.Aliases = append(reply.Aliases, &client.AliasDescription{AliasName: name, CollectionName: f.aliases[name]})
	}
	return reply, nil
}

// ListCollectionAliases follows lib/storage/src/content_manager/alias_mapping.rs: a collection that is not there has none.
func (f collections) ListCollectionAliases(_ context.Context, request *client.ListCollectionAliasesRequest) (*client.ListAliasesResponse, error) {
	reply := &client.ListAliasesResponse{}
	for _, name := range slices.Sorted(maps.Keys(f.aliases)) {
		if f.aliases[name] == request.GetCollectionName() {
			reply.Aliases = append(reply.Aliases, &client.AliasDescription{AliasName: name, CollectionName: f.aliases[name]})
		}
	}
	return reply, nil
}
