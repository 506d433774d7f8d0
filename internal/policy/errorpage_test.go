package policy

import "testing"

func TestPrefersHTML(t *testing.T) {
	for _, c := range []struct {
		who    string
		accept []string
		want   bool
	}{
		{"Chrome", []string{"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"}, true},
		{"Firefox", []string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, true},
		{"curl, fetch", []string{"*/*"}, false},
		{"a script that wants JSON", []string{"application/json, text/plain, */*"}, false},
		{"an image", []string{"image/avif,image/webp,*/*;q=0.8"}, false},
		{"nobody says", nil, false},
		{"nothing", []string{""}, false},
		{"any text", []string{"text/*"}, false},
		{"both alike", []string{"text/html, application/json"}, false},
		{"JSON rather", []string{"text/html;q=0.5, application/problem+json"}, false},
		{"HTML rather", []string{"text/html, application/problem+json;q=0.9"}, true},
		{"on two lines", []string{"application/json;q=0.5", "TEXT/HTML ; charset=utf-8 ;q=0.8"}, true},
		{"no HTML", []string{"text/html;q=0, */*"}, false},
		{"a bad weight", []string{"text/html;q=2"}, false},
		{"a comma in quotes", []string{`text/plain;x=",text/html,"`}, false},
	} {
		if got := PrefersHTML(c.accept); got != c.want {
			t.Errorf("%s: %q: got %v", c.who, c.accept, got)
		}
	}
}
