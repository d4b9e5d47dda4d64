package embedded_test

import (
	"bufio"
	"path/filepath"
	"strings"
	"testing"
)

// TestAProcessThatIsKilledLeavesWhatItHasWritten ends writers with SIGKILL. Each call before was done whole; the one that was cut off was done or not.
func TestAProcessThatIsKilledLeavesWhatItHasWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "index.db")
	_, index := filled(t, path)
	for round := range 5 {
		command := writer(t, path)
		output, err := command.StdoutPipe()
		check(t, err)
		check(t, command.Start())
		var done []string
		for lines := bufio.NewScanner(output); len(done) < 3+round && lines.Scan(); {
			done = append(done, lines.Text())
		}
		check(t, command.Process.Kill())
		_ = command.Wait() // it was killed: its end is an error
		if len(done) < 3 || !strings.HasPrefix(done[0], "document-") {
			t.Fatalf("the writer said %q", done)
		}
		found, err := index.Versions(t.Context()) // this process has the file open all the time
		check(t, err)
		for _, document := range done {
			if versions := found[document]; len(versions) != 1 || versions[0] != "v2" {
				t.Errorf("round %d: %s has the versions %q", round, document, versions)
			}
		}
		total := 0
		for document, versions := range found {
			for _, version := range versions {
				chunks, err := index.Chunks(t.Context(), document, version)
				check(t, err)
				if len(chunks) != chunksOfOne {
					t.Errorf("round %d: version %s of %s has %d chunks", round, version, document, len(chunks))
				}
				total += len(chunks)
			}
		}
		hits, err := index.Search(t.Context(), asked(1_000_000))
		if err != nil || len(hits.Words) != total || len(hits.Dense) != total {
			t.Errorf("round %d: %d by words and %d by meaning of %d, %v", round, len(hits.Words), len(hits.Dense), total, err)
		}
		for document := range found { // so that the next round starts anew
			check(t, index.Keep(t.Context(), document, ""))
		}
	}
}
