package library_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/records/recordstest"
)

// TestWhoGivesUpOnAServerThatLoadsLeavesItToTheOthers has a server that answers late. One waits as an ingest does, another gives up as a search does, and either may have
// asked first.
func TestWhoGivesUpOnAServerThatLoadsLeavesItToTheOthers(t *testing.T) {
	t.Parallel()
	for name, hastyFirst := range map[string]bool{"who waits has asked first": false, "who gives up has asked first": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			small := knowledge.Model{Name: "small", Dimension: 64}
			begun, loaded := make(chan struct{}, 2), make(chan struct{})
			l := library.New(library.Options{Embed: &fakeEmbedder{model: small, describing: func(ctx context.Context) {
				begun <- struct{}{}
				select {
				case <-loaded:
				case <-ctx.Done():
				}
			}}})
			type answer struct {
				model knowledge.Model
				err   error
			}
			ask := func(ctx context.Context) <-chan answer {
				answers := make(chan answer, 1)
				go func() {
					model, err := l.Model(ctx)
					answers <- answer{model, err}
				}()
				return answers
			}
			given := func(answers <-chan answer) answer {
				select {
				case a := <-answers:
					return a
				case <-time.After(10 * time.Second):
					return answer{err: errors.New("no answer yet")}
				}
			}
			hasty, giveUp := context.WithCancel(t.Context())
			defer giveUp()
			var gives, waits <-chan answer
			if hastyFirst {
				gives = ask(hasty)
				<-begun
				waits = ask(t.Context())
				time.Sleep(50 * time.Millisecond) // it most likely waits for the same answer by now
			} else {
				waits = ask(t.Context())
				<-begun
				gives = ask(hasty)
			}
			giveUp()
			if got := given(gives); !errors.Is(got.err, context.Canceled) || !strings.Contains(got.err.Error(), "has not said in time") {
				t.Errorf("who gives up: %v", got.err)
			}
			close(loaded)
			if got := given(waits); got.err != nil || got.model != small {
				t.Errorf("who waits: %+v, %v", got.model, got.err)
			}
			if len(begun) > 0 {
				t.Error("the server was asked more than once")
			}
		})
	}
}

func TestAnotherModelIsNoticedAtOnceWhereTheServerHasFailed(t *testing.T) {
	t.Parallel()
	l := withMeaning(t, recordstest.Own(t))
	put(t, l.Library, file("office", "/docs/travel.md", travel), library.Added)
	for what, fails := range map[string]func() error{
		"an ingest": func() error {
			_, _, err := l.Put(t.Context(), file("office", "/docs/other.md", "other"))
			return err
		},
		"a search": func() error {
			_, err := l.Search(t.Context(), library.Query{Text: "hotels", Domain: "office"})
			return err
		},
	} {
		small := l.embed.model
		l.embed.set(func(f *fakeEmbedder) { f.down = errDown })
		_ = fails() // as the server is started again, with another model of the same dimension
		l.embed.set(func(f *fakeEmbedder) { f.down, f.model.Name = nil, "another" })
		if _, _, err := l.Put(t.Context(), file("office", "/docs/other.md", "other")); !errors.Is(err, library.ErrReindex) || !strings.Contains(err.Error(), "another") {
			t.Errorf("after %s: %v", what, err)
		}
		l.embed.set(func(f *fakeEmbedder) { f.model = small })
		l.Forget()
		if _, err := l.Model(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestAModelThatChangesWhileAFileIsReadIsRefused gives the server another model after an ingest has asked for it, and lets a search notice.
func TestAModelThatChangesWhileAFileIsReadIsRefused(t *testing.T) {
	t.Parallel()
	l := withMeaning(t, recordstest.Own(t))
	put(t, l.Library, file("office", "/docs/travel.md", travel), library.Added)
	l.embed.set(func(f *fakeEmbedder) {
		f.before = func() {
			l.embed.set(func(f *fakeEmbedder) { f.model.Name = "another" })
			l.Forget()
			if found, err := l.Search(t.Context(), library.Query{Text: "hotels", Domain: "office"}); err != nil || !strings.Contains(found.WordsOnly, "reindex") {
				t.Errorf("a search: %q, %v", found.WordsOnly, err)
			}
		}
	})
	if _, _, err := l.Put(t.Context(), file("office", "/docs/other.md", "other")); !errors.Is(err, library.ErrReindex) {
		t.Errorf("got %v", err)
	}
}

func TestASearchBeginsAnewWhereTheIndexWasReplacedButNotForEver(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		times, searches int32
		wrong           string
	}{
		"once":       {1, 2, ""},
		"four times": {4, 5, ""},
		"every time": {1 << 30, 5, "gone 5 times in a row"},
		"not at all": {0, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{db: recordstest.Own(t), path: filepath.Join(t.TempDir(), "knowledge.db")}
			put(t, w.open(t), file("office", "/docs/travel.md", travel), library.Added)
			var searches atomic.Int32
			l := w.openOn(t, changed{Store: w.store(t), search: func(ctx context.Context, index knowledge.Index, query knowledge.Query) (knowledge.Hits, error) {
				if searches.Add(1) <= test.times {
					return knowledge.Hits{}, knowledge.ErrReplaced
				}
				return index.Search(ctx, query)
			}})
			ctx, done := context.WithTimeout(t.Context(), 30*time.Second)
			defer done()
			found, err := l.Search(ctx, library.Query{Text: "hotels", Domain: "office"})
			switch {
			case test.wrong == "" && (err != nil || len(found.Passages) == 0):
				t.Errorf("found %d passages, %v", len(found.Passages), err)
			case test.wrong != "" && (!errors.Is(err, knowledge.ErrReplaced) || !strings.Contains(err.Error(), test.wrong)):
				t.Errorf("%v: want %q", err, test.wrong)
			}
			if searches := searches.Load(); searches != test.searches {
				t.Errorf("searched %d times", searches)
			}
		})
	}
}

func TestAQuestionThatAServerHasForgottenIsAskedAgain(t *testing.T) {
	t.Parallel()
	small := knowledge.Model{Name: "small", Dimension: 64}
	asked, end := atomic.Int32{}, make(chan struct{})
	t.Cleanup(func() { close(end) })
	l := library.New(library.Options{Embed: &fakeEmbedder{model: small, describing: func(context.Context) {
		if asked.Add(1) == 1 {
			<-end
		}
	}}})
	hasty, giveUp := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer giveUp()
	if _, err := l.Model(hasty); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("who asks first: %v", err)
	}
	patient, done := context.WithTimeout(t.Context(), 10*time.Second)
	defer done()
	if model, err := l.Model(patient); err != nil || model != small {
		t.Errorf("who asks next: %+v, %v", model, err)
	}
}
