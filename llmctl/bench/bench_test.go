package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bestbox/internal/llm"
	"bestbox/internal/programs"
)

const smallest = "smollm2-135m-instruct-q4_1"

// serve runs a real server with the smallest model on one thread and returns a target for it.
func serve(t *testing.T, tier string, flags ...string) Target {
	t.Helper()
	return serveModel(t, smallest, tier, flags...)
}

func serveModel(t *testing.T, name, tier string, flags ...string) Target {
	t.Helper()
	program, err := programs.Artefact("llama-server")
	if err != nil {
		t.Fatal(err)
	}
	model, err := programs.Artefact(name)
	if err != nil {
		t.Fatal(err)
	}
	port, err := programs.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	arguments := []string{"-m", model, "--offline", "--host", "127.0.0.1", "--port", strconv.Itoa(port), "-np", "1", "-c", "1024", "-t", "1", "--slots"}
	process, err := programs.Start(exec.Command(program, append(arguments, flags...)...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(process.Kill)
	target := Target{
		Tier: tier, URL: "http://127.0.0.1:" + strconv.Itoa(port), BytesPerToken: 97e6, Bandwidth: Bandwidth{GBps: 30, Source: FromProfile},
		Conditions: Conditions{Model: name, Backend: "native", Device: "processor", Threads: 1, Flags: flags},
	}
	if err := process.Ready(time.Minute, server(t, target).Health); err != nil {
		t.Fatal(err)
	}
	return target
}

func server(t *testing.T, target Target) *llm.Tier {
	t.Helper()
	tier, err := llm.New(llm.Options{Name: target.Tier, BaseURL: target.URL})
	if err != nil {
		t.Fatal(err)
	}
	return tier
}

// before is an earlier run of a target, with small sizes that keep the test short and speeds that no processor has.
func before(t *testing.T, target Target) Record {
	t.Helper()
	properties, err := server(t, target).Properties(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := Record{At: noon, Tier: target.Tier, Conditions: target.Conditions, Sizes: Sizes{PromptTokens: 40, AnswerTokens: 6},
		Alone: Figures{Prompt: around(1e6), Generation: around(1e-3)}}
	r.Build, r.Slots, r.Context = properties.Build, properties.Slots, properties.ContextTokens
	return r
}

func TestTwoServersAreMeasuredAloneAndAtOnceAndComparedWithBefore(t *testing.T) {
	t.Parallel()
	heavy, light := serve(t, "heavy"), serve(t, "light")
	var told []int
	report, err := Run(t.Context(), []Target{heavy, light}, Options{
		Rounds: 2, Earlier: []Record{before(t, heavy), before(t, light)}, Shared: Bandwidth{GBps: 30, Source: FromProfile},
		Progress: func(done, total int) {
			if total != 16 {
				t.Errorf("%d rounds announced, want 16", total)
			}
			told = append(told, done)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Tiers {
		for what, s := range map[string]*Speed{"prompt": r.Alone.Prompt, "generation": r.Alone.Generation, "busy prompt": r.Busy.Prompt, "busy generation": r.Busy.Generation} {
			if s == nil || s.Rounds < 2 || s.Lowest <= 0 || s.Median < s.Lowest || s.Highest < s.Median {
				t.Errorf("%s, %s: %+v", r.Tier, what, s)
			}
		}
		if r.Sizes != (Sizes{PromptTokens: 40, AnswerTokens: 6}) {
			t.Errorf("%s was measured with other sizes than before: %+v", r.Tier, r.Sizes)
		}
		if r.Slots != 1 || r.Context != 1024 || r.Build == "" || r.Disturbed || len(r.Beside) != 1 {
			t.Errorf("conditions: %+v", r)
		}
		if len(r.Drops) != 1 || r.Drops[0].What != "prompt alone" || !r.Dropped {
			t.Errorf("%s: drops %+v, want the prompt's alone", r.Tier, r.Drops)
		}
	}
	if !report.Dropped || report.Together == nil || report.Together.Reads <= 0 || report.Together.OfRoof <= 0 {
		t.Errorf("report: %+v", report)
	}
	if len(told) != 16 || told[15] != 16 {
		t.Errorf("progress: %v", told)
	}
	var out bytes.Buffer
	if err := report.Print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"heavy     alone", "light     all", "together", "30.0 GB/s, from the profile", "warning: light, prompt alone: ", "100 % below the 1000000"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
}

func TestAServerThatOnlyReadsIsMeasuredByItsPrompts(t *testing.T) {
	t.Parallel()
	embed := serve(t, "embed", "--embeddings", "-b", "128", "-ub", "128")
	rerank := serveModel(t, "all-minilm-l6-v2-f16", "rerank", "--reranking", "-b", "128", "-ub", "128") // no small model for reranking can be had here
	rerank.Reranks = true
	for _, target := range []Target{embed, rerank} {
		target.Embeds = true
		report, err := Run(t.Context(), []Target{target}, Options{Rounds: 1})
		if err != nil {
			t.Fatal(target.Tier, err)
		}
		r := report.Tiers[0]
		if r.Alone.Prompt == nil || r.Alone.Prompt.Median <= 0 || r.Alone.Generation != nil || r.Busy != nil || report.Together != nil {
			t.Errorf("%s: got %+v", target.Tier, r)
		}
		if r.PromptTokens > 128 || r.PromptTokens < 32 {
			t.Errorf("%s: a prompt of %d tokens does not suit the server's batch of 128", target.Tier, r.PromptTokens)
		}
	}
}

func TestWordsAreAboutAsManyTokensAsWanted(t *testing.T) {
	t.Parallel()
	target := serve(t, "heavy")
	c := &client{url: target.URL}
	if err := c.readPrompt(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1, 50, 128, 600} {
		got, err := server(t, target).CountTokens(t.Context(), c.words(size))
		if err != nil || got < size*9/10-3 || got > size*11/10+3 {
			t.Errorf("%d tokens wanted, %d are there, %v", size, got, err)
		}
	}
}

func TestAServerThatWorksForOthersIsNotedAsDisturbed(t *testing.T) {
	t.Parallel()
	target := serve(t, "heavy")
	other := &client{url: target.URL}
	if err := other.readPrompt(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _, _ = other.complete(ctx, shortPrompt, 300) }() // cancelled once it has disturbed
	for busy := false; !busy; {
		var err error
		if busy, err = other.busy(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	earlier := before(t, target)
	time.AfterFunc(500*time.Millisecond, cancel)
	report, err := Run(t.Context(), []Target{target}, Options{Rounds: 1, Earlier: []Record{earlier}})
	if err != nil {
		t.Fatal(err)
	}
	if r := report.Tiers[0]; !r.Disturbed || r.Dropped || r.Compared != 0 {
		t.Errorf("got %+v", r)
	}
}

func TestCancellingEndsTheMeasurementAndFreesTheServer(t *testing.T) {
	t.Parallel()
	target := serve(t, "heavy")
	earlier := before(t, target)
	ctx, cancel := context.WithCancel(t.Context())
	began := make(chan struct{}, 100)
	ended := make(chan error, 1)
	go func() {
		_, err := Run(ctx, []Target{target}, Options{Rounds: 1000, Earlier: []Record{earlier}, Progress: func(int, int) { began <- struct{}{} }})
		ended <- err
	}()
	<-began
	cancelled := time.Now()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(cancelled); took > 2*time.Second {
		t.Errorf("ended %s after it was cancelled", took)
	}
	for until := time.Now().Add(3 * time.Second); ; {
		busy, err := (&client{url: target.URL}).busy(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !busy {
			return
		}
		if time.Now().After(until) {
			t.Fatal("the server still works for a measurement that was cancelled")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestAServerThatDoesNotDoWhatIsAskedIsNotMeasured(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]struct{ stream, want string }{
		"cache":      {`data: {"stop":true,"timings":{"cache_n":20,"prompt_n":12,"prompt_per_second":1e9,"predicted_n":8,"predicted_per_second":1}}`, "20 from its cache"},
		"early end":  {`data: {"stop":true,"timings":{"prompt_n":32,"prompt_per_second":9,"predicted_n":3,"predicted_per_second":1}}`, "generated 3"},
		"no timings": {`data: {"stop":true}`, "read 0 prompt tokens"},
		"error":      {`data: {"error":{"code":500,"message":"out of slots"}}`, "out of slots"},
		"cut":        {`data: {"stop":false}`, "unexpected EOF"},
		"nonsense":   {`data: {{{`, "stream"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/props":
					_, _ = w.Write([]byte(`{"total_slots":1,"build_info":"b1","default_generation_settings":{"n_ctx":4096}}`))
				case "/tokenize":
					_, _ = w.Write([]byte(`{"tokens":[1,2,3]}`))
				case "/slots":
					w.WriteHeader(http.StatusNotImplemented)
				case "/completion":
					var body map[string]any
					if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body["id_slot"] != nil || body["cache_prompt"] != false {
						t.Errorf("the request: %v (%v)", body, err)
					}
					_, _ = w.Write([]byte(answer.stream + "\n\n"))
				}
			}))
			defer fake.Close()
			_, err := Run(t.Context(), []Target{{Tier: "heavy", URL: fake.URL}}, Options{})
			if err == nil || !strings.Contains(err.Error(), answer.want) || !strings.Contains(err.Error(), "heavy") {
				t.Errorf("got %v, want %q", err, answer.want)
			}
		})
	}
}

func TestAPromptIsNoLongerThanTheContext(t *testing.T) {
	t.Parallel()
	fake := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Prompt   []int `json:"prompt"`
			Generate int   `json:"n_predict"`
		}
		_ = json.NewDecoder(r.Body).Decode(&body) // not all requests have one
		switch r.URL.Path {
		case "/props":
			_, _ = w.Write([]byte(`{"total_slots":1,"build_info":"b1","default_generation_settings":{"n_ctx":512}}`))
		case "/tokenize":
			_, _ = w.Write([]byte(`{"tokens":[1,2,3]}`))
		case "/slots":
			_, _ = w.Write([]byte(`[]`))
		case "/completion":
			if len(body.Prompt)+body.Generate > 512 {
				t.Errorf("%d + %d tokens asked of a context of 512", len(body.Prompt), body.Generate)
			}
			fmt.Fprintf(w, `data: {"stop":true,"timings":{"prompt_n":%d,"prompt_per_second":1000,"predicted_n":%d,"predicted_per_second":100}}`+"\n\n", len(body.Prompt), body.Generate)
		}
	}))
	defer fake.Close()
	report, err := Run(t.Context(), []Target{{Tier: "heavy", URL: fake.URL}}, Options{})
	if err != nil || report.Tiers[0].Sizes != (Sizes{PromptTokens: 256, AnswerTokens: 128}) || report.Tiers[0].Alone.Generation.Rounds != DefaultRounds {
		t.Errorf("got %+v, %v", report, err)
	}
}

func TestSlowMeasurementsEndWithFewerRounds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ heavy, light, limit time.Duration }{
		"quick":            {time.Second, time.Second, 4 * time.Second},
		"slow":             {20 * time.Second, time.Second, 41 * time.Second},
		"one round is all": {90 * time.Second, 10 * time.Second, 91 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := &run{options: Options{Rounds: 3}}
				heavy, light := &subject{Target: Target{Tier: "heavy"}}, &subject{Target: Target{Tier: "light"}}
				began := time.Now()
				rounds, err := r.atOnce(t.Context(), []*subject{heavy, light}, func(s *subject, ctx context.Context) (float64, error) {
					takes := test.light
					if s == heavy {
						takes = test.heavy
					}
					select {
					case <-ctx.Done():
						return 0, ctx.Err()
					case <-time.After(takes):
						return 1, nil
					}
				})
				if took := time.Since(began); err != nil || took > test.limit || len(rounds[0]) == 0 || len(rounds[1]) == 0 {
					t.Errorf("%d and %d rounds in %s, %v", len(rounds[0]), len(rounds[1]), took, err)
				}
			})
		})
	}
}

func TestOneTierThatFailsEndsTheMeasurementOfAll(t *testing.T) {
	t.Parallel()
	r := &run{options: Options{Rounds: 3}}
	subjects := []*subject{{Target: Target{Tier: "heavy"}}, {Target: Target{Tier: "light"}}}
	_, err := r.atOnce(t.Context(), subjects, func(s *subject, ctx context.Context) (float64, error) {
		if s == subjects[0] {
			return 0, errors.New("gone")
		}
		<-ctx.Done()
		return 0, ctx.Err()
	})
	if err == nil || err.Error() != "heavy: gone" {
		t.Errorf("got %v", err)
	}
}
