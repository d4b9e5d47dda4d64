package verify_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/gpustack/gguf-parser-go"

	"bestbox/internal/llm"
	"bestbox/internal/llm/llmtest"
	"bestbox/internal/programs"
	"bestbox/llmctl/verify"
)

const (
	small = "smollm2-135m-instruct-q4_1"
	// smallSHA256 is the model's file, as the catalogue has it.
	smallSHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
	loadLimit   = 3 * time.Minute
)

// artefact returns the path of a model or a program.
func artefact(t testing.TB, name string) string {
	t.Helper()
	path, err := programs.Artefact(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// start runs a server with a model file and flags until the test ends. Micro-batch and slots are read from the flags.
func start(t testing.TB, model string, flags ...string) verify.Server {
	t.Helper()
	port, err := programs.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	arguments := append([]string{"-m", model, "--offline", "--host", "127.0.0.1", "--port", strconv.Itoa(port),
		"-c", "4096", "-np", "1", "--no-kv-unified", "-t", "1"}, flags...)
	process, err := programs.Start(exec.Command(artefact(t, "llama-server"), arguments...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(process.Kill)
	url := "http://127.0.0.1:" + strconv.Itoa(port)
	tier, err := llm.New(llm.Options{Name: "test", BaseURL: url})
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Ready(loadLimit, tier.Health); err != nil {
		t.Fatal(err)
	}
	_, micro := verify.BatchesOf(arguments)
	return verify.Server{URL: url, Slots: slots(arguments), MicroBatch: micro, Model: smallSHA256}
}

// slots returns the last -np.
func slots(arguments []string) int {
	found := 1
	for i := range len(arguments) - 1 {
		if arguments[i] == "-np" {
			found, _ = strconv.Atoi(arguments[i+1])
		}
	}
	return found
}

// exclusive waits for the machine: only one test program runs the larger models at a time.
func exclusive(t testing.TB) {
	t.Helper()
	if err := llmtest.Exclusive(); err != nil {
		t.Fatal(err)
	}
}

// answers asks and fails the test when the server cannot be asked.
func answers(t testing.TB, server verify.Server, reference *verify.Reference) verify.AnswerReport {
	t.Helper()
	report, err := verify.Answers(t.Context(), server, reference)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d tokens in %.1f s, copying %.2f, difference %.3f, largest %.2f over %d: %s", report.Verdict, report.Tokens, report.Seconds,
		report.Copying, report.Difference, report.Largest, report.Positions, report.Sentence)
	return report
}

// reference returns the shipped reference of a model.
func reference(t testing.TB, model string) *verify.Reference {
	t.Helper()
	found, err := verify.Find(t.TempDir(), model)
	if err != nil || found == nil {
		t.Fatalf("no reference of %s: %v; record it with: go test ./llmctl/verify -run Shipped -record", model, err)
	}
	return found
}

// damage copies a model and lets spoil change the bytes of one tensor.
func damage(t testing.TB, model, tensor string, spoil func(data []byte)) string {
	t.Helper()
	parsed, err := gguf_parser.ParseGGUFFile(model)
	if err != nil {
		t.Fatal(err)
	}
	info, found := parsed.TensorInfos.Get(tensor)
	if !found {
		t.Fatalf("%s has no tensor %s", model, tensor)
	}
	path := filepath.Join(t.TempDir(), "damaged.gguf")
	copyFile(t, model, path)
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	data := make([]byte, info.Bytes())
	at := parsed.TensorDataStartOffset + int64(info.Offset)
	if _, err := file.ReadAt(data, at); err != nil {
		t.Fatal(err)
	}
	spoil(data)
	if _, err := file.WriteAt(data, at); err != nil {
		t.Fatal(err)
	}
	return path
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	source, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	target, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(target, source); err != nil {
		t.Fatal(err)
	}
	if err := target.Close(); err != nil {
		t.Fatal(err)
	}
}
