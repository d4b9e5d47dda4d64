package trigger_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	"bestbox/tools"
	"bestbox/worker/trigger"
	"bestbox/workflows/run"
)

type nothing struct{}

type greeting struct {
	Text string `json:"text"`
}

func (g greeting) Sentences() []string { return []string{g.Text, "That is all."} }

// greets is a registry with one tool that reads.
func greets(t *testing.T) map[string]*tools.Registry {
	t.Helper()
	tool, err := tools.New(tools.Definition{Name: "greet", Description: "Greets.", Effect: tools.Read},
		func(context.Context, nothing) (greeting, error) { return greeting{"Good morning."}, nil })
	if err != nil {
		t.Fatal(err)
	}
	registry, err := tools.NewRegistry(tool)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*tools.Registry{"default": registry}
}

// bearer sends a key with every request.
type bearer struct{ key string }

func (b bearer) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	if b.key != "" {
		request.Header.Set("Authorization", "Bearer "+b.key)
	}
	return http.DefaultTransport.RoundTrip(request)
}

// speak connects an MCP client to the service; it keeps what it is told of progress.
func (s *service) speak(key string, told *progress) (*sdk.ClientSession, error) {
	s.t.Helper()
	client := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, &sdk.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, request *sdk.ProgressNotificationClientRequest) {
			told.add(request.Params.Message)
		},
	})
	session, err := client.Connect(s.t.Context(), &sdk.StreamableClientTransport{Endpoint: s.URL + "/mcp", HTTPClient: &http.Client{Transport: bearer{key}}},
		&sdk.ClientSessionOptions{ProtocolVersion: "2025-11-25"})
	if err == nil {
		s.t.Cleanup(func() { _ = session.Close() })
	}
	return session, err
}

type progress struct {
	mu    sync.Mutex
	lines []string
}

func (p *progress) add(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, line)
}

func (p *progress) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

func mustSpeak(t *testing.T, s *service, told *progress) *sdk.ClientSession {
	t.Helper()
	session, err := s.speak("", told)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

func textOf(t *testing.T, result *sdk.CallToolResult) string {
	t.Helper()
	if result == nil || len(result.Content) == 0 {
		t.Fatal("there is no content")
	}
	return result.Content[0].(*sdk.TextContent).Text
}

func TestToolsAreServedOverMCPWithSentencesAndData(t *testing.T) {
	t.Parallel()
	session := mustSpeak(t, newService(t, func(o *trigger.Options) { o.Tools = greets(t) }), &progress{})
	listed, err := session.ListTools(t.Context(), nil)
	if err != nil || len(listed.Tools) != 2 || listed.Tools[0].Name != "ask" || listed.Tools[1].Name != "greet" || !listed.Tools[1].Annotations.ReadOnlyHint {
		t.Fatalf("%+v %v", listed, err)
	}
	result, err := session.CallTool(t.Context(), &sdk.CallToolParams{Name: "greet"})
	if err != nil || textOf(t, result) != "Good morning.\nThat is all." || result.StructuredContent.(map[string]any)["text"] != "Good morning." {
		t.Errorf("%+v %v", result, err)
	}
	result, err = session.CallTool(t.Context(), &sdk.CallToolParams{Name: "greet", Arguments: map[string]any{"whom": "me"}})
	if err != nil || !result.IsError || !strings.Contains(textOf(t, result), "this argument does not exist") {
		t.Errorf("%+v %v", result, err)
	}
}

func TestAQuestionOverMCPIsARunWithProgressAnswerAndFacts(t *testing.T) {
	t.Parallel()
	s := newService(t)
	told := &progress{}
	session := mustSpeak(t, s, told)
	params := &sdk.CallToolParams{Name: "ask", Arguments: map[string]any{"question": "slow question of TestAQuestionOverMCP", "domain": "erp"}}
	params.SetProgressToken("p")
	type outcome struct {
		result *sdk.CallToolResult
		err    error
	}
	came := make(chan outcome, 1)
	go func() {
		result, err := session.CallTool(t.Context(), params)
		came <- outcome{result, err}
	}()
	id := runOf(t, "slow question of TestAQuestionOverMCP")
	publish(t, s.store, id, run.EventRoute, run.Route{Domain: "erp"})
	publish(t, s.store, id, run.EventResult, run.CallReport{Call: "1.1", Tool: "get_stock", Result: "There are 12."})
	publish(t, s.store, id, run.EventProposal, run.Proposal{Call: "1.2", Change: tools.Change{Summary: "Orders 5."}})
	eventually(t, "progress", func() bool { return strings.Count(told.String(), "\n") == 2 })
	want := "the question goes to the agent for erp\nget_stock: There are 12.\nwaits for approval: run " + id + ", call 1.2: Orders 5."
	if got := told.String(); got != want {
		t.Errorf("got %s", got)
	}
	done := <-came // the run tells no last event; it is asked whether it has ended
	if done.err != nil || done.result.IsError || !strings.HasPrefix(textOf(t, done.result), "echo: slow question") {
		t.Errorf("%+v", done)
	}
}

// runOf finds the run of a question among those of this package's Temporal.
func runOf(t *testing.T, question string) (id string) {
	t.Helper()
	eventually(t, "a run of "+question, func() bool {
		listed, err := shared.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: "ExecutionStatus = 'Running'"})
		if err != nil {
			return false
		}
		for _, found := range listed.GetExecutions() {
			history := shared.GetWorkflowHistory(t.Context(), found.GetExecution().GetWorkflowId(), "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
			first, err := history.Next()
			if err == nil && strings.Contains(first.GetWorkflowExecutionStartedEventAttributes().GetInput().String(), question) {
				id = found.GetExecution().GetWorkflowId()
				return true
			}
		}
		return false
	})
	return id
}

func TestAClientThatGivesUpCancelsItsRun(t *testing.T) {
	t.Parallel()
	session := mustSpeak(t, newService(t), &progress{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _ = session.CallTool(ctx, &sdk.CallToolParams{Name: "ask", Arguments: map[string]any{"question": "stay, says TestAClientThatGivesUp"}})
	}()
	id := runOf(t, "stay, says TestAClientThatGivesUp")
	cancel()
	eventually(t, "the end of the run", func() bool {
		described, err := shared.DescribeWorkflowExecution(t.Context(), id, "")
		return err == nil && described.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_CANCELED
	})
}

func TestBadQuestionsOverMCPAreNamed(t *testing.T) {
	t.Parallel()
	session := mustSpeak(t, newService(t), &progress{})
	for want, arguments := range map[string]map[string]any{
		"question: it is empty":                    {"question": " "},
		"domain: there is no domain \"gardening\"": {"question": "a", "domain": "gardening"},
		"the arguments are wrong":                  {"question": "a", "wait": true},
		"the prompt is too long":                   {"question": "fail"},
	} {
		result, err := session.CallTool(t.Context(), &sdk.CallToolParams{Name: "ask", Arguments: arguments})
		if err != nil || !result.IsError || !strings.Contains(textOf(t, result), want) {
			t.Errorf("%v: %+v %v", arguments, result, err)
		}
	}
}

func TestMCPIsProtectedAsTheOtherRoutesAre(t *testing.T) {
	t.Parallel()
	s := newService(t, func(o *trigger.Options) { o.APIKey, o.Tools = key, greets(t) })
	if _, err := s.speak("", &progress{}); err == nil || !strings.Contains(err.Error(), "Unauthorized") {
		t.Errorf("without a key: %v", err)
	}
	if _, err := s.speak(key, &progress{}); err != nil {
		t.Errorf("with the key: %v", err)
	}
	hello := `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`
	accept, authorization := "Accept: application/json, text/event-stream", "Authorization: Bearer "+key
	wantProblem(t, s.do(http.MethodPost, "/mcp", hello, accept, authorization, "Host: evil.example"), http.StatusForbidden, "Host")
	wantProblem(t, s.do(http.MethodPost, "/mcp", hello, accept, authorization, "Sec-Fetch-Site: cross-site", "Origin: http://evil.example"), http.StatusForbidden, "another site")
	wantProblem(t, s.do(http.MethodPost, "/mcp", strings.Repeat("a", 70<<10), accept, authorization), http.StatusRequestEntityTooLarge)
}

func TestASessionBelongsToItsUser(t *testing.T) {
	t.Parallel()
	s := newService(t, withUsers(t), func(o *trigger.Options) { o.Tools = greets(t) })
	session, err := s.speak(keyOf("chen"), &progress{})
	if err != nil {
		t.Fatal(err)
	}
	listing := `{"jsonrpc":"2.0","id":2,"method":"tools/list"}`
	headers := []string{"Accept: application/json, text/event-stream", "Mcp-Session-Id: " + session.ID(), "MCP-Protocol-Version: 2025-11-25"}
	if got := s.do(http.MethodPost, "/mcp", listing, append(headers, "Authorization: Bearer "+keyOf("chen"))...); got.Status != http.StatusOK {
		t.Errorf("the user's own session: %d %s", got.Status, got.Body)
	}
	if got := s.do(http.MethodPost, "/mcp", listing, append(headers, "Authorization: Bearer "+keyOf("rita"))...); got.Status == http.StatusOK {
		t.Errorf("another user's session: %s", got.Body)
	}
}
