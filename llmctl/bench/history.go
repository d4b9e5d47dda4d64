package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// dropShare is how much slower than before a speed must be to be a drop. Runs of a quiet machine differ by less; a throttled
	// processor, a lost flag or a wrong driver cost more.
	dropShare = 0.10
	// comparedRuns is with how many earlier runs a run is compared: few enough that a lasting change becomes the measure in time.
	comparedRuns = 5
)

// Conditions are what a speed depends on beside the machine's health; runs are compared only where all are equal.
type Conditions struct {
	// Build is the server's own name of itself.
	Build string `json:"build"`
	// Model is the catalogue's name, ModelSHA256 the hash of its file.
	Model       string `json:"model"`
	ModelSHA256 string `json:"model_sha256,omitempty"`
	// Backend is native or docker; Device what the profile names, or "processor". Processor is the machine's, since a state directory
	// may move.
	Backend   string `json:"backend"`
	Device    string `json:"device"`
	Processor string `json:"processor,omitempty"`
	Threads   int    `json:"threads"`
	Slots     int    `json:"slots"`
	Context   int    `json:"context"`
	// Flags are the profile's further arguments of the server.
	Flags []string `json:"flags,omitempty"`
}

func (c Conditions) equal(other Conditions) bool {
	return slices.Equal(c.Flags, other.Flags) && c.withoutFlags() == other.withoutFlags()
}

// plain is Conditions without what cannot be compared by ==.
type plain struct {
	build, model, sha, backend, device, processor string
	threads, slots, context                       int
}

func (c Conditions) withoutFlags() plain {
	return plain{c.Build, c.Model, c.ModelSHA256, c.Backend, c.Device, c.Processor, c.Threads, c.Slots, c.Context}
}

// Sizes are the tokens of a measured prompt and of a measured generation; AnswerTokens is 0 for embedding servers.
type Sizes struct {
	PromptTokens int `json:"prompt_tokens"`
	AnswerTokens int `json:"generated_tokens"`
}

// Speed is tokens per second over several rounds.
type Speed struct {
	Median  float64 `json:"median"`
	Lowest  float64 `json:"lowest"`
	Highest float64 `json:"highest"`
	Rounds  int     `json:"rounds"`
}

func speedOf(rounds []float64) *Speed {
	return &Speed{Median: median(rounds), Lowest: slices.Min(rounds), Highest: slices.Max(rounds), Rounds: len(rounds)}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Figures are the speeds of reading prompts and of generating; nil: not measured.
type Figures struct {
	Prompt     *Speed `json:"prompt,omitempty"`
	Generation *Speed `json:"generation,omitempty"`
}

// Record is one tier in one run: a line of the history.
type Record struct {
	At   time.Time `json:"at"`
	Tier string    `json:"tier"`
	Conditions
	Sizes
	Alone Figures `json:"alone"`
	// Busy are the speeds while all tiers worked at once; Beside are the others, with what they ran.
	Busy   *Figures `json:"busy,omitempty"`
	Beside []string `json:"beside,omitempty"`
	// BytesPerToken is read from memory for each generated token, Bandwidth what memory can deliver; together the ceiling.
	BytesPerToken int64     `json:"bytes_per_token,omitempty"`
	Bandwidth     Bandwidth `json:"bandwidth,omitzero"`
	// Disturbed: the server had other requests when the measurement began. Such a run is shown, and compared with nothing.
	Disturbed bool `json:"disturbed,omitempty"`
	// Compared is with how many earlier runs this one was compared. Dropped says that a speed has dropped, Drops which.
	Compared int    `json:"compared"`
	Dropped  bool   `json:"dropped"`
	Drops    []Drop `json:"drops,omitempty"`
}

// Ceiling is how many tokens per second the memory allows; 0: unknown.
func (r Record) Ceiling() float64 {
	if r.BytesPerToken == 0 {
		return 0
	}
	return r.Bandwidth.GBps * 1e9 / float64(r.BytesPerToken)
}

// Drop is a speed that has become lower.
type Drop struct {
	// What was measured, such as "generation alone".
	What string `json:"what"`
	// Now and Before are tokens per second; Before is the median of the runs compared with. Share is the loss, 0 to 1.
	Now    float64 `json:"now"`
	Before float64 `json:"before"`
	Share  float64 `json:"share"`
}

// compare fills in the drops against the last runs under the same conditions, oldest first in earlier.
func (r *Record) compare(earlier []Record) {
	if r.Disturbed {
		return
	}
	alike := lastRuns(earlier, func(e Record) bool { return r.alike(e) && r.Sizes == e.Sizes && !e.Disturbed })
	besides := lastRuns(earlier, func(e Record) bool {
		return r.alike(e) && r.Sizes == e.Sizes && !e.Disturbed && e.Busy != nil && slices.Equal(r.Beside, e.Beside)
	})
	r.Compared = len(alike)
	r.drop("prompt alone", r.Alone.Prompt, alike, func(e Record) *Speed { return e.Alone.Prompt })
	r.drop("generation alone", r.Alone.Generation, alike, func(e Record) *Speed { return e.Alone.Generation })
	if r.Busy != nil {
		r.drop("prompt, all busy", r.Busy.Prompt, besides, func(e Record) *Speed { return e.Busy.Prompt })
		r.drop("generation, all busy", r.Busy.Generation, besides, func(e Record) *Speed { return e.Busy.Generation })
	}
	r.Dropped = len(r.Drops) > 0
}

// drop notes a speed that is lower than dropShare allows and beyond the spread: even its fastest round is below what was usually the
// slowest one.
func (r *Record) drop(what string, now *Speed, earlier []Record, pick func(Record) *Speed) {
	var medians, lowest []float64
	for _, e := range earlier {
		if speed := pick(e); speed != nil {
			medians, lowest = append(medians, speed.Median), append(lowest, speed.Lowest)
		}
	}
	if now == nil || len(medians) == 0 {
		return
	}
	before := median(medians)
	if now.Median < before*(1-dropShare) && now.Highest < median(lowest) {
		r.Drops = append(r.Drops, Drop{What: what, Now: now.Median, Before: before, Share: 1 - now.Median/before})
	}
}

// alike tells whether another record was measured under the same conditions; the sizes follow from what was measured first.
func (r *Record) alike(other Record) bool {
	return r.Tier == other.Tier && r.equal(other.Conditions)
}

func lastRuns(earlier []Record, wanted func(Record) bool) []Record {
	alike := slices.DeleteFunc(slices.Clone(earlier), func(e Record) bool { return !wanted(e) })
	return alike[max(0, len(alike)-comparedRuns):]
}

func lastAlike(r Record, earlier []Record) *Record {
	for _, e := range slices.Backward(earlier) {
		if r.alike(e) {
			return &e
		}
	}
	return nil
}

// History is the file that keeps one line per tier and run.
type History struct{ path string }

// HistoryOf returns the history of a state directory; its file need not exist.
func HistoryOf(state string) History { return History{filepath.Join(state, "bench.jsonl")} }

// Path returns where the history is.
func (h History) Path() string { return h.path }

// ErrMeasuring says that another run measures now: two at once would measure each other.
var ErrMeasuring = errors.New("another llmctl bench is measuring")

// Lock keeps other runs from measuring until the function it returns is called, or the process ends.
func (h History) Lock() (unlock func(), err error) {
	file, err := h.open()
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		file.Close()
		return nil, ErrMeasuring
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("lock %s: %w", h.path, err)
	}
	return func() { file.Close() }, nil
}

func (h History) open() (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(h.path), 0o700); err != nil {
		return nil, fmt.Errorf("state directory: %w; set BESTBOX_STATE_DIR to a folder you may write to", err)
	}
	return os.OpenFile(h.path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
}

// Read returns all records, oldest first, and how many lines could not be read.
func (h History) Read() (records []Record, damaged int, err error) {
	content, err := os.ReadFile(h.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	for line := range bytes.Lines(content) {
		var record Record
		switch {
		case len(bytes.TrimSpace(line)) == 0:
		case json.Unmarshal(line, &record) != nil || record.Tier == "" || record.At.IsZero():
			damaged++
		default:
			records = append(records, record)
		}
	}
	return records, damaged, nil
}

// Add appends records. A last line that a crash cut is closed first, so that it spoils nothing but itself.
func (h History) Add(records []Record) error {
	file, err := h.open()
	if err != nil {
		return err
	}
	defer file.Close()
	writer := bufio.NewWriter(file)
	if info, err := file.Stat(); err == nil && info.Size() > 0 {
		last := make([]byte, 1)
		if _, err := file.ReadAt(last, info.Size()-1); err == nil && last[0] != '\n' {
			_ = writer.WriteByte('\n') // the error comes again from Flush
		}
	}
	encoder := json.NewEncoder(writer)
	for _, record := range records {
		if err := encoder.Encode(record); err != nil {
			return err
		}
	}
	if err := writer.Flush(); err != nil {
		return fmt.Errorf("keep the figures: %w", err)
	}
	return file.Sync()
}
