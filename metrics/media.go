package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// LegKind says whose audio a leg carries.
type LegKind string

// The kinds of legs.
const (
	CallerLeg LegKind = "caller"
	AgentLeg  LegKind = "agent"
	TrunkLeg  LegKind = "trunk"
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
	packets, lost, late, duplicate *prometheus.CounterVec
	rejected, forged               *prometheus.CounterVec
	loss, jitter, roundTrip        *prometheus.HistogramVec
	noMedia, oneWay                *prometheus.CounterVec
	mos                            *prometheus.HistogramVec
	unscored                       *prometheus.CounterVec
}

func newRTP(r registrar) *RTP {
	m := &RTP{
		r:         r,
		packets:   r.counterVec("shouwen_rtp_packets_total", "RTP packets received.", "leg"),
		lost:      r.counterVec("shouwen_rtp_packets_lost_total", "RTP packets that never came.", "leg"),
		late:      r.counterVec("shouwen_rtp_packets_late_total", "RTP packets that came out of order.", "leg"),
		duplicate: r.counterVec("shouwen_rtp_packets_duplicate_total", "RTP packets that came twice.", "leg"),
		rejected:  r.counterVec("shouwen_rtp_packets_rejected_total", "RTP and RTCP packets from a source that is not the far end.", "leg"),
		forged:    r.counterVec("shouwen_rtp_packets_forged_total", "SRTP and SRTCP packets that the key did not open, or that came before.", "leg"),
		loss: r.histogramVec("shouwen_rtp_loss_ratio", "Lost packets of a leg, observed at its end.",
			[]float64{.001, .005, .01, .02, .03, .05, .1, .2}, "leg"),
		jitter: r.histogramVec("shouwen_rtp_jitter_seconds", "Interarrival jitter (RFC 3550) of a leg, observed at its end.",
			[]float64{.005, .01, .02, .03, .05, .1, .2}, "leg"),
		roundTrip: r.histogramVec("shouwen_rtp_round_trip_seconds", "Round trip of a leg from RTCP, observed at its end.",
			[]float64{.01, .025, .05, .1, .2, .4, .8}, "leg"),
		noMedia: r.counterVec("shouwen_rtp_no_media_total", "Legs that were answered and sent no audio.", "leg"),
		oneWay:  r.counterVec("shouwen_rtp_one_way_total", "Legs that sent no audio to a side that sent some.", "leg"),
		mos: r.histogramVec("shouwen_rtp_mos", "Mean opinion score of what came from a leg (E-model, ITU-T G.107), estimated at its end.",
			[]float64{2.5, 3.1, 3.6, 4.05, 4.3, 4.5}, "leg", "codec"),
		unscored: r.counterVec("shouwen_rtp_unscored_total", "Legs without a mean opinion score.", "reason"),
	}
	for _, reason := range []string{"no_rtcp", "too_short", "no_media"} {
		m.unscored.WithLabelValues(reason)
	}
	for _, k := range []LegKind{CallerLeg, AgentLeg, TrunkLeg} {
		for _, v := range []*prometheus.CounterVec{m.packets, m.lost, m.late, m.duplicate, m.rejected, m.forged, m.noMedia, m.oneWay} {
			v.WithLabelValues(string(k))
		}
		for _, v := range []*prometheus.HistogramVec{m.loss, m.jitter, m.roundTrip} {
			v.WithLabelValues(string(k))
		}
		for _, codec := range []string{"PCMA", "PCMU"} {
			m.mos.WithLabelValues(string(k), codec)
		}
	}
	return m
}

// Heard adds what a leg received since its last report.
func (m *RTP) Heard(k LegKind, a Audio) {
	m.packets.WithLabelValues(string(k)).Add(float64(a.Packets))
	m.lost.WithLabelValues(string(k)).Add(float64(a.Lost))
	m.late.WithLabelValues(string(k)).Add(float64(a.Late))
	m.duplicate.WithLabelValues(string(k)).Add(float64(a.Duplicate))
	m.rejected.WithLabelValues(string(k)).Add(float64(a.Rejected))
	m.forged.WithLabelValues(string(k)).Add(float64(a.Forged))
}

// Ended observes the quality of a leg at its end: loss ratio 0–1, jitter, and
// the round trip if RTCP told one (0: not told).
func (m *RTP) Ended(k LegKind, loss float64, jitter, roundTrip time.Duration) {
	m.loss.WithLabelValues(string(k)).Observe(loss)
	m.jitter.WithLabelValues(string(k)).Observe(jitter.Seconds())
	if roundTrip > 0 {
		m.roundTrip.WithLabelValues(string(k)).Observe(roundTrip.Seconds())
	}
}

// Scored observes the mean opinion score, 1 to 4.5, of what came from a leg.
func (m *RTP) Scored(k LegKind, codec string, mos float64) {
	m.mos.WithLabelValues(string(k), codec).Observe(mos)
}

// Unscored counts a leg without a score: no_rtcp, too_short or no_media.
func (m *RTP) Unscored(reason string) { m.unscored.WithLabelValues(reason).Inc() }

// OneWay counts a leg that sent no audio in a call whose other side did.
func (m *RTP) OneWay(k LegKind) { m.oneWay.WithLabelValues(string(k)).Inc() }

// Silent counts an answered leg that never sent audio.
func (m *RTP) Silent(k LegKind) { m.noMedia.WithLabelValues(string(k)).Inc() }

// ReadPorts makes inUse and limit, safe from any goroutine, the sources of the
// RTP port figures. Call it once.
func (m *RTP) ReadPorts(inUse, limit func() int) {
	m.r.gaugeFunc("shouwen_rtp_ports_in_use", "RTP port pairs in use.", func() float64 { return float64(inUse()) })
	m.r.gaugeFunc("shouwen_rtp_ports_limit", "RTP port pairs configured.", func() float64 { return float64(limit()) })
}
