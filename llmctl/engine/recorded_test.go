package engine

import (
	"errors"
	"flag"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"bestbox/llmctl/engine/enginetest"
)

var update = flag.Bool("update", false, "write the recorded requests anew")

// TestRequestsForAROCmContainer compares what the engine is asked with a recording. The devices and the numeric groups are those of
// llama.cpp's docs/docker.md, "Docker With ROCm". It has not run on a machine with such a GPU.
func TestRequestsForAROCmContainer(t *testing.T) {
	t.Parallel()
	fake := enginetest.NewFakeEngine(t)
	docker, err := ConnectTo(t.Context(), fake.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer docker.Close()
	docker.stat = func(string) (os.FileInfo, error) { return nil, nil } // this machine need not have the devices
	groups, err := GPUGroups(fstest.MapFS{"etc/group": {Data: []byte("root:x:0:\nrender:x:992:\nvideo:x:44:me\n")}})
	if err != nil {
		t.Fatal(err)
	}
	instance, err := docker.Start(t.Context(), Container{
		Name:        "bestbox-light",
		Image:       "ghcr.io/ggml-org/llama.cpp@" + enginetest.Digest,
		Args:        []string{"-m", "/models/model-00001-of-00002.gguf", "--host", "0.0.0.0", "--port", "8080", "-ngl", "all"},
		Environment: []string{"ROCBLAS_USE_HIPBLASLT=1"},
		Labels:      map[string]string{"bestbox.service": "light"},
		Mounts:      []Mount{{Host: "/var/cache/bestbox/models/model", Inside: "/models"}},
		Writable:    []Mount{{Host: "/var/lib/bestbox/slots", Inside: "/slots"}},
		Devices:     []string{"/dev/kfd", "/dev/dri"},
		Groups:      groups,
		Publish:     []Port{{HostIP: "127.0.0.1", Host: 8081, Inside: 8080}},
		MemoryLimit: 8 << 30,
		User:        "1000:1000",
	})
	if err != nil {
		t.Fatal(err)
	}
	if instance.PID != 4711 || instance.Adopted {
		t.Errorf("got %+v", instance)
	}
	fake.CheckRecording(t, filepath.Join("testdata", "rocm.json"), *update)
}

func TestMissingDeviceSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"/dev/kfd": "amdgpu", "/dev/dri": "driver", "/dev/other": "bestbox.yaml"} {
		err := &DeviceError{Path: path, Err: fs.ErrNotExist}
		if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%v does not say %s", err, want)
		}
	}
}

func TestGPUGroupsAreNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"root:x:0:\nvideo:x:44:\nrender:x:992:a,b\n": {"44", "992"},
		"render:x:109:\nnot:broken\n\nvideoo:x:1:\n": {"109"},
		"": nil,
	} {
		got, err := GPUGroups(fstest.MapFS{"etc/group": {Data: []byte(text)}})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: got %v, %v; want %v", text, got, err, want)
		}
	}
	if _, err := GPUGroups(fstest.MapFS{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without the file: %v", err)
	}
}

func TestEngineThatCannotBeUsedIsExplained(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	abandoned := filepath.Join(folder, "abandoned.sock")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: abandoned})
	if err != nil {
		t.Fatal(err)
	}
	listener.SetUnlinkOnClose(false)
	listener.Close()
	old := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", "1.30") }))
	defer old.Close()
	tests := map[string]string{
		"unix://" + filepath.Join(folder, "none.sock"): "no such socket; install Docker, or start it",
		"unix://" + abandoned:                          "nobody answers; start it",
		strings.Replace(old.URL, "http", "tcp", 1):     "install Docker 19.03 or later",
		"nonsense": "correct DOCKER_HOST",
	}
	closed := filepath.Join(folder, "closed")
	if err := os.MkdirAll(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := net.Listen("unix", filepath.Join(closed, "docker.sock")); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() != 0 { // nothing is forbidden to root
		if err := os.Chmod(closed, 0); err != nil {
			t.Fatal(err)
		}
		tests["unix://"+filepath.Join(closed, "docker.sock")] = "permission denied; join its group"
	}
	for host, want := range tests {
		_, err := ConnectTo(t.Context(), host)
		if _, ok := errors.AsType[*UnavailableError](err); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v; want %s", host, err, want)
		}
	}
}

func TestEngineOfTheDockerContextIsFound(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("DOCKER_CONFIG", folder)
	t.Setenv("DOCKER_CONTEXT", "")
	if got := contextHost(); got != "" {
		t.Errorf("without settings: %q", got)
	}
	// The folder's name is the SHA-256 of "rootless".
	meta := filepath.Join(folder, "contexts", "meta", "12b961af5feb3e9d39f93b2cefb9a1a944f18d02cca0cac2f04f5a982240605f")
	if err := errors.Join(os.WriteFile(filepath.Join(folder, "config.json"), []byte(`{"currentContext":"rootless"}`), 0o600), os.MkdirAll(meta, 0o755),
		os.WriteFile(filepath.Join(meta, "meta.json"), []byte(`{"Name":"rootless","Endpoints":{"docker":{"Host":"unix:///run/user/1000/docker.sock"}}}`), 0o600)); err != nil {
		t.Fatal(err)
	}
	if got := contextHost(); got != "unix:///run/user/1000/docker.sock" {
		t.Errorf("got %q", got)
	}
	t.Setenv("DOCKER_CONTEXT", "default")
	if got := contextHost(); got != "" {
		t.Errorf("the default context: %q", got)
	}
}
