package media

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// packet returns the parsed form of an RTP packet of audio.
func packet(ssrc uint32, seq uint16, ts uint32, at time.Time) *Packet {
	return &Packet{SSRC: ssrc, Seq: seq, TS: ts, At: at, Payload: make([]byte, frameSamples)}
}

// datagram returns a packet as on the wire.
func datagram(tb testing.TB, h rtp.Header, payload []byte) []byte {
	tb.Helper()
	h.Version = 2
	b, err := (&rtp.Packet{Header: h, Payload: payload}).Marshal()
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestReaddressLeavesOnlyThePayload(t *testing.T) {
	h := rtp.Header{CSRC: []uint32{1, 2}, SequenceNumber: 7, Timestamp: 8, SSRC: 9}
	if err := h.SetExtension(1, []byte{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	b := datagram(t, h, []byte("audio"))
	b[0] |= 0x20 // padding
	b = append(b, 0, 0, 3)
	var p Packet
	if !p.parse(b) {
		t.Fatal("not parsed")
	}
	got := p.readdress(header{marker: true, pt: 8, seq: 0xfffe, ts: 0xfffffffd, ssrc: 0xdeadbeef})
	var out rtp.Packet
	if err := out.Unmarshal(got); err != nil {
		t.Fatal(err)
	}
	if out.Padding || out.Extension || len(out.CSRC) != 0 || !out.Marker || out.PayloadType != 8 ||
		out.SequenceNumber != 0xfffe || out.Timestamp != 0xfffffffd || out.SSRC != 0xdeadbeef {
		t.Errorf("header = %v", out.Header)
	}
	if string(out.Payload) != "audio" {
		t.Errorf("payload = %q", out.Payload)
	}
}

// FuzzPacket holds parse against pion's parser: what we take, it reads alike.
func FuzzPacket(f *testing.F) {
	f.Add([]byte{0x80, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0xff})
	f.Add([]byte{0xb1, 0x88, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9, 9, 9, 9, 0xbe, 0xde, 0, 1, 0x10, 1, 0, 0, 7, 0, 0, 3})
	f.Add([]byte{0x80, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var p Packet
		if !p.parse(bytes.Clone(b)) {
			return
		}
		var h rtp.Header
		n, err := h.Unmarshal(b)
		if err != nil {
			return // it also looks into the header extension
		}
		if p.PT != h.PayloadType || p.Marker != h.Marker || p.Seq != h.SequenceNumber || p.TS != h.Timestamp || p.SSRC != h.SSRC {
			t.Errorf("parsed %+v, want %v", p, h)
		}
		if want := b[n:]; !bytes.HasPrefix(want, p.Payload) || !h.Padding && len(want) != len(p.Payload) {
			t.Errorf("payload %x, want %x", p.Payload, want)
		}
	})
}
