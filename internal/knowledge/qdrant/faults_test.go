package qdrant_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	client "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/qdrant"
	"bestbox/internal/knowledge/qdrant/qdranttest"
)

func pemOf(certificate []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
}

var words = knowledge.Model{} // an index that finds by words alone

// chunks are points of a document, each with a word of its own and one that all have.
func chunks(document string, count int) []knowledge.Point {
	points := make([]knowledge.Point, count)
	for i := range points {
		points[i] = knowledge.Point{
			Chunk:   knowledge.Chunk{Document: document, Position: i, Text: fmt.Sprint("chunk ", i)},
			Version: "v1", Terms: map[string]int{"chunk": 1, fmt.Sprint("number", i): 1},
		}
	}
	return points
}

// indexed is a live index of a tenant.
func indexed(t *testing.T, store knowledge.Store, points []knowledge.Point) knowledge.Index {
	t.Helper()
	begun, err := store.Create(t.Context(), words)
	if err == nil {
		err = errors.Join(begun.Add(t.Context(), points), store.Switch(t.Context()))
	}
	if err != nil {
		t.Fatal(err)
	}
	index, err := store.Live(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return index
}

func counts(t *testing.T, index knowledge.Index, want int) {
	t.Helper()
	if got, err := index.Count(t.Context()); err != nil || got != want {
		t.Errorf("%d points, %v; want %d", got, err, want)
	}
}

const upsert = "/qdrant.Points/Upsert"

func TestAddGoesOnAfterTheServerWasRestarted(t *testing.T) {
	t.Parallel()
	fake := started(t)
	index := indexed(t, open(t, fake, qdrant.Options{Batch: 10, Patience: time.Minute}).Tenant("company"), nil)
	var upserts atomic.Int32
	cut := make(chan struct{})
	fake.Before(func(ctx context.Context, method string) error {
		if method == upsert && upserts.Load() == 2 {
			context.AfterFunc(ctx, func() { close(cut) }) // which is that of the third batch
		}
		return nil
	})
	fake.After(func(method string) error {
		if method == upsert && upserts.Add(1) == 3 {
			go func() {
				fake.Stop()
				if err := fake.Listen(); err != nil {
					t.Error(err)
				}
			}()
			<-cut // so its answer goes nowhere, though its points are there
		}
		return nil
	})
	if err := index.Add(t.Context(), chunks("document", 95)); err != nil {
		t.Fatal(err)
	}
	counts(t, index, 95)
	if upserts.Load() < 11 {
		t.Errorf("%d batches: none was repeated", upserts.Load())
	}
}

func TestWhatPassesIsTriedAgain(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]error{
		"away": status.Error(codes.Unavailable, "starting"),
		"busy": status.Error(codes.ResourceExhausted, "too many requests"),
		"slow": status.Error(codes.DeadlineExceeded, "timeout"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := started(t)
			index := indexed(t, open(t, fake, qdrant.Options{}).Tenant("company"), nil)
			left := atomic.Int32{}
			left.Store(3)
			fake.Before(func(context.Context, string) error {
				if left.Add(-1) >= 0 {
					return fault
				}
				return nil
			})
			if err := index.Add(t.Context(), chunks("document", 5)); err != nil {
				t.Error(err)
			}
			counts(t, index, 5)
		})
	}
}

// TestAServerThatLimitsIsGivenItsTime has one that names the seconds to wait, as the strict mode of Qdrant does ("Administration").
func TestAServerThatLimitsIsGivenItsTime(t *testing.T) {
	t.Parallel()
	fake := started(t)
	index := indexed(t, open(t, fake, qdrant.Options{}).Tenant("company"), nil)
	var limited atomic.Bool
	fake.Before(func(ctx context.Context, _ string) error {
		if limited.Swap(true) {
			return nil
		}
		return errors.Join(grpc.SetTrailer(ctx, metadata.Pairs("retry-after", "1")), status.Error(codes.ResourceExhausted, "rate limit"))
	})
	before := time.Now()
	if err := index.Add(t.Context(), chunks("document", 1)); err != nil || time.Since(before) < time.Second {
		t.Errorf("%v after %s", err, time.Since(before))
	}
}

func TestWhatStaysIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault error
		want  string
	}{
		"full disk": {status.Error(codes.Internal, "Service internal error: No space left on device: WAL buffer size exceeds available disk space"), "disk is full"},
		"key":       {status.Error(codes.PermissionDenied, "Forbidden: Global manage access is required"), "refuses the API key"},
		"unknown":   {status.Error(codes.Unimplemented, "unknown method"), "update it to 1.16"},
		"vectors":   {status.Error(codes.InvalidArgument, "Wrong input: Vector dimension error: expected dim: 3, got 4"), "changed by another program"},
		"anything":  {status.Error(codes.Internal, "Service internal error: panicked"), "panicked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := started(t)
			index := indexed(t, open(t, fake, qdrant.Options{}).Tenant("company"), nil)
			fake.Before(func(context.Context, string) error { return test.fault })
			before := fake.Calls(upsert)
			err := index.Add(t.Context(), chunks("document", 5))
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), fake.Address()) || status.Code(err) != status.Code(test.fault) {
				t.Errorf("%v: want %q, the address, and the cause", err, test.want)
			}
			if tries := fake.Calls(upsert) - before; tries != 1 {
				t.Errorf("tried %d times", tries)
			}
		})
	}
}

func TestPatienceEnds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault func(ctx context.Context) error
		want  string
	}{
		"away":   {func(context.Context) error { return status.Error(codes.Unavailable, "starting") }, "cannot be reached"},
		"busy":   {func(context.Context) error { return status.Error(codes.ResourceExhausted, "too many requests") }, "limits its clients"},
		"silent": {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, "does not answer within 500ms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := started(t)
			var faults atomic.Bool
			fake.Before(func(ctx context.Context, _ string) error {
				if faults.Load() {
					return test.fault(ctx)
				}
				return nil
			})
			patient := indexed(t, open(t, fake, qdrant.Options{}).Tenant("company"), nil)
			server := open(t, fake, qdrant.Options{})
			short, err := server.Tenant("company").Live(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			server.Hurry(500*time.Millisecond, 2*time.Second) // once it is connected, which takes longer where this machine is slow
			faults.Store(true)
			before := fake.Calls("/qdrant.Points/Count")
			if _, err := short.Count(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v: want %q", err, test.want)
			}
			if tries := fake.Calls("/qdrant.Points/Count") - before; tries < 2 {
				t.Errorf("tried %d times", tries)
			}
			// the caller's own time counts first
			ctx, done := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer done()
			if _, err := patient.Count(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v: want that the caller's time is over", err)
			}
		})
	}
}

// stopsAfter lets so many requests through and refuses all that follow, as a crash of the worker looks to the server. A lost answer refuses what was carried out.
func stopsAfter(fake *qdranttest.Fake, requests int, lostAnswer bool) {
	var seen atomic.Int32
	refuse := func() error {
		if int(seen.Add(1)) > requests {
			return status.Error(codes.Aborted, "stopped by the test")
		}
		return nil
	}
	if lostAnswer {
		fake.After(func(string) error { return refuse() })
		return
	}
	fake.Before(func(context.Context, string) error { return refuse() })
}

// TestReindexCanStopAnywhere stops making an index and switching to it at every request in turn. What is searched is the index before or the one after, nothing is left
// over once it is done again, and it never goes back.
func TestReindexCanStopAnywhere(t *testing.T) {
	t.Parallel()
	for _, lost := range []bool{false, true} {
		for requests := 0; ; requests++ {
			fake := started(t)
			server := open(t, fake, qdrant.Options{})
			server.RemoveAtOnce()
			store := server.Tenant("company")
			indexed(t, store, chunks("before", 3))
			reindex := func() error {
				begun, err := store.Create(t.Context(), words)
				if err != nil {
					return err
				}
				if err := begun.Add(t.Context(), chunks("after", 4)); err != nil {
					return err
				}
				return store.Switch(t.Context())
			}
			stopsAfter(fake, requests, lost)
			stopped := reindex()
			fake.Before(nil)
			fake.After(nil)
			live, err := store.Live(t.Context())
			if err != nil {
				t.Fatalf("stopped after %d requests: %v", requests, err)
			}
			if count, err := live.Count(t.Context()); err != nil || count != 3 && count != 4 {
				t.Fatalf("stopped after %d requests: %d points, %v", requests, count, err)
			}
			if err := reindex(); err != nil {
				t.Fatalf("stopped after %d requests, then: %v", requests, err)
			}
			if err := store.Switch(t.Context()); err != nil {
				t.Fatal(err)
			}
			live, err = store.Live(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			counts(t, live, 4)
			if left := fake.Collections(); len(left) != 1 {
				t.Errorf("stopped after %d requests: %v are left", requests, left)
			}
			fake.Stop()
			if stopped == nil {
				if requests < 10 {
					t.Fatalf("not stopped after %d requests", requests)
				}
				break
			}
		}
	}
}

// TestLostAnswersAreAskedForAgain loses every other answer to each kind of request: what was carried out already must not look like an error.
func TestLostAnswersAreAskedForAgain(t *testing.T) {
	t.Parallel()
	fake := started(t)
	store := open(t, fake, qdrant.Options{}).Tenant("company")
	answers, lost := map[string]int{}, 0
	fake.After(func(method string) error {
		if answers[method]++; answers[method]%2 == 0 {
			return nil
		}
		lost++
		return status.Error(codes.Unavailable, "the connection is gone")
	})
	counts(t, indexed(t, store, chunks("document", 3)), 3)
	counts(t, indexed(t, store, chunks("document", 4)), 4)
	fake.After(nil)
	if left := fake.Collections(); len(left) != 1 || lost < 20 {
		t.Errorf("%v are left after %d lost answers", left, lost)
	}
}

// TestASwitchIsDoneWithItsRename: what fails after it is no error, and a rename that failed inside of the server is none, whatever its aliases say.
func TestASwitchIsDoneWithItsRename(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before func(method string) error
		after  func(method string) error
		fails  bool
	}{
		"the old collection cannot be removed": {before: func(method string) error {
			if strings.HasSuffix(method, "/Delete") {
				return status.Error(codes.Internal, "waiting for consensus failed")
			}
			return nil
		}},
		"the rename was not saved": {fails: true, after: func(method string) error {
			if strings.HasSuffix(method, "/UpdateAliases") {
				return status.Error(codes.Internal, "no space left on device")
			}
			return nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := started(t)
			store := open(t, fake, qdrant.Options{}).Tenant("company")
			indexed(t, store, chunks("document", 3))
			old := fake.Collections()
			begun, err := store.Create(t.Context(), words)
			if err != nil {
				t.Fatal(err)
			}
			if err := begun.Add(t.Context(), chunks("document", 4)); err != nil {
				t.Fatal(err)
			}
			fake.Before(func(_ context.Context, method string) error {
				if test.before == nil {
					return nil
				}
				return test.before(method)
			})
			fake.After(test.after)
			if err := store.Switch(t.Context()); (err != nil) != test.fails {
				t.Errorf("got %v", err)
			}
			fake.Before(nil)
			fake.After(nil)
			live, err := store.Live(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			counts(t, live, 4)
			if left := fake.Collections(); !slices.Contains(left, old[0]) {
				t.Errorf("of %v are left %v", old, left)
			}
		})
	}
}

// unfinished is an engine that has only written down what it was asked, as Qdrant says when its time is over: UpdateStatus in points.proto.
type unfinished struct{}

func (unfinished) Answer(*client.CreateCollection, string, proto.Message) (proto.Message, error) {
	return &client.PointsOperationResponse{Result: &client.UpdateResult{Status: client.UpdateStatus_WaitTimeout}}, nil
}

func (unfinished) Drop(string) error { return nil }

func TestWhatIsNotFinishedIsNotDone(t *testing.T) {
	t.Parallel()
	fake := &qdranttest.Fake{Engine: unfinished{}}
	fake.Start(t)
	begun, err := open(t, fake, qdrant.Options{}).Tenant("company").Create(t.Context(), words)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{begun.Add(t.Context(), chunks("document", 1)), begun.Keep(t.Context(), "document", "")} {
		if err == nil || !strings.Contains(err.Error(), "not finished in time") {
			t.Error(err)
		}
	}
}
