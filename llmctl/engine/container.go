package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

const (
	// startTries bounds what a start does when others change the container at the same time.
	startTries = 10
	startPause = 100 * time.Millisecond
	// cleanTimeout is how long the removal of a container that could not be started may take, also after ctx has ended.
	cleanTimeout = 10 * time.Second
	// specLabel holds the hash of the Container that a container was made from.
	specLabel = "bestbox.spec"
)

// Container is everything needed to make a container. Its image's entry point is run.
type Container struct {
	Name string `json:"name"`
	// Image is an image's id or a name with a digest: nothing that can come to mean something else.
	Image       string   `json:"image"`
	Args        []string `json:"args,omitempty"`
	Environment []string `json:"environment,omitempty"`
	// Labels tell our containers from strangers'. There must be some.
	Labels map[string]string `json:"labels"`
	// Mounts cannot be written to from inside; Writable can.
	Mounts   []Mount `json:"mounts,omitempty"`
	Writable []Mount `json:"writable,omitempty"`
	// Devices are paths on the host, such as /dev/kfd and /dev/dri, and the same inside. Groups are the numbers of the groups that may
	// use them (GPUGroups). Both as in llama.cpp's docs/docker.md, "Docker With ROCm".
	Devices []string `json:"devices,omitempty"`
	Groups  []string `json:"groups,omitempty"`
	Publish []Port   `json:"publish,omitempty"`
	// MemoryLimit is in bytes, without swap; 0: none.
	MemoryLimit int64 `json:"memory_limit,omitempty"`
	// User is the user inside, as uid:gid. Empty: the calling user, who can read the mounted files.
	User string `json:"user,omitempty"`
}

// Mount is a file or folder of the host and its path inside.
type Mount struct {
	Host   string `json:"host"`
	Inside string `json:"inside"`
}

// Port is a TCP port inside that can be reached at an address of the host.
type Port struct {
	HostIP string `json:"host_ip"`
	Host   int    `json:"host"`
	Inside int    `json:"inside"`
}

// hash tells whether two containers are the same.
func (c Container) hash() string {
	content, err := json.Marshal(c)
	if err != nil {
		panic(err) // plain data
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// NameError says that a container of the wanted name belongs to somebody else.
type NameError struct{ Name, ID, Image string }

func (e *NameError) Error() string {
	return fmt.Sprintf("a container named %s exists already and was not made by llmctl (id %.12s, image %s); rename it (docker rename %s …) or remove it (docker rm -f %s)",
		e.Name, e.ID, e.Image, e.Name, e.Name)
}

// DeviceError says that a device does not exist on this machine.
type DeviceError struct {
	Path string
	Err  error
}

func (e *DeviceError) Error() string {
	way := "choose a tier without it in bestbox.yaml"
	switch e.Path {
	case "/dev/kfd":
		way = "it is made by the amdgpu driver for GPUs that ROCm can use (see dmesg); without it set backend: native and device: Vulkan"
	case "/dev/dri":
		way = "it is made by the GPU's driver (see dmesg); without it the tier can only run on the processor"
	}
	return fmt.Sprintf("the device %s cannot be used: %v; %s", e.Path, e.Err, way)
}

func (e *DeviceError) Unwrap() error { return e.Err }

// ImageError says that the engine does not hold an image.
type ImageError struct{ Image string }

func (e *ImageError) Error() string {
	return fmt.Sprintf("Docker holds no image %s; load it again: llmctl pull", e.Image)
}

// PortError says that a port of the host is taken. Engine.PublisherOf and the list of processes tell by whom.
type PortError struct {
	Port   int
	Engine string // what the engine said
}

func (e *PortError) Error() string {
	return fmt.Sprintf("port %d is taken: %s", e.Port, e.Engine)
}

// Start makes a container and starts it. There is never a second one: one of that name and those labels that runs is adopted if it was
// made from the same Container; a dead one, or one made from another, is removed first; a paused one goes on. A container that cannot
// be started is removed. Errors: *NameError, *DeviceError, *ImageError, *PortError, *UnavailableError, or what the engine said.
func (e *Engine) Start(ctx context.Context, c Container) (*Instance, error) {
	if len(c.Labels) == 0 {
		return nil, errors.New("a container needs labels, to be told from strangers")
	}
	for range startTries {
		instance, err := e.startOnce(ctx, c)
		if err == nil || !gone(err) {
			return instance, err
		}
		// Made or removed by another at the same time: look again.
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(startPause):
		}
	}
	return nil, fmt.Errorf("the container %s is made and removed by others all the time; see docker events", c.Name)
}

func (e *Engine) startOnce(ctx context.Context, c Container) (*Instance, error) {
	found, ok, err := e.Find(ctx, c.Name, c.Labels)
	if err != nil {
		return nil, err
	}
	if ok && found.spec == c.hash() {
		switch found.State {
		case container.StateRunning:
			found.Adopted = true
			return found, nil
		case container.StatePaused:
			if _, err := e.api.ContainerUnpause(ctx, found.ID, client.ContainerUnpauseOptions{}); err != nil {
				return nil, e.checked(ctx, err)
			}
			found.State, found.Adopted = container.StateRunning, true
			return found, nil
		case container.StateCreated: // by a start that was interrupted, or that is just going on elsewhere
			return e.startCreated(ctx, c, found.ID)
		default: // dead
		}
	}
	if ok {
		if err := found.Remove(ctx); err != nil {
			return nil, err
		}
	}
	for _, path := range c.Devices {
		if _, err := e.stat(path); err != nil {
			return nil, &DeviceError{Path: path, Err: errors.Unwrap(err)}
		}
	}
	id, err := e.create(ctx, c)
	if err != nil {
		return nil, err
	}
	return e.startCreated(ctx, c, id)
}

// outlasting returns a context for what the engine finishes even when its client goes away: only who stays learns what there is to remove.
func outlasting(ctx context.Context) (context.Context, context.CancelFunc) {
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(cleanTimeout, cancel) })
	return lasting, func() { stop(); cancel() }
}

func (e *Engine) create(ctx context.Context, c Container) (string, error) {
	user := c.User
	if user == "" {
		var err error
		if user, err = e.caller(ctx); err != nil {
			return "", err
		}
	}
	options, err := c.options(user)
	if err != nil {
		return "", err
	}
	lasting, done := outlasting(ctx)
	defer done()
	created, err := e.api.ContainerCreate(lasting, options)
	if errdefs.IsNotFound(err) {
		return "", &ImageError{Image: c.Image}
	}
	return created.ID, e.checked(lasting, err)
}

// caller is the user inside who is the calling user outside. In a rootless engine that is root.
func (e *Engine) caller(ctx context.Context) (string, error) {
	info, err := e.api.Info(ctx, client.InfoOptions{})
	if err != nil {
		return "", e.checked(ctx, err)
	}
	if slices.Contains(info.Info.SecurityOptions, "name=rootless") {
		return "0:0", nil
	}
	return fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid()), nil
}

// startCreated starts a container that exists, or removes it. Starting one that runs is no error for the engine.
func (e *Engine) startCreated(ctx context.Context, c Container, id string) (*Instance, error) {
	lasting, done := outlasting(ctx)
	defer done()
	err := ctx.Err()
	if err == nil {
		_, err = e.api.ContainerStart(lasting, id, client.ContainerStartOptions{})
	}
	var instance *Instance
	if err == nil {
		instance, err = e.started(lasting, c)
	}
	if ctx.Err() != nil {
		e.discard(lasting, c)
		return nil, ctx.Err()
	}
	if err == nil || gone(err) {
		return instance, err
	}
	e.discard(lasting, c)
	if port, taken := c.takenPort(err.Error()); taken {
		return nil, &PortError{Port: port, Engine: err.Error()}
	}
	return nil, fmt.Errorf("start container %s: %w", c.Name, e.checked(ctx, err))
}

func (e *Engine) started(ctx context.Context, c Container) (*Instance, error) {
	instance, ok, err := e.Find(ctx, c.Name, c.Labels)
	if err == nil && !ok {
		err = errdefs.ErrNotFound.WithMessage("No such container: " + c.Name)
	}
	return instance, err
}

// gone says that another has removed the container, or is just removing it.
func gone(err error) bool {
	return errdefs.IsConflict(err) || (errdefs.IsNotFound(err) && strings.Contains(err.Error(), "No such container"))
}

// discard removes a container that was made and could not be started, also when ctx has ended: by Ctrl-C, above all.
func (e *Engine) discard(ctx context.Context, c Container) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTimeout)
	defer cancel()
	if found, ok, err := e.Find(ctx, c.Name, c.Labels); err == nil && ok && found.spec == c.hash() {
		_ = found.Remove(ctx) // what stays is removed by the next start
	}
}

// takenPort reads an engine's complaint. Its two kinds: "Bind for 127.0.0.1:8081 failed: port is already allocated" where a container
// publishes the port, "listen tcp4 127.0.0.1:8081: bind: address already in use" where a process listens (moby, libnetwork/portmapper).
func (c Container) takenPort(complaint string) (int, bool) {
	if !strings.Contains(complaint, "already allocated") && !strings.Contains(complaint, "already in use") {
		return 0, false
	}
	for _, port := range c.Publish {
		if strings.Contains(complaint, ":"+strconv.Itoa(port.Host)) {
			return port.Host, true
		}
	}
	return 0, false
}

// options translates for the engine. The server inside needs no capability, and no way to get one.
func (c Container) options(user string) (client.ContainerCreateOptions, error) {
	withInit := true // as process 1 itself, llama-server would not hear SIGTERM while it loads
	labels := map[string]string{specLabel: c.hash()}
	maps.Copy(labels, c.Labels)
	exposed, bindings := network.PortSet{}, network.PortMap{}
	for _, p := range c.Publish {
		inside, err := network.ParsePort(strconv.Itoa(p.Inside))
		if err != nil {
			return client.ContainerCreateOptions{}, err
		}
		address, err := netip.ParseAddr(p.HostIP)
		if err != nil {
			return client.ContainerCreateOptions{}, fmt.Errorf("publish port %d: %w", p.Host, err)
		}
		exposed[inside] = struct{}{}
		bindings[inside] = append(bindings[inside], network.PortBinding{HostIP: address, HostPort: strconv.Itoa(p.Host)})
	}
	host := &container.HostConfig{
		Init:          &withInit,
		NetworkMode:   network.NetworkBridge,
		PortBindings:  bindings,
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyDisabled},
		CapDrop:       []string{"ALL"},
		SecurityOpt:   []string{"no-new-privileges"},
		GroupAdd:      c.Groups,
		// Whatever the engine's own default: one that can be read back, and that does not fill the disk.
		LogConfig: container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "8m", "max-file": "2"}},
		Resources: container.Resources{Memory: c.MemoryLimit, MemorySwap: c.MemoryLimit}, // equal: no swap
	}
	for _, m := range c.Mounts {
		host.Mounts = append(host.Mounts, mount.Mount{Type: mount.TypeBind, Source: m.Host, Target: m.Inside, ReadOnly: true})
	}
	for _, m := range c.Writable {
		host.Mounts = append(host.Mounts, mount.Mount{Type: mount.TypeBind, Source: m.Host, Target: m.Inside})
	}
	for _, path := range c.Devices {
		host.Devices = append(host.Devices, container.DeviceMapping{PathOnHost: path, PathInContainer: path, CgroupPermissions: "rw"})
	}
	return client.ContainerCreateOptions{Name: c.Name, HostConfig: host, Config: &container.Config{
		Image: c.Image, Cmd: c.Args, Env: c.Environment, Labels: labels, User: user, ExposedPorts: exposed,
		// The image's own check would run a program inside every half minute; the supervisor asks from outside.
		Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
	}}, nil
}

// Find returns the container of a name, whatever its state. ok is false when there is none; one without the labels is a *NameError.
func (e *Engine) Find(ctx context.Context, name string, labels map[string]string) (instance *Instance, ok bool, err error) {
	found, err := e.api.ContainerInspect(ctx, name, client.ContainerInspectOptions{})
	if errdefs.IsNotFound(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, e.checked(ctx, err)
	}
	details := found.Container
	for key, value := range labels {
		if details.Config.Labels[key] != value {
			return nil, false, &NameError{Name: name, ID: details.ID, Image: details.Config.Image}
		}
	}
	instance = &Instance{
		ID: details.ID, Name: strings.TrimPrefix(details.Name, "/"), PID: details.State.Pid, State: details.State.Status,
		engine: e, spec: details.Config.Labels[specLabel],
	}
	instance.Started, _ = time.Parse(time.RFC3339Nano, details.State.StartedAt) // the zero time where it never ran
	return instance, true, nil
}

// PublisherOf returns the running container that publishes a port of the host, whoever made it. ok is false when none does.
func (e *Engine) PublisherOf(ctx context.Context, port int) (name, image string, ok bool) {
	running, err := e.api.ContainerList(ctx, client.ContainerListOptions{})
	if err != nil {
		return "", "", false
	}
	for _, c := range running.Items {
		for _, p := range c.Ports {
			if int(p.PublicPort) == port && p.Type == "tcp" {
				return strings.TrimPrefix(c.Names[0], "/"), c.Image, true
			}
		}
	}
	return "", "", false
}
