package machine

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Versions is the software below a model server: kernel, driver, firmware, Vulkan, and what the user may open of it. A field that this
// machine does not tell is empty.
type Versions struct {
	// Kernel is the running kernel's release, as `uname -r` prints it. Distribution is ID and VERSION_ID of os-release: "ubuntu 24.04".
	Kernel       string `json:"kernel"`
	Distribution string `json:"distribution,omitempty"`
	// Graphics are the AMD GPUs.
	Graphics []Graphics `json:"graphics,omitempty"`
	// Amdgpu are parameters of the kernel's module that are known to matter, by name; an empty value is the module's default.
	Amdgpu map[string]string `json:"amdgpu,omitempty"`
	// DriverPackaged says that amdgpu is not the kernel's own but AMD's separate one (amdgpu-dkms).
	DriverPackaged bool `json:"driver_packaged,omitempty"`
	// PagesLimit is how much memory, in bytes, all GPUs together may map (the module ttm's parameter pages_limit); 0: unknown.
	PagesLimit int64 `json:"ttm_pages_limit_bytes,omitempty"`
	// Firmware and Mesa are package versions.
	Firmware string `json:"firmware,omitempty"`
	Mesa     string `json:"mesa,omitempty"`
	// FirmwareFile is the day of the GPU's scheduler firmware on the disk, where packages keep the publisher's times.
	FirmwareFile string `json:"firmware_file,omitempty"`
	// Packages says which package database was read: dpkg, pacman, rpm (see AskRPM), or none.
	Packages string `json:"packages,omitempty"`
	// Drivers are the Vulkan drivers that the loader would find.
	Drivers []VulkanDriver `json:"vulkan_drivers,omitempty"`
	// Devices are /dev/kfd and /dev/dri/renderD*.
	Devices []DeviceNode `json:"devices,omitempty"`
	// Groups are the user's, of those that GPUs belong to (video, render).
	Groups []string `json:"groups,omitempty"`
	// Environment are the variables that steer ROCm and Vulkan, where they are set.
	Environment map[string]string `json:"environment,omitempty"`
	// Compute are the processes that use a GPU through ROCm's interface (/dev/kfd), whoever they belong to.
	Compute []ComputeProcess `json:"compute,omitempty"`
}

// Graphics is an AMD GPU.
type Graphics struct {
	// Card is the name in /sys/class/drm. Device is the PCI id: 0x1586 is Strix Halo's.
	Card   string `json:"card"`
	Device string `json:"device"`
	// Target is the architecture as compilers name it, such as gfx1151; empty where the compute driver does not list the GPU.
	Target string `json:"target,omitempty"`
	// Scheduler is the version of the scheduler's firmware (MES) that the GPU runs, such as 0x80.
	Scheduler string `json:"scheduler_firmware,omitempty"`
	// SaveAreaExported says that the kernel tells ROCm how large a wave's save area is (cwsr_size).
	SaveAreaExported bool `json:"cwsr_size_exported"`
}

// strixHaloDevice is the one PCI id of Radeon 8060S, 8050S and 8040S.
const strixHaloDevice = "0x1586"

// StrixHalo tells whether the GPU is one of AMD Strix Halo.
func (g Graphics) StrixHalo() bool { return g.Target == "gfx1151" || g.Device == strixHaloDevice }

// StrixHalo returns the first GPU of AMD Strix Halo.
func (v Versions) StrixHalo() (Graphics, bool) {
	i := slices.IndexFunc(v.Graphics, Graphics.StrixHalo)
	if i < 0 {
		return Graphics{}, false
	}
	return v.Graphics[i], true
}

// VulkanDriver is a driver's entry for the Vulkan loader.
type VulkanDriver struct {
	File    string `json:"file"`
	Library string `json:"library"`
}

// RADV is Mesa's driver for AMD GPUs.
func (d VulkanDriver) RADV() bool { return strings.Contains(path.Base(d.Library), "vulkan_radeon") }

// AMDVLK is AMD's own driver, open or closed, which is discontinued.
func (d VulkanDriver) AMDVLK() bool { return strings.HasPrefix(path.Base(d.Library), "amdvlk") }

// DeviceNode is a file of a GPU in /dev.
type DeviceNode struct {
	Path string `json:"path"`
	// Group owns the file: its name where /etc/group has one, and its number, which containers need.
	Group string `json:"group"`
	GID   uint32 `json:"gid"`
	// Usable says that this user may read and write it.
	Usable bool `json:"usable"`
}

// ComputeProcess is a process that has opened /dev/kfd.
type ComputeProcess struct {
	PID     int    `json:"pid"`
	Command string `json:"command"`
}

// User is who looks: the machine answers differently to different users.
type User struct {
	// Environment returns a variable's value, or nothing.
	Environment func(name string) string
	// Groups are the numbers of the user's groups.
	Groups []int
	// MayUse tells whether the user may read and write a file in /dev. It is a question to the kernel since desktops grant GPUs by
	// access lists, which a file's mode does not show.
	MayUse func(path string) bool
}

// Self is the user of this process.
func Self() User {
	groups, _ := os.Getgroups()
	return User{Environment: os.Getenv, Groups: append(groups, os.Getegid()), MayUse: func(path string) bool {
		return unix.Faccessat(unix.AT_FDCWD, path, unix.R_OK|unix.W_OK, unix.AT_EACCESS) == nil
	}}
}

// steering are the variables that change which GPU or driver a server uses, or how.
var steering = []string{
	"HSA_OVERRIDE_GFX_VERSION", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "GGML_CUDA_ENABLE_UNIFIED_MEMORY",
	"AMD_VULKAN_ICD", "VK_DRIVER_FILES", "VK_ICD_FILENAMES", "VK_LOADER_DRIVERS_SELECT", "VK_LOADER_DRIVERS_DISABLE", "GGML_VK_VISIBLE_DEVICES",
}

// ReadVersions reads the machine whose file system is root ("/" of a running system). It starts no program.
func ReadVersions(root fs.FS, user User) Versions {
	tree := versionTree{root}
	v := Versions{
		Kernel: tree.text("proc/sys/kernel/osrelease"), Distribution: tree.distribution(), Graphics: tree.graphics(),
		Amdgpu: tree.parameters("amdgpu", "lockup_timeout", "gttsize", "cwsr_enable", "mes"), PagesLimit: tree.pagesLimit(),
		FirmwareFile: tree.firmwareFile(), Drivers: tree.drivers(user), Devices: tree.devices(user), Compute: tree.compute(),
		Environment: map[string]string{},
	}
	// AMD's separate driver brings modules that the kernel's own has not.
	v.DriverPackaged = tree.exists("sys/module/amdkcl") || tree.exists("sys/module/amdttm")
	tree.packages(&v)
	for _, name := range steering {
		if value := user.Environment(name); value != "" {
			v.Environment[name] = value
		}
	}
	for name, gid := range tree.groups() {
		if (name == "video" || name == "render") && slices.Contains(user.Groups, gid) {
			v.Groups = append(v.Groups, name)
		}
	}
	slices.Sort(v.Groups)
	return v
}

// versionTree reads small files; what is missing reads as nothing.
type versionTree struct{ fs.FS }

func (t versionTree) text(name string) string {
	content, err := fs.ReadFile(t.FS, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}

func (t versionTree) exists(name string) bool {
	_, err := fs.Stat(t.FS, name)
	return err == nil
}

func (t versionTree) names(pattern string) []string {
	names, _ := fs.Glob(t.FS, pattern) // the patterns are written here and well formed
	return names
}

func (t versionTree) parameters(module string, names ...string) map[string]string {
	found := map[string]string{}
	for _, name := range names {
		if file := "sys/module/" + module + "/parameters/" + name; t.exists(file) {
			found[name] = t.text(file)
		}
	}
	return found
}

// pagesLimit reads the limit of the kernel's module, or of the one that AMD's separate driver brings and uses instead.
func (t versionTree) pagesLimit() int64 {
	for _, module := range []string{"amdttm", "ttm"} {
		if pages, err := strconv.ParseInt(t.text("sys/module/"+module+"/parameters/pages_limit"), 10, 64); err == nil {
			return pages * 4096
		}
	}
	return 0
}

// distribution reads ID and VERSION_ID of os-release.
func (t versionTree) distribution() string {
	var id, version string
	for line := range strings.Lines(t.text("etc/os-release")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch value = strings.Trim(value, `"'`); name {
		case "ID":
			id = value
		case "VERSION_ID":
			version = value
		}
	}
	return strings.TrimSpace(id + " " + version)
}

// graphics lists AMD's GPUs of the display driver, with what the compute driver says of each. The render node is what both know.
func (t versionTree) graphics() []Graphics {
	compute := map[string]map[string]string{}
	for _, file := range t.names("sys/class/kfd/kfd/topology/nodes/*/properties") {
		properties := map[string]string{}
		for line := range strings.Lines(t.text(file)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			properties[name] = value
		}
		compute["renderD"+properties["drm_render_minor"]] = properties
	}
	var all []Graphics
	for _, device := range t.names("sys/class/drm/card[0-9]*/device") {
		if t.text(device+"/vendor") != "0x1002" {
			continue
		}
		g := Graphics{Card: path.Base(path.Dir(device)), Device: t.text(device + "/device"), Scheduler: shortHex(t.text(device + "/fw_version/mes_fw_version"))}
		for _, node := range t.names(device + "/drm/renderD*") {
			properties := compute[path.Base(node)]
			g.Target = target(properties["gfx_target_version"])
			_, g.SaveAreaExported = properties["cwsr_size"]
		}
		all = append(all, g)
	}
	return all
}

// target turns the compute driver's number into a compiler's name: 110501 is gfx1151, 90010 is gfx90a.
func target(version string) string {
	number, err := strconv.Atoi(version)
	if err != nil || number == 0 {
		return ""
	}
	return "gfx" + strconv.Itoa(number/10000) + strconv.Itoa(number/100%100) + strconv.FormatInt(int64(number%100), 16)
}

// shortHex drops the zeros that sysfs prints: 0x00000080 is 0x80.
func shortHex(text string) string {
	number, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		return ""
	}
	return "0x" + strconv.FormatUint(number, 16)
}

// firmwareFile returns the day of the firmware that schedules Strix Halo's compute queues.
func (t versionTree) firmwareFile() string {
	for _, folder := range []string{"usr/lib/firmware/updates", "lib/firmware/updates", "usr/lib/firmware", "lib/firmware"} {
		for _, file := range t.names(folder + "/amdgpu/gc_11_5_1_mes_2.bin*") {
			if info, err := fs.Stat(t.FS, file); err == nil {
				return info.ModTime().UTC().Format(time.DateOnly)
			}
		}
	}
	return ""
}

// firmwarePackages and mesaPackages are the names in the distributions, the more special ones first.
var (
	firmwarePackages = []string{"amd-gpu-firmware", "linux-firmware-amdgpu", "firmware-amd-graphics", "linux-firmware"}
	mesaPackages     = []string{"mesa-vulkan-drivers", "vulkan-radeon"}
)

// packages reads what the package database says.
func (t versionTree) packages(v *Versions) {
	installed := map[string]string{}
	switch {
	case t.exists("var/lib/dpkg/status"):
		v.Packages, installed = "dpkg", t.dpkg()
	case t.exists("var/lib/pacman/local"):
		v.Packages, installed = "pacman", t.pacman()
	case t.exists("usr/lib/sysimage/rpm"), t.exists("var/lib/rpm"):
		v.Packages = "rpm"
	}
	v.apply(installed)
}

func (v *Versions) apply(installed map[string]string) {
	for _, name := range slices.Backward(firmwarePackages) {
		if version := installed[name]; version != "" {
			v.Firmware = version
		}
	}
	for _, name := range mesaPackages {
		if version := installed[name]; version != "" {
			v.Mesa = version
		}
	}
	if installed["amdgpu-dkms"] != "" {
		v.DriverPackaged = true
	}
}

// dpkg reads the versions of installed packages from the status file: paragraphs of "Name: value" lines.
func (t versionTree) dpkg() map[string]string {
	file, err := t.Open("var/lib/dpkg/status")
	if err != nil {
		return nil
	}
	defer file.Close()
	found, name, installed := map[string]string{}, "", false
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		key, value, _ := bytes.Cut(lines.Bytes(), []byte(": "))
		switch string(key) {
		case "Package":
			name, installed = string(value), false
		case "Status":
			installed = bytes.HasSuffix(value, []byte(" installed"))
		case "Version":
			if installed {
				found[name] = string(value)
			}
		}
	}
	return found
}

// pacman reads the names of the folders in its database: name-version-release.
func (t versionTree) pacman() map[string]string {
	found := map[string]string{}
	for _, folder := range t.names("var/lib/pacman/local/*") {
		parts := strings.Split(path.Base(folder), "-")
		if len(parts) > 2 {
			found[strings.Join(parts[:len(parts)-2], "-")] = strings.Join(parts[len(parts)-2:], "-")
		}
	}
	return found
}

// AskRPM fills Firmware and Mesa where the package database is rpm's, whose files only its own program reads. Nothing is changed when it
// does not answer before ctx ends.
func (v *Versions) AskRPM(ctx context.Context) {
	if v.Packages != "rpm" {
		return
	}
	names := slices.Concat(firmwarePackages, mesaPackages, []string{"amdgpu-dkms"})
	command := exec.CommandContext(ctx, "rpm", append([]string{"-q", "--qf", `%{NAME} %{VERSION}-%{RELEASE}\n`}, names...)...)
	command.WaitDelay = 50 * time.Millisecond
	output, _ := command.Output() // it ends with 1 where a package is not installed, and says so in a line of another form
	installed := map[string]string{}
	for line := range strings.Lines(string(output)) {
		if fields := strings.Fields(line); len(fields) == 2 {
			installed[fields[0]] = fields[1]
		}
	}
	v.apply(installed)
}

// drivers reads the folders that the Vulkan loader looks into, or the files it was told to take instead.
func (t versionTree) drivers(user User) []VulkanDriver {
	var files []string
	for _, folder := range []string{"etc/vulkan/icd.d", "usr/local/share/vulkan/icd.d", "usr/share/vulkan/icd.d"} {
		files = append(files, t.names(folder+"/*.json")...)
	}
	told := user.Environment("VK_DRIVER_FILES")
	if told == "" {
		told = user.Environment("VK_ICD_FILENAMES") // the older name, which the newer one overrules
	}
	if told != "" {
		files = nil
		for file := range strings.SplitSeq(told, ":") {
			files = append(files, strings.TrimPrefix(path.Clean(file), "/"))
		}
	}
	var all []VulkanDriver
	for _, file := range files {
		var entry struct {
			ICD struct {
				Library string `json:"library_path"`
			}
		}
		if json.Unmarshal([]byte(t.text(file)), &entry) == nil && entry.ICD.Library != "" {
			all = append(all, VulkanDriver{File: "/" + file, Library: entry.ICD.Library})
		}
	}
	return all
}

func (t versionTree) devices(user User) []DeviceNode {
	names := map[uint32]string{}
	for name, gid := range t.groups() {
		names[uint32(gid)] = name //nolint:gosec // a group's number has 32 bits
	}
	var all []DeviceNode
	for _, file := range append(t.names("dev/kfd"), t.names("dev/dri/renderD*")...) {
		node := DeviceNode{Path: "/" + file, Usable: user.MayUse("/" + file)}
		if info, err := fs.Stat(t.FS, file); err == nil {
			if system, ok := info.Sys().(*syscall.Stat_t); ok {
				node.GID, node.Group = system.Gid, names[system.Gid]
			}
		}
		all = append(all, node)
	}
	return all
}

// groups reads /etc/group.
func (t versionTree) groups() map[string]int {
	found := map[string]int{}
	for line := range strings.Lines(t.text("etc/group")) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) < 3 {
			continue
		}
		if gid, err := strconv.Atoi(fields[2]); err == nil {
			found[fields[0]] = gid
		}
	}
	return found
}

// compute lists the processes that the compute driver keeps a folder for.
func (t versionTree) compute() []ComputeProcess {
	var all []ComputeProcess
	for _, folder := range t.names("sys/class/kfd/kfd/proc/*") {
		if pid, err := strconv.Atoi(path.Base(folder)); err == nil {
			all = append(all, ComputeProcess{PID: pid, Command: t.text("proc/" + path.Base(folder) + "/comm")})
		}
	}
	return all
}
