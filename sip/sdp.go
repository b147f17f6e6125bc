package sip

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/pion/sdp/v3"
)

// Limits of a session description from outside. Work is linear in the bytes, so
// the 16 KiB are what protects. 64 lines would refuse honest phones: one that
// offers ICE, eight codecs and video with rtcp-fb sends about 150.
const (
	maxSDP       = 16 << 10
	maxSDPLines  = 256
	maxSDPMedia  = 16
	maxBodyParts = 8
)

var (
	errSDP      = errors.New("malformed session description")
	errBodyType = errors.New("body carries no application/sdp")
)

// direction is a=sendrecv and its kin as a set, seen from the side whose
// description it stands in. The zero value is inactive.
type direction uint8

const (
	dirSendOnly direction = 1 << iota
	dirRecvOnly
	dirInactive direction = 0
	dirSendRecv           = dirSendOnly | dirRecvOnly
)

var directionNames = [...]string{
	dirInactive: sdp.AttrKeyInactive,
	dirSendOnly: sdp.AttrKeySendOnly,
	dirRecvOnly: sdp.AttrKeyRecvOnly,
	dirSendRecv: sdp.AttrKeySendRecv,
}

func (d direction) String() string { return directionNames[d] }

// mirror returns d as the other side sees it.
func (d direction) mirror() direction { return d>>1 | d<<1&dirRecvOnly }

// payload is one RTP payload type of an m-line.
type payload struct {
	pt    uint8  // 0 to 127
	name  string // encoding name, PCMA or telephone-event; empty: static type without rtpmap, not ours
	clock uint32 // Hz
	fmtp  string // format parameters as written
}

// mediaLine is one m= section.
type mediaLine struct {
	kind     string     // audio, video, image …
	port     uint16     // 0: refused, or no longer wanted
	proto    string     // RTP/AVP …
	formats  []string   // as written
	payloads []payload  // formats of an RTP profile, in order, each type once
	addr     netip.Addr // connection address in force; invalid: none, or a host name
	dir      direction  // in force: the line's own, else the session's, else sendrecv
	ptime    time.Duration
	maxptime time.Duration
	rtcp     netip.AddrPort // a=rtcp (RFC 3605); invalid: not given
	mux      bool           // a=rtcp-mux (RFC 5761)
	crypto   []string       // values of a=crypto (RFC 4568), in order
}

// description is a session description (RFC 8866) as far as a call needs it.
type description struct {
	sessionID uint64 // a peer's is zero when it is no number: nothing depends on it
	version   uint64
	addr      netip.Addr // session-level c=; invalid: none
	media     []mediaLine
}

// sdpBody returns the session description in a message body: the body itself,
// or the first application/sdp part of a multipart (RFC 5621). It is nil
// when the body is empty, whatever contentType says. The error is errBodyType
// (answer 415) or errSDP.
func sdpBody(contentType string, body []byte) ([]byte, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil
	}
	if len(body) > maxSDP {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", errSDP, len(body), maxSDP)
	}
	kind, params, _ := mime.ParseMediaType(contentType) // the kind may be good when a parameter is not
	switch {
	case kind == "application/sdp":
		return body, nil
	case strings.HasPrefix(kind, "multipart/"):
		return sdpPart(multipart.NewReader(bytes.NewReader(body), params["boundary"]))
	}
	return nil, fmt.Errorf("%w: content type %.64q", errBodyType, contentType)
}

func sdpPart(parts *multipart.Reader) ([]byte, error) {
	for range maxBodyParts {
		part, err := parts.NextRawPart()
		if err != nil {
			return nil, fmt.Errorf("%w: multipart: %w", errBodyType, err)
		}
		if kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); kind == "application/sdp" {
			return io.ReadAll(part)
		}
	}
	return nil, fmt.Errorf("%w: none in the first %d parts", errBodyType, maxBodyParts)
}

// build writes d; parseSDP reads it back as the same value, provided each line's
// address is valid or the session has none.
func (d description) build() ([]byte, error) {
	s := sdp.SessionDescription{
		Origin: sdp.Origin{
			Username: "-", SessionID: d.sessionID, SessionVersion: d.version,
			NetworkType: "IN", AddressType: "IP4", UnicastAddress: "0.0.0.0",
		},
		SessionName:      "-",
		TimeDescriptions: []sdp.TimeDescription{{}},
	}
	if d.addr.IsValid() {
		s.ConnectionInformation = connection(d.addr)
		s.Origin.AddressType, s.Origin.UnicastAddress = addressType(d.addr), d.addr.String()
	}
	for _, m := range d.media {
		s.MediaDescriptions = append(s.MediaDescriptions, m.build(d.addr))
	}
	return s.Marshal()
}

func (m mediaLine) build(session netip.Addr) *sdp.MediaDescription {
	md := &sdp.MediaDescription{MediaName: sdp.MediaName{
		Media: m.kind, Port: sdp.RangedPort{Value: int(m.port)}, Protos: []string{m.proto}, Formats: m.formats,
	}}
	if m.addr.IsValid() && m.addr != session {
		md.ConnectionInformation = connection(m.addr)
	}
	if m.port == 0 {
		return md // refused: its attributes say nothing
	}
	for _, p := range m.payloads {
		if p.name != "" {
			md.WithValueAttribute("rtpmap", fmt.Sprintf("%d %s/%d", p.pt, p.name, p.clock))
		}
		if p.fmtp != "" {
			md.WithValueAttribute("fmtp", fmt.Sprintf("%d %s", p.pt, p.fmtp))
		}
	}
	if m.ptime > 0 {
		md.WithValueAttribute("ptime", strconv.FormatInt(m.ptime.Milliseconds(), 10))
	}
	if m.maxptime > 0 {
		md.WithValueAttribute("maxptime", strconv.FormatInt(m.maxptime.Milliseconds(), 10))
	}
	if m.rtcp.IsValid() {
		md.WithValueAttribute("rtcp", fmt.Sprintf("%d IN %s %s", m.rtcp.Port(), addressType(m.rtcp.Addr()), m.rtcp.Addr()))
	}
	if m.mux {
		md.WithPropertyAttribute(sdp.AttrKeyRTCPMux)
	}
	for _, c := range m.crypto {
		md.WithValueAttribute("crypto", c)
	}
	return md.WithPropertyAttribute(m.dir.String())
}

func connection(a netip.Addr) *sdp.ConnectionInformation {
	return &sdp.ConnectionInformation{
		NetworkType: "IN", AddressType: addressType(a), Address: &sdp.Address{Address: a.String()},
	}
}

func addressType(a netip.Addr) string {
	if a.Is4() {
		return "IP4"
	}
	return "IP6"
}
