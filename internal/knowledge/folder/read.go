package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
)

// Read returns what a file says that List has found below root. A file of more than maximumBytes is not read at all. An error is one line and names the file.
func Read(ctx context.Context, root, path string, maximumBytes int64) ([]byte, error) {
	at, err := open(root)
	if err != nil {
		return nil, err
	}
	defer at.Close()
	relative, err := filepath.Rel(at.base, path)
	if err != nil || !filepath.IsLocal(relative) || at.only != "" && relative != at.only {
		return nil, fmt.Errorf("read %s: it does not stand below %s; list the folder again", shown(path), root)
	}
	content, err := at.content(ctx, relative, maximumBytes)
	var special kindError
	switch {
	case errors.Is(err, ErrTooLarge):
		return nil, fmt.Errorf("read %s: %w; split the file or raise knowledge.maximum_bytes", path, err)
	case errors.Is(err, ErrChanged):
		return nil, fmt.Errorf("read %s: %w; try again once nobody writes to it", path, err)
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("read %s: it is gone since the folder was listed (%w); list the folder again", path, cause(err))
	case errors.As(err, &special):
		return nil, fmt.Errorf("read %s: it %w; list the folder again", path, err)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("read %s: %w; let the user that BestBox runs as read it", path, cause(err))
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", path, cause(err))
	}
	return content, nil
}

func (at *place) content(ctx context.Context, name string, maximumBytes int64) ([]byte, error) {
	file, before, err := at.openFile(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if before.Size() > maximumBytes {
		return nil, fmt.Errorf("%w: it has %d bytes, and %d are accepted", ErrTooLarge, before.Size(), maximumBytes)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	content := make([]byte, before.Size())
	if _, err := io.ReadFull(file, content); errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("it %w: it has become shorter", ErrChanged)
	} else if err != nil {
		return nil, err
	}
	// The size of some file systems' files is 0, and what a file has grown by since would be missing.
	if more, _ := file.Read(make([]byte, 1)); more > 0 {
		return nil, fmt.Errorf("it %w: it has become longer", ErrChanged)
	}
	after, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return nil, fmt.Errorf("it %w", ErrChanged)
	}
	return content, nil
}
