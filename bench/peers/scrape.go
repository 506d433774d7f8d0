package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// scrape returns edge's metrics by name; those with labels are added up.
func scrape(s *server) (map[string]float64, error) {
	body, err := fetch("http://" + s.admin + "/metrics")
	if err != nil {
		return nil, err
	}
	m := make(map[string]float64)
	lines := bufio.NewScanner(strings.NewReader(string(body)))
	for lines.Scan() {
		series, text, ok := strings.Cut(lines.Text(), " ")
		if !ok || strings.HasPrefix(series, "#") {
			continue
		}
		if i := strings.LastIndex(lines.Text(), " "); i >= 0 { // labels may hold spaces
			series, text = lines.Text()[:i], lines.Text()[i+1:]
		}
		name, _, _ := strings.Cut(series, "{")
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("metric %q: %w", lines.Text(), err)
		}
		m[name] += value
	}
	return m, lines.Err()
}

// fetch gets a page of edge's admin API.
func fetch(url string) (_ []byte, err error) {
	res, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, res.Status)
	}
	return io.ReadAll(res.Body)
}
