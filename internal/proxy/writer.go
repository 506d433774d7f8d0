package proxy

import (
	"errors"
	"net/http"
)

// writer is the client's ResponseWriter with what the record needs: the status
// and the bytes. It lets no informational response through but 103 with Link:
// an origin must not set cookies before the policy has seen the head.
type writer struct {
	http.ResponseWriter
	status int
	bytes  int64
	hints  bool // 103 may pass
}

func (w *writer) reset(to http.ResponseWriter) { *w = writer{ResponseWriter: to} }

// WriteHeader implements http.ResponseWriter.
func (w *writer) WriteHeader(status int) {
	if status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		w.early(status)
		return
	}
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *writer) early(status int) {
	if status != http.StatusEarlyHints || !w.hints {
		return
	}
	h := w.Header()
	for name := range h {
		if name != "Link" {
			delete(h, name)
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *writer) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Unwrap gives http.ResponseController what is behind: Flush, Hijack, deadlines.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// flush sends on what is buffered. A writer that has no buffer needs none.
func (w *writer) flush() error {
	err := http.NewResponseController(w.ResponseWriter).Flush()
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}
