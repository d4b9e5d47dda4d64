package supervisor

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bestbox/internal/config"
	"bestbox/llmctl/engine"
	"bestbox/llmctl/lockfile"
	"bestbox/llmctl/prefix"
	"bestbox/llmctl/verify/wire"
)

// smolLM is the SHA-256 of the model's file, by which its shipped reference is found.
const smolLM = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

// checked makes a spec's server be checked after its start.
func checked(spec Spec) Spec {
	spec.Model.Unchecked, spec.Model.SHA256 = false, smolLM
	spec.Model.Lock = lockfile.Entry{Server: lockfile.Server{Name: "llama-server", Build: "11434"}, Flags: lockfile.Flags(spec.Argv)}
	return spec
}

func TestRightAnswersAreRememberedAndIsolationIsCheckedOnce(t *testing.T) {
	onEach(t, func(t *testing.T, w *world, backend string) {
		spec := checked(w.modelSpec(backend, "light", "-c", "2048", "-np", "2"))
		spec.Model.Slots = 2
		w.start(spec)
		first := w.untilState("light", Ready)
		if first.Checks == nil || first.Checks.Wrong || first.Checks.Isolation == nil || first.Checks.Answers.Compared == 0 {
			t.Fatalf("got %+v", first.Checks)
		}
		t.Logf("%.1f s: %s", first.Checks.Seconds, first.Checks.Verdict)
		entries, err := lockfile.Read(w.state)
		if entry := entries["light"]; err != nil || entry.Answers == "" || entry.Isolation == "" || entry.PromptSpeed <= 0 {
			t.Errorf("remembered %+v, %v", entry, err)
		}
		w.killSupervisor()
		w.start(spec)
		if adopted := w.untilState("light", Ready); adopted.PID != first.PID || adopted.Checks != nil {
			t.Errorf("an adopted server was checked again: %+v", adopted.Checks)
		}
		w.stop("light", 0)
		w.start(spec)
		second := w.untilState("light", Ready)
		if second.Checks == nil || second.Checks.Wrong || second.Checks.Isolation != nil {
			t.Errorf("got %+v", second.Checks)
		}
		t.Logf("%.1f s: %s", second.Checks.Seconds, second.Checks.Verdict)
	})
}

// damaged is a copy of the model whose weights are partly noise: it loads, and answers nonsense.
func damaged(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(pulled(t, "smollm2-135m-instruct-q4_1"))
	if err != nil {
		t.Fatal(err)
	}
	// The second half holds layers only.
	if _, err := rand.Read(content[len(content)/2 : len(content)*3/4]); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "damaged.gguf")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestServerThatAnswersNonsenseIsDegraded(t *testing.T) {
	onEach(t, func(t *testing.T, w *world, backend string) {
		spec := checked(w.specOf(backend, "light", damaged(t)))
		spec.Model.WayBack = "its fallback is the processor"
		w.start(spec)
		seen := w.untilState("light", Degraded)
		failed, isFailed := errors.AsType[*FailedError](seen.Err())
		if seen.Usable() || seen.Cause != WrongAnswers || !isFailed || !strings.Contains(failed.Message, "its fallback is the processor") {
			t.Errorf("got %+v", seen)
		}
		if entries, err := lockfile.Read(w.state); err != nil || len(entries) > 0 {
			t.Errorf("a wrong start was remembered as verified: %+v, %v", entries, err)
		}
		// Asked for again, it gets another chance instead of being called well.
		w.start(spec)
		again := w.untilState("light", Degraded)
		w.until("the second server to be judged", func() bool {
			again = w.service("light")
			return again.State == Degraded && again.PID != seen.PID
		})
		if proof := w.stop("light", 0); !proof.Complete() {
			t.Errorf("got %+v", proof)
		}
	})
}

func TestEmbeddingServerIsCheckedToo(t *testing.T) {
	onEach(t, func(t *testing.T, w *world, backend string) {
		spec := checked(w.modelSpec(backend, "embed", "--embeddings", "--pooling", "mean", "-b", "512", "-ub", "512"))
		spec.Model.Embedding = true
		w.start(spec)
		ready := w.untilState("embed", Ready)
		if ready.Checks == nil || ready.Checks.Wrong || ready.Checks.Answers == nil {
			t.Errorf("got %+v", ready.Checks)
		}
	})
}

// The checks themselves can be cut short by the death of the supervisor: the next one makes up for them.
func TestServerWhoseChecksWereCutShortIsCheckedByTheNextSupervisor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	spec := checked(w.modelSpec("native", "light"))
	w.start(spec)
	before := w.untilState("light", Verifying)
	w.killSupervisor()
	w.start(spec)
	after := w.untilState("light", Ready)
	if after.PID != before.PID || after.Checks == nil || after.Checks.Wrong {
		t.Errorf("before pid %d, after %+v, %+v", before.PID, after, after.Checks)
	}
}

func TestPreparationIsShownForAsLongAsItsCommandLives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	done, err := w.Prepare(t.Context(), Pulling, []string{"heavy", "light"})
	if err != nil {
		t.Fatal(err)
	}
	w.untilState("heavy", Pulling)
	w.untilState("light", Pulling)
	spec := fakeSpec(t)
	spec.Name = "heavy"
	w.start(spec)
	if running := w.untilState("heavy", Ready); running.PID == 0 {
		t.Error("a running service is hidden by a preparation")
	}
	done()
	w.until("the preparation to be forgotten", func() bool { return w.service("light").State == "" })
	if _, err := w.Prepare(t.Context(), Ready, []string{"light"}); err == nil {
		t.Error("a command may not say that a service is ready")
	}
}

func TestFixedPromptsAreReadInAndRestoredAtTheNextStart(t *testing.T) {
	onEach(t, func(t *testing.T, w *world, backend string) {
		spec := prompted(t, w, backend)
		for _, how := range []prefix.How{prefix.Evaluated, prefix.Restored} {
			w.start(spec)
			w.untilState("heavy", Ready)
			w.untilWarmed("heavy", how)
			w.stop("heavy", 0)
		}
	})
}

// prompted is a server that keeps a fixed prompt.
func prompted(t *testing.T, w *world, backend string) Spec {
	t.Helper()
	folder := t.TempDir()
	inside := folder
	if backend == config.Docker {
		inside = "/slots"
	}
	spec := w.modelSpec(backend, "heavy", "--slot-save-path", inside)
	if spec.Container != nil {
		spec.Container.Writable = []engine.Mount{{Host: folder, Inside: inside}}
	}
	spec.Model.Slotfiles, spec.Model.SHA256 = folder, smolLM
	body, err := json.Marshal(map[string]any{"messages": []map[string]string{
		{"role": "system", "content": strings.Repeat("You know the plant and its pumps. ", 20)}, {"role": "user", "content": "?"}}})
	if err != nil {
		t.Fatal(err)
	}
	spec.Model.Prefixes = []prefix.Prefix{{Name: "agent", Body: body}}
	return spec
}

// untilWarmed waits until the service's one fixed prompt has come into the server, and checks how.
func (w *world) untilWarmed(name string, how prefix.How) {
	w.t.Helper()
	var warmed string
	w.until("the prompts to be there", func() bool { warmed = w.service(name).Warmed; return warmed != "" })
	if !strings.Contains(warmed, "1 "+string(how)) {
		w.t.Errorf("got %q, want %s", warmed, how)
	}
	w.t.Log(warmed)
}

// Whoever waits for a server that has crashed sends its prompt as soon as the server listens; checks take seconds, or wait for another's.
func TestSavedPromptsAreBackBeforeTheChecks(t *testing.T) {
	onEach(t, func(t *testing.T, w *world, backend string) {
		spec := prompted(t, w, backend)
		w.start(spec)
		w.untilState("heavy", Ready)
		w.untilWarmed("heavy", prefix.Evaluated)
		w.stop("heavy", 0)

		held := newTurns()
		end, err := held.begin(t.Context(), true) // the checks of another server
		if err != nil {
			t.Fatal(err)
		}
		w.start(promptless(spec))
		w.untilState("heavy", Ready)
		before := w.answered("heavy")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		outcome := checkModel(ctx, spec, &host{state: w.state, turns: held})
		w.until("the prompt to be restored and asked for", func() bool { return w.answered("heavy") >= before+2 })
		if cached := w.cached(spec.Address, spec.Model.Prefixes[0].Body); cached < 100 {
			t.Errorf("of the first request, %d tokens were there", cached)
		}
		select {
		case early := <-outcome:
			t.Fatalf("the checks did not wait for their turn: %+v", early)
		default:
		}
		end()
		if result := <-outcome; len(result.restored) != 1 || result.err != nil || result.Wrong {
			t.Errorf("got %+v", result)
		}
	})
}

// promptless is the same server without anybody who reads prompts in.
func promptless(spec Spec) Spec {
	model := *spec.Model
	model.Prefixes = nil
	spec.Model = &model
	return spec
}

// answered counts the requests that a server has come to the end of, by its log.
func (w *world) answered(name string) int {
	w.t.Helper()
	log, err := os.ReadFile(LogPath(w.state, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.Count(string(log), "stop processing")
}

// cached sends a chat request and returns how many of its prompt's tokens the server held already.
func (w *world) cached(url string, body json.RawMessage) int {
	w.t.Helper()
	var answered struct {
		Timings struct {
			Cached int `json:"cache_n"`
		} `json:"timings"`
	}
	if err := wire.Post(w.t.Context(), "ask", url, "/v1/chat/completions", body, &answered); err != nil {
		w.t.Fatal(err)
	}
	return answered.Timings.Cached
}
