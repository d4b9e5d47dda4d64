package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"bestbox/llmctl/supervisor"

	"github.com/fatih/color"
	"github.com/spf13/cobra"
)

const (
	// followPoll is how often a followed log is looked at; file notifications would not tell of rotation.
	followPoll = 200 * time.Millisecond
	// lastBlock is how much of a log's end is searched for its last lines, in bytes.
	lastBlock = 1 << 20
)

func newLogs(o *options) *cobra.Command {
	follow, count := false, 50
	command := &cobra.Command{
		Use:               "logs [service…]",
		Short:             "Show the logs of the services",
		Long:              "Show the last lines of the services' logs (also: supervisor), each service in its colour; -f goes on with what is added.",
		Example:           "  llmctl logs\n  llmctl logs heavy -n 200\n  llmctl logs heavy light -f",
		ValidArgsFunction: completeServices(o),
		RunE: func(cmd *cobra.Command, names []string) error {
			c, err := o.load()
			if err != nil {
				return err
			}
			known := append(serviceNames(c), "supervisor")
			for _, name := range names {
				if !slices.Contains(known, name) {
					return usageError{fmt.Errorf("no log of %q; there are: %s", name, strings.Join(known, ", "))}
				}
			}
			if count < 0 {
				return usageError{fmt.Errorf("-n is %d; allowed: 0 or more", count)}
			}
			if len(names) == 0 {
				names = serviceNames(c)
			}
			return showLogs(cmd.Context(), cmd.OutOrStdout(), c.Directories.State, names, count, follow)
		},
	}
	command.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what is added")
	command.Flags().IntVarP(&count, "lines", "n", count, "how many last lines of each")
	return command
}

var logColours = []color.Attribute{color.FgCyan, color.FgMagenta, color.FgBlue, color.FgYellow, color.FgGreen}

func showLogs(ctx context.Context, out io.Writer, state string, names []string, count int, follow bool) error {
	printer := &linePrinter{out: out}
	var group sync.WaitGroup
	for i, name := range names {
		prefix := ""
		if len(names) > 1 {
			prefix = color.New(logColours[i%len(logColours)]).Sprintf("%-10s ", name)
		}
		tail := &logTail{path: supervisor.LogPath(state, name), put: func(line []byte) { printer.put(prefix, line) }}
		if err := tail.last(count); err != nil {
			return err
		}
		if follow {
			group.Go(func() { tail.follow(ctx) })
		}
	}
	group.Wait()
	return nil
}

// linePrinter keeps lines of several logs whole.
type linePrinter struct {
	mutex sync.Mutex
	out   io.Writer
}

func (p *linePrinter) put(prefix string, line []byte) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	fmt.Fprintf(p.out, "%s%s\n", prefix, bytes.TrimRight(line, "\r\n"))
}

// logTail reads one log from its end.
type logTail struct {
	path   string
	put    func(line []byte)
	offset int64
	inode  os.FileInfo
}

// last prints the last count lines and remembers where they end. A log that does not exist yet has none.
func (t *logTail) last(count int) error {
	file, err := os.Open(t.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	t.inode, t.offset = info, info.Size()
	from := max(0, info.Size()-lastBlock)
	content, err := io.ReadAll(io.NewSectionReader(file, from, info.Size()-from))
	if err != nil {
		return err
	}
	lines := slices.Collect(bytes.Lines(content))
	for _, line := range lines[max(0, len(lines)-count):] {
		t.put(line)
	}
	return nil
}

// follow prints whole lines as they are added, from the beginning of a new file after a rotation.
func (t *logTail) follow(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(followPoll):
			t.more()
		}
	}
}

func (t *logTail) more() {
	file, err := os.Open(t.path)
	if err != nil {
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return
	}
	if t.inode != nil && (!os.SameFile(t.inode, info) || info.Size() < t.offset) {
		t.offset = 0
	}
	t.inode = info
	reader := bufio.NewReader(io.NewSectionReader(file, t.offset, info.Size()-t.offset))
	for {
		line, err := reader.ReadBytes('\n')
		if err != nil {
			return // an unfinished line is read again when it is whole
		}
		t.offset += int64(len(line))
		t.put(line)
	}
}
