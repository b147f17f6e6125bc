package metrics

import (
	"slices"
	"strconv"
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

var (
	// What we ask, and what we serve; and with which statuses at most.
	methodsAsked  = []string{"INVITE", "BYE", "CANCEL", "OPTIONS", "REGISTER", "UPDATE", "NOTIFY", "MESSAGE"}
	methodsServed = []string{"INVITE", "BYE", "CANCEL", "OPTIONS", "REGISTER", "UPDATE", "INFO", "REFER", "NOTIFY", "MESSAGE", "SUBSCRIBE", "PRACK", other}
	codesGiven    = []string{"200", "202", "400", "401", "403", "404", "405", "413", "415", "422", "423", "480", "481", "482", "484",
		"486", "487", "488", "491", "500", "503", "603", other}
	codesOfOther = []string{"405", "481", "500", "503"} // to methods that mean nothing to us
)

// Seizure says what became of a call that a trunk was asked for (ITU-T E.425, E.437).
type Seizure string

// What becomes of them.
const (
	SeizureAnswered   Seizure = "answered"
	SeizureSubscriber Seizure = "subscriber" // who was called is busy, declined or did not pick up in time
	SeizureFailed     Seizure = "failed"     // the trunk did not take the call, or knows no such number
)

// TrunkFigures is a trunk now.
type TrunkFigures struct {
	Watched, Up     bool // whether we know if one of its servers takes calls, and whether one does
	Channels, Limit int  // calls over it, and how many there may be; 0: not known
}

// SIP counts signalling.
type SIP struct {
	r               registrar
	requests        counters
	responses       counters
	duration        histograms
	postDialDelay   histograms
	seizures        counters
	retransmissions counters
	parseErrors     prometheus.Counter
	dropped         counters
	restarts        counters
	regFailures     counters
}

func newSIP(r registrar) *SIP {
	return &SIP{
		r:         r,
		requests:  r.counters("shouwen_sip_requests_total", "New transactions, no retransmissions.", sipMethod, sipWay),
		responses: r.only(canRespond).counters("shouwen_sip_responses_total", "Final responses.", sipMethod, sipCode, sipWay),
		duration: r.only(func(v []string) bool { return slices.Contains(methodsAsked, v[0]) }).
			histograms("shouwen_sip_request_duration_seconds", "Request of ours to its final response.", []float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 32}, sipMethod),
		postDialDelay: r.histograms("shouwen_sip_post_dial_delay_seconds", "INVITE to first 18x, or to the answer if none came, of calls to the outside.",
			[]float64{.1, .25, .5, 1, 2, 3, 5, 10}, trunkLabel),
		seizures:        r.counters("shouwen_sip_trunk_seizures_total", "Calls that a trunk was asked for, by what became of them; every server tried counts.", trunkLabel, seizureResult),
		retransmissions: r.counters("shouwen_sip_retransmissions_total", "SIP messages sent again by this side.", sipMethod),
		parseErrors:     r.counter("shouwen_sip_parse_errors_total", "SIP messages that could not be read."),
		dropped:         r.counters("shouwen_sip_dropped_total", "Datagrams and connections refused before SIP saw them.", dropReason),
		restarts:        r.counters("shouwen_sip_listener_restarts_total", "Listeners that ended by themselves and were restarted.", sipTransport),
		regFailures: r.only(canRefuse).counters("shouwen_sip_registration_failures_total",
			"Registrations that were not granted: of phones by us, of ours by trunks.", registrationKind, registrationReason),
	}
}

func canRespond(v []string) bool {
	method, code := v[0], v[1]
	switch {
	case v[2] == string(Received):
		return slices.Contains(methodsAsked, method)
	case slices.Contains(methodsServed[8:], method):
		return slices.Contains(codesOfOther, code)
	}
	return slices.Contains(methodsServed, method) && slices.Contains(codesGiven, code)
}

func canRefuse(v []string) bool {
	ofTrunk := v[1] == "refused" || v[1] == "forbidden" || v[1] == "no_answer"
	return v[1] == other || ofTrunk == (v[0] == "trunk")
}

// Request counts a new transaction.
func (s *SIP) Request(m string, w Way) { s.requests.of(m, string(w)).Inc() }

// Response counts a final response to method m.
func (s *SIP) Response(m string, status int, w Way) {
	s.responses.of(m, strconv.Itoa(status), string(w)).Inc()
}

// Took observes the time from a request to its final response.
func (s *SIP) Took(m string, d time.Duration) { s.duration.of(m).Observe(d.Seconds()) }

// Rang observes the time from the INVITE to a trunk until it says that the phone
// rings, or more.
func (s *SIP) Rang(trunk string, d time.Duration) { s.postDialDelay.of(trunk).Observe(d.Seconds()) }

// Seized counts a call that a trunk was asked for.
func (s *SIP) Seized(trunk string, is Seizure) { s.seizures.of(trunk, string(is)).Inc() }

// Retransmitted counts a message this side sent again.
func (s *SIP) Retransmitted(m string) { s.retransmissions.of(m).Inc() }

// ParseError counts a message that could not be read.
func (s *SIP) ParseError() { s.parseErrors.Inc() }

// Dropped counts a datagram or connection refused early; reason is a constant.
func (s *SIP) Dropped(reason string) { s.dropped.of(reason).Inc() }

// ListenerRestarted counts a listener (udp, tcp, tls) that ended by itself.
func (s *SIP) ListenerRestarted(transport string) { s.restarts.of(transport).Inc() }

// RegistrationFailed counts a refused registration of a phone; reason is a constant.
func (s *SIP) RegistrationFailed(reason string) { s.regFailures.of("agent", reason).Inc() }

// TrunkRegistrationFailed counts a registration of ours that a trunk did not
// grant; reason is a constant.
func (s *SIP) TrunkRegistrationFailed(reason string) { s.regFailures.of("trunk", reason).Inc() }

// ReadTrunks makes read, safe from any goroutine, the source of how the trunks are.
// Call it once.
func (s *SIP) ReadTrunks(read func() map[string]TrunkFigures) {
	labels := []*label{trunkLabel}
	s.r.sampled([]gauge{
		{"shouwen_sip_trunk_up", "1 while a server of the trunk takes calls (OPTIONS answered).", labels},
		{"shouwen_sip_trunk_channels", "Calls over the trunk.", labels},
		{"shouwen_sip_trunk_channels_limit", "Calls over the trunk there may be.", labels},
	}, func(emit func(int, float64, ...string)) {
		for name, t := range read() {
			if t.Watched {
				emit(0, number(t.Up), name)
			}
			emit(1, float64(t.Channels), name)
			if t.Limit > 0 {
				emit(2, float64(t.Limit), name)
			}
		}
	})
}

// ReadRegistrations makes read, safe from any goroutine, the source of the number of
// phones registered here, and of registrations of ours at trunks. Call it once.
func (s *SIP) ReadRegistrations(read func() (agents, trunks int)) {
	s.r.sampled([]gauge{{"shouwen_sip_registrations", "Registrations.", []*label{registrationKind}}},
		func(emit func(int, float64, ...string)) {
			agents, trunks := read()
			emit(0, float64(agents), "agent")
			emit(0, float64(trunks), "trunk")
		})
}
