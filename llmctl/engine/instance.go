package engine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// Instance is a container as it was when it was looked at.
type Instance struct {
	ID, Name string
	// PID is the container's first process (its init) as the host counts; 0: it does not run. See ServerPID.
	PID int
	// State is running, paused, restarting, created, exited, removing or dead.
	State container.ContainerState
	// Adopted says that Start found it running.
	Adopted bool
	Started time.Time

	engine *Engine
	spec   string
}

// End is how a container ended.
type End struct {
	// ExitCode is the server's; 128 and the signal's number when a signal ended it (137: SIGKILL).
	ExitCode int
	// OOMKilled says that the kernel killed it at its memory limit.
	OOMKilled bool
	// Error is the engine's word where the container could not run.
	Error string
	// Removed says that the container is gone, and that the rest is not known unless the engine told it in time.
	Removed bool
}

// ServerPID returns the server's process as the host counts: the one that the init has started. 0: there is none (yet).
func (i *Instance) ServerPID() int {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", i.PID, i.PID))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(content)), " ")
	pid, _ := strconv.Atoi(first)
	return pid
}

// Wait returns when the container has ended, however. An *UnavailableError says that the engine has gone away, not the container: wait
// again, also many times. An engine that was killed ends its containers when it comes back, unless it runs with live-restore.
func (i *Instance) Wait(ctx context.Context) (End, error) {
	waiting := i.engine.api.ContainerWait(ctx, i.ID, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	var end End
	select {
	case <-ctx.Done():
		return end, ctx.Err()
	case result := <-waiting.Result:
		end.ExitCode = int(result.StatusCode)
		if result.Error != nil {
			end.Error = result.Error.Message
		}
	case err := <-waiting.Error:
		if errdefs.IsNotFound(err) {
			return End{Removed: true}, nil
		}
		if ctx.Err() != nil {
			return end, ctx.Err()
		}
		return end, unavailable(i.engine.Host(), err) // the connection broke while waiting
	}
	found, err := i.engine.api.ContainerInspect(ctx, i.ID, client.ContainerInspectOptions{})
	if errdefs.IsNotFound(err) {
		end.Removed = true
		return end, nil
	}
	if err != nil {
		return end, i.engine.checked(ctx, err)
	}
	state := found.Container.State
	end.OOMKilled = state.OOMKilled
	if state.Error != "" {
		end.Error = state.Error
	}
	return end, nil
}

// Signal sends a signal, such as TERM, to the server. One that has ended gets none. In the first milliseconds, until the init process
// listens, a signal other than KILL is lost: who waits in vain sends it again.
func (i *Instance) Signal(ctx context.Context, signal string) error {
	_, err := i.engine.api.ContainerKill(ctx, i.ID, client.ContainerKillOptions{Signal: signal})
	if errdefs.IsNotFound(err) || errdefs.IsConflict(err) {
		return nil
	}
	return i.engine.checked(ctx, err)
}

// Alive tells whether the container runs. A paused one does: it holds its memory and its ports.
func (i *Instance) Alive(ctx context.Context) (bool, error) {
	found, err := i.engine.api.ContainerInspect(ctx, i.ID, client.ContainerInspectOptions{})
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, i.engine.checked(ctx, err)
	}
	return found.Container.State.Running, nil
}

// removePoll is how often Remove looks whether the container is gone.
const removePoll = 20 * time.Millisecond

// Remove kills the container if it runs, removes it, and returns when the engine knows it no more.
func (i *Instance) Remove(ctx context.Context) error {
	for {
		// In progress: another removes it just now. What the engine says otherwise is repeated until it works or ctx ends.
		_, err := i.engine.api.ContainerRemove(ctx, i.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		if err != nil && !errdefs.IsNotFound(err) && !errdefs.IsConflict(err) {
			return fmt.Errorf("remove container %s: %w", i.Name, i.engine.checked(ctx, err))
		}
		if _, err = i.engine.api.ContainerInspect(ctx, i.ID, client.ContainerInspectOptions{}); errdefs.IsNotFound(err) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("remove container %s: %w", i.Name, ctx.Err())
		case <-time.After(removePoll):
		}
	}
}

// Logs writes what the server wrote since a time, and goes on until the container ends or ctx does, which both are no error. The zero
// time: from the beginning. The engine keeps the last 8 to 16 MB. As with Wait, an *UnavailableError is about the engine: go on from the
// time of the last line.
func (i *Instance) Logs(ctx context.Context, w io.Writer, since time.Time) error {
	return i.copyLogs(ctx, w, since, true)
}

func (i *Instance) copyLogs(ctx context.Context, w io.Writer, since time.Time, follow bool) error {
	options := client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Follow: follow}
	if !since.IsZero() {
		options.Since = since.Format(time.RFC3339Nano)
	}
	stream, err := i.engine.api.ContainerLogs(ctx, i.ID, options)
	if err != nil {
		if follow && ctx.Err() != nil || errdefs.IsNotFound(err) {
			return nil // the reader has gone, or the container
		}
		return i.engine.checked(ctx, err)
	}
	defer stream.Close()
	out := &writer{Writer: w}
	switch _, err = stdcopy.StdCopy(out, out, stream); {
	case err == nil || (follow && ctx.Err() != nil):
		return nil
	case out.failed != nil:
		return out.failed
	default:
		return unavailable(i.engine.Host(), err) // the connection broke
	}
}

// writer remembers that it was the writing that failed, not the reading.
type writer struct {
	io.Writer
	failed error
}

func (w *writer) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.failed = err
	return n, err
}

// Output runs a container to its end, such as a server with --help, removes it, and returns what it wrote.
func (e *Engine) Output(ctx context.Context, c Container) (string, error) {
	instance, err := e.Start(ctx, c)
	if err != nil {
		return "", err
	}
	defer e.discard(ctx, c)
	end, err := instance.Wait(ctx)
	if err != nil {
		return "", err
	}
	var output bytes.Buffer
	if err := instance.copyLogs(ctx, &output, time.Time{}, false); err != nil {
		return "", err
	}
	if end.ExitCode != 0 {
		return output.String(), fmt.Errorf("%s in %s ended with exit code %d: %s", strings.Join(c.Args, " "), c.Image, end.ExitCode,
			strings.TrimSpace(output.String()))
	}
	return output.String(), nil
}
