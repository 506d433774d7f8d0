package policy

import "time"

// limits compiles limits.
func (b *compiler) limits() {
	l := &b.config.Limits
	b.policy.Settings.Limits = Limits{
		Connections:  given(l.Connections, 0),
		PerClient:    given(l.PerClient, 0),
		Streams:      given(l.Streams, defaultStreams),
		ClientMisses: given(l.ClientMisses, 0),
		Head:         b.clientTime("head_timeout", l.Head, defaultHeadTimeout),
		Idle:         b.clientTime("idle_timeout", l.Idle, defaultIdleTimeout),
		Stall:        b.clientTime("stall_timeout", l.Stall, defaultStall),
	}
	r := &b.policy.Rules
	r.TargetBytes = int(b.headSize("target", l.Target, defaultTarget))
	r.QueryBytes = int(b.headSize("query", l.Query, int64(r.TargetBytes)))
	r.QueryParams = given(l.QueryParams, defaultQueryParams)
	r.FieldBytes = int(b.headSize("fields", l.Fields, defaultFields))
	r.FieldCount = given(l.FieldCount, defaultFieldCount)
	if r.TargetBytes > r.FieldBytes {
		b.fail(b.limitAt("target"), "raise limits.fields, which counts the target",
			"limits.target is larger than limits.fields: no such request would be taken")
	}
}

// clientTime is what a client has for something. It is never without end: one
// client could then keep as many connections as it likes.
func (b *compiler) clientTime(option string, written *time.Duration, otherwise time.Duration) time.Duration {
	d := given(written, otherwise)
	if d < leastClientTime || d > mostClientTime {
		b.fail(b.limitAt(option), "write "+formatDuration(otherwise), "limits.%s: %s is not between %s and %s",
			option, formatDuration(d), formatDuration(leastClientTime), formatDuration(mostClientTime))
		return otherwise
	}
	return d
}

// headSize is a bound on a part of a request's head.
func (b *compiler) headSize(option string, written *int64, otherwise int64) int64 {
	n := given(written, otherwise)
	if n < 1 || n > maxHead {
		b.fail(b.limitAt(option), "write "+formatSize(otherwise), "limits.%s: %s is not between 1 and %s", option, formatSize(n), formatSize(maxHead))
		return otherwise
	}
	return n
}

func (b *compiler) limitAt(option string) Place { return placeOf(b.config.Limits.Places, option) }
