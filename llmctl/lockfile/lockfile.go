// Package lockfile keeps the last verified start of each tier: what exactly ran when its answers were last proved right. Whoever starts a
// tier writes it after the proof; `llmctl doctor` compares it with the present. It decides nothing, and never stands in the way of a start.
package lockfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"bestbox/internal/config"
	"bestbox/llmctl/machine"

	"golang.org/x/sys/unix"
)

// Entry is one verified start.
type Entry struct {
	At      time.Time `json:"at"`
	Backend string    `json:"backend"`
	// Device is what the server computed on, as it named it: Vulkan0, ROCm0; empty: the processor.
	Device string `json:"device,omitempty"`
	Server Server `json:"server"`
	// Model is the catalogue name. Files are the SHA-256 of its files by name.
	Model string            `json:"model"`
	Files map[string]string `json:"files"`
	// Flags are the server's arguments without folders of this machine (see Flags). Settings are the tier's of bestbox.yaml (see Settings).
	Flags    []string          `json:"flags"`
	Settings map[string]string `json:"settings"`
	Host     Host              `json:"host"`
	// Answers and Isolation are the verdicts of the two canaries, in their own words. SlotLeaks says that the build mixes texts of
	// different users when requests name slots; nil: not tried.
	Answers   string `json:"answers,omitempty"`
	Isolation string `json:"isolation,omitempty"`
	SlotLeaks *bool  `json:"id_slot_leaks,omitempty"`
	// PromptSpeed was measured at the start, in tokens per second; 0: not measured.
	PromptSpeed float64 `json:"prompt_tokens_per_second,omitempty"`
}

// Server is the program or the image that ran.
type Server struct {
	// Name is the catalogue's. Build is the version that it says of itself, such as 11434.
	Name  string `json:"name"`
	Build string `json:"build,omitempty"`
	// SHA256 is of the program (native). Image is the digest or the id of the image (docker).
	SHA256 string `json:"sha256,omitempty"`
	Image  string `json:"image,omitempty"`
}

// Host is the machine below the server.
type Host struct {
	Kernel   string `json:"kernel,omitempty"`
	Mesa     string `json:"mesa,omitempty"`
	Firmware string `json:"firmware,omitempty"`
	// Scheduler is the firmware that the GPU ran. LockupTimeout is amdgpu's parameter.
	Scheduler     string `json:"scheduler_firmware,omitempty"`
	LockupTimeout string `json:"lockup_timeout,omitempty"`
	// Steering are the variables that change how ROCm and Vulkan work.
	Steering map[string]string `json:"environment,omitempty"`
}

// HostOf takes what is worth comparing from the machine's versions.
func HostOf(v machine.Versions) Host {
	host := Host{Kernel: v.Kernel, Mesa: v.Mesa, Firmware: v.Firmware, LockupTimeout: v.Amdgpu["lockup_timeout"], Steering: v.Environment}
	if len(v.Graphics) > 0 {
		host.Scheduler = v.Graphics[0].Scheduler
	}
	return host
}

// Settings are a tier's values of bestbox.yaml in words, for the comparison.
func Settings(tier config.Tier) map[string]string {
	return map[string]string{
		"slots": strconv.Itoa(tier.Slots), "context": strconv.Itoa(tier.Context), "threads": strconv.Itoa(tier.Threads),
		"device": tier.Device, "memory_limit": strconv.Itoa(tier.MemoryLimit), "flags": strings.Join(tier.Flags, " "),
	}
}

// Flags returns a server's arguments without the program and without folders: what makes it work differently, not where it lies.
func Flags(argv []string) []string {
	if len(argv) == 0 {
		return nil
	}
	flags := slices.Clone(argv[1:])
	for i, flag := range flags {
		name, value, joined := strings.Cut(flag, "=")
		switch {
		case filepath.IsAbs(flag):
			flags[i] = filepath.Base(flag)
		case joined && filepath.IsAbs(value):
			flags[i] = name + "=" + filepath.Base(value)
		}
	}
	return flags
}

// Path returns the file's place in a state directory.
func Path(state string) string { return filepath.Join(state, "verified.json") }

// DamagedError says that the file cannot be read as what it should be.
type DamagedError struct {
	Path string
	Err  error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s is damaged: %v; remove it, the next verified start writes it again", e.Path, e.Err)
}

func (e *DamagedError) Unwrap() error { return e.Err }

// Read returns the entries by tier; none when nothing has been verified yet. A damaged file is a *DamagedError.
func Read(state string) (map[string]Entry, error) {
	content, err := os.ReadFile(Path(state))
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]Entry{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the last verified starts: %w", err)
	}
	var entries map[string]Entry
	if err := json.Unmarshal(content, &entries); err != nil {
		return nil, &DamagedError{Path(state), err}
	}
	if entries == nil { // the JSON value null
		return nil, &DamagedError{Path(state), errors.New("it is empty")}
	}
	return entries, nil
}

// Write puts a tier's entry into the file, in one step that survives a power cut. A damaged file is kept aside as verified.json.damaged, so
// that it does not stand in the way. Tiers are verified side by side, and by llmctl verify: whoever writes holds the folder's lock.
func Write(state, tier string, entry Entry) error {
	folder, err := os.Open(state)
	if err != nil {
		return fmt.Errorf("write the last verified starts: %w", err)
	}
	defer folder.Close() // which gives the lock back
	if err := unix.Flock(int(folder.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("write the last verified starts: lock %s: %w", state, err)
	}
	entries, err := Read(state)
	if _, damaged := errors.AsType[*DamagedError](err); damaged {
		entries, err = map[string]Entry{}, os.Rename(Path(state), Path(state)+".damaged")
	}
	if err != nil {
		return err
	}
	entries[tier] = entry
	content, err := json.MarshalIndent(entries, "", "  ")
	if err != nil {
		return err
	}
	if err := replace(Path(state), append(content, '\n')); err != nil {
		return fmt.Errorf("write the last verified starts: %w", err)
	}
	return nil
}

// replace writes a file beside the old one and moves it there once the disk has it.
func replace(path string, content []byte) (err error) {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temporary.Name()))
		}
	}()
	_, err = temporary.Write(content)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err = os.Rename(temporary.Name(), path); err != nil {
		return err
	}
	if folder, opened := os.Open(filepath.Dir(path)); opened == nil {
		defer folder.Close()
		_ = folder.Sync() // the file is whole either way; a file system that cannot do this loses at most the newest entry
	}
	return nil
}

// Change is one difference between two starts.
type Change struct {
	// What changed, such as "kernel" or "model file x.gguf". Text is the whole sentence.
	What string `json:"what"`
	Text string `json:"text"`
}

// notableSpeed is the difference of speeds that is more than the spread between two starts.
const notableSpeed = 0.1

// Diff says in words what differs between two starts. What one side does not know is not compared.
func Diff(before, now Entry) []Change {
	var all []Change
	say := func(what, text string) { all = append(all, Change{what, text}) }
	value := func(what, old, new string) {
		if old != new && old != "" && new != "" {
			say(what, fmt.Sprintf("%s was %s and is %s", what, short(old), short(new)))
		}
	}
	value("backend", before.Backend, now.Backend)
	value("device", before.Device, now.Device)
	value("server", before.Server.Name, now.Server.Name)
	value("server build", before.Server.Build, now.Server.Build)
	value("server program", before.Server.SHA256, now.Server.SHA256)
	value("image", before.Server.Image, now.Server.Image)
	value("model", before.Model, now.Model)
	if before.Model == now.Model {
		for _, name := range keys(before.Files, now.Files) {
			value("model file "+name, before.Files[name], now.Files[name])
		}
	}
	if before.Settings != nil && now.Settings != nil {
		for _, name := range keys(before.Settings, now.Settings) {
			if old, new := before.Settings[name], now.Settings[name]; old != new {
				say(name, fmt.Sprintf("%s in bestbox.yaml was %s and is %s", name, orNothing(old), orNothing(new)))
			}
		}
	}
	if before.Flags != nil && now.Flags != nil && !slices.Equal(before.Flags, now.Flags) {
		say("flags", fmt.Sprintf("the server's arguments were %q and are %q", strings.Join(before.Flags, " "), strings.Join(now.Flags, " ")))
	}
	value("kernel", before.Host.Kernel, now.Host.Kernel)
	value("Mesa", before.Host.Mesa, now.Host.Mesa)
	value("linux-firmware", before.Host.Firmware, now.Host.Firmware)
	value("GPU scheduler firmware", before.Host.Scheduler, now.Host.Scheduler)
	if before.Host.Kernel != "" && now.Host.Kernel != "" { // both sides have looked, so that nothing is an answer too
		if old, new := before.Host.LockupTimeout, now.Host.LockupTimeout; old != new {
			say("amdgpu.lockup_timeout", fmt.Sprintf("amdgpu.lockup_timeout was %s and is %s", orNothing(old), orNothing(new)))
		}
		for _, name := range keys(before.Host.Steering, now.Host.Steering) {
			if old, new := before.Host.Steering[name], now.Host.Steering[name]; old != new {
				say(name, fmt.Sprintf("%s was %s and is %s", name, orNothing(old), orNothing(new)))
			}
		}
	}
	value("answers", before.Answers, now.Answers)
	value("isolation", before.Isolation, now.Isolation)
	if old, new := before.SlotLeaks, now.SlotLeaks; old != nil && new != nil && *old != *new {
		say("id_slot", fmt.Sprintf("requests that name slots leaking into each other was %t and is %t", *old, *new))
	}
	if old, new := before.PromptSpeed, now.PromptSpeed; old > 0 && new > 0 && math.Abs(new/old-1) > notableSpeed {
		say("prompt speed", fmt.Sprintf("prompt speed was %.0f and is %.0f tokens per second (%+.0f %%)", old, new, (new/old-1)*100))
	}
	return all
}

func keys(a, b map[string]string) []string {
	all := maps.Clone(b)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, a)
	return slices.Sorted(maps.Keys(all))
}

// short cuts hashes, which nobody reads to the end.
func short(text string) string {
	prefix, hash, digest := strings.Cut(text, "sha256:")
	if !digest {
		prefix, hash = "", text
	}
	if len(hash) == 64 && !strings.ContainsFunc(hash, func(r rune) bool { return !strings.ContainsRune("0123456789abcdef", r) }) {
		if digest {
			return prefix + "sha256:" + hash[:12] + "…"
		}
		return hash[:12] + "…"
	}
	return text
}

func orNothing(text string) string {
	if text == "" {
		return "not set"
	}
	return strconv.Quote(text)
}
