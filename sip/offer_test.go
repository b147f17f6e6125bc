package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"shouwen/sip/media"
)

const peerHead = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"

var ourRTP = netip.MustParseAddrPort("198.51.100.5:20000")

func newTestExchange() *offerAnswer {
	return newOfferAnswer(ourRTP, []media.Codec{media.PCMA, media.PCMU}, 42)
}

// answered gives o the peer's offer and returns what o answers.
func answered(t *testing.T, o *offerAnswer, offer string) (description, mediaChange) {
	t.Helper()
	if err := o.takeOffer([]byte(offer)); err != nil {
		t.Fatal(err)
	}
	body, change, err := o.answer()
	if err != nil {
		t.Fatal(err)
	}
	return parsed(t, body), change
}

// offered sends an offer of o and gives o the peer's answer to it.
func offered(t *testing.T, o *offerAnswer, hold bool, answer string) (description, mediaChange) {
	t.Helper()
	body, err := o.offer(hold)
	if err != nil {
		t.Fatal(err)
	}
	change, err := o.takeAnswer([]byte(answer))
	if err != nil {
		t.Fatal(err)
	}
	return parsed(t, body), change
}

func parsed(t *testing.T, body []byte) description {
	t.Helper()
	d, err := parseSDP(body)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// mlines writes the m-lines of d as a reader of a trace sees them.
func mlines(d description) string {
	var all []string
	for _, m := range d.media {
		all = append(all, fmt.Sprintf("%s %d %s %s", m.kind, m.port, m.proto, strings.Join(m.formats, " ")))
	}
	return strings.Join(all, ", ")
}

func TestFirstOfferOnTheWire(t *testing.T) {
	body, err := newTestExchange().offer(false)
	if err != nil {
		t.Fatal(err)
	}
	want := "v=0\r\no=- 42 1 IN IP4 198.51.100.5\r\ns=-\r\nc=IN IP4 198.51.100.5\r\nt=0 0\r\n" +
		"m=audio 20000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n" +
		"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
	if string(body) != want {
		t.Errorf("got\n%s\nwant\n%s", body, want)
	}
}

func TestAnswer(t *testing.T) {
	tests := map[string]struct {
		offer  string // after peerHead
		mlines string
		send   media.Format
		recv   media.Format
	}{
		"first common codec in the offerer's order": {
			"m=audio 4000 RTP/AVP 18 0 8\r\n", "audio 20000 RTP/AVP 0",
			media.Format{Codec: media.PCMU, Ptime: 20 * time.Millisecond}, media.Format{Codec: media.PCMU, Ptime: 20 * time.Millisecond},
		},
		"the offerer's numbers are kept": {
			"m=audio 4000 RTP/AVP 101 110 97\r\na=rtpmap:101 opus/48000/2\r\na=rtpmap:110 telephone-event/8000\r\na=rtpmap:97 pcma/8000\r\n",
			"audio 20000 RTP/AVP 97 110",
			media.Format{Codec: media.PCMA, PT: 97, EventPT: 110, Ptime: 20 * time.Millisecond},
			media.Format{Codec: media.PCMA, PT: 97, EventPT: 110, Ptime: 20 * time.Millisecond},
		},
		"telephone-event of another clock is not ours": {
			"m=audio 4000 RTP/AVP 8 100 101\r\na=rtpmap:100 telephone-event/48000\r\na=rtpmap:101 telephone-event/8000\r\n",
			"audio 20000 RTP/AVP 8 101",
			media.Format{Codec: media.PCMA, PT: 8, EventPT: 101, Ptime: 20 * time.Millisecond},
			media.Format{Codec: media.PCMA, PT: 8, EventPT: 101, Ptime: 20 * time.Millisecond},
		},
		"packets of the length the peer wants": {
			"m=audio 4000 RTP/AVP 8\r\na=ptime:30\r\n", "audio 20000 RTP/AVP 8",
			media.Format{Codec: media.PCMA, PT: 8, Ptime: 30 * time.Millisecond}, media.Format{Codec: media.PCMA, PT: 8, Ptime: 20 * time.Millisecond},
		},
		"packets no longer than maxptime": {
			"m=audio 4000 RTP/AVP 8\r\na=maxptime:10\r\n", "audio 20000 RTP/AVP 8",
			media.Format{Codec: media.PCMA, PT: 8, Ptime: 10 * time.Millisecond}, media.Format{Codec: media.PCMA, PT: 8, Ptime: 20 * time.Millisecond},
		},
		"RFC 3264 10.1: audio taken, both videos refused in their places": {
			"m=audio 49170 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\nm=video 51372 RTP/AVP 31\r\na=rtpmap:31 H261/90000\r\nm=video 53000 RTP/AVP 32\r\na=rtpmap:32 MPV/90000\r\n",
			"audio 20000 RTP/AVP 0, video 0 RTP/AVP 31, video 0 RTP/AVP 32",
			media.Format{Codec: media.PCMU, Ptime: 20 * time.Millisecond}, media.Format{Codec: media.PCMU, Ptime: 20 * time.Millisecond},
		},
		"secure line first, plain one taken, fax refused": {
			"m=audio 4002 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\nm=audio 4000 RTP/AVP 8\r\nm=image 4004 udptl t38\r\n",
			"audio 0 RTP/SAVP 8, audio 20000 RTP/AVP 8, image 0 udptl t38",
			media.Format{Codec: media.PCMA, PT: 8, Ptime: 20 * time.Millisecond}, media.Format{Codec: media.PCMA, PT: 8, Ptime: 20 * time.Millisecond},
		},
		"a line whose address is a host name is passed over": {
			"m=audio 4002 RTP/AVP 8\r\nc=IN IP4 media.example.com\r\nm=audio 4000 RTP/AVP 8\r\n",
			"audio 0 RTP/AVP 8, audio 20000 RTP/AVP 8",
			media.Format{Codec: media.PCMA, PT: 8, Ptime: 20 * time.Millisecond}, media.Format{Codec: media.PCMA, PT: 8, Ptime: 20 * time.Millisecond},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, change := answered(t, newTestExchange(), peerHead+tt.offer)
			if mlines(got) != tt.mlines {
				t.Errorf("answer %s, want %s", mlines(got), tt.mlines)
			}
			if change.media.Send != tt.send || change.media.Recv != tt.recv {
				t.Errorf("send %+v, receive %+v", change.media.Send, change.media.Recv)
			}
			if want := netip.MustParseAddr("192.0.2.1"); change.media.Remote.Addr() != want {
				t.Errorf("media goes to %s", change.media.Remote)
			}
		})
	}
}

func TestOfferNotAcceptable(t *testing.T) {
	tests := map[string]string{
		"no media":                      "",
		"video alone":                   "m=video 4000 RTP/AVP 31\r\n",
		"no codec in common":            "m=audio 4000 RTP/AVP 18 101\r\na=rtpmap:101 telephone-event/8000\r\n",
		"a codec of ours at 16 kHz":     "m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 PCMA/16000\r\n",
		"audio switched off":            "m=audio 0 RTP/AVP 8\r\n",
		"SRTP alone":                    "m=audio 4000 RTP/SAVP 8\r\n",
		"DTLS":                          "m=audio 4000 UDP/TLS/RTP/SAVPF 8\r\n",
		"media to a multicast group":    "m=audio 4000 RTP/AVP 8\r\nc=IN IP4 224.2.1.1/127\r\n",
		"media to everybody":            "m=audio 4000 RTP/AVP 8\r\nc=IN IP4 255.255.255.255\r\n",
		"media to this machine":         "m=audio 4000 RTP/AVP 8\r\nc=IN IP4 127.0.0.1\r\n",
		"media to this machine as IPv6": "m=audio 4000 RTP/AVP 8\r\nc=IN IP6 ::ffff:127.0.0.1\r\n",
		"media to the cloud's metadata": "m=audio 4000 RTP/AVP 8\r\nc=IN IP4 169.254.169.254\r\n",
		"media to this network":         "m=audio 4000 RTP/AVP 8\r\nc=IN IP4 0.0.0.8\r\n",
		"media to our own port":         "m=audio 20000 RTP/AVP 8\r\nc=IN IP4 198.51.100.5\r\n",
		"media over another IP version": "m=audio 4000 RTP/AVP 8\r\nc=IN IP6 2001:db8::1\r\n",
		"an address in octal":           "m=audio 4000 RTP/AVP 8\r\nc=IN IP4 0300.0.2.1\r\n",
	}
	for name, offer := range tests {
		t.Run(name, func(t *testing.T) {
			o := newTestExchange()
			err := o.takeOffer([]byte(peerHead + offer))
			if !errors.Is(err, errNotAcceptable) || offerStatus(err) != 488 {
				t.Errorf("error = %v, status %d", err, offerStatus(err))
			}
			if o.state != offerStable {
				t.Errorf("state = %s after a refused offer", o.state)
			}
		})
	}
}

func TestLoopbackTalksToLoopback(t *testing.T) {
	o := newOfferAnswer(netip.MustParseAddrPort("127.0.0.1:20000"), []media.Codec{media.PCMA}, 1)
	_, change := answered(t, o, peerHead+"m=audio 4000 RTP/AVP 8\r\nc=IN IP4 127.0.0.1\r\n")
	if want := netip.MustParseAddrPort("127.0.0.1:4000"); change.media.Remote != want {
		t.Errorf("media goes to %s, want %s", change.media.Remote, want)
	}
}

func TestHoldByThePeer(t *testing.T) {
	tests := map[string]struct {
		hold   string // m-line attributes of the hold
		dir    direction
		sendOK bool
		recvOK bool
	}{
		"sendonly":                     {"a=sendonly\r\n", dirRecvOnly, false, true},
		"recvonly":                     {"a=recvonly\r\n", dirSendOnly, true, false},
		"inactive":                     {"a=inactive\r\n", dirInactive, false, false},
		"c=0.0.0.0":                    {"c=IN IP4 0.0.0.0\r\n", dirRecvOnly, false, true},
		"c=0.0.0.0 and inactive":       {"c=IN IP4 0.0.0.0\r\na=inactive\r\n", dirInactive, false, false},
		"c=:: as its IPv6 counterpart": {"c=IN IP6 ::\r\na=sendonly\r\n", dirRecvOnly, false, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := newTestExchange()
			talk := peerHead + "m=audio 4000 RTP/AVP 8\r\n"
			first, change := answered(t, o, talk)
			if change.held || change.resumed || change.moved || !change.media.SendOK || !change.media.RecvOK {
				t.Fatalf("first round: %+v", change)
			}
			held, change := answered(t, o, talk+tt.hold)
			if held.media[0].dir != tt.dir || held.media[0].addr != ourRTP.Addr() || held.media[0].port != ourRTP.Port() {
				t.Errorf("hold answered %s at %s", held.media[0].dir, held.media[0].addr)
			}
			if !change.held || change.moved || change.media.SendOK != tt.sendOK || change.media.RecvOK != tt.recvOK {
				t.Errorf("hold: %+v", change)
			}
			if want := netip.MustParseAddrPort("192.0.2.1:4000"); change.media.Remote != want {
				t.Errorf("media kept for %s, want %s", change.media.Remote, want)
			}
			again, change := answered(t, o, talk+tt.hold)
			if change.held || change.resumed {
				t.Errorf("same hold again: %+v", change)
			}
			resumed, change := answered(t, o, talk)
			if !change.resumed || change.moved || !change.media.SendOK {
				t.Errorf("resume: %+v", change)
			}
			if v := []uint64{first.version, held.version, again.version, resumed.version}; !slices.Equal(v, []uint64{1, 2, 2, 3}) {
				t.Errorf("versions %v, want 1 2 2 3", v)
			}
		})
	}
}

func TestOwnHold(t *testing.T) {
	talk := peerHead + "m=audio 4000 RTP/AVP 8\r\n"
	o := newTestExchange()
	offered(t, o, false, talk)

	d, change := offered(t, o, true, talk+"a=recvonly\r\n")
	if d.media[0].dir != dirSendOnly || change.held || !change.media.SendOK || change.media.RecvOK {
		t.Errorf("hold offered %s: %+v", d.media[0].dir, change)
	}
	if d, change = answered(t, o, talk); d.media[0].dir != dirSendOnly || change.held {
		t.Errorf("sendrecv while we hold answered %s: %+v", d.media[0].dir, change)
	}
	if d, change = answered(t, o, talk+"a=sendonly\r\n"); d.media[0].dir != dirInactive || !change.held {
		t.Errorf("hold while we hold answered %s: %+v", d.media[0].dir, change)
	}
	if d, _ = offered(t, o, true, talk+"a=inactive\r\n"); d.media[0].dir != dirInactive {
		t.Errorf("hold of one who holds us offered %s", d.media[0].dir) // RFC 3264 8.4
	}
	d, change = offered(t, o, false, talk+"a=sendonly\r\n")
	if d.media[0].dir != dirSendRecv || change.held || change.resumed || change.media.SendOK || !change.media.RecvOK {
		t.Errorf("our resume offered %s: %+v", d.media[0].dir, change)
	}
	if _, change = answered(t, o, talk); !change.resumed || !change.media.SendOK || !change.media.RecvOK {
		t.Errorf("resume of both: %+v", change)
	}
}

func TestRenegotiation(t *testing.T) {
	o := newTestExchange()
	_, change := answered(t, o, peerHead+"m=video 4002 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 0 96 101\r\na=rtpmap:96 telephone-event/8000\r\na=rtpmap:101 opus/48000/2\r\n")
	if change.media.Recv.Codec != media.PCMU {
		t.Fatalf("codec %s", change.media.Recv.Codec)
	}
	_, change = answered(t, o, peerHead+"m=video 0 RTP/AVP 31\r\nm=audio 5000 RTP/AVP 8\r\nc=IN IP4 192.0.2.77\r\n")
	if !change.moved || change.media.Remote != netip.MustParseAddrPort("192.0.2.77:5000") || change.media.Send.Codec != media.PCMA || change.media.Send.EventPT != 0 {
		t.Errorf("address, port and codec changed: %+v", change)
	}
	d, change := offered(t, o, false, peerHead+"m=video 0 RTP/AVP 31\r\nm=audio 5000 RTP/AVP 0 8\r\nc=IN IP4 192.0.2.77\r\n")
	if got, want := mlines(d), "video 0 RTP/AVP 31, audio 20000 RTP/AVP 8 0 101"; got != want {
		t.Errorf("our offer %s, want %s", got, want)
	}
	if change.moved || change.media.Send.Codec != media.PCMU || change.media.Recv.PT != 0 {
		t.Errorf("codec changed by answer: %+v", change)
	}
}

func TestOfferKeepsNumbersOfTheSession(t *testing.T) {
	tests := map[string]struct{ audio, want string }{
		"codec and event as agreed":         {"m=audio 4000 RTP/AVP 97 98\r\na=rtpmap:97 PCMU/8000\r\na=rtpmap:98 telephone-event/8000\r\n", "audio 20000 RTP/AVP 97 8 98"},
		"101 means something else already":  {"m=audio 4000 RTP/AVP 8 101 96\r\na=rtpmap:101 opus/48000\r\na=rtpmap:96 iLBC/8000\r\n", "audio 20000 RTP/AVP 8 0 97"},
		"every dynamic number has a sense":  {"m=audio 4000 RTP/AVP 8 96 97 98 99 100 101 102 103 104 105 106 107 108 109 110 111 112 113 114 115 116 117 118 119 120 121 122 123 124 125 126 127\r\n", "audio 20000 RTP/AVP 8 0"},
		"no event at all: ours is proposed": {"m=audio 4000 RTP/AVP 8\r\n", "audio 20000 RTP/AVP 8 0 101"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := newTestExchange()
			answered(t, o, peerHead+tt.audio)
			body, err := o.offer(false)
			if err != nil {
				t.Fatal(err)
			}
			if got := mlines(parsed(t, body)); got != tt.want {
				t.Errorf("offer %s, want %s", got, tt.want)
			}
		})
	}
}

func TestEventNumbersPerDirection(t *testing.T) {
	_, change := offered(t, newTestExchange(), false, peerHead+"m=audio 4000 RTP/AVP 97 102\r\na=rtpmap:97 PCMU/8000\r\na=rtpmap:102 telephone-event/8000\r\n")
	if change.media.Send.EventPT != 102 || change.media.Recv.EventPT != 101 || change.media.Send.PT != 97 || change.media.Recv.PT != 0 {
		t.Errorf("send %+v, receive %+v", change.media.Send, change.media.Recv)
	}
}

func TestRTCPAddress(t *testing.T) {
	tests := map[string]struct {
		audio string
		want  string
		mux   bool
	}{
		"the usual port":                 {"m=audio 4000 RTP/AVP 8\r\n", "", false},
		"as a=rtcp says":                 {"m=audio 4000 RTP/AVP 8\r\na=rtcp:4011 IN IP4 192.0.2.2\r\n", "192.0.2.2:4011", false},
		"a=rtcp to where nothing may go": {"m=audio 4000 RTP/AVP 8\r\na=rtcp:4011 IN IP4 127.0.0.1\r\n", "", false},
		"multiplexed":                    {"m=audio 4000 RTP/AVP 8\r\na=rtcp:4000\r\na=rtcp-mux\r\n", "", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := newTestExchange()
			d, change := answered(t, o, peerHead+tt.audio)
			got := ""
			if change.media.RemoteRTCP.IsValid() {
				got = change.media.RemoteRTCP.String()
			}
			if got != tt.want || change.media.Mux != tt.mux || d.media[0].mux != tt.mux {
				t.Errorf("RTCP to %q, mux %v", got, change.media.Mux)
			}
			if d, _ = offered(t, o, false, peerHead+tt.audio); d.media[0].mux != tt.mux {
				t.Errorf("mux %v in our next offer", d.media[0].mux)
			}
		})
	}
}

func TestOfferStates(t *testing.T) {
	talk := []byte(peerHead + "m=audio 4000 RTP/AVP 8\r\n")
	o := newTestExchange()
	if _, err := o.refresh(); !errors.Is(err, errNoOffer) {
		t.Errorf("refresh of nothing: %v", err)
	}
	if _, err := o.takeAnswer(talk); !errors.Is(err, errNoOffer) {
		t.Errorf("answer to nothing: %v", err)
	}
	if _, _, err := o.answer(); !errors.Is(err, errNoOffer) {
		t.Errorf("answering nothing: %v", err)
	}
	if _, err := o.offer(false); err != nil {
		t.Fatal(err)
	}
	if err := o.takeOffer(talk); !errors.Is(err, errOfferGlare) || offerStatus(err) != 491 {
		t.Errorf("offers crossing: %v", err)
	}
	o.rollback()
	if err := o.takeOffer(talk); err != nil {
		t.Fatal(err)
	}
	if err := o.takeOffer(talk); !errors.Is(err, errOfferPending) || offerStatus(err) != 500 {
		t.Errorf("second offer before the answer: %v", err)
	}
	if _, err := o.offer(false); !errors.Is(err, errOfferPending) {
		t.Errorf("own offer before our answer: %v", err)
	}
	o.rollback()
	o.rollback()
	if o.state != offerStable {
		t.Errorf("state = %s", o.state)
	}
}

func TestRejectedOfferLeavesTheSession(t *testing.T) {
	talk := peerHead + "m=audio 4000 RTP/AVP 8\r\n"
	o := newTestExchange()
	first, _ := offered(t, o, false, talk)
	if _, err := o.offer(true); err != nil {
		t.Fatal(err)
	}
	o.rollback()
	next, change := answered(t, o, talk)
	if change.held || change.resumed || !change.media.RecvOK {
		t.Errorf("after a refused hold: %+v", change)
	}
	if next.version != first.version+2 {
		t.Errorf("version %d after %d and a refused offer", next.version, first.version)
	}
}

func TestRefreshChangesNothing(t *testing.T) {
	o := newTestExchange()
	answered(t, o, peerHead+"m=audio 4000 RTP/AVP 8\r\na=sendonly\r\n")
	before := string(o.sent())
	body, err := o.refresh()
	if err != nil || string(body) != before {
		t.Errorf("refresh sends\n%s%v\nwant\n%s", body, err, before)
	}
	change, err := o.takeAnswer([]byte(peerHead + "m=audio 4000 RTP/AVP 8\r\na=sendonly\r\n"))
	if err != nil || change.held || change.resumed || change.moved {
		t.Errorf("refresh: %+v, %v", change, err)
	}
}

func TestEarlyAnswer(t *testing.T) {
	early := []byte(peerHead + "m=audio 4000 RTP/AVP 0\r\n")
	o := newTestExchange()
	if _, err := o.offer(false); err != nil {
		t.Fatal(err)
	}
	other := o.fork()
	change, err := o.takeEarly(early)
	if err != nil || change.media.Remote.Port() != 4000 {
		t.Fatalf("early: %+v, %v", change, err)
	}
	if err := o.takeOffer(early); !errors.Is(err, errOfferGlare) {
		t.Errorf("offer of the peer before its 200: %v", err)
	}
	change, err = o.takeAnswer([]byte(peerHead + "m=audio 6000 RTP/AVP 8\r\n"))
	if err != nil || change.media.Remote.Port() != 6000 || change.media.Send.Codec != media.PCMA {
		t.Errorf("the 200 says otherwise: %+v, %v", change, err)
	}

	if _, err := other.takeEarly(early); err != nil {
		t.Fatal(err)
	}
	if change, err = other.takeAnswer(nil); err != nil || change.media.Remote.Port() != 4000 {
		t.Errorf("the 200 of the other fork says nothing: %+v, %v", change, err)
	}
}

func TestAnswerToOurOfferRefused(t *testing.T) {
	tests := map[string]struct {
		body string
		want error
	}{
		"missing":                     {"", errNotAcceptable},
		"audio with port 0":           {peerHead + "m=audio 0 RTP/AVP 8\r\n", errNotAcceptable},
		"no media":                    {peerHead, errNotAcceptable},
		"a codec nobody offered":      {peerHead + "m=audio 4000 RTP/AVP 9\r\n", errNotAcceptable},
		"media to the cloud's secret": {peerHead + "m=audio 4000 RTP/AVP 8\r\nc=IN IP4 169.254.169.254\r\n", errNotAcceptable},
		"junk":                        {"hello", errSDP},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := newTestExchange()
			if _, err := o.offer(false); err != nil {
				t.Fatal(err)
			}
			if _, err := o.takeAnswer([]byte(tt.body)); !errors.Is(err, tt.want) {
				t.Errorf("error = %v, want %v", err, tt.want)
			}
			if o.state != offerStable || len(o.agreed.local.media) != 0 {
				t.Errorf("state %s, agreed %+v", o.state, o.agreed)
			}
		})
	}
}

// Whatever is offered: the answer has its m-lines in order, and all but one have
// port 0.
func TestAnswerKeepsTheLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		offer := genDescription().Draw(t, "offer")
		body, err := offer.build()
		if err != nil {
			t.Fatal(err)
		}
		o := newTestExchange()
		if err := o.takeOffer(body); err != nil {
			if !errors.Is(err, errNotAcceptable) {
				t.Fatal(err)
			}
			return
		}
		body, change, err := o.answer()
		if err != nil {
			t.Fatal(err)
		}
		answer, err := parseSDP(body)
		if err != nil || len(answer.media) != len(offer.media) {
			t.Fatalf("%d lines for %d: %v", len(answer.media), len(offer.media), err)
		}
		taken := 0
		for i, m := range answer.media {
			if m.kind != offer.media[i].kind || m.proto != offer.media[i].proto {
				t.Fatalf("line %d is %s, offered %s", i, m.kind, offer.media[i].kind)
			}
			if m.port == 0 {
				continue
			}
			taken++
			for _, p := range m.payloads {
				if theirs := offer.media[i].payloads; !slices.ContainsFunc(theirs, func(q payload) bool { return q.pt == p.pt && q.name == p.name }) {
					t.Fatalf("%d %s was not offered", p.pt, p.name)
				}
			}
			if m.dir.mirror()&^offer.media[i].dir != 0 {
				t.Fatalf("%s answered to %s", m.dir, offer.media[i].dir)
			}
		}
		if taken != 1 {
			t.Fatalf("%d lines taken", taken)
		}
		if change.media.SendOK && rtpDestination(ourRTP, change.media.Remote) != nil {
			t.Fatalf("media to %s", change.media.Remote)
		}
	})
}

// Over any sequence of rounds o= keeps its id, and its version grows by exactly
// one when the body differs from the one before, else not at all.
func TestVersionsOfBodies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := newTestExchange()
		var last []byte
		var version uint64
		sent := func(body []byte, err error) {
			if errors.Is(err, errNoOffer) {
				return // refresh before there is a session
			}
			if err != nil {
				t.Fatal(err)
			}
			d, err := parseSDP(body)
			if err != nil {
				t.Fatal(err)
			}
			want := version
			if string(body) != string(last) {
				want++
			}
			if d.sessionID != 42 || d.version != want {
				t.Fatalf("o= %d %d, want 42 %d", d.sessionID, d.version, want)
			}
			last, version = body, d.version
		}
		peer := rapid.Custom(func(t *rapid.T) []byte {
			return fmt.Appendf(nil, "%sm=audio %d RTP/AVP %s\r\na=%s\r\n", peerHead, rapid.IntRange(4000, 4001).Draw(t, "port"),
				rapid.SampledFrom([]string{"0", "8", "0 8"}).Draw(t, "formats"), direction(rapid.IntRange(0, 3).Draw(t, "direction")))
		})
		hold := rapid.Bool()
		finish := func() {
			if rapid.Bool().Draw(t, "rejected") {
				o.rollback()
			} else {
				_, _ = o.takeAnswer(peer.Draw(t, "answer")) // the answer may not fit: also a way to end a round
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"offer":   func(t *rapid.T) { sent(o.offer(hold.Draw(t, "hold"))); finish() },
			"refresh": func(*rapid.T) { sent(o.refresh()); finish() },
			"answer": func(t *rapid.T) {
				if err := o.takeOffer(peer.Draw(t, "offer")); err != nil {
					t.Fatal(err)
				}
				body, _, err := o.answer()
				sent(body, err)
			},
			"": func(t *rapid.T) {
				if o.state != offerStable {
					t.Fatalf("state = %s", o.state)
				}
			},
		})
	})
}

func TestOfferStatus(t *testing.T) {
	for err, want := range map[error]int{errSDP: 400, errBodyType: 415, errNotAcceptable: 488, errOfferGlare: 491, errOfferPending: 500} {
		if got := offerStatus(fmt.Errorf("x: %w", err)); got != want {
			t.Errorf("%v: status %d, want %d", err, got, want)
		}
	}
}

// The worst description within the limits; it must cost less than 1 ms.
func BenchmarkHostileOffer(b *testing.B) {
	body := []byte(peerHead)
	for range maxSDPMedia {
		body = append(body, "m=audio 4000 RTP/AVP"...)
		for pt := 1; pt < 128; pt++ {
			if pt != 8 {
				body = fmt.Appendf(body, " %d", pt)
			}
		}
		body = append(body, "\r\n"+strings.Repeat("a=rtpmap:127 x/8000\r\n", 14)...)
	}
	if len(body) > maxSDP || strings.Count(string(body), "\n") > maxSDPLines {
		b.Fatalf("%d bytes: refused at once", len(body))
	}
	o := newTestExchange()
	b.ReportAllocs()
	for b.Loop() {
		if err := o.takeOffer(body); !errors.Is(err, errNotAcceptable) {
			b.Fatal(err)
		}
	}
}
