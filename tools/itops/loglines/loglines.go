// Package loglines reads the log lines of a time from files, rotated and packed ones too, and from journald's journal: the newest first where
// there are more bytes than may be read. What is not seen is told as a gap, not left out in silence.
//
// Lines are text of whoever wrote to the log; the package looks for nothing in them but a time, a level and a program.
package loglines

import (
	"context"
	"slices"
	"strings"
	"time"

	"bestbox/internal/config"
)

// Line is one line of a log.
type Line struct {
	At time.Time
	// Level is error, warning or info.
	Level   string
	Program string
	Message string
}

// longestMessage is how much of a line is kept, in bytes.
const longestMessage = 2000

// Window is what is asked for: the lines of a time, in at most so many bytes of the newest of them.
type Window struct {
	From, To time.Time
	MaxBytes int64
}

func (w Window) holds(at time.Time) bool { return !at.Before(w.From) && !at.After(w.To) }

// Gap is something that was not seen.
type Gap struct {
	// Source is a file, or the journal.
	Source string
	// What is wrong with it; empty where all is well, and only the newest part was read.
	What string
	// Back is how far back the source was read where it holds more than may be read.
	Back time.Time
}

// Read returns the lines of one component from all its sources, the newest first.
func Read(ctx context.Context, from config.Component, journal string, zone *time.Location, asked Window) ([]Line, []Gap, error) {
	var lines []Line
	var gaps []Gap
	sources := len(from.Logs)
	if from.Journal != nil {
		sources++
	}
	each := asked
	each.MaxBytes = max(fewestBytes, asked.MaxBytes/int64(max(1, sources)))
	for _, files := range from.Logs {
		format, err := NewFormat(files, zone)
		if err != nil {
			return nil, nil, err
		}
		found, unseen, err := readFiles(ctx, files.Files, format, each)
		if err != nil {
			return nil, nil, err
		}
		lines, gaps = append(lines, found...), append(gaps, unseen...)
	}
	if from.Journal != nil {
		found, unseen, err := readJournal(ctx, *from.Journal, journal, each)
		if err != nil {
			return nil, nil, err
		}
		lines, gaps = append(lines, found...), append(gaps, unseen...)
	}
	// Stable, and from the end: of two lines of one moment the one that was written later is the newer one.
	slices.Reverse(lines)
	slices.SortStableFunc(lines, func(a, b Line) int { return b.At.Compare(a.At) })
	return lines, gaps, nil
}

// keep is the newest of some lines, as many as fit into a number of bytes.
type keep struct {
	lines []Line
	size  int64
	most  int64
	cut   bool // older ones were left out
}

func (k *keep) add(l Line) {
	k.lines = append(k.lines, l)
	k.size += cost(l)
	drop := 0
	for k.size > k.most && drop < len(k.lines) {
		k.size -= cost(k.lines[drop])
		drop++
	}
	if drop > 0 {
		k.lines, k.cut = k.lines[drop:], true
	}
}

// cost is what a line takes of the bytes that may be read.
func cost(l Line) int64 { return int64(len(l.Message)+len(l.Program)) + 32 }

// levelWords are what programs call their levels, by ours.
var levelWords = map[string]string{
	"emerg": "error", "emergency": "error", "alert": "error", "crit": "error", "critical": "error", "fatal": "error", "panic": "error", "dpanic": "error",
	"err": "error", "error": "error", "severe": "error", "e": "error", "f": "error",
	"warning": "warning", "warn": "warning", "w": "warning",
}

// levelOf reads what a program calls a level.
func levelOf(word string) string {
	if level, known := levelWords[strings.ToLower(strings.Trim(word, "[]<>(): \t"))]; known {
		return level
	}
	return "info"
}

// guessed is the level of a line that names none, by the words in it.
func guessed(message string) string {
	text := strings.ToLower(message)
	for _, level := range []struct {
		name  string
		words []string
	}{{"error", []string{"error", "fail", "fatal", "panic", "critical", "exception"}}, {"warning", []string{"warn"}}} {
		if slices.ContainsFunc(level.words, func(word string) bool { return strings.Contains(text, word) }) {
			return level.name
		}
	}
	return "info"
}
