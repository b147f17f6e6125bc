package sip

import (
	"bytes"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"time"

	"shouwen/metrics"
)

const (
	// Transactions strangers may have open. sipgo keeps about 3.4 KB for each
	// for transactionLife after the last answer over UDP (Timer J).
	maxTransactions = 20000
	transactionLife = 32 // seconds
	minMessage      = 20 // bytes
)

// scanners are the names attack tools give themselves in User-Agent, lower case.
var scanners = []string{"friendly-scanner", "sipvicious", "sundayddr", "sip-scan", "sipcli", "iwar"}

// admission decides about everything that arrives before sipgo sees it. Its
// memory does not grow with the number of sources. Safe from any goroutine,
// but datagram is called by the one that reads.
type admission struct {
	trusted func(netip.Addr) bool
	egress  *egress
	limiter *limiter
	open    *openTransactions
	calls   *newCalls
	panics  *panics
	metrics *metrics.SIP

	locals map[netip.AddrPort]bool // our own UDP sockets; fixed before serving
}

func newAdmission(cfg TransportConfig, e *egress, p *panics, m *metrics.SIP, log *slog.Logger) *admission {
	now := time.Now()
	return &admission{
		trusted: cfg.Trusted,
		egress:  e,
		limiter: newLimiter(now),
		open:    &openTransactions{start: now},
		calls:   newNewCalls(log, now),
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
	if a.locals[from] || from.Port() == 0 {
		a.metrics.Dropped("source")
		return nil, nil
	}
	now := time.Now()
	if why := a.before(raw, from, now); why != "" {
		a.metrics.Dropped(why)
		return nil, nil
	}
	v := a.judge(raw, from, false, now)
	if v.action != dropMessage {
		a.egress.heard.add(from.Addr(), now)
	}
	switch v.action {
	case passMessage:
		return v.canonical, nil
	case answerMessage:
		return nil, &reply{v.answer, v.message.replyPort()}
	default:
		return nil, nil
	}
}

// before returns why raw is dropped unread, or "".
func (a *admission) before(raw []byte, from netip.AddrPort, now time.Time) string {
	switch {
	case !startsLikeSIP(raw):
		return "not_sip"
	case !a.known(from) && !a.limiter.take(from.Addr(), now):
		return "rate"
	}
	return ""
}

// judge is inspect and what depends on the source: scanners are not answered,
// and strangers may not open more transactions than memory has room for. It
// counts what does not pass.
func (a *admission) judge(raw []byte, from netip.AddrPort, stream bool, now time.Time) (v verdict) {
	v = verdict{action: dropMessage, reason: "panic"} // a message that panics must not reach sipgo's parser
	a.panics.safely("sip_inspect", func() { v = inspect(raw, from, stream) })
	if v.message != nil && !a.known(from) {
		v = a.judgeStranger(v, len(raw), now)
	}
	if v.action == passMessage && v.message.startsCall() {
		v = a.judgeCall(v, from, len(raw), now)
	}
	switch {
	case v.action == passMessage:
	case v.reason == "scanner", v.reason == "overload", v.reason == "lag", v.reason == "ack", v.reason == "not_sip":
		a.metrics.Dropped(v.reason)
	default:
		a.metrics.ParseError()
	}
	return v
}

func (a *admission) judgeStranger(v verdict, size int, now time.Time) verdict {
	m := v.message
	if agent, ok := m.get("User-Agent"); ok && isScanner(agent) {
		return verdict{action: dropMessage, reason: "scanner", message: m}
	}
	if v.action != passMessage || !m.request || m.method == "ACK" || m.method == "CANCEL" || a.open.take(now) {
		return v
	}
	if m.method == "INVITE" {
		return m.refuse(defect{503, "overload"}, size)
	}
	return verdict{action: dropMessage, reason: "overload", message: m}
}

// judgeCall refuses a new call while the process lags. Trunks come first, then
// phones, then strangers; who is known may also be urgent.
func (a *admission) judgeCall(v verdict, from netip.AddrPort, size int, now time.Time) verdict {
	m, trunk, reserve := v.message, a.trusted(from.Addr()), strangerReserve
	switch {
	case trunk:
		reserve = trunkReserve
	case a.known(from):
		reserve = phoneReserve
	}
	if a.calls.lets(m, m.urgent() && a.known(from), reserve, now) {
		return v
	}
	if trunk && !a.calls.keep(m, v.canonical, from) {
		a.metrics.Dropped("refused_unrecorded")
	}
	a.metrics.Request(m.method, metrics.Received)
	a.metrics.Response(m.method, 503, metrics.Sent)
	return m.refuse(defect{503, "lag"}, size, a.calls.away()...)
}

// known returns whether from is a trunk or a peer we decided to contact.
func (a *admission) known(from netip.AddrPort) bool {
	return a.egress.allowed(from) || a.trusted(from.Addr())
}

func startsLikeSIP(raw []byte) bool {
	raw = bytes.TrimLeft(raw, "\r\n")
	return len(raw) >= minMessage && isTokenChar(raw[0])
}

func isScanner(agent string) bool {
	agent = strings.ToLower(agent)
	for _, name := range scanners {
		if strings.Contains(agent, name) {
			return true
		}
	}
	return false
}

func isResponse(raw []byte) bool {
	return len(raw) >= 8 && bytes.EqualFold(raw[:8], []byte("SIP/2.0 "))
}

// openTransactions estimates how many transactions strangers have open, as the
// requests of the last transactionLife seconds; sipgo does not tell. Safe from
// any goroutine.
type openTransactions struct {
	start time.Time

	mu     sync.Mutex
	second int64 // of the newest slot
	slots  [transactionLife]int
	sum    int
}

// take counts one more, or returns false if there are too many.
func (o *openTransactions) take(now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	second := int64(now.Sub(o.start) / time.Second)
	for range min(max(0, second-o.second), transactionLife) {
		o.second++
		slot := &o.slots[o.second%transactionLife]
		o.sum -= *slot
		*slot = 0
	}
	o.second = max(o.second, second)
	if o.sum >= maxTransactions {
		return false
	}
	o.sum++
	o.slots[o.second%transactionLife]++
	return true
}
