// Command worker answers questions: it polls Temporal's task queues, serves the HTTP trigger, and is its command line client.
package main

import (
	"errors"
	"fmt"
	"os"
)

// The exit codes; docs/errors.md is the table for users.
const (
	exitFailed      = 1   // a run failed, or the worker cannot go on
	exitBadInput    = 2   // an argument, the configuration or the question is wrong
	exitUnreachable = 3   // no worker, or not what it needs, answers
	exitPortTaken   = 4   // another program listens on the port of the HTTP trigger
	exitIncomplete  = 5   // the ingest is done, but for files that could not be put in
	exitCancelled   = 130 // the run was cancelled, as after Ctrl-C
)

// exitError is an error with the exit code it stands for. Without an inner error everything has been said.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func main() { os.Exit(execute()) }

func execute() int {
	err := newRoot().Execute()
	var coded *exitError
	switch {
	case err == nil:
		return 0
	case !errors.As(err, &coded):
		coded = &exitError{exitBadInput, err} // what cobra refuses: unknown commands and flags
	}
	if coded.err != nil {
		fmt.Fprintln(os.Stderr, "worker:", coded.err)
	}
	return coded.code
}
