package media

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// openPool returns a running pool on loopback.
func openPool(t testing.TB) *Pool { return openRange(t, 23000) }

func openRange(t testing.TB, first uint16) *Pool {
	t.Helper()
	p, err := newPool(loopback, first, first+999, kind(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); p.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return p
}

func open(t testing.TB, p *Pool) *Session {
	t.Helper()
	s, err := p.Open(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// farEnd is a phone's socket, and what a session needs to talk to it.
type farEnd struct {
	t    testing.TB
	conn *net.UDPConn
	to   netip.AddrPort // the session's RTP port
	h    rtp.Header
}

func newFarEnd(t testing.TB, s *Session, pt uint8) *farEnd {
	t.Helper()
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &farEnd{t: t, conn: conn, to: netip.AddrPortFrom(loopback, s.Port()), h: rtp.Header{PayloadType: pt, SSRC: 77, SequenceNumber: 65000, Timestamp: 99}}
}

func (f *farEnd) addr() netip.AddrPort {
	return f.conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// send sends payload as the next packet.
func (f *farEnd) send(payload []byte) {
	f.t.Helper()
	f.h.SequenceNumber++
	f.h.Timestamp += frameSamples
	f.write(datagram(f.t, f.h, payload))
}

func (f *farEnd) write(b []byte) {
	f.t.Helper()
	if _, err := f.conn.WriteToUDPAddrPort(b, f.to); err != nil {
		f.t.Fatal(err)
	}
}

func (f *farEnd) read() []byte {
	f.t.Helper()
	b := make([]byte, 2048)
	f.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, _, err := f.conn.ReadFromUDPAddrPort(b)
	if err != nil {
		f.t.Fatal(err)
	}
	return b[:n]
}

// receive returns the next RTP packet.
func (f *farEnd) receive() rtp.Packet {
	f.t.Helper()
	for {
		b := f.read()
		var p rtp.Packet
		if isRTCP(b) {
			continue
		}
		if err := p.Unmarshal(b); err != nil {
			f.t.Fatal(err)
		}
		return p
	}
}

// agreed is what sip would make of the SDP of f.
func (f *farEnd) agreed(c Codec, eventPT uint8) Negotiated {
	format := Format{Codec: c, PT: uint8(c), EventPT: eventPT, Ptime: frameTime}
	return Negotiated{Remote: f.addr(), Send: format, Recv: format, SendOK: true, RecvOK: true}
}

func TestToneThroughATranscodingBridge(t *testing.T) {
	pool := openPool(t)
	a, b := open(t, pool), open(t, pool)
	caller, agent := newFarEnd(t, a, uint8(PCMU)), newFarEnd(t, b, uint8(PCMA))
	a.Apply(caller.agreed(PCMU, 101))
	b.Apply(agent.agreed(PCMA, 96))
	Connect(a, b)

	tone := NewPrompt(Tone(1000, time.Second))
	var heard []int16
	for i := range tone.frames {
		caller.send(tone.frame(PCMU, i))
		p := agent.receive()
		if p.PayloadType != uint8(PCMA) {
			t.Fatalf("payload type %d", p.PayloadType)
		}
		heard = PCMA.Decode(heard, p.Payload)
	}
	if level := ToneLevel(heard, 1000); math.Abs(level-0.5) > 0.01 {
		t.Errorf("1000 Hz arrives at level %v, want 0.5", level)
	}
	if level := ToneLevel(heard, 1700); level > 0.01 {
		t.Errorf("1700 Hz arrives at level %v", level)
	}
	caller.h.PayloadType = 101
	caller.send([]byte{5, 10, 0, 160})
	if p := agent.receive(); p.PayloadType != 96 || string(p.Payload) != "\x05\x0a\x00\xa0" {
		t.Errorf("event arrives as %v", p)
	}
	agent.send(tone.frame(PCMA, 3))
	if p := caller.receive(); p.PayloadType != uint8(PCMU) || len(p.Payload) != frameSamples {
		t.Errorf("the other way arrives %v", p)
	}
}

// Over bridge, prompt, another bridge and back the far end sees one stream.
func TestFarEndSeesOneStream(t *testing.T) {
	pool := openPool(t)
	pacer := NewPacer()
	go pacer.Run(t.Context())
	a, b, c := open(t, pool), open(t, pool), open(t, pool)
	caller, agent, other := newFarEnd(t, a, 0), newFarEnd(t, b, 0), newFarEnd(t, c, 0)
	a.Apply(caller.agreed(PCMU, 101))
	b.Apply(agent.agreed(PCMU, 101))
	c.Apply(other.agreed(PCMU, 101))
	other.h = rtp.Header{SSRC: 5, SequenceNumber: 3, Timestamp: 1 << 31}
	frame := make([]byte, frameSamples)
	var all []rtp.Packet
	listen := func(n int) {
		for range n {
			all = append(all, caller.receive())
		}
	}
	bridge := func(s *Session, f *farEnd) {
		br := Connect(a, s)
		for range 5 {
			f.send(frame)
			listen(1)
		}
		br.Disconnect()
	}
	bridge(b, agent)
	pb := pacer.Play(a, NewPrompt(make([]int16, 8000)), true)
	listen(5)
	pb.Stop()
	for len(all) > 0 { // what was on the way when it stopped
		caller.conn.SetReadDeadline(time.Now())
		if _, _, err := caller.conn.ReadFromUDPAddrPort(make([]byte, 2048)); err != nil {
			break
		}
		t.Fatal("a frame came after all were read")
	}
	bridge(c, other)
	bridge(b, agent)
	if err := a.SendDigit(t.Context(), '7', 50*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	listen(3)

	markers := 0
	for i, p := range all {
		if p.Marker {
			markers++
		}
		if i == 0 {
			continue
		}
		last := all[i-1]
		if p.SSRC != last.SSRC || p.SequenceNumber != last.SequenceNumber+1 {
			t.Errorf("packet %d: %v after %v", i, p.Header, last.Header)
		}
		event := last.PayloadType == 101
		if step := int32(p.Timestamp - last.Timestamp); step < frameSamples && !event {
			t.Errorf("packet %d: timestamp moves by %d", i, step)
		}
	}
	if markers != 5 {
		t.Errorf("%d markers, want one at each of 5 switches", markers)
	}
}

func TestNothingIsSentToASideThatDoesNotListen(t *testing.T) {
	pool := openPool(t)
	a, b := open(t, pool), open(t, pool)
	caller, agent := newFarEnd(t, a, 0), newFarEnd(t, b, 0)
	a.Apply(caller.agreed(PCMU, 101))
	n := agent.agreed(PCMU, 101)
	tests := map[string]func(*Negotiated){
		"direction":            func(n *Negotiated) { n.SendOK = false },
		"port 0":               func(n *Negotiated) { n.Remote = netip.AddrPortFrom(loopback, 0) },
		"unspecified address":  func(n *Negotiated) { n.Remote = netip.AddrPortFrom(netip.IPv4Unspecified(), agent.addr().Port()) },
		"multicast address":    func(n *Negotiated) { n.Remote = netip.MustParseAddrPort("239.0.0.1:5004") },
		"IPv4-mapped nowhere":  func(n *Negotiated) { n.Remote = netip.MustParseAddrPort("[::ffff:0.0.0.0]:5004") },
		"a port of our own":    func(n *Negotiated) { n.Remote = netip.AddrPortFrom(loopback, a.Port()) },
		"RTCP port of our own": func(n *Negotiated) { n.Remote = netip.AddrPortFrom(loopback, b.Port()+1) },
	}
	lane := Connect(a, b).there
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			held := n
			change(&held)
			b.Apply(held)
			before := b.Stats()
			heard := make(chan struct{}, 1)
			sinkOf(a, func(p *Packet) {
				lane.WriteRTP(p)
				heard <- struct{}{}
			})
			caller.send(make([]byte, frameSamples))
			<-heard
			if st := b.Stats().Since(before); st.PacketsOut != 0 || st.SendErrors != 0 {
				t.Errorf("sent: %+v", st)
			}
			if err := b.SendDigit(t.Context(), '1', 0); !errors.Is(err, ErrNoEvents) {
				t.Errorf("SendDigit: %v", err)
			}
		})
	}
}

// The last to take over speaks; what was there before is not heard again.
func TestLastSpeakerIsHeardAlone(t *testing.T) {
	pool, w := wirePool(t, 3)
	var legs []*Session
	for i := range 3 {
		port := uint16(30000 + 2*i)
		s := newSession(pool, port, quiet, w.unread(port), w.unread(port+1))
		format := Format{EventPT: uint8(101 * (i % 2))} // only the second takes events
		s.Apply(Negotiated{Remote: phoneAddr, Send: format, Recv: Format{EventPT: 101}, SendOK: true, RecvOK: true})
		legs = append(legs, s)
	}
	say := func(from int, pt uint8, seq uint16) {
		h := rtp.Header{PayloadType: pt, SSRC: uint32(from), SequenceNumber: seq, Timestamp: uint32(seq) * frameSamples}
		legs[from].receive(datagram(t, h, []byte{1, 10, 0, 160}), phoneAddr, time.Now())
	}
	heard := func(leg int) int { return len(w.record(legs[leg].Port())) }
	first := Connect(legs[0], legs[1])
	say(0, 0, 1)
	say(0, 101, 2)
	second := Connect(legs[2], legs[1])
	say(0, 0, 3)
	if n := heard(1); n != 2 {
		t.Errorf("leg 1 has got %d packets, want 2 of the first bridge", n)
	}
	first.Disconnect()
	say(2, 0, 1)
	say(1, 0, 1)
	say(1, 101, 2) // leg 2 takes no events
	say(1, 0, 3)
	if heard(1) != 3 || heard(2) != 2 || heard(0) != 0 {
		t.Errorf("legs have got %d, %d, %d packets, want 0, 3, 2", heard(0), heard(1), heard(2))
	}
	seq := func(i int) uint16 {
		var p rtp.Packet
		if err := p.Unmarshal(w.record(legs[2].Port())[i].b); err != nil {
			t.Fatal(err)
		}
		return p.SequenceNumber
	}
	if seq(1) != seq(0)+1 {
		t.Error("an event left out leaves a gap")
	}
	legs[1].tx.keyDown()
	say(2, 0, 2)
	if heard(1) != 3 {
		t.Error("the speaker is heard over a key")
	}
	legs[1].tx.keyUp()
	second.Disconnect()
	say(2, 0, 3)
	say(1, 0, 4)
	second.back.WriteRTP(&Packet{Raw: make([]byte, 20), start: 12}) // by a reader that was at work
	if heard(1) != 3 || heard(2) != 2 {
		t.Error("heard after Disconnect")
	}
}

// sinkFunc makes a function a Sink.
type sinkFunc func(*Packet)

func (f sinkFunc) WriteRTP(p *Packet) { f(p) }

func sinkOf(s *Session, f func(*Packet)) { s.SetSink(sinkFunc(f)) }

func TestDigitsBothWays(t *testing.T) {
	pool := openPool(t)
	a := open(t, pool)
	c := open(t, openRange(t, 24000)) // of another program, as it were
	format := Format{Codec: PCMA, PT: 8, EventPT: 101}
	link := func(s *Session, to *Session) {
		s.Apply(Negotiated{Remote: netip.AddrPortFrom(loopback, to.Port()), Send: format, Recv: format, SendOK: true, RecvOK: true})
	}
	link(a, c)
	link(c, a)
	keys := make(chan byte, 16)
	a.OnDigit(func(d byte) { keys <- d })
	for _, d := range []byte("0*#D55") {
		if err := c.SendDigit(t.Context(), d, 60*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	var got []byte
	for range 6 {
		got = append(got, <-keys)
	}
	if string(got) != "0*#D55" || len(keys) != 0 {
		t.Errorf("heard %q and %d more", got, len(keys))
	}
	if err := c.SendDigit(t.Context(), 'x', 0); err == nil {
		t.Error("x is a key")
	}
}

// One round trip: the session's SR, answered after a while, gives LSR and DLSR.
func TestRoundTripFromReports(t *testing.T) {
	pool := openPool(t)
	a := open(t, pool)
	phone := newFarEnd(t, a, 0)
	n := phone.agreed(PCMU, 101)
	n.Mux = true
	a.Apply(n)
	Connect(a, a)
	phone.send(make([]byte, frameSamples))
	phone.receive()

	at := time.Now()
	a.sendReport(at, false)
	packets, err := rtcp.Unmarshal(phone.read())
	if err != nil {
		t.Fatal(err)
	}
	sr, ok := packets[0].(*rtcp.SenderReport)
	if !ok || sr.PacketCount != 1 || sr.OctetCount != frameSamples || len(sr.Reports) != 1 || sr.Reports[0].SSRC != 77 {
		t.Fatalf("report %+v", packets[0])
	}
	if _, ok := packets[1].(*rtcp.SourceDescription); !ok {
		t.Errorf("no CNAME but %T", packets[1])
	}
	answer, err := rtcp.Marshal([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: 77, Reports: []rtcp.ReceptionReport{{
		SSRC: sr.SSRC, TotalLost: 3, Jitter: 80, LastSenderReport: uint32(sr.NTPTime >> 16), Delay: 65536 / 2,
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	a.receiveRTCP(answer, phone.addr(), at.Add(530*time.Millisecond))
	st := a.Stats()
	if off := st.RoundTrip - 30*time.Millisecond; off.Abs() > time.Millisecond {
		t.Errorf("round trip %v, want 30ms", st.RoundTrip)
	}
	if st.FarLost != 3 || st.FarJitter != 10*time.Millisecond {
		t.Errorf("far end: %d lost, jitter %v", st.FarLost, st.FarJitter)
	}
}

func TestByeAtTheEnd(t *testing.T) {
	pool := openPool(t)
	a := open(t, pool)
	phone := newFarEnd(t, a, 0)
	n := phone.agreed(PCMU, 0)
	n.RemoteRTCP = phone.addr() // both arrive on one socket
	a.Apply(n)
	for range 2 {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
	packets, err := rtcp.Unmarshal(phone.read())
	if err != nil {
		t.Fatal(err)
	}
	if bye, ok := packets[len(packets)-1].(*rtcp.Goodbye); !ok || len(bye.Sources) != 1 {
		t.Errorf("last packet %+v", packets[len(packets)-1])
	}
	if pool.InUse() != 1 {
		t.Errorf("%d ports in use, want 1 in quarantine", pool.InUse())
	}
}

// forwarding returns a function that takes one packet through a bridge.
func forwarding(tb testing.TB, from, to Codec) func() {
	step, _, _ := forwardingBetween(tb, from, to)
	return step
}

func forwardingBetween(tb testing.TB, from, to Codec) (step func(), a, b *Session) {
	pool := openPool(tb)
	a, b = open(tb, pool), open(tb, pool)
	caller, agent := newFarEnd(tb, a, uint8(from)), newFarEnd(tb, b, uint8(to))
	a.Apply(caller.agreed(from, 101))
	b.Apply(agent.agreed(to, 101))
	Connect(a, b)
	h := rtp.Header{SSRC: 1, PayloadType: uint8(from)}
	wire := datagram(tb, h, make([]byte, frameSamples))
	buf := make([]byte, len(wire))
	seq, source := uint16(0), caller.addr()
	return func() {
		copy(buf, wire)
		seq++
		buf[2], buf[3] = byte(seq>>8), byte(seq)
		a.receive(buf, source, time.Now())
	}, a, b
}

func TestForwardingAllocatesNothing(t *testing.T) {
	for _, to := range []Codec{PCMA, PCMU} {
		if n := testing.AllocsPerRun(2000, forwarding(t, PCMA, to)); n != 0 {
			t.Errorf("%v allocations a packet to %s", n, to)
		}
	}
}

func BenchmarkForward(b *testing.B) {
	step := forwarding(b, PCMA, PCMU)
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
}
