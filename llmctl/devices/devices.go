// Package devices finds what a llama-server can compute on and chooses where a tier runs. It asks the server itself, since only the
// server knows which of the machine's devices its own drivers see; for a server inside a container nothing can be asked before it runs.
package devices

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// listTimeout bounds --list-devices. Drivers answer within a second; a stuck one must not hold up the start for ever.
const listTimeout = 30 * time.Second

const mebibyte = 1 << 20

// Device is one entry of the server's list.
type Device struct {
	ID    string `json:"id"`   // as --device wants it: Vulkan0
	Kind  string `json:"kind"` // the ID without its number: Vulkan, ROCm, CUDA
	Name  string `json:"name"`
	Total int64  `json:"total"` // bytes; on unified memory what the driver lets the GPU take of it
	Free  int64  `json:"free"`  // bytes
	// Software says that the device is the processor in disguise: mesa's llvmpipe (also called lavapipe) or SwiftShader.
	Software bool `json:"software,omitempty"`
}

func (d Device) String() string { return fmt.Sprintf("%s (%s)", d.ID, d.Name) }

// List asks a llama-server for its devices. The environment (NAME=value) is added to this program's own, as for the server later: some
// of it decides what is seen, such as GGML_VK_VISIBLE_DEVICES=0, without which software devices stay hidden.
func List(ctx context.Context, program string, environment []string) ([]Device, error) {
	return list(ctx, program, environment, listTimeout)
}

func list(ctx context.Context, program string, environment []string, limit time.Duration) ([]Device, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	command := exec.CommandContext(ctx, program, "--list-devices")
	command.Env = append(os.Environ(), environment...)
	command.WaitDelay = time.Second
	var output, complaints bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaints
	err := command.Run()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, fmt.Errorf("%s --list-devices did not answer within %s, as with a stuck driver (see dmesg): %w", program, limit, ctx.Err())
	}
	if err != nil {
		return nil, fmt.Errorf("%s --list-devices: %w: %s", program, err, lastLine(complaints.String()))
	}
	found, err := parse(output.String())
	if err != nil {
		return nil, fmt.Errorf("%s --list-devices: %w", program, err)
	}
	if refused := invalidIndex.FindString(complaints.String()); len(found) == 0 && refused != "" {
		// The server goes on without Vulkan then, and an empty list would blame the driver.
		return nil, fmt.Errorf("%s; correct that variable, or take it out of the environment", refused)
	}
	return found, nil
}

var (
	entry        = regexp.MustCompile(`^ +(\S+?): (.*) \((\d+) MiB, (\d+) MiB free\)$`)
	invalidIndex = regexp.MustCompile(`(?m)Invalid device index \d+ in GGML_VK_VISIBLE_DEVICES`)
	software     = regexp.MustCompile(`(?i)llvmpipe|lavapipe|swiftshader`)
)

const heading = "Available devices:"

var errNoList = errors.New("it printed no list of devices; is it a llama-server, of build 11434 or later?")

// parse reads the list. Drivers may write before it, and names may hold brackets and colons.
func parse(output string) ([]Device, error) {
	_, list, ok := strings.Cut("\n"+strings.ReplaceAll(output, "\r\n", "\n"), "\n"+heading+"\n")
	if !ok {
		return nil, errNoList
	}
	var found []Device
	for line := range strings.SplitSeq(list, "\n") {
		match := entry.FindStringSubmatch(line)
		if match == nil {
			continue
		}
		total, errTotal := mebibytes(match[3])
		free, errFree := mebibytes(match[4])
		if err := errors.Join(errTotal, errFree); err != nil {
			return nil, fmt.Errorf("its line %q: %w", line, err)
		}
		found = append(found, Device{ID: match[1], Kind: kind(match[1]), Name: match[2], Total: total, Free: free,
			Software: software.MatchString(match[2])})
	}
	return found, nil
}

func mebibytes(digits string) (int64, error) {
	count, err := strconv.ParseInt(digits, 10, 64)
	if err == nil && count > (1<<63-1)/mebibyte {
		err = strconv.ErrRange
	}
	return count * mebibyte, err
}

func kind(id string) string { return strings.TrimRight(id, "0123456789") }

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}
