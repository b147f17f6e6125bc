package media

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// audioFrom returns a frame of audio as on the wire.
func audioFrom(t *testing.T, ssrc uint32, seq uint16) []byte {
	return datagram(t, rtp.Header{SSRC: ssrc, SequenceNumber: seq, Timestamp: uint32(seq) * frameSamples}, make([]byte, frameSamples))
}

// unread returns a session on a wire with neither readers nor a clock: the test
// does what they would.
func unread(t *testing.T) (*Session, *wire) {
	pool, w := wirePool(t, 1)
	return newSession(pool, 30000, quiet, w.unread(30000), w.unread(30001)), w
}

// report returns the next report s sends.
func report(t *testing.T, w *wire, s *Session) []rtcp.Packet {
	t.Helper()
	before := len(w.record(s.Port() + 1))
	s.sendReport(time.Now(), false)
	sent := w.record(s.Port() + 1)[before:]
	if len(sent) != 1 {
		t.Fatalf("%d reports sent", len(sent))
	}
	packets, err := rtcp.Unmarshal(sent[0].b)
	if err != nil {
		t.Fatal(err)
	}
	return packets
}

func TestReportsSayWhatWasHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // for time.Sleep
		s, w := unread(t)
		s.Apply(Negotiated{Remote: phoneAddr, RecvOK: true})
		hear := func(b []byte) { s.receive(b, phoneAddr, time.Now()) }
		sr := func(ssrc uint32) {
			b, err := (&rtcp.SenderReport{SSRC: ssrc, NTPTime: 0x1111_2222_3333_4444}).Marshal()
			if err != nil {
				t.Fatal(err)
			}
			hear(b)
		}
		hear(audioFrom(t, 5, 10))
		hear(audioFrom(t, 5, 12))
		sr(99) // not the source we hear
		if r := report(t, w, s)[0].(*rtcp.ReceiverReport).Reports[0]; r.SSRC != 5 || r.TotalLost != 1 || r.LastSenderReport != 0 || r.Delay != 0 {
			t.Errorf("report %+v", r)
		}
		sr(5)
		hear(audioFrom(t, 5, 13))
		time.Sleep(1500 * time.Millisecond)
		if r := report(t, w, s)[0].(*rtcp.ReceiverReport).Reports[0]; r.LastSenderReport != 0x2222_3333 || r.Delay != 3<<15 || r.FractionLost != 0 {
			t.Errorf("report %+v, want LSR 22223333 and 1.5 s", r)
		}
		for _, d := range w.record(s.Port() + 1) {
			if d.to != phoneAddr { // where the far end's reports came from
				t.Errorf("report sent to %s", d.to)
			}
		}
	})
}

// The far end's figures are taken only when they are about us and possible.
func TestReportsAboutUs(t *testing.T) {
	s, _ := unread(t)
	s.Apply(Negotiated{Remote: phoneAddr, RecvOK: true})
	at := time.Now()
	now := uint32(s.ntp(at) >> 16)
	tests := map[string]struct {
		block rtcp.ReceptionReport
		trip  time.Duration
		lost  uint64
	}{
		"good":                 {rtcp.ReceptionReport{SSRC: s.tx.rw.ssrc, TotalLost: 7, LastSenderReport: now - 1<<16, Delay: 1 << 15}, 500 * time.Millisecond, 7},
		"about another":        {rtcp.ReceptionReport{SSRC: s.tx.rw.ssrc + 1, TotalLost: 7, LastSenderReport: now - 1<<16, Delay: 1 << 15}, 0, 0},
		"no report heard yet":  {rtcp.ReceptionReport{SSRC: s.tx.rw.ssrc, Delay: now}, 0, 0},
		"delay too long":       {rtcp.ReceptionReport{SSRC: s.tx.rw.ssrc, LastSenderReport: now - 1<<16, Delay: 2 << 16}, 0, 0},
		"older than we are":    {rtcp.ReceptionReport{SSRC: s.tx.rw.ssrc, LastSenderReport: now - 60<<16}, 0, 0},
		"more heard than sent": {rtcp.ReceptionReport{SSRC: s.tx.rw.ssrc, TotalLost: 1<<24 - 2, LastSenderReport: now}, time.Microsecond, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s.rx.stats = Stats{}
			b, err := (&rtcp.ReceiverReport{SSRC: 1, Reports: []rtcp.ReceptionReport{tt.block}}).Marshal()
			if err != nil {
				t.Fatal(err)
			}
			s.receiveRTCP(b, phoneAddr, at)
			if st := s.Stats(); st.RoundTrip != tt.trip || st.FarLost != tt.lost {
				t.Errorf("round trip %v, lost %d, want %v, %d", st.RoundTrip, st.FarLost, tt.trip, tt.lost)
			}
		})
	}
}

func TestWhereReportsGo(t *testing.T) {
	other := netip.MustParseAddrPort("192.0.2.77:5005")
	n := Negotiated{Remote: phoneAddr}
	mux, named, bad := n, n, n
	mux.Mux = true
	named.RemoteRTCP = other
	bad.RemoteRTCP = netip.MustParseAddrPort("224.0.0.5:5005")
	tests := map[string]struct {
		n    Negotiated
		rtp  netip.AddrPort
		want string
	}{
		"the next port":          {n, phoneAddr, "192.0.2.9:4001"},
		"one port for both":      {mux, phoneAddr, "192.0.2.9:4000"},
		"as a=rtcp says":         {named, phoneAddr, "192.0.2.77:5005"},
		"never to a group":       {bad, phoneAddr, "192.0.2.9:4001"},
		"beside a proven source": {named, strange, "203.0.113.9:5001"},
		"with it on one port":    {mux, strange, "203.0.113.9:5000"},
		"nowhere":                {n, netip.AddrPort{}, "invalid AddrPort"},
		"no port after the last": {n, netip.MustParseAddrPort("192.0.2.9:65535"), "192.0.2.9:0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := besideRTP(tt.n, tt.rtp).String(); got != tt.want {
				t.Errorf("to %s, want %s", got, tt.want)
			}
		})
	}
	answered := sender{n: n, to: phoneAddr}
	answered.answerRTCP(netip.AddrPortFrom(phoneAddr.Addr(), 6001))
	answered.answerRTCP(netip.AddrPortFrom(strange.Addr(), 6003))
	if got := answered.toRTCP.String(); got != "192.0.2.9:6001" {
		t.Errorf("RTCP from 192.0.2.9:6001 is answered to %s", got)
	}
}

// A refresh of the same SDP may change who is believed.
func TestRefreshedHints(t *testing.T) {
	s, _ := unread(t)
	n := Negotiated{Remote: sdpAddr, RecvOK: true}
	heard := func() uint64 {
		before := s.Stats()
		for seq := range uint16(10) {
			s.receive(audioFrom(t, 1, seq), phoneAddr, time.Now())
		}
		return s.Stats().Since(before).PacketsIn
	}
	rr, err := (&rtcp.ReceiverReport{SSRC: 1}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	believed := func() bool {
		before := s.Stats()
		s.receiveRTCP(rr, phoneAddr, time.Now())
		return s.Stats().Since(before).Rejected == 0
	}
	s.Apply(n)
	if heard() != 0 || believed() {
		t.Error("a foreign address is heard")
	}
	n.NAT = true
	s.Apply(n)
	if believed() {
		t.Error("RTCP believed before the source has proven itself")
	}
	if heard() == 0 || !believed() {
		t.Error("an endpoint behind NAT is not heard")
	}
}

// Figures stay with the session when the far end changes its source, and grow
// by interval.
func TestStatsOverSources(t *testing.T) {
	s, _ := unread(t)
	s.Apply(Negotiated{Remote: phoneAddr, RecvOK: true})
	hear := func(ssrc uint32, seqs ...uint16) {
		for _, seq := range seqs {
			s.receive(audioFrom(t, ssrc, seq), phoneAddr, time.Now())
		}
	}
	hear(1, 1, 2, 5, 5, 4)
	first := s.Stats()
	if first.PacketsIn != 4 || first.OctetsIn != 4*frameSamples || first.Lost != 1 || first.Late != 1 || first.Duplicate != 1 {
		t.Errorf("first source: %+v", first)
	}
	hear(2, 900, 903)
	since := s.Stats().Since(first)
	if since.PacketsIn != 2 || since.Lost != 2 || since.Late != 0 || since.Duplicate != 0 {
		t.Errorf("second source: %+v", since)
	}
	hear(2, 901)
	if again := s.Stats().Since(s.Stats()); again != (Stats{Jitter: again.Jitter}) {
		t.Errorf("nothing since: %+v", again)
	}
	if less := (Stats{Lost: 1}).Since(Stats{Lost: 3}); less.Lost != 0 {
		t.Errorf("%d lost since there were more", less.Lost)
	}
}

// A gateway that sends its events as a source of their own disturbs nothing.
func TestEventsWithTheirOwnSource(t *testing.T) {
	s, _ := unread(t)
	s.Apply(Negotiated{Remote: phoneAddr, Recv: Format{EventPT: 101}, RecvOK: true})
	var keys []byte
	s.OnDigit(func(d byte) { keys = append(keys, d) })
	for seq := range uint16(10) {
		if seq == 5 {
			continue // lost
		}
		s.receive(audioFrom(t, 1, seq), phoneAddr, time.Now())
		event := rtp.Header{PayloadType: 101, SSRC: 2, SequenceNumber: 7000 + seq, Timestamp: 50}
		s.receive(datagram(t, event, []byte{3, 10, 0, byte(seq)}), phoneAddr, time.Now())
	}
	if st := s.Stats(); string(keys) != "3" || st.Lost != 1 || st.PacketsIn != 18 {
		t.Errorf("heard %q, %+v", keys, st)
	}
}
