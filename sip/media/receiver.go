package media

import (
	"net/netip"
	"sync"
	"time"

	"github.com/pion/rtcp"
)

// receiver is the receiving half of a session: what is accepted, and what that
// says about the network.
type receiver struct {
	mu      sync.Mutex // guards the following fields
	n       Negotiated
	latch   latch
	crypt   *crypter
	src     source
	keys    detector
	past    Stats // totals of the sources before src
	stats   Stats // counters kept here only
	started time.Time
}

// taken is what came of one packet.
type taken struct {
	malformed bool // no RTP
	accepted  bool // from the far end: a sign of life
	latched   bool // its source is the new address to send to
	deliver   bool // for the sink
	key       byte // pressed by it; 0: none
}

// apply takes over what was negotiated and returns where to send: the proven
// source, if the address of the SDP is still the one it was proven for. Locked.
func (r *receiver) apply(n Negotiated) (to netip.AddrPort) {
	if n.Remote != r.n.Remote {
		r.latch = newLatch(n)
	}
	r.latch.signal, r.latch.nat = n.SignalAddr, n.NAT
	r.n, r.crypt = n, rekeyed(r.crypt, n.RecvKey)
	switch {
	case !sendable(n.Remote):
		return netip.AddrPort{}
	case r.latch.src.IsValid():
		return r.latch.src
	}
	return n.Remote
}

// receive fills p from the datagram b, received from the address from, and takes
// it. What SRTP does not prove is dropped unread. Locked.
func (r *receiver) receive(p *Packet, b []byte, from netip.AddrPort) taken {
	b, ok := r.crypt.open(b)
	if !ok {
		r.stats.Forged++
		return taken{}
	}
	if !p.parse(b) {
		return taken{malformed: true}
	}
	return r.take(p, from)
}

// take judges and counts p, received from the address from, and classifies it.
// Locked.
func (r *receiver) take(p *Packet, from netip.AddrPort) (t taken) {
	known := r.classify(p)
	switch r.latch.judge(p, from, known, r.crypt != nil && r.src.precedes(p)) {
	case refused:
		r.reject()
		return t
	case latched:
		t.latched = true
	}
	t.accepted = true
	if !known {
		r.stats.Unknown++
		return t
	}
	if !r.count(p) || !r.n.RecvOK {
		return t
	}
	if p.Event {
		t.key, _ = r.keys.push(p.SSRC, p.TS, p.Payload)
	}
	t.deliver = true
	return t
}

// reject counts a packet from somebody who is not the far end. As long as nobody knows
// where that is, it may be: phones speak before their answer has come (RFC 3264 5.1).
func (r *receiver) reject() {
	if r.latch.sdp.IsValid() {
		r.stats.Rejected++
	}
}

// classify sets what p carries; false when its payload type is none we can
// take. The static types are taken even when another was agreed: an endpoint
// may change between the codecs of its offer.
func (r *receiver) classify(p *Packet) bool {
	p.Event = r.n.Recv.EventPT != 0 && p.PT == r.n.Recv.EventPT
	switch {
	case p.Event:
	case p.PT == r.n.Recv.PT:
		p.Codec = r.n.Recv.Codec
	case p.PT == uint8(PCMU), p.PT == uint8(PCMA):
		p.Codec = Codec(p.PT)
	default:
		return false
	}
	return true
}

// count takes p into the statistics; false when it was there before or does not
// continue its source.
func (r *receiver) count(p *Packet) bool {
	switch {
	case r.src.started && p.SSRC == r.src.ssrc:
		if a := r.src.count(p); a == duplicate || a == jumped {
			return false
		}
	case r.src.started && p.Event: // some send events as a source of their own
	default:
		r.past.addSource(&r.src)
		r.src.begin(p)
	}
	r.stats.PacketsIn++
	r.stats.OctetsIn += uint64(len(p.Payload))
	if !p.Event {
		r.stats.Codec = p.Codec
		r.src.time(p.TS, samples(p.At.Sub(r.started)))
	}
	return true
}

// receiveRTCP returns the RTCP in the datagram b, received from the address from;
// false when it is not believed.
func (r *receiver) receiveRTCP(b []byte, from netip.AddrPort) ([]byte, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.crypt == nil && from != r.n.RemoteRTCP && !r.latch.knows(from.Addr()) {
		r.reject()
		return nil, false
	}
	b, ok := r.crypt.openRTCP(b)
	if !ok {
		r.stats.Forged++
	}
	return b, ok
}

// heardSender takes note of a sender report.
func (r *receiver) heardSender(sr *rtcp.SenderReport, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if sr.SSRC == r.src.ssrc {
		r.src.lastSR, r.src.lastSRAt = uint32(sr.NTPTime>>16), at
	}
}

// heardReport takes note of what the far end hears of us.
func (r *receiver) heardReport(b rtcp.ReceptionReport, now uint32) {
	const longest = 10 << 16 // seconds; more is a lie
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stats.FarLost = uint64(b.TotalLost); b.TotalLost >= 1<<23 { // negative: duplicates
		r.stats.FarLost = 0
	}
	r.stats.FarJitter = time.Duration(b.Jitter) * time.Second / 8000
	if trip := now - b.LastSenderReport - b.Delay; b.LastSenderReport != 0 && trip < longest {
		r.stats.RoundTrip = max(time.Duration(trip)*time.Second>>16, time.Microsecond) // 0 is not known
	}
}

// reports returns the RTCP reception reports that are due.
func (r *receiver) reports(at time.Time) []rtcp.ReceptionReport {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b, ok := r.src.report(at); ok {
		return []rtcp.ReceptionReport{b}
	}
	return nil
}
