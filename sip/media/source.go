package media

import (
	"time"

	"github.com/pion/rtcp"
)

// Sequence number rules of RFC 3550 A.1.
const (
	maxDropout  = 3000 // a larger step forward is a restart, not loss
	maxMisorder = 64   // packets this far behind are still told apart from duplicates
)

// arrival is what the sequence number of a packet says about it.
type arrival uint8

const (
	inOrder   arrival = iota
	late              // behind a newer one, not seen before
	duplicate         // seen before
	jumped            // far off the sequence: not counted until its successor comes
)

// source measures one synchronization source as RFC 3550 A.1, A.3 and A.8 do,
// except that duplicates do not count as received. The zero value has heard
// nothing.
type source struct {
	ssrc    uint32
	started bool

	base, newest uint32 // extended sequence numbers
	seen         uint64 // bit i: newest-i has arrived
	restart      uint32 // 1<<16 | sequence number that would prove a jump

	received, late, duplicate uint64

	transit uint32 // of the last audio packet, RTP units
	timed   bool   // transit is set
	jitter  uint32 // RTP units, scaled by 16

	reportedExpected, reportedReceived uint64 // at the last RTCP report
	lastSR                             uint32 // middle 32 bits of its NTP time; 0: none
	lastSRAt                           time.Time
}

// begin makes the source start anew with p.
func (s *source) begin(p *Packet) {
	*s = source{ssrc: p.SSRC, started: true, base: 1<<16 | uint32(p.Seq), newest: 1<<16 | uint32(p.Seq), seen: 1, received: 1}
}

// precedes reports whether p is newer than all heard of s, or of another source.
func (s *source) precedes(p *Packet) bool {
	return !s.started || p.SSRC != s.ssrc || int16(p.Seq-uint16(s.newest)) > 0
}

// count takes p, which has the ssrc of s, into account.
func (s *source) count(p *Packet) arrival {
	step := p.Seq - uint16(s.newest)
	switch behind := -step; {
	case step == 0:
		s.duplicate++
		return duplicate
	case step < maxDropout:
		s.newest += uint32(step)
		s.seen = s.seen<<step | 1 // Go shifts out to zero
		s.received++
		return inOrder
	case behind < maxMisorder:
		if s.seen&(1<<behind) != 0 {
			s.duplicate++
			return duplicate
		}
		s.seen |= 1 << behind
		s.received++
		s.late++
		// A packet from before the first one: expected grows too.
		s.base = min(s.base, s.newest-uint32(behind))
		return late
	case s.restart == 1<<16|uint32(p.Seq):
		return s.resume(p)
	}
	s.restart = 1<<16 | uint32(p.Seq+1)
	return jumped
}

// resume goes on from p, two packets after a jump, without counting the jump
// as loss.
func (s *source) resume(p *Packet) arrival {
	gap := uint32(p.Seq - uint16(s.newest))
	s.newest += gap
	s.base += gap - 1
	s.seen = 1
	s.received++
	return inOrder
}

// time takes the arrival of an audio packet into the jitter (RFC 3550 A.8).
// Units are those of the RTP clock.
func (s *source) time(ts uint32, arrival uint32) {
	transit := arrival - ts
	d := int32(transit - s.transit)
	if d < 0 {
		d = -d
	}
	const gap = 3 * 8000 // the source's clock began anew: no measure of the network
	if s.timed && uint32(d) < gap {
		s.jitter += uint32(d) - (s.jitter+8)>>4
	}
	s.transit, s.timed = transit, true
}

func (s *source) expected() uint64 {
	if !s.started {
		return 0
	}
	return uint64(s.newest-s.base) + 1
}

func (s *source) lost() uint64 {
	return s.expected() - min(s.expected(), s.received)
}

// report returns the reception report for RTCP and begins the next interval;
// false when nothing came in the last one.
func (s *source) report(at time.Time) (rtcp.ReceptionReport, bool) {
	expected, received := s.expected()-s.reportedExpected, s.received-s.reportedReceived
	if !s.started || received == 0 {
		return rtcp.ReceptionReport{}, false
	}
	s.reportedExpected, s.reportedReceived = s.expected(), s.received
	r := rtcp.ReceptionReport{
		SSRC:               s.ssrc,
		TotalLost:          uint32(min(s.lost(), 1<<23-1)),
		LastSequenceNumber: s.newest - 1<<16,
		Jitter:             s.jitter >> 4,
		LastSenderReport:   s.lastSR,
	}
	if expected > received {
		r.FractionLost = uint8((expected - received) << 8 / expected)
	}
	if s.lastSR != 0 {
		r.Delay = uint32(at.Sub(s.lastSRAt) * 65536 / time.Second)
	}
	return r, true
}
