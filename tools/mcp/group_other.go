//go:build !linux

package mcp

import "syscall"

// ownGroup starts a program as the leader of a group. When the worker is killed the program only sees its input end.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
