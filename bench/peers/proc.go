package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of times in /proc (USER_HZ, which is 100 on every Linux).
const tick = 10 * time.Millisecond

// stat is what /proc/PID/stat says of a process.
type stat struct {
	pid, parent int
	cpu         time.Duration // user and system, of all threads
}

// parseStat reads a line of /proc/PID/stat. The name in it may hold anything
// but ends with the last parenthesis.
func parseStat(line string) (stat, error) {
	open, end := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 0 || end < open {
		return stat{}, fmt.Errorf("no name in %q", line)
	}
	f := strings.Fields(line[end+1:])
	if len(f) < 13 {
		return stat{}, fmt.Errorf("too few fields in %q", line)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line[:open]))
	parent, err1 := strconv.Atoi(f[1])
	user, err2 := strconv.ParseInt(f[11], 10, 64)
	system, err3 := strconv.ParseInt(f[12], 10, 64)
	return stat{pid, parent, time.Duration(user+system) * tick}, errors.Join(err, err1, err2, err3)
}

// tree returns the processes with the given ids and all their descendants.
func tree(roots []int) ([]stat, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	children := make(map[int][]stat)
	all := make(map[int]stat)
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		s, err := parseStat(string(line))
		if err != nil {
			return nil, err
		}
		all[s.pid] = s
		children[s.parent] = append(children[s.parent], s)
	}
	var found []stat
	var add func(stat)
	add = func(s stat) {
		found = append(found, s)
		for _, c := range children[s.pid] {
			add(c)
		}
	}
	for _, pid := range roots {
		s, ok := all[pid]
		if !ok {
			return nil, fmt.Errorf("process %d has ended", pid)
		}
		add(s)
	}
	return found, nil
}

// machineCPU is the time that all cores together were busy since the start, and
// what the host took from them.
func machineCPU() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return parseMachine(string(line))
}

// parseMachine reads "cpu user nice system idle iowait irq softirq steal …".
func parseMachine(line string) (time.Duration, error) {
	f := strings.Fields(line)
	if len(f) < 9 || f[0] != "cpu" {
		return 0, fmt.Errorf("/proc/stat begins with %q", line)
	}
	var busy int64
	for i, text := range f[1:9] {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return 0, err
		}
		if i != 3 && i != 4 { // idle and iowait
			busy += n
		}
	}
	return time.Duration(busy) * tick, nil
}

// ownCPU is the time this process and the children it has waited for have used.
func ownCPU() (time.Duration, error) {
	var sum time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			return 0, err
		}
		sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return sum, nil
}

// memory is what a process tree takes, in bytes: resident, and with what is
// shared among processes counted once.
type memory struct{ Resident, Proportional int64 }

func memoryOf(processes []stat) (memory, error) {
	var m memory
	for _, p := range processes {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.pid))
		if err != nil {
			return m, err
		}
		rss, err := rollup(string(text), "Rss:")
		if err != nil {
			return m, err
		}
		pss, err := rollup(string(text), "Pss:")
		if err != nil {
			return m, err
		}
		m.Resident += rss
		m.Proportional += pss
	}
	return m, nil
}

// rollup reads a line "NAME  N kB" of smaps_rollup. A kernel thread's is empty.
func rollup(text, name string) (int64, error) {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("no %s in %q", name, text)
}

// filesIn is what the files in a directory take; nothing if there is none.
func filesIn(dir string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // never there, or gone since it was listed
			return nil
		case err != nil || d.IsDir():
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if s, ok := info.Sys().(*syscall.Stat_t); ok {
			sum += s.Blocks * 512
		}
		return nil
	})
	return sum, err
}
