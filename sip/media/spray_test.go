package media

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// RTP bleed and injection: while calls go on, somebody else sends everything that
// could turn a call to him to every port of the range, RTP and RTCP, and gets
// nothing; nobody hears him, and no call misses a packet.
func TestSprayerOverThePortRange(t *testing.T) {
	const calls, rounds, ports = 10, 8, 1000 // of openPool's range
	pool := openPool(t)
	attacker, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)})
	if err != nil {
		t.Skip("needs a second loopback address: ", err)
	}
	defer attacker.Close()
	type leg struct {
		s     *Session
		phone *farEnd
	}
	var legs []leg
	for i := range 2 * calls {
		s := open(t, pool)
		phone := newFarEnd(t, s, uint8(PCMU))
		phone.h.SSRC = uint32(i)
		n := phone.agreed(PCMU, 101)
		n.SignalAddr = loopback
		s.Apply(n)
		legs = append(legs, leg{s, phone})
		if i%2 == 1 {
			Connect(legs[i-1].s, s)
		}
	}
	report, err := rtcp.Marshal([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: 6}})
	if err != nil {
		t.Fatal(err)
	}
	injected := make([]byte, frameSamples)
	for i := range injected {
		injected[i] = 0x55
	}
	spray := func(seq uint16) {
		audio := datagram(t, rtp.Header{SSRC: 6, SequenceNumber: seq, Timestamp: uint32(seq) * frameSamples}, injected)
		for port := range ports {
			to := net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, uint16(23000+port)))
			for _, b := range [][]byte{audio, report} {
				_, _ = attacker.WriteToUDP(b, to) // closed ports answer with ICMP
			}
		}
	}
	for round := range uint16(rounds) {
		spray(round)
		for i, l := range legs {
			l.phone.send(make([]byte, frameSamples))
			p := legs[i^1].phone.receive()
			for _, o := range p.Payload {
				if o != 0 {
					t.Fatalf("call %d hears %#x", i/2, o)
				}
			}
		}
	}
	var b [64]byte
	_ = attacker.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if n, from, err := attacker.ReadFromUDP(b[:]); err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the attacker gets %d octets from %s (%v)", n, from, err)
	}
	for i, l := range legs {
		st := l.s.Stats()
		if st.Rejected != 4*rounds || st.PacketsIn != rounds || st.Lost != 0 {
			t.Errorf("leg %d: %d rejected, %d heard, %d lost", i, st.Rejected, st.PacketsIn, st.Lost)
		}
	}
}
