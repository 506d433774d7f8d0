package policy

import "testing"

func TestCORSAllows(t *testing.T) {
	listed := &CORS{Origins: []string{"https://a.example.com", "null"}}
	for _, test := range []struct {
		name   string
		cors   *CORS
		origin string
		want   string
		ok     bool
	}{
		{"a listed origin is named", listed, "https://a.example.com", "https://a.example.com", true},
		{"another port is another origin", listed, "https://a.example.com:8443", "", false},
		{"a longer name is another origin", listed, "https://a.example.com.evil.example", "", false},
		{"upper case is another origin", listed, "https://A.example.com", "", false},
		{"no origin", listed, "", "", false},
		{"any origin", &CORS{AnyOrigin: true}, "https://b.example", "*", true},
		{"any origin, but none was sent", &CORS{AnyOrigin: true}, "", "", false},
		{"no cors", nil, "https://a.example.com", "", false},
	} {
		if got, ok := test.cors.Allows(test.origin); got != test.want || ok != test.ok {
			t.Errorf("%s: got %q, %v; want %q, %v", test.name, got, ok, test.want, test.ok)
		}
	}
}
