package llmtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"

	"bestbox/internal/config"
)

// held keeps the lock's file open, and with it the lock, until the test program ends.
var held *os.File

// Exclusive waits until no other test program runs model servers, and keeps others from it until this one ends. `go test ./...` runs the
// tests of several packages side by side; two model servers that generate at once on few processors are many times slower than one.
var Exclusive = sync.OnceValue(func() error {
	loaded, err := config.Load("", "small")
	if err != nil {
		return err
	}
	path := filepath.Join(loaded.Directories.Cache, "lock", "model-tests.flock")
	if held, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return fmt.Errorf("the lock of tests with models: %w; run `make pull` first", err)
	}
	for {
		if err = unix.Flock(int(held.Fd()), unix.LOCK_EX); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
})
