package fetch

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test program be another process that fetches.
func TestMain(m *testing.M) {
	if cache := os.Getenv("BESTBOX_TEST_CACHE"); cache != "" {
		said := &lineRecorder{}
		f := New(cache, said)
		f.HubURL = os.Getenv("BESTBOX_TEST_HUB")
		_, err := f.Fetch(context.Background(), model(bytesOf(200_000)))
		fmt.Printf("%s\nerror: %v\n", said.text(), err)
		return
	}
	os.Exit(m.Run())
}

func TestProcessesLoadOnceAndWhoeverWaitsSaysSo(t *testing.T) {
	t.Parallel()
	content := bytesOf(200_000)
	hub := newFakeHub(t, content)
	began, goOn := make(chan bool), make(chan bool)
	hub.misbehave(func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
		began <- true
		<-goOn
		return false
	})
	cache := t.TempDir()
	results := make(chan string, 2)
	run := func() {
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), "BESTBOX_TEST_CACHE="+cache, "BESTBOX_TEST_HUB="+hub.URL)
		output, err := command.CombinedOutput()
		results <- fmt.Sprintf("%s %v", output, err)
	}
	go run()
	<-began
	go run()
	said := &lineRecorder{}
	third := New(cache, said)
	third.HubURL = hub.URL
	done := make(chan error, 1)
	go func() {
		_, err := third.Fetch(t.Context(), model(content))
		done <- err
	}()
	for !strings.Contains(said.text(), "waiting") {
		time.Sleep(time.Millisecond)
	}
	close(goOn)
	first, second := <-results, <-results
	if err := <-done; err != nil {
		t.Error(err)
	}
	if strings.Count(first+second+said.text(), "loaded from") != 1 || strings.Count(first+second, "error: <nil>") != 2 {
		t.Errorf("got\n%s\n%s", first, second)
	}
	if hub.downloads() != 1 {
		t.Errorf("%d downloads", hub.downloads())
	}
}
