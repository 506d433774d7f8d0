package policy

import (
	"edge/internal/request"
	"edge/internal/rfc9111"
)

// dataKind is a kind of request data.
type dataKind uint8

const (
	queryData dataKind = iota
	headerData
	cookieData
)

// String returns the word of the policy file.
func (k dataKind) String() string { return [...]string{"query", "headers", "cookies"}[k] }

// headerBit returns the bit for a header field that is withheld. Fields that
// practically every client sends, and those that edge speaks for itself, count
// for nothing: otherwise every request would have the bit.
func headerBit(f request.Field) Withheld {
	switch {
	case f.Usual:
		return 0
	case sameName(authorization, f.Name, foldedName):
		return WithheldAuthorization
	default:
		return WithheldHeader
	}
}

// headerBits are the bits for all header fields of v, when all are withheld.
func headerBits(v *request.View) (bits Withheld) {
	if v.Unusual() {
		bits |= WithheldHeader
	}
	if v.Has(request.SlotAuthorization) {
		bits |= WithheldAuthorization
	}
	return bits
}

func (k dataKind) reason(name string) rfc9111.Reason {
	switch {
	case k == queryData:
		return rfc9111.DynamicQuery
	case k == cookieData:
		return rfc9111.DynamicCookie
	case sameName(authorization, name, foldedName):
		return rfc9111.DynamicAuth
	default:
		return rfc9111.DynamicHeader
	}
}

const authorization = "authorization"
