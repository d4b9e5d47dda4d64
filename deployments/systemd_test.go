package deployments_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coreos/go-systemd/v22/unit"
)

// unitFile is a unit as the repository has it, with the values of its options by "Section.Name".
type unitFile struct {
	path, manager string // manager: system or user
	text          string
	values        map[string][]string
}

func units(t *testing.T) []unitFile {
	t.Helper()
	paths, err := filepath.Glob("systemd/*/*.service")
	if err != nil || len(paths) != 4 {
		t.Fatalf("%d units, %v", len(paths), err)
	}
	var all []unitFile
	for _, path := range paths {
		text := read(t, path)
		options, err := unit.DeserializeOptions(strings.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		u := unitFile{path: path, manager: filepath.Base(filepath.Dir(path)), text: text, values: map[string][]string{}}
		for _, option := range options {
			u.values[option.Section+"."+option.Name] = append(u.values[option.Section+"."+option.Name], option.Value)
		}
		all = append(all, u)
	}
	return all
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func (u unitFile) value(name string) string { return strings.Join(u.values[name], " ") }

// program is what the unit starts: llmctl or worker.
func (u unitFile) program() string {
	return strings.TrimSuffix(strings.TrimPrefix(filepath.Base(u.path), "bestbox-"), ".service")
}

func TestUnitsPassSystemdsOwnCheck(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not on this machine; the other tests have read the units with a parser only")
	}
	bin := binaries(t)
	for _, u := range units(t) {
		t.Run(u.path, func(t *testing.T) {
			t.Parallel()
			// The check wants the programs to exist, and the units that are named beside it.
			folder := t.TempDir()
			for _, other := range units(t) {
				if other.manager != u.manager {
					continue
				}
				text := strings.NewReplacer("/opt/bestbox/bin", bin, "%h/.local/share/bestbox/bin", bin).Replace(other.text)
				if err := os.WriteFile(filepath.Join(folder, filepath.Base(other.path)), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			check := exec.Command("systemd-analyze", "--"+u.manager, "verify", "--man=no", filepath.Join(folder, filepath.Base(u.path)))
			check.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+t.TempDir())
			output, err := check.CombinedOutput()
			if err != nil || strings.Contains(string(output), folder) { // an unknown option is only said, not failed
				t.Errorf("%v: %s", err, output)
			}
		})
	}
}

func TestUnitsAreHardened(t *testing.T) {
	t.Parallel()
	everywhere := map[string]string{"NoNewPrivileges": "yes", "UMask": "0077", "SystemCallArchitectures": "native", "LockPersonality": "yes",
		"RestrictSUIDSGID": "yes", "KillMode": "mixed", "Restart": "on-failure", "RestartPreventExitStatus": "2"}
	system := map[string]string{"User": "bestbox", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes", "CapabilityBoundingSet": "",
		"StateDirectory": "bestbox", "StateDirectoryMode": "0700"}
	for _, u := range units(t) {
		for name, want := range everywhere {
			if got := u.value("Service." + name); got != want {
				t.Errorf("%s: %s is %q, want %q", u.path, name, got, want)
			}
		}
		if u.manager != "system" {
			continue
		}
		for name, want := range system {
			if got, set := u.values["Service."+name]; !set || strings.Join(got, " ") != want {
				t.Errorf("%s: %s is %q, want %q", u.path, name, got, want)
			}
		}
	}
}

func TestOnlyTheModelServersReachTheGPU(t *testing.T) {
	t.Parallel()
	for _, u := range units(t) {
		if u.manager != "system" {
			continue
		}
		allowed, private := u.values["Service.DeviceAllow"], u.value("Service.PrivateDevices")
		switch u.program() {
		case "llmctl":
			if !slices.Equal(allowed, []string{"char-drm rw", "/dev/kfd rw"}) || private != "" || u.value("Service.SupplementaryGroups") != "video render" {
				t.Errorf("%s: devices %q, private %q", u.path, allowed, private)
			}
		case "worker":
			if len(allowed) > 0 || private != "yes" {
				t.Errorf("%s: devices %q, private %q", u.path, allowed, private)
			}
		}
	}
}
