package content

import (
	"bytes"
	"testing"
	"time"
)

func TestParseIsTheReverseOfString(t *testing.T) {
	want := Target{Public, 1024, 300 * time.Millisecond, "a/b?c=d"}
	got, err := Parse(want.String())
	if err != nil || got != want {
		t.Errorf("Parse(%q) = %+v, %v", want.String(), got, err)
	}
	for _, bad := range []string{"", "/", "/public/1/2", "/other/1/2/x", "/public/-1/0/x", "/public/9999999/0/x", "/public/x/0/x"} {
		if got, err := Parse(bad); err == nil {
			t.Errorf("Parse(%q) = %+v", bad, got)
		}
	}
}

func TestBodiesDiffer(t *testing.T) {
	body := func(k Kind, size int, name, cookie string) []byte {
		b := Target{Kind: k, Size: size, Name: name}.AppendBody(nil, cookie)
		if len(b) != size {
			t.Errorf("the body of %s has %d bytes, want %d", name, len(b), size)
		}
		return b
	}
	for _, size := range []int{64, 1024, 256 << 10} {
		if bytes.Equal(body(Public, size, "a", ""), body(Public, size, "b", "")) {
			t.Errorf("two targets have one body of %d bytes", size)
		}
		if bytes.Equal(body(Private, size, "a", "u=1"), body(Private, size, "a", "u=2")) {
			t.Errorf("two clients have one private body of %d bytes", size)
		}
		if !bytes.Equal(body(Public, size, "a", "u=1"), body(Public, size, "a", "u=2")) {
			t.Errorf("two clients have two public bodies of %d bytes", size)
		}
	}
	body(Public, 3, "longer than the body", "")
}
