package main

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// throughput is a case that asks for as much as the server gives.
type throughput struct {
	title   string
	note    string // what to know when reading the table
	entries []entry
	goals   []goal
	// forwarded is how many requests the origin must see for each of a client.
	forwarded float64
	generate  generator
}

// entry takes part in a case: a peer, and what it is asked for.
type entry struct {
	name string
	setup
	load load
}

// sample is one measurement of an entry.
type sample struct {
	// Requests are those of the load and of the checker, Checked the latter
	// alone; Origin are those that the origin saw.
	Requests, Checked, Origin int64
	// Seconds is how long it took, CPU what the server's processes used of it.
	Seconds, CPU float64
	// P50 and P99 are latencies in milliseconds; 0 when the generator tells none.
	P50, P99 float64
	// Logged are the lines that the access log has grown by.
	Logged int64 `json:",omitempty"`
	// Foreign is how many cores programs that do not belong here took.
	Foreign float64
}

// perCPU is the requests for a second of the server's time.
func (s sample) perCPU() float64 { return float64(s.Requests) / s.CPU }

// perSecond is the requests for a second of the clock.
func (s sample) perSecond() float64 { return float64(s.Requests) / s.Seconds }

// turns is how many parts a round has. The host of a virtual machine takes from it what
// it likes, for seconds at a time: in each part every entry has a turn, so that it takes
// from all of them. Of the same two programs, whole measurements one after the other told
// of ratios between 1.0 and 1.3.
const turns = 8

// measure runs the rounds.
func (c *throughput) measure(b *bench) (_ *result, err error) {
	r := &result{Samples: make(map[string][]sample)}
	servers := make(map[setup]*server)
	defer func() {
		for _, s := range servers {
			err = errors.Join(err, s.stop())
		}
	}()
	rates := make(map[string]float64)
	for _, e := range c.entries {
		s := servers[e.setup]
		if s == nil {
			if s, err = b.start(e.setup); err != nil {
				return nil, err
			}
			servers[e.setup] = s
		}
		if rates[e.name], err = c.warm(b, s, &e); err != nil {
			return nil, fmt.Errorf("%s: %w", e.name, err)
		}
		r.Order = append(r.Order, e.name)
	}
	for round := range b.rounds {
		parts, err := c.round(b, servers, rates, fmt.Sprintf("r%d-%d", round, time.Now().UnixNano()))
		if err != nil {
			return nil, fmt.Errorf("round %d: %w", round+1, err)
		}
		for _, e := range c.entries {
			got := together(parts[e.name])
			switch {
			case got.CPU <= 0:
				return nil, fmt.Errorf("%s, round %d: the server used no time", e.name, round+1)
			case e.log && got.Logged == 0:
				return nil, fmt.Errorf("%s, round %d: the server is to write a log, and wrote no line", e.name, round+1)
			}
			b.log.Info("measured", "entry", e.name, "round", round+1, "per_second", int(got.perSecond()),
				"cpu_us", fmt.Sprintf("%.2f", 1e6/got.perCPU()), "checked", got.Checked, "foreign", fmt.Sprintf("%.2f", got.Foreign))
			r.Samples[e.name] = append(r.Samples[e.name], got)
		}
	}
	return r, nil
}

// round measures every entry once in each turn, and returns the parts of each.
func (c *throughput) round(b *bench, servers map[setup]*server, rates map[string]float64, name string) (map[string][]sample, error) {
	parts := make(map[string][]sample)
	for turn := range turns {
		for _, e := range c.entries {
			got, err := c.undisturbed(b, servers[e.setup], &e, fmt.Sprintf("%s-%d", name, turn), rates[e.name])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", e.name, err)
			}
			parts[e.name] = append(parts[e.name], got)
		}
	}
	return parts, nil
}

// together is the measurement whose parts are given: sums, and of the latencies, which
// cannot be summed up, the median part's.
func together(parts []sample) sample {
	var sum sample
	for _, p := range parts {
		sum.Requests += p.Requests
		sum.Checked += p.Checked
		sum.Origin += p.Origin
		sum.Seconds += p.Seconds
		sum.CPU += p.CPU
		sum.Logged += p.Logged
		sum.Foreign += p.Foreign / float64(len(parts))
	}
	sum.P50 = spreadOf(figures(parts, func(p sample) float64 { return p.P50 })).Median
	sum.P99 = spreadOf(figures(parts, func(p sample) float64 { return p.P99 })).Median
	return sum
}

// warm fills the server with what will be asked for and returns how many
// requests a second it answers.
func (c *throughput) warm(b *bench, s *server, e *entry) (float64, error) {
	if err := b.fill(s, &e.load); err != nil {
		return 0, err
	}
	g, err := c.generate(b, s, &e.load, e.cores, fmt.Sprintf("w%d", time.Now().UnixNano()), time.Second)
	return float64(g.requests) / g.took.Seconds(), err
}

// Of how much a measurement may be disturbed: cores that other programs took,
// and how often it is then made again.
const (
	foreignMax = 0.12
	attempts   = 3
)

// undisturbed measures until nobody else was busy meanwhile, or else keeps the
// least disturbed of some attempts.
func (c *throughput) undisturbed(b *bench, s *server, e *entry, name string, rate float64) (best sample, err error) {
	for i := range attempts {
		got, err := c.one(b, s, e, fmt.Sprintf("%s-%d", name, i), rate)
		if err != nil {
			return best, err
		}
		if i == 0 || got.Foreign < best.Foreign {
			best = got
		}
		if best.Foreign <= foreignMax {
			break
		}
	}
	return best, nil
}

// meter is what is read before and after a measurement.
type meter struct {
	server, own, origin, machine time.Duration
	asked, lines                 int64
}

func (b *bench) meter(s *server) (m meter, err error) {
	var errs [6]error
	m.lines, errs[0] = s.lines()
	m.asked, errs[1] = b.asked()
	m.own, errs[2] = ownCPU()
	origin, err := tree([]int{b.origin.cmd.Process.Pid})
	if errs[3] = err; err == nil {
		m.origin = origin[0].cpu
	}
	m.machine, errs[4] = machineCPU()
	m.server, errs[5] = s.cpu()
	return m, errors.Join(errs[:]...)
}

// one makes one measurement.
func (c *throughput) one(b *bench, s *server, e *entry, name string, rate float64) (sample, error) {
	check, err := b.check(s, &e.load, name, rate/share)
	if err != nil {
		return sample{}, err
	}
	before, err := b.meter(s)
	began := time.Now()
	g, err1 := c.generate(b, s, &e.load, e.cores, name, b.seconds/turns)
	after, err2 := b.meter(s)
	took := time.Since(began)
	checked, err3 := check.stop()
	if err := errors.Join(err, err1, err2, err3); err != nil {
		return sample{}, err
	}
	got := sample{
		Requests: g.requests + checked, Checked: checked, Origin: after.asked - before.asked,
		Seconds: g.took.Seconds(), CPU: (after.server - before.server).Seconds(),
		P50: g.p50.Seconds() * 1e3, P99: g.p99.Seconds() * 1e3, Logged: after.lines - before.lines,
	}
	ours := after.server + after.own + after.origin - before.server - before.own - before.origin
	got.Foreign = max(0, (after.machine-before.machine-ours).Seconds()/took.Seconds())
	return got, c.plausible(got)
}

// plausible refuses a measurement of something else: hits that were fetched, or
// misses that were not. Requests that were under way at the end may have reached
// the origin without being counted.
func (c *throughput) plausible(s sample) error {
	want := c.forwarded * float64(s.Requests)
	if off := math.Abs(float64(s.Origin) - want); off > 2*connections+0.005*float64(s.Requests) {
		return fmt.Errorf("the origin saw %d requests, want %.0f of %d", s.Origin, want, s.Requests)
	}
	return nil
}
