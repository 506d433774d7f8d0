package fill

import (
	"bytes"
	"errors"
	"net/http"
	"time"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// How long a key is marked. A mark only stops collapsing; while there is none,
// a herd pays one more round trip, so each is as long as being wrong is cheap.
const (
	// passMark: an answer for one reader. Routes seldom change their mind, and
	// if this one does, the first storable answer removes the mark.
	passMark = 10 * time.Second
	// tooLargeMark: a mark is worth more here, for passes serve ranges of what
	// is too large, and large files seldom shrink.
	tooLargeMark = time.Minute
)

// Decide hands in the decision about the response. It must be called before
// Respond, with the head as received; labels are complete now. A response too large
// by its Content-Length is not stored, and everybody but the leader is released at
// once. StoreFail ends the flight as Fail does, with an error that says how the answer
// contradicts its mode. selector is copied; labels and selecting are taken over.
func (f *Flight) Decide(a rfc9111.Admission, labels cache.Labels, selector []byte, selecting http.Header, length int64) {
	switch f.phase {
	case finished: // by Fail
		return
	case decided, flowing:
		panic("fill: internal error: Decide called twice")
	}
	if a.Store == rfc9111.StoreFail {
		f.Fail(a.Reason, errors.New(a.Violation.Text()))
		return
	}
	f.selector, f.selecting, f.length = bytes.Clone(selector), selecting, length
	tooLarge := length > f.job.MaxObject
	if tooLarge {
		a = notStored(a, rfc9111.TooLarge)
	}
	// Before anybody is released: who comes then must see the mark, and who looks
	// again for another variant must find those who want the same.
	f.mark(a, tooLarge)
	f.fs.table.hear(f, a.Vary, f.selector, f.admit(a, labels))
	switch {
	case a.Share == rfc9111.ShareLeader:
		f.release(&Landing{Kind: NotStorable, Reason: a.Reason})
	case tooLarge:
		f.release(&Landing{Kind: TooLarge, Reason: a.Reason})
	default:
		f.mu.Lock()
		f.supersede(&labels, f.job.Born)
		f.mu.Unlock()
	}
	f.cancelIfUnread()
}

// notStored returns a with storing taken back for reason, unless it was refused
// already.
func notStored(a rfc9111.Admission, reason rfc9111.Reason) rfc9111.Admission {
	if a.Store == rfc9111.StoreIt {
		a.Store, a.Reason = rfc9111.StoreNot, reason
	}
	return a
}

// mark notes that the key is not worth waiting for. What is not stored for its
// status leaves no mark: those who wait are given it, so that a failing origin is
// asked once for all of them, not once for each.
func (f *Flight) mark(a rfc9111.Admission, tooLarge bool) {
	switch {
	case a.Reason == rfc9111.RequestNoStore: // of the client, not of the key
	case a.Share == rfc9111.ShareLeader:
		f.putMark(cache.MarkPass, passMark)
	case tooLarge:
		f.putMark(cache.MarkTooLarge, tooLargeMark)
	}
}

func (f *Flight) putMark(k cache.Mark, d time.Duration) {
	f.fs.o.Memory.PutMark(f.job.Key, k, f.fs.o.Now(), d)
}

// admit puts the decision in force and reports whether the flight may still be
// joined. It may not when the response is for the leader, for those who wait,
// or not kept from its start.
func (f *Flight) admit(a rfc9111.Admission, labels cache.Labels) (joinable bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.admission, f.labels = a, labels
	f.keeps = a.Store == rfc9111.StoreIt
	f.phase = decided
	f.wanted()
	return f.joinable()
}

// release tells the followers that the response is not for them.
func (f *Flight) release(l *Landing) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tell(l, func(r *Reader) bool { return !r.leads })
}

// supersede tells the followers who came after a purge that what was born
// before it is not for them. f.mu is held.
func (f *Flight) supersede(l *cache.Labels, born cache.Generation) {
	if f.fs.o.Memory.Purged(l, born) {
		f.tell(&Landing{Kind: Superseded, Reason: rfc9111.Superseded},
			func(r *Reader) bool { return !r.leads && r.gen > born })
	}
}

func everybody(*Reader) bool { return true }

// tell lands the readers of whom whom is true, who get no body and so leave, with a
// copy of l. f.mu is held.
func (f *Flight) tell(l *Landing, whom func(*Reader) bool) {
	var told *Landing                          // there is nobody to tell, nearly always
	for i := len(f.readers) - 1; i >= 0; i-- { // from the end: leaving swaps
		r := f.readers[i]
		if !whom(r) {
			continue
		}
		if told == nil {
			told = new(Landing)
			*told = *l
		}
		r.told.Store(told)
		r.rouse()
		f.remove(r)
	}
}
