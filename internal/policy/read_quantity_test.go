package policy

import (
	"regexp"
	"testing"
	"time"

	"pgregory.net/rapid"

	"edge/internal/rfc9111"
)

func TestParseDuration(t *testing.T) {
	tests := []struct {
		text string
		want time.Duration
		err  error
	}{
		{text: "60s", want: time.Minute},
		{text: "5m", want: 5 * time.Minute},
		{text: "1d", want: 24 * time.Hour},
		{text: "1w", want: 7 * 24 * time.Hour},
		{text: "1h30m", want: 90 * time.Minute},
		{text: "1.5h", want: 90 * time.Minute},
		{text: "250ms", want: 250 * time.Millisecond},
		{text: "90", want: 90 * time.Second},
		{text: "0", want: 0},
		{text: "0.25", want: 250 * time.Millisecond},
		{text: "106751d", want: 106751 * 24 * time.Hour},
		{text: "106752d", err: errDurationLong},
		{text: "106751d24h", err: errDurationLong},
		{text: "99999999999999999999999s", err: errDurationLong},
		{text: "-5s", err: errNegative},
		{text: "", err: errDuration},
		{text: "5", want: 5 * time.Second},
		{text: "5 s", err: errDuration},
		{text: "5S", err: errDuration},
		{text: "5min", err: errDuration},
		{text: "1h30", err: errDuration},
		{text: "h", err: errDuration},
		{text: ".5s", err: errDuration},
		{text: "5.s", err: errDuration},
		{text: "1e3", err: errDuration},
		{text: "forever", err: errDuration},
	}
	pattern := regexp.MustCompile(durationPattern)
	for _, tt := range tests {
		got, err := parseDuration(tt.text)
		if got != tt.want || err != tt.err {
			t.Errorf("parseDuration(%q) = %v, %v; want %v, %v", tt.text, got, err, tt.want, tt.err)
		}
		if matches := pattern.MatchString(tt.text); matches != (err == nil || err == errDurationLong) {
			t.Errorf("the schema's pattern accepts %q: %v, parseDuration says %v", tt.text, matches, err)
		}
	}
}

func TestDurationsReadAsTheyArePrinted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, int64(rfc9111.Forever)-1).Draw(t, "d"))
		d = d.Truncate(rapid.SampledFrom([]time.Duration{1, time.Millisecond, time.Second, time.Hour, 24 * time.Hour}).Draw(t, "unit"))
		text := formatDuration(d)
		if got, err := parseDuration(text); got != d || err != nil {
			t.Fatalf("%d is printed %q, which reads as %d, %v", d, text, got, err)
		}
	})
}

func TestParseSize(t *testing.T) {
	tests := []struct {
		text string
		want int64
		err  error
	}{
		{text: "512MiB", want: 512 << 20},
		{text: "1GB", want: 1e9},
		{text: "1.5GiB", want: 3 << 29},
		{text: "10kB", want: 10_000},
		{text: "10KB", want: 10_000},
		{text: "10KiB", want: 10 << 10},
		{text: "7B", want: 7},
		{text: "1048576", want: 1 << 20},
		{text: "0", want: 0},
		{text: "0.5B", err: errSize},
		{text: "512M", err: errSize},
		{text: "512 MiB", err: errSize},
		{text: "512mib", err: errSize},
		{text: "MiB", err: errSize},
		{text: "", err: errSize},
		{text: "-1", err: errNegative},
		{text: "8388608TiB", err: errSizeLarge},
	}
	for _, tt := range tests {
		if got, err := parseSize(tt.text); got != tt.want || err != tt.err {
			t.Errorf("parseSize(%q) = %v, %v; want %v, %v", tt.text, got, err, tt.want, tt.err)
		}
	}
}

func TestSizesReadAsTheyArePrinted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, 1<<53).Draw(t, "n")
		if got, err := parseSize(formatSize(n)); got != n || err != nil {
			t.Fatalf("%d is printed %q, which reads as %d, %v", n, formatSize(n), got, err)
		}
	})
}

func TestParseShare(t *testing.T) {
	tests := []struct {
		text string
		want float64
		err  error
	}{
		{text: "5%", want: 0.05},
		{text: "0.05", want: 0.05},
		{text: "100%", want: 1},
		{text: "1", want: 1},
		{text: "0", want: 0},
		{text: "2.5%", want: 0.025},
		{text: "101%", err: errShareSize},
		{text: "5", err: errShareSize},
		{text: "-1%", err: errShare},
		{text: "%", err: errShare},
		{text: "5%%", err: errShare},
		{text: "five", err: errShare},
	}
	pattern := regexp.MustCompile(sharePattern)
	for _, tt := range tests {
		got, err := parseShare(tt.text)
		if got != tt.want || err != tt.err {
			t.Errorf("parseShare(%q) = %v, %v; want %v, %v", tt.text, got, err, tt.want, tt.err)
		}
		if matches := pattern.MatchString(tt.text); matches != (err == nil) {
			t.Errorf("the schema's pattern accepts %q: %v, parseShare says %v", tt.text, matches, err)
		}
	}
}
