package request

import (
	"net/textproto"
	"strings"
	"testing"
)

func TestNamesNumberTheFixedNamesFirst(t *testing.T) {
	n := NewNames("x-tenant", "RSC", "COOKIE", "X-Tenant", "", "X_Odd", "X Y", "X-Forwarded-Host", "te", "referer")
	if n.Len() != int(FixedSlots)+5 {
		t.Errorf("Len = %d, want %d", n.Len(), FixedSlots+5)
	}
	for s := range Slot(n.Len()) {
		name := n.Name(s)
		if name != textproto.CanonicalMIMEHeaderKey(name) {
			t.Errorf("Name(%d) = %q is not in canonical spelling", s, name)
		}
		if s < FixedSlots && name != fixedNames[s] {
			t.Errorf("Name(%d) = %q, want %q", s, name, fixedNames[s])
		}
		for _, spelling := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if got := n.Slot(spelling); got != s {
				t.Errorf("Slot(%q) = %d, want %d", spelling, got, s)
			}
		}
	}
	if got, want := n.Slot("rsc"), FixedSlots+1; got != want {
		t.Errorf("Slot(rsc) = %d, want %d", got, want)
	}
	for _, name := range []string{"", "Cooki", "Cookies", "Cook\x09e", "Cooki\xe9", "Accept\rEncoding", "Range\x00", "X_Odd", "X Y", "X-Original-URL", "\u212aooKie"} {
		if got := n.Slot(name); got != NoSlot {
			t.Errorf("Slot(%q) = %d, want none", name, got)
		}
	}
	if NewNames().Slot("X-Forwarded-Host") != NoSlot {
		t.Error("a name is numbered that nobody gave")
	}
}

// A slot does not let a field in that is not for the view.
func TestNumberedNamesKeepTheirKind(t *testing.T) {
	rules := &Rules{Names: NewNames("X-Forwarded-Host", "X-HTTP-Method", "TE")}
	v := mustNew(t, rules, "GET", "http://a.test/", "X-Forwarded-Host: evil", "X-HTTP-Method: PUT", "TE: trailers")
	for f := range v.Fields() {
		t.Errorf("%v is in the view", f)
	}
}

// Names that collide in every bit of the hash are still told apart: the hash
// looks at the ends of a name only.
func TestNamesThatCollide(t *testing.T) {
	a, b, c := "X-Prefix-A-Suffix-X", "X-Prefix-B-Suffix-X", "X-Prefix-C-Suffix-X"
	if hashFold(a) != hashFold(b) {
		t.Fatal("the names do not collide")
	}
	n := NewNames(a, b)
	if n.Slot(a) != FixedSlots || n.Slot(b) != FixedSlots+1 || n.Slot(c) != NoSlot {
		t.Errorf("slots %d, %d, %d", n.Slot(a), n.Slot(b), n.Slot(c))
	}
}

// Slot agrees with a comparison that has nothing to do with how it works.
func FuzzSlot(f *testing.F) {
	f.Add("Cookie", "cookie")
	f.Add("X-A", "X\rA")
	f.Add("Content-Language", "CONTENT-LANGUAGE")
	f.Add("a_b", "A\x7fB")
	n := NewNames()
	f.Fuzz(func(t *testing.T, a, b string) {
		asciiLower := func(s string) string {
			return strings.Map(func(r rune) rune {
				if 'A' <= r && r <= 'Z' {
					return r + 'a' - 'A'
				}
				return r
			}, strings.ToValidUTF8(s, "?"))
		}
		a, b = strings.ToValidUTF8(a, "?"), strings.ToValidUTF8(b, "?")
		if n.Slot(a) != NoSlot {
			return
		}
		want := asciiLower(a) == asciiLower(b)
		clean := strings.Trim(asciiLower(a), "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && a != ""
		if got := NewNames(a).Slot(b) == FixedSlots; got != (want && clean) {
			t.Errorf("Slot(%q) among %q: %t, want %t", b, a, got, want && clean)
		}
		if got := EqualFold(a, b); got != want {
			t.Errorf("EqualFold(%q, %q) = %t, want %t", a, b, got, want)
		}
	})
}
