package fetch

import (
	"archive/tar"
	"bufio"
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bestbox/llmctl/engine"
)

// appFolder is where the program and its libraries lie inside, as in the official images.
const appFolder = "app"

// rootFolder is the root folder of an image that holds one program and nothing else.
type rootFolder struct {
	program string // its path inside
	// files are their contents' paths on this machine by their paths inside, links their targets.
	files, links map[string]string
	libraries    search
}

// rootOf finds what a program needs to run by itself: its dynamic loader, the libraries that it and they link, and the libraries that
// lie beside it, from which llama.cpp's release archives load their back ends. It reads the files and runs nothing. machine is the root
// folder of this machine, where the loader's settings are.
func rootOf(program string, machine fs.FS) (*rootFolder, error) {
	r := &rootFolder{program: path.Join(appFolder, filepath.Base(program)), files: map[string]string{}, links: map[string]string{},
		libraries: search{folders: libraryFolders(machine)}}
	if err := r.loader(program); err != nil {
		return nil, err
	}
	if err := r.add(program, r.program); err != nil {
		return nil, err
	}
	return r, r.beside(filepath.Dir(program))
}

// loader adds the dynamic loader under the very name that the program asks the kernel for. A static program has none.
func (r *rootFolder) loader(program string) error {
	file, err := elf.Open(program)
	if err != nil {
		return fmt.Errorf("%s is no program of this system: %w", program, err)
	}
	defer file.Close()
	r.libraries.class, r.libraries.machine = file.Class, file.Machine
	for _, segment := range file.Progs {
		if segment.Type != elf.PT_INTERP {
			continue
		}
		name, err := io.ReadAll(segment.Open())
		if err != nil {
			return err
		}
		loader := strings.TrimRight(string(name), "\x00")
		r.files[strings.TrimPrefix(loader, "/")] = loader
	}
	return nil
}

// has tells whether a library is there already, the loader included: it is a library too.
func (r *rootFolder) has(library string) bool {
	for _, names := range []map[string]string{r.files, r.links} {
		for inside := range names {
			if path.Base(inside) == library {
				return true
			}
		}
	}
	return false
}

// add adds a file and what it links.
func (r *rootFolder) add(host, inside string) error {
	r.files[inside] = host
	file, err := elf.Open(host)
	if err != nil {
		return fmt.Errorf("%s: %w", host, err)
	}
	defer file.Close()
	needed, err := file.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("%s: %w", host, err)
	}
	for _, library := range needed {
		if r.has(library) {
			continue
		}
		found, err := r.libraries.find(library, host, file)
		if err != nil {
			return err
		}
		if err := r.add(found, path.Join(appFolder, library)); err != nil {
			return err
		}
	}
	return nil
}

// beside adds the libraries that lie beside the program.
func (r *rootFolder) beside(folder string) error {
	names, err := filepath.Glob(filepath.Join(folder, "lib*.so*"))
	if err != nil {
		return err
	}
	for _, name := range names {
		inside := path.Join(appFolder, filepath.Base(name))
		if _, there := r.files[inside]; there {
			continue
		}
		if target, err := os.Readlink(name); err == nil && filepath.Base(target) == target {
			r.links[inside] = target
			continue
		}
		if err := r.add(name, inside); err != nil {
			return err
		}
	}
	return nil
}

// search finds libraries as the dynamic loader does (ld.so(8)), its cache and its processor-dependent folders left out.
type search struct {
	class   elf.Class
	machine elf.Machine
	folders []string
}

func (s search) find(library, user string, file *elf.File) (string, error) {
	var folders []string
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		paths, err := file.DynString(tag)
		if err != nil {
			return "", fmt.Errorf("%s: %w", user, err)
		}
		for _, list := range paths {
			origin := strings.NewReplacer("$ORIGIN", filepath.Dir(user), "${ORIGIN}", filepath.Dir(user))
			folders = append(folders, strings.Split(origin.Replace(list), ":")...)
		}
	}
	folders = append(folders, s.folders...)
	for _, folder := range folders {
		candidate := filepath.Join(folder, library)
		if s.fits(candidate) {
			return candidate, nil
		}
	}
	return "", fmt.Errorf("%s needs %s, which is in none of %s; install it", user, library, strings.Join(folders, ", "))
}

// fits passes over libraries for other processors, which may lie in the same folders.
func (s search) fits(candidate string) bool {
	file, err := elf.Open(candidate)
	if err != nil {
		return false
	}
	defer file.Close()
	return file.Class == s.class && file.Machine == s.machine
}

// libraryFolders are those of /etc/ld.so.conf, then those that the loaders have built in.
func libraryFolders(machine fs.FS) []string {
	return append(configured(machine, "etc/ld.so.conf"), "/lib64", "/usr/lib64", "/lib", "/usr/lib")
}

func configured(machine fs.FS, name string) (folders []string) {
	file, err := machine.Open(name)
	if err != nil {
		return nil // not every system has one
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if pattern, ok := strings.CutPrefix(line, "include "); ok {
			pattern = strings.TrimSpace(pattern)
			if !path.IsAbs(pattern) {
				pattern = path.Join("/", path.Dir(name), pattern)
			}
			names, _ := fs.Glob(machine, strings.TrimPrefix(pattern, "/"))
			for _, included := range names {
				folders = append(folders, configured(machine, included)...)
			}
		} else if path.IsAbs(line) {
			folders = append(folders, line)
		}
	}
	return folders
}

// changes are the settings of the image.
func (r *rootFolder) changes() []string {
	return []string{
		fmt.Sprintf("ENTRYPOINT [%q]", "/"+r.program),
		"ENV LD_LIBRARY_PATH=/" + appFolder,
		"WORKDIR /" + appFolder,
	}
}

// tag names the image by its contents, so that the same is built once.
func (r *rootFolder) tag() (string, error) {
	hash := sha256.New()
	fmt.Fprintln(hash, r.changes())
	if err := r.write(hash); err != nil {
		return "", err
	}
	return "bestbox/" + path.Base(r.program) + ":" + hex.EncodeToString(hash.Sum(nil))[:16], nil
}

// build streams the root folder into the engine.
func (r *rootFolder) build(ctx context.Context, docker *engine.Engine, tag string) error {
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(r.write(writer)) }()
	err := docker.Import(ctx, reader, tag, r.changes())
	return errors.Join(err, reader.Close()) // ends the writer, too
}

// write writes the root folder as a tar stream, the same bytes for the same contents.
func (r *rootFolder) write(to io.Writer) error {
	entries := map[string]tar.Header{"tmp/": {Typeflag: tar.TypeDir, Mode: 0o1777}}
	for inside := range r.files {
		entries[inside] = tar.Header{Typeflag: tar.TypeReg, Mode: 0o755}
	}
	for inside, target := range r.links {
		entries[inside] = tar.Header{Typeflag: tar.TypeSymlink, Linkname: target, Mode: 0o777}
	}
	for _, inside := range slices.Collect(maps.Keys(entries)) {
		for folder := path.Dir(path.Clean(inside)); folder != "."; folder = path.Dir(folder) {
			entries[folder+"/"] = tar.Header{Typeflag: tar.TypeDir, Mode: 0o755}
		}
	}
	archive := tar.NewWriter(to)
	for _, name := range slices.Sorted(maps.Keys(entries)) { // a folder sorts before what is in it
		header := entries[name]
		header.Name, header.ModTime = name, time.Unix(0, 0)
		if err := r.writeEntry(archive, header); err != nil {
			return err
		}
	}
	return archive.Close()
}

func (r *rootFolder) writeEntry(archive *tar.Writer, header tar.Header) error {
	if header.Typeflag != tar.TypeReg {
		return archive.WriteHeader(&header)
	}
	file, err := os.Open(r.files[header.Name])
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	header.Size = info.Size()
	if err := archive.WriteHeader(&header); err != nil {
		return err
	}
	_, err = io.Copy(archive, file)
	return err
}
