package machine

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"
)

// Usage is the memory that processes hold now, in bytes.
type Usage struct {
	// Resident is all of it in system memory; a model file that is mapped counts, though the kernel may drop its pages at any time.
	Resident int64 `json:"resident"`
	// Anonymous is the part that can only be freed by the process.
	Anonymous int64 `json:"anonymous"`
	// Peak is the most that was ever resident.
	Peak int64 `json:"peak"`
	VRAM int64 `json:"vram"`
	GTT  int64 `json:"gtt"`
	// Hidden says that VRAM and GTT could not be read, since a process belongs to another user (the server in a container does).
	Hidden bool `json:"hidden,omitempty"`
}

// UsageOf adds up what processes hold: one, or the members of a group or a container. Those that have ended meanwhile are left out; when
// none is left, the error is fs.ErrNotExist.
func UsageOf(root fs.FS, pids ...int) (Usage, error) {
	var all Usage
	clients, alive := map[string]client{}, 0
	for _, pid := range pids {
		content, err := fs.ReadFile(root, processPath(pid, "status"))
		if err != nil {
			continue
		}
		alive++
		values := kibibytes(content)
		all.Resident += values["VmRSS"]
		all.Anonymous += values["RssAnon"]
		all.Peak += values["VmHWM"]
		if err := readClients(root, pid, clients); err != nil {
			all.Hidden = true
		}
	}
	if alive == 0 {
		return Usage{}, fmt.Errorf("reading the memory of processes %v: %w", pids, fs.ErrNotExist)
	}
	for _, c := range clients {
		all.VRAM += c.vram
		all.GTT += c.gtt
	}
	return all, nil
}

// EngineBusy returns how long the GPU's engines have worked for these processes so far. A figure that does not grow while a request runs
// on the GPU is a sign of a hang. The kernel allows it to go back for a moment.
func EngineBusy(root fs.FS, pids ...int) (time.Duration, error) {
	clients, failures := map[string]client{}, []error{}
	for _, pid := range pids {
		if err := readClients(root, pid, clients); err != nil {
			failures = append(failures, err)
		}
	}
	var busy time.Duration
	for _, c := range clients {
		busy += c.busy
	}
	if len(failures) == len(pids) {
		return 0, errors.Join(failures...)
	}
	return busy, nil
}

// client is what one open connection to a GPU's driver holds and has used.
type client struct {
	vram, gtt int64
	busy      time.Duration
}

// readClients adds the GPU connections of a process. The format is that of Documentation/gpu/drm-usage-stats.rst: several file
// descriptors of one process, and of processes that inherited them, may belong to one client, and are told by drm-pdev and drm-client-id.
func readClients(root fs.FS, pid int, clients map[string]client) error {
	folder := processPath(pid, "fdinfo")
	entries, err := fs.ReadDir(root, folder)
	if err != nil {
		return fmt.Errorf("reading the GPU connections of process %d: %w", pid, err)
	}
	for _, entry := range entries {
		content, err := fs.ReadFile(root, path.Join(folder, entry.Name()))
		if errors.Is(err, fs.ErrPermission) {
			return err
		}
		if err != nil {
			continue // closed meanwhile
		}
		values := drmValues(string(content))
		if values["drm-driver"] == "" {
			continue
		}
		key := values["drm-pdev"] + "/" + values["drm-client-id"]
		if values["drm-client-id"] == "" {
			key = fmt.Sprint(pid, "/", entry.Name()) // a driver without ids: each descriptor by itself
		}
		clients[key] = client{vram: region(values, "vram"), gtt: region(values, "gtt"), busy: engines(values)}
	}
	return nil
}

// drmValues reads "drm-key: value" lines.
func drmValues(content string) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(content) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.HasPrefix(key, "drm-") {
			values[key] = strings.TrimSpace(value)
		}
	}
	return values
}

// region returns what a client holds in a kind of memory. drm-memory-X is the older name of drm-resident-X; amdgpu prints both.
// A driver may number its regions (xe: vram0, vram1).
func region(values map[string]string, name string) int64 {
	for _, prefix := range []string{"drm-resident-", "drm-memory-"} {
		var sum int64
		found := false
		for key, value := range values {
			if strings.TrimRight(key, "0123456789") == prefix+name {
				sum += drmBytes(value)
				found = true
			}
		}
		if found {
			return sum
		}
	}
	return 0
}

// drmBytes reads "<uint> [KiB|MiB]"; without a unit it is bytes.
func drmBytes(text string) int64 {
	number, unit, _ := strings.Cut(text, " ")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0
	}
	switch strings.TrimSpace(unit) {
	case "KiB":
		return n << 10
	case "MiB":
		return n << 20
	default:
		return n
	}
}

// engines adds up drm-engine-X, in nanoseconds. drm-engine-capacity-X is a count of engines.
func engines(values map[string]string) time.Duration {
	var busy time.Duration
	for key, value := range values {
		number, ok := strings.CutSuffix(value, " ns")
		if !ok || !strings.HasPrefix(key, "drm-engine-") {
			continue
		}
		if n, err := strconv.ParseInt(number, 10, 64); err == nil {
			busy += time.Duration(n)
		}
	}
	return busy
}

func processPath(pid int, name string) string {
	return path.Join("proc", strconv.Itoa(pid), name)
}
