package devices

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What servers have printed: on the machines named, by people who published it, and here (llvmpipe, none).
const (
	strixHaloRADV = "Available devices:\n  Vulkan0: Radeon 8060S Graphics (RADV GFX1151) (91136 MiB, 90974 MiB free)\n"
	// AMDVLK adds nothing to the name.
	strixHaloAMDVLK = "Available devices:\n  Vulkan0: Radeon 8060S Graphics (63395 MiB, 56235 MiB free)\n"
	strixHaloROCm   = "ggml_cuda_init: found 1 ROCm devices:\n  Device 0: AMD Radeon(TM) Graphics, gfx1151 (0x1151), VMM: no, Wave Size: 32\n" +
		"Available devices:\n  ROCm0: AMD Radeon(TM) Graphics (110511 MiB, 110357 MiB free)\n"
	twoGPUs = "WARNING: radv is not a conformant Vulkan implementation, testing use only.\nAvailable devices:\n" +
		"  Vulkan0: AMD Radeon RX 9070 XT (RADV GFX1201) (16304 MiB, 4810 MiB free)\n" +
		"  Vulkan1: AMD Radeon RX 9060 XT (RADV GFX1200) (16304 MiB, 1809 MiB free)\n"
	twoBackends = "Available devices:\n  CUDA0: NVIDIA GeForce RTX 5090 (32149 MiB, 31610 MiB free)\n" +
		"  Vulkan0: llvmpipe (LLVM 17.0.6, 256 bits) (0 MiB, 0 MiB free)\n" +
		"  Vulkan1: AMD Radeon Graphics (RADV GFX1151) (114166 MiB, 113602 MiB free)\n  BLAS: OpenBLAS (0 MiB, 0 MiB free)\n"
	llvmpipe = "Available devices:\n  Vulkan0: llvmpipe (LLVM 15.0.6, 256 bits) (24050 MiB, 24050 MiB free)\n"
	none     = "Available devices:\n  (none)\n"
)

var (
	radv  = Device{ID: "Vulkan0", Kind: "Vulkan", Name: "Radeon 8060S Graphics (RADV GFX1151)", Total: 91136 << 20, Free: 90974 << 20}
	rocm  = Device{ID: "ROCm0", Kind: "ROCm", Name: "AMD Radeon(TM) Graphics", Total: 110511 << 20, Free: 110357 << 20}
	first = Device{ID: "Vulkan0", Kind: "Vulkan", Name: "AMD Radeon RX 9070 XT (RADV GFX1201)", Total: 16304 << 20, Free: 4810 << 20}
	other = Device{ID: "Vulkan1", Kind: "Vulkan", Name: "AMD Radeon RX 9060 XT (RADV GFX1200)", Total: 16304 << 20, Free: 1809 << 20}
	soft  = Device{ID: "Vulkan0", Kind: "Vulkan", Name: "llvmpipe (LLVM 15.0.6, 256 bits)", Total: 24050 << 20, Free: 24050 << 20, Software: true}
)

func TestListsOfServersAreRead(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, output string
		want         []Device
	}{
		{"RADV", strixHaloRADV, []Device{radv}},
		{"AMDVLK", strixHaloAMDVLK, []Device{{ID: "Vulkan0", Kind: "Vulkan", Name: "Radeon 8060S Graphics", Total: 63395 << 20, Free: 56235 << 20}}},
		{"ROCm, after the driver's own lines", strixHaloROCm, []Device{rocm}},
		{"two GPUs, after a warning", twoGPUs, []Device{first, other}},
		{"two backends and a library", twoBackends, []Device{
			{ID: "CUDA0", Kind: "CUDA", Name: "NVIDIA GeForce RTX 5090", Total: 32149 << 20, Free: 31610 << 20},
			{ID: "Vulkan0", Kind: "Vulkan", Name: "llvmpipe (LLVM 17.0.6, 256 bits)", Software: true},
			{ID: "Vulkan1", Kind: "Vulkan", Name: "AMD Radeon Graphics (RADV GFX1151)", Total: 114166 << 20, Free: 113602 << 20},
			{ID: "BLAS", Kind: "BLAS", Name: "OpenBLAS"},
		}},
		{"llvmpipe", llvmpipe, []Device{soft}},
		{"a remote device, whose ID has a colon", "Available devices:\n  RPC[127.0.0.1:50052]: here: a box (1 MiB, 0 MiB free)\n",
			[]Device{{ID: "RPC[127.0.0.1:50052]", Kind: "RPC[127.0.0.1:50052]", Name: "here: a box", Total: 1 << 20}}},
		{"carriage returns", strings.ReplaceAll(strixHaloRADV, "\n", "\r\n"), []Device{radv}},
		{"no device", none, nil},
		{"a list that was cut off", "Available devices:\n  Vulkan0: Radeon 8060S Graphics (91136 MiB, 90", nil},
	} {
		got, err := parse(test.output)
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: got %+v, %v; want %+v", test.name, got, err, test.want)
		}
	}
}

func TestWhatIsNoListIsRefused(t *testing.T) {
	t.Parallel()
	for _, output := range []string{"", "error: invalid argument: --list-devices\n", "see Available devices: none\n",
		"Available devices:\n  Vulkan0: a (99999999999999999999 MiB, 1 MiB free)\n", "Available devices:\n  Vulkan0: a (1 MiB, 9999999999999999 MiB free)\n"} {
		if got, err := parse(output); err == nil {
			t.Errorf("%q: got %+v", output, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, output := range []string{strixHaloRADV, strixHaloAMDVLK, strixHaloROCm, twoGPUs, twoBackends, llvmpipe, none, "", "Available devices:"} {
		f.Add(output)
	}
	f.Fuzz(func(t *testing.T, output string) {
		found, err := parse(output)
		if err != nil && len(found) > 0 {
			t.Errorf("%d devices beside the error %v", len(found), err)
		}
		for _, device := range found {
			if device.ID == "" || strings.ContainsAny(device.ID, " \t\n") || device.Total < 0 || device.Free < 0 || device.Kind != strings.TrimRight(device.ID, "0123456789") {
				t.Errorf("%+v", device)
			}
			again, err := parse("Available devices:\n  " + device.ID + ": " + device.Name + " (" + size(device.Total) + ", " + size(device.Free) + " free)\n")
			if err != nil || !slices.Equal(again, []Device{device}) {
				t.Errorf("%+v is read again as %+v, %v", device, again, err)
			}
		}
	})
}

func size(bytes int64) string { return strconv.FormatInt(bytes>>20, 10) + " MiB" }

func TestDeviceIsChosenAsTheTierWants(t *testing.T) {
	t.Parallel()
	gpu := []string{"--device", "Vulkan0", "-ngl", "all"}
	second := []string{"--device", "Vulkan1", "-ngl", "all"}
	for _, test := range []struct {
		name, wanted string
		allowCPU     bool
		found        []Device
		device       Device
		flags        []string
		says         []string // of the note, or of the error where flags is nil
		refused      bool
	}{
		{name: "nothing wanted", found: []Device{radv}},
		{name: "first of a kind", wanted: "Vulkan", found: []Device{rocm, first, other}, device: first, flags: gpu},
		{name: "one of two by name", wanted: "Vulkan1", found: []Device{first, other}, device: other, flags: second},
		{name: "letters' case", wanted: "rocm", found: []Device{radv, rocm}, device: rocm, flags: []string{"--device", "ROCm0", "-ngl", "all"}},
		{name: "GPU before a software device", wanted: "Vulkan", allowCPU: true, found: []Device{soft, other}, device: other, flags: second},
		{name: "software device by name", wanted: "Vulkan0", found: []Device{soft}, device: soft, flags: gpu},
		{name: "software device for want of a GPU", wanted: "Vulkan", allowCPU: true, found: []Device{soft}, device: soft, flags: gpu,
			says: []string{"no GPU for Vulkan", "llvmpipe", "processor"}},
		{name: "software device is no GPU", wanted: "Vulkan", found: []Device{soft}, refused: true,
			says: []string{"Vulkan0 (llvmpipe (LLVM 15.0.6, 256 bits)), which is the processor", "mesa-vulkan-drivers", "allow_cpu: true"}},
		{name: "none, processor allowed", wanted: "Vulkan", allowCPU: true, flags: onCPU,
			says: []string{"no device Vulkan", "processor", "mesa-vulkan-drivers", "render"}},
		{name: "none", wanted: "ROCm", refused: true, says: []string{"finds none", "ROCm runtime", "render", "video", "allow_cpu: true"}},
		{name: "another of the kind", wanted: "Vulkan2", found: []Device{first, other}, refused: true,
			says: []string{"no device Vulkan2", "Vulkan0 (AMD Radeon RX 9070 XT", "Vulkan1 (", "one of these", "allow_cpu: true"}},
		{name: "another of the kind, processor allowed", wanted: "Vulkan2", allowCPU: true, found: []Device{first}, flags: onCPU,
			says: []string{"no device Vulkan2", "processor", "one of these"}},
		{name: "another kind", wanted: "CUDA", found: []Device{radv}, refused: true, says: []string{"Vulkan0", "driver"}},
	} {
		choice, err := Choose(test.wanted, test.allowCPU, test.found)
		var missing *MissingError
		if errors.As(err, &missing) != test.refused || choice.Device != test.device || !slices.Equal(choice.Flags, test.flags) {
			t.Errorf("%s: got %+v, %v", test.name, choice, err)
			continue
		}
		told := choice.Note
		if err != nil {
			told = err.Error()
		}
		if len(test.says) == 0 && told != "" {
			t.Errorf("%s: says %q, although it is as wanted", test.name, told)
		}
		for _, part := range test.says {
			if !strings.Contains(told, part) {
				t.Errorf("%s: says %q without %q", test.name, told, part)
			}
		}
	}
}

func TestChoiceTellsWhetherTheProcessorWorks(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		wanted string
		found  []Device
		onCPU  bool
	}{
		{"", []Device{radv}, false},
		{"Vulkan", []Device{radv}, false},
		{"Vulkan", []Device{soft}, true},
		{"Vulkan", nil, true},
	} {
		choice, err := Choose(test.wanted, true, test.found)
		if err != nil || choice.OnCPU() != test.onCPU {
			t.Errorf("%q of %v: got %+v, %v", test.wanted, test.found, choice, err)
		}
	}
}

// program writes a shell script, which stands for a server that cannot answer properly.
func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "llama-server")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestServerThatCannotListIsNamedWithItsComplaint(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, program, says string }{
		{"not there", filepath.Join(t.TempDir(), "llama-server"), "no such file"},
		{"library missing", program(t, "echo starting >&2; echo 'libvulkan.so.1: cannot open shared object file' >&2; exit 127"), "libvulkan.so.1: cannot open"},
		{"other program", program(t, "echo hello"), "no list of devices"},
		{"index out of range", program(t, "echo 'ggml_vulkan: Invalid device index 7 in GGML_VK_VISIBLE_DEVICES.' >&2; echo 'Available devices:'; echo '  (none)'"),
			"Invalid device index 7 in GGML_VK_VISIBLE_DEVICES"},
	} {
		if found, err := List(t.Context(), test.program, nil); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got %v, %v; want %q", test.name, found, err, test.says)
		}
	}
}

func TestStuckDriverIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	started := time.Now()
	_, err := list(t.Context(), program(t, "exec sleep 600"), nil, 200*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "stuck driver") {
		t.Errorf("got %v", err)
	}
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
}
