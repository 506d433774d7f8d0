package request

import (
	"slices"
	"testing"
)

func TestFillersReadABrowser(t *testing.T) {
	rules := &Rules{Names: NewNames()}
	var parsed, filled View
	if n, f := Parse(&parsed, []byte(browser), Conn{}, rules); n != len(browser) || f != NoFault {
		t.Fatalf("Parse = %d, %v, want %d", n, f, len(browser))
	}
	if f := FromHTTP(&filled, readHTTP(t, browser), Conn{}, rules); f != NoFault {
		t.Fatal(f)
	}
	for name, v := range map[string]*View{"Parse": &parsed, "FromHTTP": &filled, "Clone": parsed.Clone()} {
		if v.Method != "GET" || v.Scheme != "http" || v.Host != "www.example.com" ||
			v.Path != "/api/posts/42" || v.Query != "q=hello&page=2" || !v.HasQuery {
			t.Errorf("%s: %+v", name, v)
		}
		if got, _ := v.Get(SlotAcceptLanguage); got != "en-GB,en;q=0.9" {
			t.Errorf("%s: Accept-Language = %q", name, got)
		}
		var cookies []string
		for name, value := range v.Cookies() {
			cookies = append(cookies, name+"="+value)
		}
		if want := []string{"session=0123456789abcdef", "theme=dark"}; !slices.Equal(cookies, want) {
			t.Errorf("%s: cookies = %q, want %q", name, cookies, want)
		}
	}
}
