package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"bestbox/internal/config"
	"bestbox/llmctl/supervisor"

	"github.com/coreos/go-systemd/v22/daemon"
)

// foreground owns the services in this process, for service managers: it returns when ctx ends, having stopped all services, or
// when another llmctl has stopped them. A manager that listens (NOTIFY_SOCKET) is told when all are ready.
func foreground(ctx context.Context, o *options, c *config.Config, services []string, unchecked bool, out io.Writer) error {
	client := newClient(c)
	own, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	ended, err := superviseHere(own, c, client)
	if err != nil {
		return err
	}
	wanted, err := prepare(ctx, c, client, services, unchecked)
	if err == nil {
		err = startInOrder(ctx, client, wanted)
	}
	if err == nil {
		err = showRunning(ctx, o, c, client, out)
	}
	if err == nil {
		notify(daemon.SdNotifyReady)
		select {
		case err := <-ended: // by llmctl down
			return err
		case <-ctx.Done():
		}
	}
	notify(daemon.SdNotifyStopping)
	if errors.Is(err, context.Canceled) {
		err = nil // told to stop while starting: no failure
	}
	proofs, stopErr := down(own, c, nil, defaultDrain)
	if stopErr == nil {
		stopErr = printProofs(out, o, proofs)
	}
	return errors.Join(err, stopErr)
}

// superviseHere runs the supervisor in this process and returns once it answers; the channel tells how it ended.
func superviseHere(ctx context.Context, c *config.Config, client *supervisor.Client) (<-chan error, error) {
	if client.Running(ctx) {
		return nil, alreadyRunning(c)
	}
	ended := make(chan error, 1)
	go func() { ended <- supervisor.Run(ctx, supervisorOptions(c)) }()
	for !client.Running(ctx) {
		select {
		case err := <-ended:
			if errors.Is(err, supervisor.ErrRunning) {
				return nil, alreadyRunning(c)
			}
			return nil, err
		case <-time.After(watchPoll):
		}
	}
	return ended, nil
}

func alreadyRunning(c *config.Config) error {
	return fmt.Errorf("%w for %s; stop it first: llmctl down", supervisor.ErrRunning, c.Directories.State)
}

// notify tells the service manager, if there is one; its being gone is no reason to end.
func notify(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		fmt.Fprintf(os.Stderr, "the service manager could not be told %q: %v\n", state, err)
	}
}
