package media

import (
	"bytes"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// A stranger that sprays the ports of a call is heard by nobody and gets
// nothing, whatever it sends.
func TestStrangerGetsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool, w := wirePool(t, 2)
		running(t, pool)
		a, b := wireSession(t, pool), wireSession(t, pool)
		defer a.Close()
		defer b.Close()
		Connect(a, b)
		a.Apply(Negotiated{Remote: strange, SendOK: true, RecvOK: true}) // so that phoneAddr is the stranger
		report, err := rtcp.Marshal([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: 1}})
		if err != nil {
			t.Fatal(err)
		}
		for seq := range uint16(50) {
			w.put(a.Port(), datagram(t, rtp.Header{SequenceNumber: seq}, make([]byte, frameSamples)))
			w.put(a.Port(), report)
			w.put(a.Port()+1, report)
			synctest.Wait()
		}
		if st := a.Stats(); st.Rejected != 150 || st.PacketsIn != 0 {
			t.Errorf("%d rejected, %d accepted", st.Rejected, st.PacketsIn)
		}
		if n := len(w.record(b.Port())); n != 0 {
			t.Errorf("%d packets of the stranger reach the other leg", n)
		}
		if !a.Heard().IsZero() {
			t.Error("the stranger counts as a sign of life")
		}
		w.put(b.Port(), datagram(t, rtp.Header{SequenceNumber: 1}, make([]byte, frameSamples)))
		time.Sleep(time.Minute)
		for _, d := range append(w.record(a.Port()), w.record(a.Port()+1)...) {
			if d.to.Addr() != strange.Addr() {
				t.Errorf("%d octets go to %s", len(d.b), d.to)
			}
		}
	})
}

// Who speaks before his answer has come is not heard, and no stranger either.
func TestAudioBeforeTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool, w := wirePool(t, 1)
		running(t, pool)
		s := wireSession(t, pool)
		defer s.Close()
		s.Apply(Negotiated{})
		send := func() {
			w.put(s.Port(), datagram(t, rtp.Header{SequenceNumber: 1}, make([]byte, frameSamples)))
			synctest.Wait()
		}
		send()
		if st := s.Stats(); st.Rejected != 0 || st.PacketsIn != 0 {
			t.Errorf("%d rejected, %d accepted before the answer", st.Rejected, st.PacketsIn)
		}
		s.Apply(Negotiated{Remote: strange, SendOK: true, RecvOK: true})
		send()
		if st := s.Stats(); st.Rejected != 1 || st.PacketsIn != 0 {
			t.Errorf("%d rejected, %d accepted after another's", st.Rejected, st.PacketsIn)
		}
	})
}

// A phone behind NAT gets its audio where its own comes from, and so does RTCP;
// a refresh of the same SDP keeps it, a new address starts again.
func TestPhoneBehindNAT(t *testing.T) {
	pool := openPool(t)
	a := open(t, pool)
	phone := newFarEnd(t, a, 0)
	n := phone.agreed(PCMU, 101)
	n.Remote = netip.MustParseAddrPort("192.0.2.1:4000")
	n.SignalAddr = loopback
	a.Apply(n)
	Connect(a, a) // echo
	speak := func() {
		for range latchProof {
			phone.send(make([]byte, frameSamples))
		}
		phone.receive()
	}
	speak()
	a.Apply(n)
	phone.send(make([]byte, frameSamples))
	phone.receive()
	if st := a.Stats(); st.Rejected != latchProof-1 {
		t.Errorf("%d packets rejected, want %d before the proof", st.Rejected, latchProof-1)
	}
	n.Remote = netip.MustParseAddrPort("192.0.2.1:4004")
	a.Apply(n)
	speak()
	if to, _ := a.tx.rtcpAddr(); to != netip.AddrPortFrom(loopback, phone.addr().Port()+1) {
		t.Errorf("RTCP goes to %s, RTP comes from %s", to, phone.addr())
	}
}

// A far end whose port is closed answers with ICMP; the session goes on.
func TestDeadFarEndStopsNothing(t *testing.T) {
	pool := openPool(t)
	a := open(t, pool)
	phone := newFarEnd(t, a, 0)
	n := phone.agreed(PCMU, 101)
	dead := n
	dead.Remote = netip.AddrPortFrom(loopback, 9) // nobody there
	dead.NAT = true
	a.Apply(dead)
	for range 5 {
		if err := a.SendDigit(t.Context(), '1', 0); err != nil {
			t.Fatal(err)
		}
	}
	a.Apply(n)
	Connect(a, a)
	phone.send(make([]byte, frameSamples))
	phone.receive()
}

// A panic in what the reader calls costs one packet, no more.
func TestReaderSurvivesAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool, w := wirePool(t, 1)
		running(t, pool)
		s := wireSession(t, pool)
		defer s.Close()
		s.OnDigit(func(d byte) { panic("digit") })
		w.put(s.Port(), datagram(t, rtp.Header{PayloadType: 101, SequenceNumber: 1}, []byte{1, 10, 0, 160}))
		synctest.Wait()
		s.OnDigit(nil)
		heard := make(chan uint16, 1)
		sinkOf(s, func(p *Packet) { heard <- p.Seq })
		w.put(s.Port(), datagram(t, rtp.Header{PayloadType: 101, SequenceNumber: 2, Timestamp: 9000}, []byte{1, 10, 0, 160}))
		if seq := <-heard; seq != 2 {
			t.Errorf("packet %d", seq)
		}
	})
}

// After Close nothing more goes out but the one BYE.
func TestClosedSessionIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pacer, pool, w := pacing(t, 2)
		s, other := wireSession(t, pool), wireSession(t, pool)
		defer other.Close()
		s.Close()
		s.Close()
		format := Format{Codec: PCMU, EventPT: 101}
		s.Apply(Negotiated{Remote: phoneAddr, Send: format, Recv: format, SendOK: true, RecvOK: true})
		Connect(s, other)
		w.put(other.Port(), datagram(t, rtp.Header{SequenceNumber: 1}, make([]byte, frameSamples)))
		<-pacer.Play(s, NewPrompt(make([]int16, 800)), true).Done()
		if err := s.SendDigit(t.Context(), '1', 0); !errors.Is(err, ErrNoEvents) {
			t.Errorf("SendDigit: %v", err)
		}
		time.Sleep(time.Minute)
		if rtp, rtcp := w.record(s.Port()), w.record(s.Port()+1); len(rtp) != 0 || len(rtcp) != 1 {
			t.Errorf("%d RTP and %d RTCP datagrams sent", len(rtp), len(rtcp))
		}
	})
}

func TestSignsOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool, w := wirePool(t, 1)
		running(t, pool)
		s := wireSession(t, pool)
		defer s.Close()
		s.Apply(Negotiated{Remote: phoneAddr, SendOK: true}) // we hold: nothing is passed on
		sinkOf(s, func(*Packet) { t.Error("audio passed on though none is expected") })
		if !s.Heard().IsZero() {
			t.Errorf("heard %v before anything came", s.Heard())
		}
		report, err := rtcp.Marshal([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: 1}})
		if err != nil {
			t.Fatal(err)
		}
		for name, b := range map[string][]byte{
			"RTP":                  datagram(t, rtp.Header{SequenceNumber: 1}, make([]byte, frameSamples)),
			"comfort noise":        datagram(t, rtp.Header{PayloadType: 13, SequenceNumber: 2}, []byte{60}),
			"RTCP on the RTP port": report,
		} {
			time.Sleep(time.Second)
			w.put(s.Port(), b)
			synctest.Wait()
			if got := time.Since(s.Heard()); got != 0 {
				t.Errorf("%s: last heard %v ago", name, got)
			}
		}
		time.Sleep(time.Second)
		w.put(s.Port()+1, report)
		w.put(s.Port(), []byte("junk"))
		synctest.Wait()
		if st := s.Stats(); time.Since(s.Heard()) != 0 || st.Malformed != 1 || st.Unknown != 1 {
			t.Errorf("heard %v ago, %d malformed, %d unknown", time.Since(s.Heard()), st.Malformed, st.Unknown)
		}
	})
}

// bridged returns a session with a bridge to another, and the wire they are on.
func bridged(t testing.TB) (*Session, *wire) {
	pool, w := wirePool(t, 2)
	a, b := newSession(pool, 1, quiet, w.unread(1), w.unread(2)), newSession(pool, 3, quiet, w.unread(3), w.unread(4))
	format := Format{Codec: PCMU, EventPT: 101}
	n := Negotiated{Remote: phoneAddr, Send: format, Recv: format, SendOK: true, RecvOK: true}
	a.Apply(n)
	n.Send = Format{Codec: PCMA, PT: 8, EventPT: 96}
	b.Apply(n)
	Connect(a, b)
	return a, w
}

// FuzzReceive sends any two datagrams through a bridge: what comes out is
// RTP of the outgoing stream, never longer than what came in.
func FuzzReceive(f *testing.F) {
	f.Add([]byte{0x80, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0xff}, []byte{0x80, 101, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 5, 10, 0, 160})
	f.Add([]byte{0xb1, 0x88, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9, 9, 9, 9, 0xbe, 0xde, 0, 1, 0x10, 1, 0, 0, 7, 0, 0, 3}, []byte{0x80, 200})
	f.Fuzz(func(t *testing.T, one, two []byte) {
		a, w := bridged(t)
		for _, b := range [][]byte{one, two} {
			before := len(w.record(3))
			a.receive(bytes.Clone(b), phoneAddr, time.Now())
			out := w.record(3)[before:]
			if len(out) > 1 || len(out) == 1 && len(out[0].b) > len(b) {
				t.Fatalf("%d datagrams out of one", len(out))
			}
			for _, d := range out {
				var p rtp.Packet
				if err := p.Unmarshal(d.b); err != nil || p.PayloadType != 8 && p.PayloadType != 96 || len(d.b) < headerLen {
					t.Fatalf("sent %x: %v", d.b, err)
				}
			}
		}
	})
}

func FuzzRTCP(f *testing.F) {
	for _, p := range []rtcp.Packet{
		&rtcp.SenderReport{SSRC: 1, NTPTime: 1 << 40, Reports: []rtcp.ReceptionReport{{SSRC: 2, LastSenderReport: 5, Delay: 6}}},
		&rtcp.ReceiverReport{SSRC: 1}, &rtcp.Goodbye{Sources: []uint32{1}}, rtcp.NewCNAMESourceDescription(1, "x"),
	} {
		b, err := p.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, w := bridged(t)
		a.receiveRTCP(b, phoneAddr, time.Now())
		if st := a.Stats(); st.RoundTrip < 0 || st.RoundTrip > 10*time.Second || st.FarJitter < 0 {
			t.Errorf("figures %+v", st)
		}
		if len(w.record(3)) != 0 {
			t.Error("RTCP of one leg reaches the other")
		}
	})
}
