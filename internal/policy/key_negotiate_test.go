package policy

import (
	"strings"
	"testing"
)

// TestNegotiate holds the choice among offers to what clients say.
func TestNegotiate(t *testing.T) {
	p := mustLoad(t, keyPolicy)
	for _, test := range []struct {
		field, offers, want string
	}{
		{"Accept: text/html", "application/json text/html", "text/html"},
		{"Accept: text/*;q=0.5, application/json;q=0.4", "application/json text/html", "text/html"},
		{"Accept: text/*, text/html;q=0.1", "text/html text/plain", "text/plain"},
		{"Accept: TEXT/HTML", "application/json text/html", "text/html"},
		{"Accept: text/html;level=1", "application/json text/html", "application/json"},
		{`Accept: a/b;x="1,2;q=0", text/html;q=0.1`, "application/json text/html", "text/html"},
		{"Accept: text/html;q=1.001", "application/json text/html", "application/json"},
		{"Accept: text/html;q=", "application/json text/html", "application/json"},
		{"Accept: text/html;Q=0.9, application/json;q=0.8", "application/json text/html", "text/html"},
		{"Accept:", "application/json text/html", "application/json"},
		{"Accept: image/avif,image/webp,*/*;q=0.8", "image/avif image/webp */*", "image/avif"},
		{"Accept: image/png,image/*;q=0.8,*/*;q=0.5", "image/avif image/webp */*", "*/*"},
		{"Accept: image/*", "image/webp */*", "*/*"},
		{"Accept: image/webp;q=0", "image/webp */*", "*/*"},
		{"Accept: */*", "image/webp */*", "*/*"},
		{"Accept: text/html", "image/webp */*", "*/*"},
		{"Accept: application/json, text/plain, */*", "text/html application/json", "application/json"},
		{"Accept: application/json;q=0.9, */*", "application/json text/html", "text/html"},
		{"Accept: text/*, image/*;q=0.1", "application/json image/png", "image/png"},
		{"Accept: text, text/*;q=0.1", "application/json text/html", "text/html"},
		{"Accept-Language: en-GB", "de en", "en"},
		{"Accept-Language: de", "en de-CH de", "de"},
		{"Accept-Language: de-AT", "en de-CH de", "de"},
		{"Accept-Language: de-AT, de;q=0.9, en;q=0.95", "en de", "de"},
		{"Accept-Language: en;q=0", "en-GB en", "en-GB"},
		{"Accept-Language: en", "de en-GB", "en-GB"},
		{"Accept-Language: e", "de en", "de"},
		{"Accept-Language: en;q=0, *", "en de", "de"},
		{"Accept-Language: DE", "en de", "de"},
		{"Accept-Encoding: gzip", "br gzip", "gzip"},
		{"Accept-Encoding: gzip;q=0", "br gzip", "identity"},
		{"Accept-Encoding: *;q=0", "br gzip", "identity"},
		{"Accept-Encoding: x-gzip", "br gzip", "identity"},
	} {
		v, ok := viewOf(p, "/named/a|"+test.field)
		if !ok {
			t.Fatalf("%s: no request", test.field)
		}
		name, _, _ := strings.Cut(strings.ToLower(test.field), ":")
		if got := negotiate(v, negotiatedSlot(name), strings.Fields(test.offers)); got != test.want {
			t.Errorf("%s of %s: got %s, want %s", test.field, test.offers, got, test.want)
		}
	}
}
