package siptest

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"shouwen/sip/media"
)

// Stream is what came under one SSRC.
type Stream struct {
	SSRC        uint32
	Packets     int // RTP packets, digits included
	Lost        int // sequence numbers passed over
	Late        int // packets out of order or repeated
	Jumps       int // timestamps that do not follow from the packet before; after a marker any step forward does
	PayloadType uint8
	First, Last time.Time

	seq    uint16
	ts     uint32 // the next one, when paced
	paced  bool   // the packet before was audio
	event  uint32 // timestamp of the digit heard last
	dialed bool   // there was one
}

// receiver is what Audio hears.
type receiver struct {
	streams []*Stream
	record  []int16
	dropped int // samples before record[0] that are gone
	told    int // samples until the end of the tone heard last
	pressed []byte
	changed chan struct{} // closed with the next packet; nil while nobody waits
}

// read runs until Close.
func (a *Audio) read() {
	buf := make([]byte, 2048)
	for {
		n, from, err := a.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		a.mu.Lock()
		packet, ok := a.open(buf[:n])
		ok = ok && !a.remote.strange(from)
		a.mu.Unlock()
		if !ok {
			continue
		}
		if payload, ok := RTPPayload(packet); ok {
			a.hear(packet, payload)
		} else if a.reporter.mode == MuxedRTCP {
			a.reporter.answer(a.conn, packet, from)
		}
	}
}

// strange reports whether somebody else sent a packet: to whoever had the port before.
// Nobody is strange as long as it is not known who is to send.
func (d description) strange(from netip.AddrPort) bool {
	from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	return d.addr.IsValid() && !d.addr.Addr().IsUnspecified() && from != d.addr
}

// RTPPayload returns the payload of an RTP packet; RTCP (RFC 5761 4) is none.
func RTPPayload(b []byte) ([]byte, bool) {
	if len(b) < 12 || b[0]>>6 != 2 || b[1]&0x7f >= 64 && b[1]&0x7f < 96 {
		return nil, false
	}
	at, end := 12+4*int(b[0]&0x0f), len(b)
	if b[0]&0x10 != 0 {
		if at+4 > end {
			return nil, false
		}
		at += 4 + 4*int(binary.BigEndian.Uint16(b[at+2:]))
	}
	if b[0]&0x20 != 0 {
		end -= int(b[end-1])
	}
	if at > end {
		return nil, false
	}
	return b[at:end], true
}

func (a *Audio) hear(packet, payload []byte) {
	marker, pt := packet[1]&0x80 != 0, packet[1]&0x7f
	seq, ts := binary.BigEndian.Uint16(packet[2:]), binary.BigEndian.Uint32(packet[4:])
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.stream(binary.BigEndian.Uint32(packet[8:]), seq)
	switch fresh := s.follow(seq, ts, marker, pt <= 8, len(payload)); {
	case pt == telephoneEvent || pt == a.remote.event && pt != 0:
		if len(payload) >= 4 && int(payload[0]) < len(keypad) && (!s.dialed || s.event != ts) {
			s.dialed, s.event = true, ts
			a.pressed = append(a.pressed, keypad[payload[0]])
		}
	case fresh && (pt == 0 || pt == 8):
		s.PayloadType = pt
		if len(a.record)+len(payload) > maxRecord {
			a.dropped += len(a.record) - hold
			a.record = append(a.record[:0], a.record[len(a.record)-hold:]...)
		}
		a.record = media.Codec(pt).Decode(a.record, payload)
	}
	if a.changed != nil {
		close(a.changed)
		a.changed = nil
	}
}

func (r *receiver) stream(ssrc uint32, seq uint16) *Stream {
	for _, s := range r.streams {
		if s.SSRC == ssrc {
			return s
		}
	}
	s := &Stream{SSRC: ssrc, seq: seq, First: time.Now()}
	if len(r.streams) < 64 {
		r.streams = append(r.streams, s)
	}
	return s
}

// follow counts a packet. It returns false for one that is late.
func (s *Stream) follow(seq uint16, ts uint32, marker, audio bool, n int) bool {
	s.Packets++
	s.Last = time.Now()
	gap := int16(seq - s.seq)
	if gap < 0 {
		s.Late++
		return false
	}
	s.Lost += int(gap)
	s.seq = seq + 1
	if audio && s.paced {
		step := int32(ts - s.ts - uint32(gap)*uint32(n))
		if step < 0 || step > 0 && !marker {
			s.Jumps++
		}
	}
	s.paced, s.ts = audio, ts+uint32(n)
	return true
}

// Streams returns what came so far, a Stream for each SSRC in order of appearance.
func (a *Audio) Streams() []Stream {
	a.mu.Lock()
	defer a.mu.Unlock()
	streams := make([]Stream, len(a.streams))
	for i, s := range a.streams {
		streams[i] = *s
	}
	return streams
}

// Record returns a copy of the samples heard, 8 kHz, what was lost left out; of
// long calls the end.
func (a *Audio) Record() []int16 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]int16(nil), a.record...)
}

// Pressed returns the digits heard so far.
func (a *Audio) Pressed() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return string(a.pressed)
}

// HearsDigits waits until the digits heard so far contain these.
func (a *Audio) HearsDigits(ctx context.Context, digits string) error {
	return a.until(ctx, "digits "+digits, func() (bool, time.Duration) {
		return strings.Contains(string(a.pressed), digits), 0
	})
}

// Hears waits until the last 200 ms heard, all of them after the call of Hears,
// carry the tone. Tones must be 100 Hz apart to be told from each other.
func (a *Audio) Hears(ctx context.Context, hz int) error {
	from := a.heardSoFar()
	return a.until(ctx, fmt.Sprint(hz, " Hz"), func() (bool, time.Duration) {
		fresh := min(a.dropped+len(a.record)-from, 4*block)
		if fresh < 4*block || hasTone(a.record[len(a.record)-fresh:], hz) < 4 {
			return false, 0
		}
		a.told = a.dropped + len(a.record)
		return true, 0
	})
}

// HearsNext waits until the tone was heard for 200 ms at any time after the tone that
// Hears or HearsNext returned for last: what is said once is not missed by who is late.
func (a *Audio) HearsNext(ctx context.Context, hz int) error {
	at := 0
	return a.until(ctx, fmt.Sprint(hz, " Hz"), func() (bool, time.Duration) {
		for at = max(at, a.told, a.dropped); at+4*block <= a.dropped+len(a.record); at += block {
			if from := at - a.dropped; hasTone(a.record[from:from+4*block], hz) == 4 {
				a.told = at + 4*block
				return true, 0
			}
		}
		return false, 0
	})
}

// Heard reports whether what was recorded has the tone for 200 ms anywhere.
func (a *Audio) Heard(hz int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return hasTone(a.record, hz) >= 4
}

// Silent waits until the tone has been away for d, counted from the call of
// Silent or from its last 50 ms. No packets at all are silence too.
func (a *Audio) Silent(ctx context.Context, hz int, d time.Duration) error {
	since, from := time.Now(), a.heardSoFar()
	return a.until(ctx, fmt.Sprintf("no %d Hz", hz), func() (bool, time.Duration) {
		from = max(from, a.dropped)
		for ; from+block <= a.dropped+len(a.record); from += block {
			if hasTone(a.record[from-a.dropped:from-a.dropped+block], hz) > 0 {
				since = time.Now()
			}
		}
		left := time.Until(since.Add(d))
		return left <= 0, left
	})
}

func (a *Audio) heardSoFar() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.dropped + len(a.record)
}

// until waits until ok returns true. It calls ok with mu held, with every packet
// and, where ok asks for it, after the time it returns.
func (a *Audio) until(ctx context.Context, what string, ok func() (bool, time.Duration)) error {
	ctx, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	for {
		a.mu.Lock()
		yes, again := ok()
		if a.changed == nil {
			a.changed = make(chan struct{})
		}
		changed, heard := a.changed, len(a.record)+a.dropped
		a.mu.Unlock()
		if yes {
			return nil
		}
		var timer <-chan time.Time
		if again > 0 {
			timer = time.After(again)
		}
		select {
		case <-changed:
		case <-timer:
		case <-a.done:
			return fmt.Errorf("waiting for %s: the audio is closed", what)
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w; %d ms of audio came, %d Hz the loudest", what, ctx.Err(), heard/8, a.Loudest())
		}
	}
}
