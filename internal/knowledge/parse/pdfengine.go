package parse

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// The limits of PDFium: how many documents are read at a time, and how much memory each may take (in WebAssembly's pages of 64 KiB).
const (
	pdfReaders     = 2
	pdfMemoryPages = 1 << 30 / (64 << 10)
)

// engine is PDFium, compiled to WebAssembly: it cannot reach anything but the bytes that it is given, whatever a document makes it do.
type engine struct {
	started chan struct{}
	pool    pdfium.Pool
	err     error
}

var (
	engineMutex sync.Mutex
	theEngine   *engine
)

// startedEngine starts PDFium with the first PDF of the process, which takes some seconds and some hundred megabytes, and gives the one that runs.
func startedEngine(ctx context.Context) (*engine, error) {
	engineMutex.Lock()
	if theEngine == nil {
		theEngine = &engine{started: make(chan struct{})}
		go theEngine.start() //nolint:gosec // it serves all that come after, whoever asked first
	}
	running := theEngine
	engineMutex.Unlock()
	select {
	case <-running.started:
		return running, running.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (e *engine) start() {
	defer close(e.started)
	e.pool, e.err = webassembly.Init(webassembly.Config{
		// Compiling takes seconds; on all cores, fewer.
		Context:  experimental.WithCompilationWorkers(context.Background(), runtime.GOMAXPROCS(0)),
		MaxIdle:  1,
		MaxTotal: pdfReaders,
		// The library's default is the whole disk.
		FSConfig: wazero.NewFSConfig(),
		RuntimeConfig: wazero.NewRuntimeConfig().WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
			WithCloseOnContextDone(true).WithMemoryLimitPages(pdfMemoryPages),
		Stdout: io.Discard,
		Stderr: io.Discard,
	})
	if e.err == nil {
		return
	}
	e.err = fmt.Errorf("starting the PDF reader: %w", e.err)
	engineMutex.Lock()
	defer engineMutex.Unlock()
	if theEngine == e { // the next PDF tries again
		theEngine = nil
	}
}

// Close ends the PDF reader and frees its memory, where one was started. Documents that are being read then fail; the next PDF starts it again. A program that ends
// need not call it.
func Close() error {
	engineMutex.Lock()
	ended := theEngine
	theEngine = nil
	engineMutex.Unlock()
	if ended == nil {
		return nil
	}
	<-ended.started
	if ended.pool == nil { // it could not be started
		return nil
	}
	return ended.pool.Close()
}
