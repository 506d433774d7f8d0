package main

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// What a terminal and a wrapper both send is one signal; who waits a moment and
// signals again means it.
func TestSignalsThatComeTogetherAreOne(t *testing.T) {
	for name, tt := range map[string]struct {
		pause time.Duration // between two signals
		want  error
	}{
		"together":        {0, nil},
		"almost together": {oneSignal - 1, nil},
		"apart":           {oneSignal, errSecondSignal},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const drain = time.Minute
				run := func(ctx context.Context) error {
					<-ctx.Done()
					time.Sleep(drain)
					return nil
				}
				reload := func() error { return errors.New("nobody asked for it") }
				signals := make(chan os.Signal, 2)
				go func() {
					signals <- syscall.SIGINT
					time.Sleep(tt.pause)
					signals <- syscall.SIGTERM
				}()
				began, want := time.Now(), drain
				if tt.want != nil {
					want = tt.pause
				}
				if err := serve(t.Context(), run, reload, signals); err != tt.want || time.Since(began) != want {
					t.Errorf("serve: %v after %v, want %v after %v", err, time.Since(began), tt.want, want)
				}
				time.Sleep(drain) // run ends with the bubble, as it does with the process
			})
		})
	}
}
