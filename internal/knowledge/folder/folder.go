// Package folder brings the files of a folder that somebody has named, and nothing from outside of it: whatever links and names stand there, only regular files below that
// folder are opened. It writes nothing and does not read what files say.
package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"
)

// maximumEntries is how many files and problems a listing may have. Beyond, somebody has most likely named a disk by mistake; what is listed is held in memory.
const maximumEntries = 200_000

// ErrTooMany is that of a listing which would have more than 200,000 files.
var ErrTooMany = errors.New("too many files")

// ErrTooLarge is that of a file which is larger than Read was told to accept.
var ErrTooLarge = errors.New("too large")

// ErrChanged is that of a file which was written to while it was read.
var ErrChanged = errors.New("changed while it was read")

// File is one that was found.
type File struct {
	// Path is absolute and stands below what Resolve says of the root.
	Path string
	// Name is the last part of the path.
	Name     string
	Size     int64
	Modified time.Time
}

// Problem is a file or a folder that cannot be read. What was read from there before is not known to be gone: see Covers.
type Problem struct {
	// Path is for people: what is no UTF-8 in it is replaced.
	Path   string
	Reason string
	Advice string
}

// String is the problem in one line.
func (p Problem) String() string {
	return fmt.Sprintf("%s: %s; %s", p.Path, p.Reason, p.Advice)
}

// Covers says whether the path is that of the problem or stands below it, so that its absence from the listing says nothing.
func (p Problem) Covers(path string) bool {
	return within(p.Path, path)
}

// Resolve is the absolute path of a root, with the links in it followed, so that a folder has one name however it is called.
func Resolve(root string) (string, error) {
	if root == "" {
		return "", errors.New("no folder is named; give the path of a folder or a file")
	}
	absolute, err := filepath.Abs(root)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", root, err)
	}
	resolved, err := filepath.EvalSymlinks(absolute)
	if err != nil {
		return "", fmt.Errorf("find %s: %w; check the path, and that its disk is mounted", shown(absolute), cause(err))
	}
	if reason := badName(resolved); reason != "" {
		return "", fmt.Errorf("%s: the path %s; rename it", shown(resolved), reason)
	}
	return resolved, nil
}

// place is a root that is open.
type place struct {
	*os.Root
	// base is the folder, only the name of the one file in it where a file was named.
	base, only string
}

// open opens the root, or the folder of the file that was named as root. Whatever is opened in it afterwards cannot lead out of it.
func open(root string) (*place, error) {
	resolved, err := Resolve(root)
	if err != nil {
		return nil, err
	}
	info, err := os.Lstat(resolved)
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w; check the path", resolved, cause(err))
	}
	at := &place{base: resolved}
	if !info.IsDir() {
		at.base, at.only = filepath.Dir(resolved), filepath.Base(resolved)
	}
	if at.Root, err = os.OpenRoot(at.base); err != nil {
		return nil, fmt.Errorf("open %s: %w; let the user that BestBox runs as read it", at.base, cause(err))
	}
	return at, nil
}

// openFile opens a regular file. It does not wait, as opening a pipe would, and looks at what was opened, not at what the name stood for before.
func (at *place) openFile(name string) (*os.File, fs.FileInfo, error) {
	file, err := at.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = kindError{info.Mode()}
	}
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, info, nil
}

// kindError is that of what is no regular file.
type kindError struct{ mode fs.FileMode }

func (e kindError) Error() string {
	return "is " + kind(e.mode) + ", not a file"
}

func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	case mode&fs.ModeSymlink != 0:
		return "a link"
	default:
		return "something special"
	}
}

// within says whether path is base or stands below it.
func within(base, path string) bool {
	rest, ok := strings.CutPrefix(path, base)
	return ok && (rest == "" || rest[0] == filepath.Separator || strings.HasSuffix(base, string(filepath.Separator)))
}

// badName says what is wrong with a name; empty: nothing. A name is cited, stored as text and printed in one line.
func badName(name string) string {
	switch {
	case !utf8.ValidString(name):
		return "is no UTF-8"
	case strings.ContainsFunc(name, unicode.IsControl):
		return "has a control character in it"
	default:
		return ""
	}
}

// shown is a path as it can be printed in one line.
func shown(path string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(path, string(utf8.RuneError)))
}

// cause is an error of the file system without the operation and the path, which the message around it names.
func cause(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}
