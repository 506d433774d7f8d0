package app

import (
	"net"
	"time"

	"edge/internal/listen"
	"edge/internal/telemetry"
)

// newDoors makes the listeners of the data plane, without any yet.
func (a *App) newDoors() *listen.Set {
	failures := newQuiet[string](a.now)
	return listen.NewSet(listen.Options{
		Wrap: func(c net.Conn) net.Conn { return a.wire.Wrap(c) }, // which comes before any connection
		AcceptFailed: func(at net.Addr, err error) {
			if more, tell := failures.tell(at.String()); tell {
				a.log.Error("a connection cannot be accepted", "address", at.String(), "error", err.Error(), "failures_not_told", more)
			}
		},
		HandshakeFailed: func(client net.Addr, err error) {
			a.counters.HandshakeFailed()
			a.log.Debug("a TLS handshake failed", "client", client.String(), "error", err.Error())
		},
		CertificateChanged: a.tellCertificate,
	})
}

// tellCertificate logs that the files of a certificate have changed.
func (a *App) tellCertificate(c listen.Certificate, err error) {
	a.counters.CertificateLoad(err == nil)
	if err != nil {
		a.log.Error("a changed certificate is refused, the one before stays in use",
			"error", err.Error(), "expires", c.NotAfter.UTC().Format(time.RFC3339))
		return
	}
	a.log.Info("certificate loaded", "file", c.Pair.Cert, "expires", c.NotAfter.UTC().Format(time.RFC3339))
	a.warnExpired(c)
}

// warnExpired tells of a certificate that clients refuse.
func (a *App) warnExpired(c listen.Certificate) {
	if time.Now().After(c.NotAfter) {
		a.log.Warn("a certificate has expired: clients refuse it", "file", c.Pair.Cert, "expired", c.NotAfter.UTC().Format(time.RFC3339))
	}
}

// certificates are those in use, by the name of their file. Of several with one
// name the metrics show that which expires first.
func (a *App) certificates() []telemetry.Certificate {
	byFile := map[string]telemetry.Certificate{}
	for _, c := range a.doors.Certificates() {
		old, known := byFile[c.Pair.Cert]
		if !known || c.NotAfter.Before(old.NotAfter) {
			byFile[c.Pair.Cert] = telemetry.Certificate{File: c.Pair.Cert, NotAfter: c.NotAfter, Current: c.Current && (!known || old.Current)}
		}
	}
	list := make([]telemetry.Certificate, 0, len(byFile))
	for _, c := range byFile {
		list = append(list, c)
	}
	return list
}
