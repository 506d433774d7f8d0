package main

import (
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	const line = "42 (a) b (c)) S 7 42 42 0 -1 4194560 1 2 3 4 150 50 6 7 20 0 1 0 9 8"
	want := stat{pid: 42, parent: 7, cpu: 2 * time.Second}
	if got, err := parseStat(line); err != nil || got != want {
		t.Errorf("parseStat = %+v, %v; want %+v", got, err, want)
	}
	for _, bad := range []string{"", "42 a S 7", "42 (a) S 7", "x (a) S 7 42 42 0 -1 4194560 1 2 3 4 150 50 6"} {
		if got, err := parseStat(bad); err == nil {
			t.Errorf("parseStat(%q) = %+v", bad, got)
		}
	}
}

func TestParseMachineLeavesIdleTimeOut(t *testing.T) {
	got, err := parseMachine("cpu  1 2 4 1000 2000 8 16 32 0 0")
	if want := 63 * tick; err != nil || got != want {
		t.Errorf("parseMachine = %v, %v; want %v", got, err, want)
	}
	if got, err := parseMachine("cpu0 1 2 3 4 5 6 7 8"); err == nil {
		t.Errorf("one core is taken for the machine: %v", got)
	}
}

// A tree is the process and its children, and nobody else.
func TestTree(t *testing.T) {
	child := exec.Command("sh", "-c", "cat; true") // true keeps the shell there
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		in.Close()
		child.Wait()
	}()
	found, err := tree([]int{os.Getpid()})
	if err != nil {
		t.Fatal(err)
	}
	has := func(pid int) bool { return slices.ContainsFunc(found, func(s stat) bool { return s.pid == pid }) }
	if !has(os.Getpid()) || !has(child.Process.Pid) || has(os.Getppid()) {
		t.Errorf("the tree of %d with a child %d is %v", os.Getpid(), child.Process.Pid, found)
	}
	m, err := memoryOf(found[:1])
	if err != nil || m.Resident < 1<<20 || m.Proportional < 1<<20 {
		t.Errorf("memory of this process: %+v, %v", m, err)
	}
}
