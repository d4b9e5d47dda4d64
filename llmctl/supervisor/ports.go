package supervisor

import (
	"context"
	"fmt"
	"net"
	"os/user"
	"strconv"
	"strings"
	"time"

	"bestbox/llmctl/engine"

	"github.com/prometheus/procfs"
)

// listenState is TCP_LISTEN in /proc/net/tcp (include/net/tcp_states.h).
const listenState = 10

// Holder is who listens on a port.
type Holder struct {
	Port int `json:"port"`
	// PID is 0 when the process belongs to somebody whose processes this user may not look into.
	PID     int    `json:"pid,omitempty"`
	Command string `json:"command,omitempty"`
	User    string `json:"user,omitempty"`
	// Container is the name of the container that publishes the port, Image what it was made from.
	Container string `json:"container,omitempty"`
	Image     string `json:"image,omitempty"`
}

// PortError says that a service cannot start because somebody else listens on its port.
type PortError struct {
	Service string
	Holder  Holder
}

func (e *PortError) Error() string {
	h := e.Holder
	who := "a process of user " + orUnknown(h.User) + " that this user may not look into"
	way := fmt.Sprintf("find it with: sudo ss -ltnp 'sport = :%d'", h.Port)
	if h.PID != 0 {
		who = fmt.Sprintf("pid %d of user %s: %s", h.PID, orUnknown(h.User), h.Command)
		way = fmt.Sprintf("stop it (kill %d)", h.PID)
	}
	if h.Container != "" {
		who = fmt.Sprintf("container %s (image %s)", h.Container, h.Image)
		way = fmt.Sprintf("stop it (docker stop %s)", h.Container)
	}
	return fmt.Sprintf("%s cannot start: port %d is held by %s; %s, or give %s another port in bestbox.yaml",
		e.Service, h.Port, who, way, e.Service)
}

func orUnknown(name string) string {
	if name == "" {
		return "unknown"
	}
	return name
}

// portFree tells whether an address can be bound now.
func portFree(address string) bool {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	listener.Close()
	return true
}

// publisherTimeout bounds the question whether a container publishes a port.
const publisherTimeout = 3 * time.Second

// HolderOf finds who listens on a port of this machine, as far as this user may see.
func HolderOf(port int) Holder {
	holder := listenerOn(port)
	// A container's port is held by a helper of the engine, or by a process of another user.
	if holder.PID == 0 || strings.Contains(holder.Command, "docker-proxy") || strings.Contains(holder.Command, "rootless") {
		ctx, cancel := context.WithTimeout(context.Background(), publisherTimeout)
		defer cancel()
		if connected, err := engine.Connect(ctx); err == nil {
			holder.Container, holder.Image, _ = connected.PublisherOf(ctx, port)
			_ = connected.Close() // nothing is lost
		}
	}
	return holder
}

// listenerOn finds the process that listens on a port.
func listenerOn(port int) Holder {
	holder := Holder{Port: port}
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return holder
	}
	inodes := map[string]bool{}
	//nolint:staticcheck // deprecated for speed with very many sockets; the replacement needs a netlink library for one look-up
	for _, table := range []func() (procfs.NetTCP, error){proc.NetTCP, proc.NetTCP6} {
		sockets, err := table()
		if err != nil {
			continue
		}
		for _, socket := range sockets {
			if socket.St == listenState && socket.LocalPort == uint64(port) { //nolint:gosec // a port is not negative
				inodes[fmt.Sprintf("socket:[%d]", socket.Inode)] = true
				holder.User = userName(socket.UID)
			}
		}
	}
	processes, err := proc.AllProcs()
	if err != nil || len(inodes) == 0 {
		return holder
	}
	for _, process := range processes {
		targets, err := process.FileDescriptorTargets()
		if err != nil {
			continue // another user's, or gone meanwhile
		}
		for _, target := range targets {
			if inodes[target] {
				holder.PID, holder.Command = process.PID, commandLine(process)
				return holder
			}
		}
	}
	return holder
}

func userName(uid uint64) string {
	id := strconv.FormatUint(uid, 10)
	if account, err := user.LookupId(id); err == nil {
		return account.Username
	}
	return id
}

// commandLine is for people: it is cut, and never run.
func commandLine(process procfs.Proc) string {
	words, err := process.CmdLine()
	if err != nil || len(words) == 0 {
		name, _ := process.Comm()
		return name
	}
	line := strings.Join(words, " ")
	if len(line) > 120 {
		line = line[:117] + "..."
	}
	return line
}
