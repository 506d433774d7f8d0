package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// result is what a case has measured. It is kept in a file, so that a run that
// was broken off goes on where it was.
type result struct {
	Case string
	// Made is of what, when and how.
	Made made
	// Order are the entries as the tables list them.
	Order    []string               `json:",omitempty"`
	Samples  map[string][]sample    `json:",omitempty"`
	Herds    map[string][]herd      `json:",omitempty"`
	Sizes    map[string][]footprint `json:",omitempty"`
	Pauses   []pauses               `json:",omitempty"`
	Idle     map[string]idle        `json:",omitempty"`
	Profiles map[string]string      `json:",omitempty"`
}

// made says what a result is a result of. Two that differ are measured anew.
type made struct {
	Edge, Bench     string // hashes of the binary and of the benchmark itself
	Version         string // what edge says of itself
	Rounds, Seconds int
	Objects         int
	At              time.Time
}

func (m made) same(n made) bool {
	m.At, n.At = time.Time{}, time.Time{}
	return m == n
}

// makeNow describes what is measured now.
func makeNow(o options) (made, error) {
	self, err := os.Executable()
	if err != nil {
		return made{}, err
	}
	edge, err := hashOf(o.edge)
	bench, err1 := hashOf(self)
	return made{
		Edge: edge, Bench: bench, Version: firstLine(o.edge, "version"),
		Rounds: o.rounds, Seconds: o.seconds, Objects: o.objects, At: time.Now().UTC().Truncate(time.Second),
	}, errors.Join(err, err1)
}

func hashOf(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

func (r *result) save(dir string) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	file := filepath.Join(dir, r.Case+".json")
	if err := os.WriteFile(file+".new", text, 0o644); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// loadResult returns the result of a case; nil if there is none.
func loadResult(dir, name string) (*result, error) {
	text, err := os.ReadFile(filepath.Join(dir, name+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r := new(result)
	return r, json.Unmarshal(text, r)
}
