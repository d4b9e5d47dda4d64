// Command llmctl owns the local model servers: it loads what they need, starts them, watches them and stops them.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"bestbox/internal/config"
	"bestbox/llmctl/devices"
	"bestbox/llmctl/fetch"
	"bestbox/llmctl/supervisor"

	"github.com/fatih/color"
)

// Exit codes. docs/llmctl.md explains them to users.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitNotReady    = 3
	exitPortTaken   = 4
	exitNotLoaded   = 5
	exitInterrupted = 130
)

func main() {
	// The first Ctrl-C ends what is under way in good order; a second one ends the process at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	err := newRoot().ExecuteContext(ctx)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = errInterrupted
	}
	if err != nil && !errors.Is(err, errSaid) {
		fmt.Fprintln(os.Stderr, color.RedString("llmctl: ")+err.Error())
	}
	os.Exit(exitCode(err))
}

var (
	errInterrupted = errors.New("interrupted")
	// errSaid ends the program with exitNotReady when the output already says why.
	errSaid = errors.New("not ready")
)

// usageError is a mistake in how llmctl was called.
type usageError struct{ error }

// exitCode is the one place where errors become exit codes.
func exitCode(err error) int {
	var usage usageError
	var field *config.FieldError
	var key *config.UnknownKeyError
	var form *config.FormError
	var fetched *fetch.Error
	var disk *fetch.DiskError
	var port *supervisor.PortError
	var failed *supervisor.FailedError
	var device *devices.MissingError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &usage), errors.As(err, &field), errors.As(err, &key), errors.As(err, &form):
		return exitUsage
	case errors.As(err, &port):
		return exitPortTaken
	case errors.As(err, &fetched), errors.As(err, &disk):
		return exitNotLoaded
	case errors.Is(err, errSaid), errors.As(err, &failed), errors.As(err, &device):
		return exitNotReady
	default:
		return exitFailure
	}
}
