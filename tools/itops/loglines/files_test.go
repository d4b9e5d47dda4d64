package loglines

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/config"
)

var newYear = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// everything is a window that holds all lines of these tests.
var everything = Window{From: newYear.AddDate(-1, 0, 0), To: newYear.AddDate(1, 0, 0), MaxBytes: 1 << 20}

// numbered writes lines one minute apart, from number a to number b, into a file; one named .gz is packed.
func numbered(t testing.TB, path string, a, b int) {
	t.Helper()
	var text bytes.Buffer
	for n := a; n <= b; n++ {
		fmt.Fprintf(&text, "%s host press[7]: line %d\n", newYear.Add(time.Duration(n)*time.Minute).Format(time.RFC3339), n)
	}
	content := text.Bytes()
	if strings.HasSuffix(path, ".gz") {
		var packed bytes.Buffer
		writer := gzip.NewWriter(&packed)
		if _, err := writer.Write(content); err != nil {
			t.Fatal(err)
		}
		if err := writer.Close(); err != nil {
			t.Fatal(err)
		}
		content = packed.Bytes()
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	changed := newYear.Add(time.Duration(b) * time.Minute)
	if err := os.Chtimes(path, changed, changed); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, asked Window, format string, paths ...string) (numbers []int, gaps []Gap) {
	t.Helper()
	component := config.Component{Logs: []config.LogFiles{{Files: paths, Format: format}}}
	lines, gaps, err := Read(t.Context(), component, "", time.UTC, asked)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		var n int
		if _, err := fmt.Sscanf(l.Message, "line %d", &n); err != nil && len(l.Message) > len("line ") { // else cut off
			t.Fatalf("%q: %v", l.Message, err)
		}
		numbers = append(numbers, n)
	}
	return numbers, gaps
}

func down(from, to int) (numbers []int) {
	for n := from; n >= to; n-- {
		numbers = append(numbers, n)
	}
	return numbers
}

func TestRotatedAndPackedNeighboursAreReadNewestFirst(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "press.log")
	numbered(t, path, 300, 399)
	numbered(t, path+".1", 200, 299)
	numbered(t, path+".2.gz", 100, 199)
	numbered(t, path+"-20260101.gz", 0, 99)
	numbered(t, path+".bak", 400, 500)                        // nobody's rotation
	numbered(t, filepath.Join(folder, "other.log"), 600, 700) // another's
	got, gaps := read(t, everything, config.LogSyslog, path)
	if diff := cmp.Diff(down(399, 0), got); diff != "" || len(gaps) > 0 {
		t.Errorf("%s, gaps %+v", diff, gaps)
	}
	got, gaps = read(t, everything, config.LogSyslog, filepath.Join(folder, "press.lo*"), path) // nothing twice
	if diff := cmp.Diff(append(down(500, 400), down(399, 0)...), got); diff != "" || len(gaps) > 0 {
		t.Errorf("%s, gaps %+v", diff, gaps)
	}
}

func TestOnlyTheWindowIsRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "press.log")
	numbered(t, path, 100, 199)
	numbered(t, path+".1", 0, 99)
	asked := everything
	asked.From, asked.To = newYear.Add(90*time.Minute), newYear.Add(110*time.Minute)
	got, gaps := read(t, asked, config.LogSyslog, path)
	if diff := cmp.Diff(down(110, 90), got); diff != "" || len(gaps) > 0 {
		t.Errorf("%s, gaps %+v", diff, gaps)
	}
	if err := os.WriteFile(path+".1", []byte("not looked at\nat all\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path+".1", newYear, newYear); err != nil {
		t.Fatal(err)
	}
	if got, gaps = read(t, asked, config.LogSyslog, path); len(got) != 11 || len(gaps) > 0 {
		t.Errorf("a file that was changed last before the window was read: %v, %+v", got, gaps)
	}
}

// TestOfTooManyLinesTheNewestAreRead cuts a file at every place around a line's begin.
func TestOfTooManyLinesTheNewestAreRead(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"press.log", "press.log.1.gz"} {
		path := filepath.Join(t.TempDir(), name)
		numbered(t, path, 10000, 19999)
		for most := int64(fewestBytes); most < fewestBytes+100; most += 7 {
			asked := everything
			asked.MaxBytes = most
			got, gaps := read(t, asked, config.LogSyslog, path)
			if len(got) < 1000 || len(got) > 2000 {
				t.Fatalf("%s: %d lines of %d bytes", name, len(got), most)
			}
			if diff := cmp.Diff(down(19999, 20000-len(got)), got); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
			oldest := newYear.Add(time.Duration(20000-len(got)) * time.Minute)
			if diff := cmp.Diff([]Gap{{Source: path, Back: oldest}}, gaps); diff != "" {
				t.Error(diff)
			}
		}
	}
}

func TestWhatCannotBeReadIsAGapAndNotTheEnd(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	good := filepath.Join(folder, "good.log")
	numbered(t, good, 0, 9)
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pipe := filepath.Join(folder, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	broken := file("cut.log.1.gz", "")
	numbered(t, broken, 100, 1000)
	content, err := os.ReadFile(broken)
	if err != nil {
		t.Fatal(err)
	}
	file("cut.log.1.gz", string(content[:len(content)/2]))
	for path, want := range map[string]string{
		filepath.Join(folder, "none.log"): "is not there",
		pipe:                              "is no file",
		folder:                            "is no file",
		file("other.log", "a\nb\nc\n"):    "has no line of the form that is set for it",
		file("packed.log.gz", "this is not packed"): "cannot be unpacked",
		broken:                "cannot be read: unexpected EOF",
		file("empty.log", ""): "",
		file("half.log", "the end of something long"):  "",
		file("binary.log", strings.Repeat("\x00", 99)): "",
	} {
		got, gaps := read(t, everything, config.LogSyslog, path, good)
		if len(got) < 10 {
			t.Errorf("%s: the good file's lines are missing: %v", path, got)
		}
		var wanted []Gap
		if want != "" {
			wanted = []Gap{{Source: path, What: want}}
		}
		if diff := cmp.Diff(wanted, gaps); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	if os.Geteuid() != 0 {
		if err := os.Chmod(good, 0); err != nil {
			t.Fatal(err)
		}
		if _, gaps := read(t, everything, config.LogSyslog, good); len(gaps) != 1 || gaps[0].What != "may not be read by this user" {
			t.Errorf("%+v", gaps)
		}
	}
}

func TestALineWithoutEndTakesNoMemoryAndHidesNoOther(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "press.log")
	numbered(t, path, 1, 2)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	long := "2026-01-01T00:01:30Z host press: line 7 " + strings.Repeat("x", 300<<10) + "\n"
	if err := os.WriteFile(path, append(append([]byte(long), content...), long...), 0o600); err != nil {
		t.Fatal(err)
	}
	lines, gaps, err := Read(t.Context(), config.Component{Logs: []config.LogFiles{{Files: []string{path}, Format: config.LogSyslog}}}, "", time.UTC, everything)
	if err != nil || len(gaps) > 0 || len(lines) != 4 {
		t.Fatalf("%d lines, %+v, %v", len(lines), gaps, err)
	}
	for _, l := range lines {
		if len(l.Message) > longestMessage {
			t.Errorf("a message of %d bytes", len(l.Message))
		}
	}
}

func TestAPackedFileThatUnpacksWithoutEndIsLeft(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bomb.log.1.gz")
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	line := bytes.Repeat([]byte("\n"), 1<<20)
	for range 8 {
		if _, err := writer.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	asked := everything
	asked.To, asked.MaxBytes = time.Now().Add(time.Hour), fewestBytes
	_, gaps := read(t, asked, config.LogSyslog, path)
	if len(gaps) != 1 || !strings.Contains(gaps[0].What, "unpacks to more than 1 MiB") {
		t.Errorf("%+v", gaps)
	}
}

func TestReadingEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "press.log")
	numbered(t, path, 0, 99)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	component := config.Component{Logs: []config.LogFiles{{Files: []string{path}, Format: config.LogSyslog}}, Journal: &config.JournalEntries{}}
	if _, _, err := Read(ctx, component, "", time.UTC, everything); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
