package harness

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Redis is a redis-server of its own, on a port of the loopback. Its methods are
// for one goroutine, but for Do.
type Redis struct {
	// Addr is where it listens, "127.0.0.1:port". It stays the same over a restart.
	Addr string

	args []string
	dir  string
	cmd  *exec.Cmd
	out  *syncBuffer
	done chan struct{} // closed when the process has ended
}

// RunRedis starts a redis-server that keeps nothing on disk, and kills it when t
// ends. args are more options: "--maxmemory", "10mb". It is part of Debian; .ci/install
// installs it.
func RunRedis(t testing.TB, args ...string) *Redis {
	t.Helper()
	r, err := StartRedis(t.TempDir(), args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.Kill()
		if t.Failed() {
			t.Logf("redis-server at %s said:\n%s", r.Addr, r.out)
		}
	})
	return r
}

// errPortTaken is why a redis-server did not start on the port that was free a
// moment before.
var errPortTaken = errors.New("somebody else took the port")

// StartRedis starts a redis-server whose files are in dir. The caller must Kill it.
func StartRedis(dir string, args ...string) (*Redis, error) {
	// redis-server cannot be given a listener, only a port, which somebody else may
	// take first: then another is tried.
	for {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		r := &Redis{Addr: "127.0.0.1:" + port, args: args, dir: dir, out: new(syncBuffer)}
		if err = r.Start(); err == nil {
			return r, nil
		}
		if !errors.Is(err, errPortTaken) {
			return nil, err
		}
	}
}

// freePort returns a port that nobody listens on now, and below those that the
// system gives to outgoing connections: one of these might take it while a server
// is down. In a cluster, a server listens on one ten thousand above as well.
func freePort() (port string, err error) {
	const least, number, attempts = 10000, 12000, 100
	for range attempts {
		port = strconv.Itoa(least + rand.IntN(number))
		var l net.Listener
		if l, err = net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			return port, l.Close()
		}
	}
	return "", err
}

// Start starts the server again, after Kill, on the same port.
func (r *Redis) Start() error {
	_, port, _ := net.SplitHostPort(r.Addr)
	args := append([]string{
		"--bind", "127.0.0.1", "--port", port, "--dir", r.dir, "--save", "", "--appendonly", "no", "--daemonize", "no",
		"--repl-diskless-sync-delay", "0",
	}, r.args...)
	r.cmd, r.done = exec.Command("redis-server", args...), make(chan struct{})
	return r.start()
}

// start runs r.cmd and waits until it answers.
func (r *Redis) start() error {
	r.cmd.Stdout, r.cmd.Stderr = r.out, r.out
	if err := r.cmd.Start(); err != nil {
		return fmt.Errorf("start redis-server (Debian package redis-server): %w", err)
	}
	go func() { // ends with the process
		r.cmd.Wait()
		close(r.done)
	}()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		select {
		case <-r.done:
			if strings.Contains(r.out.String(), "Address already in use") {
				return errPortTaken
			}
			return fmt.Errorf("redis-server ended:\n%s", r.out)
		case <-time.After(5 * time.Millisecond):
		}
		// Another server may have got the port; ask who it is.
		if strings.Contains(r.info("server"), fmt.Sprintf("process_id:%d\r\n", r.cmd.Process.Pid)) {
			return nil
		}
	}
	r.Kill()
	return fmt.Errorf("redis-server does not answer:\n%s", r.out)
}

// URL returns the URL of the server, for a policy.
func (r *Redis) URL() string { return "redis://" + r.Addr }

// Kill ends the process at once; what it had in memory is lost.
func (r *Redis) Kill() {
	r.cmd.Process.Kill() // the error says that it has ended already
	<-r.done
}

// Stop stops the process: connections stay and nothing answers, until Continue.
func (r *Redis) Stop() error { return r.cmd.Process.Signal(syscall.SIGSTOP) }

// Continue lets the process go on after Stop.
func (r *Redis) Continue() error { return r.cmd.Process.Signal(syscall.SIGCONT) }

// Must is Do for tests.
func (r *Redis) Must(t testing.TB, args ...string) string {
	t.Helper()
	answer, err := r.Do(args...)
	if err != nil {
		t.Fatalf("redis %s: %v", strings.Join(args, " "), err)
	}
	return answer
}

// Do sends one command on a connection of its own and returns the answer as
// redis-cli would print it, without quotes.
func (r *Redis) Do(args ...string) (string, error) {
	c, err := dialRESP(r.Addr)
	if err != nil {
		return "", err
	}
	defer c.close()
	return c.do(args...)
}

// info is a section of what the server says of itself; empty when it says nothing.
func (r *Redis) info(section string) string {
	text, _ := r.Do("INFO", section)
	return text
}

// Await waits until a section of what the server says of itself holds text.
func (r *Redis) Await(t testing.TB, section, text string) {
	t.Helper()
	Await(t, "the server says "+text, func() bool { return strings.Contains(r.info(section), text) })
}

// ReplicateFrom makes r a replica of master and waits until it has its data.
func (r *Redis) ReplicateFrom(t testing.TB, master *Redis) {
	t.Helper()
	host, port, _ := net.SplitHostPort(master.Addr)
	r.Must(t, "REPLICAOF", host, port)
	r.Await(t, "replication", "master_link_status:up")
}

// RunSentinel starts a sentinel that watches master under the name set.
func RunSentinel(t testing.TB, set string, master *Redis) *Redis {
	t.Helper()
	host, port, _ := net.SplitHostPort(master.Addr)
	dir := t.TempDir()
	for {
		own, err := freePort()
		if err != nil {
			t.Fatal(err)
		}
		var conf bytes.Buffer
		fmt.Fprintf(&conf, "bind 127.0.0.1\nport %s\ndir %s\n", own, dir)
		fmt.Fprintf(&conf, "sentinel monitor %s %s %s 1\n", set, host, port)
		fmt.Fprintf(&conf, "sentinel down-after-milliseconds %s 500\nsentinel failover-timeout %s 2000\n", set, set)
		file := filepath.Join(dir, "sentinel.conf")
		if err := os.WriteFile(file, conf.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		r := &Redis{Addr: "127.0.0.1:" + own, out: new(syncBuffer), done: make(chan struct{})}
		r.cmd = exec.Command("redis-server", file, "--sentinel")
		if err = r.start(); errors.Is(err, errPortTaken) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(r.Kill)
		return r
	}
}

// RunCluster starts n servers that share the slots of a cluster.
func RunCluster(t testing.TB, n int) []*Redis {
	t.Helper()
	const slots = 16384
	nodes := make([]*Redis, n)
	for i := range nodes {
		nodes[i] = RunRedis(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
		host, port, _ := net.SplitHostPort(nodes[i].Addr)
		nodes[0].Must(t, "CLUSTER", "MEET", host, port)
		nodes[i].Must(t, "CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(i*slots/n), strconv.Itoa((i+1)*slots/n-1))
	}
	for _, node := range nodes {
		Await(t, "the cluster is whole", func() bool {
			text, err := node.Do("CLUSTER", "INFO")
			return err == nil && strings.Contains(text, "cluster_state:ok") && strings.Contains(text, fmt.Sprintf("cluster_known_nodes:%d", n))
		})
	}
	return nodes
}
