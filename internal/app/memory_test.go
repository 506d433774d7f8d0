package app

import (
	"math"
	"runtime/debug"
	"testing"
	"testing/fstest"

	"edge/internal/policy"
)

func TestContainerMemory(t *testing.T) {
	for name, tt := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"no control groups":             {nil, 0},
		"version 2, in a container":     {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "536870912\n"}, 512 << 20},
		"version 2, no limit":           {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"}, 0},
		"version 2, in a unit":          {map[string]string{"proc/self/cgroup": "0::/system.slice/edge.service\n", "sys/fs/cgroup/system.slice/edge.service/memory.max": "1073741824\n"}, 1 << 30},
		"version 2, a limit around":     {map[string]string{"proc/self/cgroup": "0::/pod/edge\n", "sys/fs/cgroup/pod/edge/memory.max": "max\n", "sys/fs/cgroup/pod/memory.max": "1048576\n"}, 1 << 20},
		"version 2, the name outside":   {map[string]string{"proc/self/cgroup": "0::/kubepods/pod1/edge\n", "sys/fs/cgroup/memory.max": "1048576\n"}, 1 << 20},
		"version 1, in a container":     {map[string]string{"proc/self/cgroup": "7:cpu,memory:/docker/1\n1:name=systemd:/docker/1\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "2097152\n"}, 2 << 20},
		"version 1, no limit":           {map[string]string{"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 0},
		"something that is no number":   {map[string]string{"sys/fs/cgroup/memory.max": "lots\n"}, 0},
		"lines of cgroup that are none": {map[string]string{"proc/self/cgroup": "\nx\n0::relative\n", "sys/fs/cgroup/memory.max": "4096\n"}, 4096},
	} {
		t.Run(name, func(t *testing.T) {
			root := fstest.MapFS{}
			for name, text := range tt.files {
				root[name] = &fstest.MapFile{Data: []byte(text)}
			}
			if got := containerMemory(root); got != tt.want {
				t.Errorf("containerMemory = %d, want %d", got, tt.want)
			}
		})
	}
}

func TestMemoryTarget(t *testing.T) {
	s := &policy.Settings{Memory: 512 << 20, Budget: 256 << 20}
	for container, want := range map[int64]int64{
		0:         1024 << 20,
		8 << 30:   1024 << 20,
		512 << 20: (512 << 20) / 10 * 9,
	} {
		if got := memoryTarget(s, container); got != want {
			t.Errorf("memoryTarget in %d = %d, want %d", container, got, want)
		}
	}
}

func TestLimitMemory(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	f := start(t, newOrigin(t, nil).URL, policyNamed("a"))
	want := f.LimitMemory()
	if got := debug.SetMemoryLimit(-1); got != want || got == before {
		t.Errorf("the collector's target is %d, want %d; it was %d", got, want, before)
	}
	if got := f.log.lines("memory"); len(got) != 1 {
		t.Errorf("log: %v", got)
	}
	if got := f.figures(); got.Capacity+got.Headroom != want || got.Headroom <= 0 {
		t.Errorf("a capacity of %d and a headroom of %d, want %d together", got.Capacity, got.Headroom, want)
	}
	debug.SetMemoryLimit(math.MaxInt64)
	if got := f.figures().Headroom; got != 0 {
		t.Errorf("the headroom without a target is %d, want 0", got)
	}
}
