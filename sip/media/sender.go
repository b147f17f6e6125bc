package media

import (
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"sync"
	"time"
)

// sender is the sending half of a session: one RTP stream, continuous over
// every change of what is sent and where to.
type sender struct {
	conn packetConn

	mu      sync.Mutex // guards the following fields
	rw      rewriter
	crypt   *crypter
	n       Negotiated
	to      netip.AddrPort // zero: nowhere
	toRTCP  netip.AddrPort
	keying  bool // an event is being sent: the speaker waits
	closed  bool
	speaker any // the bridge direction, playback or mixer's member whose turn it is

	packets, octets uint64 // sent; octets of payload
	dropped, failed uint64
	reported        [2]uint64 // packets at the last report and at the one before
	scratch         [headerLen + frameSamples + maxTagLen]byte
}

// newSender returns a sender with random SSRC, sequence and timestamp.
func newSender(conn packetConn) sender {
	var b [10]byte
	rand.Read(b[:])
	return sender{conn: conn, rw: rewriter{
		ssrc: binary.BigEndian.Uint32(b[:]),
		ts:   binary.BigEndian.Uint32(b[4:]),
		seq:  binary.BigEndian.Uint16(b[8:]) >> 1, // RFC 4568 6.4: loss at the beginning must hide no rollover
	}}
}

// apply takes over what was negotiated; to is where RTP goes now.
func (t *sender) apply(n Negotiated, to netip.AddrPort) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n, t.to, t.toRTCP = n, to, besideRTP(n, to)
	t.crypt = rekeyed(t.crypt, n.SendKey)
}

// redirect follows the far end to a proven source.
func (t *sender) redirect(to netip.AddrPort) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.to, t.toRTCP = to, besideRTP(t.n, to)
}

// answerRTCP sends RTCP to where the far end's really comes from, if that is
// the host its RTP goes to.
func (t *sender) answerRTCP(from netip.AddrPort) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.n.Mux && from.Addr() == t.to.Addr() {
		t.toRTCP = from
	}
}

// rtcpAddr returns where RTCP goes, and whether from the RTP port.
func (t *sender) rtcpAddr() (to netip.AddrPort, mux bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.toRTCP, t.n.Mux
}

// claim gives the turn to who, silently taking it from whoever had it.
func (t *sender) claim(who any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.speaker = who
		t.rw.cut()
	}
}

// succeed gives the turn to who if it is before's; false if it is not.
func (t *sender) succeed(who, before any) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || t.speaker != before {
		return false
	}
	t.speaker = who
	t.rw.cut()
	return true
}

// turn returns whose turn it is; nil: nobody's.
func (t *sender) turn() any {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.speaker
}

// release ends the turn of who, if it is still who's. Nothing of who is sent
// after it returns.
func (t *sender) release(who any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.speaker == who {
		t.speaker = nil
	}
}

// has reports whether it is the turn of who.
func (t *sender) has(who any) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.speaker == who
}

// close ends sending for good.
func (t *sender) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed, t.speaker = true, nil
}

// live reports whether RTP may go out. Locked.
func (t *sender) live() bool { return t.n.SendOK && t.to.Port() != 0 && !t.closed }

// forward sends p, received by another session, in place.
func (t *sender) forward(who any, p *Packet) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.speaker != who {
		return
	}
	if !t.live() || t.keying {
		t.rw.cut()
		return
	}
	pt := t.n.Send.PT
	if p.Event {
		pt = t.n.Send.EventPT
		if pt == 0 || p.Code {
			t.rw.skip(p)
			return
		}
	}
	h, ok := t.rw.follow(p)
	if !ok {
		t.dropped++
		return
	}
	h.pt = pt
	if !p.Event {
		transcode(p.Payload, p.Codec, t.n.Send.Codec)
	}
	t.write(p.readdress(h))
}

// voice is a speaker with frames of its own.
type voice interface {
	// encode fills dst, 160 octets, with the frame that is due, encoded by c.
	encode(dst []byte, c Codec)
}

// frame sends the frame of v that is due, skipped frame times later than right
// after the one before; false when it is no longer v's turn.
func (t *sender) frame(v voice, skipped int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.speaker != v {
		return false
	}
	if !t.live() || t.keying {
		t.rw.cut()
		return true
	}
	h := t.rw.speak(uint32(frameSamples*(1+skipped)), time.Now())
	h.pt = t.n.Send.PT
	h.marker = h.marker || skipped > 0 // after a silence, RFC 3551 4.1
	b := t.scratch[:headerLen+frameSamples]
	h.put(b)
	v.encode(b[headerLen:], t.n.Send.Codec)
	t.write(b)
	return true
}

// write sends the RTP packet b, which it may overwrite. Locked. A datagram that
// cannot be sent is like one that is lost.
func (t *sender) write(b []byte) {
	payload := len(b) - headerLen
	b, err := t.crypt.seal(b)
	if err == nil {
		_, err = t.conn.WriteToUDPAddrPort(b, t.to)
	}
	if err != nil {
		t.failed++
		return
	}
	t.packets++
	t.octets += uint64(payload)
}

// sealRTCP protects an RTCP packet as RTP is.
func (t *sender) sealRTCP(b []byte) ([]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.crypt.sealRTCP(b)
}

// progress returns what a sender report says: the timestamp that belongs to at,
// packets and octets sent; false when nothing was sent in the last two reporting
// intervals (RFC 3550 6.4).
func (t *sender) progress(at time.Time) (ts, packets, octets uint32, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ok = t.packets > t.reported[1]
	t.reported = [2]uint64{t.packets, t.reported[0]}
	return t.rw.ts + samples(at.Sub(t.rw.at)), uint32(t.packets), uint32(t.octets), ok
}
