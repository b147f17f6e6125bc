package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"shouwen/sip/media"
)

const (
	eventName      = "telephone-event" // RFC 4733
	eventRange     = "0-16"            // DTMF digits and flash
	defaultEventPT = 101
	firstDynamicPT = 96
	lastPT         = 127
	g711Clock      = 8000
	frameTime      = 20 * time.Millisecond // of everything asked for, and sent by default
	maxFrameTime   = 60 * time.Millisecond
)

// chosen is an offer and what this side takes of it.
type chosen struct {
	offer description
	at    int     // index of the audio m-line
	codec payload // the first common codec in the offerer's order
	key   crypto  // that the offerer sends with
}

func (c chosen) line() mediaLine { return c.offer.media[c.at] }

// choose picks the first m-line of an offer this side can take, one with keys
// before one without.
func (o *offerAnswer) choose(offer description) (chosen, error) {
	var best *chosen
	why := fmt.Errorf("%w: no audio", errNotAcceptable)
	for i, m := range offer.media {
		c := chosen{offer: offer, at: i}
		var err error
		if c.codec, err = usable(m, o.local, o.offerPayloads()); err == nil {
			c.key, err = takeKey(m, o.srtp)
		}
		switch {
		case err != nil && m.kind == "audio":
			why = err
		case err == nil && (best == nil || best.key == crypto{} && c.key != crypto{}):
			best = &c
		}
	}
	if best == nil {
		return chosen{}, why
	}
	return *best, nil
}

// usable returns the peer's first payload type that is also among known, or
// errNotAcceptable with the reason.
func usable(m mediaLine, local netip.AddrPort, known []payload) (payload, error) {
	switch {
	case m.kind != "audio" || m.proto != plainProfile && m.proto != secureProfile:
		return payload{}, fmt.Errorf("%w: %.32s over %.32s", errNotAcceptable, m.kind, m.proto)
	case m.port == 0:
		return payload{}, fmt.Errorf("%w: audio refused with port 0", errNotAcceptable)
	}
	if !m.addr.IsUnspecified() {
		if err := rtpDestination(local, netip.AddrPortFrom(m.addr, m.port)); err != nil {
			return payload{}, fmt.Errorf("%w: %w", errNotAcceptable, err)
		}
	}
	for _, p := range m.payloads {
		if p.name != eventName && sameCodec(known, p).name != "" {
			return p, nil
		}
	}
	return payload{}, fmt.Errorf("%w: no codec in common", errNotAcceptable)
}

var (
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")
	reservedV4  = netip.MustParsePrefix("240.0.0.0/4") // broadcast included
)

// rtpDestination says why nothing may be sent to remote, an address a peer named:
// it would reach a group, this machine, its link or a cloud's metadata service.
// Loopback is right only when this side is on loopback itself.
func rtpDestination(local, remote netip.AddrPort) error {
	a := remote.Addr().Unmap()
	switch {
	case !a.IsValid():
		return errors.New("connection without an IP address")
	case a.IsMulticast(), a.IsUnspecified(), a.IsLinkLocalUnicast(), thisNetwork.Contains(a), reservedV4.Contains(a):
		return fmt.Errorf("%s is no address of a peer", a)
	case a.IsLoopback() && !local.Addr().IsLoopback():
		return fmt.Errorf("%s is this machine", a)
	case a.Is4() != local.Addr().Is4():
		return fmt.Errorf("%s is of another IP version than %s", a, local.Addr())
	case netip.AddrPortFrom(a, remote.Port()) == local:
		return fmt.Errorf("%s is our own port", remote)
	}
	return nil
}

// rtcpOf returns where the peer wants the RTCP of m: zero for the usual place, or
// when a=rtcp names an address nothing may be sent to.
func rtcpOf(m mediaLine, local netip.AddrPort) netip.AddrPort {
	if !m.rtcp.IsValid() || rtpDestination(local, m.rtcp) != nil {
		return netip.AddrPort{}
	}
	return m.rtcp
}

// effective is m's direction, less receiving when the connection address says so
// in the way of RFC 2543: c=0.0.0.0 asks for neither RTP nor RTCP.
func (m mediaLine) effective() direction {
	if m.addr.IsUnspecified() {
		return m.dir &^ dirRecvOnly
	}
	return m.dir
}

// wish is the direction this side wants.
func wish(hold bool) direction {
	if hold {
		return dirSendOnly
	}
	return dirSendRecv
}

// frame returns the packet time the peer asks for: ptime, at most maxptime, in
// whole 10 ms from 10 to 60 ms; 20 ms when it asks for nothing.
func (m mediaLine) frame() time.Duration {
	d := m.ptime
	if d == 0 {
		d = frameTime
	}
	if m.maxptime > 0 {
		d = min(d, m.maxptime)
	}
	return min(max(d.Truncate(10*time.Millisecond), 10*time.Millisecond), maxFrameTime)
}

// audioLine returns the m-line of this side's audio.
func audioLine(local netip.AddrPort, ps []payload) mediaLine {
	m := mediaLine{kind: "audio", port: local.Port(), proto: plainProfile, payloads: ps, addr: local.Addr(), ptime: frameTime}
	for _, p := range ps {
		m.formats = append(m.formats, strconv.Itoa(int(p.pt)))
	}
	return m
}

// refuseAll answers each m-line with port 0 and its own formats, RFC 3264 6.
func refuseAll(offered []mediaLine, local netip.Addr) []mediaLine {
	all := make([]mediaLine, len(offered))
	for i, m := range offered {
		all[i] = mediaLine{kind: m.kind, proto: m.proto, formats: m.formats, addr: local, dir: dirSendRecv}
	}
	return all
}

// answerPayloads accepts codec and telephone-event under the offerer's numbers.
func answerPayloads(theirs mediaLine, codec payload) []payload {
	ps := []payload{{pt: codec.pt, name: codec.name, clock: codec.clock}}
	if pt := eventPT(theirs.payloads); pt != 0 {
		ps = append(ps, eventPayload(pt))
	}
	return ps
}

func eventPayload(pt uint8) payload {
	return payload{pt: pt, name: eventName, clock: g711Clock, fmtp: eventRange}
}

// eventPT returns the payload type of telephone-event in ps, 0 if there is none.
func eventPT(ps []payload) uint8 {
	return sameCodec(ps, eventPayload(0)).pt
}

// sameCodec returns the payload in ps that is coded as p, whatever its number;
// the zero payload if there is none.
func sameCodec(ps []payload, p payload) payload {
	i := slices.IndexFunc(ps, func(q payload) bool { return q.name == p.name && q.clock == p.clock })
	if i < 0 {
		return payload{}
	}
	return ps[i]
}

func codecPayload(c media.Codec, pt uint8) payload {
	return payload{pt: pt, name: c.String(), clock: g711Clock}
}

// codecOf returns the codec of p, one of those codecPayload was asked for.
func codecOf(p payload) media.Codec {
	if p.name == media.PCMA.String() {
		return media.PCMA
	}
	return media.PCMU
}
