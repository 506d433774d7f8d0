package proxy

import (
	"time"

	"edge/internal/cache"
	"edge/internal/policy"
	"edge/internal/request"
	"edge/internal/rfc9111"
	"edge/internal/telemetry"
)

// inquiry is a request and what policy, store and law say to it, as far as no
// origin is needed. It is the part that both front doors have in common: an
// exchange has one, and so has a Hit. Its fields are grouped by the step that
// sets them.
type inquiry struct {
	p     *Proxy
	live  *live
	began rfc9111.Instant

	view request.View // receive

	plan policy.Plan // plan

	found cache.Lookup // lookup

	verdict rfc9111.Verdict // judge

	// deliver
	served  telemetry.Served
	reason  rfc9111.Reason
	ttl     time.Duration
	address string // of the origin that was asked, for the log
}

// begin takes the policy in force.
func (q *inquiry) begin(p *Proxy, now rfc9111.Instant) {
	q.p, q.live, q.began = p, p.live.Load(), now
}

// reset empties the inquiry and keeps its memory.
func (q *inquiry) reset() {
	q.view.Reset()
	*q = inquiry{view: q.view, plan: policy.Plan{Key: q.plan.Key[:0]}, found: cache.Lookup{}}
}

// decide asks the policy.
func (q *inquiry) decide() {
	q.live.policy.Plan(&q.view, &q.plan)
	q.reason = q.plan.Reason
}

// find asks the store.
func (q *inquiry) find(now rfc9111.Instant) {
	q.p.memory.Lookup(q.plan.Key, &q.view, now, &q.found)
}

// labelled reports whether what was found has the labels of this policy: purges
// by its tags and routes then reach it.
func (q *inquiry) labelled() bool {
	return q.found.Object.Labels.Labelling == q.live.labelling[q.plan.Route.Ordinal]
}

// judge asks the law. Where there is no object to judge, the store's word is
// the better reason.
func (q *inquiry) judge(now rfc9111.Instant) {
	o := &q.plan.Route.Overrides
	if q.found.State == cache.Found {
		q.verdict = rfc9111.Judge(&q.found.Object.Meta, &q.view, o, now, q.found.Soft)
		if q.verdict.Reason == rfc9111.SoftPurged && q.found.Silent {
			q.verdict.Reason = rfc9111.LogSilent
		}
		return
	}
	q.verdict = rfc9111.Judge(nil, &q.view, o, now, rfc9111.SoftPurge{})
	if q.verdict.Action != rfc9111.Fetch {
		return
	}
	switch q.found.State {
	case cache.Variant:
		q.verdict.Reason = rfc9111.OtherVariant
	case cache.Dead:
		q.verdict.Reason = rfc9111.Purged
	case cache.Marked:
		q.verdict.Reason = rfc9111.PassMark
	}
}
