package media

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// secured is the far end's side of SRTP: pion, without the session between.
type secured struct {
	t            testing.TB
	mine, theirs Key
	seals, opens *srtp.Context
}

func newSecured(t testing.TB, s Suite) *secured {
	t.Helper()
	c := &secured{t: t, mine: NewKey(s), theirs: NewKey(s)}
	c.seals, c.opens = rekeyed(nil, c.mine).ctx, rekeyed(nil, c.theirs).ctx
	return c
}

// agreed puts the keys into n.
func (c *secured) agreed(n Negotiated) Negotiated {
	n.SendKey, n.RecvKey = c.theirs, c.mine
	return n
}

func (c *secured) seal(b []byte) []byte {
	c.t.Helper()
	out, err := c.seals.EncryptRTP(nil, b, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

// open returns the packet in b, which must be protected.
func (c *secured) open(b []byte) rtp.Packet {
	c.t.Helper()
	var p rtp.Packet
	out, err := c.opens.DecryptRTP(nil, b, nil)
	if err == nil {
		err = p.Unmarshal(out)
	}
	if err != nil {
		c.t.Fatalf("SRTP from the session: %v", err)
	}
	return p
}

func everySuite(t *testing.T, f func(t *testing.T, s Suite)) {
	for _, s := range Suites {
		t.Run(s.String(), func(t *testing.T) { f(t, s) })
	}
}

// The key of RFC 3711 appendix B.3, and what libsrtp makes of a packet with it.
func TestSuiteVector(t *testing.T) {
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	k, err := KeyOf(SuiteCM, unhex("e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6"))
	if err != nil {
		t.Fatal(err)
	}
	plain := unhex("800f1234decafbadcafebabe abababababababababababababababab")
	want := unhex("800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb")
	room := append(make([]byte, 0, 64), plain...)
	sealed, err := rekeyed(nil, k).seal(room)
	if err != nil || !bytes.Equal(sealed, want) || &sealed[0] != &room[0] {
		t.Errorf("sealed %x, %v", sealed, err)
	}
	back, ok := rekeyed(nil, k).open(sealed)
	if !ok || !bytes.Equal(back, plain) || &back[0] != &room[0] {
		t.Errorf("opened %x, %v", back, ok)
	}
	if _, err := KeyOf(SuiteGCM, make([]byte, 30)); err == nil {
		t.Error("a key of 30 octets taken for GCM")
	}
}

// SRTP on both sides of a bridge, each with its own keys, and on one side only.
func TestToneThroughSRTP(t *testing.T) {
	everySuite(t, func(t *testing.T, suite Suite) {
		for _, agentToo := range []bool{false, true} {
			pool := openPool(t)
			a, b := open(t, pool), open(t, pool)
			caller, agent := newFarEnd(t, a, uint8(PCMU)), newFarEnd(t, b, uint8(PCMA))
			callers, agents := newSecured(t, suite), newSecured(t, SuiteCM)
			a.Apply(callers.agreed(caller.agreed(PCMU, 101)))
			n := agent.agreed(PCMA, 96)
			heard := func() rtp.Packet { return agent.receive() }
			if agentToo {
				n = agents.agreed(n)
				heard = func() rtp.Packet { return agents.open(agent.read()) }
			}
			b.Apply(n)
			Connect(a, b)

			caller.h.SequenceNumber = 65500 // so that it wraps
			tone := NewPrompt(Tone(1000, 2*time.Second))
			var samples []int16
			next := func(payload []byte) {
				caller.h.SequenceNumber++
				caller.h.Timestamp += frameSamples
				caller.write(callers.seal(datagram(t, caller.h, payload)))
			}
			for i := range tone.frames {
				next(tone.frame(PCMU, i))
				samples = PCMA.Decode(samples, heard().Payload)
			}
			if level := ToneLevel(samples, 1000); math.Abs(level-0.5) > 0.01 {
				t.Errorf("1000 Hz arrives at level %v, want 0.5", level)
			}
			caller.h.PayloadType = 101
			next([]byte{5, 10, 0, 160})
			if p := heard(); p.PayloadType != 96 || string(p.Payload) != "\x05\x0a\x00\xa0" {
				t.Errorf("event arrives as %v", p)
			}
			reply := datagram(t, rtp.Header{PayloadType: uint8(PCMA), SSRC: 9, SequenceNumber: 1}, tone.frame(PCMA, 3))
			if agentToo {
				reply = agents.seal(reply)
			}
			agent.write(reply)
			if p := callers.open(caller.read()); p.PayloadType != uint8(PCMU) || len(p.Payload) != frameSamples {
				t.Errorf("the other way arrives %v", p)
			}
			if st := a.Stats(); st.Forged != 0 || st.Lost != 0 {
				t.Errorf("%d forged, %d lost", st.Forged, st.Lost)
			}
		}
	})
}

// What we send keeps one index over the wrap of its sequence numbers and over
// every new offer with the same key, whoever speaks.
func TestRolloverOutlivesReoffers(t *testing.T) {
	everySuite(t, func(t *testing.T, suite Suite) {
		pool, w := wirePool(t, 1)
		s := wireSession(t, pool)
		defer s.Close()
		c := newSecured(t, suite)
		n := c.agreed(s.rx.n)
		s.tx.rw.seq = 1<<16 - 20
		p := Packet{}
		for i := range 60 {
			n.SendOK = i%7 != 6 // hold and resume
			s.Apply(n)
			s.tx.claim(t)
			p.parse(append(datagram(t, rtp.Header{SSRC: uint32(i / 10), SequenceNumber: uint16(i)}, make([]byte, 8)), make([]byte, maxTagLen)...)[:headerLen+8])
			s.tx.forward(t, &p)
		}
		sent := w.record(s.Port())
		if len(sent) < 50 {
			t.Fatalf("%d packets sent", len(sent))
		}
		for _, d := range sent {
			c.open(d.b)
		}
	})
}

// What is not from who has the key is dropped and counted, from any address; who
// has it is heard from any.
func TestWrongSRTPIsDropped(t *testing.T) {
	everySuite(t, func(t *testing.T, suite Suite) {
		pool, _ := wirePool(t, 1)
		s := wireSession(t, pool)
		defer s.Close()
		c, other := newSecured(t, suite), newSecured(t, suite)
		s.Apply(c.agreed(s.rx.n))
		heard := 0
		sinkOf(s, func(p *Packet) { heard++ })
		seq := uint16(0)
		plain := func() []byte {
			seq++
			return datagram(t, rtp.Header{SSRC: 5, SequenceNumber: seq}, bytes.Repeat([]byte{7}, 160))
		}
		moved := netip.MustParseAddrPort("203.0.113.50:7000")
		flip := func(at int) []byte { b := c.seal(plain()); b[at] ^= 1; return b }
		once := c.seal(plain())
		for _, tt := range []struct {
			name   string
			b      []byte
			from   netip.AddrPort
			heard  int
			forged uint64
			to     netip.AddrPort
		}{
			{"plain RTP from the address of the SDP", plain(), phoneAddr, 0, 1, phoneAddr},
			{"another key", other.seal(plain()), phoneAddr, 0, 1, phoneAddr},
			{"payload tampered with", flip(20), phoneAddr, 0, 1, phoneAddr},
			{"timestamp tampered with", flip(5), phoneAddr, 0, 1, phoneAddr},
			{"SSRC tampered with", flip(9), phoneAddr, 0, 1, phoneAddr},
			{"tag tampered with", flip(175), phoneAddr, 0, 1, phoneAddr},
			{"cut short", c.seal(plain())[:14], phoneAddr, 0, 1, phoneAddr},
			{"no RTP", []byte("junk"), phoneAddr, 0, 1, phoneAddr},
			{"a stranger's", other.seal(plain()), strange, 0, 1, phoneAddr},
			{"the phone's", bytes.Clone(once), phoneAddr, 1, 0, phoneAddr},
			{"the same again", bytes.Clone(once), phoneAddr, 0, 1, phoneAddr},
			{"the same again, from a stranger", bytes.Clone(once), strange, 0, 1, phoneAddr},
			{"the phone from another address", c.seal(plain()), moved, 1, 0, moved},
			{"a stranger's after that", plain(), strange, 0, 1, moved},
		} {
			before, was := s.Stats(), heard
			for range 5 {
				s.receive(bytes.Clone(tt.b), tt.from, time.Now())
				if heard > was {
					break
				}
			}
			if heard-was != tt.heard || tt.forged > 0 && s.Stats().Forged-before.Forged != 5*tt.forged || s.tx.to != tt.to {
				t.Errorf("%s: heard %d, %d forged, sends to %s", tt.name, heard-was, s.Stats().Forged-before.Forged, s.tx.to)
			}
		}
	})
}

// A late packet of the address before does not turn the audio back.
func TestLateSRTPDoesNotMoveTheAudio(t *testing.T) {
	pool, _ := wirePool(t, 1)
	s := wireSession(t, pool)
	defer s.Close()
	c := newSecured(t, SuiteGCM)
	s.Apply(c.agreed(s.rx.n))
	var all [][]byte
	for seq := range uint16(4) {
		all = append(all, c.seal(datagram(t, rtp.Header{SSRC: 5, SequenceNumber: seq}, make([]byte, 160))))
	}
	before, after := strange, stranger
	s.receive(all[0], before, time.Now())
	s.receive(all[2], after, time.Now())
	s.receive(all[1], before, time.Now())
	if s.tx.to != after {
		t.Errorf("sends to %s, the phone is at %s", s.tx.to, after)
	}
	s.receive(all[3], after, time.Now())
	if st := s.Stats(); st.PacketsIn != 3 || st.Rejected != 1 {
		t.Errorf("%d heard, %d rejected", st.PacketsIn, st.Rejected)
	}
}

// A new key is in force at once, in each direction by itself.
func TestRekeying(t *testing.T) {
	pool, w := wirePool(t, 1)
	s := wireSession(t, pool)
	defer s.Close()
	Connect(s, s)
	first, second := newSecured(t, SuiteGCM), newSecured(t, SuiteCM)
	seq := uint16(0)
	hears := func(c *secured) bool {
		seq++
		n := len(w.record(s.Port()))
		b := append(c.seal(datagram(t, rtp.Header{SSRC: 5, SequenceNumber: seq}, make([]byte, 160))), make([]byte, maxTagLen)...)
		s.receive(b[:len(b)-maxTagLen], phoneAddr, time.Now())
		return len(w.record(s.Port())) > n
	}
	last := func() []byte { all := w.record(s.Port()); return all[len(all)-1].b }
	s.Apply(first.agreed(s.rx.n))
	if !hears(first) || hears(second) {
		t.Error("before: not the first key alone")
	}
	first.open(last())
	n := first.agreed(s.rx.n)
	n.RecvKey = second.mine
	s.Apply(n)
	if hears(first) || !hears(second) {
		t.Error("after: not the second key alone")
	}
	first.open(last()) // our own key is still the first
	s.Apply(second.agreed(s.rx.n))
	if !hears(second) {
		t.Error("the window of a key is gone, or its packets")
	}
	second.open(last())
	n.SendKey, n.RecvKey = Key{}, Key{}
	s.Apply(n)
	s.receive(datagram(t, rtp.Header{SSRC: 5, SequenceNumber: 900}, make([]byte, 160)), phoneAddr, time.Now())
	if b := last(); len(b) != headerLen+160 {
		t.Errorf("%d octets where plain RTP was agreed", len(b))
	}
}

func TestReportsAreProtected(t *testing.T) {
	everySuite(t, func(t *testing.T, suite Suite) {
		synctest.Test(t, func(t *testing.T) {
			pool, w := wirePool(t, 1)
			running(t, pool)
			s := wireSession(t, pool)
			c := newSecured(t, suite)
			s.Apply(c.agreed(s.rx.n))
			report, err := rtcp.Marshal([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: 5, Reports: []rtcp.ReceptionReport{{SSRC: s.tx.rw.ssrc, TotalLost: 7}}}})
			if err != nil {
				t.Fatal(err)
			}
			sealed, err := c.seals.EncryptRTCP(nil, report, nil)
			if err != nil {
				t.Fatal(err)
			}
			bad := bytes.Clone(sealed)
			bad[len(bad)-1] ^= 1
			for _, b := range [][]byte{report, bad} {
				w.put(s.Port()+1, b)
				synctest.Wait()
			}
			if st := s.Stats(); st.Forged != 2 || st.FarLost != 0 || !s.Heard().IsZero() {
				t.Errorf("%d forged, far loss %d, heard %v", st.Forged, st.FarLost, s.Heard())
			}
			w.put(s.Port()+1, bytes.Clone(sealed))
			synctest.Wait()
			w.put(s.Port()+1, sealed)
			synctest.Wait()
			if st := s.Stats(); st.Forged != 3 || st.FarLost != 7 {
				t.Errorf("%d forged, far loss %d", st.Forged, st.FarLost)
			}
			time.Sleep(20 * time.Second)
			s.Close()
			all := w.record(s.Port() + 1)
			if len(all) < 3 {
				t.Fatalf("%d reports", len(all))
			}
			for i, d := range all {
				out, err := c.opens.DecryptRTCP(nil, d.b, nil)
				if err != nil {
					t.Fatal(err)
				}
				packets, err := rtcp.Unmarshal(out)
				if err != nil || len(packets) < 2 {
					t.Fatalf("report %d: %v, %v", i, packets, err)
				}
			}
		})
	})
}

func TestKeysAreNotPrinted(t *testing.T) {
	k := NewKey(SuiteCM)
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("x", "key", k, "all", Negotiated{SendKey: k})
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		fmt.Fprintf(&log, verb+" "+verb+"\n", k, Negotiated{SendKey: k})
	}
	octets := k.Octets()
	for _, secret := range []string{
		hex.EncodeToString(octets[:4]), base64.StdEncoding.EncodeToString(octets)[:8], strings.Trim(fmt.Sprint(octets[:4]), "[]"),
		strings.Trim(strings.ReplaceAll(fmt.Sprint(octets[:4]), " ", ","), "[]"),
	} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the key shows as %s in\n%s", secret, log.String())
		}
	}
	if !strings.Contains(log.String(), k.Suite.String()) {
		t.Error("the suite does not show")
	}
}

// securedForwarding forwards a packet between legs of SRTP with keys of their own.
func securedForwarding(tb testing.TB, s Suite) (step func()) {
	pool := openPool(tb)
	a, b := open(tb, pool), open(tb, pool)
	caller, agent := newFarEnd(tb, a, uint8(PCMA)), newFarEnd(tb, b, uint8(PCMA))
	callers, agents := newSecured(tb, s), newSecured(tb, s)
	a.Apply(callers.agreed(caller.agreed(PCMA, 101)))
	b.Apply(agents.agreed(agent.agreed(PCMA, 101)))
	Connect(a, b)
	buf, plain := make([]byte, 2048), datagram(tb, rtp.Header{SSRC: 1, PayloadType: 8}, make([]byte, frameSamples))
	seq, source, wire := uint16(0), caller.addr(), make([]byte, 0, 2048)
	var h rtp.Header
	return func() {
		seq++
		plain[2], plain[3] = byte(seq>>8), byte(seq)
		wire, _ = callers.seals.EncryptRTP(wire, plain, &h)
		a.receive(buf[:copy(buf, wire)], source, time.Now())
	}
}

func TestSecuredForwardingAllocatesNothing(t *testing.T) {
	everySuite(t, func(t *testing.T, s Suite) {
		step := securedForwarding(t, s)
		step()
		if n := testing.AllocsPerRun(2000, step); n > 1 { // one only with the race detector, which empties the pool of ciphers
			t.Errorf("%v allocations a packet", n)
		}
	})
}

func BenchmarkForwardSRTP(b *testing.B) {
	for _, s := range Suites {
		b.Run(s.String(), func(b *testing.B) {
			step := securedForwarding(b, s)
			for b.Loop() {
				step()
			}
		})
	}
}
