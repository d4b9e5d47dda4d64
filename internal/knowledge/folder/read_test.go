package folder_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bestbox/internal/knowledge/folder"
)

func TestAFileIsReadUpToTheLimitAndNotBeyond(t *testing.T) {
	t.Parallel()
	root := tree(t)
	write(t, filepath.Join(root, "empty.md"), "")
	write(t, filepath.Join(root, "ten.md"), "0123456789")
	content, err := folder.Read(t.Context(), root, filepath.Join(root, "ten.md"), 10)
	require.NoError(t, err)
	assert.Equal(t, "0123456789", string(content))
	content, err = folder.Read(t.Context(), root, filepath.Join(root, "empty.md"), 10)
	require.NoError(t, err)
	assert.Empty(t, content)
	_, err = folder.Read(t.Context(), root, filepath.Join(root, "ten.md"), 9)
	require.ErrorIs(t, err, folder.ErrTooLarge)
	require.ErrorContains(t, err, "ten.md: too large: it has 10 bytes, and 9 are accepted; split the file or raise knowledge.maximum_bytes")
}

func TestAFileWhoseSizeIsNotWhatItSaysIsNotTakenForEmpty(t *testing.T) {
	t.Parallel()
	path, err := folder.Resolve("/proc/self/status")
	require.NoError(t, err)
	_, err = folder.Read(t.Context(), path, path, 1<<20)
	require.ErrorContains(t, err, "it changed while it was read: it has become longer")
}

func TestNothingOutsideOfTheRootIsRead(t *testing.T) {
	t.Parallel()
	outside := tree(t, "secret.md")
	root := tree(t, "sub/page.md")
	link(t, outside, filepath.Join(root, "out"))
	for path, want := range map[string]string{
		filepath.Join(outside, "secret.md"):                          "it does not stand below",
		root + "/sub/../../" + filepath.Base(outside) + "/secret.md": "it does not stand below",
		filepath.Join(root, "out", "secret.md"):                      "path escapes from parent",
		"sub/page.md":                                                "it does not stand below",
		"":                                                           "it does not stand below",
	} {
		_, err := folder.Read(t.Context(), root, path, 1000)
		require.ErrorContains(t, err, want, path)
	}
}

func TestAFileThatBecameSomethingElseSinceTheListingIsAnError(t *testing.T) {
	t.Parallel()
	outside := tree(t, "secret.md")
	for want, become := range map[string]func(path string) error{
		"it is gone since the folder was listed": func(string) error { return nil },
		"it is a pipe, not a file":               func(path string) error { return syscall.Mkfifo(path, 0o644) },
		"it is a folder, not a file":             func(path string) error { return os.Mkdir(path, 0o755) },
		"path escapes from parent":               func(path string) error { return os.Symlink(filepath.Join(outside, "secret.md"), path) },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			root := tree(t, "page.md")
			files, _, err := folder.List(t.Context(), root, markdown)
			require.NoError(t, err)
			require.NoError(t, os.Remove(files[0].Path))
			require.NoError(t, become(files[0].Path))
			done := make(chan error, 1)
			go func() {
				_, err := folder.Read(t.Context(), root, files[0].Path, 1000)
				done <- err
			}()
			select {
			case err := <-done:
				require.ErrorContains(t, err, want)
			case <-time.After(10 * time.Second):
				t.Fatal("it waits for somebody to write into the pipe")
			}
		})
	}
}

func TestAFileThatIsWrittenToWhileItIsReadIsAnError(t *testing.T) {
	t.Parallel()
	const size = 32 << 20
	for name, change := range map[string]func(file *os.File, turn int64) error{
		"it grows":     func(file *os.File, turn int64) error { return file.Truncate(size + turn) },
		"it shrinks":   func(file *os.File, turn int64) error { return file.Truncate(size - turn) },
		"it is edited": func(file *os.File, turn int64) error { _, err := file.WriteAt([]byte{byte(turn)}, turn); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := tree(t, "page.md")
			file, err := os.OpenFile(filepath.Join(root, "page.md"), os.O_WRONLY, 0)
			require.NoError(t, err)
			defer file.Close()
			require.NoError(t, file.Truncate(size))
			stop, stopped := make(chan struct{}), make(chan error, 1)
			go func() {
				for turn := int64(1); ; turn++ {
					select {
					case <-stop:
						stopped <- nil
						return
					default:
					}
					if err := change(file, turn); err != nil {
						stopped <- err
						return
					}
				}
			}()
			for range 100 { // on a busy machine the writer may not have had its turn
				if _, err = folder.Read(t.Context(), root, filepath.Join(root, "page.md"), 2*size); err != nil {
					break
				}
			}
			close(stop)
			require.NoError(t, <-stopped)
			require.ErrorIs(t, err, folder.ErrChanged)
			require.ErrorContains(t, err, "try again once nobody writes to it")
		})
	}
}
