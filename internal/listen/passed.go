package listen

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Passed are the sockets that the process was started with, as sd_listen_fds(3)
// describes: those of a service manager that keeps them over restarts. They stay
// open as long as the process: what connects while nobody accepts waits in the
// kernel for the next one.
type Passed struct {
	sockets []passedSocket
}

type passedSocket struct {
	name string
	file *os.File
}

// firstPassed is the descriptor of the first socket.
const firstPassed = 3

// NewPassed takes the sockets that the environment tells of; none is an empty
// Passed. Call it once in a process: it takes the descriptors over.
func NewPassed(env func(string) (string, bool)) (*Passed, error) {
	return passedFrom(firstPassed, env)
}

func passedFrom(first int, env func(string) (string, bool)) (*Passed, error) {
	get := func(name string) string { value, _ := env(name); return value }
	if get("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return &Passed{}, nil // they are for somebody else
	}
	n, err := strconv.Atoi(get("LISTEN_FDS"))
	if err != nil || n < 0 {
		return nil, fmt.Errorf("LISTEN_FDS is %q, not a number of sockets", get("LISTEN_FDS"))
	}
	names := strings.Split(get("LISTEN_FDNAMES"), ":")
	p := &Passed{}
	for i := range n {
		name := "unknown" // as sd_listen_fds_with_names(3) has it
		if i < len(names) && names[i] != "" {
			name = names[i]
		}
		fd := first + i
		syscall.CloseOnExec(fd)
		p.sockets = append(p.sockets, passedSocket{name, os.NewFile(uintptr(fd), name)})
	}
	return p, nil
}

// Names are the names of the sockets, each once.
func (p *Passed) Names() []string {
	var names []string
	for _, s := range p.sockets {
		if !slices.Contains(names, s.name) {
			names = append(names, s.name)
		}
	}
	return names
}

// Addresses of passed sockets: all that nobody else names, or those of a name.
const (
	allPassed  = "systemd"
	namePassed = "fd:"
)

// isPassed reports whether an address is of passed sockets.
func isPassed(address string) bool {
	return address == allPassed || strings.HasPrefix(address, namePassed)
}

// ErrNotPassed is a name that no socket has.
var ErrNotPassed = errors.New("no such socket was passed on to edge")

// open returns copies of the sockets of an address; nil for one that is not of
// passed sockets. others are all addresses that are listened on.
func (p *Passed) open(address string, others []Config) ([]net.Listener, error) {
	if !isPassed(address) {
		return nil, nil
	}
	name, named := strings.CutPrefix(address, namePassed)
	var list []net.Listener
	for _, s := range p.sockets {
		taken := slices.ContainsFunc(others, func(c Config) bool { return c.Address == namePassed+s.name })
		if named && s.name != name || !named && taken {
			continue
		}
		l, err := s.listener()
		if err != nil {
			for _, l := range list {
				_ = l.Close() // a copy that nobody has used
			}
			return nil, &Error{address, err}
		}
		list = append(list, l)
	}
	if list == nil {
		return nil, &Error{address, ErrNotPassed}
	}
	return list, nil
}

func (s passedSocket) listener() (net.Listener, error) {
	l, err := net.FileListener(s.file)
	if err != nil {
		return nil, fmt.Errorf("the socket %s: %w", s.name, err)
	}
	if _, tcp := l.(*net.TCPListener); !tcp {
		_ = l.Close() // a copy that nobody has used
		return nil, fmt.Errorf("the socket %s is not one of TCP", s.name)
	}
	return l, nil
}

// Close closes the descriptors. Connections that wait in the kernel stay, if
// somebody else has the sockets, too.
func (p *Passed) Close() {
	for _, s := range p.sockets {
		_ = s.file.Close() // nothing was written
	}
	p.sockets = nil
}
