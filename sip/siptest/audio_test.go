package siptest_test

import (
	"context"
	"encoding/binary"
	"net"
	"strings"
	"testing"
	"time"

	"shouwen/sip/siptest"
)

// rtp is a packet of n octets of A-law silence.
func rtp(ssrc uint32, pt byte, seq uint16, ts uint32, n int) []byte {
	b := make([]byte, 12+n)
	b[0], b[1] = 0x80, pt
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[4:], ts)
	binary.BigEndian.PutUint32(b[8:], ssrc)
	for i := range n {
		b[12+i] = 0xd5
	}
	return b
}

// digitOne is the payload of an event 1 that has just begun, after the header.
func digitOne(seq uint16, ts uint32) []byte {
	b := rtp(1, 101, seq, ts, 4)
	copy(b[12:], []byte{1, 10, 0, 160})
	return b
}

func TestStreamsTellWhatIsWrong(t *testing.T) {
	t.Parallel()
	const marker = 0x80
	tests := map[string]struct {
		packets           [][]byte
		streams           int
		lost, late, jumps int
		pressed           string
		heard             int // samples
		payloadType       uint8
	}{
		"all well, over the end of the numbers": {
			packets: [][]byte{rtp(1, 8, 65535, 1<<32-160, 160), rtp(1, 8, 0, 0, 160), rtp(1, 8, 1, 160, 160)},
			streams: 1, heard: 480, payloadType: 8,
		},
		"two lost": {
			packets: [][]byte{rtp(1, 8, 1, 0, 160), rtp(1, 8, 4, 480, 160)},
			streams: 1, lost: 2, heard: 320, payloadType: 8,
		},
		"one twice": {
			packets: [][]byte{rtp(1, 8, 1, 0, 160), rtp(1, 8, 1, 0, 160), rtp(1, 8, 2, 160, 160)},
			streams: 1, late: 1, heard: 320, payloadType: 8,
		},
		"a timestamp that jumps, one that jumps behind a marker, one that goes back": {
			packets: [][]byte{rtp(1, 8, 1, 0, 160), rtp(1, 8, 2, 8000, 160), rtp(1, 8|marker, 3, 16000, 160), rtp(1, 8|marker, 4, 0, 160)},
			streams: 1, jumps: 2, heard: 640, payloadType: 8,
		},
		"another source": {
			packets: [][]byte{rtp(1, 8, 1, 0, 160), rtp(2, 0, 1, 0, 160)},
			streams: 2, heard: 320, payloadType: 8,
		},
		"the same digit twice, without markers and ends": {
			packets: [][]byte{digitOne(1, 0), digitOne(2, 0), digitOne(3, 1600), rtp(1, 8, 4, 3200, 160)},
			streams: 1, pressed: "11", heard: 160, payloadType: 8,
		},
		"RTCP and rubbish": {
			packets: [][]byte{rtp(1, 200, 1, 0, 16), {1}, {0xb0, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0xff}, rtp(1, 8, 1, 0, 160)},
			streams: 1, heard: 160, payloadType: 8,
		},
	}
	phone := siptest.New(t, "", siptest.Config{})
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := phone.NewAudio()
			conn, err := net.Dial("udp", a.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			end := digitOne(9, 9)
			binary.BigEndian.PutUint32(end[8:], 99)
			end[12] = 11 // #: all has come
			for _, p := range append(test.packets, end) {
				if _, err := conn.Write(p); err != nil {
					t.Fatal(err)
				}
			}
			a.HearsDigits("#")
			streams := a.Streams()
			if len(streams) != test.streams+1 || a.Pressed() != test.pressed+"#" || len(a.Record()) != test.heard {
				t.Fatalf("%d streams, digits %s, %d samples", len(streams)-1, a.Pressed(), len(a.Record()))
			}
			s := streams[0]
			if s.Lost != test.lost || s.Late != test.late || s.Jumps != test.jumps || s.PayloadType != test.payloadType {
				t.Errorf("%+v", s)
			}
		})
	}
}

// brief is for waits that must fail.
func brief(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

func TestFailuresExplainThemselves(t *testing.T) {
	t.Parallel()
	caller, callee, uri := pair(t, siptest.Config{})
	out := caller.Dial(uri)
	in := callee.Incoming()
	if _, err := in.Call.Answered(brief(t)); err == nil || !strings.Contains(err.Error(), "← INVITE sip:callee@") || !strings.Contains(err.Error(), "→ 180 Ringing") {
		t.Errorf("no ladder in %v", err)
	}
	in.Answer()
	out.Answered()
	in.Hears(700)
	if err := in.TestAudio.Audio.Hears(brief(t), 1000); err == nil || !strings.Contains(err.Error(), "700 Hz the loudest") {
		t.Errorf("no tone in %v", err)
	}
	soon, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if err := in.TestAudio.Audio.Silent(soon, 700, time.Second); err == nil {
		t.Error("a tone counts as silence")
	}
	out.Mute(true)
	in.Silent(700, 100*time.Millisecond)
	if err := callee.Phone.Never(t.Context(), "ACK", time.Hour); err == nil || !strings.Contains(err.Error(), "ACK") {
		t.Errorf("the ACK that came: %v", err)
	}
	if _, err := callee.Phone.Expect(brief(t), "ACK"); err == nil {
		t.Error("one ACK was expected twice")
	}
	callee.Close()
	if _, err := callee.Phone.Expect(t.Context(), "BYE"); err != siptest.ErrClosed {
		t.Errorf("closed: %v", err)
	}
}

func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	deaf := siptest.New(t, "", siptest.Config{Manual: true})
	caller := siptest.New(t, deaf.Addr().String(), siptest.Config{T1: 20 * time.Millisecond})
	out := caller.Dial("callee")
	if m := out.Ended(); m != nil {
		t.Errorf("ended by %s", m)
	}
	if n := deaf.CountAll("INVITE"); n < 5 || n > 7 {
		t.Errorf("%d INVITEs, want T1, 2·T1 … 32·T1 between them", n)
	}
	if sent, received := caller.Retransmissions(); sent < 4 || received != 0 {
		t.Errorf("%d retransmissions sent, %d received, want 4 to 6 and none", sent, received)
	}
	if _, err := out.Call.Answered(t.Context()); err == nil {
		t.Error("answered")
	}
}

func TestTrunkDialsWithItsOwnHeaders(t *testing.T) {
	t.Parallel()
	server := siptest.New(t, "", siptest.Config{})
	trunk := siptest.New(t, server.Addr().String(), siptest.Config{})
	out := trunk.Dial("12345", "From: <sip:+15550100@carrier.example>", "P-Asserted-Identity: <tel:+15550101>")
	in := server.Incoming()
	if in.Invite.Param("From", "tag") == "" || in.Invite.Get("P-Asserted-Identity") != "<tel:+15550101>" ||
		in.Invite.URI != "sip:12345@"+server.Addr().String() {
		t.Errorf("INVITE:\n%s", in.Invite)
	}
	in.Reject(486)
	if m := out.Ended(); m.Status != 486 {
		t.Errorf("ended by %s", m)
	}
	server.Expect("ACK")
}

func TestMergedRequestIsRefused(t *testing.T) {
	t.Parallel()
	callee := siptest.New(t, "", siptest.Config{})
	caller := siptest.New(t, callee.Addr().String(), siptest.Config{Manual: true})
	invite := caller.Send(caller.Request("INVITE", "callee"))
	merged := caller.Send(invite.Clone().With("Via:"))
	caller.Send(merged.Ack(caller.Expect("482 INVITE")))
	caller.Expect("180")
	caller.Send(invite.Cancel())
	caller.Expect("200 CANCEL")
	caller.Send(invite.Ack(caller.Expect("487 INVITE")))
	callee.Incoming().Ended()
}
