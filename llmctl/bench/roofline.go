package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	gguf "github.com/gpustack/gguf-parser-go"
	"golang.org/x/sys/unix"
)

// Sources of a bandwidth.
const (
	FromProfile = "profile"
	Measured    = "measured"
)

// Bandwidth is what memory delivers, in GB/s (10^9 bytes); zero: unknown.
type Bandwidth struct {
	GBps float64 `json:"bandwidth_gb_per_second"`
	// Source is FromProfile or Measured; Threads is with how many it was measured.
	Source  string `json:"bandwidth_source"`
	Threads int    `json:"bandwidth_threads,omitempty"`
}

const (
	// cacheMultiple is how much larger than the last-level cache the buffer must be, so that it is memory that answers: the rule of
	// STREAM (https://www.cs.virginia.edu/stream/ref.html), as are several passes of which the fastest counts.
	cacheMultiple = 4
	// smallestBuffer, in bytes, is for machines that hide their caches, such as virtual ones.
	smallestBuffer = 256 << 20
	// passesFor is how long passes are made: a machine that does something else has a quiet moment within it.
	passesFor = time.Second
)

// MeasureBandwidth reads a large buffer with so many threads at once and returns what came per second. Reading is bytes.IndexByte's search
// for a byte that is not there: it does nothing but load, with the widest registers that Go's library uses. root is the machine's file system.
func MeasureBandwidth(ctx context.Context, root fs.FS, threads int) (Bandwidth, error) {
	size := max(smallestBuffer, cacheMultiple*lastLevelCache(root))
	part := size / threads / unix.Getpagesize() * unix.Getpagesize()
	buffer, err := unix.Mmap(-1, 0, part*threads, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return Bandwidth{}, fmt.Errorf("memory for measuring the bandwidth (%d MiB): %w", part*threads>>20, err)
	}
	defer func() { _ = unix.Munmap(buffer) }()   // a buffer of our own: it cannot fail
	_ = unix.Madvise(buffer, unix.MADV_HUGEPAGE) // a wish: page tables are no part of what is measured
	inParts := func(work func(part []byte)) time.Duration {
		var group sync.WaitGroup
		began := time.Now()
		for i := range threads {
			group.Go(func() {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				work(buffer[i*part : (i+1)*part])
			})
		}
		group.Wait()
		return time.Since(began)
	}
	// Memory that was never written is one page of zeros, which the cache holds.
	inParts(func(part []byte) {
		for i := range part {
			part[i] = 0xff
		}
	})
	best := time.Duration(math.MaxInt64)
	for began := time.Now(); time.Since(began) < passesFor; {
		if ctx.Err() != nil {
			return Bandwidth{}, ctx.Err()
		}
		best = min(best, inParts(func(part []byte) {
			if bytes.IndexByte(part, 0) >= 0 {
				panic("a byte that was never written") // and the result must be used, or nothing would be read
			}
		}))
	}
	return Bandwidth{GBps: float64(len(buffer)) / best.Seconds() / 1e9, Source: Measured, Threads: threads}, nil
}

// lastLevelCache returns the bytes of the largest cache of the first processor, times how many of it there are; 0 where none is shown.
func lastLevelCache(root fs.FS) int {
	largest, shared := 0, map[string]bool{}
	caches, _ := fs.Glob(root, "sys/devices/system/cpu/cpu[0-9]*/cache/index[0-9]*")
	for _, cache := range caches {
		size := cacheBytes(readText(root, path.Join(cache, "size")))
		if size > largest {
			largest, shared = size, map[string]bool{}
		}
		if size == largest {
			shared[readText(root, path.Join(cache, "shared_cpu_list"))] = true
		}
	}
	return largest * len(shared)
}

// cacheBytes reads sysfs' "32768K".
func cacheBytes(text string) int {
	number, err := strconv.Atoi(strings.TrimSuffix(text, "K"))
	if err != nil {
		return 0
	}
	return number << 10
}

func readText(root fs.FS, name string) string {
	content, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}

// expertTensor is a weight of all experts of a layer, of which a token uses some.
var expertTensor = regexp.MustCompile(`_exps\.`)

// BytesPerToken returns how many bytes of a model's file are read to generate one token: all weights, of the experts only those used, and
// not the table of input embeddings where the output has its own, since a token needs one row of it. The context's keys and values come
// on top of it: some kilobytes per token of context, nothing beside the weights where the context is short.
func BytesPerToken(path string) (total int64, err error) {
	defer func() {
		if cause := recover(); cause != nil { // the parser panics on some files that are no models
			total, err = 0, fmt.Errorf("%s: %v", path, cause)
		}
	}()
	file, err := gguf.ParseGGUFFile(path, gguf.SkipLargeMetadata(), gguf.UseMMap())
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	used := 1.0
	if architecture := file.Architecture(); architecture.ExpertCount > 0 {
		used = float64(architecture.ExpertUsedCount) / float64(architecture.ExpertCount)
	}
	_, ownOutput := file.TensorInfos.Get("output.weight")
	for _, tensor := range file.TensorInfos {
		switch size := int64(min(tensor.Bytes(), math.MaxInt64)); {
		case tensor.Name == "token_embd.weight" && ownOutput:
		case expertTensor.MatchString(tensor.Name):
			total += int64(used * float64(size))
		default:
			total += size
		}
	}
	if total == 0 {
		return 0, errors.New(path + " holds no weights")
	}
	return total, nil
}
