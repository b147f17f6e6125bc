package sip

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	pion "github.com/pion/sdp/v3"
	"pgregory.net/rapid"

	"shouwen/sip/media"
)

var cmpSDP = cmp.Options{
	cmp.AllowUnexported(description{}, mediaLine{}, payload{}),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }),
}

func TestParseSDP(t *testing.T) {
	v4 := netip.MustParseAddr("192.0.2.1")
	tests := map[string]struct {
		body string
		want description
	}{
		"media-level address and direction win over the session's": {
			"v=0\r\no=- 7 8 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\na=sendonly\r\n" +
				"m=audio 4000 RTP/AVP 8\r\nc=IN IP4 192.0.2.1\r\na=recvonly\r\n",
			description{sessionID: 7, version: 8, addr: netip.MustParseAddr("192.0.2.9"), media: []mediaLine{{
				kind: "audio", port: 4000, proto: "RTP/AVP", formats: []string{"8"}, addr: v4, dir: dirRecvOnly,
				payloads: []payload{{pt: 8, name: "PCMA", clock: 8000}},
			}}},
		},
		"session direction holds for a line without one": {
			"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\na=inactive\r\nm=audio 4000 RTP/AVP 0\r\n",
			description{sessionID: 1, version: 1, addr: v4, media: []mediaLine{{
				kind: "audio", port: 4000, proto: "RTP/AVP", formats: []string{"0"}, addr: v4, dir: dirInactive,
				payloads: []payload{{pt: 0, name: "PCMU", clock: 8000}},
			}}},
		},
		"every attribute of an audio line": {
			"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n" +
				"m=audio 4000 RTP/SAVP 97 96 9\r\na=rtpmap:97 pcma/8000/1\r\na=rtpmap:96 TELEPHONE-event/8000\r\na=fmtp:96 0-15\r\n" +
				"a=ptime:30\r\na=maxptime:40\r\na=rtcp:5001 IN IP4 192.0.2.7\r\na=rtcp-mux\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n",
			description{sessionID: 1, version: 1, addr: v4, media: []mediaLine{{
				kind: "audio", port: 4000, proto: "RTP/SAVP", formats: []string{"97", "96", "9"}, addr: v4, dir: dirSendRecv,
				payloads: []payload{{pt: 97, name: "PCMA", clock: 8000}, {pt: 96, name: "telephone-event", clock: 8000, fmtp: "0-15"}, {pt: 9}},
				ptime:    30 * time.Millisecond, maxptime: 40 * time.Millisecond, mux: true,
				rtcp: netip.MustParseAddrPort("192.0.2.7:5001"), crypto: []string{"1 AES_CM_128_HMAC_SHA1_80 inline:x"},
			}}},
		},
		"a=rtcp with the port alone takes the address of the line": {
			"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=rtcp:4009\r\n",
			description{sessionID: 1, version: 1, addr: v4, media: []mediaLine{{
				kind: "audio", port: 4000, proto: "RTP/AVP", formats: []string{"0"}, addr: v4, dir: dirSendRecv,
				payloads: []payload{{pt: 0, name: "PCMU", clock: 8000}}, rtcp: netip.MustParseAddrPort("192.0.2.1:4009"),
			}}},
		},
		"equipment that pion refuses: bare LF, no s= or t=, a= first, odd b=, fax, no end of line": {
			"v=0\no=X 1 1 IN IP4 192.0.2.1\na=sendrecv\nb=XYZ:9\nc=IN IP4 192.0.2.1\nm=image 0 udptl t38\nm=audio 4000/2 RTP/AVP 0",
			description{sessionID: 1, version: 1, addr: v4, media: []mediaLine{
				{kind: "image", proto: "udptl", formats: []string{"t38"}, addr: v4, dir: dirSendRecv},
				{
					kind: "audio", port: 4000, proto: "RTP/AVP", formats: []string{"0"}, addr: v4, dir: dirSendRecv,
					payloads: []payload{{pt: 0, name: "PCMU", clock: 8000}},
				},
			}},
		},
		"numbers and addresses beyond reading are zero, IPv4 in IPv6 is IPv4": {
			"v=0\r\no=clerk x y IN IP4 host.example.com\r\ns=\r\nt=0 0\r\nm=audio 1 RTP/AVP 300 0 0\r\nc=IN IP4 host.example.com\r\n" +
				"m=audio 2 RTP/AVP 0\r\nc=IN IP6 ::ffff:192.0.2.1\r\nm=audio 3 RTP/AVP 0\r\nc=IN IP6 fe80::1%eth0\r\n",
			description{media: []mediaLine{
				{kind: "audio", port: 1, proto: "RTP/AVP", formats: []string{"300", "0", "0"}, dir: dirSendRecv, payloads: []payload{{name: "PCMU", clock: 8000}}},
				{kind: "audio", port: 2, proto: "RTP/AVP", formats: []string{"0"}, addr: v4, dir: dirSendRecv, payloads: []payload{{name: "PCMU", clock: 8000}}},
				{kind: "audio", port: 3, proto: "RTP/AVP", formats: []string{"0"}, dir: dirSendRecv, payloads: []payload{{name: "PCMU", clock: 8000}}},
			}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseSDP([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got, cmpSDP); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestParseSDPRefuses(t *testing.T) {
	head := "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
	tests := map[string]string{
		"nothing":                        "",
		"another version":                "v=1\r\no=- 1 1 IN IP4 192.0.2.1\r\n",
		"no origin":                      "v=0\r\ns=-\r\n",
		"origin without version":         "v=0\r\no=- 1\r\n",
		"a line that is not type=value":  head + "hello\r\n",
		"connection of another network":  head + "c=ATM NSAP 47\r\n",
		"media without format":           head + "m=audio 4000 RTP/AVP\r\n",
		"media port beyond 65535":        head + "m=audio 65536 RTP/AVP 0\r\n",
		"media that would be echoed raw": head + "m=audio 0 RTP/\x00AVP 0\r\n",
		"too many media":                 head + strings.Repeat("m=audio 0 RTP/AVP 0\r\n", maxSDPMedia+1),
		"too many lines":                 head + strings.Repeat("a=x\r\n", maxSDPLines),
		"too many bytes":                 head + "a=" + strings.Repeat("x", maxSDP),
	}
	for name, body := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := parseSDP([]byte(body)); !errors.Is(err, errSDP) {
				t.Errorf("error = %v, want errSDP", err)
			}
		})
	}
}

func TestSDPBody(t *testing.T) {
	body := "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n"
	mixed := "--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\nContent-Type: application/sdp\r\n\r\n" + body + "\r\n--b--\r\n"
	tests := map[string]struct {
		contentType, body, want string
		err                     error
	}{
		"the body itself":                  {"application/sdp", body, body, nil},
		"type in capitals, odd parameter":  {"Application/SDP;x", body, body, nil},
		"empty body is no description":     {"application/sdp", "\r\n", "", nil},
		"no body and no type":              {"", "", "", nil},
		"part of a multipart":              {`multipart/mixed;boundary="b"`, mixed, body, nil},
		"multipart without such a part":    {"multipart/mixed;boundary=b", "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n", "", errBodyType},
		"multipart without a boundary":     {"multipart/mixed", mixed, "", errBodyType},
		"multipart beyond the part limit":  {"multipart/mixed;boundary=b", strings.Repeat("--b\r\n\r\nx\r\n", maxBodyParts) + mixed, "", errBodyType},
		"another type":                     {"application/isup", body, "", errBodyType},
		"no type":                          {"", body, "", errBodyType},
		"beyond the size limit":            {"application/sdp", strings.Repeat("x", maxSDP+1), "", errSDP},
		"a type that tries to break lines": {"text/\r\nX: y", body, "", errBodyType},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := sdpBody(tt.contentType, []byte(tt.body))
			if !errors.Is(err, tt.err) || string(got) != tt.want {
				t.Errorf("got %q, %v; want %q, %v", got, err, tt.want, tt.err)
			}
			if err != nil && strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("error breaks lines: %q", err)
			}
		})
	}
}

// genDescription draws descriptions that build can write.
func genDescription() *rapid.Generator[description] {
	addr := rapid.SampledFrom([]netip.Addr{
		netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("203.0.113.255"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("0.0.0.0"),
	})
	line := rapid.Custom(func(t *rapid.T) mediaLine {
		m := mediaLine{
			kind:  rapid.SampledFrom([]string{"audio", "video", "image"}).Draw(t, "kind"),
			port:  rapid.Uint16Min(1).Draw(t, "port"),
			proto: rapid.SampledFrom([]string{"RTP/AVP", "RTP/SAVP"}).Draw(t, "proto"),
			addr:  addr.Draw(t, "addr"),
			dir:   direction(rapid.IntRange(0, 3).Draw(t, "dir")),
			ptime: time.Duration(rapid.IntRange(0, 100).Draw(t, "ptime")) * time.Millisecond,
			mux:   rapid.Bool().Draw(t, "mux"),
		}
		if rapid.Bool().Draw(t, "rtcp") {
			m.rtcp = netip.AddrPortFrom(addr.Draw(t, "rtcp address"), rapid.Uint16Min(1).Draw(t, "rtcp port"))
		}
		for _, pt := range rapid.SliceOfNDistinct(rapid.Uint8Range(0, 127), 1, 5, rapid.ID[uint8]).Draw(t, "types") {
			m.payloads = append(m.payloads, payload{
				pt: pt, name: rapid.SampledFrom([]string{"PCMA", "PCMU", "OPUS", eventName}).Draw(t, "name"),
				clock: rapid.SampledFrom([]uint32{8000, 48000}).Draw(t, "clock"),
				fmtp:  rapid.SampledFrom([]string{"", "0-16", "mode=20;x"}).Draw(t, "fmtp"),
			})
		}
		m.formats = audioLine(netip.AddrPort{}, m.payloads).formats
		return m
	})
	return rapid.Custom(func(t *rapid.T) description {
		return description{
			sessionID: rapid.Uint64().Draw(t, "id"), version: rapid.Uint64().Draw(t, "version"),
			addr: addr.Draw(t, "session address"), media: rapid.SliceOfN(line, 1, 4).Draw(t, "media"),
		}
	})
}

func TestSDPRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genDescription().Draw(t, "description")
		body, err := want.build()
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseSDP(body)
		if err != nil {
			t.Fatalf("%v in\n%s", err, body)
		}
		if d := cmp.Diff(want, got, cmpSDP); d != "" {
			t.Fatalf("%s in\n%s", d, body)
		}
	})
}

// The bodies of RFC 4475 and 5118, which lie outside the repository, must be read
// or refused without harm.
func TestTortureSDP(t *testing.T) {
	files, _ := filepath.Glob("../../shared/torture/*/*.dat")
	if len(files) == 0 {
		t.Skip("the torture messages are not next to the repository")
	}
	for _, f := range files {
		message, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		_, body, _ := bytes.Cut(message, []byte("\r\n\r\n"))
		if d, err := parseSDP(body); err == nil && len(d.media) == 0 && bytes.Contains(body, []byte("\nm=")) {
			t.Errorf("%s: media overlooked", filepath.Base(f))
		}
	}
}

func FuzzSDP(f *testing.F) {
	f.Add("application/sdp", []byte("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendonly\r\n"))
	f.Add("multipart/mixed;boundary=b", []byte("--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--b--\r\n"))
	f.Add("application/sdp", []byte("v=0\no=- 1 1 IN IP6 ::\nm=video 1 udptl t38\nm=audio 1 RTP/AVP 0\nc=IN IP4 0.0.0.0\na=rtcp:1 IN IP4 127.0.0.1\n"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		sdp, err := sdpBody(contentType, body)
		if err != nil || sdp == nil {
			return
		}
		offer, err := parseSDP(sdp)
		if err != nil {
			return
		}
		o := newOfferAnswer(netip.MustParseAddrPort("192.0.2.10:20000"), []media.Codec{media.PCMA, media.PCMU}, 1)
		if o.takeOffer(sdp) != nil {
			return
		}
		answer, change, err := o.answer()
		if err != nil {
			t.Fatal(err)
		}
		if to := change.media.Remote; to.IsValid() && rtpDestination(o.local, to) != nil {
			t.Errorf("media would go to %s", to)
		}
		if len(answer) > 4*maxSDP {
			t.Errorf("answer of %d bytes", len(answer))
		}
		var strict pion.SessionDescription
		got, err := parseSDP(answer)
		if err != nil || len(got.media) != len(offer.media) {
			t.Errorf("answer has %d media, offer %d (%v)", len(got.media), len(offer.media), err)
		}
		if len(offer.media) == 1 {
			if err := strict.Unmarshal(answer); err != nil {
				t.Errorf("pion refuses our answer: %v", err)
			}
		}
	})
}
