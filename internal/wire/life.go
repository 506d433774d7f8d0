package wire

import "sync/atomic"

// life is who has a connection, in one word: it is what those who close it, from
// any goroutine, must know. It goes
//
//	fresh ──► answering ◄──► resting
//	  │           │             │
//	  └──────► lent ◄───────────┘      resting again at net/http's idle hook
//
// and from everywhere to gone; from answering by way of leaving.
type life struct{ state atomic.Uint32 }

const (
	// fresh: accepted, and nothing read yet. net/http is right to take it for new.
	fresh uint32 = iota
	// resting: between two requests. It may be closed at any time.
	resting
	// answering: an answer of ours is being made or written.
	answering
	// lent: net/http has a request, or the connection for good.
	lent
	// leaving: answering, and to be closed after that.
	leaving
	// gone: closed, or about to be by who made it so.
	gone
)

// begin goes from between two requests to answering; false when the connection
// is gone.
func (l *life) begin() bool {
	return l.state.CompareAndSwap(resting, answering) || l.state.CompareAndSwap(fresh, answering)
}

// end goes from answering to next. It is false when the connection has to be
// closed by the caller, instead.
func (l *life) end(next uint32) bool {
	if l.state.CompareAndSwap(answering, next) {
		return true
	}
	l.state.Store(gone) // from leaving
	return false
}

// lend goes from between two requests to lent, or stays there; false when it is
// gone.
func (l *life) lend() bool {
	return l.state.CompareAndSwap(resting, lent) || l.state.CompareAndSwap(fresh, lent) || l.state.Load() == lent
}

// takeBack goes from lent to resting, unless it is gone.
func (l *life) takeBack() { l.state.CompareAndSwap(lent, resting) }

// closeNow goes to gone, and reports whether the caller is to close the
// connection. Otherwise it is closed already, or whoever answers will close it.
func (l *life) closeNow() bool {
	for {
		switch s := l.state.Load(); s {
		case gone, leaving:
			return false
		case answering:
			if l.state.CompareAndSwap(answering, leaving) {
				return false
			}
		default:
			if l.state.CompareAndSwap(s, gone) {
				return true
			}
		}
	}
}

// retire is closeNow for a connection that nobody else would close: one that
// rests or answers.
func (l *life) retire() (closeIt bool) {
	l.state.CompareAndSwap(answering, leaving)
	return l.state.CompareAndSwap(resting, gone)
}

// busy reports whether an answer is under way.
func (l *life) busy() bool {
	s := l.state.Load()
	return s == answering || s == leaving
}
