package wire

import (
	"bufio"
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// reply is the http.ResponseWriter of a Task. It writes what net/http's would, for
// a GET of HTTP/1.1 on a connection that stays open, in the same steps: a body that
// fits into the first buffer has a length though nobody gave one, a head waits for
// the first bytes behind it, and what an answer that is broken off has got so far
// leaves as far as it came into the second.
//
// The head must not change after WriteHeader, and there are no trailers.
type reply struct {
	fields http.Header
	names  []string // of fields, sorted; memory for appendFields
	status int      // 0 before WriteHeader
	length int64    // of the body as announced, -1 when it was not
	wrote  int64    // of the body
	body   *bufio.Writer
	out    *bufio.Writer
	to     sink  // set by who begins an answer
	failed error // how writing to it did

	headed  bool // the head is in out
	chunked bool
	done    bool // the Task has ended
	last    bool // the connection ends with this answer
}

const (
	// bodyBytes and outBytes are the sizes of net/http's buffers.
	bodyBytes = 2 << 10
	outBytes  = 4 << 10
)

func newReply() *reply {
	r := &reply{fields: make(http.Header), length: -1}
	r.body = bufio.NewWriterSize((*parcel)(r), bodyBytes)
	r.out = bufio.NewWriterSize((*line)(r), outBytes)
	return r
}

// reset makes r ready for another answer, and lets go of the last one.
func (r *reply) reset() {
	clear(r.fields)
	*r = reply{fields: r.fields, names: r.names[:0], length: -1, body: r.body, out: r.out}
	r.body.Reset((*parcel)(r))
	r.out.Reset((*line)(r))
}

// Header implements http.ResponseWriter.
func (r *reply) Header() http.Header { return r.fields }

// WriteHeader implements http.ResponseWriter. Informational responses leave at
// once; of final ones, the first counts.
func (r *reply) WriteHeader(status int) {
	switch {
	case r.status != 0:
		return
	case status >= 100 && status <= 199 && status != http.StatusSwitchingProtocols:
		head := r.appendFields(appendStatus(r.out.AvailableBuffer(), status), "Content-Length", "Transfer-Encoding")
		_, _ = r.out.Write(append(head, "\r\n"...)) // failed has it, here and below
		_ = r.out.Flush()
		return
	}
	r.status = status
	if n, err := strconv.ParseInt(r.first("Content-Length"), 10, 64); err == nil && n >= 0 {
		r.length = n
	}
}

// Write implements http.ResponseWriter.
func (r *reply) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	if len(p) == 0 {
		return 0, nil
	}
	if !hasBody(r.status) {
		return 0, http.ErrBodyNotAllowed
	}
	if r.wrote += int64(len(p)); r.length >= 0 && r.wrote > r.length {
		return 0, http.ErrContentLength
	}
	return r.body.Write(p)
}

// FlushError is what http.ResponseController calls for Flush.
func (r *reply) FlushError() error {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	if err := r.body.Flush(); err != nil {
		return err
	}
	r.writeHead(nil)
	return r.out.Flush()
}

// SetWriteDeadline is what http.ResponseController calls.
func (r *reply) SetWriteDeadline(t time.Time) error { return r.to.SetWriteDeadline(t) }

// finish ends the answer of a Task that has ended, and reports whether another may
// follow on the connection.
func (r *reply) finish() bool {
	r.done = true
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	_ = r.body.Flush() // failed has it, here and below
	r.writeHead(nil)
	if r.chunked {
		_, _ = r.out.WriteString("0\r\n\r\n")
	}
	_ = r.out.Flush()
	whole := r.length < 0 || r.wrote == r.length || !hasBody(r.status)
	return whole && !r.last && r.failed == nil
}

// breakOff sends what has left the Task's own buffer. The connection is to be
// closed then.
func (r *reply) breakOff() { _ = r.out.Flush() }

// parcel is a reply as it takes parts of a body: behind its head, and in chunks
// where nothing else tells the end.
type parcel reply

// Write implements io.Writer.
func (c *parcel) Write(p []byte) (int, error) {
	r := (*reply)(c)
	r.writeHead(p)
	if r.chunked {
		var room [16]byte
		size := strconv.AppendInt(room[:0], int64(len(p)), 16)
		_, _ = r.out.Write(append(size, "\r\n"...)) // the next write has the same error
	}
	n, err := r.out.Write(p)
	if r.chunked && err == nil {
		_, err = r.out.WriteString("\r\n")
	}
	return n, err
}

// line is a reply as it writes to its connection.
type line reply

// Write implements io.Writer.
func (l *line) Write(p []byte) (int, error) {
	n, err := l.to.Write(p)
	if err != nil {
		l.failed = err
	}
	return n, err
}

// sink is where a reply goes.
type sink interface {
	io.Writer
	SetWriteDeadline(t time.Time) error
}

// outlet is a conn as the reply of a Task has it.
type outlet conn

// Write implements io.Writer. It takes the time that the Task gives. The first answer
// on a connection goes through the Write of who has accepted it, and counts on that.
func (t *outlet) Write(p []byte) (n int, err error) {
	c := (*conn)(t)
	if c.deadlines.settled {
		if n = c.source.send(p); n == len(p) {
			return n, nil
		}
	}
	t.unbound()
	rest, err := c.Conn.Write(p[n:])
	return n + rest, err
}

// unbound lifts the deadline for writing, if it is not the Task's.
func (t *outlet) unbound() {
	t.bounds.Lock()
	defer t.bounds.Unlock()
	t.deadlines.unbound(t.Conn)
}

// SetWriteDeadline is that of the connection. It is the Task's then. Any goroutine may
// set one to end a Write of the Task's.
func (t *outlet) SetWriteDeadline(at time.Time) error {
	t.bounds.Lock()
	defer t.bounds.Unlock()
	t.deadlines.writing = 0
	return t.Conn.SetWriteDeadline(at)
}

// writeHead writes the head, once, before the first part p of the body; nil when
// there is none, or none yet.
func (r *reply) writeHead(p []byte) {
	if r.headed {
		return
	}
	r.headed = true
	r.frame(p)
	r.last = r.last || r.first("Connection") == "close"
	head := r.appendFields(appendStatus(r.out.AvailableBuffer(), r.status))
	if r.fields["Date"] == nil {
		head = append(head, "Date: "...)
		head = append(time.Now().UTC().AppendFormat(head, http.TimeFormat), "\r\n"...)
	}
	_, _ = r.out.Write(append(head, "\r\n"...)) // failed has it
}

// frame sets the fields that tell where the body ends, and what it is.
func (r *reply) frame(p []byte) {
	coding := r.first("Transfer-Encoding")
	delete(r.fields, "Transfer-Encoding")
	if !hasBody(r.status) {
		if r.status == http.StatusNotModified {
			delete(r.fields, "Content-Type")
		}
		delete(r.fields, "Content-Length")
		return
	}
	if coding != "" {
		r.frameAs(coding)
		return
	}
	if _, told := r.fields["Content-Length"]; !told && r.done {
		r.length = int64(len(p))
		r.fields["Content-Length"] = []string{strconv.Itoa(len(p))}
	}
	if r.length < 0 {
		r.chunked = true
		delete(r.fields, "Content-Length")
		r.fields["Transfer-Encoding"] = []string{"chunked"}
	}
	if _, typed := r.fields["Content-Type"]; !typed && r.first("Content-Encoding") == "" && len(p) > 0 {
		r.fields["Content-Type"] = []string{http.DetectContentType(p)}
	}
}

// frameAs is frame for a handler that frames the body itself: in chunks, or up to the
// end of the connection.
func (r *reply) frameAs(coding string) {
	switch {
	case coding != "identity":
		r.chunked = true
		delete(r.fields, "Content-Length")
		r.fields["Transfer-Encoding"] = []string{"chunked"}
	case r.length < 0:
		r.last = true
		delete(r.fields, "Content-Length")
		r.fields["Connection"] = []string{"close"}
	}
}

// appendStatus appends the status line.
func appendStatus(dst []byte, status int) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = append(strconv.AppendInt(dst, int64(status), 10), ' ')
	if text := http.StatusText(status); text != "" {
		dst = append(dst, text...)
	} else {
		dst = strconv.AppendInt(append(dst, "status code "...), int64(status), 10)
	}
	return append(dst, "\r\n"...)
}

// appendFields appends all fields but some, in the order of their names.
func (r *reply) appendFields(dst []byte, but ...string) []byte {
	r.names = r.names[:0]
	for name := range r.fields {
		if httpguts.ValidHeaderFieldName(name) && !slices.Contains(but, name) {
			r.names = append(r.names, name)
		}
	}
	slices.Sort(r.names)
	for _, name := range r.names {
		for _, value := range r.fields[name] {
			dst = appendField(dst, name, value)
		}
	}
	return dst
}

// appendField appends a line of the head. A value never ends it.
func appendField(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	if strings.IndexByte(value, '\n') >= 0 || strings.IndexByte(value, '\r') >= 0 {
		value = strings.NewReplacer("\r", " ", "\n", " ").Replace(value)
	}
	dst = append(dst, textproto.TrimString(value)...)
	return append(dst, "\r\n"...)
}

// first is the first value of a field.
func (r *reply) first(name string) string {
	if list := r.fields[name]; len(list) > 0 {
		return list[0]
	}
	return ""
}

// hasBody reports whether an answer to a GET with this status has a body.
func hasBody(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}
