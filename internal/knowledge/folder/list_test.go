package folder_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bestbox/internal/knowledge/folder"
)

func markdown(name string) bool { return strings.HasSuffix(name, ".md") }

// tree makes files below a folder, and returns the folder as it is called without links.
func tree(t *testing.T, names ...string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for _, name := range names {
		write(t, filepath.Join(root, name), "content of "+name)
	}
	return root
}

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
}

func link(t *testing.T, target, path string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.Symlink(target, path))
}

// listed are the paths of the files and the lines of the problems below root.
func listed(t *testing.T, root string) (files, problems []string) {
	t.Helper()
	found, trouble, err := folder.List(t.Context(), root, markdown)
	require.NoError(t, err)
	for _, file := range found {
		relative, err := filepath.Rel(root, file.Path)
		require.NoError(t, err)
		assert.Equal(t, filepath.Base(file.Path), file.Name)
		files = append(files, relative)
	}
	for _, problem := range trouble {
		assert.NotContains(t, problem.String(), "\n")
		problems = append(problems, strings.TrimPrefix(problem.String(), root+"/"))
	}
	return files, problems
}

func TestAcceptedFilesAreListedInOrderWithoutHiddenOnes(t *testing.T) {
	t.Parallel()
	root := tree(t, "b.md", "a/z.md", "a/deep/er/x.md", "a.md", "picture.png", ".hidden.md", "~$b.md", ".git/config.md", "空.md")
	files, problems := listed(t, root)
	assert.Equal(t, []string{"a.md", "a/deep/er/x.md", "a/z.md", "b.md", "空.md"}, files)
	assert.Empty(t, problems)
	found, _, err := folder.List(t.Context(), root, markdown)
	require.NoError(t, err)
	assert.EqualValues(t, len("content of a.md"), found[0].Size)
	assert.False(t, found[0].Modified.IsZero())
}

func TestLinksAreFollowedInsideAndNeverOutside(t *testing.T) {
	t.Parallel()
	outside := tree(t, "secret.md", "folder/secret.md")
	root := tree(t, "real.md", "sub/page.md", ".data/mounted.md", ".data/folder/inner.md")
	link(t, filepath.Join(outside, "secret.md"), filepath.Join(root, "absolute-out.md"))
	link(t, filepath.Join("..", filepath.Base(outside), "secret.md"), filepath.Join(root, "relative-out.md"))
	link(t, filepath.Join(outside, "folder"), filepath.Join(root, "folder-out"))
	link(t, "real.md", filepath.Join(root, "again.md"))
	link(t, "sub", filepath.Join(root, "sub-again"))
	link(t, ".data/mounted.md", filepath.Join(root, "mounted.md"))
	link(t, ".data/mounted.md", filepath.Join(root, "mounted-again.md"))
	link(t, ".data/folder", filepath.Join(root, "mounted"))
	link(t, filepath.Join(root, ".data", "folder", "inner.md"), filepath.Join(root, "sub", "absolute-in.md"))
	link(t, "nothing.md", filepath.Join(root, "broken.md"))
	link(t, "loop-b.md", filepath.Join(root, "loop-a.md"))
	link(t, "loop-a.md", filepath.Join(root, "loop-b.md"))
	link(t, "..", filepath.Join(root, "sub", "up"))
	files, problems := listed(t, root)
	assert.Equal(t, []string{"mounted-again.md", "mounted/inner.md", "real.md", "sub/page.md"}, files)
	assert.Equal(t, []string{
		"absolute-out.md: is a link that leads out of the folder; add what it leads to by itself, or copy it here",
		"broken.md: is a link to something that is not there; remove the link or mend it",
		"folder-out: is a link that leads out of the folder; add what it leads to by itself, or copy it here",
		"loop-a.md: is a link that leads back to itself; remove the link",
		"loop-b.md: is a link that leads back to itself; remove the link",
		"relative-out.md: is a link that leads out of the folder; add what it leads to by itself, or copy it here",
		"sub/absolute-in.md: is a link that is not followed: path escapes from parent; make it a relative link, or copy here what it leads to",
		"sub/up: is a link that leads back to a folder which it stands in; remove the link",
	}, problems)
	for _, name := range files {
		content, err := folder.Read(t.Context(), root, filepath.Join(root, name), 1000)
		require.NoError(t, err)
		assert.NotContains(t, string(content), "secret")
	}
}

func TestLinksToFoldersThatLinkToEachOtherEnd(t *testing.T) {
	t.Parallel()
	root := tree(t, ".a/one.md", ".b/two.md")
	link(t, "../.b", filepath.Join(root, ".a", "b"))
	link(t, "../.a", filepath.Join(root, ".b", "a"))
	link(t, ".a", filepath.Join(root, "start"))
	files, problems := listed(t, root)
	assert.Equal(t, []string{"start/b/two.md", "start/one.md"}, files)
	assert.Empty(t, problems)
}

func TestPipesSocketsDevicesAndUnprintableNamesAreProblems(t *testing.T) {
	t.Parallel()
	root := tree(t, "good.md", "bad\xff.md", "bad\xff.png", "two\nlines.md", "folder\xfe/inside.md")
	require.NoError(t, syscall.Mkfifo(filepath.Join(root, "pipe.md"), 0o644))
	socket, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(root, "socket.md"), Net: "unix"})
	require.NoError(t, err)
	defer socket.Close()
	link(t, "pipe.md", filepath.Join(root, "to-pipe.md"))
	files, problems := listed(t, root)
	assert.Equal(t, []string{"good.md"}, files)
	assert.Equal(t, []string{
		"bad\uFFFD.md: the name is no UTF-8; rename it",
		"folder\uFFFD: the name is no UTF-8; rename it",
		"pipe.md: is a pipe, not a file; take it out of the folder",
		"socket.md: is a socket, not a file; take it out of the folder",
		"to-pipe.md: is a link to a pipe, not to a file; remove the link",
		"two\uFFFDlines.md: the name has a control character in it; rename it",
	}, problems)
	_, devices, err := folder.List(t.Context(), "/dev/null", markdown)
	require.NoError(t, err)
	require.Len(t, devices, 1)
	assert.Equal(t, "/dev/null: is a device, not a file; take it out of the folder", devices[0].String())
}

// unprivileged makes the test's own thread forget that it is root's, for files only. The thread ends with the test.
func unprivileged(t *testing.T, root string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	require.NoError(t, os.Chmod(filepath.Dir(root), 0o755))
	runtime.LockOSThread()
	require.NoError(t, syscall.Setfsuid(65534))
	t.Cleanup(func() { _ = syscall.Setfsuid(0) })
}

func TestWhatMayNotBeReadIsAProblemAndTheRestIsListed(t *testing.T) {
	t.Parallel()
	root := tree(t, "a.md", "closed.md", "shut/inside.md", "z.md")
	require.NoError(t, os.Chmod(filepath.Join(root, "closed.md"), 0))
	require.NoError(t, os.Chmod(filepath.Join(root, "shut"), 0))
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(root, "shut"), 0o755) })
	unprivileged(t, root)
	files, problems := listed(t, root)
	assert.Equal(t, []string{"a.md", "z.md"}, files)
	assert.Equal(t, []string{
		"closed.md: the file cannot be read: permission denied; let the user that BestBox runs as read it",
		"shut: the folder cannot be read: permission denied; let the user that BestBox runs as read it",
	}, problems)
	_, err := folder.Read(t.Context(), root, filepath.Join(root, "closed.md"), 100)
	require.ErrorContains(t, err, "permission denied; let the user that BestBox runs as read it")
}

func TestAProblemCoversWhatStandsBelowIt(t *testing.T) {
	t.Parallel()
	problem := folder.Problem{Path: "/data/shut"}
	assert.True(t, problem.Covers("/data/shut"))
	assert.True(t, problem.Covers("/data/shut/inside.md"))
	assert.False(t, problem.Covers("/data/shutters.md"))
	assert.False(t, problem.Covers("/data"))
}

func TestAFileIsARootByItself(t *testing.T) {
	t.Parallel()
	root := tree(t, ".hidden.md", "other.md", "picture.png")
	files, _, err := folder.List(t.Context(), filepath.Join(root, ".hidden.md"), markdown)
	require.NoError(t, err)
	require.Len(t, files, 1)
	assert.Equal(t, filepath.Join(root, ".hidden.md"), files[0].Path)
	content, err := folder.Read(t.Context(), filepath.Join(root, ".hidden.md"), files[0].Path, 100)
	require.NoError(t, err)
	assert.Equal(t, "content of .hidden.md", string(content))
	_, err = folder.Read(t.Context(), filepath.Join(root, ".hidden.md"), filepath.Join(root, "other.md"), 100)
	require.ErrorContains(t, err, "does not stand below")
	files, problems, err := folder.List(t.Context(), filepath.Join(root, "picture.png"), markdown)
	require.NoError(t, err)
	assert.Empty(t, files)
	require.Len(t, problems, 1)
	assert.Contains(t, problems[0].String(), "is of a format that is not read")
}

func TestALinkedRootIsListedByTheNameOfWhatItLeadsTo(t *testing.T) {
	t.Parallel()
	root := tree(t, "page.md")
	called := filepath.Join(t.TempDir(), "handbook")
	link(t, root, called)
	for _, name := range []string{called, called + "/./", called + "/../handbook"} {
		files, _, err := folder.List(t.Context(), name, markdown)
		require.NoError(t, err)
		require.Len(t, files, 1)
		assert.Equal(t, filepath.Join(root, "page.md"), files[0].Path)
		_, err = folder.Read(t.Context(), name, files[0].Path, 100)
		require.NoError(t, err)
	}
}

func TestARootThatIsNotThereIsAnErrorAndNoEmptyListing(t *testing.T) {
	t.Parallel()
	root := tree(t)
	for want, name := range map[string]string{
		"no folder is named": "",
		"no such file or directory; check the path, and that its disk is mounted": filepath.Join(root, "gone"),
		"is no UTF-8; rename it": filepath.Join(root, "bad\xff"),
	} {
		if strings.Contains(name, "\xff") {
			require.NoError(t, os.Mkdir(name, 0o755))
		}
		_, _, err := folder.List(t.Context(), name, markdown)
		require.ErrorContains(t, err, want)
	}
}

func TestAListingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	root := tree(t, "a.md")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := folder.List(ctx, root, markdown)
	require.ErrorIs(t, err, context.Canceled)
}
