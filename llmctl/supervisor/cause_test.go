package supervisor

import (
	"syscall"
	"testing"
)

func TestCausesAreReadFromRealLogLines(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		log  string
		end  exit
		want Cause
	}{
		{"0.00.1 E srv  start: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 8080", exit{Known: true, Code: 1}, PortTaken},
		{"gguf_init_from_file: failed to open GGUF file 'x.gguf'", exit{Known: true, Code: 1}, MissingModel},
		{"gguf_init_from_file_impl: invalid magic characters: 'this', expected 'GGUF'", exit{Known: true, Code: 1}, CorruptModel},
		{"tensor 'x' data is not within the file bounds, model is corrupted or incomplete", exit{Known: true, Code: 1}, CorruptModel},
		{"error: invalid argument: --no-such-flag", exit{Known: true, Code: 1}, BadFlag},
		{"llama_init: failed to allocate buffer for kv cache", exit{Known: true, Signal: syscall.SIGABRT}, OutOfMemory},
		{"ggml_aligned_malloc: insufficient memory (attempted to allocate  41.96 MB)", exit{Known: true, Signal: syscall.SIGABRT}, OutOfMemory},
		{"ggml_vulkan: Device memory allocation of size 94371840 failed.\nggml_vulkan: vk::Device::allocateMemory: ErrorOutOfDeviceMemory", exit{Known: true, Code: 1}, OutOfMemory},
		{"ggml_vulkan: device lost on Vulkan0\nllama_init_from_model: failed to create_context", exit{Known: true, Code: 1}, DeviceLost},
		{"terminate called after throwing an instance of 'vk::DeviceLostError'", exit{Known: true, Signal: syscall.SIGABRT}, DeviceLost},
		{"HW Exception by GPU node-1 (Agent handle: 0x55) reason :GPU Hang", exit{Known: true, Signal: syscall.SIGABRT}, DeviceLost},
		{"ROCm error: out of memory", exit{Known: true, Signal: syscall.SIGABRT}, OutOfMemory},
		{"error while handling argument \"--device\": invalid device: ROCm0", exit{Known: true, Code: 1}, NoDevice},
		{"all slots are idle", exit{Known: true, Signal: syscall.SIGKILL}, Killed},
		{"all slots are idle", exit{Known: true, Signal: syscall.SIGKILL, OutOfMemory: true}, OutOfMemory},
		{"all slots are idle", exit{}, Unknown},
		{"", exit{Known: true, Code: 3}, Unknown},
	} {
		if got := classify(test.end, test.log); got != test.want {
			t.Errorf("%s (%s): got %s; want %s", test.log, test.end, got, test.want)
		}
	}
}

func FuzzClassifyAlwaysAdvises(f *testing.F) {
	f.Add("couldn't bind HTTP server socket", 1, 0)
	f.Add("\xff\x00", 0, 9)
	f.Fuzz(func(t *testing.T, log string, code, signal int) {
		if cause := classify(exit{Known: true, Code: code, Signal: syscall.Signal(signal)}, log); cause == "" || cause.advice() == "" {
			t.Errorf("cause %q, advice %q", cause, cause.advice())
		}
	})
}
