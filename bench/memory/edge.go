package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// edge is a running edge.
type edge struct {
	*process
	addr, admin string
	cacheMB     int
	empty       int64 // what it took before anything was stored
	// stored is how many objects of 1 KiB were asked for.
	stored int

	done    chan struct{} // closed to end the watching
	watcher sync.WaitGroup
	mu      sync.Mutex
	peak    int64 // the most resident bytes since watch; guarded by mu
	failed  error // guarded by mu
}

// footprint is what edge takes, and what it says of it, in bytes.
type footprint struct {
	State string
	// Objects, Live and Capacity are what it says it stores, Headroom what it says it
	// takes besides.
	Objects, Live, Capacity, Headroom int64
	// Filled is its memory right after the last request, Resident when it is at rest some
	// seconds later; Peak was the most at any moment since it started.
	Filled, Resident, Peak int64
	// Each is what it has grown by since it was empty, for each object; 0 when not
	// all objects are of 1 KiB.
	Each float64
}

// bound is what edge says it takes at most.
func (f footprint) bound() int64 { return f.Capacity + f.Headroom }

// sampleEvery is how often the memory is looked at.
const sampleEvery = 50 * time.Millisecond

// watched looks at the memory during f.
func (e *edge) watched(f func(*edge) error) (err error) {
	if e.empty, err = e.resident(); err != nil {
		return err
	}
	e.watch()
	defer e.unwatch()
	return f(e)
}

// watch begins to look at the memory; unwatch ends it.
func (e *edge) watch() {
	e.done = make(chan struct{})
	e.watcher.Go(func() { // ends with unwatch
		tick := time.NewTicker(sampleEvery)
		defer tick.Stop()
		for {
			now, err := e.resident()
			e.mu.Lock()
			e.peak, e.failed = max(e.peak, now), errors.Join(e.failed, err)
			e.mu.Unlock()
			select {
			case <-e.done:
				return
			case <-tick.C:
			}
		}
	})
}

func (e *edge) unwatch() {
	close(e.done)
	e.watcher.Wait()
}

// resident is the memory of the process now. It shares none worth mentioning: its
// proportional set size is the same.
func (e *edge) resident() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", e.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	f := strings.Fields(string(text))
	if len(f) < 2 {
		return 0, fmt.Errorf("statm is %q", text)
	}
	pages, err := strconv.ParseInt(f[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}

// settle is how long edge gets to come to rest before it is measured: it gives memory
// back when it has not worked for 10 s.
const settle = 15 * time.Second

// weigh returns what edge takes now, and when it rests.
func (e *edge) weigh(state string) (footprint, error) {
	filled, err := e.resident()
	if err != nil {
		return footprint{}, err
	}
	time.Sleep(settle)
	m, err := e.scrape()
	if err != nil {
		return footprint{}, err
	}
	now, err := e.resident()
	e.mu.Lock()
	defer e.mu.Unlock()
	return footprint{
		State: state, Filled: filled, Resident: now, Peak: e.peak,
		Objects: int64(m["edge_cache_objects"]), Live: int64(m["edge_cache_size_bytes"]),
		Capacity: int64(m["edge_cache_capacity_bytes"]), Headroom: int64(m["edge_memory_headroom_bytes"]),
	}, errors.Join(err, e.failed)
}

// scrape returns edge's metrics by name; those with labels are added up.
func (e *edge) scrape() (map[string]float64, error) {
	body, err := e.fetch("/metrics")
	if err != nil {
		return nil, err
	}
	m := make(map[string]float64)
	lines := bufio.NewScanner(strings.NewReader(body))
	for lines.Scan() {
		at := strings.LastIndex(lines.Text(), " ") // labels may hold spaces
		if at < 0 || strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		name, _, _ := strings.Cut(lines.Text()[:at], "{")
		value, err := strconv.ParseFloat(lines.Text()[at+1:], 64)
		if err != nil {
			return nil, fmt.Errorf("metric %q: %w", lines.Text(), err)
		}
		m[name] += value
	}
	return m, lines.Err()
}

// fetch gets a page of the admin API.
func (e *edge) fetch(path string) (_ string, err error) {
	res, err := http.Get("http://" + e.admin + path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", path, res.Status)
	}
	body, err := io.ReadAll(res.Body)
	return string(body), err
}
