package machine

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const gib = 1 << 30

func tree(name string) fs.FS { return os.DirFS("testdata/" + name) }

func TestMemoryOfRecordedMachines(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Memory{
		"strix-halo-96g": {Total: 32613120 << 10, Available: 28835840 << 10, GPUs: []GPU{{Card: "card0", Driver: "amdgpu", Vendor: "AMD",
			Name: "AMD 0x1586", VRAMTotal: 96 * gib, VRAMUsed: 612368384, VisibleVRAM: 96 * gib, GTTTotal: 16697917440, GTTUsed: 41943040, Unified: true}}},
		"strix-halo-512m": {Total: 131436544 << 10, Available: 124780544 << 10, GPUs: []GPU{{Card: "card1", Driver: "amdgpu", Vendor: "AMD",
			Name: "AMD 0x1586", VRAMTotal: gib / 2, VRAMUsed: 163577856, VisibleVRAM: gib / 2, GTTTotal: 110 * gib, GTTUsed: 83886080, Unified: true}}},
		"discrete-24g": {Total: 32744448 << 10, Available: 26738688 << 10, GPUs: []GPU{{Card: "card0", Driver: "amdgpu", Vendor: "AMD",
			Name: "AMD 0x744c", VRAMTotal: 25753026560, VRAMUsed: 731906048, VisibleVRAM: 25753026560, GTTTotal: 16764641280, GTTUsed: 62914560}}},
		"intel-8g": {Total: 7864320 << 10, Available: 3251200 << 10, GPUs: []GPU{{Card: "card0", Driver: "i915", Vendor: "Intel",
			Name: "Intel 0x46a6", Unified: true}}},
		"no-gpu": {Total: 24684092 << 10, Available: 24176208 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ReadMemory(tree(name))
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
}

// What the driver's files say decides, whatever the sizes are.
func TestIntegratedGPUsAreToldFromCards(t *testing.T) {
	t.Parallel()
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text + "\n")} }
	for name, test := range map[string]struct {
		files map[string]string
		want  bool
	}{
		"the carve-out can be changed":             {map[string]string{"uma/carveout_options": "0: (512 MB)"}, true},
		"a sensor of the northbridge":              {map[string]string{"hwmon/hwmon7/in1_input": "800"}, true},
		"a sensor of the memory's clock":           {map[string]string{"hwmon/hwmon7/freq2_input": "96000000"}, false},
		"both sensors, as on server accelerators":  {map[string]string{"hwmon/hwmon7/freq2_input": "1", "hwmon/hwmon7/in1_input": "1"}, false},
		"processor and GPU in one topology node":   {map[string]string{"/class/kfd/kfd/topology/nodes/0/properties": "cpu_cores_count 8\nsimd_count 32\ndevice_id 5510"}, true},
		"a topology node of another device":        {map[string]string{"/class/kfd/kfd/topology/nodes/0/properties": "cpu_cores_count 8\nsimd_count 32\ndevice_id 5511"}, false},
		"a topology node with the GPU by itself":   {map[string]string{"/class/kfd/kfd/topology/nodes/1/properties": "cpu_cores_count 0\nsimd_count 32\ndevice_id 5510"}, false},
		"nothing is known: not treated as unified": {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := fstest.MapFS{
				"proc/meminfo": file("MemTotal: 16000000 kB\nMemAvailable: 9000000 kB"), "sys/class/drm/card0/device/vendor": file("0x1002"),
				"sys/class/drm/card0/device/device": file("0x1586"), "sys/class/drm/card0-DP-1/status": file("connected"),
				"sys/class/drm/card9/device/modalias": file("platform:simple-framebuffer"),
			}
			for path, text := range test.files {
				folder := "sys/class/drm/card0/device/"
				if path[0] == '/' {
					folder = "sys"
				}
				root[folder+path] = file(text)
			}
			got, err := ReadMemory(root)
			if err != nil || len(got.GPUs) != 1 || got.GPUs[0].Unified != test.want {
				t.Errorf("%+v, %v; want one GPU, unified: %v", got, err, test.want)
			}
		})
	}
}

func TestMachineWithoutMemoryFiguresIsAnError(t *testing.T) {
	t.Parallel()
	for name, root := range map[string]fs.FS{
		"no file": fstest.MapFS{}, "another form": fstest.MapFS{"proc/meminfo": {Data: []byte("MemTotal: lots\n")}},
	} {
		if got, err := ReadMemory(root); err == nil {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestUsageCountsEachClientOfTheGPUOnce(t *testing.T) {
	t.Parallel()
	const kib = 1 << 10
	server := Usage{Resident: 610000 * kib, Anonymous: 498000 * kib, Peak: 820000 * kib, VRAM: (9437184 + 128) * kib, GTT: (262144 + 64) * kib}
	for name, test := range map[string]struct {
		pids []int
		want Usage
		busy time.Duration
	}{
		"two descriptors of one client": {[]int{100}, server, 1750001000},
		"a child that inherited one": {[]int{100, 101}, Usage{Resident: 618000 * kib, Anonymous: 500000 * kib, Peak: 829000 * kib,
			VRAM: server.VRAM, GTT: server.GTT}, 1750001000},
		"a process that has ended": {[]int{100, 4711}, server, 1750001000},
		"older keys, and numbered regions of another driver": {[]int{200}, Usage{Resident: 650000 * kib, Anonymous: 600000 * kib, Peak: 700000 * kib,
			VRAM: (5242880 + 20*kib) * kib, GTT: (32768 + 192) * kib}, 7000},
		"descriptors hidden": {[]int{300}, Usage{Resident: 650000 * kib, Anonymous: 600000 * kib, Peak: 700000 * kib, Hidden: true}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := UsageOf(tree("processes"), test.pids...)
			if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
			busy, err := EngineBusy(tree("processes"), test.pids...)
			if busy != test.busy || (err != nil) != test.want.Hidden {
				t.Errorf("busy %d, %v; want %d", busy, err, test.busy)
			}
		})
	}
	if got, err := UsageOf(tree("processes"), 4711, 4712); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("processes that are not there: %+v, %v", got, err)
	}
}

// The running kernel's own files have the form that is read.
func TestUsageOfARealProcess(t *testing.T) {
	t.Parallel()
	command := exec.Command("sleep", "60")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	root := os.DirFS("/")
	got, err := UsageOf(root, os.Getpid(), command.Process.Pid)
	if err != nil || got.Anonymous < 1<<20 || got.Resident < got.Anonymous || got.Peak < got.Resident || got.Hidden || got.VRAM != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if busy, err := EngineBusy(root, os.Getpid()); busy != 0 || err != nil {
		t.Errorf("busy %v, %v", busy, err)
	}
	if memory, err := ReadMemory(root); err != nil || memory.Total < memory.Available || memory.Available <= 0 {
		t.Errorf("%+v, %v", memory, err)
	}
}
