package rfc9111

import "testing"

// BenchmarkAdmit is the decision about storing the answer to a miss.
func BenchmarkAdmit(b *testing.B) {
	plain := []string{
		"Cache-Control: public, max-age=600", "Content-Length: 1024", "Content-Type: text/plain",
		"Date: Mon, 02 Jan 2006 15:04:05 GMT", `Etag: "bench"`,
	}
	for _, c := range []struct {
		name  string
		o     *Overrides
		lines []string
	}{
		{"auto", auto(), plain},
		{"auto private", auto(), append([]string{"Cache-Control: private"}, plain[1:]...)},
		{"auto vary", auto(), append([]string{"Vary: Accept-Language"}, plain...)},
		{"enforced", forceStatic(), plain},
	} {
		b.Run(c.name, func(b *testing.B) {
			r, v := Response{Status: 200, Header: header(c.lines...), Length: 1024}, view(b)
			b.ReportAllocs()
			for b.Loop() {
				Admit(r, v, c.o, arrival)
			}
		})
	}
}

// An ordinary head is judged without memory; one with Vary costs the list of its
// members, which is kept.
func TestAdmitAllocates(t *testing.T) {
	lines := []string{"Cache-Control: public, max-age=600", "Content-Type: text/plain", "Date: Mon, 02 Jan 2006 15:04:05 GMT", `Etag: "a"`}
	for _, c := range []struct {
		o    *Overrides
		more []string
		want float64
	}{
		{auto(), nil, 0},
		{forceStatic(), nil, 0},
		{auto(), []string{"Vary: Accept-Encoding"}, 1},
		{auto(), []string{"Age: 7", "Expires: Mon, 02 Jan 2006 15:04:05 GMT", "Last-Modified: Mon, 02 Jan 2006 15:04:05 GMT"}, 0},
	} {
		r, v := Response{Status: 200, Header: header(append(c.more, lines...)...), Length: -1}, view(t)
		if got := testing.AllocsPerRun(100, func() { Admit(r, v, c.o, arrival) }); got != c.want {
			t.Errorf("%q: %v allocations, want %v", r.Header, got, c.want)
		}
	}
}
