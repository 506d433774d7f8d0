package admin

import (
	"errors"
	"net/http"
	"strings"
)

// ExplainRequest is the request to explain: the body of POST /v1/explain. GET
// takes method and url from its query.
type ExplainRequest struct {
	// Method is GET when empty.
	Method string `json:"method,omitempty"`
	// URL is absolute.
	URL string `json:"url"`
	// Headers are lines like "Cookie: a=b".
	Headers []string `json:"headers,omitempty"`
}

// Explanation is the answer.
type Explanation struct {
	// Text is for people.
	Text string `json:"text"`
	// Decision is the same for programs.
	Decision any `json:"decision"`
}

func (o *Options) explain(w http.ResponseWriter, r *http.Request) {
	e, err := readExplain(w, r)
	if err != nil {
		badBody(w, err)
		return
	}
	explanation, err := o.Explain(e)
	if err != nil {
		problem(w, http.StatusBadRequest, err.Error())
		return
	}
	writeJSON(w, http.StatusOK, explanation)
}

func readExplain(w http.ResponseWriter, r *http.Request) (ExplainRequest, error) {
	var e ExplainRequest
	if r.Method == http.MethodPost {
		if err := readObject(w, r, map[string]any{"method": &e.Method, "url": &e.URL, "headers": &e.Headers}); err != nil {
			return e, err
		}
	} else {
		q := r.URL.Query()
		e.Method, e.URL, e.Headers = q.Get("method"), q.Get("url"), q["header"]
	}
	if e.Method == "" {
		e.Method = http.MethodGet
	}
	if !strings.HasPrefix(e.URL, "http://") && !strings.HasPrefix(e.URL, "https://") {
		return e, errors.New("\"url\" must be an absolute URL, like https://www.example.com/api/posts?q=go")
	}
	return e, nil
}
