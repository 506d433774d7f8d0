package lifespan_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"edge/internal/lifespan"
)

var errWhy = errors.New("why")

func TestEnd(t *testing.T) {
	for _, c := range []struct {
		name   string
		causes []error
		err    error
		cause  error
	}{
		{"not ended", nil, nil, nil},
		{"ended", []error{nil}, context.Canceled, context.Canceled},
		{"ended for a cause", []error{errWhy}, context.Canceled, errWhy},
		{"ended twice", []error{errWhy, errors.New("another")}, context.Canceled, errWhy},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, asked := range []bool{false, true} {
				ctx := new(lifespan.Context)
				if asked {
					ctx.Done()
				}
				for _, cause := range c.causes {
					ctx.End(cause)
				}
				if err, cause := ctx.Err(), ctx.Cause(); err != c.err || cause != c.cause {
					t.Errorf("Err is %v, Cause is %v; want %v, %v", err, cause, c.err, c.cause)
				}
				if got := isClosed(ctx.Done()); got != (c.err != nil) {
					t.Errorf("asked for before: %t: Done is closed: %t", asked, got)
				}
				if at, ok := ctx.Deadline(); ok || !at.IsZero() || ctx.Value("key") != nil {
					t.Error("it has a deadline, or a value")
				}
			}
		})
	}
}

func isClosed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// TestAfterFunc holds what is told to that of the contexts of package context, in all
// orders of a watch, its end, and that of the context.
func TestAfterFunc(t *testing.T) {
	ours := func() (context.Context, func()) {
		c := new(lifespan.Context)
		return c, func() { c.End(nil) }
	}
	theirs := func() (context.Context, func()) {
		c, cancel := context.WithCancel(context.Background())
		return c, cancel
	}
	for _, script := range []string{"", "e", "w", "we", "ew", "ws", "wse", "wes", "wss", "ews", "wwe", "wwse", "wwes", "wsweS", "wSswe", "wwSse", "wwwSSse", "wwwSse"} {
		t.Run(script, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, gotStopped := watched(ours, script)
				want, wantStopped := watched(theirs, script)
				if got != want || gotStopped != wantStopped {
					t.Errorf("told %d, stopped %q; those of package context %d, %q", got, gotStopped, want, wantStopped)
				}
			})
		})
	}
}

// watched goes through a script: w watches, s stops the last watch, S the first
// one, and e ends. It returns how often somebody was told, and what each stop said.
func watched(make func() (context.Context, func()), script string) (told int32, stopped string) {
	ctx, end := make()
	defer end()
	var count atomic.Int32
	var stops []func() bool
	stop := func(at int) {
		if stops[at]() {
			stopped += "y"
		} else {
			stopped += "n"
		}
	}
	for _, step := range script {
		switch step {
		case 'w':
			stops = append(stops, lifespan.AfterFunc(ctx, func() { count.Add(1) }))
		case 's':
			stop(len(stops) - 1)
		case 'S':
			stop(0)
		case 'e':
			end()
		}
		synctest.Wait()
	}
	return count.Load(), stopped
}

// TestContextsBelow shows that contexts of package context below one of ours end with
// it, and that nothing is left of those that end before.
func TestContextsBelow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := new(lifespan.Context)
		below, cancel := context.WithCancel(ctx)
		defer cancel()
		before, cancelBefore := context.WithCancelCause(context.WithValue(ctx, errWhy, 1))
		cancelBefore(errWhy)
		ctx.End(nil)
		<-below.Done()
		if below.Err() != context.Canceled || context.Cause(before) != errWhy {
			t.Errorf("below: %v; ended before: %v", below.Err(), context.Cause(before))
		}
	})
}

func TestConcurrentUse(t *testing.T) {
	for range 200 {
		ctx := new(lifespan.Context)
		var all sync.WaitGroup
		var told, stopped atomic.Int32
		const watches = 8
		for range watches {
			all.Go(func() {
				var once sync.WaitGroup
				once.Add(1)
				stop := ctx.AfterFunc(func() { told.Add(1); once.Done() })
				if stop() {
					stopped.Add(1)
					once.Done()
				}
				once.Wait()
			})
		}
		all.Go(func() { ctx.End(errWhy) })
		all.Go(func() { <-ctx.Done() })
		all.Wait()
		if told.Load()+stopped.Load() != watches || ctx.Cause() != errWhy {
			t.Fatalf("of %d, %d were told and %d stopped; cause %v", watches, told.Load(), stopped.Load(), ctx.Cause())
		}
	}
}

// TestErrNotBeforeDone asks for Err again and again while the context ends: whoever
// hears of the end finds Done closed, as package context has it.
func TestErrNotBeforeDone(t *testing.T) {
	for range 3_000 {
		ctx := new(lifespan.Context)
		done := ctx.Done()
		go ctx.End(nil)
		for asked := 0; ctx.Err() == nil; asked++ {
			if asked%1000 == 999 {
				runtime.Gosched()
			}
		}
		if !isClosed(done) {
			t.Fatal("Err tells of an end, and Done is not closed")
		}
	}
}

// TestAllocations is why the package is there.
func TestAllocations(t *testing.T) {
	f := func() {}
	if n := testing.AllocsPerRun(100, func() {
		ctx := new(lifespan.Context)
		stop := lifespan.AfterFunc(ctx, f)
		stop()
		ctx.End(nil)
	}); n > 2 {
		t.Errorf("%v allocations, want one of the context and one of what stops the watch", n)
	}
}
