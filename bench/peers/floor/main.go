//go:build linux

// Command floor answers whatever it receives with an answer that is ready: for each
// request one recv and one send, on one thread with epoll, and nothing parsed. No
// server costs less on the same sockets, so that what a cache costs beyond it is its
// own, and the rest is the kernel's.
//
//	floor -listen 127.0.0.1:0 -target /public/1024/0/limit
//
// prints its address as one line. The answer is what edge says to target. A client
// sends its requests whole, and awaits an answer before the next; one that does not
// take an answer at once is dropped.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"edge/bench/peers/content"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "`address` to listen on")
	target := flag.String("target", "", "the `target` whose answer is given")
	flag.Parse()
	fmt.Fprintln(os.Stderr, "floor:", run(*listen, *target))
	os.Exit(1)
}

// run serves until something fails, and tells what.
func run(listen, target string) error {
	t, err := content.Parse(target)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	f, err := l.(*net.TCPListener).File() // it blocks: accepting is announced
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	runtime.LockOSThread()
	s := &server{listener: int(f.Fd()), answer: answerTo(t), in: make([]byte, 16<<10)}
	return s.serve()
}

// answerTo is the whole answer, with the fields that edge gives to a hit.
func answerTo(t content.Target) []byte {
	b := t.AppendHead([]byte("HTTP/1.1 200 OK\r\n"))
	b = time.Now().UTC().AppendFormat(b, "Date: Mon, 02 Jan 2006 15:04:05 GMT\r\n")
	b = append(b, "Accept-Ranges: bytes\r\nAge: 100\r\nCache-Status: edge; hit; ttl=3500\r\n\r\n"...)
	return t.AppendBody(b, "")
}

// server is the loop.
type server struct {
	epoll, listener int
	answer, in      []byte
}

// edgeTriggered is EPOLLET, which package syscall has as a negative number.
const edgeTriggered = 1 << 31

func (s *server) serve() (err error) {
	if s.epoll, err = syscall.EpollCreate1(0); err != nil {
		return err
	}
	if err := s.watch(s.listener, syscall.EPOLLIN); err != nil {
		return err
	}
	events := make([]syscall.EpollEvent, 64)
	for {
		n, err := syscall.EpollWait(s.epoll, events, -1)
		if err != nil && err != syscall.EINTR {
			return err
		}
		for _, e := range events[:max(0, n)] {
			if err := s.handle(int(e.Fd), e.Events); err != nil {
				return err
			}
		}
	}
}

func (s *server) watch(fd int, events uint32) error {
	return syscall.EpollCtl(s.epoll, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: events, Fd: int32(fd)})
}

// handle accepts, answers, or closes what its client has closed.
func (s *server) handle(fd int, events uint32) error {
	if fd == s.listener {
		client, _, err := syscall.Accept4(fd, syscall.SOCK_NONBLOCK)
		if err != nil {
			return err
		}
		return s.watch(client, syscall.EPOLLIN|syscall.EPOLLRDHUP|edgeTriggered)
	}
	if n := transfer(syscall.SYS_RECVFROM, fd, s.in); n > 0 && transfer(syscall.SYS_SENDTO, fd, s.answer) != len(s.answer) ||
		events&syscall.EPOLLRDHUP != 0 {
		return syscall.Close(fd)
	}
	return nil
}

// transfer is recv or send of b without waiting; 0 for an error. A system call that
// does not wait is none of the scheduler's business.
func transfer(call uintptr, fd int, b []byte) int {
	n, _, errno := syscall.RawSyscall6(call, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
		syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}
