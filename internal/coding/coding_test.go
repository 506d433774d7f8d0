package coding

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"edge/internal/rfc9111"
)

var codings = []rfc9111.Coding{rfc9111.Brotli, rfc9111.Zstd, rfc9111.Gzip}

// decode reads coded content with another reader than edge would.
func decode(t *testing.T, c rfc9111.Coding, coded []byte) []byte {
	t.Helper()
	var r io.Reader
	var err error
	switch c {
	case rfc9111.Brotli:
		r = brotli.NewReader(bytes.NewReader(coded))
	case rfc9111.Zstd:
		r, err = zstd.NewReader(bytes.NewReader(coded))
	default:
		r, err = gzip.NewReader(bytes.NewReader(coded))
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%s: %v", c, err)
	}
	return text
}

func text(n int) []byte { return []byte(strings.Repeat("the quick brown fox ", n/20+1)[:n]) }

func TestEncode(t *testing.T) {
	for _, c := range codings {
		for _, size := range []int{Least, 100_000, thorough + 1} {
			body := text(size)
			coded := Encode(c, [][]byte{body[:size/3], body[size/3:]})
			if len(coded) == 0 || len(coded) > size/2 {
				t.Errorf("%s of %d bytes: %d", c, size, len(coded))
			}
			if cap(coded) > len(coded)+len(coded)/8+64 {
				t.Errorf("%s: %d bytes in an allocation of %d", c, len(coded), cap(coded))
			}
			if !bytes.Equal(decode(t, c, coded), body) {
				t.Errorf("%s of %d bytes does not decode to what it was", c, size)
			}
		}
	}
}

func TestWhatDoesNotShrinkIsLeft(t *testing.T) {
	noise := make([]byte, 10_000)
	r := rand.NewChaCha8([32]byte{1})
	r.Read(noise)
	for _, c := range codings {
		if coded := Encode(c, [][]byte{noise}); coded != nil {
			t.Errorf("%s: noise of %d bytes became %d", c, len(noise), len(coded))
		}
	}
}

func TestWriter(t *testing.T) {
	for _, c := range codings {
		for round := range 3 { // encoders are used again
			var out bytes.Buffer
			w := NewWriter(c, &out)
			body := text(50_000 + round)
			for part := range slicesOf(body, 7_000) {
				if _, err := w.Write(part); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(decode(t, c, out.Bytes()), body) {
				t.Errorf("%s, round %d: not what it was", c, round)
			}
		}
	}
}

func slicesOf(b []byte, n int) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(b) > 0 {
			part := b[:min(n, len(b))]
			if b = b[len(part):]; !yield(part) {
				return
			}
		}
	}
}

// What is flushed can be read before there is more.
func TestFlushPassesOnEverything(t *testing.T) {
	for _, c := range codings {
		r, out := io.Pipe()
		w := NewWriter(c, out)
		go func() {
			w.Write([]byte("first"))
			w.Flush()
		}()
		var in io.Reader
		switch c {
		case rfc9111.Brotli:
			in = brotli.NewReader(r)
		case rfc9111.Zstd:
			d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
			if err != nil {
				t.Fatal(err)
			}
			in = d
		default:
			d, err := gzip.NewReader(r)
			if err != nil {
				t.Fatal(err)
			}
			in = d
		}
		got := make([]byte, 5)
		if _, err := io.ReadFull(in, got); err != nil || string(got) != "first" {
			t.Errorf("%s: %q, %v", c, got, err)
		}
		r.Close()
	}
}

// A body that breaks off must not decode to a whole one.
func TestAWriterThatIsLeftEndsBadly(t *testing.T) {
	for _, c := range codings {
		var out bytes.Buffer
		w := NewWriter(c, &out)
		w.Write(text(10_000))
		w.Flush()
		var r io.Reader
		switch c {
		case rfc9111.Brotli:
			r = brotli.NewReader(&out)
		case rfc9111.Zstd:
			d, err := zstd.NewReader(&out)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			r = d
		default:
			d, err := gzip.NewReader(&out)
			if err != nil {
				t.Fatal(err)
			}
			r = d
		}
		if _, err := io.ReadAll(r); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%s: half a body reads as a whole one", c)
		}
	}
}
