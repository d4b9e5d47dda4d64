package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/agents"
	"bestbox/internal/programtest"
	"bestbox/internal/temporaltest"
)

// message is one of a chat request; DisallowUnknownFields below sees that nothing else is sent.
type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type chat struct {
	Messages []message `json:"messages"`
}

// prefixes runs the command and returns the printed requests by tier and name.
func (i *installation) prefixes(flags ...string) map[string]map[string]chat {
	i.t.Helper()
	finished := i.worker(append([]string{"prefixes", "--json"}, flags...)...)
	if finished.code != 0 || finished.stderr != "" {
		i.t.Fatalf("exit code %d: %s", finished.code, finished.stderr)
	}
	var printed map[string][]struct {
		Name string
		Body chat
	}
	decoder := json.NewDecoder(strings.NewReader(finished.stdout))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&printed); err != nil {
		i.t.Fatal(err)
	}
	byName := map[string]map[string]chat{}
	for tier, prompts := range printed {
		byName[tier] = map[string]chat{}
		for _, prompt := range prompts {
			byName[tier][prompt.Name] = prompt.Body
		}
	}
	return byName
}

// recorder is a model server that keeps the first chat request it gets, cuts every text into one token of its own, and answers no chat.
type recorder struct {
	chats  chan chat
	tokens chan map[string]int
}

func newRecorder(t *testing.T) (*recorder, string) {
	t.Helper()
	r := &recorder{chats: make(chan chat, 1), tokens: make(chan map[string]int, 1)}
	r.tokens <- map[string]int{}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return r, address.Port()
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	content, _ := io.ReadAll(request.Body)
	if request.URL.Path == "/tokenize" {
		tokens := <-r.tokens
		if _, known := tokens[string(content)]; !known {
			tokens[string(content)] = len(tokens)
		}
		_, _ = fmt.Fprintf(w, `{"tokens":[{"id":%d,"piece":"x"}]}`, tokens[string(content)])
		r.tokens <- tokens
		return
	}
	var asked chat
	if json.Unmarshal(content, &asked) == nil && len(asked.Messages) > 0 {
		select {
		case r.chats <- asked:
		default: // an attempt is repeated
		}
	}
	w.WriteHeader(http.StatusServiceUnavailable)
}

// What is printed is what the router and the agents really send, up to the question: else a server that was warmed up reads their prompts once
// more, and nobody notices but by the time it takes.
func TestPrefixesAreWhatIsSentUpToTheQuestion(t *testing.T) {
	t.Parallel()
	const question = "How much stock of A-100 is left?"
	server := temporaltest.New(t)
	for _, test := range []struct {
		tier, prompt string
		ask          func(i *installation) started
	}{
		{"light", "router", func(i *installation) started { return i.start(i.command("route", "--tier", "light", question)) }},
		{"heavy", "router", func(i *installation) started { return i.start(i.command("route", "--tier", "heavy", question)) }},
		{"heavy", "agent erp", func(i *installation) started { return i.start(i.command("ask", "--domain", "erp", question)) }},
		{"heavy", "agent general", func(i *installation) started { return i.start(i.command("ask", "--domain", "general", question)) }},
	} {
		t.Run(test.tier+" "+test.prompt, func(t *testing.T) {
			recording, port := newRecorder(t)
			i := newInstallation(t, server.Address, false)
			content, err := os.ReadFile(i.config)
			if err != nil {
				t.Fatal(err)
			}
			i.write(i.config, regexp.MustCompile(test.tier+`: \{port: \d+`).ReplaceAllString(string(content), test.tier+": {port: "+port))
			fixed, printed := i.prefixes()[test.tier][test.prompt]
			if !printed {
				t.Fatal("not printed")
			}
			if strings.HasPrefix(test.prompt, "agent") {
				worker := i.run()
				defer worker.Kill()
			}
			defer test.ask(i).Kill()
			sent := <-recording.chats
			last := len(sent.Messages) - 1
			if len(fixed.Messages) != len(sent.Messages) {
				t.Fatalf("%d messages are printed, %d sent", len(fixed.Messages), len(sent.Messages))
			}
			if diff := cmp.Diff(sent.Messages[:last], fixed.Messages[:last]); diff != "" {
				t.Error("printed (+) differs from sent (-):", diff)
			}
			before, _, asked := strings.Cut(sent.Messages[last].Content, question)
			if !asked || !strings.HasPrefix(fixed.Messages[last].Content, before) || sent.Messages[last].Role != fixed.Messages[last].Role {
				t.Errorf("the last message is printed as %q, sent as %q", fixed.Messages[last], sent.Messages[last])
			}
		})
	}
}

func TestPrefixesFollowTheProfile(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, address(programtest.FreePort(t)), false)
	names := func(prompts map[string]chat) []string {
		var found []string
		for name := range prompts {
			found = append(found, name)
		}
		slices.Sort(found)
		return found
	}
	shipped, err := agents.Load(agents.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"router"}
	for _, agent := range shipped {
		all = append(all, "agent "+agent.Name)
	}
	slices.Sort(all)
	two := i.prefixes()
	if diff := cmp.Diff(all, names(two["heavy"])) + cmp.Diff([]string{"router"}, names(two["light"])); diff != "" || len(two) != 2 {
		t.Error("two tiers:", diff)
	}
	one := i.prefixes("--profile", "heavy-only")
	if diff := cmp.Diff(all, names(one["heavy"])); diff != "" || len(one) != 1 {
		t.Error("one tier:", diff)
	}
	if first, second := i.worker("prefixes", "--json"), i.worker("prefixes", "--json"); first != second {
		t.Error("two calls print different things")
	}
	if shown := i.worker("prefixes"); shown.code != 0 || strings.Count(shown.stdout, "\n") != len(all)+1 {
		t.Errorf("for people: %+v", shown)
	}
	i.worker("prefixes", "--profile", "tiny").wantMessage(t, exitBadInput, "profile", `"tiny"`)
	i.worker("prefixes", "heavy").wantMessage(t, exitBadInput, "heavy")
}
