package bench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/fstest"

	"bestbox/internal/programs"
)

func TestBandwidthIsMeasuredFromMemoryAndNotFromTheCache(t *testing.T) {
	// Not parallel: other tests would take part of the bandwidth.
	measured, err := MeasureBandwidth(t.Context(), os.DirFS("/"), runtime.GOMAXPROCS(0))
	if err != nil {
		t.Fatal(err)
	}
	// From a slow single channel to twelve of the fastest; a cache, or a loop that was optimised away, gives terabytes.
	if measured.GBps < 1 || measured.GBps > 600 || measured.Source != Measured {
		t.Errorf("got %+v", measured)
	}
	t.Logf("%.1f GB/s with %d threads", measured.GBps, measured.Threads)
}

func TestBandwidthStopsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := MeasureBandwidth(ctx, fstest.MapFS{}, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestLastLevelCacheCountsEachSharedCacheOnce(t *testing.T) {
	t.Parallel()
	root := fstest.MapFS{}
	add := func(cpu, index, size, shared string) {
		folder := "sys/devices/system/cpu/" + cpu + "/cache/" + index + "/"
		root[folder+"size"], root[folder+"shared_cpu_list"] = &fstest.MapFile{Data: []byte(size + "\n")}, &fstest.MapFile{Data: []byte(shared + "\n")}
	}
	for cpu, group := range map[string]string{"cpu0": "0-1", "cpu1": "0-1", "cpu2": "2-3", "cpu3": "2-3"} {
		add(cpu, "index0", "48K", cpu[3:])
		add(cpu, "index3", "32768K", group)
	}
	if got := lastLevelCache(root); got != 64<<20 {
		t.Errorf("got %d MiB, want two caches of 32", got>>20)
	}
	if got := lastLevelCache(fstest.MapFS{}); got != 0 {
		t.Errorf("a machine that shows no cache: got %d", got)
	}
}

func TestBytesPerTokenAreTheWeightsOfTheFile(t *testing.T) {
	t.Parallel()
	path, err := programs.Artefact("smollm2-135m-instruct-q4_1")
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := BytesPerToken(path)
	// The model writes with its input embeddings, so that all weights are read; the rest of the file is its vocabulary.
	if err != nil || got > info.Size() || got < info.Size()*9/10 {
		t.Errorf("got %d of %d bytes (%v)", got, info.Size(), err)
	}
	broken := filepath.Join(t.TempDir(), "broken.gguf")
	for _, content := range []string{"", "GGUF", "GGUF\x03\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "no model at all, but long enough for a header"} {
		if err := os.WriteFile(broken, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := BytesPerToken(broken); err == nil {
			t.Errorf("%q: got %d bytes", content, got)
		}
	}
}
