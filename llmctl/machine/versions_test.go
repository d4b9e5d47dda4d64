package machine

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"
)

func file(content string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(content + "\n")} }

// strixHalo is a machine composed from what the kernel's documentation and reports of its owners say; none was at hand.
func strixHalo() fstest.MapFS {
	device := &fstest.MapFile{Mode: fs.ModeDevice | 0o660, Sys: &syscall.Stat_t{Gid: 992}}
	return fstest.MapFS{
		"proc/sys/kernel/osrelease": file("6.17.0-19-generic"),
		"etc/os-release":            file("NAME=\"Ubuntu\"\nVERSION_ID=\"24.04\"\nID=ubuntu"),
		"etc/group":                 file("root:x:0:\nvideo:x:44:anna\nrender:x:992:anna\nusers:x:100:"),
		"sys/module/amdgpu/parameters/lockup_timeout":          file(""),
		"sys/module/amdgpu/parameters/gttsize":                 file("-1"),
		"sys/module/ttm/parameters/pages_limit":                file("26214400"),
		"sys/class/drm/card0/device/vendor":                    file("0x8086"),
		"sys/class/drm/card1/device/vendor":                    file("0x1002"),
		"sys/class/drm/card1/device/device":                    file("0x1586"),
		"sys/class/drm/card1/device/fw_version/mes_fw_version": file("0x00000080"),
		"sys/class/drm/card1/device/drm/renderD128/dev":        file("226:128"),
		"sys/class/drm/card1-HDMI-A-1/status":                  file("connected"),
		"sys/class/kfd/kfd/topology/nodes/0/properties":        file("cpu_cores_count 32\nsimd_count 0\ndrm_render_minor 0"),
		"sys/class/kfd/kfd/topology/nodes/1/properties":        file("simd_count 80\ndevice_id 5510\ngfx_target_version 110501\ndrm_render_minor 128\ncwsr_size 12345678"),
		"sys/class/kfd/kfd/proc/4711/pasid":                    file("32769"),
		"proc/4711/comm":                                       file("llama-server"),
		"dev/kfd":                                              device,
		"dev/dri/renderD128":                                   device,
		"usr/lib/firmware/amdgpu/gc_11_5_1_mes_2.bin.zst":      {ModTime: time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)},
		"usr/share/vulkan/icd.d/radeon_icd.json":               file(`{"ICD": {"library_path": "libvulkan_radeon.so"}, "file_format_version": "1.0.0"}`),
		"usr/share/vulkan/icd.d/broken.json":                   file(`{`),
		"etc/vulkan/icd.d/amd_icd64.json":                      file(`{"ICD": {"library_path": "/usr/lib/amdvlk64.so"}}`),
		"var/lib/dpkg/status": file("Package: linux-firmware\nStatus: install ok installed\nVersion: 20260110-0ubuntu1\n\n" +
			"Package: mesa-vulkan-drivers\nStatus: install ok installed\nVersion: 25.3.1-1ubuntu1\nDescription: drivers\n Version: of nothing\n\n" +
			"Package: amdgpu-dkms\nStatus: deinstall ok config-files\nVersion: 1:6.16\n"),
	}
}

func anna(environment map[string]string) User {
	return User{Environment: func(name string) string { return environment[name] }, Groups: []int{100, 44}, MayUse: func(path string) bool { return path == "/dev/kfd" }}
}

func TestMachineWithStrixHaloIsReadWhole(t *testing.T) {
	t.Parallel()
	got := ReadVersions(strixHalo(), anna(map[string]string{"AMD_VULKAN_ICD": "RADV", "HOME": "/home/anna"}))
	want := Versions{
		Kernel: "6.17.0-19-generic", Distribution: "ubuntu 24.04",
		Graphics: []Graphics{{Card: "card1", Device: "0x1586", Target: "gfx1151", Scheduler: "0x80", SaveAreaExported: true}},
		Amdgpu:   map[string]string{"lockup_timeout": "", "gttsize": "-1"}, PagesLimit: 100 << 30,
		Firmware: "20260110-0ubuntu1", Mesa: "25.3.1-1ubuntu1", FirmwareFile: "2026-01-10", Packages: "dpkg",
		Drivers: []VulkanDriver{{"/etc/vulkan/icd.d/amd_icd64.json", "/usr/lib/amdvlk64.so"}, {"/usr/share/vulkan/icd.d/radeon_icd.json", "libvulkan_radeon.so"}},
		Devices: []DeviceNode{{"/dev/kfd", "render", 992, true}, {"/dev/dri/renderD128", "render", 992, false}},
		Groups:  []string{"video"}, Environment: map[string]string{"AMD_VULKAN_ICD": "RADV"}, Compute: []ComputeProcess{{4711, "llama-server"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %s\nwant %s", asJSON(t, got), asJSON(t, want))
	}
	if !got.Drivers[0].AMDVLK() || got.Drivers[0].RADV() || !got.Drivers[1].RADV() || got.Drivers[1].AMDVLK() {
		t.Error("the drivers were taken for each other")
	}
	if gpu, ok := got.StrixHalo(); !ok || gpu.Card != "card1" {
		t.Errorf("Strix Halo was not recognised: %+v", gpu)
	}
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestMachineThatTellsNothingIsEmpty(t *testing.T) {
	t.Parallel()
	got := ReadVersions(fstest.MapFS{}, anna(nil))
	if want := (Versions{Amdgpu: map[string]string{}, Environment: map[string]string{}}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if _, ok := got.StrixHalo(); ok {
		t.Error("Strix Halo was seen where nothing is")
	}
}

func TestSeparateDriverIsSeenByItsModulesOrItsPackage(t *testing.T) {
	t.Parallel()
	loaded := strixHalo()
	loaded["sys/module/amdttm/parameters/pages_limit"] = file("1048576")
	if got := ReadVersions(loaded, anna(nil)); !got.DriverPackaged || got.PagesLimit != 4<<30 {
		t.Errorf("loaded modules: packaged %t, limit %d", got.DriverPackaged, got.PagesLimit)
	}
	installed := strixHalo()
	installed["var/lib/dpkg/status"] = file("Package: amdgpu-dkms\nStatus: install ok installed\nVersion: 1:6.16\n")
	if got := ReadVersions(installed, anna(nil)); !got.DriverPackaged {
		t.Error("the installed package was not seen")
	}
}

func TestPackagesOfOtherDistributionsAreRead(t *testing.T) {
	t.Parallel()
	arch := fstest.MapFS{}
	for _, name := range []string{"linux-firmware-20251125-2", "linux-firmware-amdgpu-20260110-1", "vulkan-radeon-1:25.3.2-1", "odd"} {
		arch["var/lib/pacman/local/"+name+"/desc"] = file("")
	}
	got := ReadVersions(arch, anna(nil))
	if got.Packages != "pacman" || got.Firmware != "20260110-1" || got.Mesa != "1:25.3.2-1" {
		t.Errorf("Arch: %+v", got)
	}
}

// The program stands in for rpm, which Debian does not use: it prints what rpm prints for the names it is asked about.
func TestVersionsAreAskedOfRPM(t *testing.T) {
	fedora := ReadVersions(fstest.MapFS{"usr/lib/sysimage/rpm/rpmdb.sqlite": file("")}, anna(nil))
	folder := t.TempDir()
	script := "#!/bin/sh\necho 'amd-gpu-firmware 20251125-1.fc43'\necho 'package linux-firmware-amdgpu is not installed'\necho 'mesa-vulkan-drivers 25.3.6-3.fc43'\nexit 1\n"
	if err := os.WriteFile(filepath.Join(folder, "rpm"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	fedora.AskRPM(t.Context())
	if fedora.Firmware != "20251125-1.fc43" || fedora.Mesa != "25.3.6-3.fc43" {
		t.Errorf("got %+v", fedora)
	}
	if err := os.WriteFile(filepath.Join(folder, "rpm"), []byte("#!/bin/sh\nsleep 60\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	fedora.AskRPM(ctx)
	if took := time.Since(began); took > 5*time.Second || fedora.Mesa != "25.3.6-3.fc43" {
		t.Errorf("a hanging rpm: %s, Mesa %q", took, fedora.Mesa)
	}
}

func TestLoaderTakesOnlyTheDriversItIsToldToTake(t *testing.T) {
	t.Parallel()
	for name, variables := range map[string]map[string]string{
		"new name": {"VK_DRIVER_FILES": "/usr/share/vulkan/icd.d/radeon_icd.json:/missing.json", "VK_ICD_FILENAMES": "/etc/vulkan/icd.d/amd_icd64.json"},
		"old name": {"VK_ICD_FILENAMES": "/usr/share/vulkan/icd.d/radeon_icd.json"},
	} {
		if got := ReadVersions(strixHalo(), anna(variables)).Drivers; len(got) != 1 || !got[0].RADV() {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestTargetsAreNamedAsCompilersDo(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{"110501": "gfx1151", "90010": "gfx90a", "120001": "gfx1201", "100302": "gfx1032", "0": "", "": "", "x": ""} {
		if got := target(number); got != want {
			t.Errorf("%s is %q, want %q", number, got, want)
		}
	}
}

func TestThisMachineIsReadWithoutWaiting(t *testing.T) {
	t.Parallel()
	began := time.Now()
	v := ReadVersions(os.DirFS("/"), Self())
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %s", took)
	}
	if !strings.Contains(v.Kernel, ".") {
		t.Errorf("kernel %q", v.Kernel)
	}
}
