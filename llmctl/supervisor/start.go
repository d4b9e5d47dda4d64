package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// launch checks what a start needs and starts the service, or takes over what a supervisor started and did not live to write down.
func (s *service) launch(ctx context.Context) {
	s.enter(Starting)
	how, known := s.host.backends[s.spec.Backend]
	if !known {
		s.fail(Unknown, fmt.Sprintf("backend %q is not known", s.spec.Backend))
		return
	}
	running, ok, err := how.find(ctx, s.spec)
	if err != nil {
		s.fail(NoEngine, fmt.Sprintf("%v; %s", err, NoEngine.advice()))
		return
	}
	if s.unknown = false; ok {
		s.attend(running, true)
		return
	}
	if port, taken := s.takenPort(); taken {
		s.portTaken(port)
		return
	}
	for _, file := range s.spec.Files {
		if _, err := os.Stat(file); err != nil {
			s.fail(MissingModel, fmt.Sprintf("the model is missing: %v; %s", err, MissingModel.advice()))
			return
		}
	}
	log, offset, err := openLog(s.logPath, s.spec)
	if err != nil {
		s.fail(Unknown, fmt.Sprintf("its log cannot be written: %v", err))
		return
	}
	defer log.Close()
	s.began, s.logStart = time.Now(), offset
	if running, err = how.start(ctx, s.spec, log); err != nil {
		s.notStarted(err)
		return
	}
	s.attend(running, false)
}

// notStarted says why there is nothing to watch.
func (s *service) notStarted(err error) {
	var cause *startError
	switch {
	case errors.As(err, &cause) && cause.cause == PortTaken:
		s.portTaken(cause.port)
	case errors.As(err, &cause):
		s.fail(cause.cause, fmt.Sprintf("%v; %s", cause.err, cause.cause.advice()))
	case errors.Is(err, fs.ErrNotExist):
		s.fail(MissingProgram, fmt.Sprintf("%s is missing; %s", s.spec.Argv[0], MissingProgram.advice()))
	default:
		s.fail(Unknown, fmt.Sprintf("%s cannot be started: %v", filepath.Base(s.spec.Argv[0]), err))
	}
}

// startError is an error of a backend that knows its cause.
type startError struct {
	cause Cause
	err   error
	port  int // of PortTaken
}

func (e *startError) Error() string { return e.err.Error() }

func (e *startError) Unwrap() error { return e.err }

// takenPort finds a port of the service that somebody else holds.
func (s *service) takenPort() (int, bool) {
	for _, port := range s.spec.Ports {
		if !portFree(s.spec.listenAddress(port)) {
			return port, true
		}
	}
	return 0, false
}

// portTaken fails with the name of who holds the port.
func (s *service) portTaken(port int) {
	holder := HolderOf(port)
	s.now.Holder = &holder
	s.fail(PortTaken, (&PortError{Service: s.spec.Name, Holder: holder}).Error())
}
