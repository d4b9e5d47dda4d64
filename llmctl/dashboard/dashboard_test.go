package dashboard

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bestbox/llmctl/supervisor"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

var now = time.Date(2026, 3, 4, 12, 0, 0, 0, time.Local)

// fixed is a source of fixed data.
type fixed struct {
	look Look
	err  error
	logs map[string][]string
}

func (f *fixed) Look(context.Context) (Look, error) { return f.look, f.err }

func (f *fixed) Log(service string, lines int) ([]string, error) {
	if _, ok := f.logs[service]; !ok {
		return nil, errors.New("no log of " + service)
	}
	return f.logs[service][max(0, len(f.logs[service])-lines):], nil
}

// busyMachine has a service in every kind of state.
func busyMachine() *fixed {
	no := false
	services := []Service{
		{Snapshot: supervisor.Snapshot{Name: "heavy", State: supervisor.Ready, PID: 16500, Address: "http://127.0.0.1:8080", Seconds: 4.97, Model: true,
			About: "qwen2.5-14b-instruct-q4_k_m, 2 x 8192 tokens", Log: "/state/logs/heavy.log",
			Work: &supervisor.Work{Running: 2, Waiting: 1, PromptSpeed: 148.2, GenerationSpeed: 21.34}},
			Memory: 9_420_000_000, LastLine: "slot print_timing: id  0 | task 41 | eval time = 2000.00 ms / 43 tokens"},
		{Snapshot: supervisor.Snapshot{Name: "light", State: supervisor.Loading, Container: "bestbox-light", Since: now.Add(-12 * time.Second), Model: true, Restarts: 2,
			Address: "http://127.0.0.1:8081"}, LastLine: "\x1b[32mload_tensors\x1b[0m: loading model tensors, this can take a while… 日本語の行が長いときは切られる 日本語の行が長いときは切られる"},
		{Snapshot: supervisor.Snapshot{Name: "temporal", State: supervisor.Failed, Message: "port 7233 is held by pid 99 (temporal) of user anna; stop it or change temporal.address"},
			LastLine: "never shown"},
		{Snapshot: supervisor.Snapshot{Name: "worker", State: supervisor.Ready, PID: 16503, Seconds: 1.1, Answering: &no}, Memory: 48_000_000, LastLine: `{"level":"INFO","msg":"started"}`},
	}
	events := make([]supervisor.Event, 0, 30)
	for i := range 30 {
		events = append(events, supervisor.Event{At: now.Add(time.Duration(i-30) * time.Second), Service: "heavy", State: supervisor.Loading})
	}
	events[29].State, events[29].Message = supervisor.Failed, "killed by the kernel: out of memory; a smaller context or model needs less, and this message is far longer than the screen is wide"
	lines := make([]string, 0, 200)
	for i := range 200 {
		lines = append(lines, fmt.Sprintf("line %d", i+1))
	}
	return &fixed{look: Look{At: now, Profile: "small", Services: services, Events: events, Memory: []Bar{
		{"memory", 14_100_000_000, 24_000_000_000}, {"VRAM", 58_000_000_000, 64_000_000_000}, {"GTT", 1_000_000_000, 16_000_000_000},
	}}, logs: map[string][]string{"heavy": lines, "light": {"\x1b]0;evil\x07one\x1b[2J"}}}
}

// shown returns the model of a screen after the given messages; strings are keys.
func shown(t *testing.T, source Source, width, height int, messages ...any) model {
	t.Helper()
	m := newModel(t.Context(), source)
	m = send(m, tea.WindowSizeMsg{Width: width, Height: height})
	m = send(m, m.lookNow())
	for _, message := range messages {
		switch message := message.(type) {
		case string:
			m = send(m, pressed(message))
		default:
			m = send(m, message)
		}
		if command := m.readLog(); command != nil {
			m = send(m, command())
		}
	}
	return m
}

func send(m model, message tea.Msg) model {
	next, _ := m.Update(message)
	return next.(model)
}

func pressed(name string) tea.KeyPressMsg {
	named := map[string]rune{"up": tea.KeyUp, "down": tea.KeyDown, "esc": tea.KeyEscape, "pgup": tea.KeyPgUp, "end": tea.KeyPgDown}
	if code, ok := named[name]; ok {
		return tea.KeyPressMsg{Code: code}
	}
	if name == "ctrl+c" {
		return tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}
	}
	return tea.KeyPressMsg{Code: rune(name[0]), Text: name}
}

func TestScreensOfEverySize(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name          string
		width, height int
		messages      []any
	}{
		{"80x24", 80, 24, nil},
		{"80x24-chosen", 80, 24, []any{"down", "down"}},
		{"200x50", 200, 50, nil},
		{"80x10", 80, 10, nil},
		{"40x6", 40, 6, []any{"down", "down", "down"}},
		{"80x24-log", 80, 24, []any{"l"}},
		{"80x24-log-scrolled", 80, 24, []any{"l", "pgup", "up"}},
		{"80x24-log-missing", 80, 24, []any{"down", "down", "l"}},
		{"80x24-help", 80, 24, []any{"?"}},
		{"80x24-error", 80, 24, []any{lookMsg{err: errors.New("the supervisor has gone: dial unix: connection refused")}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := shown(t, busyMachine(), test.width, test.height, test.messages...)
			lines := m.screen()
			if len(lines) != test.height {
				t.Errorf("%d lines on a screen of %d", len(lines), test.height)
			}
			for i, line := range lines {
				if width := lipgloss.Width(line); width > test.width {
					t.Errorf("line %d is %d wide on a screen of %d: %q", i+1, width, test.width, line)
				}
			}
			golden(t, test.name, lines)
		})
	}
}

// golden compares what a terminal without colours shows.
func golden(t *testing.T, name string, lines []string) {
	t.Helper()
	var got strings.Builder
	for _, line := range lines {
		got.WriteString(strings.TrimRight(plain(line), " ") + "\n")
	}
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("the screen differs from %s; write it again with -update if it should\n%s", path, diff)
	}
}

func TestStatesAreColouredAndSaidInWords(t *testing.T) {
	t.Parallel()
	screen := strings.Join(shown(t, busyMachine(), 80, 24).screen(), "\n")
	for word, code := range map[string]string{"ready": "32", "loading 12s": "33", "failed": "31", "not answering": "31", "1 of 4 ready": "33"} {
		if want := "\x1b[" + code + "m" + word + "\x1b[m"; !strings.Contains(screen, want) {
			t.Errorf("%q is not shown in colour %s:\n%q", word, code, screen)
		}
	}
}

func TestKeysChooseQuitAndTurnPages(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		keys   []any
		chosen string
		page   page
	}{
		{nil, "heavy", overview},
		{[]any{"down"}, "light", overview},
		{[]any{"down", "down", "up"}, "light", overview},
		{[]any{"up"}, "heavy", overview},
		{[]any{"j", "j", "j", "j", "j", "j"}, "worker", overview},
		{[]any{"down", "l"}, "light", logPage},
		{[]any{"l", "down", "l"}, "heavy", overview},
		{[]any{"l", "esc"}, "heavy", overview},
		{[]any{"?"}, "heavy", helpPage},
		{[]any{"?", "?"}, "heavy", overview},
		{[]any{"l", "?", "esc"}, "heavy", overview},
		{[]any{"x"}, "heavy", overview},
	} {
		m := shown(t, busyMachine(), 80, 24, test.keys...)
		if m.chosen != test.chosen || m.page != test.page {
			t.Errorf("%v: %s on page %d; want %s on %d", test.keys, m.chosen, m.page, test.chosen, test.page)
		}
	}
	for _, name := range []string{"q", "ctrl+c"} {
		_, command := shown(t, busyMachine(), 80, 24).Update(pressed(name))
		if command == nil || command() != tea.Quit() {
			t.Errorf("%s does not quit", name)
		}
	}
}

func TestTheLogFollowsItsEndUntilTheUserScrolls(t *testing.T) {
	t.Parallel()
	source := busyMachine()
	m := shown(t, source, 80, 24, "l")
	source.logs["heavy"] = append(source.logs["heavy"], "the newest")
	again := func() string {
		m = send(m, m.readLog()())
		return strings.Join(m.screen(), "\n")
	}
	if screen := again(); !strings.Contains(screen, "the newest") {
		t.Errorf("what was added is not shown:\n%s", screen)
	}
	m = send(m, pressed("pgup"))
	source.logs["heavy"] = append(source.logs["heavy"], "even newer")
	if screen := again(); strings.Contains(screen, "even newer") || strings.Contains(screen, "following") {
		t.Errorf("the user had scrolled up:\n%s", screen)
	}
	m = send(m, logMsg{service: "light", lines: []string{"of another service"}})
	if screen := strings.Join(m.screen(), "\n"); strings.Contains(screen, "of another service") {
		t.Errorf("the log of a service that is chosen no longer:\n%s", screen)
	}
	m = send(m, tea.WindowSizeMsg{Width: 100, Height: 12})
	if lines := m.screen(); len(lines) != 12 {
		t.Errorf("%d lines after the terminal became smaller", len(lines))
	}
}

func TestAServiceThatGoesIsNoLongerChosen(t *testing.T) {
	t.Parallel()
	source := busyMachine()
	m := shown(t, source, 80, 24, "down")
	source.look.Services = source.look.Services[2:]
	if m = send(m, m.lookNow()); m.chosen != "temporal" {
		t.Errorf("chosen: %q", m.chosen)
	}
	source.look.Services = nil
	m = send(m, m.lookNow())
	m = send(m, pressed("down"))
	if m = send(m, pressed("l")); m.page != overview {
		t.Error("the log of no service is shown")
	}
	_ = m.screen()
}

func TestLogsCannotSteerTheTerminal(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"\x1b]0;title\x07one\x1b[2J":        "one",
		"\x1b]8;;http://x\x1b\\link\x1b[1m": "link",
		"a\tb\rc\x00\u202ed":                "a bcd",
		"\x1b[38;5;196mred\x1b[0m":          "red",
		"\x1bMup, \x1b[?1049hscreen":        "up, screen",
		"unfinished \x1b[12":                "unfinished 12",
	} {
		if got := plain(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestTheDashboardRunsUntilQuitOrCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var out strings.Builder
	if err := Run(ctx, busyMachine(), strings.NewReader("jq"), &out, false); err != nil {
		t.Errorf("after q: %v", err)
	}
	if screen := out.String(); strings.Contains(screen, "\x1b[32m") {
		t.Errorf("colours where none are wanted: %q", screen)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := Run(ended, busyMachine(), strings.NewReader(""), &out, true); !errors.Is(err, context.Canceled) {
		t.Errorf("after its context ended: %v", err)
	}
}
