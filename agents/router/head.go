package router

import (
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"bestbox/agents/router/linear"
)

//go:embed heads
var heads embed.FS

// Head turns what one model says about a question, and the question's text, into calibrated probabilities of the labels. It is
// a multinomial logistic regression, made by `go run ./agents/router/fit` and never edited by hand.
type Head struct {
	Model         string   `json:"model"`          // catalogue name
	PromptVersion string   `json:"prompt_version"` // see [PromptVersion]
	Labels        []string `json:"labels"`
	// PerLabel is the most examples of one label that were fitted; 0: all.
	PerLabel int `json:"per_label,omitempty"`
	// Temperature divides the scores; fitted on questions the weights had not seen.
	Temperature float64 `json:"temperature"`
	// EscalateBelow and UnsureBelow are confidences; see [Decision].
	EscalateBelow float64 `json:"escalate_below"`
	UnsureBelow   float64 `json:"unsure_below"`
	// Means and Scales standardise the log-probabilities of [Words].
	Means  []float64 `json:"means"`
	Scales []float64 `json:"scales"`
	// Words holds one row of weights per label, one weight per word.
	Words [][]float64 `json:"words"`
	// Bias holds one number per label.
	Bias []float64 `json:"bias"`
	// Text holds one row per label: the weights of the text's buckets, in steps of TextStep from -127 to 127.
	Text     []Steps `json:"text"`
	TextStep float64 `json:"text_step"`
}

// Steps are small whole numbers, written as base64 to keep the file short.
type Steps []int8

// MarshalJSON writes the numbers as base64 of their bytes.
func (s Steps) MarshalJSON() ([]byte, error) {
	raw := make([]byte, len(s))
	for i, step := range s {
		raw[i] = byte(step) //nolint:gosec // the bits count; UnmarshalJSON turns them back
	}
	return json.Marshal(base64.StdEncoding.EncodeToString(raw))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Steps) UnmarshalJSON(data []byte) error {
	var raw []byte
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	*s = make(Steps, len(raw))
	for i, value := range raw {
		(*s)[i] = int8(value) //nolint:gosec // the bits of a step
	}
	return nil
}

// LoadHead returns the head fitted for a model, or nil when there is none.
func LoadHead(model string) (*Head, error) {
	content, err := heads.ReadFile("heads/" + model + ".json")
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("router: reading the head of %s: %w", model, err)
	}
	var head Head
	if err := json.Unmarshal(content, &head); err != nil {
		return nil, fmt.Errorf("router: the head of %s is damaged: %w; make it again with `go run ./agents/router/fit`", model, err)
	}
	return &head, head.check()
}

func (h *Head) check() error {
	if h.PromptVersion != PromptVersion() {
		return fmt.Errorf("router: the head of %s was fitted with another prompt or word list (%s, now %s); "+
			"make it again with `go run ./agents/router/fit`", h.Model, h.PromptVersion, PromptVersion())
	}
	words, labels := len(Words()), len(Labels)
	fits := len(h.Means) == words && len(h.Scales) == words && h.Temperature > 0 &&
		len(h.Words) == labels && len(h.Bias) == labels && len(h.Text) == labels
	for i := 0; fits && i < labels; i++ {
		fits = len(h.Words[i]) == words && len(h.Text[i]) == Buckets
	}
	if !fits {
		return fmt.Errorf("router: the head of %s has the wrong shape; make it again with `go run ./agents/router/fit`", h.Model)
	}
	return nil
}

// Probabilities returns the calibrated probability of each label, in the order of [Labels]. logProbabilities are those of [Words].
func (h *Head) Probabilities(question string, logProbabilities []float64) []float64 {
	text := TextFeatures(question)
	scores := make([]float64, len(h.Bias))
	for label := range scores {
		score := h.Bias[label]
		for i, value := range logProbabilities {
			score += h.Words[label][i] * (value - h.Means[i]) / h.Scales[i]
		}
		for _, feature := range text {
			score += float64(h.Text[label][feature.Bucket]) * h.TextStep * feature.Value
		}
		scores[label] = score / h.Temperature
	}
	return linear.Softmax(scores)
}
