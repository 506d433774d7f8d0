package harness

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

// NewRequest makes a request with header lines, "name: value". A line "host:
// value" sets Host.
func NewRequest(method, url, body string, header ...string) (*http.Request, error) {
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, url, content)
	if err != nil {
		return nil, err
	}
	for _, line := range header {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("header line %q has no colon", line)
		}
		value = strings.TrimSpace(value)
		if strings.EqualFold(name, "host") {
			req.Host = value
			continue
		}
		req.Header.Add(name, value)
	}
	return req, nil
}
