package media

import (
	"encoding/binary"
	"net/netip"
	"time"
)

const (
	headerLen    = 12  // of the RTP header without CSRC list (RFC 3550 5.1)
	frameSamples = 160 // of one 20 ms frame at 8 kHz, and its octets in G.711
	frameTime    = 20 * time.Millisecond
)

// samples turns a duration into units of the RTP clock, 8 kHz for every codec
// here.
func samples(d time.Duration) uint32 { return uint32(d / (time.Second / 8000)) }

// Format is how one direction of a stream is encoded.
type Format struct {
	Codec   Codec
	PT      uint8         // payload type of Codec
	EventPT uint8         // payload type of telephone-event/8000; 0: none
	Ptime   time.Duration // as the SDP says; prompts are sent in 20 ms frames whatever it is
}

// Negotiated is what one offer/answer round agreed.
type Negotiated struct {
	Remote         netip.AddrPort // where to send RTP; port 0: nowhere
	RemoteRTCP     netip.AddrPort // zero: the port after Remote, or Remote itself with Mux
	Mux            bool           // RTP and RTCP on one port (RFC 5761)
	Send           Format         // payload types as the remote SDP named them
	Recv           Format         // payload types our SDP named
	SendOK, RecvOK bool           // direction as seen from us; RTCP flows in any (RFC 3264 5.1)
	SignalAddr     netip.Addr     // source of the signalling: a plausible source of RTP
	NAT            bool           // the endpoint sits behind NAT: any address may prove itself its own
	SendKey        Key            // of SRTP we send; zero: plain RTP
	RecvKey        Key            // of SRTP we take: what it does not open is dropped
}

// Packet is one RTP packet as received, parsed in place. It belongs to the
// reader: valid during WriteRTP only.
type Packet struct {
	Raw     []byte // the whole datagram; a Sink may overwrite it
	Payload []byte // the part of Raw between header and padding
	PT      uint8
	Marker  bool
	Event   bool  // telephone-event (RFC 4733), not audio
	Code    bool  // an event that is withheld; see WithholdCodes
	Codec   Codec // of Payload, unless Event
	Seq     uint16
	TS      uint32
	SSRC    uint32
	At      time.Time // arrival

	start int // of Payload in Raw
}

// Sink takes the audio a session receives. WriteRTP runs in the reader's
// goroutine: it must not block and must not keep p or what p points to.
// Duplicates never arrive; packets may arrive out of order.
type Sink interface{ WriteRTP(p *Packet) }

// parse fills p from the datagram b and reports whether b is RTP.
func (p *Packet) parse(b []byte) bool {
	if len(b) < headerLen || b[0]>>6 != 2 {
		return false
	}
	start, end := headerLen+4*int(b[0]&0x0f), len(b)
	if b[0]&0x10 != 0 { // header extension
		if len(b) < start+4 {
			return false
		}
		start += 4 + 4*int(binary.BigEndian.Uint16(b[start+2:]))
	}
	if b[0]&0x20 != 0 { // padding, its length in the last octet
		if b[end-1] == 0 {
			return false
		}
		end -= int(b[end-1])
	}
	if start > end {
		return false
	}
	p.Raw, p.Payload, p.start = b, b[start:end], start
	p.Marker, p.PT = b[1]&0x80 != 0, b[1]&0x7f
	p.Seq = binary.BigEndian.Uint16(b[2:])
	p.TS = binary.BigEndian.Uint32(b[4:])
	p.SSRC = binary.BigEndian.Uint32(b[8:])
	return true
}

// header is what a session writes before a payload it sends.
type header struct {
	marker bool
	pt     uint8
	seq    uint16
	ts     uint32
	ssrc   uint32
}

// put writes h into the first 12 octets of b.
func (h header) put(b []byte) {
	b[0], b[1] = 2<<6, h.pt
	if h.marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], h.seq)
	binary.BigEndian.PutUint32(b[4:], h.ts)
	binary.BigEndian.PutUint32(b[8:], h.ssrc)
}

// readdress returns p in place as a packet with header h. CSRC list, header
// extension and padding stay behind: they belong to the session p came from.
func (p *Packet) readdress(h header) []byte {
	b := p.Raw[p.start-headerLen : p.start+len(p.Payload)]
	h.put(b)
	return b
}
