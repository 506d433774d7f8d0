package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"time"
)

// generated is what a load generator reports of one run.
type generated struct {
	requests       int64
	took           time.Duration
	p50, p99, p999 time.Duration // 0 when it does not say
}

// generator makes a load on a server for a time.
type generator func(b *bench, s *server, l *load, cores cores, name string, d time.Duration) (generated, error)

// connections is how many clients there are.
const connections = 64

// wrk makes the load in HTTP/1.1. Since it counts its time in whole seconds, it gets more
// than it needs and is told to end, at which it reports as if its time were over.
func wrk(b *bench, s *server, l *load, on cores, name string, d time.Duration) (generated, error) {
	args := []string{
		"-c", on.load, "wrk", "-t", strconv.Itoa(on.count), "-c", strconv.Itoa(connections),
		"-d", "1h", "-s", b.file("load.lua"), "-H", "Host: " + hostName,
	}
	for _, line := range l.header {
		args = append(args, "-H", line)
	}
	first := l.other
	if len(l.hot) > 0 {
		first = l.hot[0]
	}
	args = append(args, "http://"+s.addr+first.String(), "--")
	switch {
	case l.fresh > 0:
		prefix := l.other
		prefix.Name = name
		args = append(args, "fresh", strconv.Itoa(l.fresh), prefix.String())
	case len(l.hot) > 1:
		file, err := l.writePicks(b.dir)
		if err != nil {
			return generated{}, err
		}
		args = append(args, "picks", file)
	}
	out, err := interrupted("wrk", d, on.count, args)
	if err != nil {
		return generated{}, err
	}
	return parseWrk(out)
}

// parseWrk reads the last line of wrk's output, which load.lua has written.
func parseWrk(out []byte) (generated, error) {
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	var r struct{ Requests, Micros, Failed, P50, P99, P999 int64 }
	if err := json.Unmarshal(lines[len(lines)-1], &r); err != nil {
		return generated{}, fmt.Errorf("wrk says %q: %w", out, err)
	}
	if r.Failed > 0 || r.Requests == 0 {
		return generated{}, fmt.Errorf("%d of %d requests of wrk failed", r.Failed, r.Requests)
	}
	return generated{
		requests: r.Requests, took: time.Duration(r.Micros) * time.Microsecond,
		p50:  time.Duration(r.P50) * time.Microsecond,
		p99:  time.Duration(r.P99) * time.Microsecond,
		p999: time.Duration(r.P999) * time.Microsecond,
	}, nil
}

// streams is how many requests each client of HTTP/2 has under way.
const streams = 10

// h2First is how many requests h2load makes of a server that it does not know.
const h2First = 20_000

// h2load makes the load in HTTP/2 over TLS; on one target. It is given a number of
// requests, by what it found before, and not a time: given a time, the h2load of
// Debian 12 does not always end, most of all on a busy machine.
func h2load(_ *bench, s *server, l *load, on cores, _ string, d time.Duration) (generated, error) {
	args := []string{
		"-c", on.load, "h2load", "-t", strconv.Itoa(on.count), "-c", strconv.Itoa(connections), "-m", strconv.Itoa(streams),
		"-n", strconv.Itoa(max(h2First, int(s.h2Rate*d.Seconds()))), "--connect-to", s.tls,
	}
	for _, line := range l.header {
		args = append(args, "-H", line)
	}
	out, err := output("h2load", d, append(args, "https://"+secureHost(s.tls)+l.hot[0].String()))
	if err != nil {
		return generated{}, err
	}
	g, err := parseH2load(string(out))
	if err == nil {
		s.h2Rate = float64(g.requests) / g.took.Seconds()
	}
	return g, err
}

var (
	h2loadDone   = regexp.MustCompile(`finished in ([0-9.]+)(s|ms), `)
	h2loadCounts = regexp.MustCompile(`requests: \d+ total, \d+ started, \d+ done, (\d+) succeeded, (\d+) failed, (\d+) errored`)
)

// parseH2load reads h2load's summary.
func parseH2load(out string) (generated, error) {
	took, counts := h2loadDone.FindStringSubmatch(out), h2loadCounts.FindStringSubmatch(out)
	if took == nil || counts == nil {
		return generated{}, fmt.Errorf("h2load says %q", out)
	}
	d, err := time.ParseDuration(took[1] + took[2])
	n, err1 := strconv.ParseInt(counts[1], 10, 64)
	if err := errors.Join(err, err1); err != nil {
		return generated{}, err
	}
	if n == 0 || counts[2] != "0" || counts[3] != "0" {
		return generated{}, fmt.Errorf("requests of h2load failed: %s", counts[0])
	}
	return generated{requests: n, took: d}, nil
}

// output runs taskset with args, for about d, and returns what is printed.
func output(name string, d time.Duration, args []string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), d+patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "taskset", args...).Output()
	if err != nil {
		return nil, commandError(name, err)
	}
	return out, nil
}

// interrupted runs taskset with args, interrupts it d after so many lines "ready", and
// returns what it prints behind them.
func interrupted(name string, d time.Duration, threads int, args []string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), d+patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "taskset", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, commandError(name, err)
	}
	in := bufio.NewReader(stdout)
	for range threads {
		if line, err := in.ReadString('\n'); err != nil || line != "ready\n" {
			cancel()
			_ = cmd.Wait() // killed
			return nil, fmt.Errorf("%s says %q instead of \"ready\": %w\n%s", name, line, err, stderr.Bytes())
		}
	}
	time.Sleep(d)
	interrupt := cmd.Process.Signal(os.Interrupt)
	out, err := io.ReadAll(in)
	if err := errors.Join(interrupt, err, cmd.Wait()); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", name, err, stderr.Bytes())
	}
	return out, nil
}

// commandError adds what the command said to its error.
func commandError(name string, err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%s: %w\n%s", name, err, exit.Stderr)
	}
	return fmt.Errorf("%s: %w", name, err)
}
