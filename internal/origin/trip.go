package origin

import (
	"net/http"
	"net/url"
	"time"
)

// attemptsMost is how many addresses one request is sent to when none of them
// can be dialled.
const attemptsMost = 3

// trip is one request on its way through a pool: the attempts it takes.
type trip struct {
	pool  *pool
	safe  bool // the request may be repeated, see repeatable
	paid  bool // an attempt was paid from the budget
	sent  bool // an attempt may have been received
	tried [attemptsMost]*address
	tries int // attempts that ended, in tried
}

// send sends a request that has its turn to one address after another, until
// there is an answer to hand on, or no further attempt is allowed.
func (p *pool) send(req *http.Request, target url.URL, body *requestBody) (*http.Response, error) {
	tr := trip{pool: p, safe: repeatable(req)}
	p.budget.earn()
	if len(*p.addresses.Load()) == 0 && !p.await(req.Context()) {
		return nil, p.nowhere(req.Context(), body)
	}
	c := p.chooseFirst(tr.safe)
	if c.address == nil {
		return nil, p.unsent(body, Unavailable, errOpen, p.reopens(time.Now()))
	}
	for {
		t := p.attempt(req, body, c)
		t.repeats = tr.sent
		resp, err := t.send(t.outgoing(req, target))
		o := t.outcome(resp, err)
		if err != nil {
			err = t.failed(err)
		}
		if c = tr.next(o, c.address); c.address == nil {
			if err == nil {
				t.handOn(resp)
			}
			return resp, err
		}
		if err == nil {
			t.discard(resp)
		}
	}
}

// next chooses the address for another attempt after one at last that ended with
// o; the zero choice when there is to be none.
func (tr *trip) next(o outcome, last *address) choice {
	why, elsewhere, costs, ok := o.followed(tr.safe)
	if !ok || tr.tries == attemptsMost-1 || costs && tr.paid {
		return choice{}
	}
	tr.tried[tr.tries] = last
	tr.tries++
	c := tr.pool.choose(time.Now(), tr.tried[:tr.tries], tr.safe)
	if c.address == nil && !elsewhere {
		c = tr.pool.choose(time.Now(), nil, tr.safe)
	}
	if c.address == nil {
		return choice{}
	}
	if costs && !tr.pool.budget.pay() {
		tr.pool.unpaid.Add(1)
		tr.pool.unchoose(c)
		return choice{}
	}
	tr.paid = tr.paid || costs
	tr.sent = tr.sent || why != RetryDial
	tr.pool.retries[why].Add(1)
	return c
}
