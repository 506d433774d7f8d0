// Command edge is a caching reverse proxy that enforces what every route is.
//
// Here are arguments, messages and exit statuses; everything else is in
// internal/app and below.
package main

import (
	"context"
	"os"
	"runtime"
)

func main() {
	runtime.MemProfileRate = heapSample
	os.Exit(execute(context.Background(), os.Args[1:], systemIO()))
}

// heapSample is how many bytes are allocated between two samples for the heap profile
// that pprof shows. Each costs as much as half a fetch; eight times Go's own value still
// gives hundreds for a heap of a gigabyte.
const heapSample = 4 << 20

// execute runs one command and returns the exit status: 0 for success, 1 when
// the thing asked for failed or is wrong, 2 when the command line is.
func execute(ctx context.Context, args []string, std stdio) int {
	root := newRoot(std)
	root.SetArgs(args)
	if err := root.ExecuteContext(ctx); err != nil {
		return std.fail(err)
	}
	return 0
}
