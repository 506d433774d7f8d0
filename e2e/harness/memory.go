package harness

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// ResidentBytes is the memory of the process, as the kernel counts it. It fails t
// where the kernel has no /proc.
func (e *Edge) ResidentBytes(t testing.TB) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", e.PID()))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
