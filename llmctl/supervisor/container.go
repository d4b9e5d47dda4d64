package supervisor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"os"
	"syscall"
	"time"

	"bestbox/llmctl/engine"

	"golang.org/x/sys/unix"
)

const (
	// engineTimeout bounds one question to the engine; making a container may take a while on a slow disk.
	engineTimeout = 30 * time.Second
	// engineRetry is how often an engine that went away, for an upgrade say, is asked again.
	engineRetry = 500 * time.Millisecond
	// logsTimeout is how long the rest of a container's output may take to arrive after its end.
	logsTimeout = 2 * time.Second
)

// Labels of the containers; by them a supervisor knows its own.
const (
	stateLabel   = "bestbox.state"
	serviceLabel = "bestbox.service"
	digestLabel  = "bestbox.digest"
)

// docker runs services as containers.
type docker struct{ state string }

// labels mark a service's container, whatever its settings.
func (d docker) labels(spec Spec) map[string]string {
	return map[string]string{stateLabel: d.state, serviceLabel: spec.Name}
}

// ContainerName is the name of a service's container: readable, and another one in every state directory.
func ContainerName(state, service string) string {
	sum := sha256.Sum256([]byte(state))
	return "bestbox-" + service + "-" + hex.EncodeToString(sum[:3])
}

func (d docker) start(ctx context.Context, spec Spec, log *os.File) (instance, error) {
	ctx, cancel := context.WithTimeout(ctx, engineTimeout)
	defer cancel()
	connected, err := engine.Connect(ctx)
	if err != nil {
		return nil, &startError{cause: NoEngine, err: err}
	}
	wanted := *spec.Container
	wanted.Labels = d.labels(spec)
	wanted.Labels[digestLabel] = spec.Digest()
	made, err := connected.Start(ctx, wanted)
	taken, isTaken := errors.AsType[*engine.PortError](err)
	switch {
	case isTaken:
		return nil, &startError{cause: PortTaken, err: err, port: taken.Port}
	case errors.As(err, new(*engine.DeviceError)):
		return nil, &startError{cause: NoDevice, err: err}
	case err != nil:
		return nil, err
	}
	since := time.Time{} // its beginning, which is before what the engine calls its start
	if made.Adopted {
		since = time.Now()
	}
	return attendContainer(made, log.Name(), since), nil
}

func (d docker) adopt(ctx context.Context, spec Spec, id identity) (instance, bool, error) {
	found, ok, err := d.look(ctx, spec, nil)
	if err != nil || !ok || found.ID != id.Container {
		return nil, false, err
	}
	return attendContainer(found, LogPath(d.state, spec.Name), time.Now()), true, nil
}

// find looks for the container by its name. One with other settings is removed.
func (d docker) find(ctx context.Context, spec Spec) (instance, bool, error) {
	found, ok, err := d.look(ctx, spec, map[string]string{digestLabel: spec.Digest()})
	if err == nil && ok {
		return attendContainer(found, LogPath(d.state, spec.Name), time.Now()), true, nil
	}
	if found, _, err = d.look(ctx, spec, nil); err == nil && found != nil {
		err = found.Remove(ctx)
	}
	return nil, false, err
}

// look returns the service's container; ok is true if it runs. The error says that the engine cannot be asked.
func (d docker) look(ctx context.Context, spec Spec, also map[string]string) (*engine.Instance, bool, error) {
	if spec.Container == nil {
		return nil, false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, engineTimeout)
	defer cancel()
	connected, err := engine.Connect(ctx)
	if err != nil {
		return nil, false, err
	}
	labels := d.labels(spec)
	maps.Copy(labels, also)
	found, ok, err := connected.Find(ctx, spec.Container.Name, labels)
	if _, stranger := errors.AsType[*engine.NameError](err); stranger {
		return nil, false, nil
	}
	if err != nil || !ok {
		return nil, false, err
	}
	alive, err := found.Alive(ctx)
	return found, alive, err
}

// container is a running container.
type container struct {
	made *engine.Instance
	ending
}

// attendContainer waits for the container's end and copies what it writes from a time on into the service's log.
func attendContainer(made *engine.Instance, logPath string, since time.Time) *container {
	c := &container{made: made, ending: newEnding()}
	go c.wait(logPath, since)
	return c
}

func (c *container) wait(logPath string, since time.Time) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		c.copyLogs(ctx, logPath, since)
	}()
	for {
		end, err := c.made.Wait(ctx)
		if err != nil { // the engine is away; the container may well run on
			time.Sleep(engineRetry)
			continue
		}
		select { // its last words say why it ended
		case <-copied:
		case <-time.After(logsTimeout):
		}
		result := exit{Known: !end.Removed, Code: end.ExitCode, OutOfMemory: end.OOMKilled, Engine: end.Error}
		if end.ExitCode > 128 { // a signal's number is added to 128, as shells do
			result.Signal, result.Code = syscall.Signal(end.ExitCode-128), 0
		}
		c.ending <- result
		return
	}
}

// copyLogs goes on over restarts of the engine.
func (c *container) copyLogs(ctx context.Context, path string, since time.Time) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		say("log of %s: %v", c.made.Name, err)
		return
	}
	defer file.Close()
	out := &datedWriter{file: file, last: since}
	for ctx.Err() == nil {
		if err := c.made.Logs(ctx, out, out.last); err == nil {
			return
		}
		time.Sleep(engineRetry)
	}
}

// datedWriter knows when something was written last, so that a broken stream goes on there.
type datedWriter struct {
	file *os.File
	last time.Time
}

func (w *datedWriter) Write(content []byte) (int, error) {
	w.last = time.Now()
	return w.file.Write(content)
}

// serverPID is the server below the container's init.
func (c *container) serverPID() int {
	if pid := c.made.ServerPID(); pid != 0 {
		return pid
	}
	return c.made.PID
}

func (c *container) identity() identity {
	return identity{PID: c.made.PID, Container: c.made.ID}
}

func (c *container) alive() bool {
	ctx, cancel := context.WithTimeout(context.Background(), engineTimeout)
	defer cancel()
	alive, err := c.made.Alive(ctx)
	return err != nil || alive // an engine that is away has not proved the end
}

func (c *container) signal(signal syscall.Signal) {
	ctx, cancel := context.WithTimeout(context.Background(), engineTimeout)
	defer cancel()
	if err := c.made.Signal(ctx, unix.SignalName(signal)); err != nil {
		say("signal %s to container %s: %v", unix.SignalName(signal), c.made.Name, err)
	}
}

func (c *container) remove() error {
	ctx, cancel := context.WithTimeout(context.Background(), engineTimeout)
	defer cancel()
	return c.made.Remove(ctx)
}
