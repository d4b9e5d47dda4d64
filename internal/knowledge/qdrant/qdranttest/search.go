package qdranttest

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"

	client "github.com/qdrant/go-client/qdrant"
)

type scored struct {
	*point
	score float32
}

// QueryBatch answers several questions: "Hybrid Queries" and "Search".
func (f points) QueryBatch(_ context.Context, request *client.QueryBatchPoints) (*client.QueryBatchResponse, error) {
	reply := &client.QueryBatchResponse{}
	for _, query := range request.GetQueryPoints() {
		in, err := f.named(query.GetCollectionName())
		if err != nil {
			return nil, err
		}
		found, err := in.query(query)
		if err != nil {
			return nil, err
		}
		result := &client.BatchResult{}
		for _, s := range found {
			result.Result = append(result.Result, &client.ScoredPoint{Id: s.id, Score: s.score, Payload: s.shown(query.GetWithPayload())})
		}
		reply.Result = append(reply.Result, result)
	}
	return reply, nil
}

func (c *collection) query(query *client.QueryPoints) ([]scored, error) {
	if fusion := query.GetQuery().GetRrf(); fusion != nil {
		var arms [][]scored
		for _, arm := range query.GetPrefetch() {
			found, err := c.nearest(arm.GetQuery(), arm.GetUsing(), arm.GetFilter(), arm.GetLimit())
			if err != nil {
				return nil, err
			}
			arms = append(arms, found)
		}
		return best(fuse(arms, fusion.GetK()), query.GetLimit()), nil
	}
	return c.nearest(query.GetQuery(), query.GetUsing(), query.GetFilter(), query.GetLimit())
}

// fuse is lib/segment/src/common/reciprocal_rank_fusion.rs: the first of an arm has position 0.
func fuse(arms [][]scored, k uint32) []scored {
	sums := map[*point]float32{}
	for _, arm := range arms {
		for position, s := range arm {
			sums[s.point] += 1 / (float32(position) + float32(k))
		}
	}
	var fused []scored
	for p, sum := range sums {
		fused = append(fused, scored{p, sum})
	}
	return fused
}

func (c *collection) nearest(query *client.Query, using string, filter *client.Filter, limit uint64) ([]scored, error) {
	if words := query.GetNearest().GetSparse(); words != nil {
		if c.made.GetSparseVectorsConfig().GetMap()[using] == nil {
			return nil, noVector(using)
		}
		return best(c.words(words, using, filter), limit), nil
	}
	asked := query.GetNearest().GetDense().GetData()
	if err := c.checkDense(using, asked); err != nil {
		return nil, err
	}
	asked = normalized(asked)
	var found []scored
	for _, p := range c.passing(filter) {
		if data := p.dense[using]; data != nil {
			var sum float32
			for i, x := range data {
				sum += x * asked[i]
			}
			found = append(found, scored{p, sum})
		}
	}
	return best(found, limit), nil
}

// words scores by the dot product with the points that share a dimension, each weight of the question times IDF: "Indexing", sections "Sparse Vector Index" and
// "IDF Modifier". Points without such a vector do not count; those that the filter leaves out do.
func (c *collection) words(asked *client.SparseVector, using string, filter *client.Filter) []scored {
	weights, holders, all := map[uint32]float32{}, map[uint32]int{}, 0
	for _, p := range c.points {
		if values, has := p.sparse[using]; has {
			all++
			for at := range values {
				holders[at]++
			}
		}
	}
	for i, at := range asked.GetIndices() {
		n, df := float64(all), float64(holders[at])
		weights[at] = asked.GetValues()[i] * float32(math.Log((n-df+0.5)/(df+0.5)+1))
	}
	var found []scored
	for _, p := range c.passing(filter) {
		var sum float32
		shares := false
		for _, at := range slices.Sorted(maps.Keys(weights)) {
			if value, has := p.sparse[using][at]; has {
				sum, shares = sum+weights[at]*value, true
			}
		}
		if shares {
			found = append(found, scored{p, sum})
		}
	}
	return found
}

// best sorts. Qdrant leaves the order of equal scores open; the fake reverses that of the ids, so that nobody relies on it.
func best(found []scored, limit uint64) []scored {
	slices.SortFunc(found, func(a, b scored) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.id.GetUuid(), a.id.GetUuid()))
	})
	return found[:min(len(found), int(limit))] //nolint:gosec // a limit of a test
}
