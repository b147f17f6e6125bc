package sip_test

import (
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"shouwen/sip"
	"shouwen/sip/siptest"
)

// wire is the audio of a phone of which a test sends every packet.
type wire struct {
	*net.UDPConn
	remote chan netip.AddrPort
}

func newWire(t *testing.T) *wire {
	t.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	return &wire{c, make(chan netip.AddrPort, 9)}
}

// Addr implements siptest.Media.
func (w *wire) Addr() netip.AddrPort { return w.LocalAddr().(*net.UDPAddr).AddrPort() }

// Connect implements siptest.Media.
func (w *wire) Connect(remote netip.AddrPort, _ uint8) { w.remote <- remote }

// Close implements siptest.Media.
func (w *wire) Close() { _ = w.UDPConn.Close() }

// send sends a packet of 20 ms of PCMA with each sequence number.
func (w *wire) send(t *testing.T, to netip.AddrPort, seqs ...uint16) {
	t.Helper()
	for _, seq := range seqs {
		p := make([]byte, 172)
		p[0], p[1] = 0x80, 8
		binary.BigEndian.PutUint16(p[2:], seq)
		binary.BigEndian.PutUint32(p[4:], uint32(seq)*160)
		binary.BigEndian.PutUint32(p[8:], 7)
		if _, err := w.WriteToUDPAddrPort(p, to); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAudioIsCountedAsItGoes: what comes, does not come, comes late, twice, or from
// somebody else is in the figures while the call goes on, and once.
func TestAudioIsCountedAsItGoes(t *testing.T) {
	t.Parallel()
	b := newBed(t, func(_ *bed, c *sip.Config) { c.SetSecond(20 * time.Millisecond) })
	phone, stranger := newWire(t), newWire(t)
	defer stranger.Close()
	c, leg := b.talk(t, siptest.Config{Media: func() (siptest.Media, error) { return phone, nil }})
	to := <-phone.remote
	phone.send(t, to, 10, 11, 12, 13, 14, 15) // until it is believed
	count := func(what string) float64 { return b.metric(t, what, `leg="caller"`) }
	become := func(what string, want float64) {
		t.Helper()
		tick, limit := time.NewTicker(20*time.Millisecond), time.After(patience) // the second that is looked after
		defer tick.Stop()
		for count(what) != want {
			select {
			case <-tick.C:
			case <-limit:
				t.Fatalf("%s: %v, want %v", what, count(what), want)
			}
		}
	}
	become("shouwen_rtp_packets_total", 6)
	phone.send(t, to, 16, 16, 18, 17, 20)
	stranger.send(t, to, 1, 2)
	want := map[string]float64{
		"shouwen_rtp_packets_total": 10, "shouwen_rtp_packets_lost_total": 1, "shouwen_rtp_packets_late_total": 1,
		"shouwen_rtp_packets_duplicate_total": 1, "shouwen_rtp_packets_rejected_total": 2,
	}
	for what, n := range want {
		become(what, n)
	}
	c.Hangup()
	b.over(t, leg, sip.EndHangup)
	for what, n := range want {
		if got := count(what); got != n {
			t.Errorf("%s: %v at the end, want %v", what, got, n)
		}
	}
	if n := b.metric(t, "shouwen_rtp_loss_ratio_bucket", `le="0.1"`); n != 1 { // 1 of 11
		t.Errorf("%v legs with a loss of up to 10 %%", n)
	}
	if n := b.metric(t, "shouwen_rtp_loss_ratio_bucket", `le="0.05"`); n != 0 {
		t.Errorf("%v legs with a loss of up to 5 %%", n)
	}
}
