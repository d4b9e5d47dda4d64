package crash

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"bestbox/agents"
)

// scriptedModel stands in for llama-server and a model that decides on the same writes whenever it is asked the same: the only part of these tests that is not
// real. What it says on the wire is what the tests of internal/llm hold the real server to, and it keeps to the schema that it is given.
type scriptedModel struct {
	points *points
	script [][]agents.Call // the calls of each decision
}

// start returns the port at which it answers.
func (m *scriptedModel) start(t *testing.T) (port string) {
	t.Helper()
	server := httptest.NewServer(m)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return server.URL[strings.LastIndexByte(server.URL, ':')+1:]
}

func (m *scriptedModel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/tokenize":
		fmt.Fprint(w, `{"tokens":[]}`)
	case "/v1/chat/completions":
		if err := m.complete(w, r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	default:
		http.NotFound(w, r)
	}
}

func (m *scriptedModel) complete(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Messages []struct{ Content string }
		Format   *struct {
			Schema struct{ Schema jsonschema.Schema } `json:"json_schema"`
		} `json:"response_format"`
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		return err
	}
	if request.Format == nil {
		return m.write(w, "the answer", answer(request.Messages[len(request.Messages)-3].Content)) // before the last decision, and the wish for an answer
	}
	decision, err := m.decide(request.Messages[len(request.Messages)-1].Content, &request.Format.Schema.Schema)
	if err != nil {
		return err
	}
	return m.write(w, "a decision", decision)
}

// write streams a text in two pieces.
func (m *scriptedModel) write(w http.ResponseWriter, what, text string) error {
	if !m.points.at("the model is asked for %s", what) {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "text/event-stream")
	half := len(text) / 2
	for _, piece := range []string{text[:half], text[half:]} {
		delta, err := json.Marshal(piece)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{\"content\":%s}}]}\n\n", delta)
		w.(http.Flusher).Flush()
		if piece == text[:half] && !m.points.at("the model has written half of %s", what) {
			panic(http.ErrAbortHandler)
		}
	}
	fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"timings\":{\"cache_n\":5,\"prompt_n\":3,\"predicted_n\":2}}\n\ndata: [DONE]\n\n")
	return nil
}

var made = regexp.MustCompile(`(?m)^- ([a-z0-9_]+) .*`)

// decide gives the calls of the first decision of which nothing is among the results yet.
func (m *scriptedModel) decide(prompt string, schema *jsonschema.Schema) (string, error) {
	decision := agents.Decision{Calls: []agents.Call{}}
	known := len(made.FindAllString(prompt, -1))
	for _, calls := range m.script {
		if known < len(calls) {
			decision.Calls = calls
			break
		}
		known -= len(calls)
	}
	encoded, err := json.Marshal(decision)
	if err != nil {
		return "", err
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		return "", err
	}
	var value any
	if err := json.Unmarshal(encoded, &value); err != nil {
		return "", err
	}
	return string(encoded), resolved.Validate(value)
}

// answer repeats what the results say.
func answer(prompt string) string {
	_, results, _ := strings.Cut(prompt, "\nResults:")
	return strings.TrimSpace(results)
}
