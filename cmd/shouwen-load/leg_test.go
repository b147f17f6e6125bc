package main

import (
	"bytes"
	"net"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSequenceFindsWhatIsMissing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.SampledFrom([]int{16, 32}).Draw(t, "width")
		n, missing, found := rapid.Uint32().Draw(t, "first"), uint32(0), uint32(0)
		var s sequence
		s.follow(1, n, width)
		for _, step := range rapid.SliceOf(rapid.Uint32Range(1, 1000)).Draw(t, "steps") {
			n += step
			missing += step - 1
			found += s.follow(1, n, width)
			if late := s.follow(1, n-rapid.Uint32Range(0, 100).Draw(t, "late"), width); late != 0 {
				t.Fatalf("%d are missing before a packet that came late", late)
			}
		}
		if found != missing {
			t.Fatalf("%d of %d missing were found", found, missing)
		}
		if gap := s.follow(2, n+5000, width); gap != 0 {
			t.Fatalf("%d are missing at the beginning of another source", gap)
		}
	})
}

func TestStampComesBack(t *testing.T) {
	t.Parallel()
	payload := make([]byte, frameOctets)
	want := stamp{7, 8, time.Unix(1, 2)}
	want.put(payload)
	if got, ok := readStamp(payload); !ok || got != want {
		t.Errorf("%+v, %t", got, ok)
	}
	payload[4] ^= 1 // another process
	if got, ok := readStamp(payload); !ok || got.leg != 0 || !got.at.Equal(want.at) {
		t.Errorf("of another process: %+v, %t", got, ok)
	}
	payload[0] ^= 1
	if _, ok := readStamp(payload); ok {
		t.Error("music has a stamp")
	}
	if _, ok := readStamp(payload[:stampOctets-1]); ok {
		t.Error("half a stamp is one")
	}
}

// TestReportsAreAnswered: who hears a sender report tells when that was, and nothing else
// of RTCP.
func TestReportsAreAnswered(t *testing.T) {
	t.Parallel()
	server, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	s, err := openSocket(netip.MustParseAddr("127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	l := newLeg(1, s, newWheel(netip.MustParseAddr("127.0.0.1"), false, new(Audio)))
	sr := make([]byte, 28)
	copy(sr, []byte{0x80, 200, 0, 6, 1, 2, 3, 4, 0, 0, 9, 8, 7, 6})
	l.hear(sr, time.Now()) // it is not known yet where to
	l.Connect(server.LocalAddr().(*net.UDPAddr).AddrPort(), 8)
	l.hear([]byte{0x80, 203, 0, 1, 1, 2, 3, 4}, time.Now()) // BYE
	l.hear(sr, time.Now())
	b := make([]byte, 100)
	if err := server.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	n, err := server.Read(b)
	if err != nil || n != 32 || b[1] != 201 || !bytes.Equal(b[8:12], []byte{1, 2, 3, 4}) || !bytes.Equal(b[24:28], []byte{9, 8, 7, 6}) {
		t.Errorf("% x, %v", b[:n], err)
	}
}
