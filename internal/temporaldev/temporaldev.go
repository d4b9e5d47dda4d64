// Package temporaldev starts a Temporal development server of one's own, for tests and measurements.
package temporaldev

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"go.temporal.io/sdk/client"

	"bestbox/internal/programs"
)

// startTimeout is far above the second that a start takes on two quiet cores: others may compute there.
const startTimeout = 60 * time.Second

// quiet keeps the client's complaints about a server that is still starting out of the output.
var quiet = slog.New(slog.DiscardHandler)

// Server is a running development server with a database file. It can be killed and started again at the same address.
type Server struct {
	// Address is the host and port of the frontend.
	Address string
	// Attributes are the Keyword search attributes that exist from the start.
	Attributes []string

	binary, folder string
	process        *programs.Process
}

// Start starts a server with its database in folder. The caller ends it with Kill.
func Start(folder string, attributes ...string) (*Server, error) {
	binary, err := programs.Artefact("temporal")
	if err != nil {
		return nil, err
	}
	port, err := programs.FreePort()
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
	if s.process, err = programs.Start(exec.Command(s.binary, arguments...)); err != nil {
		return err
	}
	return s.process.Ready(startTimeout, s.connect)
}

// Ended says how the server has ended, with what it has written; empty while it runs.
func (s *Server) Ended() string {
	state, over := s.process.Wait(0)
	if !over {
		return ""
	}
	return fmt.Sprintf("Temporal has ended: %s\n%s", state, s.process.Log())
}

// Kill ends the server with SIGKILL, as a crash would.
func (s *Server) Kill() {
	if s.process != nil {
		s.process.Kill()
	}
}

// connect fails while the server does not answer.
func (s *Server) connect(ctx context.Context) error {
	ctx, done := context.WithTimeout(ctx, time.Second)
	defer done()
	connected, err := client.DialContext(ctx, client.Options{HostPort: s.Address, Logger: quiet})
	if err == nil {
		connected.Close()
	}
	return err
}
