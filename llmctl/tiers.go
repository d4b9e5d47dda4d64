package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"bestbox/internal/config"
	"bestbox/llmctl/devices"
	"bestbox/llmctl/engine"
	"bestbox/llmctl/fetch"
	"bestbox/llmctl/lockfile"
	"bestbox/llmctl/machine"
	"bestbox/llmctl/supervisor"
	"bestbox/llmctl/verify"
)

// Where a container sees what it needs, and the port its server listens on: the one that the image's own health check asks.
const (
	modelsInside  = "/models"
	slotsInside   = "/slots"
	insidePort    = 8080
	serversDevice = "0" // the first of its kind: a container sees no other way to choose
)

// gpuDevices are what a container needs for each kind of device (docs of ROCm and mesa).
var gpuDevices = map[string][]string{"ROCm": {"/dev/kfd", "/dev/dri"}, "Vulkan": {"/dev/dri"}}

// tierServer is a tier on its way to a spec.
type tierServer struct {
	name          string
	tier          config.Tier
	server, model fetch.Record
	state         string
	// sharing is how many tiers of the profile write on the processor.
	sharing int
}

// onProcessor counts the tiers that write on the processor. Others read for moments, with long pauses, and would take a third of the cores from
// the others for good.
func onProcessor(c *config.Config) (count int) {
	for name, tier := range c.Tiers {
		if tier.Device == "" && config.Writes(name) {
			count++
		}
	}
	return count
}

// threads returns how many threads write and how many read a prompt. A token is written by all threads together, each waiting for the
// slowest: where two servers have more threads than there are cores, both crawl (measured: 1.2 and 2.5 tokens per second instead of 21 and 37 on
// two cores), so the cores are shared out. A prompt is read in larger pieces, for which all cores may be used.
func (t tierServer) threads() (writing, reading int) {
	if t.tier.Threads != 0 {
		return t.tier.Threads, t.tier.Threads
	}
	cores := physicalCores(os.DirFS("/"))
	return max(1, cores/max(1, t.sharing)), cores
}

// tierSpec describes a model server to the supervisor. note is a sentence for the user; empty: nothing special.
func tierSpec(ctx context.Context, t tierServer) (spec supervisor.Spec, note string, err error) {
	spec = supervisor.Spec{
		Name: t.name, Backend: t.tier.Backend, Files: filesOf(t.model), Host: t.tier.Host, Ports: []int{t.tier.Port},
		Ready: t.tier.URL() + "/health", Metrics: t.tier.URL() + "/metrics", Address: t.tier.URL(),
		LoadTimeout: modelLoadTimeout, TermTimeout: modelTermTimeout, MemoryLimit: int64(t.tier.MemoryLimit) << 20,
	}
	slotFiles := filepath.Join(t.state, "slots", t.name)
	if err := os.MkdirAll(slotFiles, 0o700); err != nil {
		return spec, "", err
	}
	var device string
	if t.tier.Backend == config.Docker {
		device, err = t.contain(&spec, slotFiles)
	} else {
		device, note, err = t.native(ctx, &spec, slotFiles)
	}
	if err != nil {
		return spec, "", err
	}
	where := device
	if where == "" {
		where = "processor"
	}
	if t.tier.Backend == config.Docker {
		where = "container, " + where
	}
	spec.About = fmt.Sprintf("%s, %d x %d tokens, %s", t.tier.Model, t.tier.Slots, t.tier.Context, where)
	batch, micro := verify.BatchesOf(spec.Argv)
	spec.Model = &supervisor.Model{
		SHA256: t.model.Files[0].SHA256, Slots: t.tier.Slots, Batch: batch, MicroBatch: micro, Embedding: t.name == config.Embed, Reranking: t.name == config.Rerank, Slotfiles: slotFiles, GPU: computesOnGPU(device),
		Lock: t.lock(spec, device),
	}
	return spec, note, nil
}

// computesOnGPU tells a GPU from the processor. A software device is rare enough to count as one: it only gets more patience.
func computesOnGPU(device string) bool { return device != "" }

// filesOf lists the files of a model.
func filesOf(model fetch.Record) (paths []string) {
	for _, file := range model.Files {
		paths = append(paths, filepath.Join(model.Folder, file.Name))
	}
	return paths
}

// lock is what a verified start of this server is remembered as.
func (t tierServer) lock(spec supervisor.Spec, device string) lockfile.Entry {
	records := map[string]fetch.Record{t.tier.Server: t.server, t.tier.Model: t.model}
	entry := presentEntry(t.tier, records, machine.ReadVersions(os.DirFS("/"), machine.Self()))
	entry.Device, entry.Flags = device, lockfile.Flags(spec.Argv)
	return entry
}

// native describes a process of this machine.
func (t tierServer) native(ctx context.Context, spec *supervisor.Spec, slotFiles string) (device, note string, err error) {
	program := t.server.Path()
	flags, err := knownFlags(ctx, program)
	if err != nil {
		return "", "", err
	}
	var choice devices.Choice
	if t.tier.Device != "" {
		found, err := listDevices(ctx, program, t.tier.Variables())
		if err != nil {
			return "", "", err
		}
		if choice, err = devices.Choose(t.tier.Device, t.tier.AllowCPU, found); err != nil {
			return "", "", fmt.Errorf("%s: %w", t.name, err)
		}
	}
	spec.Argv = append([]string{program, "-m", t.model.Path(), "--host", t.tier.Host, "--port", strconv.Itoa(t.tier.Port)},
		t.arguments(slotFiles, func(flag string) bool { return flags[flag] })...)
	spec.Argv = append(spec.Argv, choice.Flags...) // after the tier's own: the choice wins
	spec.Environment = t.tier.Variables()
	spec.Stamp = stamp(program) + stamp(t.model.Path())
	return choice.Device.ID, choice.Note, nil
}

// deviceLists holds what each program said, since a command asks for its plan and again for the start, and a GPU's driver takes a moment to load.
var deviceLists sync.Map

func listDevices(ctx context.Context, program string, environment []string) ([]devices.Device, error) {
	key := fmt.Sprintf("%q %s %q", program, stamp(program), environment)
	if found, ok := deviceLists.Load(key); ok {
		return found.([]devices.Device), nil
	}
	found, err := devices.List(ctx, program, environment)
	if err == nil {
		deviceLists.Store(key, found)
	}
	return found, err
}

// contain describes a container.
func (t tierServer) contain(spec *supervisor.Spec, slotFiles string) (device string, err error) {
	arguments := []string{"-m", path.Join(modelsInside, t.model.Files[0].Name), "--host", "0.0.0.0", "--port", strconv.Itoa(insidePort)}
	// The image is of a build that is known to have all flags.
	arguments = append(arguments, t.arguments(slotsInside, func(string) bool { return true })...)
	c := &engine.Container{
		Name: supervisor.ContainerName(t.state, t.name), Image: t.server.Image.Reference(),
		Mounts:      []engine.Mount{{Host: t.model.Folder, Inside: modelsInside}},
		Writable:    []engine.Mount{{Host: slotFiles, Inside: slotsInside}},
		Publish:     []engine.Port{{HostIP: publishedAt(t.tier.Host), Host: t.tier.Port, Inside: insidePort}},
		MemoryLimit: spec.MemoryLimit, Environment: append([]string{"GGML_NO_BACKTRACE=1"}, t.tier.Variables()...),
	}
	if t.tier.Device != "" {
		kind := strings.TrimRight(t.tier.Device, "0123456789")
		if device = t.tier.Device; device == kind {
			device = kind + serversDevice
		}
		// Named, so that a server that does not see its GPU ends instead of computing on the processor without a word.
		arguments = append(arguments, "--device", device)
		c.Devices = gpuDevices[kind]
		if c.Groups, err = engine.GPUGroups(os.DirFS("/")); err != nil {
			return "", err
		}
	}
	c.Args = arguments
	spec.Container = c
	spec.Argv = append([]string{"llama-server"}, arguments...) // for the log
	spec.Stamp = stamp(t.model.Path())
	return device, nil
}

// publishedAt is the address of this machine at which a container's port is opened.
func publishedAt(host string) string {
	if net.ParseIP(host) == nil {
		return "127.0.0.1" // localhost
	}
	return host
}

// arguments are those that native servers and containers share.
func (t tierServer) arguments(slotFiles string, known func(flag string) bool) []string {
	writing, reading := t.threads()
	argv := []string{"-c", strconv.Itoa(t.tier.Context * t.tier.Slots), "-np", strconv.Itoa(t.tier.Slots), "-t", strconv.Itoa(writing)}
	if reading != writing {
		argv = append(argv, "-tb", strconv.Itoa(reading))
	}
	kvCache := "--no-kv-unified"
	if !config.Writes(t.name) { // where each slot has its own, vectors change beside other requests (seen with build 11434, a decoder and mean pooling)
		kvCache = "--kv-unified"
	}
	// Builds differ in their flags; these are wanted where they exist.
	for _, wanted := range [][]string{
		{"--alias", t.tier.Model},       // what clients see as the model's name
		{"--offline"},                   // never the network
		{"--jinja"},                     // the model's own chat template
		{"--metrics"},                   // what it does: for the drain, and to tell hung from busy
		{"--slots"},                     // how far each slot is
		{kvCache},                       // -c divides evenly over the slots
		{"--sse-ping-interval", "1"},    // a stop or a lost client is noticed in a second
		{"--slot-save-path", slotFiles}, // fixed prompts outlive a restart
		{"--no-webui"},                  // not used; one thing less that listens to browsers
	} {
		if known(wanted[0]) {
			argv = append(argv, wanted...)
		}
	}
	return append(argv, t.ownFlags()...)
}

// ownFlags are the tier's flags, behind what makes a server that only reads: a text must fit one micro-batch.
func (t tierServer) ownFlags() []string {
	if config.Writes(t.name) {
		return t.tier.Flags
	}
	flags := []string{"--embeddings"}
	if t.name == config.Rerank {
		flags = []string{"--reranking"}
	}
	if !slices.ContainsFunc(t.tier.Flags, func(flag string) bool {
		name, _, _ := strings.Cut(flag, "=")
		return name == "-ub" || name == "--ubatch-size"
	}) {
		size := strconv.Itoa(t.tier.Context)
		flags = append(flags, "-b", size, "-ub", size)
	}
	return append(flags, t.tier.Flags...)
}

var flagName = regexp.MustCompile(`(?m)(?:^|[ ,])(--?[a-z][a-z0-9-]*)`)

// knownFlags reads which flags a server has from its --help.
func knownFlags(ctx context.Context, program string) (map[string]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	output, err := exec.CommandContext(ctx, program, "--help").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s --help: %w", program, err)
	}
	return parseFlags(string(output)), nil
}

func parseFlags(help string) map[string]bool {
	flags := map[string]bool{}
	for _, match := range flagName.FindAllStringSubmatch(help, -1) {
		flags[match[1]] = true
	}
	return flags
}
