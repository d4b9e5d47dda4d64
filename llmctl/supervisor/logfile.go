package supervisor

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// rotateAbove is the size, in bytes, from which a start begins a new log file; the one before is kept as .1.
	rotateAbove = 8 << 20
	// tailBytes is how much of the end of a log is read for a cause: a model server writes about 20 kB while it loads.
	tailBytes = 64 << 10
	// tailLines is how many last lines are shown with a failure.
	tailLines = 8
)

// LogPath returns the log file of a service.
func LogPath(state, service string) string {
	return filepath.Join(state, "logs", service+".log")
}

// openLog opens a service's log for appending and returns where this start's part begins.
func openLog(path string, spec Spec) (*os.File, int64, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, 0, err
	}
	if info, err := os.Stat(path); err == nil && info.Size() > rotateAbove {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, 0, err
		}
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return nil, 0, err
	}
	fmt.Fprintf(file, "=== llmctl %s: %s\n", time.Now().Format(time.RFC3339), strings.Join(spec.Argv, " "))
	offset, err := file.Seek(0, io.SeekEnd)
	return file, offset, err
}

// readTail returns the end of a log, from offset at the earliest.
func readTail(path string, offset int64) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil {
		offset = max(offset, info.Size()-tailBytes)
	}
	content, err := io.ReadAll(io.NewSectionReader(file, offset, tailBytes))
	if err != nil {
		return ""
	}
	return string(content)
}

func lastLines(text string, n int) []string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(lines) == 1 && lines[0] == "" {
		return nil
	}
	return lines[max(0, len(lines)-n):]
}
