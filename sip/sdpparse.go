package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pion/sdp/v3"
)

// parseSDP reads a session description. pion's parser is not used: it refuses a
// whole offer for m=image (T.38), for a bandwidth type it does not know, for a
// missing t= or a= before t=, all of which are sent by working equipment.
func parseSDP(body []byte) (description, error) {
	if len(body) > maxSDP {
		return description{}, fmt.Errorf("%w: %d bytes, at most %d", errSDP, len(body), maxSDP)
	}
	lines := strings.FieldsFunc(string(body), func(r rune) bool { return r == '\r' || r == '\n' })
	if len(lines) > maxSDPLines {
		return description{}, fmt.Errorf("%w: %d lines, at most %d", errSDP, len(lines), maxSDPLines)
	}
	if len(lines) < 2 || strings.TrimSpace(lines[0]) != "v=0" || !strings.HasPrefix(lines[1], "o=") {
		return description{}, fmt.Errorf("%w: does not begin with v=0 and o=", errSDP)
	}
	var p sdpParser
	p.sessionDir = dirSendRecv
	for n, line := range lines[1:] {
		if len(line) < 2 || line[1] != '=' {
			return description{}, fmt.Errorf("%w: line %d is not type=value", errSDP, n+2)
		}
		if err := p.line(line[0], strings.TrimSpace(line[2:])); err != nil {
			return description{}, fmt.Errorf("%w: line %d: %w", errSDP, n+2, err)
		}
	}
	p.inherit()
	return p.description, nil
}

// sdpParser is the description read so far; lines before the first m= speak for
// the session.
type sdpParser struct {
	description
	sessionDir direction
	ownDir     []bool // by m-line: it has a direction of its own
}

func (p *sdpParser) line(kind byte, value string) error {
	switch kind {
	case 'o':
		return p.origin(value)
	case 'c':
		addr, err := parseConnection(value)
		if err != nil {
			return err
		}
		if len(p.media) == 0 {
			p.addr = addr
		} else {
			p.media[len(p.media)-1].addr = addr
		}
	case 'm':
		if len(p.media) == maxSDPMedia {
			return fmt.Errorf("more than %d media", maxSDPMedia)
		}
		m, err := parseMediaName(value)
		if err != nil {
			return err
		}
		m.addr = p.addr
		p.media = append(p.media, m)
		p.ownDir = append(p.ownDir, false)
	case 'a':
		p.attribute(strings.Cut(value, ":"))
	}
	return nil
}

func (p *sdpParser) origin(value string) error {
	f := strings.Fields(value)
	if len(f) < 3 {
		return errors.New("origin without session id and version")
	}
	p.sessionID, _ = strconv.ParseUint(f[1], 10, 64)
	p.version, _ = strconv.ParseUint(f[2], 10, 64)
	return nil
}

// parseConnection returns the address of a c= value, invalid when it is a host
// name: no name from a peer is ever looked up.
func parseConnection(value string) (netip.Addr, error) {
	f := strings.Fields(value)
	if len(f) != 3 || f[0] != "IN" || f[1] != "IP4" && f[1] != "IP6" {
		return netip.Addr{}, errors.New("connection is not IN IP4 or IN IP6")
	}
	host, _, _ := strings.Cut(f[2], "/") // multicast TTL
	addr, err := netip.ParseAddr(host)
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, nil
	}
	return addr.Unmap(), nil
}

func parseMediaName(value string) (mediaLine, error) {
	f := strings.Fields(value)
	if len(f) < 4 {
		return mediaLine{}, errors.New("media without port, protocol and format")
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r > '~' || r < ' ' && r != '\t' }) {
		return mediaLine{}, errors.New("media is not ASCII") // it is echoed in the answer
	}
	number, _, _ := strings.Cut(f[1], "/")
	port, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return mediaLine{}, errors.New("media port is not 0 to 65535")
	}
	m := mediaLine{kind: f[0], port: uint16(port), proto: f[2], formats: f[3:]}
	if strings.HasPrefix(m.proto, "RTP/") {
		m.payloads = staticPayloads(m.formats)
	}
	return m, nil
}

// staticPayloads returns the payload types of formats with what RFC 3551 says of
// those this side speaks.
func staticPayloads(formats []string) []payload {
	var known [128]bool
	var all []payload
	for _, f := range formats {
		pt, err := strconv.ParseUint(f, 10, 7)
		if err != nil || known[pt] {
			continue
		}
		known[pt] = true
		p := payload{pt: uint8(pt)}
		switch pt {
		case 0:
			p.name, p.clock = "PCMU", 8000
		case 8:
			p.name, p.clock = "PCMA", 8000
		}
		all = append(all, p)
	}
	return all
}

// attribute takes an a= line. One that cannot be read is ignored, as an unknown
// one must be (RFC 8866 5.13).
func (p *sdpParser) attribute(key, value string, _ bool) {
	dir := slices.Index(directionNames[:], key)
	if len(p.media) == 0 {
		if dir >= 0 {
			p.sessionDir = direction(dir)
		}
		return
	}
	m := &p.media[len(p.media)-1]
	if dir >= 0 {
		m.dir, p.ownDir[len(p.media)-1] = direction(dir), true
		return
	}
	switch key {
	case "rtpmap":
		m.rtpmap(value)
	case "fmtp":
		format, params, _ := strings.Cut(value, " ")
		if i := m.payload(format); i >= 0 {
			m.payloads[i].fmtp = strings.TrimSpace(params)
		}
	case "ptime":
		m.ptime = milliseconds(value)
	case "maxptime":
		m.maxptime = milliseconds(value)
	case "rtcp":
		m.rtcp = parseRTCP(value)
	case sdp.AttrKeyRTCPMux:
		m.mux = true
	case "crypto":
		m.crypto = append(m.crypto, value)
	}
}

// payload returns the index of the payload type written as format, or -1.
func (m *mediaLine) payload(format string) int {
	pt, err := strconv.ParseUint(format, 10, 7)
	if err != nil {
		return -1
	}
	return slices.IndexFunc(m.payloads, func(p payload) bool { return p.pt == uint8(pt) })
}

func (m *mediaLine) rtpmap(value string) {
	format, encoding, _ := strings.Cut(value, " ")
	f := strings.Split(strings.TrimSpace(encoding), "/")
	i := m.payload(format)
	if i < 0 || len(f) < 2 || len(f) == 3 && f[2] != "1" {
		return // several channels: not speech as this side has it
	}
	if clock, err := strconv.ParseUint(f[1], 10, 32); err == nil {
		m.payloads[i].name, m.payloads[i].clock = encodingName(f[0]), uint32(clock)
	}
}

// encodingName returns name as it is usually written. RFC 8866 compares without
// case, some phones do not.
func encodingName(name string) string {
	if strings.EqualFold(name, eventName) {
		return eventName
	}
	return strings.ToUpper(name)
}

func milliseconds(value string) time.Duration {
	ms, err := strconv.ParseUint(value, 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}

// parseRTCP returns the value of a=rtcp; the address is invalid when only the
// port is given.
func parseRTCP(value string) netip.AddrPort {
	number, connection, found := strings.Cut(value, " ")
	port, err := strconv.ParseUint(number, 10, 16)
	if err != nil || port == 0 {
		return netip.AddrPort{}
	}
	var addr netip.Addr
	if found {
		if addr, err = parseConnection(connection); err != nil || !addr.IsValid() {
			return netip.AddrPort{}
		}
	}
	return netip.AddrPortFrom(addr, uint16(port))
}

// inherit gives the m-lines what the session says for them.
func (p *sdpParser) inherit() {
	for i := range p.media {
		m := &p.media[i]
		if !p.ownDir[i] {
			m.dir = p.sessionDir
		}
		if m.rtcp.Port() != 0 && !m.rtcp.Addr().IsValid() {
			m.rtcp = netip.AddrPortFrom(m.addr, m.rtcp.Port())
		}
	}
}
