package rfc9111

import (
	"net/http"
	"testing"
	"time"
)

// wall is when the tests happen.
var wall = time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC)

// at writes the date d from wall.
func at(d time.Duration) string { return wall.Add(d).Format(http.TimeFormat) }

func TestParseDate(t *testing.T) {
	sunday := time.Date(1994, 11, 6, 8, 49, 37, 0, time.UTC)
	for _, tt := range []struct {
		name, in string
		want     time.Time // zero: not a date
	}{
		{"the preferred form", "Sun, 06 Nov 1994 08:49:37 GMT", sunday},
		{"the form of RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT", sunday},
		{"the form of asctime", "Sun Nov  6 08:49:37 1994", sunday},
		{"asctime with two digits", "Wed Nov 16 08:49:37 1994", sunday.AddDate(0, 0, 10)},
		{"letters have no case", "SUN, 06 nOV 1994 08:49:37 gmt", sunday},
		{"letters of RFC 850 have no case", "SUNDAY, 06-nov-94 08:49:37 gMt", sunday},
		{"letters of asctime have no case", "sun nov  6 08:49:37 1994", sunday},
		{"the name of the day need not fit", "Mon, 06 Nov 1994 08:49:37 GMT", sunday},
		{"two digits are at most 50 years ahead", "Sunday, 22-Nov-76 14:00:00 GMT", wall.AddDate(50, 0, 0)},
		{"two digits a second beyond are in the past", "Monday, 22-Nov-76 14:00:01 GMT", wall.AddDate(-50, 0, 0).Add(time.Second)},
		{"29 February is of a century that has it", "Tuesday, 29-Feb-00 00:00:00 GMT", time.Date(2000, 2, 29, 0, 0, 0, 0, time.UTC)},
		{"a leap second is the next minute", "Sat, 31 Dec 2016 23:59:60 GMT", time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"year 9999", "Fri, 31 Dec 9999 23:59:59 GMT", time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},

		{"nothing", "", time.Time{}},
		{"0", "0", time.Time{}},
		{"-1", "-1", time.Time{}},
		{"UTC is not GMT", "Sun, 06 Nov 1994 08:49:37 UTC", time.Time{}},
		{"other zones are not GMT", "Sun, 06 Nov 1994 08:49:37 AEST", time.Time{}},
		{"an offset is not GMT", "Sun, 06 Nov 1994 08:49:37 +0000", time.Time{}},
		{"no zone", "Sun, 06 Nov 1994 08:49:37", time.Time{}},
		{"no comma", "Sun 06 Nov 1994 08:49:37 GMT", time.Time{}},
		{"two spaces", "Sun, 06  Nov 1994 08:49:37 GMT", time.Time{}},
		{"dashes in the preferred form", "Sun, 06-Nov-1994 08:49:37 GMT", time.Time{}},
		{"periods in the time", "Sun, 06 Nov 1994 08.49.37 GMT", time.Time{}},
		{"an hour of one digit", "Sun, 06 Nov 1994 8:49:37 GMT", time.Time{}},
		{"a year of two digits in the preferred form", "Sun, 06 Nov 94 08:49:37 GMT", time.Time{}},
		{"no such day", "Xyz, 06 Nov 1994 08:49:37 GMT", time.Time{}},
		{"no such month", "Sun, 06 Nox 1994 08:49:37 GMT", time.Time{}},
		{"a name across two months", "Sun, 06 anf 1994 08:49:37 GMT", time.Time{}},
		{"day 0", "Sun, 00 Nov 1994 08:49:37 GMT", time.Time{}},
		{"31 November", "Sun, 31 Nov 1994 08:49:37 GMT", time.Time{}},
		{"29 February of a common year", "Sun, 29 Feb 2023 08:49:37 GMT", time.Time{}},
		{"hour 24", "Sun, 06 Nov 1994 24:00:00 GMT", time.Time{}},
		{"minute 60", "Sun, 06 Nov 1994 08:60:37 GMT", time.Time{}},
		{"second 61", "Sun, 06 Nov 1994 08:49:61 GMT", time.Time{}},
		{"a sign among the digits", "Sun, 06 Nov +994 08:49:37 GMT", time.Time{}},
		{"something behind", "Sun, 06 Nov 1994 08:49:37 GMT x", time.Time{}},
		{"RFC 850 with a day that is none", "Someday, 06-Nov-94 08:49:37 GMT", time.Time{}},
		{"RFC 850 with spaces", "Sunday, 06 Nov 94 08:49:37 GMT", time.Time{}},
		{"RFC 850 with letters in its year", "Sunday, 06-Nov-9x 08:49:37 GMT", time.Time{}},
		{"RFC 850 with a day that the month has not", "Sunday, 31-Nov-94 08:49:37 GMT", time.Time{}},
		{"asctime with a dash", "Sun Nov  6-08:49:37 1994", time.Time{}},
		{"RFC 850 with a short day", "Sun, 06-Nov-94 08:49:37 GMT", time.Time{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := ParseDate(tt.in, wall)
			if !got.Equal(tt.want) || ok == tt.want.IsZero() {
				t.Errorf("ParseDate(%q) = %v, %v; want %v", tt.in, got, ok, tt.want)
			}
		})
	}
}

// A date that was read and written in the preferred form is read as the same.
func FuzzParseDate(f *testing.F) {
	f.Add("Sun, 06 Nov 1994 08:49:37 GMT", int64(0))
	f.Add("Sunday, 06-Nov-94 08:49:37 GMT", int64(1)<<31)
	f.Add("Sun Nov  6 08:49:37 1994", int64(-1)<<33)
	f.Fuzz(func(t *testing.T, s string, now int64) {
		got, ok := ParseDate(s, time.Unix(now%(1<<37), 0))
		if !ok || got.Year() > 9999 {
			return
		}
		again, ok := ParseDate(string(AppendDate(nil, got)), wall)
		if !ok || !again.Equal(got) {
			t.Errorf("%q is %v, and then %v, %v", s, got, again, ok)
		}
		// What the standard library takes in addition are zones; where both
		// read a date, they read the same one, but for the century.
		if std, err := http.ParseTime(s); err == nil && !std.Equal(got) && s[len(s)/2] != '-' && len(s) == len(http.TimeFormat) {
			t.Errorf("%q is %v, for net/http %v", s, got, std)
		}
	})
}

func TestAppendAge(t *testing.T) {
	for _, tt := range []struct {
		age  time.Duration
		want string
	}{
		{-time.Second, "0"},
		{0, "0"},
		{time.Second - 1, "0"},
		{61 * time.Second, "61"},
		{Forever, "2147483648"},
	} {
		if got := string(AppendAge(nil, tt.age)); got != tt.want {
			t.Errorf("AppendAge(%v) = %s, want %s", tt.age, got, tt.want)
		}
	}
}
