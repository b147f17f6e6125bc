package media

import (
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	sdpAddr    = netip.MustParseAddrPort("192.0.2.1:4000")
	otherPort  = netip.MustParseAddrPort("192.0.2.1:4002")
	signalAddr = netip.MustParseAddrPort("198.51.100.7:9000")
	strange    = netip.MustParseAddrPort("203.0.113.9:5000")
	stranger   = netip.MustParseAddrPort("203.0.113.66:5000")
)

// shot is n packets from an address, 20 ms apart, after a pause.
type shot struct {
	from  netip.AddrPort
	n     int
	pause time.Duration
	twist func(i int, p *Packet)
}

// play runs shots through l and returns how many packets of each were accepted.
func play(l *latch, shots []shot) (accepted []int) {
	at, seqs := time.Unix(1, 0), map[netip.AddrPort]uint16{}
	for _, s := range shots {
		at = at.Add(s.pause)
		n := 0
		for i := range s.n {
			seqs[s.from]++
			p := packet(uint32(s.from.Port()), seqs[s.from], 0, at)
			if s.twist != nil {
				s.twist(i, p)
			}
			if l.judge(p, s.from, p.PT != 99, false) != refused {
				n++
			}
			at = at.Add(frameTime)
		}
		accepted = append(accepted, n)
	}
	return accepted
}

func TestLatch(t *testing.T) {
	n := Negotiated{Remote: sdpAddr, SignalAddr: signalAddr.Addr()}
	nat := n
	nat.NAT = true
	nowhere := Negotiated{SignalAddr: signalAddr.Addr(), NAT: true}
	gap := func(i int, p *Packet) { p.Seq += uint16(i) }
	tests := map[string]struct {
		n     Negotiated
		shots []shot
		want  []int
	}{
		"the address of the SDP, at once":                   {n, []shot{{from: sdpAddr, n: 3}}, []int{3}},
		"a stranger, never":                                 {n, []shot{{from: strange, n: 100}}, []int{0}},
		"other port of the same host, after proof":          {n, []shot{{from: otherPort, n: 10}}, []int{7}},
		"the host that signals, after proof":                {n, []shot{{from: signalAddr, n: 10}}, []int{7}},
		"no proof with gaps":                                {n, []shot{{from: signalAddr, n: 10, twist: gap}}, []int{0}},
		"no proof with changing SSRC":                       {n, []shot{{from: signalAddr, n: 10, twist: func(i int, p *Packet) { p.SSRC += uint32(i) }}}, []int{0}},
		"no proof with changing payload type":               {n, []shot{{from: signalAddr, n: 10, twist: func(i int, p *Packet) { p.PT = uint8(i % 2) }}}, []int{0}},
		"no proof with a payload type not agreed":           {n, []shot{{from: signalAddr, n: 10, twist: func(i int, p *Packet) { p.PT = 99 }}}, []int{0}},
		"behind NAT, any address after proof":               {nat, []shot{{from: strange, n: 10}}, []int{7}},
		"behind NAT, no second one while the first lives":   {nat, []shot{{from: strange, n: 10}, {from: stranger, n: 50}, {from: strange, n: 5}}, []int{7, 0, 5}},
		"behind NAT, the next after 3 s of silence":         {nat, []shot{{from: strange, n: 10}, {from: stranger, n: 10, pause: 3 * time.Second}}, []int{7, 7}},
		"behind NAT, not after 2 s of silence":              {nat, []shot{{from: strange, n: 10}, {from: stranger, n: 10, pause: 2 * time.Second}}, []int{7, 0}},
		"the signalling host displaces a stranger":          {nat, []shot{{from: strange, n: 10}, {from: signalAddr, n: 10}, {from: strange, n: 10}}, []int{7, 7, 0}},
		"the SDP address displaces a proven source at once": {n, []shot{{from: otherPort, n: 10}, {from: sdpAddr, n: 1}, {from: otherPort, n: 10}}, []int{7, 1, 0}},
		"no destination, no source":                         {nowhere, []shot{{from: signalAddr, n: 10}, {from: strange, n: 10}}, []int{0, 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := newLatch(tt.n)
			got := play(&l, tt.shots)
			for i := range got {
				if got[i] != tt.want[i] {
					t.Errorf("accepted %v, want %v", got, tt.want)
				}
			}
		})
	}
}

// A stranger that sends between any two packets of the phone neither gets in
// nor keeps the phone out.
func TestStrangerCannotDisturbTheProof(t *testing.T) {
	l := newLatch(Negotiated{Remote: sdpAddr, SignalAddr: signalAddr.Addr(), NAT: true})
	got := 0
	for i := range 10 {
		at := time.Unix(1, 0).Add(time.Duration(i) * frameTime)
		for j := range 3 {
			if l.judge(packet(1, uint16(1000*i+j), 0, at), strange, true, false) != refused {
				t.Fatal("stranger accepted")
			}
		}
		if l.judge(packet(2, uint16(i), 0, at), signalAddr, true, false) != refused {
			got++
		}
	}
	if got != 7 {
		t.Errorf("phone heard %d times of 10, want 7", got)
	}
}

// Without the NAT flag no order of packets lets a foreign address in.
func TestForeignAddressNeverLatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLatch(Negotiated{Remote: sdpAddr, SignalAddr: signalAddr.Addr()})
		sources := []netip.AddrPort{sdpAddr, otherPort, signalAddr, strange, stranger}
		var shots []shot
		for range rapid.IntRange(1, 30).Draw(t, "shots") {
			shots = append(shots, shot{
				from:  rapid.SampledFrom(sources).Draw(t, "from"),
				n:     rapid.IntRange(1, 12).Draw(t, "packets"),
				pause: time.Duration(rapid.IntRange(0, 5000).Draw(t, "pause ms")) * time.Millisecond,
			})
		}
		for i, n := range play(&l, shots) {
			if from := shots[i].from; n > 0 && (from == strange || from == stranger) {
				t.Fatalf("shot %d from %s accepted %d times", i, from, n)
			}
		}
	})
}

func TestSendable(t *testing.T) {
	tests := map[string]bool{
		"192.0.2.1:4000": true, "[2001:db8::1]:4000": true, "127.0.0.1:4000": true,
		"192.0.2.1:0": false, "0.0.0.0:4000": false, "[::]:4000": false, "224.0.0.1:4000": false,
		"239.1.2.3:4000": false, "[ff02::1]:4000": false, "255.255.255.255:4000": false,
	}
	for addr, want := range tests {
		if got := sendable(netip.MustParseAddrPort(addr)); got != want {
			t.Errorf("sendable(%s) = %v", addr, got)
		}
	}
	if sendable(netip.AddrPort{}) {
		t.Error("sendable(zero) = true")
	}
}
