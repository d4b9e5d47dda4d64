package prefix_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"bestbox/internal/llm"
	"bestbox/internal/programs"
	"bestbox/llmctl/prefix"
	"bestbox/llmctl/verify/wire"
)

const loadLimit = 3 * time.Minute

// server is a llama-server with the smallest model, one thread, until the test ends or kill.
type server struct {
	url  string
	kill func()
}

func start(t *testing.T, flags ...string) server {
	t.Helper()
	program, err := programs.Artefact("llama-server")
	if err != nil {
		t.Fatal(err)
	}
	model, err := programs.Artefact("smollm2-135m-instruct-q4_1")
	if err != nil {
		t.Fatal(err)
	}
	port, err := programs.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	arguments := append([]string{"-m", model, "--offline", "--host", "127.0.0.1", "--port", strconv.Itoa(port), "-c", "2048", "-np", "2", "-t", "1",
		"--jinja", "--no-kv-unified"}, flags...)
	process, err := programs.Start(exec.Command(program, arguments...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(process.Kill)
	started := server{url: "http://127.0.0.1:" + strconv.Itoa(port), kill: process.Kill}
	tier, err := llm.New(llm.Options{Name: "test", BaseURL: started.url})
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Ready(loadLimit, tier.Health); err != nil {
		t.Fatal(err)
	}
	return started
}

// body is a chat request of an agent: about a hundred tokens that never change, and a question.
func body(agent, question string) json.RawMessage {
	system := fmt.Sprintf("You are %s, who looks after the %s. ", agent, agent) +
		strings.Repeat("Answer in one sentence, from the records of "+agent+" and nothing else. ", 7)
	encoded, err := json.Marshal(map[string]any{"messages": []map[string]string{
		{"role": "system", "content": system}, {"role": "user", "content": "Question: " + question},
	}})
	if err != nil {
		panic(err)
	}
	return encoded
}

// three are more than the server has slots.
func three() []prefix.Prefix {
	var all []prefix.Prefix
	for _, agent := range []string{"stock", "ledger", "router"} {
		all = append(all, prefix.Prefix{Name: agent, Body: body(agent, "")})
	}
	return all
}

func warm(t *testing.T, url string, files prefix.Files, prefixes []prefix.Prefix) []prefix.Report {
	t.Helper()
	reports, err := prefix.Warm(t.Context(), url, files, prefixes, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, report := range reports {
		t.Logf("%+v", report)
	}
	return reports
}

// expect checks that every prefix came in as wanted.
func expect(t *testing.T, reports []prefix.Report, how prefix.How, saved bool) {
	t.Helper()
	for _, report := range reports {
		if report.How != how || report.Saved != saved || report.Tokens < 50 {
			t.Errorf("%+v, want %s, saved: %v", report, how, saved)
		}
	}
	if len(reports) != len(three()) {
		t.Errorf("%d reports", len(reports))
	}
}

// question sends a real request and returns the answer and how much of the prompt had to be evaluated.
func question(t *testing.T, url, agent string) (answer string, cached, evaluated int) {
	t.Helper()
	answer, cached, evaluated, err := send(t.Context(), url, body(agent, "What is the capital of France?"))
	if err != nil {
		t.Fatal(err)
	}
	return answer, cached, evaluated
}

func send(ctx context.Context, url string, request json.RawMessage) (answer string, cached, evaluated int, err error) {
	var fields map[string]any
	if err := json.Unmarshal(request, &fields); err != nil {
		return "", 0, 0, err
	}
	fields["max_tokens"], fields["temperature"] = 8, 0
	encoded, err := json.Marshal(fields)
	if err != nil {
		return "", 0, 0, err
	}
	posted, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/chat/completions", bytes.NewReader(encoded))
	if err != nil {
		return "", 0, 0, err
	}
	response, err := http.DefaultClient.Do(posted)
	if err != nil {
		return "", 0, 0, err
	}
	defer response.Body.Close()
	var reply struct {
		Choices []struct{ Message struct{ Content string } }
		Timings struct {
			Cached    int `json:"cache_n"`
			Evaluated int `json:"prompt_n"`
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&reply); err != nil {
		return "", 0, 0, err
	}
	if len(reply.Choices) == 0 {
		return "", 0, 0, fmt.Errorf("status %s", response.Status)
	}
	return reply.Choices[0].Message.Content, reply.Timings.Cached, reply.Timings.Evaluated, nil
}

// After a restart nothing is evaluated but the question itself, for more prefixes than slots, and the answers are what they were.
func TestPrefixesSurviveARestart(t *testing.T) {
	t.Parallel()
	files := prefix.Files{Folder: t.TempDir(), Key: "this model and build"}
	first := start(t, "--slot-save-path", files.Folder)
	expect(t, warm(t, first.url, files, three()), prefix.Evaluated, true)
	before := map[string]string{}
	for _, p := range three() {
		before[p.Name], _, _ = question(t, first.url, p.Name)
	}
	first.kill()

	second := start(t, "--slot-save-path", files.Folder)
	expect(t, warm(t, second.url, files, three()), prefix.Restored, true)
	for _, p := range three() {
		answer, cached, evaluated := question(t, second.url, p.Name)
		if evaluated > 25 || cached < 100 {
			t.Errorf("the first question to %s evaluated %d tokens and took %d from the cache", p.Name, evaluated, cached)
		}
		if answer != before[p.Name] {
			t.Errorf("%s answers %q after the restart, %q before", p.Name, answer, before[p.Name])
		}
	}
	expect(t, warm(t, second.url, files, three()), prefix.Restored, true) // a second time harms nothing
}

func TestWithoutAFolderPrefixesAreEvaluatedOnce(t *testing.T) {
	t.Parallel()
	running := start(t)
	expect(t, warm(t, running.url, prefix.Files{}, three()), prefix.Evaluated, false)
	expect(t, warm(t, running.url, prefix.Files{}, three()), prefix.AlreadyThere, false)
}

// The folder is wished for, but the server was started without it.
func TestServerThatSavesNothingIsWarmedUpAllTheSame(t *testing.T) {
	t.Parallel()
	reports := warm(t, start(t).url, prefix.Files{Folder: t.TempDir(), Key: "k"}, three())
	expect(t, reports, prefix.Evaluated, false)
	if !strings.Contains(reports[0].Note, "--slot-save-path") {
		t.Errorf("the note does not say why: %+v", reports[0])
	}
}

func saved(t *testing.T, folder string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "*.slot"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestSavedFilesThatCannotBeTrustedAreNotRestored(t *testing.T) {
	t.Parallel()
	files := prefix.Files{Folder: t.TempDir(), Key: "k"}
	one := three()[:1]
	expectOne := func(how prefix.How) {
		t.Helper()
		running := start(t, "--slot-save-path", files.Folder)
		defer running.kill()
		reports := warm(t, running.url, files, one)
		if reports[0].How != how || !reports[0].Saved {
			t.Errorf("%+v, want %s", reports[0], how)
		}
	}
	expectOne(prefix.Evaluated)
	for _, test := range []struct {
		name  string
		spoil func(path string) error
	}{
		{"a byte changed", func(path string) error {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content[len(content)/2] ^= 1
			return os.WriteFile(path, content, 0o600)
		}},
		{"cut off", func(path string) error { return os.Truncate(path, 1000) }},
		{"gone", os.Remove},
		{"without its record", func(path string) error { return os.Remove(path + ".json") }},
	} {
		paths := saved(t, files.Folder)
		if len(paths) != 1 {
			t.Fatalf("%s: saved files %v", test.name, paths)
		}
		if err := test.spoil(paths[0]); err != nil {
			t.Fatal(err)
		}
		t.Log(test.name)
		expectOne(prefix.Evaluated)
		expectOne(prefix.Restored)
	}
}

// The server takes what it restores for what its model computed: a file of another model must not reach it.
func TestAnotherKeyOrPromptEvaluatesAndRemovesTheOldFiles(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	stranger := filepath.Join(folder, "somebody.slot")
	if err := os.WriteFile(stranger, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	running := start(t, "--slot-save-path", folder)
	one := three()[:1]
	warm(t, running.url, prefix.Files{Folder: folder, Key: "old"}, one)
	old := saved(t, folder)
	reports := warm(t, running.url, prefix.Files{Folder: folder, Key: "new"}, one)
	if reports[0].How != prefix.AlreadyThere || !reports[0].Saved {
		t.Errorf("another key: %+v", reports)
	}
	other := []prefix.Prefix{{Name: "other", Body: body("other", "")}}
	if reports := warm(t, running.url, prefix.Files{Folder: folder, Key: "new"}, other); reports[0].How != prefix.Evaluated {
		t.Errorf("another prompt: %+v", reports)
	}
	now := saved(t, folder)
	if len(old) != 2 || len(now) != 2 {
		t.Errorf("files before: %v, now: %v", old, now)
	}
	if _, err := os.Stat(stranger); err != nil {
		t.Errorf("a file of somebody else was removed: %v", err)
	}
}

// A slot that another request took between the answer and the save holds that one's text, which must not stay on the disk.
func TestTextOfOthersIsNotSaved(t *testing.T) {
	t.Parallel()
	files := prefix.Files{Folder: t.TempDir(), Key: "k"}
	running := start(t, "--slot-save-path", files.Folder, "-np", "1")
	target, err := url.Parse(running.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("action") == "save" {
			if _, _, _, err := send(r.Context(), running.url, body("somebody", "My salary is 4,711.")); err != nil {
				t.Error(err)
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	defer front.Close()
	reports := warm(t, front.URL, files, three()[:1])
	if reports[0].Saved || !strings.Contains(reports[0].Note, "somebody else") {
		t.Errorf("%+v", reports[0])
	}
	if left := saved(t, files.Folder); len(left) > 0 {
		t.Errorf("left on the disk: %v", left)
	}
}

// Others use the server all the time: each goes on reading its own number and nobody else's, and the warm-up ends.
func TestWarmUpBesideOthers(t *testing.T) {
	t.Parallel()
	files := prefix.Files{Folder: t.TempDir(), Key: "k"}
	running := start(t, "--slot-save-path", files.Folder)
	expect(t, warm(t, running.url, files, three()), prefix.Evaluated, true)
	busy, stop := context.WithCancel(t.Context())
	var others sync.WaitGroup
	answers := make([]int, 3)
	for user := range answers {
		number := strconv.Itoa(1117 * (user + 3))
		others.Go(func() {
			for busy.Err() == nil {
				answer, err := continued(busy, running.url, strings.Repeat(fmt.Sprintf("User %d has number %s.\n", user, number), 3)+
					fmt.Sprintf("User %d has number", user))
				if busy.Err() == nil && (err != nil || strings.TrimSpace(answer) != number) {
					t.Errorf("user %d read %q (%v) instead of %s", user, answer, err, number)
				}
				answers[user]++
			}
		})
	}
	for range 2 {
		for _, report := range warm(t, running.url, files, three()) {
			if report.How == prefix.Failed {
				t.Errorf("%+v", report)
			}
		}
		warm(t, running.url, prefix.Files{Folder: files.Folder, Key: "another"}, three()) // removes and saves
	}
	stop()
	others.Wait()
	t.Logf("answers read meanwhile: %v", answers)
}

// continued returns what the model writes after a text, up to the end of the sentence.
func continued(ctx context.Context, url, text string) (string, error) {
	var reply struct {
		Content string `json:"content"`
	}
	err := wire.Post(ctx, "go on", url, "/completion", map[string]any{"prompt": text, "n_predict": 12, "temperature": 0, "stop": []string{"."}}, &reply)
	return reply.Content, err
}

func TestOnePrefixThatFailsKeepsNoOtherOut(t *testing.T) {
	t.Parallel()
	running := start(t)
	prefixes := []prefix.Prefix{
		{Name: "too long", Body: body("agent", strings.Repeat("word ", 3000))},
		{Name: "no request", Body: json.RawMessage(`{}`)},
		three()[0],
	}
	reports, err := prefix.Warm(t.Context(), running.url, prefix.Files{}, prefixes, nil, nil)
	if err != nil || len(reports) != 3 {
		t.Fatalf("%v, %v", reports, err)
	}
	for i, want := range []prefix.How{prefix.Failed, prefix.Failed, prefix.Evaluated} {
		if reports[i].How != want || (want == prefix.Failed) != (reports[i].Note != "") {
			t.Errorf("%+v, want %s", reports[i], want)
		}
	}
	running.kill()
	if reports, err := prefix.Warm(t.Context(), running.url, prefix.Files{}, three(), nil, nil); err == nil || len(reports) != 1 {
		t.Errorf("a server that is gone: %v, %v", reports, err)
	}
}
