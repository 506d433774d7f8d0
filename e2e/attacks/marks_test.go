package attacks

import (
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"

	"edge/e2e/harness"
)

// A Vary that Connection names selects all the same: bob, who waits with alice,
// gets no answer of hers, and does not even wait when it is known that there are
// two.
func TestHiddenVary(t *testing.T) {
	first, gate, asked := make(chan struct{}), make(chan struct{}), make(chan struct{})
	o := runHostile(t, func(conn net.Conn, r *http.Request) bool {
		lines := []string{"Vary: X-User", "Connection: Vary", `ETag: "1"`, "Cache-Control: max-age=60"}
		answer := reply(200, "for "+r.Header.Get("X-User"), append(lines, "Age: 70")...)
		switch {
		case r.Header.Get("If-None-Match") != "":
			close(asked)
			<-gate
			answer = head("HTTP/1.1 304 Not Modified", lines...)
		case r.Header.Get("X-User") == "alice":
			<-first
		}
		_, err := io.WriteString(conn, answer)
		return err == nil
	})
	e := start(t, o.url(), "")
	wants := func(user string) <-chan string {
		return inBackground(1, func(int) string { return ask(t, e, "/a", "X-User: "+user).Body })
	}
	alice := wants("alice")
	harness.Await(t, "the origin is asked", func() bool { return o.count("/a") == 1 })
	bob := wants("bob")
	joined(t, e, 1)
	close(first)
	receive(t, "alice", alice)
	if got := receive(t, "bob", bob); got != "for bob" {
		t.Errorf("with the first answer bob got %q", got)
	}
	harness.Await(t, "both are stored", e.Idle)

	alice = wants("alice")
	receive(t, "the validation", asked)
	if got := ask(t, e, "/a", "X-User: carol").Body; got != "for carol" {
		t.Errorf("during the validation carol got %q", got)
	}
	close(gate)
	if got := receive(t, "alice", alice); got != "for alice" {
		t.Errorf("alice got %q", got)
	}
}

func TestIgnoreVaryEndsWithReload(t *testing.T) {
	o := runHostile(t, func(conn net.Conn, r *http.Request) bool {
		_, err := io.WriteString(conn, reply(200, "for "+r.Header.Get("X-User"), "Cache-Control: max-age=600", "Vary: X-User"))
		return err == nil
	})
	file := t.TempDir() + "/edge.yaml"
	write := func(option string) {
		os.WriteFile(file, []byte("version: 1\nhosts: [www.example.com]\norigin: {url: \""+o.url()+"\"}\nroutes:\n  - {path: /a, mode: auto"+option+"}\n"), 0o600)
	}
	write(", ignore_vary: true")
	e := harness.Run(t, harness.Options{Args: []string{"-c", file}})
	ask(t, e, "/a", "X-User: alice")
	harness.Await(t, "it is stored", e.Idle)
	loads := func() float64 {
		m, err := e.Metrics()
		if err != nil {
			t.Fatal(err)
		}
		return m.Sum("edge_config_reloads_total")
	}
	before := loads()
	write("")
	e.Signal(syscall.SIGHUP)
	harness.Await(t, "the new policy", func() bool { return loads() > before })
	if got := ask(t, e, "/a", "X-User: bob").Body; got != "for bob" {
		t.Errorf("bob got %q", got)
	}
}

func TestNoStoreRequestsKeepCollapsing(t *testing.T) {
	gate := make(chan struct{})
	o := runHostile(t, func(conn net.Conn, r *http.Request) bool {
		if r.Header.Get("Cache-Control") == "" {
			<-gate
		}
		_, err := io.WriteString(conn, reply(200, "page", "Cache-Control: max-age=60"))
		return err == nil
	})
	e := start(t, o.url(), "")
	ask(t, e, "/a", "Cache-Control: no-store")
	herd := inBackground(20, func(int) string { return ask(t, e, "/a").Body })
	harness.Await(t, "all wait", func() bool {
		m, err := e.Metrics()
		return err == nil && (m.Sum("edge_collapsed_requests_total") == 19 || o.count("/a") == 21)
	})
	close(gate)
	for range 20 {
		receive(t, "the herd", herd)
	}
	if got := o.count("/a"); got != 2 {
		t.Errorf("the origin was asked %d times, want 2", got)
	}
}
