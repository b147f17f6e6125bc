package main

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"time"

	"shouwen/sip/media"
	"shouwen/sip/siptest"
)

// A leg is the audio of one side of a call. It implements siptest.Media. What has
// no other rule is owned by the wheel's goroutine.
type leg struct {
	id     uint32
	socket socket
	wheel  *wheel
	to     atomic.Pointer[route] // nil: nothing is sent
	agent  bool                  // constant after it was opened
	picked atomic.Int64          // when the call was picked up, Unix ns; 0: not yet, or not known on this side
	over   atomic.Bool

	packet [12 + frameOctets]byte
	seq    uint16
	ts     uint32
	count  uint32

	began     time.Time // first frame sent
	heard     time.Time // last packet
	first     bool      // audio since picked has come
	speaker   uint32    // leg whose stamps come
	rtp, ours sequence
}

// route is where and what a leg sends.
type route struct {
	to          *destination
	payloadType byte
}

func newLeg(id uint32, s socket, w *wheel) *leg {
	l := &leg{id: id, socket: s, wheel: w, seq: uint16(rand.Uint32()), ts: rand.Uint32()}
	l.packet[0] = 0x80
	binary.BigEndian.PutUint32(l.packet[8:], rand.Uint32())
	silence := media.PCMA.Encode(nil, make([]int16, frameOctets))
	copy(l.packet[12:], silence)
	return l
}

// Addr implements siptest.Media.
func (l *leg) Addr() netip.AddrPort { return l.socket.addr }

// Connect implements siptest.Media.
func (l *leg) Connect(remote netip.AddrPort, payloadType uint8) {
	l.to.Store(&route{newDestination(remote), payloadType})
}

// Close implements siptest.Media: the wheel closes the socket in its turn.
func (l *leg) Close() {
	l.wheel.legs.Delete(l.id)
	l.over.Store(true)
}

var _ siptest.Media = (*leg)(nil)

// pickedUp notes that from at on the far end can be heard.
func (l *leg) pickedUp(at time.Time) { l.picked.CompareAndSwap(0, at.UnixNano()) }

// speak sends a frame.
func (l *leg) speak() {
	now := time.Now()
	stamp{l.id, l.count, now}.put(l.packet[12:])
	l.send(now)
}

func (l *leg) send(now time.Time) {
	r := l.to.Load()
	if r == nil {
		return
	}
	if l.count == 0 {
		l.began = now
	}
	l.seq++
	l.ts += frameOctets
	l.count++
	l.packet[1] = r.payloadType
	binary.BigEndian.PutUint16(l.packet[2:], l.seq)
	binary.BigEndian.PutUint32(l.packet[4:], l.ts)
	if l.socket.send(l.packet[:], r.to) {
		l.wheel.audio.Sent.Add(1)
	} else {
		l.wheel.audio.Unsent.Add(1)
	}
}

// hear takes in a datagram that came at that time.
func (l *leg) hear(packet []byte, at time.Time) {
	payload, ok := siptest.RTPPayload(packet)
	if !ok {
		l.report(packet)
		return
	}
	a := l.wheel.audio
	a.Received.Add(1)
	l.heard = at
	ssrc := binary.BigEndian.Uint32(packet[8:])
	a.Lost.Add(uint64(l.rtp.follow(ssrc, uint32(binary.BigEndian.Uint16(packet[2:])), 16)))
	s, stamped := readStamp(payload)
	if stamped {
		a.Stamped.Add(1)
		a.Delay.Add(at.Sub(s.at))
		a.Missing.Add(uint64(l.ours.follow(s.leg, s.count, 32)))
	}
	l.meet(s, stamped, at)
	if l.wheel.echo {
		l.reply(payload, stamped)
	}
}

// report answers a sender report, so that the far end knows the round trip.
func (l *leg) report(packet []byte) {
	rr := siptest.ReceiverReport(packet, binary.BigEndian.Uint32(l.packet[8:]))
	if r := l.to.Load(); rr != nil && r != nil {
		l.socket.send(rr, r.to)
	}
}

// meet notes the first audio after the pick-up. Of a call whose both sides are
// ours that is the first stamp of the other; music does not count.
func (l *leg) meet(s stamp, stamped bool, at time.Time) {
	a, picked := l.wheel.audio, l.picked.Load()
	if l.agent {
		if !l.first && picked != 0 && stamped && s.leg != 0 {
			l.first = true
			a.AtAgent.Add(at.Sub(time.Unix(0, picked)))
		}
		return
	}
	if stamped && s.leg != l.speaker {
		l.speaker = s.leg
		if other := l.wheel.leg(s.leg); other != nil && other.agent {
			a.AtCaller.Add(at.Sub(time.Unix(0, other.picked.Load())))
		}
	}
	if !l.first && picked != 0 {
		l.first = true
		a.AtCaller.Add(at.Sub(time.Unix(0, picked)))
	}
}

// reply sends a payload back. Its stamp is renewed: the way back is measured by
// itself, without the time the packet waited for its slot.
func (l *leg) reply(payload []byte, stamped bool) {
	if len(payload) != frameOctets {
		return
	}
	now := time.Now()
	copy(l.packet[12:], payload)
	if stamped {
		stamp{l.id, l.count, now}.put(l.packet[12:])
	}
	l.send(now)
}

// leave is the end of a leg.
func (l *leg) leave() {
	l.socket.close()
	now := time.Now()
	if !l.began.IsZero() && now.Sub(l.began) > time.Second && now.Sub(l.heard) > time.Second {
		l.wheel.audio.Deaf.Add(1)
	}
}

// sequence finds what is missing of numbers that go up by one.
type sequence struct {
	source uint32
	next   uint32
	begun  bool
}

// follow returns how many numbers of so many bits were passed over before n. A
// number that comes late was counted as missing before.
func (s *sequence) follow(source, n uint32, width int) uint32 {
	n <<= 32 - width
	one := uint32(1) << (32 - width)
	if !s.begun || source != s.source {
		*s = sequence{source, n + one, true}
		return 0
	}
	gap := n - s.next
	if int32(gap) < 0 {
		return 0
	}
	s.next = n + one
	return gap >> (32 - width)
}
