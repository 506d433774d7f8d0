package rfc9111

import (
	"strconv"
	"time"
)

// Status is edge's member of Cache-Status (RFC 9211 section 2). Set Hit, or
// Fwd; never both: a hit was not forwarded.
type Status struct {
	// Hit: answered from the store without asking the origin.
	Hit bool
	// Fwd is why the request went forward; empty if it did not.
	Fwd Fwd
	// FwdStatus is the status that the origin answered with; 0 for none.
	FwdStatus int
	// Stored: the answer was stored. Collapsed: the request shared another's
	// fetch.
	Stored, Collapsed bool
	// TTL is the lifetime left, negative when stale. It is written only with
	// HasTTL, and not when it is Forever: there is no number for that.
	TTL    time.Duration
	HasTTL bool
	// Detail is the reason. A fresh hit and a stored answer need none.
	Detail Reason
}

// Append appends the member to dst. It allocates nothing but for dst.
func (s Status) Append(dst []byte) []byte {
	dst = append(dst, "edge"...)
	if s.Hit {
		dst = append(dst, "; hit"...)
	}
	if s.Fwd != "" {
		dst = append(dst, "; fwd="...)
		dst = append(dst, s.Fwd...)
	}
	if s.FwdStatus != 0 {
		dst = append(dst, "; fwd-status="...)
		dst = strconv.AppendInt(dst, int64(s.FwdStatus), 10)
	}
	if s.Stored {
		dst = append(dst, "; stored"...)
	}
	if s.Collapsed {
		dst = append(dst, "; collapsed"...)
	}
	if s.HasTTL && s.TTL != Forever {
		dst = append(dst, "; ttl="...)
		dst = appendSeconds(dst, s.TTL)
	}
	if s.Detail != NoReason && s.Detail != Fresh && s.Detail != Stored {
		dst = append(dst, "; detail="...)
		dst = append(dst, s.Detail.String()...)
	}
	return dst
}
