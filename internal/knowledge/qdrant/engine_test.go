package qdrant_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	client "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/qdrant"
	"bestbox/internal/knowledge/qdrant/qdranttest"
	"bestbox/internal/programtest"
)

// engine is Qdrant's own engine, as the package for Python has it: filters, IDF, cosine, fusion and scrolling are what the server runs. Collections and aliases, which the
// engine does not know, stay with the fake.
type engine struct {
	in  io.Writer
	out *bufio.Reader
}

func startEngine(t *testing.T) *engine {
	t.Helper()
	command := exec.CommandContext(t.Context(), filepath.Join(programtest.PythonPackage(t, "qdrant-edge-py==0.9.0"), "python"), "testdata/engine.py", t.TempDir())
	command.Stderr = os.Stderr
	in, wrong := command.StdinPipe()
	out, alsoWrong := command.StdoutPipe()
	if err := errors.Join(wrong, alsoWrong, command.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = command.Wait()
	})
	return &engine{in, bufio.NewReader(out)}
}

// Answer implements qdranttest.Engine.
func (e *engine) Answer(made *client.CreateCollection, method string, request proto.Message) (proto.Message, error) {
	replies := map[string]proto.Message{
		"CreateFieldIndex": &client.PointsOperationResponse{}, "Upsert": &client.PointsOperationResponse{}, "Delete": &client.PointsOperationResponse{},
		"Count": &client.CountResponse{}, "Scroll": &client.ScrollResponse{}, "QueryBatch": &client.QueryBatchResponse{},
	}
	asked, err := protojson.Marshal(request)
	if err != nil {
		return nil, err
	}
	config, err := protojson.Marshal(made)
	if err != nil {
		return nil, err
	}
	reply := replies[method]
	if reply == nil {
		return nil, status.Error(codes.Unimplemented, method)
	}
	return reply, e.ask(map[string]any{"collection": made.GetCollectionName(), "made": json.RawMessage(config), "method": method, "request": json.RawMessage(asked)}, reply)
}

// Drop implements qdranttest.Engine.
func (e *engine) Drop(collection string) error {
	return e.ask(map[string]any{"collection": collection, "method": "Drop"}, &client.CollectionOperationResponse{})
}

func (e *engine) ask(question map[string]any, reply proto.Message) error {
	if err := json.NewEncoder(e.in).Encode(question); err != nil {
		return err
	}
	line, err := e.out.ReadBytes('\n')
	if err != nil {
		return err
	}
	var failed struct{ Error string }
	if err := json.Unmarshal(line, &failed); err != nil || failed.Error != "" {
		return status.Errorf(codes.Internal, "Service internal error: %s %v", failed.Error, err)
	}
	return protojson.Unmarshal(line, reply)
}

// TestStoreOnTheEngine shows that what the store asks for means to Qdrant what it means to the fake: both pass the same tests, which compare with plain formulas.
func TestStoreOnTheEngine(t *testing.T) {
	fake := &qdranttest.Fake{Engine: startEngine(t)}
	fake.Start(t)
	run(t, func(t *testing.T, tenant string) knowledge.Store {
		return open(t, fake, qdrant.Options{Timeout: time.Minute}).Tenant(tenant)
	})
}
