package media

import (
	"net/netip"
	"time"
)

const (
	latchProof   = 4               // packets in a row that prove a source
	latchSilence = 3 * time.Second // of the present source, before an equal may follow it
)

// verdict is what the latch says about the source address of a packet.
type verdict uint8

const (
	refused  verdict = iota // foreign, or not proven yet
	accepted                // the present source
	latched                 // accepted, and from now on the address to send to
)

// standing orders sources by how sure it is that they are the far end.
type standing uint8

const (
	foreign standing = iota // never accepted
	behind                  // any address, for an endpoint known to be behind NAT
	hinted                  // the IP address of the SDP or of the signalling
	named                   // the very address of the SDP: needs no proof
)

// latch decides whose RTP is taken: symmetric RTP (RFC 4961) that a stranger
// cannot turn to himself. The address of the SDP is always accepted. Another one
// is accepted after 4 packets in sequence, with one SSRC and payload type, if it
// is plausible and either of better standing than the present source or the
// present source is silent for 3 s. So a stranger who was first at the socket of
// a leg behind NAT loses it to the host that signals. SRTP is its own proof: who has the key is the far end,
// wherever he is.
type latch struct {
	sdp    netip.AddrPort
	signal netip.Addr
	nat    bool

	src   netip.AddrPort // present source; zero: none heard yet
	heard time.Time      // when src was last heard

	trials [named]trial // by standing, so that strangers cannot disturb a better one's
}

// trial is the run of packets a source has shown so far.
type trial struct {
	from netip.AddrPort
	ssrc uint32
	pt   uint8
	next uint16 // sequence number that continues the run
	run  int
}

func newLatch(n Negotiated) latch {
	return latch{sdp: n.Remote, signal: n.SignalAddr, nat: n.NAT}
}

func (l *latch) standing(from netip.AddrPort) standing {
	switch {
	case from == l.sdp:
		return named
	case from.Addr() == l.sdp.Addr() || from.Addr() == l.signal:
		return hinted
	case l.nat:
		return behind
	}
	return foreign
}

// judge decides about p from the address from. known says that the payload type
// of p was negotiated, proven that SRTP shows p to be the far end's latest.
func (l *latch) judge(p *Packet, from netip.AddrPort, known, proven bool) verdict {
	if from == l.src {
		l.heard = p.At
		return accepted
	}
	if !sendable(l.sdp) { // nowhere to send: nobody to hear
		return refused
	}
	standing := l.standing(from)
	switch {
	case standing == named, proven:
	case standing == foreign || !known:
		return refused
	case l.src.IsValid() && standing <= l.standing(l.src) && p.At.Sub(l.heard) < latchSilence:
		l.trials = [named]trial{}
		return refused
	case !l.trials[standing].proves(p, from):
		return refused
	}
	l.src, l.heard, l.trials = from, p.At, [named]trial{}
	return latched
}

// proves counts p, and reports whether it completes the proof of its source.
func (t *trial) proves(p *Packet, from netip.AddrPort) bool {
	if from != t.from || p.SSRC != t.ssrc || p.PT != t.pt || p.Seq != t.next {
		*t = trial{from: from, ssrc: p.SSRC, pt: p.PT}
	}
	t.next = p.Seq + 1
	t.run++
	return t.run == latchProof
}

// knows reports whether RTCP from ip is believed.
func (l *latch) knows(ip netip.Addr) bool {
	return ip == l.sdp.Addr() || ip == l.signal || l.src.IsValid() && ip == l.src.Addr()
}

// sendable reports whether a datagram may ever be sent to a.
func sendable(a netip.AddrPort) bool {
	ip := a.Addr()
	return ip.IsValid() && a.Port() != 0 && !ip.IsUnspecified() && !ip.IsMulticast() &&
		ip != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}
