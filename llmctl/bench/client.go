package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"bestbox/llmctl/verify/wire"
)

// longestLine bounds one event of a stream, in bytes: the last one repeats the prompt.
const longestLine = 1 << 20

// text is what the servers read: the speed does not depend on what it says.
const text = "The warehouse counted its stock on the last day of the quarter. Two pallets of valves were found behind the ramp, " +
	"and one delivery note had been booked twice. Purchasing asked the vendor for a credit note, accounting moved the difference to the " +
	"next period, and the report went to the managers with a list of what was still open. "

// client speaks to one llama-server in its own words: what the OpenAI interface has no word for is needed here.
type client struct {
	url string
	// tokens of the text, repeated as often as a prompt needs.
	tokens []int
	// reranks says that the server takes no text alone, only with a question.
	reranks bool
}

// speeds are tokens per second of one request, as the server timed it.
type speeds struct{ Prompt, Generation float64 }

// refusedError is an answer other than 200.
type refusedError struct {
	status  int
	message string
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("the server refused (%d): %s", e.status, e.message)
}

// readPrompt lets the server make tokens of the text, so that prompts can have an exact size.
func (c *client) readPrompt(ctx context.Context) error {
	var reply struct{ Tokens []int }
	if err := c.call(ctx, "/tokenize", map[string]any{"content": text}, &reply); err != nil {
		return err
	}
	if len(reply.Tokens) == 0 {
		return errors.New("the server made no tokens of the text")
	}
	c.tokens = reply.Tokens
	return nil
}

func (c *client) prompt(size int) []int {
	prompt := make([]int, size)
	for i := range prompt {
		prompt[i] = c.tokens[i%len(c.tokens)]
	}
	return prompt
}

// words is about as many tokens of text as a prompt is to have, for a server that takes no tokens.
func (c *client) words(size int) string {
	return strings.Repeat(text, size/len(c.tokens)) + text[:size%len(c.tokens)*len(text)/len(c.tokens)]
}

// event is what bench reads of an event of a stream.
type event struct {
	Stop    bool `json:"stop"`
	Timings struct {
		Cached             int     `json:"cache_n"`
		Prompt             int     `json:"prompt_n"`
		PromptPerSecond    float64 `json:"prompt_per_second"`
		Predicted          int     `json:"predicted_n"`
		PredictedPerSecond float64 `json:"predicted_per_second"`
	} `json:"timings"`
	Error *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// complete lets the server read a prompt and generate exactly so many tokens, without its cache. The request is streamed with its
// progress, since llama-server notices a client that has gone only when it sends. It names no slot: id_slot mixes requests on some builds.
func (c *client) complete(ctx context.Context, prompt, generate int) (speeds, error) {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	response, err := c.post(ctx, "/completion", map[string]any{
		"prompt": c.prompt(prompt), "n_predict": generate, "cache_prompt": false, "ignore_eos": true, "temperature": 0,
		"stream": true, "return_progress": true,
	})
	if err != nil {
		return speeds{}, err
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var e event
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			return speeds{}, fmt.Errorf("an event of the server's stream: %w", err)
		}
		if e.Error != nil {
			return speeds{}, &refusedError{e.Error.Code, e.Error.Message}
		}
		if e.Stop {
			return e.speeds(prompt, generate)
		}
	}
	if err := lines.Err(); err != nil {
		return speeds{}, err
	}
	return speeds{}, io.ErrUnexpectedEOF
}

// speeds returns what the server measured, if it did what was asked: figures of another amount of work would not compare.
func (e event) speeds(prompt, generate int) (speeds, error) {
	t := e.Timings
	if t.Cached != 0 || t.Prompt != prompt || t.Predicted != generate {
		return speeds{}, fmt.Errorf("the server read %d prompt tokens (%d from its cache) and generated %d, instead of %d (0) and %d",
			t.Prompt, t.Cached, t.Predicted, prompt, generate)
	}
	return speeds{Prompt: t.PromptPerSecond, Generation: t.PredictedPerSecond}, nil
}

// read returns how many tokens of a prompt a server that writes nothing reads per second, by this side's clock. A reranking server reads a question of one word with it.
func (c *client) read(ctx context.Context, prompt int) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	path, body := "/embedding", map[string]any{"content": c.prompt(prompt)}
	if c.reranks {
		path, body = "/v1/rerank", map[string]any{"query": "why", "documents": []string{c.words(prompt)}}
	}
	began := time.Now()
	err := c.call(ctx, path, body, nil)
	return float64(prompt) / time.Since(began).Seconds(), err
}

// busy tells whether the server works for somebody else. A server that does not show its slots is taken to be idle.
func (c *client) busy(ctx context.Context) (bool, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/slots", nil)
	if err != nil {
		return false, err
	}
	response, err := wire.Client.Do(request)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	var slots []struct {
		Busy bool `json:"is_processing"`
	}
	if response.StatusCode != http.StatusOK || json.NewDecoder(response.Body).Decode(&slots) != nil {
		return false, nil
	}
	for _, slot := range slots {
		if slot.Busy {
			return true, nil
		}
	}
	return false, nil
}

// call posts and reads the whole reply; into nil: it is thrown away.
func (c *client) call(ctx context.Context, path string, body, into any) error {
	response, err := c.post(ctx, path, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if into == nil {
		_, err := io.Copy(io.Discard, response.Body)
		return err
	}
	return json.NewDecoder(response.Body).Decode(into)
}

func (c *client) post(ctx context.Context, path string, body any) (*http.Response, error) {
	content, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+path, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := wire.Client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	defer response.Body.Close()
	var e event
	// Without a readable reason the status must do.
	_ = json.NewDecoder(io.LimitReader(response.Body, longestLine)).Decode(&e)
	refused := &refusedError{status: response.StatusCode, message: http.StatusText(response.StatusCode)}
	if e.Error != nil {
		refused.message = e.Error.Message
	}
	return nil, refused
}
