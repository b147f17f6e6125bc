package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Way is the direction of a message as seen from here.
type Way string

// The ways of a message.
const (
	Sent     Way = "sent"
	Received Way = "received"
)

var methods = []string{"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "INFO", "UPDATE", "REFER", "NOTIFY", "MESSAGE", "SUBSCRIBE", "PRACK"}

var (
	knownMethods = set(methods)
	knownCodes   = set([]int{
		100, 180, 181, 182, 183, 199, 200, 202, 300, 301, 302, 400, 401, 402, 403, 404, 405, 406, 407, 408, 410, 413,
		414, 415, 416, 420, 421, 422, 423, 429, 480, 481, 482, 483, 484, 486, 487, 488, 489, 491, 500, 501, 502, 503,
		504, 505, 513, 600, 603, 604, 606,
	})
)

func set[T comparable](all []T) map[T]bool {
	m := make(map[T]bool, len(all))
	for _, v := range all {
		m[v] = true
	}
	return m
}

func method(m string) string {
	if knownMethods[m] {
		return m
	}
	return "other"
}

// SIP counts signalling.
type SIP struct {
	r               registrar
	requests        *prometheus.CounterVec
	responses       *prometheus.CounterVec
	duration        *prometheus.HistogramVec
	retransmissions *prometheus.CounterVec
	parseErrors     prometheus.Counter
	dropped         *prometheus.CounterVec
	restarts        *prometheus.CounterVec
	regFailures     *prometheus.CounterVec
}

func newSIP(r registrar) *SIP {
	s := &SIP{
		r:         r,
		requests:  r.counterVec("shouwen_sip_requests_total", "SIP transactions, without retransmissions.", "method", "direction"),
		responses: r.counterVec("shouwen_sip_responses_total", "Final SIP responses.", "method", "code", "direction"),
		duration: r.histogramVec("shouwen_sip_request_duration_seconds", "Request to final response.",
			[]float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 32}, "method"),
		retransmissions: r.counterVec("shouwen_sip_retransmissions_total", "SIP messages sent again by this side.", "method"),
		parseErrors:     r.counter("shouwen_sip_parse_errors_total", "SIP messages that could not be read."),
		dropped:         r.counterVec("shouwen_sip_dropped_total", "Datagrams and connections refused before SIP saw them.", "reason"),
		restarts:        r.counterVec("shouwen_sip_listener_restarts_total", "Listeners that ended by themselves and were restarted.", "transport"),
		regFailures:     r.counterVec("shouwen_sip_registration_failures_total", "Registrations refused or failed.", "kind", "reason"),
	}
	for _, m := range methods {
		s.requests.WithLabelValues(m, string(Sent))
		s.requests.WithLabelValues(m, string(Received))
	}
	for _, t := range []string{"udp", "tcp", "tls"} {
		s.restarts.WithLabelValues(t)
	}
	return s
}

// Request counts a new transaction.
func (s *SIP) Request(m string, w Way) { s.requests.WithLabelValues(method(m), string(w)).Inc() }

// Response counts a final response to method m.
func (s *SIP) Response(m string, status int, w Way) {
	s.responses.WithLabelValues(method(m), code(status), string(w)).Inc()
}

// Took observes the time from a request to its final response.
func (s *SIP) Took(m string, d time.Duration) {
	s.duration.WithLabelValues(method(m)).Observe(d.Seconds())
}

// Retransmitted counts a message this side sent again.
func (s *SIP) Retransmitted(m string) { s.retransmissions.WithLabelValues(method(m)).Inc() }

// ParseError counts a message that could not be read.
func (s *SIP) ParseError() { s.parseErrors.Inc() }

// Dropped counts a datagram or connection refused early; reason is a constant.
func (s *SIP) Dropped(reason string) { s.dropped.WithLabelValues(reason).Inc() }

// ListenerRestarted counts a listener (udp, tcp, tls) that ended by itself.
func (s *SIP) ListenerRestarted(transport string) { s.restarts.WithLabelValues(transport).Inc() }

// RegistrationFailed counts a refused registration of a phone; reason is a constant.
func (s *SIP) RegistrationFailed(reason string) { s.regFailures.WithLabelValues("agent", reason).Inc() }

// TrunkRegistrationFailed counts a registration of ours that a trunk did not
// grant; reason is a constant.
func (s *SIP) TrunkRegistrationFailed(reason string) {
	s.regFailures.WithLabelValues("trunk", reason).Inc()
}

// ReadTrunks makes read, safe from any goroutine, the source of which trunks take
// calls to the outside. Call it once.
func (s *SIP) ReadTrunks(read func() map[string]bool) {
	s.r.sampled("shouwen_sip_trunk_up", "1 while a server of the trunk takes calls.", []string{"trunk"},
		func(emit func(float64, ...string)) {
			for trunk, up := range read() {
				v := 0.0
				if up {
					v = 1
				}
				emit(v, trunk)
			}
		})
}

// ReadRegistrations makes read, safe from any goroutine, the source of the
// number of phones registered. Call it once.
func (s *SIP) ReadRegistrations(read func() int) {
	s.r.sampled("shouwen_sip_registrations", "Registered phones.", []string{"kind"},
		func(emit func(float64, ...string)) { emit(float64(read()), "agent") })
}
