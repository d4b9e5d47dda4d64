package main

import (
	"fmt"
	"io/fs"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// physicalCores counts the cores this process may use, siblings of one core once, and no more than its CPU quota: threads beyond that
// wait for each other at every step of a generation.
func physicalCores(root fs.FS) int {
	var allowed unix.CPUSet
	if unix.SchedGetaffinity(0, &allowed) != nil {
		return runtime.GOMAXPROCS(0)
	}
	cores := map[string]bool{}
	for cpu := range len(allowed) * 64 {
		if !allowed.IsSet(cpu) {
			continue
		}
		siblings, err := fs.ReadFile(root, fmt.Sprintf("sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu))
		if err != nil {
			siblings = fmt.Append(nil, cpu)
		}
		cores[strings.TrimSpace(string(siblings))] = true
	}
	// GOMAXPROCS follows the cgroup's quota.
	return max(1, min(len(cores), runtime.GOMAXPROCS(0)))
}
