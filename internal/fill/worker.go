package fill

// mostIdle bounds the goroutines that wait for a flight.
const mostIdle = 64

// worker is a goroutine that runs one flight after another: its stack has grown to
// what a fetch takes, which costs more than a short fetch itself.
type worker struct {
	fs   *Flights
	next chan *Flight // has room for one; closed when there are no more
}

// worker returns one that has nothing to do. fs.mu is held.
func (fs *Flights) worker() (w *worker) {
	if last := len(fs.idle) - 1; last >= 0 {
		w, fs.idle = fs.idle[last], fs.idle[:last]
		return w
	}
	w = &worker{fs: fs, next: make(chan *Flight, 1)}
	fs.workers.Go(w.work)
	return w
}

func (w *worker) work() {
	for f := range w.next {
		w.fs.run(f)
		if !w.fs.rests(w) {
			return
		}
	}
}

// run runs f, or what is left of it, and accounts for it if nothing is left then:
// also when the flight's Run ends the goroutine.
func (fs *Flights) run(f *Flight) {
	defer func() {
		if f.rest == nil {
			fs.landed(f)
			fs.wg.Done()
		}
	}()
	f.run()
}

// handOver gives f, or what is left of it, to a worker. Close waits for f, and so
// for the worker.
func (fs *Flights) handOver(f *Flight) {
	f.here = false
	fs.mu.Lock()
	w := fs.worker()
	fs.mu.Unlock()
	w.next <- f // never blocks: it has nothing else to do
}

// rests notes that w waits for a flight, and reports whether it is to wait.
func (fs *Flights) rests(w *worker) bool {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.closed || len(fs.idle) == mostIdle {
		return false
	}
	fs.idle = append(fs.idle, w)
	return true
}
