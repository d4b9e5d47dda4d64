package config

import (
	"io/fs"
	"strconv"
	"strings"
)

const (
	// amdVendor is AMD's PCI vendor id as sysfs prints it.
	amdVendor = "0x1002"
	// strixHaloMemory is the least memory, in bytes, the GPU must be able to use for the strix-halo profile: both models, their
	// caches and the compute buffers of longer contexts fit well, and no single consumer card has it.
	strixHaloMemory = 64 << 30
)

// Detect names the profile that fits the machine whose file system is root ("/" of a running system): strix-halo where an AMD GPU can
// use at least 64 GiB of memory as one pool, small otherwise.
func Detect(root fs.FS) string {
	cards, _ := fs.Glob(root, "sys/class/drm/card[0-9]*/device")
	for _, card := range cards {
		if readText(root, card+"/vendor") != amdVendor {
			continue
		}
		// The carve-out (VRAM) and the memory mapped on demand (GTT) are two pools; firmware gives most to one of them.
		pool := max(readBytes(root, card+"/mem_info_vram_total"), readBytes(root, card+"/mem_info_gtt_total"))
		if pool >= strixHaloMemory {
			return "strix-halo"
		}
	}
	return "small"
}

func readText(root fs.FS, name string) string {
	content, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}

func readBytes(root fs.FS, name string) int64 {
	number, _ := strconv.ParseInt(readText(root, name), 10, 64)
	return number
}
