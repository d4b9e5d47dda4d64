// Package crash tests that a run whose worker is killed at any moment has each of its effects once. Real are the built worker, which is ended by SIGKILL, Temporal,
// both kinds of database, a mail server and a CalDAV server; the model's decisions are scripted. Whatever the worker says to any of them
// passes through the test, which kills it before or after a call, a statement, a request or a line has been passed on; where it is inside a
// transaction of SQLite the worker asks (package stops).
package crash

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"

	"bestbox/internal/config"
	"bestbox/internal/programs"
	"bestbox/internal/records/recordstest"
	"bestbox/internal/temporaldev"
	"bestbox/workflows/run"
)

// lanes is how many workers are killed side by side. Each waits most of the time: until Temporal has noticed that its worker does not answer any more.
const lanes = 16

// The worker as it is shipped, and the one that also asks before it changes a row in SQLite.
var shippedWorker, stoppingWorker string

// temporal is the server, with a namespace for each lane: so none sees the others' runs.
var temporal *temporaldev.Server

// lane is what one company after the other uses.
type lane struct {
	namespace string
	port      int // that its worker listens on
}

// free are the lanes that nobody uses.
var free = make(chan lane, lanes)

// Workers listen on ports below those that the kernel gives to outgoing connections: a killed worker must get its port back.
const firstPort, lastPort = 18910, 19400

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := prepared(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "crash:", err)
		code = 1
	}
	os.Exit(code)
}

func prepared(m *testing.M) (code int, err error) {
	for _, variable := range []string{"BESTBOX_CONFIG", "BESTBOX_STATE_DIR", config.APIKeyVariable} {
		if err := os.Unsetenv(variable); err != nil { // would win over the configuration of the tests
			return 1, err
		}
	}
	if err := flag.Set("test.parallel", strconv.Itoa(lanes)); err != nil {
		return 1, err
	}
	folder, err := os.MkdirTemp("", "bestbox-crash-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(folder)
	if err := build(folder); err != nil {
		return 1, err
	}
	if temporal, err = temporaldev.Start(folder); err != nil {
		return 1, err
	}
	defer temporal.Kill()
	for port := firstPort; len(free) < lanes; port++ {
		if port > lastPort {
			return 1, fmt.Errorf("there are no %d free ports between %d and %d", lanes, firstPort, lastPort)
		}
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		_ = listener.Close()
		name := fmt.Sprint("lane", port)
		if err := openNamespace(name); err != nil {
			return 1, err
		}
		free <- lane{name, port}
	}
	return recordstest.Run(m), nil
}

// build builds both workers. One file, which is not there, is put over the shipped ones for the second.
func build(folder string) error {
	shippedWorker, stoppingWorker = filepath.Join(folder, "worker"), filepath.Join(folder, "stopping-worker")
	added, overlay := filepath.Join(folder, "stops.go"), filepath.Join(folder, "overlay.json")
	source, err := filepath.Abs(filepath.Join("..", "..", "worker"))
	if err != nil {
		return err
	}
	replaced, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(source, "stops.go"): added}})
	if err != nil {
		return err
	}
	const imports = "package main\n\nimport _ \"bestbox/internal/crash/stops\"\n"
	if err := errors.Join(os.WriteFile(added, []byte(imports), 0o600), os.WriteFile(overlay, replaced, 0o600)); err != nil {
		return err
	}
	for _, arguments := range [][]string{{"-o", shippedWorker}, {"-o", stoppingWorker, "-overlay", overlay}} {
		if err := programs.Build([]string{"bestbox/worker"}, arguments...); err != nil {
			return err
		}
	}
	return nil
}

// openNamespace makes a namespace, and returns when the attributes that runs are listed by can be used in it.
func openNamespace(name string) error {
	ctx, done := context.WithTimeout(context.Background(), time.Minute)
	defer done()
	connected, err := client.Dial(client.Options{HostPort: temporal.Address, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer connected.Close()
	_, err = connected.WorkflowService().RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{Namespace: name,
		WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour)})
	if err != nil {
		return err
	}
	wanted := map[string]enums.IndexedValueType{run.AttributeDomain: enums.INDEXED_VALUE_TYPE_KEYWORD, run.AttributeStatus: enums.INDEXED_VALUE_TYPE_KEYWORD}
	for {
		_, err := connected.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: name, SearchAttributes: wanted})
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("namespace %s: %w", name, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
