package fetch

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"bestbox/llmctl/catalogue"
)

// Record is an entry of the lock file: what an artefact is on this machine, and where it came from.
type Record struct {
	Name    string       `json:"name"`
	Kind    string       `json:"kind"`
	Source  string       `json:"source"`
	Version string       `json:"version,omitempty"`
	Folder  string       `json:"folder"`
	Files   []RecordFile `json:"files,omitempty"`
	// Image is what the Docker engine holds; nil for what lies in the cache. Folder and Files are then the program it was built from, if
	// it was.
	Image *ImageRecord `json:"image,omitempty"`
	At    time.Time    `json:"at"`
}

// RecordFile is one file as it was when its hash was taken. Modified (nanoseconds) and Inode tell cheaply whether it may have changed since.
type RecordFile struct {
	Name     string `json:"name"`
	Size     int64  `json:"size"`
	SHA256   string `json:"sha256"`
	Modified int64  `json:"modified"`
	Inode    uint64 `json:"inode"`
}

// Path returns the file to open or to run. An image has none.
func (r Record) Path() string {
	return filepath.Join(r.Folder, r.Files[0].Name)
}

// Size returns the bytes of all files.
func (r Record) Size() int64 {
	var total int64
	if r.Image != nil {
		return r.Image.Size
	}
	for _, file := range r.Files {
		total += file.Size
	}
	return total
}

// Hash returns the SHA-256 of the first file, or the digest of an image, else its id; 64 digits.
func (r Record) Hash() string {
	if r.Image != nil {
		_, digits, _ := strings.Cut(r.Image.Reference(), "sha256:")
		return digits
	}
	return r.Files[0].SHA256
}

func (f *Fetcher) recordPath(name string) string {
	return filepath.Join(f.Cache, "lock", name+".json")
}

// readRecord returns what the lock file says, whether it is still so or not.
func (f *Fetcher) readRecord(name string) (Record, bool) {
	var record Record
	content, err := os.ReadFile(f.recordPath(name))
	if err != nil || json.Unmarshal(content, &record) != nil {
		return Record{}, false
	}
	if record.Folder != "" && !filepath.IsAbs(record.Folder) {
		record.Folder = filepath.Join(f.Cache, record.Folder)
	}
	return record, true
}

// Loaded returns the record of an artefact whose files are all there and unchanged. A file whose time or inode differs is hashed again.
// An image must be in the engine.
func (f *Fetcher) Loaded(artefact catalogue.Artefact) (Record, bool) {
	record, ok := f.readRecord(artefact.Name)
	if !ok || record.Kind != artefact.Kind || !f.filesLoaded(artefact, record) {
		return Record{}, false
	}
	if artefact.Kind == catalogue.Image {
		return record, f.imageLoaded(artefact, record)
	}
	return record, len(record.Files) > 0 &&
		(artefact.Kind == catalogue.Model || atLeast(record.Version, artefact.Version.Minimum))
}

// filesLoaded checks the files of a record; those that only were touched get their new times noted.
func (f *Fetcher) filesLoaded(artefact catalogue.Artefact, record Record) bool {
	changed := false
	for i, file := range record.Files {
		now, err := stat(filepath.Join(record.Folder, file.Name))
		switch {
		case err != nil:
			return false
		case now.Size != file.Size:
			f.say("%s: %s has %d bytes instead of %d; loading it again", artefact.Name, file.Name, now.Size, file.Size)
			return false
		case now.Modified == file.Modified && now.Inode == file.Inode:
			continue
		}
		if now.SHA256, err = hashFile(filepath.Join(record.Folder, file.Name)); err != nil || now.SHA256 != file.SHA256 {
			f.say("%s: %s has changed since it was loaded; loading it again", artefact.Name, file.Name)
			return false
		}
		now.Name = file.Name
		record.Files[i], changed = now, true
	}
	return !changed || f.save(record) == nil
}

// adopt takes files that lie in the right place without a record (copied there by hand) when the catalogue knows their hash.
func (f *Fetcher) adopt(artefact catalogue.Artefact) (Record, error) {
	for _, file := range artefact.Files {
		if file.SHA256 == "" {
			return Record{}, errAbsent
		}
		now, err := stat(filepath.Join(f.folder(artefact), file.Name))
		if err != nil || now.Size != file.Size {
			return Record{}, errAbsent
		}
	}
	files, err := describeFiles(f.folder(artefact), artefact)
	if err != nil {
		return Record{}, err
	}
	for i, file := range files {
		if file.SHA256 != artefact.Files[i].SHA256 {
			return Record{}, &HashError{File: file.Name, Want: artefact.Files[i].SHA256, Got: file.SHA256}
		}
	}
	return Record{Name: artefact.Name, Kind: artefact.Kind, Source: "cache", Folder: f.folder(artefact), Files: files}, nil
}

// save writes the record so that it is whole or absent. A folder inside the cache is written relative to it: a cache that was copied to
// another place, or to a machine that reaches no source, then stands on its own.
func (f *Fetcher) save(record Record) error {
	if relative, err := filepath.Rel(f.Cache, record.Folder); err == nil && filepath.IsLocal(relative) {
		record.Folder = relative
	}
	record.At = time.Now().UTC().Truncate(time.Second)
	content, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(f.recordPath(record.Name), append(content, '\n'))
}

// writeWhole replaces a file in one step.
func writeWhole(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temporary := fmt.Sprintf("%s.%d", path, os.Getpid())
	if err := os.WriteFile(temporary, content, 0o644); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return os.Rename(temporary, path)
}

// describeFiles hashes the files of an artefact where they lie.
func describeFiles(folder string, artefact catalogue.Artefact) ([]RecordFile, error) {
	var files []RecordFile
	for _, file := range artefact.Files {
		now, err := stat(filepath.Join(folder, file.Name))
		if err != nil {
			return nil, err
		}
		if now.SHA256, err = hashFile(filepath.Join(folder, file.Name)); err != nil {
			return nil, err
		}
		now.Name = file.Name
		files = append(files, now)
	}
	return files, nil
}

func stat(path string) (RecordFile, error) {
	info, err := os.Stat(path)
	if err != nil {
		return RecordFile{}, err
	}
	if !info.Mode().IsRegular() {
		return RecordFile{}, fmt.Errorf("%s is not a file", path)
	}
	now := RecordFile{Size: info.Size(), Modified: info.ModTime().UnixNano()}
	if system, ok := info.Sys().(*syscall.Stat_t); ok {
		now.Inode = system.Ino
	}
	return now, nil
}

// HashError says that a file is not what its publisher described.
type HashError struct{ File, Want, Got string }

func (e *HashError) Error() string {
	return fmt.Sprintf("wrong checksum: %s has SHA-256 %s instead of %s; it was removed", e.File, e.Got, e.Want)
}

// SizeError says that a file is shorter or longer than its publisher described.
type SizeError struct {
	File      string
	Want, Got int64
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("wrong length: %s has %d bytes instead of %d; it was removed", e.File, e.Got, e.Want)
}

// verify checks a finished file and removes it when it is wrong, so that no later run trusts it. A size of 0 or an empty hash is not checked.
func verify(path string, want catalogue.File) error {
	now, err := stat(path)
	if err != nil {
		return err
	}
	if want.Size != 0 && now.Size != want.Size {
		return errors.Join(&SizeError{File: want.Name, Want: want.Size, Got: now.Size}, os.Remove(path))
	}
	if want.SHA256 == "" {
		return nil
	}
	got, err := hashFile(path)
	if err != nil {
		return err
	}
	if got != want.SHA256 {
		return errors.Join(&HashError{File: want.Name, Want: want.SHA256, Got: got}, os.Remove(path))
	}
	return nil
}

func hashFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
