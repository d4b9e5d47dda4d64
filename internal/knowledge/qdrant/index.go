package qdrant

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	client "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"

	"bestbox/internal/knowledge"
)

// page is how many points are read with one request: whole ones are a few KB each, of others only their names are read.
const (
	page      = 200
	namesPage = 5000
)

// maxBatchSize is of the points of one request, in bytes: what stands between may take no more than the 4 MB that are usual in gRPC.
const maxBatchSize = 3 << 20

// index is a collection. It is asked by its own name and not by the alias, so that it is the same one from beginning to end.
type index struct {
	store      *store
	collection string
	model      knowledge.Model
}

func (x *index) Model() knowledge.Model { return x.model }

func (x *index) Add(ctx context.Context, points []knowledge.Point) error {
	for i := range points {
		if len(points[i].Dense) != x.model.Dimension {
			return fmt.Errorf("chunk %d of %q has an embedding of %d numbers, but the index was made for %d of the model %q: index the documents again with one model",
				points[i].Position, points[i].Document, len(points[i].Dense), x.model.Dimension, x.model.Name)
		}
	}
	var batch []*client.PointStruct
	size := 0
	for i := range points {
		point := x.point(&points[i])
		adds := proto.Size(point)
		if len(batch) == x.store.server.options.Batch || len(batch) > 0 && size+adds > maxBatchSize {
			if err := x.upsert(ctx, batch); err != nil {
				return err
			}
			batch, size = nil, 0
		}
		batch, size = append(batch, point), size+adds
	}
	if len(batch) == 0 {
		return nil
	}
	return x.upsert(ctx, batch)
}

func (x *index) upsert(ctx context.Context, batch []*client.PointStruct) error {
	result, err := x.store.server.client.Upsert(ctx, &client.UpsertPoints{CollectionName: x.collection, Wait: new(true), Points: batch})
	return x.done("adding points to", result, err)
}

func (x *index) Keep(ctx context.Context, document, version string) error {
	filter := x.all(client.NewMatchKeyword(fieldDocument, document))
	if version != "" {
		filter.MustNot = []*client.Condition{client.NewMatchKeyword(fieldVersion, version)}
	}
	result, err := x.store.server.client.Delete(ctx, &client.DeletePoints{
		CollectionName: x.collection, Wait: new(true), Points: client.NewPointsSelectorFilter(filter),
	})
	return x.done("removing points of", result, err)
}

// done checks that what was asked has happened, and not only been written down to happen: a server that takes too long may say that.
func (x *index) done(doing string, result *client.UpdateResult, err error) error {
	if err != nil {
		return x.failed(doing, err)
	}
	if state := result.GetStatus(); state != client.UpdateStatus_Completed {
		return fmt.Errorf("qdrant at %s: %s %s: it has not finished in time (%s); see how busy it is, then try again", x.store.server.options.Address, doing, x.collection, state)
	}
	return nil
}

// all is a filter that the tenant's points pass which meet the conditions. Every request has it.
func (x *index) all(conditions ...*client.Condition) *client.Filter {
	return &client.Filter{Must: append([]*client.Condition{client.NewMatchKeyword(fieldTenant, x.store.tenant)}, conditions...)}
}

// failed explains what went wrong with this collection.
func (x *index) failed(doing string, err error) error {
	return x.store.server.explain(doing+" "+x.collection, err)
}

func (x *index) Count(ctx context.Context) (int, error) { return x.count(ctx, true) }

// count asks for the number of points; one that need not be exact is estimated from the payload index, without reading points.
func (x *index) count(ctx context.Context, exact bool) (int, error) {
	count, err := x.store.server.client.Count(ctx, &client.CountPoints{CollectionName: x.collection, Filter: x.all(), Exact: &exact})
	return int(count), x.failed("counting the points of", err) //nolint:gosec // no server holds so many
}

func (x *index) Chunks(ctx context.Context, document, version string) ([]knowledge.Chunk, error) {
	var chunks []knowledge.Chunk
	filter := x.all(client.NewMatchKeyword(fieldDocument, document), client.NewMatchKeyword(fieldVersion, version))
	err := x.scroll(ctx, filter, page, client.NewWithPayload(true), func(payload map[string]*client.Value) {
		chunks = append(chunks, chunkOf(payload))
	})
	slices.SortFunc(chunks, func(a, b knowledge.Chunk) int { return cmp.Compare(a.Position, b.Position) })
	return chunks, x.failed("reading chunks of", err)
}

// Versions reads two fields of each point. Qdrant can count the values of one field by itself (facets), but not of two together.
func (x *index) Versions(ctx context.Context) (map[string][]string, error) {
	versions := map[string][]string{}
	err := x.scroll(ctx, x.all(), namesPage, client.NewWithPayloadInclude(fieldDocument, fieldVersion), func(payload map[string]*client.Value) {
		document, version := payload[fieldDocument].GetStringValue(), payload[fieldVersion].GetStringValue()
		if !slices.Contains(versions[document], version) {
			versions[document] = append(versions[document], version)
		}
	})
	return versions, x.failed("listing the versions in", err)
}

// scroll goes through points page by page, in the order of their ids.
func (x *index) scroll(ctx context.Context, filter *client.Filter, limit uint32, fields *client.WithPayloadSelector, each func(payload map[string]*client.Value)) error {
	var from *client.PointId
	for {
		points, next, err := x.store.server.client.ScrollAndOffset(ctx, &client.ScrollPoints{
			CollectionName: x.collection, Filter: filter, Limit: new(limit), Offset: from, WithPayload: fields,
		})
		if err != nil {
			return err
		}
		for _, point := range points {
			each(point.GetPayload())
		}
		if next == nil {
			return nil
		}
		from = next
	}
}
