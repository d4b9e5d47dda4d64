package library_test

import (
	"path/filepath"
	"testing"

	"bestbox/internal/knowledge/embed"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/knowledge/parse"
	"bestbox/internal/llm/llmtest"
	"bestbox/internal/records/recordstest"
)

func TestARealServerEmbedsWhatIsPutIn(t *testing.T) {
	t.Parallel()
	server := llmtest.Start(t, llmtest.Embedding())
	client, err := embed.Open(embed.Options{URL: server.URL, Model: llmtest.EmbedModel})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{db: recordstest.Own(t), path: filepath.Join(t.TempDir(), "knowledge.db")}
	l := library.New(library.Options{DB: w.db, Store: w.store(t), Embed: client, Limits: parse.DefaultLimits})
	put(t, l, file("office", "/docs/travel.md", travel), library.Added)
	put(t, l, file("office", "/docs/pump.md", "# Pumps\n\nThe impeller is replaced after two years of operation."), library.Added)
	put(t, l, file("office", "/docs/travel.md", travel), library.Unchanged)

	// No word of the question stands in either document.
	found, err := l.Search(t.Context(), library.Query{Text: "Does lodging cost anything?", Domain: "office"})
	if err != nil || found.WordsOnly != "" || len(found.Words) != 0 || len(found.Dense) == 0 {
		t.Fatalf("found %+v, %v", found, err)
	}
	if best := found.Passages[0]; best.Source != "/docs/travel.md" || best.Score < 0.2 {
		t.Errorf("found %+v first", best)
	}
	if found.Embedding <= 0 || found.Searching <= 0 {
		t.Errorf("took %s and %s", found.Embedding, found.Searching)
	}
	if err := l.Reindex(t.Context(), library.Reindexing{}, func(int, int) {}); err != nil {
		t.Error(err)
	}
	if got := sources(t, l, "lodging", "office"); len(got) == 0 || got[0] != "/docs/travel.md" {
		t.Errorf("found %q after a reindex", got)
	}
}
