package fetch

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"

	"bestbox/llmctl/catalogue"
)

// buildRoom is what a build tree of llama.cpp takes on the disk, in bytes (measured: 0.5 GB on the processor; Vulkan's shaders add to it).
const buildRoom = 1 << 30

// build compiles a program from a source package. The tree stays until the program is there, so an interrupted build goes on.
func (f *Fetcher) build(ctx context.Context, artefact catalogue.Artefact, source catalogue.Source, staging, out string) error {
	if err := lookTools("cmake", "c++"); err != nil {
		return err
	}
	if err := f.room(staging, buildRoom); err != nil {
		return err
	}
	tree, err := f.sourceTree(ctx, source, staging)
	if err != nil {
		return err
	}
	logFile, err := os.Create(filepath.Join(staging, "build.log"))
	if err != nil {
		return err
	}
	defer logFile.Close()
	folder := filepath.Join(staging, "build")
	f.say("%s: building from source, about 6 minutes on two cores; log in %s", artefact.Name, logFile.Name())
	if err := f.compile(ctx, artefact, source, tree, folder, logFile); err != nil {
		return err
	}
	return copyFile(filepath.Join(folder, source.Output), filepath.Join(out, artefact.Files[0].Name), 0o755)
}

func (f *Fetcher) compile(ctx context.Context, artefact catalogue.Artefact, source catalogue.Source, tree, folder string, logFile *os.File) error {
	configure := append([]string{"-S", tree, "-B", folder}, source.Flags...)
	if err := f.logged(ctx, logFile, silent{}, "cmake", configure...); err != nil {
		return err
	}
	task := f.task(artefact.Name+" (build)", Percent)
	err := f.logged(ctx, logFile, task, "cmake", "--build", folder, "--target", source.Target, "--parallel", strconv.Itoa(runtime.GOMAXPROCS(0)))
	task.Done(err == nil)
	return err
}

// sourceTree fetches and unpacks the source package, unless an earlier run has.
func (f *Fetcher) sourceTree(ctx context.Context, source catalogue.Source, staging string) (string, error) {
	tree := filepath.Join(staging, "source")
	if _, err := os.Stat(tree); err == nil {
		return tree, nil
	}
	folder := filepath.Join(staging, "pip-"+source.Package)
	if err := errors.Join(os.RemoveAll(folder), os.MkdirAll(folder, 0o755)); err != nil {
		return "", err
	}
	// A requirements file can carry a hash: pip then checks the package before it runs the set-up script inside.
	requirements := filepath.Join(staging, "requirements.txt")
	line := fmt.Sprintf("%s==%s --hash=sha256:%s\n", source.Package, source.Version, source.SHA256)
	if err := os.WriteFile(requirements, []byte(line), 0o644); err != nil {
		return "", err
	}
	task := f.task(source.Package+" "+source.Version, source.Size)
	err := f.runPip(ctx, "download", "--no-deps", "--no-binary", source.Package, "--require-hashes", "--dest", folder, "--requirement", requirements)
	if err == nil {
		task.Set(source.Size)
	}
	task.Done(err == nil)
	if err != nil {
		return "", err
	}
	archive, err := onlyFile(folder)
	if err != nil {
		return "", err
	}
	if err := verify(archive, catalogue.File{Name: filepath.Base(archive), Size: source.Size, SHA256: source.SHA256}); err != nil {
		return "", err
	}
	unfinished := tree + ".partial"
	if err := errors.Join(os.RemoveAll(unfinished), unpackTree(archive, source.Folder, unfinished)); err != nil {
		return "", err
	}
	return tree, errors.Join(os.Rename(unfinished, tree), os.RemoveAll(folder))
}

// percentLine is how make and ninja under cmake tell their progress.
var percentLine = regexp.MustCompile(`^\[ *(\d+)%\]`)

// logged runs a command with its output in the log, and its percentages passed on.
func (f *Fetcher) logged(ctx context.Context, logFile *os.File, task Task, name string, arguments ...string) error {
	command := groupCommand(ctx, name, arguments...)
	reader, writer := io.Pipe()
	command.Stdout, command.Stderr = writer, writer
	read := make(chan struct{})
	go func() {
		defer close(read)
		lines := bufio.NewReader(io.TeeReader(reader, logFile))
		for {
			line, err := lines.ReadBytes('\n')
			if match := percentLine.FindSubmatch(line); match != nil {
				percent, _ := strconv.ParseInt(string(match[1]), 10, 64)
				task.Set(percent)
			}
			if err != nil {
				return
			}
		}
	}()
	err := command.Run()
	writer.Close()
	<-read
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("%s failed (%w): %s; the whole log is in %s", name, err, complaint(logFile.Name()), logFile.Name())
	}
	return nil
}

// complaint finds the first line of a build log that names an error.
func complaint(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	for line := range bytes.Lines(content) {
		if bytes.Contains(line, []byte("error:")) || bytes.Contains(line, []byte("CMake Error")) {
			return string(bytes.TrimSpace(line))
		}
	}
	return lastLine(content)
}

func copyFile(from, to string, mode os.FileMode) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	return writeFrom(source, to, mode)
}
