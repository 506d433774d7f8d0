package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"edge/bench/peers/content"
)

// load is what clients ask for.
type load struct {
	// hot are the targets that are asked for again and again: each as often as
	// the next, or, with zipf, by rank.
	hot  []content.Target
	zipf bool
	// fresh is a target whose name is new in every fresh-th request; 0 for none
	// and 1 for all.
	fresh int
	other content.Target
	// header are lines of every request.
	header []string
}

// one is a load on a single target.
func one(k content.Kind, size int, header ...string) load {
	return load{hot: []content.Target{{Kind: k, Size: size, Name: "one"}}, header: header}
}

// zipfian is a load on n targets of which the i-th is asked for in proportion
// to 1/i.
func zipfian(n, size int) load {
	l := load{zipf: true, hot: make([]content.Target, n)}
	for i := range l.hot {
		l.hot[i] = content.Target{Kind: content.Public, Size: size, Name: fmt.Sprintf("page-%d", i)}
	}
	return l
}

// fresh is a load of which every n-th request is for a name that nobody has
// asked for, and the others for one that is stored.
func fresh(n int, k content.Kind, size int, header ...string) load {
	l := load{fresh: n, other: content.Target{Kind: k, Size: size}, header: header}
	if n > 1 {
		l.hot = one(content.Public, size).hot
	}
	return l
}

// picks returns n indexes of hot, the same ones each time.
func (l *load) picks(n int) []int {
	random := rand.New(rand.NewPCG(1, uint64(len(l.hot))))
	list := make([]int, n)
	if !l.zipf {
		for i := range list {
			list[i] = i % len(l.hot)
		}
		return list
	}
	z := newZipf(len(l.hot))
	for i := range list {
		list[i] = z.pick(random.Float64())
	}
	return list
}

// zipfPicks is how many picks one run goes through before it begins anew: more
// than a second's requests.
const zipfPicks = 300_000

// writePicks writes the targets of the picks to a file, for load.lua.
func (l *load) writePicks(dir string) (string, error) {
	var b strings.Builder
	for _, i := range l.picks(zipfPicks) {
		b.WriteString(l.hot[i].String())
		b.WriteByte('\n')
	}
	file := filepath.Join(dir, "picks.txt")
	return file, os.WriteFile(file, []byte(b.String()), 0o644)
}

// sampler picks the requests of somebody who takes part in a load.
type sampler struct {
	load  *load
	picks []int
	name  string // of what is fresh; nobody else has it
	n     int
}

func (l *load) sampler(name string) *sampler {
	s := &sampler{load: l, name: name}
	if len(l.hot) > 0 {
		s.picks = l.picks(min(zipfPicks, 10*len(l.hot)))
	}
	return s
}

// next returns the next request.
func (s *sampler) next() content.Target {
	s.n++
	if s.load.fresh > 0 && s.n%s.load.fresh == 0 {
		t := s.load.other
		t.Name = fmt.Sprintf("%s-%d", s.name, s.n)
		return t
	}
	return s.load.hot[s.picks[s.n%len(s.picks)]]
}
