package folder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// List finds the files below root whose names are accepted, ordered by path, and what is in the way. Hidden files and folders, lock files of Office, and files that are not accepted,
// are left out. A link is followed where it leads to something below root that is not listed anyway. Where root is a file, that is the one that is listed, hidden or not.
//
// An error means that nothing is known of what stands there, not that nothing does.
func List(ctx context.Context, root string, accept func(name string) bool) ([]File, []Problem, error) {
	at, err := open(root)
	if err != nil {
		return nil, nil, err
	}
	defer at.Close()
	l := &listing{place: at, accept: accept, listed: map[string]bool{}, walked: map[string]bool{}}
	if at.only != "" {
		err = l.single()
	} else {
		err = l.whole(ctx)
	}
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(l.files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	slices.SortFunc(l.problems, func(a, b Problem) int { return cmp.Compare(a.Path, b.Path) })
	return l.files, l.problems, nil
}

// listing is a walk. Names are relative to the root, with / between their parts.
type listing struct {
	*place
	accept   func(name string) bool
	files    []File
	problems []Problem
	// links wait until all folders were walked, so that a file is listed by its own name before it is by that of a link to it.
	links []string
	// listed and walked are the files and folders that are done, by their names without links.
	listed, walked map[string]bool
}

func (l *listing) single() error {
	info, err := l.Lstat(l.only)
	switch {
	case err != nil:
		return fmt.Errorf("look at %s: %w; check the path", l.absolute(l.only), cause(err))
	case info.Mode().IsRegular() && !l.accept(l.only):
		return l.problem(l.only, "is of a format that is not read", "convert it, for example to PDF")
	default:
		return l.entry(l.only, info.Mode())
	}
}

func (l *listing) whole(ctx context.Context) error {
	if err := l.walk(ctx, ".", "."); err != nil {
		return err
	}
	for len(l.links) > 0 {
		links := l.links
		l.links = nil
		slices.Sort(links)
		for _, link := range links {
			if err := l.link(ctx, link); err != nil {
				return err
			}
		}
	}
	return nil
}

// walk looks at all that stands in a folder; canonical is its name without links.
func (l *listing) walk(ctx context.Context, folder, canonical string) error {
	l.walked[canonical] = true
	entries, err := l.read(folder)
	if err != nil {
		if folder == "." {
			return fmt.Errorf("read %s: %w; let the user that BestBox runs as read it", l.base, cause(err))
		}
		return l.problem(folder, "the folder cannot be read: "+cause(err).Error(), advice(err))
	}
	for _, entry := range entries {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("list %s: %w", l.base, err)
		}
		// Office keeps such a file beside one that is open; it has its extension and says who has opened it.
		if strings.HasPrefix(entry.Name(), ".") || strings.HasPrefix(entry.Name(), "~$") {
			continue
		}
		name := path.Join(folder, entry.Name())
		switch {
		case badName(entry.Name()) != "":
			if !entry.Type().IsRegular() || l.accept(entry.Name()) {
				err = l.problem(name, "the name "+badName(entry.Name()), "rename it")
			}
		case entry.IsDir():
			err = l.walk(ctx, name, path.Join(canonical, entry.Name()))
		case entry.Type()&fs.ModeSymlink != 0:
			l.links = append(l.links, name)
		default:
			err = l.entry(name, entry.Type())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *listing) read(folder string) ([]os.DirEntry, error) {
	opened, err := l.Open(folder)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	entries, err := opened.ReadDir(-1)
	slices.SortFunc(entries, func(a, b os.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return entries, err
}

// entry lists what is no folder and no link.
func (l *listing) entry(name string, mode fs.FileMode) error {
	if !mode.IsRegular() {
		return l.problem(name, "is "+kind(mode)+", not a file", "take it out of the folder")
	}
	if !l.accept(path.Base(name)) {
		return nil
	}
	if err := l.add(name); err != nil {
		return err
	}
	l.listed[name] = true
	return nil
}

// add lists a file once it is known that it can be opened.
func (l *listing) add(name string) error {
	file, info, err := l.openFile(name)
	if err != nil {
		return l.problem(name, "the file cannot be read: "+cause(err).Error(), advice(err))
	}
	file.Close()
	l.files = append(l.files, File{Path: l.absolute(name), Name: path.Base(name), Size: info.Size(), Modified: info.ModTime()})
	return l.enough()
}

// link follows one, unless it leads to what is listed by its own name.
func (l *listing) link(ctx context.Context, name string) error {
	target, err := filepath.EvalSymlinks(l.absolute(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return l.problem(name, "is a link to something that is not there", "remove the link or mend it")
	case errors.Is(err, syscall.ELOOP) || err != nil && strings.Contains(err.Error(), "too many links"):
		return l.problem(name, "is a link that leads back to itself", "remove the link")
	case err != nil:
		return l.problem(name, "is a link that cannot be followed: "+cause(err).Error(), advice(err))
	case !within(l.base, target):
		return l.problem(name, "is a link that leads out of the folder", "add what it leads to by itself, or copy it here")
	}
	relative, err := filepath.Rel(l.base, target)
	if err != nil {
		return fmt.Errorf("follow %s: %w", l.absolute(name), err)
	}
	canonical := filepath.ToSlash(relative)
	info, err := l.Stat(name)
	switch {
	case l.walked[canonical] && (canonical == "." || within(canonical, name)):
		return l.problem(name, "is a link that leads back to a folder which it stands in", "remove the link")
	case l.walked[canonical] || l.listed[canonical]:
		return nil
	case err != nil: // an absolute link, or one that was changed since it was looked at
		return l.problem(name, "is a link that is not followed: "+cause(err).Error(), "make it a relative link, or copy here what it leads to")
	case info.IsDir():
		return l.walk(ctx, name, canonical)
	case !info.Mode().IsRegular():
		return l.problem(name, "is a link to "+kind(info.Mode())+", not to a file", "remove the link")
	case !l.accept(path.Base(name)):
		return nil
	}
	l.listed[canonical] = true
	return l.add(name)
}

func (l *listing) problem(name, reason, advice string) error {
	l.problems = append(l.problems, Problem{Path: shown(l.absolute(name)), Reason: reason, Advice: advice})
	return l.enough()
}

func (l *listing) enough() error {
	if len(l.files)+len(l.problems) > maximumEntries {
		return fmt.Errorf("list %s: %w: there are more than %d; add the folders in it one by one", l.base, ErrTooMany, maximumEntries)
	}
	return nil
}

func (l *listing) absolute(name string) string {
	return filepath.Join(l.base, filepath.FromSlash(name))
}

// advice is what can be done about an error of the file system.
func advice(err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "let the user that BestBox runs as read it"
	case errors.Is(err, fs.ErrNotExist):
		return "it went away while the folder was listed; try again"
	default:
		return "look at the disk and try again"
	}
}
