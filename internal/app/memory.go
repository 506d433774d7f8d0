package app

import (
	"io/fs"
	"math"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"

	"edge/internal/policy"
)

// LimitMemory sets the garbage collector's target for the whole process and
// returns it: room for what cache.memory and cache.in_flight allow and a
// quarter more, and never more than nine tenths of what the container may have.
// The target is soft: beyond it the collector works harder, nothing fails.
//
// The main program calls it, unless GOMEMLIMIT says what is wanted.
func (a *App) LimitMemory() int64 {
	s := &a.policy.Load().Settings
	container := containerMemory(os.DirFS("/"))
	target := memoryTarget(s, container)
	debug.SetMemoryLimit(target)
	a.log.Info("memory", "collector_target", target, "container", container, "cache", s.Memory)
	if container > 0 && s.Memory > container/2 {
		a.log.Warn("cache.memory is more than half of what the container may have",
			"container", container, "cache", s.Memory, "hint", "lower cache.memory, or raise the container's limit")
	}
	return target
}

// processBytes is what the process takes beside what it stores and fetches.
const processBytes = 64 << 20

// memoryTarget is the target for settings within a container; 0 for none.
func memoryTarget(s *policy.Settings, container int64) int64 {
	held := s.Memory + s.Budget
	target := held + held/4 + processBytes
	if container > 0 {
		target = min(target, container/10*9)
	}
	return target
}

// headroom is what the collector's target leaves the process beside what it
// stores; 0 when there is no target.
func headroom(capacity int64) int64 {
	target := debug.SetMemoryLimit(-1) // asks
	if target == math.MaxInt64 {
		return 0
	}
	return max(0, target-capacity)
}

// containerMemory returns the memory limit of the control group the process is
// in, or of one around it, whichever is least; 0 for none. It knows both
// versions of the kernel's files. In a container the group may be mounted at
// the root, whatever its name outside.
func containerMemory(root fs.FS) int64 {
	least := int64(0)
	for _, group := range controlGroups(root) {
		for ; ; group = path.Dir(group) {
			for _, file := range []string{
				path.Join("sys/fs/cgroup", group, "memory.max"),
				path.Join("sys/fs/cgroup/memory", group, "memory.limit_in_bytes"),
			} {
				if limit := readLimit(root, file); limit > 0 && (least == 0 || limit < least) {
					least = limit
				}
			}
			if group == "/" || group == "." {
				break
			}
		}
	}
	return least
}

// controlGroups are the groups of the process: lines like "0::/a/b" in version
// 2, "7:cpu,memory:/a/b" in version 1. The root is always among them.
func controlGroups(root fs.FS) []string {
	groups := []string{"/"}
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return groups
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) == 3 && strings.HasPrefix(fields[2], "/") {
			groups = append(groups, path.Clean(fields[2]))
		}
	}
	return groups
}

// unlimited is above any memory there is; version 1 writes no limit as a number
// near the largest.
const unlimited = 1 << 60

// readLimit reads a file that holds a number or "max"; 0 for no limit.
func readLimit(root fs.FS, name string) int64 {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || n >= unlimited {
		return 0
	}
	return n
}
