package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"bestbox/internal/config"
	"bestbox/llmctl/dashboard"
	"bestbox/llmctl/machine"
	"bestbox/llmctl/supervisor"

	"github.com/mattn/go-isatty"
)

const (
	// watchEvery is how often status --watch looks where no terminal shows a dashboard.
	watchEvery = time.Second
	// lineEnd and eventsEnd are how much of the end of a log, and of the events, is read every second, in bytes.
	lineEnd   = 4 << 10
	eventsEnd = 32 << 10
)

// watch is status --watch: a dashboard on a terminal, elsewhere the table whenever it changes, with --json a line per second. It goes on
// until the user quits or ctx ends, neither of which is an error.
func watch(ctx context.Context, o *options, c *config.Config) error {
	source := watchSource{config: c, root: os.DirFS("/")}
	var err error
	switch {
	case o.json:
		err = watchJSON(ctx, source, os.Stdout)
	case isatty.IsTerminal(os.Stdout.Fd()) && isatty.IsTerminal(os.Stdin.Fd()):
		err = dashboard.Run(ctx, source, os.Stdin, os.Stdout, !o.plain)
	default:
		err = watchTable(ctx, os.Stdout, func() ([]supervisor.Snapshot, error) { return services(ctx, c) },
			func(out io.Writer, all []supervisor.Snapshot) error { return printServices(out, o, c, all) })
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

func watchJSON(ctx context.Context, source watchSource, out io.Writer) error {
	encoder := json.NewEncoder(out)
	return eachSecond(ctx, func() error {
		look, err := source.Look(ctx)
		if err != nil {
			return err
		}
		return encoder.Encode(look)
	})
}

// watchTable shows the services when what matters of them has changed: memory is different at every look.
func watchTable(ctx context.Context, out io.Writer, look func() ([]supervisor.Snapshot, error), show func(io.Writer, []supervisor.Snapshot) error) error {
	before := ""
	return eachSecond(ctx, func() error {
		all, err := look()
		if err != nil {
			return err
		}
		var states strings.Builder
		for _, s := range all {
			fmt.Fprintln(&states, s.Name, s.State, s.Usable(), s.PID, s.Container, s.Restarts, s.Address, s.Message)
		}
		now := states.String()
		if now == before {
			return nil
		}
		if before != "" {
			fmt.Fprintf(out, "\n%s\n", time.Now().Format(time.DateTime))
		}
		before = now
		return show(out, all)
	})
}

func eachSecond(ctx context.Context, do func() error) error {
	for {
		if err := do(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(watchEvery):
		}
	}
}

// watchSource brings what the dashboard shows. root is the machine's file system.
type watchSource struct {
	config *config.Config
	root   fs.FS
}

// Look implements dashboard.Source.
func (s watchSource) Look(ctx context.Context) (dashboard.Look, error) {
	all, err := services(ctx, s.config)
	if err != nil {
		return dashboard.Look{}, err
	}
	look := dashboard.Look{At: time.Now(), Profile: s.config.Profile, Memory: memoryBars(s.root), Events: lastEvents(s.config.Directories.State)}
	for _, one := range withUsage(all) {
		shown := dashboard.Service{Snapshot: one.Snapshot, LastLine: lastLine(one.Log)}
		if held := one.Memory; held != nil {
			shown.Memory = held.Resident + held.VRAM + held.GTT
		}
		look.Services = append(look.Services, shown)
	}
	return look, nil
}

// Log implements dashboard.Source.
func (s watchSource) Log(service string, count int) ([]string, error) {
	var lines []string
	tail := &logTail{path: supervisor.LogPath(s.config.Directories.State, service), put: func(line []byte) {
		lines = append(lines, string(bytes.TrimRight(line, "\r\n")))
	}}
	return lines, tail.last(count)
}

// memoryBars are the machine's own memory and what its GPUs tell of theirs.
func memoryBars(root fs.FS) []dashboard.Bar {
	memory, err := machine.ReadMemory(root)
	if err != nil {
		return nil // no /proc/meminfo: nothing to show
	}
	bars := []dashboard.Bar{{Name: "memory", Used: memory.Total - memory.Available, Total: memory.Total}}
	for i, gpu := range memory.GPUs {
		suffix := ""
		if len(memory.GPUs) > 1 {
			suffix = fmt.Sprintf(" %d", i)
		}
		for _, bar := range []dashboard.Bar{{Name: "VRAM" + suffix, Used: gpu.VRAMUsed, Total: gpu.VRAMTotal}, {Name: "GTT" + suffix, Used: gpu.GTTUsed, Total: gpu.GTTTotal}} {
			if bar.Total > 0 {
				bars = append(bars, bar)
			}
		}
	}
	return bars
}

func lastLine(path string) string {
	lines := bytes.Split(bytes.TrimRight(readEnd(path, lineEnd), "\r\n"), []byte("\n"))
	return string(bytes.TrimRight(lines[len(lines)-1], "\r"))
}

// lastEvents returns what the end of the events file holds; a line that is cut off by its beginning is left out.
func lastEvents(state string) []supervisor.Event {
	var events []supervisor.Event
	for line := range bytes.Lines(readEnd(supervisor.EventsPath(state), eventsEnd)) {
		var event supervisor.Event
		if json.Unmarshal(line, &event) == nil {
			events = append(events, event)
		}
	}
	return events
}

// readEnd returns at most so many last bytes of a file; a file that cannot be read has none.
func readEnd(path string, limit int64) []byte {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil
	}
	content, err := io.ReadAll(io.NewSectionReader(file, max(0, info.Size()-limit), limit))
	if err != nil {
		return nil
	}
	return content
}
