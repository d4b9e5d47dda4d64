// Package telemetry is how the programs say what they do: a structured log and metrics. It sends nothing anywhere: the log goes to
// standard error, and metrics are served to whoever asks.
package telemetry

import (
	"io"
	"log/slog"
	"os"

	"github.com/mattn/go-isatty"
)

// Terminal reports whether a stream is a terminal: people get text and colours, files and pipes get JSON.
func Terminal(stream any) bool {
	file, isFile := stream.(*os.File)
	return isFile && (isatty.IsTerminal(file.Fd()) || isatty.IsCygwinTerminal(file.Fd()))
}

// NewLogger logs to w from level on: text on a terminal, else one JSON object a line.
func NewLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if Terminal(w) {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}
