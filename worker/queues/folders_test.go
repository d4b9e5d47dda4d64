package queues_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"bestbox/internal/config"
	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/ingests"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/knowledge/parse"
	"bestbox/internal/knowledge/qdrant"
	"bestbox/internal/knowledge/qdrant/qdranttest"
	"bestbox/internal/llm"
	"bestbox/workflows/run"
)

func TestAFolderRemovesWhatIsGoneFromItWhicheverFolderItCameWith(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	put := func(below string) run.Ingested {
		return o.ended(o.start("ingest", run.Ingest{Kind: "folder", Root: filepath.Join(o.folder, below)}))
	}
	o.write("a.md", "# A\n\nText.")
	o.write("sub/b.md", "# B\n\nText.")
	o.write("sub/c.md", "# C\n\nText.")
	o.write(".hidden/d.md", "# D\n\nText.")
	o.write("other.md", "# Other\n\nText.")
	for _, first := range []string{"", "a.md", "sub", ".hidden"} { // the last that brought a file is not the first
		put(first)
	}
	o.remove("a.md")
	o.remove("sub/b.md")
	if diff := cmp.Diff(run.Ingested{Files: 2, Unchanged: 2, Removed: 2}, put("")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"D", "Other", "C"}, o.titles()); diff != "" {
		t.Error("a file that another folder lists, or a file that is there:", diff)
	}
	o.remove("sub/c.md")
	o.write("sub/e.md", "# E\n\nText.")
	if diff := cmp.Diff(run.Ingested{Files: 1, Added: 1, Removed: 1}, put("sub")); diff != "" {
		t.Error("a folder within it:", diff)
	}
	o.remove(".hidden")
	if got := put(""); got.Removed != 1 {
		t.Errorf("a hidden file that is gone: %+v", got)
	}
}

func TestWhatCameInMeanwhileIsNotRemoved(t *testing.T) {
	t.Parallel()
	reached, goOn := make(chan struct{}), make(chan struct{})
	o := newOffice(t, func(o *office) {
		o.embed.before = func(_ context.Context, text string) error {
			if strings.Contains(text, "First") {
				close(reached)
				<-goOn
			}
			return nil
		}
	})
	o.write("1.md", "# First\n\nText.")
	started := o.start("ingest", run.Ingest{Kind: "folder", Root: o.folder})
	<-reached
	time.Sleep(1100 * time.Millisecond) // documents know the second that they came in
	late := library.File{Source: filepath.Join(o.folder, "2.md"), Root: o.folder, Name: "2.md", Bytes: []byte("# Late\n\nText.")}
	if _, _, err := o.shelf.Library.Put(t.Context(), late); err != nil { // by a schedule, which runs beside what somebody puts in by hand
		t.Fatal(err)
	}
	close(goOn)
	if diff := cmp.Diff(run.Ingested{Files: 1, Added: 1}, o.ended(started)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"First", "Late"}, o.titles()); diff != "" {
		t.Error(diff)
	}
}

// onQdrant puts the documents of an office into a server instead of a file.
func onQdrant(t *testing.T, fake *qdranttest.Fake, options qdrant.Options) func(o *office) {
	return func(o *office) {
		fake.Start(t)
		options.Address = fake.Address()
		server, err := qdrant.Open(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Close() })
		o.shelf.Library = library.New(library.Options{DB: o.db, Store: server.Tenant("company"), Embed: o.embed, Limits: parse.DefaultLimits})
		o.options.Shelves[config.DefaultTenant] = o.shelf
	}
}

func TestAFolderGoesIntoQdrantThroughItsFaults(t *testing.T) {
	t.Parallel()
	const upsert = "/qdrant.Points/Upsert"
	short := qdrant.Options{Timeout: time.Second, Patience: time.Second}
	for name, fault := range map[string]struct {
		// break breaks the server once the third file is being added, and returns what mends it.
		breaks func(fake *qdranttest.Fake) (mend func())
		waits  string
	}{
		"away": {func(fake *qdranttest.Fake) func() {
			go fake.Stop()
			return func() { _ = fake.Listen() }
		}, "cannot be reached"},
		"its disk is full": {func(fake *qdranttest.Fake) func() {
			fake.Before(func(_ context.Context, method string) error {
				if method == upsert {
					return status.Error(codes.Internal, "Service internal error: No space left on device")
				}
				return nil
			})
			return func() { fake.Before(nil) }
		}, "disk is full"},
		"another key": {func(fake *qdranttest.Fake) func() {
			fake.Before(func(context.Context, string) error {
				return status.Error(codes.Unauthenticated, "Invalid API key or JWT")
			})
			return func() { fake.Before(nil) }
		}, "refuses the API key"},
		"silent": {func(fake *qdranttest.Fake) func() {
			fake.Before(func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() })
			return func() { fake.Before(nil) }
		}, "does not answer within"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := &qdranttest.Fake{}
			o := newOffice(t, onQdrant(t, fake, short))
			o.write("gone.md", "# Gone\n\nText.")
			o.write("replaced.md", "# Replaced\n\nOld text.")
			if diff := cmp.Diff(run.Ingested{Files: 2, Added: 2}, o.put()); diff != "" {
				t.Fatal(diff)
			}
			o.remove("gone.md")
			o.write("replaced.md", "# Replaced\n\nNew text.")
			for _, file := range []string{"a", "b", "c", "d"} {
				o.write(file+".md", "# "+strings.ToUpper(file)+"\n\nText.")
			}
			var mend atomic.Pointer[func()]
			upserts := fake.Calls(upsert)
			fake.After(func(method string) error {
				if method == upsert && fake.Calls(upsert) == upserts+3 && mend.Load() == nil {
					mended := fault.breaks(fake)
					mend.Store(&mended)
					return errors.New("the answer is lost")
				}
				return nil
			})
			started := o.start("ingest", run.Ingest{Kind: "folder", Root: o.folder})
			o.eventually("it waits, and says for what", func() bool {
				newest, err := o.shelf.Ingests.Newest(t.Context(), 1, nil)
				return err == nil && strings.Contains(newest[0].Reason, fault.waits) && newest[0].State == ingests.Running
			})
			(*mend.Load())()
			if diff := cmp.Diff(run.Ingested{Files: 5, Added: 4, Replaced: 1, Removed: 1}, o.ended(started)); diff != "" {
				t.Error(diff)
			}
			if got := o.titles(); !slices.Equal(got, []string{"A", "B", "C", "D", "Replaced"}) {
				t.Errorf("documents %q", got)
			}
			found, err := o.shelf.Library.Search(t.Context(), library.Query{Text: "text", Limit: 100})
			if err != nil || len(found.Passages) != 5 || found.Chunks != 5 {
				t.Errorf("%d passages of %d chunks, %v", len(found.Passages), found.Chunks, err)
			}
		})
	}
}

func TestAnEmbeddingServerThatRefusesIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, name := range []string{"1", "2", "3", "4"} {
		o.write(name+".md", "# "+name+"\n\nText.")
	}
	asked := atomic.Int32{}
	o.embed.before = func(context.Context, string) error {
		asked.Add(1)
		return &llm.Error{Kind: llm.Refused, Status: 401, Tier: config.Embed, Message: "Invalid API Key"}
	}
	if diff := cmp.Diff(run.Ingested{Files: 4, Failed: 4}, o.put()); diff != "" {
		t.Error(diff)
	}
	for _, file := range o.files() {
		if !strings.Contains(file.Reason, "Invalid API Key") || file.Advice == "" {
			t.Errorf("%+v", file)
		}
	}
	if asked.Load() != 3 {
		t.Errorf("asked for %d files", asked.Load())
	}
}

func TestADocumentThatSomebodyHoldsIsRemovedLaterOrTheIngestSaysThatItWasNot(t *testing.T) {
	t.Parallel()
	for name, patience := range map[string]time.Duration{"let go": time.Minute, "held": time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, func(o *office) { o.options.Patience = patience })
			o.write("gone.md", "# Gone\n\nText.")
			o.write("stays.md", "# Stays\n\nText.")
			o.put()
			o.remove("gone.md")
			id := knowledge.DocumentID("", filepath.Join(o.folder, "gone.md"))
			if _, err := o.db.SQL().ExecContext(t.Context(), "INSERT INTO document_claims VALUES (?, ?, ?)", id, "somebody", time.Now().Add(time.Hour).UnixMilli()); err != nil {
				t.Fatal(err)
			}
			started := o.start("ingest", run.Ingest{Kind: "folder", Root: o.folder})
			o.eventually("it says for what it waits", func() bool { return strings.Contains(o.latest().Reason, "remove the document "+id) })
			if name == "let go" {
				if _, err := o.db.SQL().ExecContext(t.Context(), "DELETE FROM document_claims"); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(run.Ingested{Files: 1, Unchanged: 1, Removed: 1}, o.ended(started)); diff != "" {
					t.Error(diff)
				}
				return
			}
			if err := started.Get(t.Context(), nil); err == nil || !strings.Contains(o.latest().Reason, "what is gone was not removed") || o.latest().State != ingests.Failed {
				t.Errorf("it ended with %v: %+v", err, o.latest())
			}
		})
	}
}
