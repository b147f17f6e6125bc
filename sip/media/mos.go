package media

import "time"

// Unscored says why a leg has no MOS. It becomes a metric label, so the set is
// closed.
type Unscored string

// The reasons for no score.
const (
	Scored   Unscored = ""
	NoMedia  Unscored = "no_media"  // nothing was heard
	TooShort Unscored = "too_short" // less than 250 packets, which are 5 s of 20 ms
	NoRTCP   Unscored = "no_rtcp"   // the delay is not known
)

// MOS estimates how listeners rate a stream, 1 (bad) to 4.5 (as good as
// telephony gets), by the E-model (ITU-T G.107) with its default values but for
// delay and loss. loss is a fraction, 0 to 1, of random losses that the far end
// conceals; delay is that of the network, one way. The delay of a jitter buffer,
// twice the jitter, and of one frame are added.
func MOS(loss float64, delay, jitter time.Duration, c Codec) float64 {
	return score(93.2 - delayImpairment(delay+2*jitter+frameTime) - lossImpairment(loss, c))
}

// delayImpairment is Id of G.107 in the form of Cole and Rosenbluth.
func delayImpairment(d time.Duration) float64 {
	ms := float64(max(d, 0)) / float64(time.Millisecond)
	return 0.024*ms + 0.11*max(ms-177.3, 0)
}

// lossImpairment is Ie,eff of G.107 with BurstR 1. Both codecs are G.711: Ie is
// 0 and Bpl, with concealment, 25.1 (G.113 appendix I).
func lossImpairment(loss float64, _ Codec) float64 {
	const ie, bpl = 0, 25.1
	percent := 100 * min(max(loss, 0), 1)
	return ie + (95-ie)*percent/(percent+bpl)
}

// score turns a transmission rating R into a MOS (G.107 annex B).
func score(r float64) float64 {
	r = min(max(r, 0), 100)
	return max(1+0.035*r+r*(r-60)*(100-r)*7e-6, 1)
}

// LossRatio returns the fraction of packets lost, 0 to 1.
func (st Stats) LossRatio() float64 {
	if st.PacketsIn+st.Lost == 0 {
		return 0
	}
	return float64(st.Lost) / float64(st.PacketsIn+st.Lost)
}

// MOS rates what the session hears, or says why it cannot.
func (st Stats) MOS() (float64, Unscored) {
	switch {
	case st.PacketsIn == 0:
		return 0, NoMedia
	case st.PacketsIn+st.Lost < 250:
		return 0, TooShort
	case st.RoundTrip == 0:
		return 0, NoRTCP
	}
	return MOS(st.LossRatio(), st.RoundTrip/2, st.Jitter, st.Codec), Scored
}
