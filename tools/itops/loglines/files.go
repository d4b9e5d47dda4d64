package loglines

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	// longestLine is how much of a line is looked at; its rest is passed over.
	longestLine = 64 << 10
	// unpacked is how many bytes a packed file may unpack to, for each byte of lines that may be kept of it: their end is the newest.
	unpacked = 16
	// fewestBytes are always read of a file that is looked at.
	fewestBytes = 64 << 10
)

// rotated is what logrotate and its like append to a file's name.
var rotated = regexp.MustCompile(`^(\.[0-9]{1,4}|-[0-9]{8}(-?[0-9]{2,10})?)(\.gz)?$`)

// logFile is a file with lines, or a rotated neighbour.
type logFile struct {
	path    string
	size    int64
	changed time.Time
}

// readFiles reads the files that some paths name, the newest first, until the bytes are used up or what is left is older than the window.
func readFiles(ctx context.Context, paths []string, format Format, asked Window) (lines []Line, gaps []Gap, err error) {
	files, gaps := find(paths)
	left := asked.MaxBytes
	var parts [][]Line // the newest file first
	for _, file := range files {
		if file.changed.Before(asked.From) {
			break
		}
		if left < fewestBytes {
			gaps = append(gaps, Gap{Source: file.path, What: "is not read: newer files have enough lines"})
			break
		}
		kept, read, gap, err := readFile(ctx, file, format, asked, left)
		if err != nil {
			return nil, nil, err
		}
		if gap != nil {
			gaps = append(gaps, *gap)
		}
		left -= read
		parts = append(parts, kept)
	}
	for _, part := range slices.Backward(parts) {
		lines = append(lines, part...)
	}
	return lines, gaps, nil
}

// find returns the files of some paths and their rotated neighbours, those changed last first.
func find(paths []string) (files []logFile, gaps []Gap) {
	seen := map[string]bool{}
	for _, path := range paths {
		matches, err := filepath.Glob(path)
		if err != nil || len(matches) == 0 {
			gaps = append(gaps, Gap{Source: path, What: "is not there"})
			continue
		}
		for _, match := range matches {
			for _, file := range append(neighbours(match), match) {
				if seen[file] {
					continue
				}
				seen[file] = true
				info, err := os.Stat(file)
				switch {
				case err != nil:
					gaps = append(gaps, Gap{Source: file, What: reason(err)})
				case !info.Mode().IsRegular(): // a pipe would never end
					gaps = append(gaps, Gap{Source: file, What: "is no file"})
				default:
					files = append(files, logFile{file, info.Size(), info.ModTime()})
				}
			}
		}
	}
	slices.SortFunc(files, func(a, b logFile) int { return cmp.Or(b.changed.Compare(a.changed), cmp.Compare(a.path, b.path)) })
	return files, gaps
}

// neighbours are the rotated files beside one.
func neighbours(path string) (found []string) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil // the file itself is told about
	}
	for _, entry := range entries {
		if rest, is := strings.CutPrefix(entry.Name(), filepath.Base(path)); is && rotated.MatchString(rest) {
			found = append(found, filepath.Join(filepath.Dir(path), entry.Name()))
		}
	}
	return found
}

// reason is why a file cannot be read, without its path.
func reason(err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "may not be read by this user"
	case errors.Is(err, fs.ErrNotExist):
		return "is not there"
	}
	if wrapped, is := errors.AsType[*fs.PathError](err); is {
		err = wrapped.Err
	}
	return "cannot be read: " + err.Error()
}

// readFile reads the lines of one file. Of a plain one the end is read, of a packed one all, as far as it unpacks to a reasonable size.
func readFile(ctx context.Context, file logFile, format Format, asked Window, most int64) (lines []Line, read int64, gap *Gap, err error) {
	opened, err := os.Open(file.path)
	if err != nil {
		return nil, 0, &Gap{Source: file.path, What: reason(err)}, nil
	}
	defer opened.Close()
	kept := &keep{most: most}
	reader := io.Reader(opened)
	packed := strings.HasSuffix(file.path, ".gz")
	switch {
	case packed:
		unzipped, err := gzip.NewReader(opened)
		if err != nil {
			return nil, 0, &Gap{Source: file.path, What: "cannot be unpacked"}, nil
		}
		reader = io.LimitReader(unzipped, unpacked*most)
	case file.size > most:
		if _, err := opened.Seek(file.size-most, io.SeekStart); err != nil {
			return nil, 0, &Gap{Source: file.path, What: reason(err)}, nil
		}
		kept.cut = true
		reader = io.LimitReader(opened, most) // it may be written to right now
	}
	counted := &counter{Reader: reader}
	fitting, others, err := scan(ctx, counted, format, asked, kept)
	read = min(counted.n, most)
	switch {
	case ctx.Err() != nil:
		return nil, 0, nil, ctx.Err()
	case err != nil:
		gap = &Gap{Source: file.path, What: reason(err)}
	case packed && counted.n >= unpacked*most:
		gap = &Gap{Source: file.path, What: fmt.Sprintf("unpacks to more than %d MiB, of which only the first were read", unpacked*most>>20)}
	case fitting == 0 && others > 1: // the first one may be half a line
		gap = &Gap{Source: file.path, What: "has no line of the form that is set for it"}
	case kept.cut && len(kept.lines) > 0:
		gap = &Gap{Source: file.path, Back: kept.lines[0].At}
	}
	if gap != nil && gap.What == "" && !gap.Back.After(asked.From) {
		gap = nil
	}
	return kept.lines, read, gap, nil
}

// counter counts what was read.
type counter struct {
	io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// scan reads lines to the end, and keeps those of the window. It counts those that have the form, and those that have not: what programs print
// over several lines.
func scan(ctx context.Context, from io.Reader, format Format, asked Window, into *keep) (fitting, others int, err error) {
	reader := bufio.NewReaderSize(from, longestLine)
	now := time.Now()
	half := into.cut // the first line is the end of one
	for ctx.Err() == nil {
		text, rest, err := reader.ReadLine()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return fitting, others, err
		}
		line := string(text)
		for rest && err == nil {
			_, rest, err = reader.ReadLine()
		}
		if half {
			half = false
			continue
		}
		l, ok := format(line, now)
		if !ok {
			others++
			continue
		}
		fitting++
		if asked.holds(l.At) {
			into.add(l)
		}
	}
	return fitting, others, ctx.Err()
}
