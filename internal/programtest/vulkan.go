package programtest

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"bestbox/internal/programs"
)

// VulkanServer returns the llama-server that is built for Vulkan, and what its environment needs so that it sees mesa's lavapipe and
// nothing else. Where they are missing the test is skipped, or fails when BESTBOX_TEST_VULKAN is "required".
func VulkanServer(t testing.TB) (program string, environment []string) {
	t.Helper()
	program, err := programs.Artefact("llama-server-vulkan")
	if err != nil {
		missingVulkan(t, "llama-server-vulkan is not in the cache")
	}
	drivers, err := filepath.Glob("/usr/share/vulkan/icd.d/lvp_icd*.json")
	if err != nil || len(drivers) == 0 {
		missingVulkan(t, "mesa's lavapipe is not installed")
	}
	// Servers hide software devices unless an index names them; with one driver only, the index is lavapipe's on every machine.
	return program, []string{"VK_DRIVER_FILES=" + strings.Join(drivers, ":"), "GGML_VK_VISIBLE_DEVICES=0"}
}

func missingVulkan(t testing.TB, why string) {
	t.Helper()
	why = "the Vulkan tier cannot be tested here: " + why + "; scripts/test-vulkan sets it up"
	if os.Getenv("BESTBOX_TEST_VULKAN") == "required" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// Faults that VulkanFaults can cause.
const (
	// DeviceLost is a GPU that was reset: nothing can be computed on it any more by this process.
	DeviceLost = "lost"
	// OutOfDeviceMemory is a GPU without memory to give.
	OutOfDeviceMemory = "memory"
	// NoFault lets new processes, and allocations, go well again.
	NoFault = ""
)

//go:embed testdata/vulkanfault.c
var vulkanFault []byte

// VulkanFaults returns what must be added to a Vulkan program's environment so that cause can make its device fail while it runs. The
// faults come from a Vulkan layer, so the program and its driver are the real ones.
func VulkanFaults(t testing.TB) (environment []string, cause func(fault string)) {
	t.Helper()
	folder := t.TempDir()
	source, library, fault := filepath.Join(folder, "fault.c"), filepath.Join(folder, "fault.so"), filepath.Join(folder, "fault")
	manifest := fmt.Sprintf(`{"file_format_version": "1.2.0", "layer": {"name": "VK_LAYER_BESTBOX_fault", "type": "GLOBAL", "library_path": %q,
		"api_version": "1.4.0", "implementation_version": "1", "description": "fails on demand"}}`, library)
	for path, content := range map[string][]byte{source: vulkanFault, filepath.Join(folder, "fault.json"): []byte(manifest), fault: nil} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if output, err := exec.CommandContext(t.Context(), "cc", "-shared", "-fPIC", "-O1", "-o", library, source).CombinedOutput(); err != nil {
		missingVulkan(t, fmt.Sprintf("the layer that makes devices fail does not compile: %v\n%s", err, output))
	}
	cause = func(kind string) {
		t.Helper()
		// Renamed into place: the layer never reads half a word.
		if err := os.WriteFile(fault+".new", []byte(kind), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(fault+".new", fault); err != nil {
			t.Fatal(err)
		}
	}
	return []string{"VK_LAYER_PATH=" + folder, "VK_INSTANCE_LAYERS=VK_LAYER_BESTBOX_fault", "BESTBOX_VULKAN_FAULT=" + fault}, cause
}
