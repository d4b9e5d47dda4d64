package itops

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/wording"
)

var logsDefinition = tools.Definition{
	Name: "query_system_logs",
	Description: "Log lines of machines, hosts and services, counted by level and by pattern, with the newest ones. " +
		"Use it for questions about logs, error messages and fault codes.",
	Words:  "log|logged|日志",
	Effect: tools.Read, Outsiders: true,
}

// LogsArguments are the arguments of query_system_logs.
type LogsArguments struct {
	spellings
	ComponentID componentID `json:"component_id,omitempty" jsonschema_description:"Only lines of this machine, host or service."`
	Level       string      `json:"level,omitempty" jsonschema:"enum=error,enum=warning,enum=info" jsonschema_extras:"x-words=error:error|errors|fail|fails|failed|failing|failure|错误|报错|失败;warning:warning|warnings|警告;info:info|information|信息" jsonschema_description:"Only lines of this level. Without it: all levels."`
	Contains    string      `json:"contains,omitempty" jsonschema:"maxLength=80" jsonschema_description:"Only lines with exactly this text in them, such as a fault code."`
	Since       dates.Date  `json:"since,omitempty" jsonschema_description:"Only lines written on or after this day."`
	Until       dates.Date  `json:"until,omitempty" jsonschema_description:"Only lines written on or before this day."`
	Limit       int         `json:"limit,omitempty" jsonschema:"minimum=1,maximum=20" jsonschema_extras:"x-number=named" jsonschema_description:"How many of the newest lines to show. Without it: 3."`
	tools.Paged
}

// Logs are the log lines found.
type Logs struct {
	tools.Part
	Note     string       `json:"note,omitempty"`
	Asked    string       `json:"asked"`
	Level    string       `json:"level,omitempty"`
	Count    int          `json:"count"`
	Errors   int          `json:"errors"`
	Warnings int          `json:"warnings"`
	Infos    int          `json:"infos"`
	Patterns []LogPattern `json:"patterns,omitempty"` // errors first, then by count; at most mostPatterns
	Others   int          `json:"other_patterns"`     // how many patterns are not listed
	Newest   []LogLine    `json:"newest,omitempty"`
	Exist    string       `json:"exist,omitempty"`
	Without  *Logs        `json:"without_the_text,omitempty"` // where no line has the text: those that there are without it
	Gaps     []string     `json:"gaps,omitempty"`
}

// LogPattern is what lines have in common when their numbers are left out.
type LogPattern struct {
	ComponentID string `json:"component_id"`
	Level       string `json:"level"`
	Pattern     string `json:"pattern"`
	Count       int    `json:"count"`
	First       string `json:"first"`
	Last        string `json:"last"`
}

// LogLine is one line.
type LogLine struct {
	At          string `json:"at"`
	ComponentID string `json:"component_id"`
	Level       string `json:"level"`
	Program     string `json:"program"`
	Message     string `json:"message"`
}

const (
	mostPatterns     = 4
	newestLines      = 3
	mostQuotedNewest = 5 // more lines than these are in the data only: a small model would drown
)

// numbers are what differs between lines that say the same. Those of a fault code or of a name, F105 and sw-hall-2, stay.
var numbers = regexp.MustCompile(`(^|[^0-9A-Za-z_-])[0-9]+`)

// levels order lines by how much they matter.
var levels = map[string]int{"error": 1, "warning": 2, "info": 3}

func (s store) systemLogs(ctx context.Context, in LogsArguments) (*Logs, error) {
	when, err := dates.ParseSpan("since", in.Since, "until", in.Until)
	if err != nil {
		return nil, err
	}
	out := &Logs{Level: in.Level}
	err = s.read(ctx, func(p *plant) error {
		if in.ComponentID != "" {
			c, missing := p.find(in.ComponentID)
			if out.Note = missing; missing != "" {
				return nil
			}
			out.Asked = " of " + c.named()
		}
		if in.Contains != "" {
			out.Asked += " with " + quotation(in.Contains)
		}
		out.Asked += when.Words()
		if in.Limit == 0 {
			in.Limit = newestLines
		}
		defer func() { out.Gaps = p.gaps() }()
		if err := out.find(p, in, when); err != nil {
			return err
		}
		if out.Count > 0 {
			out.Newest, out.Part, err = tools.Cut(out.Newest, out.Count, in.Limit, in.Paged)
			return err
		}
		if in.Contains != "" && in.ComponentID != "" {
			// Small models look for words of the question, which no program writes.
			in.Contains, in.Page = "", 0
			without := &Logs{Level: in.Level, Asked: " without it"}
			if err := without.find(p, in, when); err != nil {
				return err
			}
			if without.Count > 0 {
				out.Without = without
				return nil
			}
		}
		return out.whatExists(p, in.ComponentID)
	})
	return out, err
}

// lineFilter chooses log lines; what is empty is not asked for.
type lineFilter struct {
	componentID, level, contains string
	when                         dates.Span
}

func (p recorded) lines(asked lineFilter, each func(LogLine) error) error {
	const query = `
		SELECT at, component_id, level, program, message FROM log_lines
		WHERE ? IN ('', component_id) AND ? IN ('', level) AND at BETWEEN ? AND ?
		ORDER BY at DESC, id DESC`
	from, to := bounds(asked.when)
	contains := strings.ToLower(asked.contains)
	return p.Each(query, []any{asked.componentID, asked.level, from, to}, func(scan func(...any) error) error {
		var l LogLine
		if err := scan(&l.At, &l.ComponentID, &l.Level, &l.Program, &l.Message); err != nil {
			return err
		}
		if !strings.Contains(strings.ToLower(l.Message), contains) {
			return nil
		}
		l.Message = oneLine(l.Message)
		return each(l)
	})
}

func (o *Logs) find(p *plant, in LogsArguments, when dates.Span) error {
	found := map[LogPattern]*LogPattern{}
	err := p.lines(lineFilter{string(in.ComponentID), in.Level, in.Contains, when}, func(l LogLine) error {
		o.count(l.Level)
		if len(o.Newest) < in.Enough(in.Limit) {
			o.Newest = append(o.Newest, l)
		}
		key := LogPattern{ComponentID: l.ComponentID, Level: l.Level, Pattern: numbers.ReplaceAllString(l.Message, "${1}N")}
		if found[key] == nil {
			pattern := key
			pattern.Last = l.At
			found[key] = &pattern
		}
		found[key].Count++
		found[key].First = l.At // newest first, so the last one read is the first one written
		return nil
	})
	if err != nil {
		return err
	}
	for _, pattern := range found {
		o.Patterns = append(o.Patterns, *pattern)
	}
	slices.SortFunc(o.Patterns, func(a, b LogPattern) int {
		return cmp.Or(levels[a.Level]-levels[b.Level], b.Count-a.Count, cmp.Compare(a.First, b.First), cmp.Compare(a.Pattern, b.Pattern),
			cmp.Compare(a.ComponentID, b.ComponentID))
	})
	if o.Others = max(0, len(o.Patterns)-mostPatterns); o.Others > 0 {
		o.Patterns = o.Patterns[:mostPatterns]
	}
	return nil
}

func (o *Logs) count(level string) {
	o.Count++
	switch level {
	case "error":
		o.Errors++
	case "warning":
		o.Warnings++
	default:
		o.Infos++
	}
}

func (o *Logs) whatExists(p *plant, id componentID) error {
	n := 0
	var first, last string
	err := p.lines(lineFilter{componentID: string(id)}, func(l LogLine) error {
		if first = l.At; n == 0 {
			last = l.At
		}
		n++
		return nil
	})
	whose := ""
	if id != "" {
		whose = " of " + string(id)
	}
	o.Exist = fmt.Sprintf("In all there %s %s%s, from %s to %s.", wording.IsAre(n), wording.Counted(n, "log line"), whose, first, last)
	if n == 0 {
		o.Exist = fmt.Sprintf("There is no log line%s at all.", whose)
	}
	return err
}

// Sentences implements tools.Outcome.
func (o *Logs) Sentences() []string {
	kind := "log line"
	if o.Level != "" {
		kind = o.Level + " line"
	}
	switch {
	case o.Note != "":
		return []string{o.Note}
	case o.Count == 0:
		sentences := wording.NoneEmpty(fmt.Sprintf("There are no %ss%s.", kind, o.Asked), o.Exist, notSeen(o.Gaps))
		if o.Without != nil {
			sentences = append(sentences, o.Without.Sentences()...)
		}
		return sentences
	}
	first := fmt.Sprintf("There %s %s%s", wording.IsAre(o.Count), wording.Counted(o.Count, kind), o.Asked)
	if o.Level == "" {
		first += fmt.Sprintf(": %s, %s and %s", wording.Counted(o.Errors, "error"), wording.Counted(o.Warnings, "warning"), wording.Counted(o.Infos, "info line"))
	}
	return wording.NoneEmpty(first+".", o.patterns(), o.newest(), notSeen(o.Gaps))
}

func (o *Logs) patterns() string {
	entries := make([]string, len(o.Patterns))
	for i, p := range o.Patterns {
		when := "on " + p.First
		if p.Count > 1 {
			when = "from " + p.First + " to " + p.Last
		}
		entries[i] = fmt.Sprintf("%s %s of %s, %s %s", p.Level, quotation(p.Pattern), p.ComponentID, wording.Counted(p.Count, "time"), when)
	}
	text := "By pattern (N stands for any number): " + strings.Join(entries, "; ")
	if o.Others > 0 {
		text += fmt.Sprintf("; and %s more, ask with a level or a text", wording.Counted(o.Others, "pattern"))
	}
	return text + "."
}

func (o *Logs) newest() string {
	most, start, rest := mostQuotedNewest, "The newest: ", "."
	if o.Page > 0 { // who reads on wants every line
		most, start = len(o.Newest), "Newest first: "
		rest = more(o.Before()+len(o.Newest), o.Count, o.With("a level or a text")) + rest
	}
	var entries []string
	for _, l := range o.Newest[:min(len(o.Newest), most)] {
		entries = append(entries, fmt.Sprintf("%s %s of %s %s", l.At, l.Level, l.ComponentID, quotation(l.Message)))
	}
	return o.Title(start) + strings.Join(entries, "; ") + rest
}
