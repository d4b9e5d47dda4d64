package loglines

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"bestbox/internal/config"
)

// journalProgram reads the journal: the files have no other stable reader, and its library needs cgo.
const journalProgram = "journalctl"

// journalTime is how long journalctl may take.
const journalTime = 20 * time.Second

// entry is what journalctl -o json prints of an entry. A value is a text, or numbers where it is none in UTF-8, or null where it is too long, or
// a list where the field stands there twice.
type entry struct {
	At       string          `json:"__REALTIME_TIMESTAMP"` // microseconds
	Priority json.RawMessage `json:"PRIORITY"`
	Program  json.RawMessage `json:"SYSLOG_IDENTIFIER"`
	Command  json.RawMessage `json:"_COMM"`
	Message  json.RawMessage `json:"MESSAGE"`
}

// readJournal reads entries, the newest first, until the bytes are used up.
func readJournal(ctx context.Context, wanted config.JournalEntries, directory string, asked Window) ([]Line, []Gap, error) {
	limited, stop := context.WithTimeout(ctx, journalTime)
	defer stop()
	command := exec.CommandContext(limited, journalProgram, journalArguments(wanted, directory, asked)...)
	command.Env = append(os.Environ(), "LC_ALL=C", "SYSTEMD_COLORS=0")
	complaints := &bytes.Buffer{}
	command.Stderr = &limitedWriter{complaints, 4 << 10}
	command.WaitDelay = time.Second
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	source := "the journal"
	if err := command.Start(); err != nil {
		return nil, []Gap{{Source: source, What: "cannot be read: " + err.Error()}}, nil
	}
	lines, size, err := scanJournal(output, asked)
	enough := errors.Is(err, errEnough)
	if err != nil {
		stop() // ends it where it has more to say
	}
	ended := command.Wait()
	slices.Reverse(lines) // the oldest first, as in a file
	switch said := strings.TrimSpace(complaints.String()); {
	case ctx.Err() != nil:
		return nil, nil, ctx.Err()
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		return lines, []Gap{{Source: source, What: fmt.Sprintf("was read for %s only", journalTime)}}, nil
	case enough && len(lines) > 0:
		return lines, []Gap{{Source: source, Back: lines[0].At}}, nil
	case err != nil && !enough:
		return nil, []Gap{{Source: source, What: "cannot be read: " + err.Error()}}, nil
	case strings.Contains(said, "not seeing messages from other users"):
		return lines, []Gap{{Source: source, What: "shows this user only a part: it must belong to the group systemd-journal"}}, nil
	case ended != nil && size == 0:
		return nil, []Gap{{Source: source, What: fmt.Sprintf("cannot be read: %v %s", ended, cut(said))}}, nil
	}
	return lines, nil, nil
}

func journalArguments(wanted config.JournalEntries, directory string, asked Window) []string {
	arguments := []string{"--output=json", "--no-pager", "--reverse", "--output-fields=MESSAGE,PRIORITY,SYSLOG_IDENTIFIER,_COMM",
		"--since=@" + strconv.FormatInt(asked.From.Unix(), 10), "--until=@" + strconv.FormatInt(asked.To.Unix()+1, 10)}
	if directory != "" {
		arguments = append(arguments, "--directory="+directory)
	}
	for _, unit := range wanted.Units {
		arguments = append(arguments, "--unit="+unit)
	}
	if wanted.Host != "" {
		arguments = append(arguments, "_HOSTNAME="+wanted.Host)
	}
	return arguments
}

var errEnough = errors.New("enough was read")

// scanJournal reads what journalctl prints, until it has read enough.
func scanJournal(output io.Reader, asked Window) (lines []Line, size int64, err error) {
	reader := bufio.NewReaderSize(output, longestLine)
	for {
		text, rest, err := reader.ReadLine()
		size += int64(len(text))
		if errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed) {
			return lines, size, nil
		}
		for rest && err == nil {
			_, rest, err = reader.ReadLine()
			text = nil // no entry of that length is whole here
		}
		if err != nil {
			return lines, size, err
		}
		if size > asked.MaxBytes {
			return lines, size, errEnough
		}
		var e entry
		if json.Unmarshal(text, &e) != nil {
			continue
		}
		if l, ok := e.line(); ok && asked.holds(l.At) {
			lines = append(lines, l)
		}
	}
}

func (e entry) line() (Line, bool) {
	micros, err := strconv.ParseInt(e.At, 10, 64)
	l := Line{At: time.UnixMicro(micros), Level: "info", Program: value(e.Program), Message: cut(value(e.Message))}
	if l.Program == "" {
		l.Program = value(e.Command)
	}
	if string(e.Message) == "null" {
		l.Message = "(longer than journalctl shows)"
	}
	switch value(e.Priority) {
	case "0", "1", "2", "3":
		l.Level = "error"
	case "4":
		l.Level = "warning"
	}
	return l, err == nil
}

// value reads a field of an entry.
func value(field json.RawMessage) string {
	var text string
	if json.Unmarshal(field, &text) == nil {
		return text
	}
	var numbers []byte
	var list []int
	if json.Unmarshal(field, &list) == nil {
		for _, n := range list {
			numbers = append(numbers, byte(n)) //nolint:gosec // journalctl prints bytes
		}
		return string(numbers)
	}
	var several []json.RawMessage
	if json.Unmarshal(field, &several) == nil && len(several) > 0 {
		return value(several[0])
	}
	return ""
}

// limitedWriter keeps the begin of what is written.
type limitedWriter struct {
	into *bytes.Buffer
	left int
}

func (w *limitedWriter) Write(p []byte) (int, error) {
	n := min(len(p), w.left)
	w.left -= n
	w.into.Write(p[:n])
	return len(p), nil
}
