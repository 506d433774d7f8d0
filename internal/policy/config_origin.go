package policy

import "time"

// OriginConf is one origin. The fields of its smaller mappings are named for
// where they are written: EjectTime is eject.time.
type OriginConf struct {
	Name        string
	URL         string
	URLs        []string
	StripPrefix string
	AddPrefix   string
	Connect     *time.Duration // timeouts.connect
	FirstByte   *time.Duration // timeouts.first_byte
	Idle        *time.Duration // timeouts.idle

	Protocol           string
	Resolve            *time.Duration
	ServerName         string // tls.server_name
	CAFile             string // tls.ca_file
	CertFile           string // tls.cert_file
	KeyFile            string // tls.key_file
	InsecureSkipVerify *bool  // tls.insecure_skip_verify

	EjectFailures   *int
	EjectTime       *time.Duration
	EjectShare      *float64
	BreakerFailures *int
	BreakerTime     *time.Duration
	Panic           *float64
	Retries         *float64
	MaxRequests     *int
	MaxQueue        *int
	QueueWait       *time.Duration // timeouts.queue

	HealthPath      string
	HealthHost      string // health.hostname
	HealthInterval  *time.Duration
	HealthTimeout   *time.Duration
	HealthStatus    []int
	HealthHealthy   *int
	HealthUnhealthy *int
	SlowStart       *time.Duration

	Places Places
}
