package verify

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// Reference is what a model answers to the fixed prompt when all is well, by prompt size.
type Reference struct {
	// Model is the SHA-256 of the model's first file.
	Model string `json:"model"`
	// Canary names the fixed prompt that was asked; another version's reference says nothing.
	Canary string `json:"canary"`
	// Build is llama-server's, About what it ran on; both for people.
	Build string    `json:"build"`
	About string    `json:"about"`
	At    time.Time `json:"at"`
	// Limit is the difference up to which an answer is right; 0: defaultLimit.
	Limit float64 `json:"limit,omitempty"`
	// Sizes holds the positions of the answer.
	Sizes map[int][]Position `json:"sizes"`
	// Shipped says that the reference is part of the program and was not recorded on this machine.
	Shipped bool `json:"-"`
}

// Position is one token of the answer and the likeliest ones there, with the natural logarithms of their probabilities.
type Position struct {
	Token            int       `json:"token"`
	Top              []int     `json:"top"`
	LogProbabilities []float64 `json:"logs"`
}

//go:embed references/*.json
var shipped embed.FS

// digest guards file names.
var digest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Find returns the reference of a model: the shipped one, else the one recorded in the state directory, else nil.
func Find(state, model string) (*Reference, error) {
	if !digest.MatchString(model) {
		return nil, nil
	}
	content, err := shipped.ReadFile("references/" + model + ".json")
	if err == nil {
		found, err := decodeReference(content)
		if found != nil {
			found.Shipped = true
		}
		return found, err
	}
	return Load(state, model)
}

// Load returns the reference that was recorded on this machine; nil when there is none for this version of the fixed prompt.
func Load(state, model string) (*Reference, error) {
	path := referencePath(state, model)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the reference of a model: %w", err)
	}
	found, err := decodeReference(content)
	if err != nil {
		return nil, fmt.Errorf("the reference %s cannot be read (%w); delete it, and it is recorded again", path, err)
	}
	return found, nil
}

func decodeReference(content []byte) (*Reference, error) {
	var found Reference
	if err := json.Unmarshal(content, &found); err != nil {
		return nil, err
	}
	for _, positions := range found.Sizes {
		for _, p := range positions {
			if len(p.Top) == 0 || len(p.Top) != len(p.LogProbabilities) {
				return nil, errors.New("a position has not one probability for each token")
			}
		}
	}
	if found.Canary != canaryVersion() {
		return nil, nil
	}
	return &found, nil
}

// Save keeps a reference in the state directory. Sizes that were recorded there before and are not in r stay.
func Save(state string, r Reference) error {
	if !digest.MatchString(r.Model) {
		return fmt.Errorf("keep a reference: %q is not the SHA-256 of a model's file", r.Model)
	}
	if earlier, err := Load(state, r.Model); err == nil && earlier != nil {
		for size, positions := range earlier.Sizes {
			if _, replaced := r.Sizes[size]; !replaced {
				r.Sizes[size] = positions
			}
		}
	}
	path := referencePath(state, r.Model)
	content, err := json.Marshal(r)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err == nil {
		err = writeWhole(path, content)
	}
	if err != nil {
		return fmt.Errorf("keep the reference of a model: %w", err)
	}
	return nil
}

// writeWhole leaves the old file or the new one, never half of it.
func writeWhole(path string, content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.partial")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // gone already when all went well
	if _, err := temporary.Write(content); err != nil {
		temporary.Close()
		return err
	}
	if err := errors.Join(temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

func referencePath(state, model string) string {
	return filepath.Join(state, "references", filepath.Base(model)+".json")
}

// Record asks the fixed prompt and returns the answer as a reference for the server's prompt size. About says what the server runs on. A
// server that fails the check which needs no reference is not recorded.
func Record(ctx context.Context, s Server, about string) (Reference, error) {
	found, err := s.properties(ctx)
	if err != nil {
		return Reference{}, err
	}
	asked, reply, err := s.ask(ctx, found.Default.Context)
	if err != nil {
		return Reference{}, err
	}
	if report := judge(asked, reply.Probabilities, nil); report.Verdict != Right {
		return Reference{}, fmt.Errorf("record a reference: %s", report.Sentence)
	}
	r := Reference{Model: s.Model, Canary: canaryVersion(), Build: found.Build, About: about, At: time.Now().UTC().Truncate(time.Second),
		Sizes: map[int][]Position{asked.size: {}}}
	for _, p := range reply.Probabilities {
		r.Sizes[asked.size] = append(r.Sizes[asked.size], p.rounded())
	}
	return r, nil
}

// rounded keeps four digits: a tenth of a thousandth is far below what any two servers differ by.
func (p position) rounded() Position {
	kept := Position{Token: p.Token}
	for _, c := range p.Top {
		kept.Top = append(kept.Top, c.Token)
		kept.LogProbabilities = append(kept.LogProbabilities, math.Round(*c.LogProbability*1e4)/1e4)
	}
	return kept
}
