package index

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
	"time"

	client "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/qdrant"
	"bestbox/internal/knowledge/qdrant/qdranttest"
)

// Sent is how chunks went to a server that keeps nothing. The time is that of both ends, and so is the memory: both are of this process.
type Sent struct {
	Chunks    int     `json:"chunks"`
	Dimension int     `json:"dimension"`
	Cores     int     `json:"cores"`
	PerSecond float64 `json:"chunks_per_second"`
	Requests  int     `json:"requests"`
	MiB       float64 `json:"mib"`
	// Largest is the largest request, in MiB; gRPC's usual limit is 4.
	Largest float64 `json:"largest_request_mib"`
	// Tenths is the memory of the process after about each tenth of the chunks.
	Tenths []Held `json:"memory_after_each_tenth"`
}

// Held is the memory after so many chunks.
type Held struct {
	Chunks int     `json:"chunks"`
	MiB    float64 `json:"mib"`
}

// send adds all chunks through the client.
func (m *measurement) send(ctx context.Context) (sent Sent, err error) {
	sink := &sink{}
	server := &qdranttest.Fake{Engine: sink, Forgetful: true}
	if err := server.Listen(); err != nil {
		return sent, err
	}
	defer server.Stop()
	opened, err := qdrant.Open(ctx, qdrant.Options{Address: server.Address(), Prefix: prefix, Timeout: time.Minute})
	if err != nil {
		return sent, err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	index, err := opened.Tenant(tenant).Create(ctx, knowledge.Model{Name: "made-up", Dimension: m.dimension})
	if err != nil {
		return sent, err
	}
	sent = Sent{Chunks: m.chunks, Dimension: m.dimension, Cores: runtime.GOMAXPROCS(0)}
	took, err := m.add(ctx, index, func(chunks int) error {
		if chunks*10/m.chunks <= len(sent.Tenths) {
			return nil
		}
		now, err := memory()
		sent.Tenths = append(sent.Tenths, Held{chunks, now})
		return err
	})
	if err != nil {
		return sent, err
	}
	if sink.points != m.chunks/m.batch*m.batch {
		return sent, fmt.Errorf("%d chunks arrived of %d", sink.points, m.chunks)
	}
	sent.PerSecond, sent.Requests = float64(sink.points)/took.Seconds(), sink.requests
	sent.MiB, sent.Largest = float64(sink.bytes)/mebi, float64(sink.largest)/mebi
	return sent, nil
}

func (s Sent) report(out io.Writer) error {
	fmt.Fprintf(out, "%d chunks of %d numbers on %d cores: %.0f sent in a second, %.0f MiB in %d requests of at most %.1f MiB\n",
		s.Chunks, s.Dimension, s.Cores, s.PerSecond, s.MiB, s.Requests, s.Largest)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "chunks sent\tMiB in memory\t")
	for _, held := range s.Tenths {
		fmt.Fprintf(table, "%d\t%.0f\t\n", held.Chunks, held.MiB)
	}
	return table.Flush()
}

// sink is an engine that keeps nothing.
type sink struct{ points, requests, bytes, largest int }

// Answer implements qdranttest.Engine, which asks one at a time.
func (s *sink) Answer(_ *client.CreateCollection, _ string, request proto.Message) (proto.Message, error) {
	if added, isUpsert := request.(*client.UpsertPoints); isUpsert {
		size := proto.Size(added)
		s.points, s.requests, s.bytes, s.largest = s.points+len(added.GetPoints()), s.requests+1, s.bytes+size, max(s.largest, size)
	}
	return &client.PointsOperationResponse{Result: &client.UpdateResult{Status: client.UpdateStatus_Completed}}, nil
}

// Drop implements qdranttest.Engine.
func (s *sink) Drop(string) error { return nil }
