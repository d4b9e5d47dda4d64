package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"bestbox/internal/config"
	"bestbox/internal/telemetry"
	"bestbox/tools/mcp"
	"bestbox/worker/client"
	"bestbox/worker/display"
)

func newMCP(flags *settings) *cobra.Command {
	var address string
	command := &cobra.Command{
		Use:   "mcp",
		Short: "Serve BestBox's tools to an MCP client on standard input and output",
		Long: "Connects an MCP client, which starts this command, to a running worker: the tools that look something up, ask, which runs a whole question, and the\n" +
			"tools that change something, which wait for a person. Over HTTP the worker serves the same at /mcp. Messages go to standard output, errors to standard error.\n\n" +
			"Exit codes: 0 the client has closed its end, 1 failed, 2 bad configuration or a wrong key, 3 no worker reachable.",
		Example: "  worker mcp\n  worker mcp --url http://127.0.0.1:8000\n  worker mcp tools   # of the MCP servers in bestbox.yaml",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			loaded, err := flags.load()
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(command.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return serveMCP(ctx, loaded, address)
		},
	}
	command.Flags().StringVar(&address, "url", "", "address of the worker (default: http.listen of the configuration)")
	command.AddCommand(newMCPTools(flags))
	return command
}

// serveMCP passes messages on between standard input and output and the worker at an address; empty: the configured one.
func serveMCP(ctx context.Context, loaded *config.Config, address string) error {
	key, base := os.Getenv(config.APIKeyVariable), address
	if address == "" { // the key file's key is for the configured address only
		var err error
		if key, err = loaded.HTTP.APIKey(); err != nil {
			return &exitError{exitBadInput, err}
		}
		base = loaded.HTTP.URL()
	}
	if _, err := client.New(base, key); err != nil {
		return &exitError{exitBadInput, err}
	}
	endpoint, err := url.JoinPath(base, "mcp")
	if err != nil {
		return &exitError{exitBadInput, err}
	}
	web := &http.Client{Transport: keyTransport{key}}
	if err := reachable(ctx, web, base, endpoint); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	worker, err := (&sdk.StreamableClientTransport{Endpoint: endpoint, HTTPClient: web, DisableStandaloneSSE: true}).Connect(ctx)
	if err != nil {
		return &exitError{exitFailed, err}
	}
	defer worker.Close()
	own, err := (&sdk.StdioTransport{}).Connect(ctx)
	if err != nil {
		return &exitError{exitFailed, err}
	}
	defer own.Close()
	if err := passOn(ctx, own, worker); err != nil && !errors.Is(err, io.EOF) && ctx.Err() == nil {
		return &exitError{exitFailed, err}
	}
	return nil
}

// keyTransport sends the key with every request.
type keyTransport struct{ key string }

// RoundTrip implements http.RoundTripper.
func (t keyTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	if t.key != "" {
		request = request.Clone(request.Context())
		request.Header.Set("Authorization", "Bearer "+t.key)
	}
	return http.DefaultTransport.RoundTrip(request)
}

// reachable reports a worker that is not there, or does not take the key, before a client has said anything.
func reachable(ctx context.Context, web *http.Client, base, endpoint string) error {
	ctx, done := context.WithTimeout(ctx, 5*time.Second)
	defer done()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, nil)
	if err != nil {
		return &exitError{exitBadInput, err}
	}
	response, err := web.Do(request)
	if err != nil {
		return &exitError{exitUnreachable, &client.Unreachable{Base: base, Err: errors.Unwrap(err)}}
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusUnauthorized {
		return &exitError{exitBadInput, fmt.Errorf("the worker at %s does not take the key; set %s, or http.api_key_file", base, config.APIKeyVariable)}
	}
	return nil
}

// passOn passes messages on in both directions until the client or the worker ends. Calls are sent side by side: one that lasts must not keep its own
// cancellation waiting.
func passOn(ctx context.Context, own, worker sdk.Connection) error {
	ended := make(chan error, 2)
	go func() {
		for {
			message, err := worker.Read(ctx)
			if err == nil {
				err = own.Write(ctx, message)
			}
			if err != nil {
				ended <- err
				return
			}
		}
	}()
	go func() {
		for {
			message, err := own.Read(ctx)
			if err != nil {
				ended <- err
				return
			}
			call, is := message.(*jsonrpc.Request)
			if !is || !call.IsCall() || call.Method == "initialize" {
				send(ctx, own, worker, message)
				continue
			}
			go send(ctx, own, worker, message)
		}
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return nil
	}
}

// send sends a message to the worker. A call that cannot be sent is answered with the reason.
func send(ctx context.Context, own, worker sdk.Connection, message jsonrpc.Message) {
	err := worker.Write(ctx, message)
	call, is := message.(*jsonrpc.Request)
	if err == nil || !is || !call.IsCall() || ctx.Err() != nil {
		return
	}
	_ = own.Write(ctx, &jsonrpc.Response{ID: call.ID, Error: &jsonrpc.Error{Code: -32603, Message: "the BestBox worker: " + err.Error()}}) // the client may be gone
}

func newMCPTools(flags *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "tools",
		Short: "List the tools of the MCP servers in bestbox.yaml",
		Long: "Connects to every MCP server of the configuration and lists its tools: what agents call them, which are allowed, and the sha256 that pins one.\n\n" +
			"Exit codes: 0 done, 1 a server is away, or lacks a tool, 2 bad configuration.",
		Example: "  worker mcp tools",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			loaded, err := flags.load()
			if err != nil {
				return err
			}
			looked, err := mcp.Look(command.Context(), loaded.MCP, telemetry.NewLogger(io.Discard, nil))
			if len(loaded.MCP) == 0 {
				fmt.Fprintln(command.OutOrStdout(), "no MCP server is configured (mcp: in bestbox.yaml)")
			}
			table := tabwriter.NewWriter(command.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, found := range looked {
				allowed := found.Effect
				if allowed == "" {
					allowed = "not allowed"
				}
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", found.Server, display.OneLine(found.Tool), found.Name, allowed, found.SHA256)
			}
			if wrong := table.Flush(); wrong != nil || err != nil {
				return &exitError{exitFailed, errors.Join(err, wrong)}
			}
			return nil
		},
	}
}
