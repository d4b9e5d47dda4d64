package supervisor

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Event is one change of a service's state. The stream of them is <state>/events.jsonl.
type Event struct {
	At      time.Time `json:"at"`
	Service string    `json:"service"`
	State   State     `json:"state"`
	PID     int       `json:"pid,omitempty"`
	Cause   Cause     `json:"cause,omitempty"`
	Message string    `json:"message,omitempty"`
}

// EventsPath returns the file of a state directory's events: one JSON object per line, the newest last.
func EventsPath(state string) string { return filepath.Join(state, "events.jsonl") }

// eventLog writes events. Each is one write, so that a reader sees whole lines.
type eventLog struct {
	mutex sync.Mutex
	path  string
}

// add appends an event; beyond rotateAbove bytes a new file begins, and the one before is kept as .1.
func (l *eventLog) add(event Event) error {
	line, err := json.Marshal(event)
	if err != nil {
		return err
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if info, err := os.Stat(l.path); err == nil && info.Size() > rotateAbove {
		if err := os.Rename(l.path, l.path+".1"); err != nil {
			return err
		}
	}
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Close())
}
