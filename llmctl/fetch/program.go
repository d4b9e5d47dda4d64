package fetch

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"bestbox/llmctl/catalogue"
)

// versionTimeout is far more than printing a version takes, even on a cold disk.
const versionTimeout = 20 * time.Second

// installed accepts a program found on PATH whose version is new enough. Its file stays where it is.
func (f *Fetcher) installed(ctx context.Context, artefact catalogue.Artefact, source catalogue.Source) (Record, error) {
	path, err := exec.LookPath(source.Command)
	if err != nil {
		return Record{}, errAbsent
	}
	if path, err = filepath.Abs(path); err != nil {
		return Record{}, err
	}
	version, err := programVersion(ctx, path, artefact.Version)
	if err != nil {
		return Record{}, err
	}
	found := artefact
	found.Files = []catalogue.File{{Name: filepath.Base(path)}}
	record := Record{Name: artefact.Name, Kind: artefact.Kind, Source: "path", Version: version, Folder: filepath.Dir(path)}
	record.Files, err = describeFiles(record.Folder, found)
	f.say("%s: using %s, version %s", artefact.Name, path, version)
	return record, err
}

// programVersion runs a program with --version and checks what it says.
func programVersion(ctx context.Context, path string, want catalogue.Version) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	command := exec.CommandContext(ctx, path, "--version")
	command.WaitDelay = time.Second
	output, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s --version does not run on this machine: %w: %s", path, err, lastLine(output))
	}
	pattern, err := regexp.Compile(want.Pattern)
	if err != nil {
		return "", err
	}
	match := pattern.FindSubmatch(output)
	if len(match) < 2 {
		return "", fmt.Errorf("%s --version prints no known version: %s", path, lastLine(output))
	}
	if version := string(match[1]); atLeast(version, want.Minimum) {
		return version, nil
	}
	return "", fmt.Errorf("%s is version %s; at least %s is needed", path, match[1], want.Minimum)
}

// atLeast compares dotted numbers.
func atLeast(version, minimum string) bool {
	a, b := strings.Split(version, "."), strings.Split(minimum, ".")
	for i := range max(len(a), len(b)) {
		if x, y := number(a, i), number(b, i); x != y {
			return x > y
		}
	}
	return true
}

func number(parts []string, i int) int {
	if i >= len(parts) {
		return 0
	}
	n, _ := strconv.Atoi(parts[i])
	return n
}

func lastLine(output []byte) string {
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// lookTools finds the programs a source needs; the error names the missing one and how to get it.
func lookTools(names ...string) error {
	var missing []error
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, fmt.Errorf("%s is not installed; install it (Debian, Ubuntu: apt install cmake g++ python3-pip)", name))
		}
	}
	return errors.Join(missing...)
}
