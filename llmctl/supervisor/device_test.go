package supervisor

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"bestbox/internal/config"
	"bestbox/internal/programtest"
)

// vulkanSpec runs the Vulkan server on mesa's software device.
func (w *world) vulkanSpec(flags ...string) (spec Spec, cause func(fault string)) {
	w.t.Helper()
	program, environment := programtest.VulkanServer(w.t)
	layer, cause := programtest.VulkanFaults(w.t)
	spec = w.modelSpec(config.Native, "heavy", append([]string{"--device", "Vulkan0", "-ngl", "all"}, flags...)...)
	spec.Argv[0] = program
	spec.Environment = slices.Concat(environment, layer)
	spec.LoadTimeout = 3 * time.Minute // mesa compiles shaders while an empty cache fills
	return spec, cause
}

// A server whose GPU was reset goes on running, says it is well, and answers every request with an error.
func TestServerThatLostItsGPUIsRestarted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	spec, cause := w.vulkanSpec()
	w.start(spec)
	before := w.untilState("heavy", Ready)
	cause(programtest.DeviceLost)
	ask := func() (int, error) {
		response, err := http.Post(spec.Address+"/completion", "application/json", strings.NewReader(`{"prompt":"One, two,","n_predict":2}`))
		if err != nil {
			return 0, err
		}
		return response.StatusCode, response.Body.Close()
	}
	if status, err := ask(); err == nil && status == http.StatusOK {
		t.Fatal("the device still computes")
	}
	cause(programtest.NoFault)
	began := time.Now()
	var seen Snapshot
	w.until("the loss to be noticed", func() bool { seen = w.service("heavy"); return seen.Cause == DeviceLost })
	t.Logf("noticed after %s: %s", time.Since(began), seen.Message)
	w.untilOther("heavy", before.PID)
	if status, err := ask(); err != nil || status != http.StatusOK {
		t.Errorf("after the restart: %d, %v", status, err)
	}
}

func TestDeviceWithoutMemoryIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	spec, cause := w.vulkanSpec()
	cause(programtest.OutOfDeviceMemory)
	w.start(spec)
	if failed := w.untilState("heavy", Failed); failed.Cause != OutOfMemory {
		t.Errorf("got %q: %s\n%s", failed.Cause, failed.Message, strings.Join(failed.Tail, "\n"))
	}
}

func TestDeviceThatIsNotThereIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	spec, _ := w.vulkanSpec("--device", "Vulkan7")
	w.start(spec)
	if failed := w.untilState("heavy", Failed); failed.Cause != NoDevice || failed.Restarts != 0 {
		t.Errorf("got %q after %d restarts: %s\n%s", failed.Cause, failed.Restarts, failed.Message, strings.Join(failed.Tail, "\n"))
	}
}
