package fitting

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"bestbox/agents/router"
	"bestbox/internal/llm"
)

// stepsPerUnit is how finely log-probabilities are kept: in tenths, about as much as two builds of a server differ by. A byte then
// reaches down to e^-25, below the least likely word seen (e^-21).
const stepsPerUnit = 10

// Store holds the log-probabilities of [router.Words] for questions, as one model gave them to one version of the prompt. Its file
// is committed, so that a head can be made again, and checked, without a model.
type Store struct {
	path, model string
	encoded     map[string]string // key of the question -> base64 of one byte per word
}

// OpenStore reads the store at path. A missing file, another model or another version of the prompt give an empty store.
func OpenStore(path, model string) (*Store, error) {
	store := &Store{path: path, model: model, encoded: map[string]string{}}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return store, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading log-probabilities: %w", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	if !lines.Scan() || lines.Text() != store.header() {
		return store, lines.Err()
	}
	for lines.Scan() {
		key, value, ok := strings.Cut(lines.Text(), ",")
		if !ok {
			return nil, fmt.Errorf("%s is damaged at %q; delete it and run `go run ./agents/router/fit`", path, lines.Text())
		}
		store.encoded[key] = value
	}
	return store, lines.Err()
}

func (s *Store) header() string {
	return fmt.Sprintf("# log-probabilities of %s for prompt %s, %d words",
		s.model, router.PromptVersion(), len(router.Words()))
}

// Save writes the store, sorted, so that the same contents give the same file.
func (s *Store) Save() error {
	var text strings.Builder
	text.WriteString(s.header() + "\n")
	for _, key := range slices.Sorted(maps.Keys(s.encoded)) {
		text.WriteString(key + "," + s.encoded[key] + "\n")
	}
	temporary := s.path + ".part"
	if err := os.WriteFile(temporary, []byte(text.String()), 0o644); err != nil {
		return fmt.Errorf("writing log-probabilities: %w", err)
	}
	return os.Rename(temporary, s.path)
}

func key(question string) string {
	sum := sha256.Sum256([]byte(question))
	return hex.EncodeToString(sum[:8])
}

// Get returns the log-probabilities of [router.Words] for a question.
func (s *Store) Get(question string) ([]float64, bool) {
	raw, err := base64.RawStdEncoding.DecodeString(s.encoded[key(question)])
	if err != nil || len(raw) != len(router.Words()) {
		return nil, false
	}
	values := make([]float64, len(raw))
	for i, steps := range raw {
		values[i] = -float64(steps) / stepsPerUnit
	}
	return values, true
}

// Put keeps the log-probabilities of a question.
func (s *Store) Put(question string, logProbabilities []float64) {
	raw := make([]byte, len(logProbabilities))
	for i, value := range logProbabilities {
		raw[i] = byte(max(0, min(math.Round(-value*stepsPerUnit), math.MaxUint8)))
	}
	s.encoded[key(question)] = base64.RawStdEncoding.EncodeToString(raw)
}

// Missing returns the questions the store does not hold.
func (s *Store) Missing(questions []string) []string {
	return slices.DeleteFunc(slices.Clone(questions), func(question string) bool {
		_, ok := s.Get(question)
		return ok
	})
}

// saveEvery is how much asking an interruption may cost.
const saveEvery = 10 * time.Second

// Collect asks the tier for what is missing, for at most limit, and saves now and then, telling progress how many of the missing are
// done. It returns how many questions are still missing.
func (s *Store) Collect(ctx context.Context, tier *llm.Tier, questions []string, limit time.Duration, progress func(done, all int)) (int, error) {
	missing := s.Missing(questions)
	started, saved := time.Now(), time.Now()
	for i, question := range missing {
		if time.Since(started) > limit {
			return len(missing) - i, s.Save()
		}
		logProbabilities, _, err := tier.Labels(ctx, router.Prompt(question), router.Words())
		if err != nil {
			return len(missing) - i, errors.Join(err, s.Save())
		}
		s.Put(question, logProbabilities)
		if time.Since(saved) < saveEvery {
			continue
		}
		if err := s.Save(); err != nil {
			return len(missing) - i - 1, err
		}
		saved = time.Now()
		progress(i+1, len(missing))
	}
	return 0, s.Save()
}
