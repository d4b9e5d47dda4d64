// Package temporaltest starts a real Temporal development server for tests. It is imported by tests only.
package temporaltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"bestbox/internal/config"
)

// BinaryVariable names the environment variable that holds the path of the Temporal CLI, where it is neither in the cache nor on PATH.
const BinaryVariable = "BESTBOX_TEST_TEMPORAL"

// startTimeout is far above the second that a start takes on two quiet cores: tests share them.
const startTimeout = 60 * time.Second

// Server is a running development server with a database file. It can be killed and started again at the same address.
type Server struct {
	// Address is the host and port of the frontend.
	Address string
	// Attributes are the Keyword search attributes that exist from the start.
	Attributes []string

	binary, folder string
	process        *exec.Cmd
	log            bytes.Buffer
}

// New starts a server that is stopped when the test ends.
func New(t testing.TB, attributes ...string) *Server {
	t.Helper()
	server, err := Start(t.TempDir(), attributes...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	return server
}

// Start starts a server with its database in folder; for TestMain, where there is no test yet.
func Start(folder string, attributes ...string) (*Server, error) {
	binary, err := find()
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	server := &Server{Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Attributes: attributes, binary: binary, folder: folder}
	return server, server.Start()
}

// Start starts the server again after Kill.
func (s *Server) Start() error {
	host, port, err := net.SplitHostPort(s.Address)
	if err != nil {
		return err
	}
	arguments := []string{"server", "start-dev", "--headless", "--ip", host, "--port", port, "--log-level", "error",
		"--db-filename", filepath.Join(s.folder, "temporal.db"),
		"--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=1",
		"--dynamic-config-value", "history.transferProcessorMaxPollRPS=2000"}
	for _, attribute := range s.Attributes {
		arguments = append(arguments, "--search-attribute", attribute+"=Keyword")
	}
	s.process = exec.Command(s.binary, arguments...)
	s.process.Stdout, s.process.Stderr = &s.log, &s.log
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // a test that panics leaves no server behind
	if err := s.process.Start(); err != nil {
		return fmt.Errorf("start %s: %w", s.binary, err)
	}
	if err := s.waitUntilReady(); err != nil {
		s.Kill()
		return fmt.Errorf("the Temporal development server did not become ready: %w\n%s", err, s.log.String())
	}
	return nil
}

// Kill ends the server with SIGKILL, as a crash would.
func (s *Server) Kill() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
	s.process = nil
}

func (s *Server) waitUntilReady() error {
	ctx, done := context.WithTimeout(context.Background(), startTimeout)
	defer done()
	for {
		attempt, cancel := context.WithTimeout(ctx, time.Second)
		connected, err := client.DialContext(attempt, client.Options{HostPort: s.Address, Logger: silent{}})
		cancel()
		if err == nil {
			connected.Close()
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func find() (string, error) {
	candidates := []string{os.Getenv(BinaryVariable)}
	if settings, err := config.Load("", ""); err == nil {
		candidates = append(candidates, filepath.Join(settings.Directories.Cache, "programs", "temporal", "temporal"))
	}
	for _, candidate := range append(candidates, "temporal") {
		if candidate == "" {
			continue
		}
		if path, err := exec.LookPath(candidate); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("the Temporal CLI is needed: run `llmctl pull temporal`, put it on PATH or name it in %s", BinaryVariable)
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// silent keeps the client's complaints about a server that is still starting out of the test's output.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
