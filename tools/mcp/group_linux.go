package mcp

import "syscall"

// ownGroup starts a program as the leader of a group, which the kernel ends when the worker is gone, however that ended.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
