package fill

// mostIdle bounds the goroutines that wait for a flight.
const mostIdle = 64

// worker is a goroutine that runs one flight after another: its stack has grown to
// what a fetch takes, which costs more than a short fetch itself.
type worker struct {
	fs   *Flights
	next chan *Flight // has room for one; closed when there are no more
}

func (w *worker) work() {
	for f := range w.next {
		w.run(f)
		if !w.fs.rests(w) {
			return
		}
	}
}

// run runs a flight. It accounts for it also when the flight's Run ends the
// goroutine.
func (w *worker) run(f *Flight) {
	defer w.fs.wg.Done()
	defer w.fs.landed(f)
	f.run()
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
