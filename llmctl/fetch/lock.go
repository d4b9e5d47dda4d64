package fetch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// lockPoll is how often a waiting process looks whether the other is done: a blocking flock could not be cancelled.
const lockPoll = 200 * time.Millisecond

// lock takes the artefact's lock among all processes that use this cache. The kernel drops it when the holder dies.
func (f *Fetcher) lock(ctx context.Context, name string) (unlock func(), err error) {
	path := filepath.Join(f.Cache, "lock", name+".flock")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("cache directory: %w; set BESTBOX_CACHE_DIR to a folder you may write to", err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("cache directory: %w", err)
	}
	for told := false; ; told = true {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
		}
		if !told {
			holder, _ := os.ReadFile(path)
			f.say("%s: another llmctl (pid %s) is loading it; waiting", name, strings.TrimSpace(string(holder)))
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), file.Close())
		case <-time.After(lockPoll):
		}
	}
	if err := file.Truncate(0); err == nil {
		fmt.Fprintf(file, "%d\n", os.Getpid())
	}
	return func() { file.Close() }, nil
}

// DiskError says that a download would not fit.
type DiskError struct {
	Folder     string
	Need, Free int64
}

func (e *DiskError) Error() string {
	return fmt.Sprintf("not enough disk space in %s: %s needed, %s free; make room or set BESTBOX_CACHE_DIR to another disk",
		e.Folder, bytesText(e.Need), bytesText(e.Free))
}

// diskReserve stays free after a download, so that logs and databases on the same disk keep working.
const diskReserve = 256 << 20

// room checks that need more bytes fit, before any is loaded.
func (f *Fetcher) room(folder string, need int64) error {
	ask := f.FreeBytes
	if ask == nil {
		ask = freeBytes
	}
	free, err := ask(folder)
	if err != nil {
		return err
	}
	if need > 0 && free < need+diskReserve {
		return &DiskError{Folder: folder, Need: need + diskReserve, Free: free}
	}
	return nil
}

func freeBytes(folder string) (int64, error) {
	var system unix.Statfs_t
	if err := unix.Statfs(folder, &system); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", folder, err)
	}
	return int64(system.Bavail) * system.Bsize, nil //nolint:gosec // no disk has 2^63 blocks
}

func bytesText(n int64) string {
	if n >= 1e9 {
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
