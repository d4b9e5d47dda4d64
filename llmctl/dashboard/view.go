package dashboard

import (
	"fmt"
	"image/color"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"bestbox/llmctl/supervisor"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/progress"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
)

// The sixteen colours of the terminal, so that its own theme decides how they look on light and dark.
var (
	green, yellow, red, cyan, grey = lipgloss.Green, lipgloss.Yellow, lipgloss.Red, lipgloss.Cyan, lipgloss.BrightBlack

	bold  = lipgloss.NewStyle().Bold(true)
	faint = lipgloss.NewStyle().Foreground(grey)
)

// stateColours leaves out what is on its way, which is yellow.
var stateColours = map[supervisor.State]color.Color{
	supervisor.Ready: green, supervisor.Stopped: grey, supervisor.Failed: red, supervisor.Degraded: red,
}

// View implements tea.Model.
func (m model) View() tea.View {
	view := tea.NewView(strings.Join(m.screen(), "\n"))
	view.AltScreen, view.WindowTitle = true, "llmctl"
	return view
}

// screen returns the lines of the page, no more than there is room for.
func (m model) screen() []string {
	var lines []string
	switch m.page {
	case logPage:
		lines = m.logLines()
	case helpPage:
		lines = m.helpLines()
	case overview:
		lines = m.overviewLines()
	}
	last := m.keyLine()
	lines = lines[:min(len(lines), max(0, m.height-1))]
	for len(lines) < m.height-1 {
		lines = append(lines, "")
	}
	lines = append(lines, last)
	for i, line := range lines {
		lines[i] = lipgloss.NewStyle().MaxWidth(m.width).Render(line)
	}
	return lines
}

// overviewLines fills the screen by what matters most: the services, the memory, what each service says, the events.
func (m model) overviewLines() []string {
	room := m.height - 1 // for the keys
	head := []string{m.title(), "", m.header()}
	services := m.look.Services
	room -= len(head)
	first, shown := window(len(services), m.chosenIndex(), room)
	services, room = services[first:first+shown], room-shown
	var bars []string
	if len(m.look.Memory) > 0 && room > len(m.look.Memory) {
		bars = append([]string{""}, m.bars()...)
		room -= len(bars)
	}
	// All details or none: with some of them it would look as if the other services had nothing to say.
	details := room >= len(services)
	lines := head
	for _, s := range services {
		lines = append(lines, m.row(s))
		if detail := m.detail(s); details && detail != "" {
			lines = append(lines, detail)
			room--
		}
	}
	lines = append(lines, bars...)
	if room > 2 && len(m.look.Events) > 0 {
		lines = append(lines, "", faint.Render("  EVENTS"))
		events := m.look.Events[max(0, len(m.look.Events)-(room-2)):]
		for _, e := range events {
			lines = append(lines, m.event(e))
		}
	}
	return lines
}

// window returns which of n lines are shown in so much room, the chosen one always.
func window(n, chosen, room int) (first, shown int) {
	shown = max(0, min(n, room))
	return max(0, min(chosen-shown+1, n-shown)), shown
}

func (m model) title() string {
	usable := 0
	for _, s := range m.look.Services {
		if s.Usable() {
			usable++
		}
	}
	left := bold.Render("  llmctl") + "  profile " + m.look.Profile
	middle := fmt.Sprintf("%d of %d ready", usable, len(m.look.Services))
	switch {
	case m.err != nil:
		middle = lipgloss.NewStyle().Foreground(red).Render(cut(plain(m.err.Error()), m.width-lipgloss.Width(left)-14))
	case m.look.At.IsZero():
		return left + "   looking…"
	case usable == len(m.look.Services):
		middle = lipgloss.NewStyle().Foreground(green).Render(middle)
	default:
		middle = lipgloss.NewStyle().Foreground(yellow).Render(middle)
	}
	return spread(left+"   "+middle, m.look.At.Local().Format("15:04:05")+" ", m.width)
}

// spread puts one text to the left and, where there is room, one to the right of a line.
func spread(left, right string, width int) string {
	if lipgloss.Width(left)+lipgloss.Width(right) >= width {
		return left
	}
	return left + strings.Repeat(" ", max(0, width-lipgloss.Width(left)-lipgloss.Width(right))) + right
}

// containerTitle names the column that is left out where nothing runs in a container.
const containerTitle = "CONTAINER"

// column is one of the services' table. It is shown on terminals at least as wide as from says.
type column struct {
	title string
	width int
	from  int
	right bool
	cell  func(m model, s Service) (string, lipgloss.Style)
}

var columns = []column{
	{"SERVICE", 9, 0, false, func(m model, s Service) (string, lipgloss.Style) {
		if s.Name == m.chosen {
			return s.Name, bold
		}
		return s.Name, lipgloss.NewStyle()
	}},
	{"STATE", 13, 0, false, func(m model, s Service) (string, lipgloss.Style) { return stateOf(s, m.look.At) }},
	{"PID", 7, 60, false, func(_ model, s Service) (string, lipgloss.Style) { return number(s.PID), lipgloss.NewStyle() }},
	{containerTitle, 18, 97, false, func(_ model, s Service) (string, lipgloss.Style) { return orDash(s.Container), lipgloss.NewStyle() }},
	{"READY", 7, 68, true, func(_ model, s Service) (string, lipgloss.Style) {
		return orDash(positive(s.Seconds, "%.1f s")), lipgloss.NewStyle()
	}},
	{"RESTARTS", 8, 77, true, func(_ model, s Service) (string, lipgloss.Style) {
		if s.Restarts > 0 {
			return strconv.Itoa(s.Restarts), lipgloss.NewStyle().Foreground(yellow)
		}
		return "0", lipgloss.NewStyle()
	}},
	{"REQ", 4, 45, true, func(_ model, s Service) (string, lipgloss.Style) { return requests(s.Work), lipgloss.NewStyle() }},
	{"READ/S", 6, 0, true, func(_ model, s Service) (string, lipgloss.Style) {
		if s.Work == nil {
			return "-", lipgloss.NewStyle()
		}
		return speed(s.Work.PromptSpeed)
	}},
	{"WRITE/S", 7, 0, true, func(_ model, s Service) (string, lipgloss.Style) {
		if s.Work == nil {
			return "-", lipgloss.NewStyle()
		}
		return speed(s.Work.GenerationSpeed)
	}},
	{"MEMORY", 6, 52, true, func(_ model, s Service) (string, lipgloss.Style) {
		return orDash(positive(float64(s.Memory)/1e9, "%.2f G")), lipgloss.NewStyle()
	}},
	{"ADDRESS", 22, 140, false, func(_ model, s Service) (string, lipgloss.Style) { return orDash(s.Address), lipgloss.NewStyle() }},
	{"ABOUT", 50, 160, false, func(_ model, s Service) (string, lipgloss.Style) { return orDash(s.About), faint }},
}

// shownColumns are those that the width has room for.
func (m model) shownColumns() []column {
	var shown []column
	contained := slices.ContainsFunc(m.look.Services, func(s Service) bool { return s.Container != "" })
	for _, c := range columns {
		if m.width >= c.from && (contained || c.title != containerTitle) {
			shown = append(shown, c)
		}
	}
	return shown
}

func (m model) header() string {
	cells := make([]string, 0, len(columns))
	for _, c := range m.shownColumns() {
		cells = append(cells, c.pad(c.title))
	}
	return faint.Render("  " + strings.Join(cells, " "))
}

func (m model) row(s Service) string {
	cells := make([]string, 0, len(columns))
	for _, c := range m.shownColumns() {
		text, style := c.cell(m, s)
		padded := c.pad(cut(plain(text), c.width))
		cells = append(cells, strings.Replace(padded, strings.TrimSpace(padded), style.Render(strings.TrimSpace(padded)), 1))
	}
	mark := "  "
	if s.Name == m.chosen {
		mark = lipgloss.NewStyle().Foreground(cyan).Render("▸ ")
	}
	return mark + strings.Join(cells, " ")
}

func (c column) pad(text string) string {
	blank := strings.Repeat(" ", max(0, c.width-lipgloss.Width(text)))
	if c.right {
		return blank + text
	}
	return text + blank
}

// detail is what a service says: why it does not work, else the last line of its log; empty: nothing.
func (m model) detail(s Service) string {
	if s.Message != "" && !s.Usable() {
		return "    " + lipgloss.NewStyle().Foreground(yellow).Render(cut(plain(s.Message), m.width-5))
	}
	if strings.TrimSpace(s.LastLine) == "" {
		return ""
	}
	return "    " + faint.Render(cut(plain(s.LastLine), m.width-5))
}

// stateOf adds to a state that passes since when it has lasted.
func stateOf(s Service, now time.Time) (string, lipgloss.Style) {
	if s.State == supervisor.Ready && !s.Usable() {
		return "not answering", lipgloss.NewStyle().Foreground(red)
	}
	if paint, ok := stateColours[s.State]; ok {
		return string(s.State), lipgloss.NewStyle().Foreground(paint)
	}
	text := string(s.State)
	if since := now.Sub(s.Since); !s.Since.IsZero() && since >= time.Second {
		text += " " + since.Truncate(time.Second).String()
	}
	return text, lipgloss.NewStyle().Foreground(yellow)
}

// requests shows those that run, and behind a plus those that wait.
func requests(work *supervisor.Work) string {
	switch {
	case work == nil:
		return "-"
	case work.Waiting > 0:
		return fmt.Sprintf("%d+%d", work.Running, work.Waiting)
	default:
		return strconv.Itoa(work.Running)
	}
}

func speed(perSecond float64) (string, lipgloss.Style) {
	if perSecond <= 0 {
		return "-", lipgloss.NewStyle()
	}
	return fmt.Sprintf("%.1f", perSecond), lipgloss.NewStyle().Foreground(cyan)
}

func number(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

func positive(value float64, format string) string {
	if value <= 0 {
		return ""
	}
	return fmt.Sprintf(format, value)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

const (
	// tight and full are the parts of a memory from which its bar is yellow and red.
	tight, full = 0.80, 0.93
	// longestBar keeps bars readable on wide terminals.
	longestBar = 60
)

func (m model) bars() []string {
	lines := make([]string, 0, len(m.look.Memory))
	for _, b := range m.look.Memory {
		share := 0.0
		if b.Total > 0 {
			share = min(1, max(0, float64(b.Used)/float64(b.Total)))
		}
		paint := green
		switch {
		case share >= full:
			paint = red
		case share >= tight:
			paint = yellow
		}
		bar := progress.New(progress.WithColors(paint), progress.WithoutPercentage(), progress.WithFillCharacters('█', '░'),
			progress.WithWidth(max(10, min(longestBar, m.width-44))))
		bar.EmptyColor = grey
		lines = append(lines, fmt.Sprintf("  %-9s %s %5.1f of %.1f GB, %.1f free", cut(plain(b.Name), 9), bar.ViewAs(share),
			float64(b.Used)/1e9, float64(b.Total)/1e9, float64(max(0, b.Total-b.Used))/1e9))
	}
	return lines
}

func (m model) event(e supervisor.Event) string {
	paint, ok := stateColours[e.State]
	if !ok {
		paint = yellow
	}
	text := fmt.Sprintf("  %s  %-10s %s", e.At.Local().Format("15:04:05"), cut(plain(e.Service), 10), lipgloss.NewStyle().Foreground(paint).Render(string(e.State)))
	if e.Message != "" {
		text += "  " + cut(plain(e.Message), m.width-lipgloss.Width(text)-3)
	}
	return text
}

func (m model) logLines() []string {
	path := ""
	if i := m.chosenIndex(); i >= 0 {
		path = m.look.Services[i].Log
	}
	where := fmt.Sprintf("%3.0f %% ", m.log.ScrollPercent()*100)
	if m.log.AtBottom() {
		where = "following "
	}
	title := spread(bold.Render("  log of "+m.chosen)+"  "+faint.Render(cut(plain(path), m.width-len(m.chosen)-26)), where, m.width)
	if m.logErr != nil {
		return []string{title, "  " + lipgloss.NewStyle().Foreground(red).Render(plain(m.logErr.Error()))}
	}
	return append([]string{title}, strings.Split(m.log.View(), "\n")...)
}

func (m model) helpLines() []string {
	lines := []string{bold.Render("  llmctl status --watch"), ""}
	for _, binding := range []key.Binding{m.keys.up, m.keys.down, m.keys.log, m.keys.back, m.keys.help, m.keys.quit} {
		lines = append(lines, fmt.Sprintf("  %s%s %s", bold.Render(binding.Help().Key), strings.Repeat(" ", max(0, 5-lipgloss.Width(binding.Help().Key))), binding.Help().Desc))
	}
	return append(lines, "",
		"  READY     seconds of the last start until the service answered",
		"  RESTARTS  starts after a crash since the service was last asked for",
		"  REQ       requests that run + requests that wait",
		"  READ/S    prompt tokens per second; WRITE/S: generated ones",
		"  MEMORY    what the service's process uses, in GB",
		"",
		"  "+faint.Render("llmctl logs and llmctl events show more of the past."))
}

func (m model) keyLine() string {
	short := func(keys, what string) key.Binding {
		return key.NewBinding(key.WithKeys(keys), key.WithHelp(keys, what))
	}
	quit := short("q", "quit")
	shown := []key.Binding{short("↑↓", "choose"), short("l", "log"), short("?", "help"), quit}
	switch m.page {
	case logPage:
		shown = []key.Binding{short("↑↓ pgup pgdn", "scroll"), short("l", "back"), short("?", "help"), quit}
	case helpPage:
		shown = []key.Binding{short("?", "back"), quit}
	case overview:
	}
	return "  " + m.help.ShortHelpView(shown)
}

// escapes are the sequences that steer a terminal: a log line must not.
var escapes = regexp.MustCompile("\x1b(?:\\[[0-9;?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|.)")

// plain takes out of a text what would steer the terminal or break the line.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return -1
		default:
			return r
		}
	}, escapes.ReplaceAllString(text, ""))
}

// cut shortens a text to so many cells of the terminal.
func cut(text string, width int) string {
	if lipgloss.Width(text) <= width {
		return text
	}
	if width < 1 {
		return ""
	}
	return lipgloss.NewStyle().MaxWidth(width-1).Render(text) + "…"
}
