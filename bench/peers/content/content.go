// Package content says what the benchmark's origin answers, so that whoever
// checks an answer knows every byte of it without asking the origin.
//
// An answer is a function of the request's target and, where the target asks
// for it, of its Cookie. It is no web site: only sizes and cache fields are
// realistic.
package content

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Kind is what an answer says about its own caching: the first segment of the
// path.
type Kind string

const (
	// Public may be stored for an hour by everybody.
	Public Kind = "public"
	// Vary is Public, and differs by Accept-Language.
	Vary Kind = "vary"
	// Cookie is Public for edge's route with a keyed cookie; others see it as
	// Public.
	Cookie Kind = "cookie"
	// Static is Public for edge's route in force-static; others see it as Public.
	Static Kind = "static"
	// Pass must not be stored, and edge's policy knows.
	Pass Kind = "pass"
	// NoStore must not be stored, and nobody knows until the head arrives.
	NoStore Kind = "no-store"
	// Private is NoStore with the client's Cookie in the body.
	Private Kind = "private"
)

// control are the Cache-Control values.
var control = map[Kind]string{
	Public:  "public, max-age=3600",
	Vary:    "public, max-age=3600",
	Cookie:  "public, max-age=3600",
	Static:  "public, max-age=3600",
	Pass:    "private, no-store",
	NoStore: "no-store",
	Private: "private, no-store",
}

// Target is a request's target, /KIND/SIZE/MILLISECONDS/NAME: what the origin
// answers, how large and how late.
type Target struct {
	Kind  Kind
	Size  int
	Delay time.Duration
	Name  string
}

// String returns the target as it stands in a request.
func (t Target) String() string {
	return fmt.Sprintf("/%s/%d/%d/%s", t.Kind, t.Size, t.Delay.Milliseconds(), t.Name)
}

// sizeMax bounds what an origin is asked for.
const sizeMax = 1 << 20

// Parse reads a target.
func Parse(s string) (Target, error) {
	parts := strings.SplitN(strings.TrimPrefix(s, "/"), "/", 4)
	if len(parts) != 4 {
		return Target{}, fmt.Errorf("target %q is not /KIND/SIZE/MILLISECONDS/NAME", s)
	}
	size, err := strconv.Atoi(parts[1])
	delay, err2 := strconv.Atoi(parts[2])
	if control[Kind(parts[0])] == "" || err != nil || err2 != nil || size < 0 || size > sizeMax {
		return Target{}, fmt.Errorf("target %q is not /KIND/SIZE/MILLISECONDS/NAME", s)
	}
	return Target{Kind(parts[0]), size, time.Duration(delay) * time.Millisecond, parts[3]}, nil
}

// AppendHead appends the fields of the answer, each with CRLF: what an
// application sends that cares for caches. Date is the origin's to add.
func (t Target) AppendHead(dst []byte) []byte {
	dst = append(dst, "Content-Type: text/html; charset=utf-8\r\nCache-Control: "...)
	dst = append(dst, control[t.Kind]...)
	dst = append(dst, "\r\nETag: \""...)
	dst = strconv.AppendUint(dst, t.hash(""), 16)
	dst = append(dst, "\"\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, int64(t.Size), 10)
	dst = append(dst, "\r\n"...)
	if t.Kind == Vary {
		dst = append(dst, "Vary: Accept-Language\r\n"...)
	}
	return dst
}

// AppendBody appends the body for a client with that Cookie: who is meant, and
// then bytes that differ from target to target.
func (t Target) AppendBody(dst []byte, cookie string) []byte {
	if t.Kind != Private {
		cookie = ""
	}
	start := len(dst)
	dst = append(dst, t.String()...)
	dst = append(dst, '\n')
	dst = append(dst, cookie...)
	dst = append(dst, '\n')
	if len(dst)-start >= t.Size {
		return dst[:start+t.Size]
	}
	at := int(t.hash(cookie) % sizeMax)
	return append(dst, noise[at:at+t.Size-(len(dst)-start)]...)
}

// hash is the same in every process: the origin's and the checker's.
func (t Target) hash(cookie string) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	for _, s := range [...]string{string(t.Kind), t.Name, cookie} {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * 1099511628211
		}
	}
	return h ^ h>>32
}

// noise is what bodies are cut from. It needs no quoting anywhere.
var noise = func() []byte {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	random := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 2*sizeMax)
	for i := range b {
		b[i] = letters[random.UintN(uint(len(letters)))]
	}
	return b
}()
