package harness

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Metrics are the samples of one scrape, in the order they came.
type Metrics []Sample

// Sample is one line: the series as it is written, and its value.
type Sample struct {
	Series string
	Value  float64
}

func (s Sample) name() string {
	name, _, _ := strings.Cut(s.Series, "{")
	return name
}

// Metrics scrapes the admin listener.
func (e *Edge) Metrics() (Metrics, error) {
	req, err := NewRequest(http.MethodGet, e.AdminURL("/metrics"), "")
	if err != nil {
		return nil, err
	}
	client := NewClient()
	defer client.Close()
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if res.Status != http.StatusOK {
		return nil, fmt.Errorf("scrape: status %d: %s", res.Status, res.Body)
	}
	var m Metrics
	for line := range strings.Lines(res.Body) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		series, number, ok := cutLast(strings.TrimSpace(line), " ")
		if !ok {
			continue
		}
		value, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return nil, fmt.Errorf("scrape: line %q: %w", line, err)
		}
		m = append(m, Sample{series, value})
	}
	return m, nil
}

// Idle reports whether no fetch for the store is under way.
func (e *Edge) Idle() bool {
	const flights = "edge_flights"
	m, err := e.Metrics()
	return err == nil && m.has(flights) && m.Sum(flights) == 0
}

func (m Metrics) has(name string) bool {
	return slices.ContainsFunc(m, func(s Sample) bool { return s.name() == name })
}

// Sum adds up the series of a name that hold all of labels, each written as in
// the exposition: `method="GET"`. A name without any series is 0.
func (m Metrics) Sum(name string, labels ...string) float64 {
	var sum float64
	for _, s := range m {
		if s.name() == name && containsAll(s.Series, labels) {
			sum += s.Value
		}
	}
	return sum
}

func containsAll(s string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(s, part) {
			return false
		}
	}
	return true
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
