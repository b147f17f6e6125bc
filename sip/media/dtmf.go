package media

import "encoding/binary"

const (
	digits = "0123456789*#ABCD" // by event code (RFC 4733 3.2)

	segment     = 0xFFFF // longest duration one event packet can state
	maxSegments = 16     // of one key press: two minutes
)

// press is one key press heard, which may take several events when it is long.
type press struct {
	ssrc  uint32
	event uint8
	used  bool
	ended bool   // its last packet was heard
	start uint32 // timestamp of its first event
	last  uint32 // timestamp of its latest event
	end   uint32 // timestamp up to which it is known to last
}

// covers reports whether an event of the same key at ts is part of r: the
// same event, the next or an earlier segment of a long one (RFC 4733 2.5.1.3),
// or one of a sender that moves the timestamp on while the key is down.
func (r *press) covers(ts uint32) bool {
	at, last, end := int32(ts-r.start), int32(r.last-r.start), int32(r.end-r.start)
	switch {
	case at >= 0 && (at < end || at <= last || at == end && !r.ended):
		return true
	case at%segment != 0 || at > maxSegments*segment || at < -maxSegments*segment:
		return false
	}
	return at < 0 || !r.ended
}

// detector turns telephone-event packets into key presses. It needs neither
// the marker nor the beginning nor the end of an event: one packet is enough,
// and any number of them in any order is one press. The zero value is ready.
type detector struct {
	recent [16]press // so that late packets of earlier presses are known
	next   int
}

// push takes the payload of an event packet and returns the key it begins;
// false when it begins none.
func (d *detector) push(ssrc, ts uint32, payload []byte) (byte, bool) {
	if len(payload) < 4 || int(payload[0]) >= len(digits) {
		return 0, false
	}
	event, ended := payload[0], payload[1]&0x80 != 0
	end := ts + uint32(binary.BigEndian.Uint16(payload[2:]))
	for i := range d.recent {
		r := &d.recent[i]
		if r.used && r.ssrc == ssrc && r.event == event && r.covers(ts) {
			r.extend(ts, end, ended)
			return 0, false
		}
	}
	d.recent[d.next] = press{ssrc: ssrc, event: event, used: true, ended: ended, start: ts, last: ts, end: end}
	d.next = (d.next + 1) % len(d.recent)
	return digits[event], true
}

func (r *press) extend(ts, end uint32, ended bool) {
	r.ended = r.ended || ended
	if int32(ts-r.start) < 0 {
		r.start = ts
	}
	if int32(ts-r.last) > 0 {
		r.last = ts
	}
	if int32(end-r.end) > 0 {
		r.end = end
	}
}
