// Package engine runs model servers in containers of a Docker engine, and gets their images into it.
//
// It speaks the engine's HTTP API, from version 1.40 (Docker 19.03) on. It touches only containers that carry the labels it is given:
// a stranger's container is named in an error and left alone. It decides nothing about restarts: the engine is told never to start a
// container again, since the supervisor does.
package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// connectTimeout is far more than a local engine needs for its version, even on a busy machine.
const connectTimeout = 10 * time.Second

// Engine is a Docker engine that has answered.
type Engine struct {
	api *client.Client
	// stat looks at a device of this machine.
	stat func(path string) (os.FileInfo, error)
}

// Connect finds the engine of this user: the one of DOCKER_HOST, else the one of the current docker context, else the default socket.
// The error is an *UnavailableError, unless ctx has ended.
func Connect(ctx context.Context) (*Engine, error) {
	options := []client.Opt{client.FromEnv}
	if os.Getenv(client.EnvOverrideHost) == "" {
		if host := contextHost(); host != "" {
			options = append(options, client.WithHost(host))
		}
	}
	return connect(ctx, options...)
}

// ConnectTo connects to the engine at an address such as unix:///var/run/docker.sock.
func ConnectTo(ctx context.Context, host string) (*Engine, error) {
	return connect(ctx, client.FromEnv, client.WithHost(host))
}

func connect(ctx context.Context, options ...client.Opt) (*Engine, error) {
	api, err := client.New(options...)
	if err != nil {
		return nil, &UnavailableError{Host: os.Getenv(client.EnvOverrideHost), Err: err,
			Advice: "correct DOCKER_HOST, or unset it to use the default socket"}
	}
	limited, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if _, err := api.Ping(limited, client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, unavailable(api.DaemonHost(), err)
	}
	return &Engine{api: api, stat: os.Stat}, nil
}

// Close lets go of the connections; what runs goes on.
func (e *Engine) Close() error { return e.api.Close() }

// Host is the engine's address, such as unix:///var/run/docker.sock.
func (e *Engine) Host() string { return e.api.DaemonHost() }

// UnavailableError says that no engine can be used, or that the one in use has gone away. What runs may still run.
type UnavailableError struct {
	Host   string
	Err    error
	Advice string
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("Docker is not available at %s: %v; %s", e.Host, e.Err, e.Advice)
}

func (e *UnavailableError) Unwrap() error { return e.Err }

// unavailable finds out why the engine cannot be used: the client's own errors do not keep the system's error.
func unavailable(host string, err error) *UnavailableError {
	result := &UnavailableError{Host: host, Err: err, Advice: "see its log: journalctl -u docker"}
	path, local := strings.CutPrefix(host, "unix://")
	if errors.Is(err, errdefs.ErrInvalidArgument) { // the client's word for an engine before its first API version
		result.Advice = "install Docker 19.03 or later"
		return result
	}
	if !local {
		return result
	}
	connection, dialError := (&net.Dialer{}).DialContext(context.Background(), "unix", path) // a local socket answers at once
	switch {
	case dialError == nil:
		connection.Close()
	case errors.Is(dialError, fs.ErrPermission):
		result.Err = errors.New("permission denied")
		result.Advice = "join its group and log in again: sudo usermod -aG docker $USER"
	case errors.Is(dialError, fs.ErrNotExist):
		result.Err = errors.New("no such socket")
		result.Advice = "install Docker, or start it (sudo systemctl start docker), or set DOCKER_HOST"
	default:
		result.Err = errors.New("nobody answers")
		result.Advice = "start it (sudo systemctl start docker)"
	}
	return result
}

// checked tells an engine that has gone away from an engine that refuses.
func (e *Engine) checked(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || !client.IsErrConnectionFailed(err) {
		return err
	}
	return unavailable(e.Host(), err)
}

// contextHost returns the address that the docker command would use: that of the context chosen with `docker context use`, which is how
// a rootless engine is set up. Empty: the default. The files are described in github.com/docker/cli, cli/context/store.
func contextHost() string {
	folder := os.Getenv("DOCKER_CONFIG")
	if home, err := os.UserHomeDir(); folder == "" && err == nil {
		folder = filepath.Join(home, ".docker")
	}
	var config struct {
		CurrentContext string `json:"currentContext"`
	}
	readJSON(filepath.Join(folder, "config.json"), &config)
	name := config.CurrentContext
	if chosen := os.Getenv("DOCKER_CONTEXT"); chosen != "" {
		name = chosen
	}
	if name == "" || name == "default" {
		return ""
	}
	var meta struct {
		Endpoints map[string]struct{ Host string }
	}
	hash := sha256.Sum256([]byte(name))
	readJSON(filepath.Join(folder, "contexts", "meta", hex.EncodeToString(hash[:]), "meta.json"), &meta)
	return meta.Endpoints["docker"].Host
}

// readJSON leaves into as it is when the file is missing or broken: the docker command complains about it, this program need not.
func readJSON(path string, into any) {
	if content, err := os.ReadFile(path); err == nil {
		_ = json.Unmarshal(content, into)
	}
}
