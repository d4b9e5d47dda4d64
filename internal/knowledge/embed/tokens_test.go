package embed_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"bestbox/internal/knowledge/embed"
)

func TestTokensOfManyTextsAreCountedAsOneByOne(t *testing.T) {
	t.Parallel()
	texts := []string{"hello world", "", "naïve café", "采购订单", "[SEP]", strings.Repeat("pumps and valves ", 5000), "-1", "end"}
	client := real(t)
	got, err := client.CountTokens(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{2, 0, 2, 4, 1, 15000, 2, 1}; !slices.Equal(got, want) {
		t.Errorf("%v instead of %v", got, want)
	}
	many := slices.Repeat(texts[:5], 100) // several requests
	got, err = client.CountTokens(t.Context(), many)
	if want := slices.Repeat([]int{2, 0, 2, 4, 1}, 100); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	if none, err := client.CountTokens(t.Context(), nil); err != nil || len(none) != 0 {
		t.Errorf("no texts: %v, %v", none, err)
	}
}

func TestAServerThatCannotCountIsAskedOnceAndThenEstimated(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented} {
		var asked atomic.Int64
		var longest atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/tokenize" {
				asked.Add(1)
				w.WriteHeader(status)
				return
			}
			var request struct{ Input []string }
			if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
				t.Error(err)
			}
			for _, text := range request.Input {
				longest.Store(max(longest.Load(), int64(len(text))))
			}
			answer(w, vectors(len(request.Input)))
		}))
		defer server.Close()
		client := open(t, embed.Options{URL: server.URL, Context: 102})
		for range 2 {
			got, err := client.CountTokens(t.Context(), []string{"", "four", "采购订单", strings.Repeat("x", 300)})
			if want := []int{0, 2, 4, 100}; err != nil || !slices.Equal(got, want) {
				t.Errorf("%d: %v, %v instead of %v", status, got, err, want)
			}
		}
		if _, err := client.EmbedDocuments(t.Context(), []string{strings.Repeat("word ", 1000), strings.Repeat("采", 1000)}); err != nil {
			t.Error(err)
		}
		if asked.Load() != 1 || longest.Load() != 300 {
			t.Errorf("%d: asked %d times, %d bytes sent", status, asked.Load(), longest.Load())
		}
	}
}

func TestACountThatDoesNotFitTheTextsIsRefused(t *testing.T) {
	t.Parallel()
	for _, reply := range []string{`{"tokens":[]}`, `{"tokens":[1,-1,2]}`, `{"tokens":[1,-1,-1,-1]}`, `{}`} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(reply)) }))
		defer server.Close()
		if counts, err := open(t, embed.Options{URL: server.URL}).CountTokens(t.Context(), []string{"a", "b"}); err == nil {
			t.Errorf("%s: %v", reply, counts)
		}
	}
}
