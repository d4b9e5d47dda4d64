// Package dashboard shows the services of one machine on a terminal, once a second: their states, work and memory, the last line of each
// log, what happened lately. It changes nothing, and knows what it shows only as plain data that a Source brings.
package dashboard

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"bestbox/llmctl/supervisor"

	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"
)

const (
	// every is how often the dashboard looks again, after the look before has come.
	every = time.Second
	// logLines is how much of a log can be scrolled through.
	logLines = 1000
)

// Service is a line of the dashboard.
type Service struct {
	supervisor.Snapshot
	// Memory is what its process or container uses, in bytes; 0: unknown.
	Memory int64 `json:"memory_bytes,omitempty"`
	// LastLine is the last line of its log.
	LastLine string `json:"last_line,omitempty"`
}

// Bar is one kind of the machine's memory, in bytes.
type Bar struct {
	Name  string `json:"name"`
	Used  int64  `json:"used_bytes"`
	Total int64  `json:"total_bytes"`
}

// Look is everything at one moment.
type Look struct {
	At       time.Time `json:"at"`
	Profile  string    `json:"profile"`
	Services []Service `json:"services"`
	Memory   []Bar     `json:"memory"`
	// Events are the last ones, oldest first.
	Events []supervisor.Event `json:"-"`
}

// Source brings what is shown.
type Source interface {
	// Look is asked once a second.
	Look(ctx context.Context) (Look, error)
	// Log returns at most so many last lines of a service's log.
	Log(service string, lines int) ([]string, error)
}

// Run shows the dashboard until the user quits, which is no error, or ctx ends. Without colour the states are told by words alone, as
// they are in colour.
func Run(ctx context.Context, source Source, in io.Reader, out io.Writer, colour bool) error {
	environment := os.Environ()
	if !colour {
		environment = append(environment, "NO_COLOR=1")
	}
	program := tea.NewProgram(newModel(ctx, source), tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out),
		tea.WithEnvironment(environment), tea.WithoutSignalHandler())
	_, err := program.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, tea.ErrInterrupted) {
		return nil
	}
	return err
}

// page is what fills the screen.
type page int

const (
	overview page = iota
	logPage
	helpPage
)

// keys are what the dashboard understands; the help is made of them.
type keys struct{ up, down, log, back, help, quit key.Binding }

func newKeys() keys {
	return keys{
		up:   key.NewBinding(key.WithKeys("up", "k"), key.WithHelp("↑/k", "the service above; in a log: scroll")),
		down: key.NewBinding(key.WithKeys("down", "j"), key.WithHelp("↓/j", "the service below; in a log: scroll")),
		log:  key.NewBinding(key.WithKeys("l", "enter"), key.WithHelp("l", "the log of the chosen service, and back")),
		back: key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "back")),
		help: key.NewBinding(key.WithKeys("?"), key.WithHelp("?", "this help, and back")),
		quit: key.NewBinding(key.WithKeys("q", "ctrl+c"), key.WithHelp("q", "quit; the services go on")),
	}
}

// model is the dashboard's whole state.
type model struct {
	ctx    context.Context // bubbletea's commands take none
	source Source
	keys   keys
	help   help.Model

	width, height int
	look          Look
	err           error
	// chosen is the name of the chosen service, since the list may change between two looks.
	chosen string
	page   page
	log    viewport.Model
	logErr error
}

func newModel(ctx context.Context, source Source) model {
	m := model{ctx: ctx, source: source, keys: newKeys(), help: help.New(), width: 80, height: 24, log: viewport.New()}
	m.log.SoftWrap = true
	m.help.Styles = help.Styles{ShortKey: bold, ShortDesc: faint, ShortSeparator: faint}
	return m
}

// Messages of the dashboard to itself.
type (
	lookMsg struct {
		look Look
		err  error
	}
	logMsg struct {
		service string
		lines   []string
		err     error
	}
	againMsg struct{}
)

// Init implements tea.Model.
func (m model) Init() tea.Cmd { return m.lookNow }

func (m model) lookNow() tea.Msg {
	look, err := m.source.Look(m.ctx)
	return lookMsg{look, err}
}

// readLog brings the log that is on the screen; nil where none is.
func (m model) readLog() tea.Cmd {
	if m.page != logPage {
		return nil
	}
	service := m.chosen
	return func() tea.Msg {
		lines, err := m.source.Log(service, logLines)
		return logMsg{service, lines, err}
	}
}

// Update implements tea.Model.
func (m model) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	switch message := message.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = message.Width, message.Height
		m.resizeLog()
	case lookMsg:
		m.err = message.err
		if message.err == nil {
			m.look = message.look
		}
		m.keepChosen()
		again := tea.Tick(every, func(time.Time) tea.Msg { return againMsg{} })
		return m, tea.Batch(again, m.readLog())
	case againMsg:
		return m, m.lookNow
	case logMsg:
		m.showLog(message)
	case tea.KeyPressMsg:
		return m.press(message)
	}
	return m, nil
}

func (m model) press(pressed tea.KeyPressMsg) (tea.Model, tea.Cmd) {
	switch {
	case key.Matches(pressed, m.keys.quit):
		return m, tea.Quit
	case key.Matches(pressed, m.keys.help):
		if m.page == helpPage {
			m.page = overview
		} else {
			m.page = helpPage
		}
	case key.Matches(pressed, m.keys.back):
		m.page = overview
	case key.Matches(pressed, m.keys.log):
		return m.toggleLog()
	case m.page == logPage:
		var command tea.Cmd
		m.log, command = m.log.Update(pressed)
		return m, command
	case key.Matches(pressed, m.keys.up):
		m.choose(-1)
	case key.Matches(pressed, m.keys.down):
		m.choose(1)
	}
	return m, nil
}

func (m model) toggleLog() (tea.Model, tea.Cmd) {
	if m.page == logPage || m.chosen == "" {
		m.page = overview
		return m, nil
	}
	m.page, m.logErr = logPage, nil
	m.log.SetContentLines(nil)
	m.resizeLog()
	return m, m.readLog()
}

// showLog follows the log's end, unless the user has scrolled up.
func (m *model) showLog(message logMsg) {
	if message.service != m.chosen {
		return // another one was chosen meanwhile
	}
	follow := m.log.AtBottom()
	m.logErr = message.err
	lines := make([]string, len(message.lines))
	for i, line := range message.lines {
		lines[i] = plain(line)
	}
	m.log.SetContentLines(lines)
	if follow {
		m.log.GotoBottom()
	}
}

// resizeLog leaves a line above the log for its name and one below for the keys.
func (m *model) resizeLog() {
	follow := m.log.AtBottom()
	m.log.SetWidth(m.width)
	m.log.SetHeight(max(1, m.height-2))
	if follow {
		m.log.GotoBottom()
	}
}

func (m model) chosenIndex() int {
	for i, s := range m.look.Services {
		if s.Name == m.chosen {
			return i
		}
	}
	return -1
}

// keepChosen chooses the first service where the chosen one is there no longer.
func (m *model) keepChosen() {
	if m.chosenIndex() >= 0 {
		return
	}
	m.chosen = ""
	if len(m.look.Services) > 0 {
		m.chosen = m.look.Services[0].Name
	}
}

func (m *model) choose(step int) {
	if all := m.look.Services; len(all) > 0 {
		m.chosen = all[min(max(m.chosenIndex()+step, 0), len(all)-1)].Name
	}
}
