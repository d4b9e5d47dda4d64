// Package machine reads what kind of machine this is. It changes nothing, and reads through an fs.FS ("/" of a running system), so that
// machines nobody has at hand can be tested.
package machine

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Memory is what the machine has, in bytes.
type Memory struct {
	// Total is the system's memory. What firmware gave to an integrated GPU (its carve-out, VRAM below) is not part of it.
	Total int64 `json:"total"`
	// Available is what a new program can use without swapping: page cache counts, since the kernel drops it.
	Available int64 `json:"available"`
	GPUs      []GPU `json:"gpus,omitempty"`
}

// GPU is one graphics card of the kernel's DRM subsystem. Sizes are in bytes, and 0 where the driver does not tell them: of all drivers
// only amdgpu publishes them in sysfs.
type GPU struct {
	Card   string `json:"card"`   // card0
	Driver string `json:"driver"` // amdgpu, i915, nvidia
	Vendor string `json:"vendor"` // AMD, Intel, NVIDIA, or the PCI vendor id
	Name   string `json:"name"`   // the product's name where the driver knows it, else the vendor and the PCI device id
	// VRAM is the card's own memory, or the carve-out of an integrated GPU. VisibleVRAM is the part that the processor can address.
	VRAMTotal   int64 `json:"vram_total"`
	VRAMUsed    int64 `json:"vram_used"`
	VisibleVRAM int64 `json:"visible_vram"`
	// GTT is system memory that the GPU may map; GTTTotal is a limit, nothing that is set aside.
	GTTTotal int64 `json:"gtt_total"`
	GTTUsed  int64 `json:"gtt_used"`
	// Unified says that the GPU has no memory of its own: VRAM and GTT are the same chips as the system's memory.
	Unified bool `json:"unified"`
}

// PCI vendor ids as sysfs prints them.
const (
	amdVendor    = "0x1002"
	nvidiaVendor = "0x10de"
	intelVendor  = "0x8086"
)

var vendorNames = map[string]string{amdVendor: "AMD", nvidiaVendor: "NVIDIA", intelVendor: "Intel"}

// ReadMemory reads /proc/meminfo and /sys/class/drm. A machine without a GPU has none in the result.
func ReadMemory(root fs.FS) (Memory, error) {
	content, err := fs.ReadFile(root, "proc/meminfo")
	if err != nil {
		return Memory{}, fmt.Errorf("reading the machine's memory: %w", err)
	}
	values := kibibytes(content)
	m := Memory{Total: values["MemTotal"], Available: values["MemAvailable"]}
	if m.Total == 0 {
		return Memory{}, errors.New("reading the machine's memory: /proc/meminfo has no MemTotal")
	}
	m.GPUs = readGPUs(root)
	return m, nil
}

// kibibytes reads lines "Name:   123 kB" of /proc/meminfo and /proc/PID/status. Lines of other forms are left out.
func kibibytes(content []byte) map[string]int64 {
	values := map[string]int64{}
	for line := range strings.Lines(string(content)) {
		name, rest, _ := strings.Cut(line, ":")
		number, unit, _ := strings.Cut(strings.TrimSpace(rest), " ")
		if n, err := strconv.ParseInt(number, 10, 64); err == nil && unit == "kB" {
			values[name] = n << 10
		}
	}
	return values
}

// cardFolder leaves out the connectors (card0-DP-1) and render nodes of the same class.
var cardFolder = regexp.MustCompile(`^card[0-9]+$`)

func readGPUs(root fs.FS) []GPU {
	entries, err := fs.ReadDir(root, "sys/class/drm")
	if err != nil {
		return nil // no DRM subsystem, as in most containers
	}
	var gpus []GPU
	for _, entry := range entries {
		if cardFolder.MatchString(entry.Name()) {
			if gpu, ok := readGPU(root, entry.Name()); ok {
				gpus = append(gpus, gpu)
			}
		}
	}
	slices.SortFunc(gpus, func(a, b GPU) int { return strings.Compare(a.Card, b.Card) })
	return gpus
}

// readGPU reads one card; ok is false for what is no PCI device (a virtual or simple frame buffer computes nothing).
func readGPU(root fs.FS, card string) (gpu GPU, ok bool) {
	device := path.Join("sys/class/drm", card, "device")
	vendor := readText(root, device, "vendor")
	if vendor == "" {
		return GPU{}, false
	}
	gpu = GPU{
		Card: card, Driver: uevent(root, device, "DRIVER"), Vendor: orDefault(vendorNames[vendor], vendor),
		// Documentation/gpu/amdgpu/driver-misc.rst, "GPU Memory Usage Information".
		VRAMTotal:   readBytes(root, device, "mem_info_vram_total"),
		VRAMUsed:    readBytes(root, device, "mem_info_vram_used"),
		VisibleVRAM: readBytes(root, device, "mem_info_vis_vram_total"),
		GTTTotal:    readBytes(root, device, "mem_info_gtt_total"),
		GTTUsed:     readBytes(root, device, "mem_info_gtt_used"),
	}
	// product_name exists "on certain cards" only (driver-misc.rst).
	gpu.Name = orDefault(readText(root, device, "product_name"), gpu.Vendor+" "+readText(root, device, "device"))
	switch vendor {
	case amdVendor:
		gpu.Unified = amdUnified(root, device)
	case intelVendor:
		// Intel's integrated GPU is always device 02.0 of the first bus; a discrete one sits behind a bridge.
		gpu.Unified = strings.HasSuffix(uevent(root, device, "PCI_SLOT_NAME"), ":00:02.0")
	}
	return gpu, true
}

// amdUnified tells an APU from a discrete card. Sysfs has no file that says so; these follow from the driver's documentation:
//
//   - uma/carveout_options changes the carve-out (Documentation/gpu/amdgpu/driver-misc.rst, "UMA Carveout"); made for APUs only, and
//     only where the firmware can do it;
//   - a sensor of the northbridge's voltage is on APUs only, one of the memory's clock on discrete cards only
//     (Documentation/gpu/amdgpu/thermal.rst, "HWMON Interfaces": in1_input, freq2_input);
//   - on kernels that knew integrated GPUs to ROCm as such, one topology node has both processor cores and SIMD units.
//
// The carve-out's size tells nothing: it is 512 MB or 96 GB on the same machine.
func amdUnified(root fs.FS, device string) bool {
	if exists(root, device, "uma/carveout_options") {
		return true
	}
	monitors, _ := fs.Glob(root, path.Join(device, "hwmon/hwmon[0-9]*"))
	for _, monitor := range monitors {
		switch {
		case exists(root, monitor, "freq2_input"):
			return false
		case exists(root, monitor, "in1_input"):
			return true
		}
	}
	return sharedTopologyNode(root, device)
}

// sharedTopologyNode looks for the card's node in ROCm's view of the machine (/sys/class/kfd), by its PCI device id.
func sharedTopologyNode(root fs.FS, device string) bool {
	id, err := strconv.ParseUint(readText(root, device, "device"), 0, 32)
	if err != nil {
		return false
	}
	nodes, _ := fs.Glob(root, "sys/class/kfd/kfd/topology/nodes/*/properties")
	for _, node := range nodes {
		content, _ := fs.ReadFile(root, node)
		values := map[string]uint64{}
		for line := range strings.Lines(string(content)) {
			name, number, _ := strings.Cut(strings.TrimSpace(line), " ")
			values[name], _ = strconv.ParseUint(number, 10, 64)
		}
		if values["device_id"] == id && values["cpu_cores_count"] > 0 && values["simd_count"] > 0 {
			return true
		}
	}
	return false
}

// uevent reads one value of a device's uevent file, which has what is otherwise told by links (an fs.FS need not follow them).
func uevent(root fs.FS, device, name string) string {
	content, err := fs.ReadFile(root, path.Join(device, "uevent"))
	if err != nil {
		return ""
	}
	lines := bufio.NewScanner(bytes.NewReader(content))
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), name+"="); ok {
			return value
		}
	}
	return ""
}

func exists(root fs.FS, elements ...string) bool {
	_, err := fs.Stat(root, path.Join(elements...))
	return err == nil
}

func readText(root fs.FS, elements ...string) string {
	content, err := fs.ReadFile(root, path.Join(elements...))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}

func readBytes(root fs.FS, elements ...string) int64 {
	number, _ := strconv.ParseInt(readText(root, elements...), 10, 64)
	return number
}

func orDefault(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
