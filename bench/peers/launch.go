package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// run starts one process of a peer on the cores of s.
func (to *server) run(s setup, p spawn) error {
	p.cores, p.dir = s.cores.server, to.dir
	started, err := p.start()
	if err == nil {
		to.processes = append(to.processes, started)
	}
	return err
}

func launchEdge(b *bench, s setup, v *values, to *server) error {
	file := filepath.Join(v.Dir, "edge.yaml")
	if err := v.render("edge.yaml", file); err != nil {
		return err
	}
	p, line, err := spawn{name: "edge", cores: s.cores.server, dir: v.Dir, args: []string{
		b.edge, "run", "-c", file, "--admin", "127.0.0.1:0", "--print-addresses",
	}}.startSaying()
	if err != nil {
		return err
	}
	to.processes = append(to.processes, p)
	var at struct{ Admin string }
	err = json.Unmarshal([]byte(line), &at)
	to.admin = at.Admin
	return err
}

func launchBare(b *bench, s setup, v *values, to *server) error {
	p, _, err := spawn{name: "bare", cores: s.cores.server, dir: v.Dir, args: []string{
		b.bare, "-listen", v.Listen, "-origin", "http://" + v.Origin,
	}}.startSaying()
	if err == nil {
		to.processes = append(to.processes, p)
	}
	return err
}

func launchFloor(b *bench, s setup, v *values, to *server) error {
	to.only = &limitTarget
	p, _, err := spawn{name: "floor", cores: s.cores.server, dir: v.Dir, args: []string{
		b.floor, "-listen", v.Listen, "-target", limitTarget.String(),
	}}.startSaying()
	if err == nil {
		to.processes = append(to.processes, p)
	}
	return err
}

func launchNginx(_ *bench, s setup, v *values, to *server) error {
	file := filepath.Join(v.Dir, "nginx.conf")
	if err := v.render("nginx.conf", file); err != nil {
		return err
	}
	return to.run(s, spawn{name: "nginx", args: []string{
		"/usr/sbin/nginx", "-p", v.Dir, "-e", filepath.Join(v.Dir, "error.log"), "-c", file,
	}})
}

func launchHaproxy(_ *bench, s setup, v *values, to *server) error {
	file := filepath.Join(v.Dir, "haproxy.cfg")
	v.StoreMiB = min(v.StoreMiB, 2047) // its cache takes no more
	if err := v.render("haproxy.cfg", file); err != nil {
		return err
	}
	p := spawn{name: "haproxy", args: []string{"/usr/sbin/haproxy", "-db", "-f", file}}
	if v.Log != "" {
		log, err := os.Create(v.Log)
		if err != nil {
			return err
		}
		defer log.Close() // the process has its own
		p.stdout = log
	}
	return to.run(s, p)
}

// varnishUnlogged are the records that are of no use without varnishncsa: every
// one costs a hit something.
const varnishUnlogged = "vsl_mask=-ReqMethod,-ReqURL,-ReqProtocol,-ReqHeader,-ReqUnset,-RespProtocol,-RespStatus," +
	"-RespReason,-RespHeader,-RespUnset,-VCL_call,-VCL_return,-ReqStart,-ReqAcct,-Hit,-Timestamp,-Length,-Begin,-End,-Link"

// varnishFormat is a line of JSON with what the others log.
const varnishFormat = `{"time":"%{%Y-%m-%dT%H:%M:%S}t","client":"%h","method":"%m","host":"%{Host}i","path":"%U","status":%s,` +
	`"bytes":%b,"duration":%D,"cache":"%{Varnish:handling}x","user_agent":"%{User-Agent}i"}`

func launchVarnish(_ *bench, s setup, v *values, to *server) error {
	file := filepath.Join(v.Dir, "varnish.vcl")
	if err := v.render("varnish.vcl", file); err != nil {
		return err
	}
	args := []string{
		"/usr/sbin/varnishd", "-F", "-j", "none", "-n", v.Dir, "-f", file, "-a", v.Listen, "-T", "none",
		"-s", fmt.Sprintf("malloc,%dm", v.StoreMiB), "-p", "thread_pools=2", "-p", "thread_pool_min=100",
		"-p", "thread_pool_max=1000", "-p", "idle_send_timeout=3600", "-p", "timeout_idle=3600",
	}
	if v.Log == "" {
		args = append(args, "-p", varnishUnlogged)
	}
	if err := to.run(s, spawn{name: "varnishd", args: args}); err != nil || v.Log == "" {
		return err
	}
	if err := to.ready(); err != nil { // varnishncsa wants its shared memory
		return err
	}
	return to.run(s, spawn{name: "varnishncsa", args: []string{
		"/usr/bin/varnishncsa", "-n", v.Dir, "-w", v.Log, "-F", varnishFormat,
	}})
}

// launchTrafficServer lays out a root of its own: it reads a dozen files, most of
// which may be empty, from one directory.
func launchTrafficServer(_ *bench, s setup, v *values, to *server) error {
	etc := filepath.Join(v.Dir, "etc")
	for _, dir := range []string{"etc", "log", "run", "cache"} {
		if err := os.Mkdir(filepath.Join(v.Dir, dir), 0o755); err != nil {
			return err
		}
	}
	if v.Log != "" {
		to.log = filepath.Join(v.Dir, "log", "access.log") // it puts its logs there
	}
	write := func(name, text string) error { return os.WriteFile(filepath.Join(etc, name), []byte(text), 0o644) }
	errs := []error{
		v.render("records.config", filepath.Join(etc, "records.config")),
		v.render("runroot.yaml", filepath.Join(v.Dir, "runroot.yaml")),
		write("remap.config", "map / http://"+v.Origin+"/\n"),
		write("storage.config", filepath.Join(v.Dir, "cache")+" "+strconv.Itoa(2*v.StoreMiB)+"M\n"),
		write("ip_allow.yaml", "ip_allow:\n  - {apply: in, ip_addrs: 127.0.0.1, action: allow, methods: ALL}\n"),
	}
	for _, name := range []string{
		"plugin.config", "hosting.config", "parent.config", "volume.config", "ssl_multicert.config", "sni.yaml", "strategies.yaml",
	} {
		errs = append(errs, write(name, ""))
	}
	if v.Log != "" {
		errs = append(errs, v.render("logging.yaml", filepath.Join(etc, "logging.yaml")))
	} else {
		errs = append(errs, write("logging.yaml", ""))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return to.run(s, spawn{name: "traffic_server", args: []string{
		"traffic_server", "--run-root=" + filepath.Join(v.Dir, "runroot.yaml"),
	}})
}
