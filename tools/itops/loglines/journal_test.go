package loglines

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/config"
	"bestbox/internal/programtest"
)

// entryOf is an entry in the journal's export format. A message of several lines, or of bytes, is written with its length.
func entryOf(number int, at time.Time, host, unit, priority, message string) []byte {
	var text bytes.Buffer
	fmt.Fprintf(&text, "__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=%032x\n_MACHINE_ID=%032x\n", at.UnixMicro(), number, 7, 7)
	fmt.Fprintf(&text, "_HOSTNAME=%s\n_SYSTEMD_UNIT=%s\nSYSLOG_IDENTIFIER=press\nPRIORITY=%s\nMESSAGE\n", host, unit, priority)
	_ = binary.Write(&text, binary.LittleEndian, uint64(len(message))) // a bytes.Buffer takes all
	text.WriteString(message + "\n\n")
	return text.Bytes()
}

// journalOf writes a real journal file, with systemd's own program.
func journalOf(t testing.TB, entries ...[]byte) (folder string) {
	t.Helper()
	remote := programtest.Server(t, "systemd-journal-remote")
	if _, err := exec.LookPath("journalctl"); err != nil {
		t.Skip("journalctl is not on this machine; it comes with systemd")
	}
	folder = t.TempDir()
	command := exec.Command(remote, "--output="+filepath.Join(folder, "press.journal"), "-")
	command.Env = append(os.Environ(), programtest.ServerLibraries(t))
	command.Stdin = bytes.NewReader(bytes.Join(entries, nil))
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return folder
}

func readJournalOf(t testing.TB, folder string, wanted config.JournalEntries, asked Window) (texts []string, gaps []Gap) {
	t.Helper()
	lines, gaps, err := Read(t.Context(), config.Component{Journal: &wanted}, folder, time.UTC, asked)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		texts = append(texts, l.At.UTC().Format("15:04:05")+" "+l.Level+" "+l.Program+" "+l.Message)
	}
	return texts, gaps
}

func TestTheJournalIsReadByUnitHostAndTime(t *testing.T) {
	t.Parallel()
	at := func(minutes int) time.Time { return newYear.Add(time.Duration(minutes) * time.Minute) }
	folder := journalOf(t,
		entryOf(1, at(1), "hall-1", "press.service", "3", "jammed 卡住"),
		entryOf(2, at(2), "hall-1", "press.service", "4", "first line\nsecond line"),
		entryOf(3, at(3), "hall-1", "oven.service", "6", "warm"),
		entryOf(4, at(4), "hall-2", "press.service", "2", "bytes \xff\xfe"),
		entryOf(5, at(5), "hall-2", "press.service", "7", strings.Repeat("x", 100<<10)),
	)
	tests := map[string]struct {
		wanted config.JournalEntries
		asked  Window
		want   []string
	}{
		"a unit": {config.JournalEntries{Units: []string{"oven.service"}}, everything, []string{"00:03:00 info press warm"}},
		"units":  {config.JournalEntries{Units: []string{"oven.service", "none.service"}}, everything, []string{"00:03:00 info press warm"}},
		"a host": {config.JournalEntries{Host: "hall-2"}, everything, []string{"00:05:00 info press (longer than journalctl shows)", "00:04:00 error press bytes \xff\xfe"}},
		"a unit of a host": {config.JournalEntries{Units: []string{"press.service"}, Host: "hall-1"}, everything,
			[]string{"00:02:00 warning press first line\nsecond line", "00:01:00 error press jammed 卡住"}},
		"a time":  {config.JournalEntries{}, Window{From: at(2), To: at(3), MaxBytes: 1 << 20}, []string{"00:03:00 info press warm", "00:02:00 warning press first line\nsecond line"}},
		"nothing": {config.JournalEntries{Host: "hall-3"}, everything, nil},
	}
	for name, test := range tests {
		got, gaps := readJournalOf(t, folder, test.wanted, test.asked)
		if diff := cmp.Diff(test.want, got); diff != "" || len(gaps) > 0 {
			t.Errorf("%s: %s, gaps %+v", name, diff, gaps)
		}
	}
}

func TestOfTooLongAJournalTheNewestIsRead(t *testing.T) {
	t.Parallel()
	entries := make([][]byte, 2000)
	for i := range entries {
		entries[i] = entryOf(i+1, newYear.Add(time.Duration(i)*time.Minute), "hall-1", "press.service", "6", fmt.Sprint("entry ", i))
	}
	folder := journalOf(t, entries...)
	asked := everything
	asked.MaxBytes = fewestBytes
	got, gaps := readJournalOf(t, folder, config.JournalEntries{}, asked)
	if len(got) < 50 || len(got) >= len(entries) || !strings.HasSuffix(got[0], "entry 1999") || !strings.HasSuffix(got[len(got)-1], fmt.Sprint("entry ", 2000-len(got))) {
		t.Errorf("%d entries, from %q to %q", len(got), got[0], got[len(got)-1])
	}
	back := newYear.Add(time.Duration(2000-len(got)) * time.Minute)
	if len(gaps) != 1 || !gaps[0].Back.Equal(back) {
		t.Errorf("gaps %+v, want one back to %s", gaps, back)
	}
}

func TestAJournalThatIsNotThereIsAGap(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("journalctl"); err != nil {
		t.Skip("journalctl is not on this machine; it comes with systemd")
	}
	got, gaps := readJournalOf(t, filepath.Join(t.TempDir(), "none"), config.JournalEntries{}, everything)
	if len(got) > 0 || len(gaps) != 1 || !strings.Contains(gaps[0].What, "No such file or directory") {
		t.Errorf("%q, %+v", got, gaps)
	}
}

func TestWithoutJournalctlTheJournalIsAGap(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, gaps := readJournalOf(t, t.TempDir(), config.JournalEntries{}, everything)
	if len(gaps) != 1 || !strings.Contains(gaps[0].What, "journalctl") {
		t.Errorf("%+v", gaps)
	}
}
