package embedded_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/embedded"
	"bestbox/internal/knowledge/terms"
)

// writerEnvironment makes the test program a process that puts documents into the live index of the file that it names, until it is killed.
const writerEnvironment = "EMBEDDED_TEST_WRITER"

func TestMain(m *testing.M) {
	if path := os.Getenv(writerEnvironment); path != "" {
		fmt.Println(write(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func write(path string) error {
	ctx := context.Background()
	store, err := embedded.Open(ctx, path)
	if err != nil {
		return err
	}
	index, err := store.Live(ctx)
	if err != nil {
		return err
	}
	for number := 0; ; number++ {
		document := fmt.Sprint("document-", number)
		if err := index.Add(ctx, pointsOf(document, "v1")); err != nil {
			return err
		}
		if err := index.Add(ctx, pointsOf(document, "v2")); err != nil {
			return err
		}
		if err := index.Keep(ctx, document, "v2"); err != nil {
			return err
		}
		fmt.Println(document)
	}
}

// writer is the command that does that.
func writer(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), writerEnvironment+"="+path)
	return command
}

// chunksOfOne is how many chunks a document has here.
const chunksOfOne = 20

// pointsOf is a document of an index with embeddings of two numbers.
func pointsOf(document, version string) (points []knowledge.Point) {
	for position := range chunksOfOne {
		text := fmt.Sprintf("Order %d of %s in version %s", position, document, version)
		points = append(points, knowledge.Point{
			Chunk: knowledge.Chunk{Document: document, Position: position, Text: text}, Version: version, Terms: terms.Count(text), Dense: []float32{0.6, 0.8},
		})
	}
	return points
}

var testModel = knowledge.Model{Name: "test", Dimension: 2}

// filled is a new file with a live index, and its path.
func filled(t *testing.T, path string, points ...[]knowledge.Point) (*embedded.Store, knowledge.Index) {
	t.Helper()
	store := opened(t, path)
	t.Cleanup(func() { store.Close() })
	index, err := store.Create(t.Context(), testModel)
	check(t, err)
	for _, some := range points {
		check(t, index.Add(t.Context(), some))
	}
	check(t, store.Switch(t.Context()))
	return store, index
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// asked is a question that finds every chunk by both arms.
func asked(limit int) knowledge.Query {
	return knowledge.Query{AllDomains: true, Terms: []string{"order", "version"}, Dense: []float32{1, 0}, Limit: limit}
}
