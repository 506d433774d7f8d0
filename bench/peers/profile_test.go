package main

import "testing"

const traces = `File: edge
Type: cpu
Duration: 3s, Total samples = 1s
-----------+-------------------------------------------------------
     600ms   internal/runtime/syscall.Syscall6
             net.(*conn).Write
             a/b/wire.(*conn).answer (inline)
             net/http.(*conn).serve
-----------+-------------------------------------------------------
     300ms   cache.(*Map[go.shape.uint64,go.shape.*uint8]).get
             a/b/wire.(*conn).answer
             net/http.(*conn).serve
-----------+-------------------------------------------------------
      90ms   runtime.gcDrain
-----------+-------------------------------------------------------
      10ms   runtime.rare
-----------+-------------------------------------------------------
`

func TestProfileIsATree(t *testing.T) {
	root, err := parseTraces(traces)
	if err != nil {
		t.Fatal(err)
	}
	const want = `90.0% wire.(*conn).answer
60.0%   syscall.Syscall6
30.0%   cache.(*Map).get
 9.0% runtime.gcDrain
`
	if got := root.text(); got != want {
		t.Errorf("the tree is\n%swant\n%s", got, want)
	}
	if _, err := parseTraces("File: edge\n"); err == nil {
		t.Error("an empty profile is taken")
	}
}
