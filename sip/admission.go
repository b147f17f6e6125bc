package sip

import (
	"bytes"
	"net/netip"
	"time"

	"shouwen/metrics"
)

// admission decides about everything that arrives before sipgo sees it. Its
// memory does not grow with the number of sources. Safe from any goroutine,
// but datagram of one listener is called by one goroutine at a time.
type admission struct {
	trusted func(netip.Addr) bool
	egress  *egress
	limiter *limiter
	panics  *panics
	metrics *metrics.SIP

	locals map[netip.AddrPort]bool // our own UDP sockets; fixed before serving
}

func newAdmission(cfg TransportConfig, e *egress, p *panics, m *metrics.SIP) *admission {
	return &admission{
		trusted: cfg.Trusted,
		egress:  e,
		limiter: newLimiter(time.Now()),
		panics:  p,
		metrics: m,
		locals:  make(map[netip.AddrPort]bool),
	}
}

func (a *admission) own(local netip.AddrPort) { a.locals[local] = true }

// reply is a stateless answer and the port of the sender it goes to.
type reply struct {
	text []byte
	port uint16
}

// datagram returns the message for sipgo, an answer, or neither.
func (a *admission) datagram(raw []byte, from netip.AddrPort) (message []byte, answer *reply) {
	if len(raw) <= 4 && len(bytes.Trim(raw, "\r\n\x00")) == 0 {
		return nil, nil // RFC 5626 keep-alive
	}
	if len(raw) < 20 || !isLetter(raw[0]) {
		a.metrics.Dropped("not_sip")
		return nil, nil
	}
	if a.locals[from] {
		a.metrics.Dropped("own_address")
		return nil, nil
	}
	now := time.Now()
	if !a.known(from) && !a.limiter.take(from.Addr(), now) {
		a.metrics.Dropped("rate")
		return nil, nil
	}
	a.egress.heard.add(from.Addr(), now)
	return raw, nil
}

// known returns whether from is a trunk or a peer we decided to contact.
func (a *admission) known(from netip.AddrPort) bool {
	return a.egress.allowed(from) || a.trusted(from.Addr())
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isResponse(raw []byte) bool {
	return len(raw) >= 8 && bytes.EqualFold(raw[:8], []byte("SIP/2.0 "))
}
