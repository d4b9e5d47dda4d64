package qdrant

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	client "github.com/qdrant/go-client/qdrant"

	"bestbox/internal/knowledge"
)

// fusionK is FusionK as Qdrant counts: the first hit of an arm has rank 0 there.
const fusionK = knowledge.FusionK + 1

// Search asks for both arms and their fusion with one request. The server fuses what it finds by itself, so that each arm is searched twice there; its answer is then of one
// moment, and whoever asks another server of a cluster for the same gets the same.
func (x *index) Search(ctx context.Context, query knowledge.Query) (knowledge.Hits, error) {
	hits := knowledge.Hits{}
	if query.Limit <= 0 {
		return hits, nil
	}
	if query.Dense != nil && len(query.Dense) != x.model.Dimension {
		return hits, fmt.Errorf("the question has an embedding of %d numbers, but the index was made for %d of the model %q: ask with the same model, or index the documents again",
			len(query.Dense), x.model.Dimension, x.model.Name)
	}
	arms, found := x.arms(query), []*[]knowledge.Hit{}
	if len(query.Terms) > 0 {
		found = append(found, &hits.Words)
	}
	if query.Dense != nil {
		found = append(found, &hits.Dense)
	}
	switch len(arms) {
	case 0:
		return hits, nil
	case 2:
		arms, found = append(arms, x.fusion(arms, query.Limit)), append(found, &hits.Fused)
	}
	for _, arm := range arms {
		arm.CollectionName = x.collection
	}
	results, err := x.store.server.client.QueryBatch(ctx, &client.QueryBatchPoints{CollectionName: x.collection, QueryPoints: arms})
	if err == nil && len(results) != len(arms) {
		err = fmt.Errorf("%d questions have %d answers", len(arms), len(results))
	}
	if err != nil {
		return hits, x.failed("searching", err)
	}
	for i, result := range results {
		*found[i] = hitsOf(result.GetResult())
	}
	if hits.Chunks, err = x.count(ctx, false); err != nil {
		return hits, err
	}
	if len(arms) == 1 {
		hits.Fused = fuseOne(*found[0])
	}
	return hits, nil
}

// arms are the questions for the words and for the meaning, as far as the query has them.
func (x *index) arms(query knowledge.Query) []*client.QueryPoints {
	filter := x.all()
	if !query.AllDomains {
		filter = x.all(client.NewMatchKeywords(fieldDomain, query.Domain, "")) // the documents of every agent have the empty domain
	}
	var arms []*client.QueryPoints
	ask := func(vector string, what *client.Query) {
		arms = append(arms, &client.QueryPoints{
			Query: what, Using: new(vector), Filter: filter, Limit: new(uint64(query.Limit)), WithPayload: client.NewWithPayload(true), //nolint:gosec // above 0
		})
	}
	if len(query.Terms) > 0 {
		ask(wordsVector, client.NewQuerySparse(queryWeights(query.Terms)))
	}
	if query.Dense != nil {
		ask(denseVector, client.NewQueryDense(query.Dense))
	}
	return arms
}

// fusion is the question for both arms together.
func (x *index) fusion(arms []*client.QueryPoints, limit int) *client.QueryPoints {
	fused := &client.QueryPoints{
		Query: client.NewQueryRRF(&client.Rrf{K: new(uint32(fusionK))}), Filter: x.all(), Limit: new(uint64(limit)), WithPayload: client.NewWithPayload(true), //nolint:gosec // above 0
	}
	for _, arm := range arms {
		fused.Prefetch = append(fused.Prefetch, &client.PrefetchQuery{
			Query: arm.Query, Using: arm.Using, Filter: arm.Filter, Limit: new(uint64(max(limit, knowledge.Candidates))),
		})
	}
	return fused
}

// fuseOne is the fusion of an arm with nothing.
func fuseOne(arm []knowledge.Hit) []knowledge.Hit {
	fused := slices.Clone(arm)
	for i := range fused {
		fused[i].Score = 1 / float64(knowledge.FusionK+fused[i].Rank)
	}
	return fused
}

// hitsOf are a question's answers. Qdrant leaves the order of equal scores open; here it is that of the documents, so that the same question has the same answer.
func hitsOf(points []*client.ScoredPoint) []knowledge.Hit {
	hits := make([]knowledge.Hit, len(points))
	for i, point := range points {
		payload := point.GetPayload()
		hits[i] = knowledge.Hit{Chunk: chunkOf(payload), Version: payload[fieldVersion].GetStringValue(), Score: float64(point.GetScore())}
	}
	slices.SortStableFunc(hits, func(a, b knowledge.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Document, b.Document), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Position, b.Position))
	})
	for i := range hits {
		hits[i].Rank = i + 1
	}
	return hits
}
