package siptest

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Direction is how an offer puts its one stream: the directions of RFC 3264 5.1
// and two further spellings of hold.
type Direction string

const (
	SendRecv    Direction = "sendrecv"
	SendOnly    Direction = "sendonly"
	RecvOnly    Direction = "recvonly"
	Inactive    Direction = "inactive"
	HoldZero    Direction = "c=0.0.0.0"        // RFC 2543: no direction, the address zero
	HoldSession Direction = "session-sendonly" // a=sendonly above the first m=
)

// mirror is the answer to each direction.
var mirror = map[Direction]Direction{SendRecv: SendRecv, SendOnly: RecvOnly, RecvOnly: SendOnly, Inactive: Inactive}

// telephoneEvent is the payload type this phone announces for RFC 4733.
const telephoneEvent = 101

// description is what matters of the far end's SDP.
type description struct {
	addr    netip.AddrPort
	formats []uint8 // G.711 only
	event   uint8   // payload type of telephone-event, 0 for none
	dir     Direction
	profile string
	cryptos []crypto // of suites there are
}

// parseSDP reads the first audio stream of an SDP.
func parseSDP(sdp string) (description, error) {
	d := description{dir: SendRecv}
	var host, port string
	media := 0 // m= lines so far; 1 while in the audio
	for line := range strings.Lines(sdp) {
		kind, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "=")
		if !ok || media > 1 {
			continue
		}
		switch attr, arg, _ := strings.Cut(value, ":"); {
		case kind == "c":
			host = value[strings.LastIndexByte(value, ' ')+1:]
		case kind == "m" && (media == 1 || strings.HasPrefix(value, "audio ")):
			if media++; media == 1 {
				port = d.stream(strings.Fields(value))
			}
		case kind == "a" && mirror[Direction(attr)] != "":
			d.dir = Direction(attr)
		case kind == "a" && attr == "rtpmap" && strings.Contains(arg, " telephone-event/8000"):
			pt, _, _ := strings.Cut(arg, " ")
			n, _ := strconv.ParseUint(pt, 10, 7)
			d.event = uint8(n)
		case kind == "a" && attr == "crypto":
			if c := parseCrypto(arg); c.suite != "" {
				d.cryptos = append(d.cryptos, c)
			}
		}
	}
	addr, err := netip.ParseAddrPort(host + ":" + port)
	switch {
	case err != nil || addr.Port() == 0:
		return d, fmt.Errorf("no audio at %q port %q", host, port)
	case len(d.formats) == 0:
		return d, errors.New("no G.711 in the SDP")
	}
	d.addr = addr
	return d, nil
}

// stream reads "audio 49170 RTP/AVP 8 0" and returns the port.
func (d *description) stream(m []string) string {
	if len(m) < 4 || m[2] != AVP && m[2] != SAVP {
		return ""
	}
	d.profile = m[2]
	for _, f := range m[3:] {
		if f == "0" || f == "8" {
			d.formats = append(d.formats, f[0]-'0')
		}
	}
	return m[1]
}

// SDP returns an offer of the phone's codecs. The version goes up with every change.
func (a *Audio) SDP(dir Direction) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	profile, cryptos := a.offer()
	return a.describe(dir, a.codecs, telephoneEvent, profile, cryptos...)
}

// Answer takes an offer and returns the answer: the first codec of the offer the
// phone has, and the mirrored direction.
func (a *Audio) Answer(offer string) (string, error) {
	remote, err := parseSDP(offer)
	if err != nil {
		return "", err
	}
	common := slices.DeleteFunc(remote.formats, func(f uint8) bool { return !slices.Contains(a.codecs, f) })
	if len(common) == 0 {
		return "", errors.New("no common codec")
	}
	a.mu.Lock()
	_, ours, err := a.choose(remote)
	var cryptos []crypto
	if ours.suite != "" {
		cryptos = append(cryptos, ours)
	}
	sdp := a.describe(mirror[remote.dir], common[:1], remote.event, remote.profile, cryptos...)
	a.mu.Unlock()
	if err != nil {
		return "", err
	}
	return sdp, a.connect(remote, common[0])
}

// Connect takes the answer to an offer: from now on audio goes where it says.
func (a *Audio) Connect(answer string) error {
	remote, err := parseSDP(answer)
	if err != nil {
		return err
	}
	return a.connect(remote, remote.formats[0])
}

// describe needs mu.
func (a *Audio) describe(dir Direction, codecs []uint8, event uint8, profile string, cryptos ...crypto) string {
	a.local = dir
	var formats, maps strings.Builder
	for _, f := range codecs {
		fmt.Fprintf(&formats, " %d", f)
		fmt.Fprintf(&maps, "a=rtpmap:%d %s/8000\r\n", f, map[uint8]string{0: "PCMU", 8: "PCMA"}[f])
	}
	if event != 0 {
		fmt.Fprintf(&formats, " %d", event)
		fmt.Fprintf(&maps, "a=rtpmap:%d telephone-event/8000\r\na=fmtp:%[1]d 0-16\r\n", event)
	}
	for _, c := range cryptos {
		maps.WriteString(c.String())
	}
	host, session, stream := a.addr.Addr().String(), "", "a="+string(dir)+"\r\n"
	switch dir {
	case HoldZero:
		host, stream = "0.0.0.0", ""
	case HoldSession:
		session, stream = "a=sendonly\r\n", ""
	}
	rest := fmt.Sprintf("s=-\r\nc=IN IP4 %s\r\nt=0 0\r\n%sm=audio %d %s%s\r\n%sa=ptime:20\r\n%s%s",
		host, session, a.addr.Port(), profile, formats.String(), maps.String(), a.reporter.lines(), stream)
	if rest != a.described {
		a.described = rest
		a.version++
	}
	return fmt.Sprintf("v=0\r\no=- %d %d IN IP4 %s\r\n%s", a.ssrc, a.version, a.addr.Addr(), rest)
}
