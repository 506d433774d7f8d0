package policy

import (
	"time"

	"edge/internal/rfc9111"
)

// What a policy file need not say. The reference (options.go) shows the same
// values to people; a test holds the two together.
const (
	defaultListen          = ":8080"
	defaultAdmin           = "127.0.0.1:9090"
	defaultAccessLog       = "stdout"
	defaultOriginName      = "default"
	defaultMemory          = 512 << 20
	defaultMaxObject       = 16 << 20
	defaultBudget          = 256 << 20
	defaultVariants        = 16
	defaultMaxSilence      = 30 * time.Second
	defaultSharedObject    = 1 << 20
	defaultSharedTimeout   = 50 * time.Millisecond
	defaultPrefix          = "edge"
	defaultDrainDelay      = 5 * time.Second
	defaultDrainTimeout    = 30 * time.Second
	defaultConnect         = 2 * time.Second
	defaultFirstByte       = 60 * time.Second
	defaultIdle            = 60 * time.Second
	defaultEjectFailures   = 5
	defaultEjectTime       = 10 * time.Second
	defaultEjectShare      = 0.5
	defaultBreakerFailures = 5
	defaultBreakerTime     = time.Second
	defaultMaxRequests     = 1024
	defaultMaxQueue        = 1024
	defaultQueueWait       = 5 * time.Second
	defaultHealthInterval  = 5 * time.Second
	defaultHealthTimeout   = 2 * time.Second
	defaultHealthy         = 2
	defaultUnhealthy       = 3
	defaultRetries         = 0.1
	defaultProtocol        = "h1"
	defaultResolve         = 30 * time.Second
	defaultPanic           = 0.3
	defaultSlowStart       = 10 * time.Second
	defaultCollapseWait    = 5 * time.Second
	defaultErrorCap        = 60 * time.Second
	defaultStale           = 24 * time.Hour
	defaultJitter          = 0.05

	defaultStreams     = 100
	defaultTarget      = 8 << 10
	defaultQueryParams = 256
	defaultFields      = 15 << 10
	defaultFieldCount  = 100
	defaultHeadTimeout = 5 * time.Second
	defaultIdleTimeout = 2 * time.Minute
	defaultStall       = 30 * time.Second
)

// defaultTargets are the targeted cache control fields that count (RFC 9213).
func defaultTargets() []string { return []string{"CDN-Cache-Control"} }

// defaultTagHeaders are the response fields that carry tags.
func defaultTagHeaders() []string { return []string{"Cache-Tag", "Surrogate-Key"} }

// defaultTrailers are the trailer fields that pass on force-dynamic routes: they
// tell of the message, and decide nothing.
func defaultTrailers() []string { return []string{"Content-Digest", "Repr-Digest", "Server-Timing"} }

// defaultCORSHeaders are the request fields that cors allows when it names
// none: what a JSON client needs.
const defaultCORSHeaders = "Content-Type"

// allMethods are what a preflight or an OPTIONS is told where every method is
// taken.
func allMethods() []string {
	return []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
}

// defaultViolations is what happens to an answer that contradicts the mode.
func defaultViolations(m Mode) rfc9111.Violations {
	switch m {
	case ForceStatic:
		return rfc9111.ViolationsOverride
	case ErrorMode:
		return rfc9111.ViolationsFail
	default:
		return rfc9111.ViolationsPass
	}
}

// tracking is the built-in list of withhold: tracking. It names data that
// analytics scripts read in the browser and servers have no use for.
var tracking = map[dataKind][]string{
	queryData: {
		"utm_*", "gclid", "gclsrc", "gbraid", "wbraid", "dclid", "gad_*", "_ga", "_gl", "srsltid",
		"fbclid", "igshid", "msclkid", "ttclid", "twclid", "li_fat_id", "yclid", "ysclid", "epik",
		"mc_cid", "mc_eid", "mkt_tok", "_hsenc", "_hsmi", "hsa_*", "vero_id", "wickedid", "_openstat",
		"pk_*", "mtm_*",
	},
	cookieData: {
		"_ga*", "_gid", "_gat*", "_gac_*", "_gcl_*", "__utm*", "_fbp", "_fbc", "_uet*", "_clck", "_clsk",
		"_hj*", "_pk_*", "_tt_*", "_ttp", "_pin_*", "_rdt_*", "_scid*", "__hs*", "hubspotutk",
		"mp_*_mixpanel", "amplitude_*", "ajs_*", "_dc_gtm_*", "_li_*", "li_fat_id",
	},
}
