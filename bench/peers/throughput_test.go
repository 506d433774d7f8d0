package main

import "testing"

func TestTogether(t *testing.T) {
	got := together([]sample{
		{Requests: 10, Checked: 1, Origin: 3, Seconds: 0.5, CPU: 0.25, P50: 1, P99: 9, Logged: 7, Foreign: 0.1},
		{Requests: 30, Checked: 2, Origin: 4, Seconds: 0.5, CPU: 0.75, P50: 3, P99: 2, Logged: 1, Foreign: 0.3},
	})
	want := sample{Requests: 40, Checked: 3, Origin: 7, Seconds: 1, CPU: 1, P50: 2, P99: 5.5, Logged: 8, Foreign: 0.2}
	if got != want {
		t.Errorf("together: %+v\nwant      %+v", got, want)
	}
}
