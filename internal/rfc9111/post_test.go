package rfc9111

import "testing"

func TestAnswersGet(t *testing.T) {
	const fresh, here = "Cache-Control: max-age=60", "Content-Location: /a?q=1"
	for _, tt := range []struct {
		name   string
		method string // "": POST
		status int    // 0: 200
		head   []string
		want   bool
	}{
		{"fresh, and a representation of its target", "", 0, []string{fresh, here}, true},
		{"an absolute Content-Location", "", 0, []string{fresh, "Content-Location: https://Example.com:443/a?q=1"}, true},
		{"a relative one", "", 0, []string{fresh, "Content-Location: ?q=1"}, true},
		{"fresh by Expires", "", 0, []string{"Date: " + at(0), "Expires: " + at(s), here}, true},
		{"a PUT", "PUT", 0, []string{fresh, here}, false},
		{"a GET needs none of this", "GET", 0, []string{fresh, here}, false},
		{"201 is about something else", "", 201, []string{fresh, here}, false},
		{"no explicit lifetime", "", 0, []string{"Cache-Control: public", "Last-Modified: " + at(-s), here}, false},
		{"a lifetime of 0", "", 0, []string{"Cache-Control: max-age=0", here}, false},
		{"a lifetime that cannot be read", "", 0, []string{"Cache-Control: max-age=x", here}, false},
		{"no Content-Location", "", 0, []string{fresh}, false},
		{"two of them", "", 0, []string{fresh, here, here}, false},
		{"another path", "", 0, []string{fresh, "Content-Location: /b?q=1"}, false},
		{"another query", "", 0, []string{fresh, "Content-Location: /a?q=2"}, false},
		{"no query", "", 0, []string{fresh, "Content-Location: /a"}, false},
		{"another host", "", 0, []string{fresh, "Content-Location: https://evil.example/a?q=1"}, false},
		{"another scheme", "", 0, []string{fresh, "Content-Location: http://example.com/a?q=1"}, false},
		{"no URL", "", 0, []string{fresh, "Content-Location: http://[x"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.method == "" {
				tt.method = "POST"
			}
			r := Response{Status: tt.status, Header: header(tt.head...), Length: -1}
			if tt.status == 0 {
				r.Status = 200
			}
			v := viewOf(t, tt.method, "https://example.com/a?q=1")
			a := Admit(r, viewOf(t, "GET", "https://example.com/a?q=1"), auto(), arrival)
			if got := AnswersGet(v, r, &a.Meta); got != tt.want {
				t.Errorf("%s, %d %q: got %v", tt.method, r.Status, tt.head, got)
			}
		})
	}
}
