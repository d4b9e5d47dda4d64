package llm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/tmc/langchaingo/llms"

	"bestbox/internal/llm"
	"bestbox/internal/llm/llmtest"
)

// Each user has a code word that no other may ever read.
var codeWords = []string{"ALPACA", "BISON", "CAMEL", "DINGO"}

func codeWordPrompt(word string) string {
	return fmt.Sprintf("My code word is %s. Reply with my code word and nothing else.", word)
}

// foreign returns the code word of another user in an answer, if there is one.
func foreign(answer, own string) string {
	for _, word := range codeWords {
		if word != own && strings.Contains(strings.ToUpper(answer), word) {
			return word
		}
	}
	return ""
}

func TestConcurrentUsersNeverReadEachOthersText(t *testing.T) {
	for _, slots := range []int{1, 2} {
		t.Run(fmt.Sprintf("%d slots", slots), func(t *testing.T) {
			server := llmtest.Start(t, llmtest.Options{Slots: slots})
			tier := server.Tier(t)
			var users sync.WaitGroup
			for _, word := range codeWords {
				users.Go(func() {
					for range 4 {
						messages := []llms.MessageContent{llm.User(codeWordPrompt(word))}
						text, err := tier.Stream(context.Background(), messages, 8, nil)
						if err != nil {
							t.Errorf("%s: %v", word, err)
							return
						}
						if other := foreign(text.Content, word); other != "" {
							t.Errorf("the user of %s read %s: %q", word, other, text.Content)
						}
						if !strings.Contains(strings.ToUpper(text.Content), word[:3]) {
							t.Errorf("the user of %s got an answer of nobody: %q", word, text.Content)
						}
					}
				})
			}
			users.Wait()
		})
	}
}

// The defect of build b11434 that keeps this package from sending id_slot. It records what this build does and fails for nothing a
// newer build may have repaired: the protection is the test above.
func TestKnownDefectIDSlotMixesRequests(t *testing.T) {
	server := llmtest.Start(t, llmtest.Options{Slots: 1})
	properties, err := server.Tier(t).Properties(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, pinned := range []bool{false, true} {
		const rounds = 8
		wrong := 0
		stop := keepBusy(server.URL, codeWords[3], pinned)
		for range rounds {
			answer, err := rawCompletion(server.URL, codeWordPrompt(codeWords[0]), 8, false)
			if err != nil || foreign(answer, codeWords[0]) != "" || !strings.Contains(strings.ToUpper(answer), codeWords[0][:3]) {
				wrong++
			}
		}
		stop()
		t.Logf("build %s, other client sends id_slot: %v: %d of %d answers wrong or another's", properties.Build, pinned, wrong, rounds)
		if !pinned && wrong > 0 {
			t.Errorf("%d of %d answers were wrong although nobody sent id_slot", wrong, rounds)
		}
	}
}

// keepBusy lets another client send one request after the other until stop is called.
func keepBusy(url, word string, pinned bool) (stop func()) {
	done := make(chan struct{})
	var client sync.WaitGroup
	client.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				_, _ = rawCompletion(url, codeWordPrompt(word)+" Then say it ten times more.", 24, pinned)
			}
		}
	})
	return func() {
		close(done)
		client.Wait()
	}
}

func rawCompletion(url, prompt string, maxTokens int, pinned bool) (string, error) {
	request := map[string]any{
		"messages":   []map[string]string{{"role": "user", "content": prompt}},
		"max_tokens": maxTokens, "temperature": 0,
	}
	if pinned {
		request["id_slot"] = 0
	}
	body, err := json.Marshal(request)
	if err != nil {
		return "", err
	}
	response, err := http.Post(url+"/v1/chat/completions", "application/json", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var reply struct {
		Choices []struct {
			Message struct{ Content string }
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&reply); err != nil {
		return "", err
	}
	if len(reply.Choices) == 0 {
		return "", fmt.Errorf("status %d without a choice", response.StatusCode)
	}
	return reply.Choices[0].Message.Content, nil
}
