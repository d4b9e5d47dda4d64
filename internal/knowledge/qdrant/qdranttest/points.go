package qdranttest

import (
	"context"
	"maps"
	"math"
	"slices"

	client "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type point struct {
	id      *client.PointId
	payload map[string]*client.Value
	dense   map[string][]float32
	sparse  map[string]map[uint32]float32
}

// points are the requests of "Points", "Payload" and "Filtering" in the documentation.
type points struct {
	client.UnimplementedPointsServer
	*Fake
}

func completed() (*client.PointsOperationResponse, error) {
	return &client.PointsOperationResponse{Result: &client.UpdateResult{Status: client.UpdateStatus_Completed}}, nil
}

// Upsert puts a point in the place of one with the same id: "Points", section "Upload points".
func (f points) Upsert(_ context.Context, request *client.UpsertPoints) (*client.PointsOperationResponse, error) {
	into, err := f.named(request.GetCollectionName())
	if err != nil {
		return nil, err
	}
	added := make([]*point, len(request.GetPoints()))
	for i, given := range request.GetPoints() {
		if added[i], err = into.read(given); err != nil {
			return nil, err
		}
	}
	for _, p := range added {
		into.points[p.id.GetUuid()] = p
	}
	return completed()
}

// read checks a point's vectors against the collection: "Vectors", sections "Named vectors" and "Sparse vectors".
func (c *collection) read(given *client.PointStruct) (*point, error) {
	p := &point{id: given.GetId(), payload: given.GetPayload(), dense: map[string][]float32{}, sparse: map[string]map[uint32]float32{}}
	if given.GetVectors() == nil {
		return nil, status.Error(codes.InvalidArgument, "Expected some vectors")
	}
	for name, vector := range given.GetVectors().GetVectors().GetVectors() {
		if words := vector.GetSparse(); words != nil {
			if c.made.GetSparseVectorsConfig().GetMap()[name] == nil {
				return nil, noVector(name)
			}
			values := map[uint32]float32{}
			for i, at := range words.GetIndices() {
				values[at] = words.GetValues()[i]
			}
			if len(values) != len(words.GetIndices()) || len(values) != len(words.GetValues()) {
				return nil, status.Error(codes.InvalidArgument, "Validation error in body: indices must be unique")
			}
			p.sparse[name] = values
			continue
		}
		data := vector.GetDense().GetData()
		if err := c.checkDense(name, data); err != nil {
			return nil, err
		}
		p.dense[name] = normalized(data) // "Collections": vectors of the metric Cosine are normalized when they are added
	}
	return p, nil
}

func noVector(name string) error {
	return status.Errorf(codes.InvalidArgument, "Wrong input: Not existing vector name error: %s", name)
}

func (c *collection) checkDense(name string, data []float32) error {
	parameters := c.made.GetVectorsConfig().GetParamsMap().GetMap()[name]
	if parameters == nil {
		return noVector(name)
	}
	if parameters.GetSize() != uint64(len(data)) {
		return status.Errorf(codes.InvalidArgument, "Wrong input: Vector dimension error: expected dim: %d, got %d", parameters.GetSize(), len(data))
	}
	return nil
}

func normalized(data []float32) []float32 {
	var square float64
	for _, x := range data {
		square += float64(x) * float64(x)
	}
	if square == 0 {
		return data
	}
	scaled := make([]float32, len(data))
	for i, x := range data {
		scaled[i] = float32(float64(x) / math.Sqrt(square))
	}
	return scaled
}

func (f points) Delete(_ context.Context, request *client.DeletePoints) (*client.PointsOperationResponse, error) {
	from, err := f.named(request.GetCollectionName())
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(from.points, func(_ string, p *point) bool { return p.passes(request.GetPoints().GetFilter()) })
	return completed()
}

func (f points) CreateFieldIndex(_ context.Context, request *client.CreateFieldIndexCollection) (*client.PointsOperationResponse, error) {
	of, err := f.named(request.GetCollectionName())
	if err != nil {
		return nil, err
	}
	of.fields[request.GetFieldName()] = &client.PayloadSchemaInfo{DataType: client.PayloadSchemaType_Keyword, Params: request.GetFieldIndexParams()}
	return completed()
}

func (f points) Count(_ context.Context, request *client.CountPoints) (*client.CountResponse, error) {
	of, err := f.named(request.GetCollectionName())
	if err != nil {
		return nil, err
	}
	return &client.CountResponse{Result: &client.CountResult{Count: uint64(len(of.passing(request.GetFilter())))}}, nil
}

// Scroll goes in the order of ids, from the offset on: "Points", section "Scroll points".
func (f points) Scroll(_ context.Context, request *client.ScrollPoints) (*client.ScrollResponse, error) {
	of, err := f.named(request.GetCollectionName())
	if err != nil {
		return nil, err
	}
	reply := &client.ScrollResponse{}
	for _, p := range of.passing(request.GetFilter()) {
		switch {
		case request.Offset != nil && p.id.GetUuid() < request.GetOffset().GetUuid():
		case len(reply.Result) == int(request.GetLimit()):
			reply.NextPageOffset = p.id
			return reply, nil
		default:
			reply.Result = append(reply.Result, &client.RetrievedPoint{Id: p.id, Payload: p.shown(request.GetWithPayload())})
		}
	}
	return reply, nil
}

// shown is a point's payload as far as it is wanted.
func (p *point) shown(wanted *client.WithPayloadSelector) map[string]*client.Value {
	if wanted.GetEnable() {
		return p.payload
	}
	shown := map[string]*client.Value{}
	for _, field := range wanted.GetInclude().GetFields() {
		shown[field] = p.payload[field]
	}
	return shown
}

// passing are the points that pass a filter, in the order of their ids.
func (c *collection) passing(filter *client.Filter) []*point {
	var passing []*point
	for _, id := range slices.Sorted(maps.Keys(c.points)) {
		if p := c.points[id]; p.passes(filter) {
			passing = append(passing, p)
		}
	}
	return passing
}

// passes follows "Filtering", sections "Must", "Must Not", "Match" and "Match Any".
func (p *point) passes(filter *client.Filter) bool {
	for _, condition := range filter.GetMust() {
		if !p.meets(condition.GetField()) {
			return false
		}
	}
	for _, condition := range filter.GetMustNot() {
		if p.meets(condition.GetField()) {
			return false
		}
	}
	return true
}

func (p *point) meets(condition *client.FieldCondition) bool {
	value, isText := p.payload[condition.GetKey()].GetKind().(*client.Value_StringValue)
	if !isText {
		return false
	}
	if any := condition.GetMatch().GetKeywords(); any != nil {
		return slices.Contains(any.GetStrings(), value.StringValue)
	}
	return value.StringValue == condition.GetMatch().GetKeyword()
}
