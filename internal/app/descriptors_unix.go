//go:build unix

package app

import "syscall"

// descriptors is how many files, sockets among them, the process may have open;
// 0 if that is not known. The runtime has raised it as far as it goes.
func descriptors() int {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
		return 0
	}
	return int(min(l.Cur, 1<<30))
}
