package metrics

import "time"

// LegKind says whose audio a leg carries.
type LegKind string

// The kinds of legs.
const (
	CallerLeg LegKind = "caller" // who called
	AgentLeg  LegKind = "agent"  // a phone of ours that was rung
	TrunkLeg  LegKind = "trunk"  // who was called outside
)

// Audio is what one leg's RTP did; counts since the last report.
type Audio struct {
	Packets, Lost, Late, Duplicate uint64
	Rejected                       uint64 // from a source that is not the far end
	Forged                         uint64 // SRTP that the key did not open, or came before
}

// RTP measures audio.
type RTP struct {
	r                              registrar
	packets, lost, late, duplicate counters
	rejected, forged               counters
	loss, jitter, roundTrip        histograms
	noMedia, oneWay                counters
	mos                            histograms
	unscored                       counters
	keys                           counters
}

func newRTP(r registrar) *RTP {
	return &RTP{
		r:         r,
		packets:   r.counters("shouwen_rtp_packets_total", "RTP packets received.", legKind),
		lost:      r.counters("shouwen_rtp_packets_lost_total", "RTP packets that never came.", legKind),
		late:      r.counters("shouwen_rtp_packets_late_total", "RTP packets that came out of order.", legKind),
		duplicate: r.counters("shouwen_rtp_packets_duplicate_total", "RTP packets that came twice.", legKind),
		rejected:  r.counters("shouwen_rtp_packets_rejected_total", "RTP and RTCP packets from a source that is not the far end.", legKind),
		forged:    r.counters("shouwen_rtp_packets_forged_total", "SRTP and SRTCP packets that the key did not open, or that came before.", legKind),
		loss: r.histograms("shouwen_rtp_loss_ratio", "Lost packets of a leg, observed at its end.",
			[]float64{.001, .005, .01, .02, .03, .05, .1, .2}, legKind),
		jitter: r.histograms("shouwen_rtp_jitter_seconds", "Interarrival jitter (RFC 3550) of a leg, observed at its end.",
			[]float64{.005, .01, .02, .03, .05, .1, .2}, legKind),
		roundTrip: r.histograms("shouwen_rtp_round_trip_seconds", "Round trip of a leg from RTCP, observed at its end.",
			[]float64{.01, .025, .05, .1, .2, .4, .8}, legKind),
		noMedia: r.counters("shouwen_rtp_no_media_total", "Legs that were answered and sent no audio.", legKind),
		oneWay:  r.counters("shouwen_rtp_one_way_total", "Legs that sent no audio to a side that sent some.", legKind),
		mos: r.histograms("shouwen_rtp_mos", "Mean opinion score of what came from a leg (E-model, ITU-T G.107), estimated at its end.",
			[]float64{2.5, 3.1, 3.6, 4.05, 4.3, 4.5}, legKind, audioCodec),
		unscored: r.counters("shouwen_rtp_unscored_total", "Legs without a mean opinion score.", unscoredReason),
		keys:     r.counters("shouwen_dtmf_events_total", "Keys pressed, by how they were told.", keyMethod),
	}
}

// Heard adds what a leg received since its last report.
func (m *RTP) Heard(k LegKind, a Audio) {
	leg := string(k)
	m.packets.of(leg).Add(float64(a.Packets))
	m.lost.of(leg).Add(float64(a.Lost))
	m.late.of(leg).Add(float64(a.Late))
	m.duplicate.of(leg).Add(float64(a.Duplicate))
	m.rejected.of(leg).Add(float64(a.Rejected))
	m.forged.of(leg).Add(float64(a.Forged))
}

// Ended observes the quality of a leg at its end: loss ratio 0–1, jitter, and
// the round trip if RTCP told one (0: not told).
func (m *RTP) Ended(k LegKind, loss float64, jitter, roundTrip time.Duration) {
	m.loss.of(string(k)).Observe(loss)
	m.jitter.of(string(k)).Observe(jitter.Seconds())
	if roundTrip > 0 {
		m.roundTrip.of(string(k)).Observe(roundTrip.Seconds())
	}
}

// Scored observes the mean opinion score, 1 to 4.5, of what came from a leg.
func (m *RTP) Scored(k LegKind, codec string, mos float64) { m.mos.of(string(k), codec).Observe(mos) }

// Unscored counts a leg without a score: no_rtcp, too_short or no_media.
func (m *RTP) Unscored(reason string) { m.unscored.of(reason).Inc() }

// OneWay counts a leg that sent no audio in a call whose other side did.
func (m *RTP) OneWay(k LegKind) { m.oneWay.of(string(k)).Inc() }

// Silent counts an answered leg that never sent audio.
func (m *RTP) Silent(k LegKind) { m.noMedia.of(string(k)).Inc() }

// Key counts a key pressed, told by rfc4733, info or inband.
func (m *RTP) Key(method string) { m.keys.of(method).Inc() }

// ReadPorts makes inUse and limit, safe from any goroutine, the sources of the
// RTP port figures. Call it once.
func (m *RTP) ReadPorts(inUse, limit func() int) {
	m.r.gaugeFunc("shouwen_rtp_ports_in_use", "RTP port pairs in use.", func() float64 { return float64(inUse()) })
	m.r.gaugeFunc("shouwen_rtp_ports_limit", "RTP port pairs configured.", func() float64 { return float64(limit()) })
}
