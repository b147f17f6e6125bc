package sip

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"shouwen/sip/media"
)

// SRTP says whether audio is encrypted (RFC 3711), with keys in the SDP (RFC
// 4568). Empty is off.
type SRTP string

// What can be said of it.
const (
	SRTPOff     SRTP = "off"     // plain RTP only
	SRTPOffer   SRTP = "offer"   // when the far end can, and the keys go over TLS
	SRTPRequire SRTP = "require" // always; calls without it are refused
)

// Security is what the signalling and the audio of a trunk or phone must be. The
// zero value takes anything, and encrypts no audio.
type Security struct {
	RequireTLS     bool // REGISTER and INVITE over UDP or TCP are refused with 403
	SRTP           SRTP
	SRTPWithoutTLS bool // keys may also go over UDP and TCP, where others can read them
}

// admits reports whether calls and registrations may come over network: to
// require SRTP is to require TLS for its keys.
func (s Security) admits(network string) bool {
	return network == "tls" || !s.RequireTLS && (s.SRTP != SRTPRequire || s.SRTPWithoutTLS)
}

// over is what there may be of SRTP when its keys go over network.
func (s Security) over(network string) SRTP {
	if s.SRTP == "" || network != "tls" && !s.SRTPWithoutTLS {
		return SRTPOff
	}
	return s.SRTP
}

// tlsRequired refuses a request that came over what its sender may not use.
var tlsRequired = refusal{code: 403, reason: "TLS Required"}

// The RTP profiles of an m-line (RFC 3551, RFC 3711 12).
const (
	plainProfile  = "RTP/AVP"
	secureProfile = "RTP/SAVP"
)

// crypto is one a=crypto attribute (RFC 4568 9.1): the key its sender protects
// with.
type crypto struct {
	tag int
	key media.Key // zero: none, plain RTP
}

// parseCrypto reads the value of a=crypto; false when we cannot do as it says: an
// unknown suite, several keys, an MKI, or a session parameter that changes the
// packets. Lifetimes are ignored: no call lasts for 2^20 packets of a key.
func parseCrypto(value string) (crypto, bool) {
	f := strings.Fields(value)
	if len(f) < 3 || len(f[0]) > 9 {
		return crypto{}, false
	}
	tag, err := strconv.ParseUint(f[0], 10, 31)
	at := slices.IndexFunc(media.Suites, func(s media.Suite) bool { return strings.EqualFold(s.String(), f[1]) })
	params, inline := strings.CutPrefix(f[2], "inline:")
	if err != nil || at < 0 || !inline || strings.ContainsAny(params, ";:") {
		return crypto{}, false
	}
	for _, p := range f[3:] {
		if !strings.HasPrefix(p, "WSH=") && !strings.HasPrefix(p, "-") { // RFC 4568 6.3.7
			return crypto{}, false
		}
	}
	text, _, _ := strings.Cut(params, "|")
	octets, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return crypto{}, false
	}
	key, err := media.KeyOf(media.Suites[at], octets)
	return crypto{int(tag), key}, err == nil
}

// String is the value of a=crypto. It shows the key.
func (c crypto) String() string {
	return fmt.Sprintf("%d %s inline:%s", c.tag, c.key.Suite, base64.StdEncoding.EncodeToString(c.key.Octets()))
}

// firstCrypto returns the first attribute of m we can do as it says.
func firstCrypto(m mediaLine) (crypto, bool) {
	for _, value := range m.crypto {
		if c, ok := parseCrypto(value); ok {
			return c, true
		}
	}
	return crypto{}, false
}

// newCryptos are fresh keys for an offer, one of each suite.
func newCryptos() (values []string) {
	for i, s := range media.Suites {
		values = append(values, crypto{i + 1, media.NewKey(s)}.String())
	}
	return values
}

// takeKey returns the key offered with m, none for plain RTP, or errNotAcceptable.
// Keys in a line of RTP/AVP are taken too: so phones offer SRTP that is to be
// had, but not a must.
func takeKey(m mediaLine, policy SRTP) (crypto, error) {
	if policy != SRTPOff {
		if c, ok := firstCrypto(m); ok {
			return c, nil
		}
	}
	switch {
	case policy == SRTPRequire:
		return crypto{}, fmt.Errorf("%w: SRTP is required, and no a=crypto is usable", errNotAcceptable)
	case m.proto == secureProfile && policy == SRTPOff:
		return crypto{}, fmt.Errorf("%w: SRTP is off here, or its keys did not come over TLS", errNotAcceptable)
	case m.proto == secureProfile:
		return crypto{}, fmt.Errorf("%w: no a=crypto is usable", errNotAcceptable)
	}
	return crypto{}, nil
}

// keys are those of one round: of SRTP we send and receive; zero for plain RTP.
type keys struct{ send, recv media.Key }

// answeredKeys are the keys after theirs answered ours: the far end takes one of
// our attributes by its tag (RFC 4568 5.1.3), or none where plain RTP was offered
// with them.
func answeredKeys(ours, theirs mediaLine, policy SRTP) (keys, error) {
	if len(theirs.crypto) == 0 || len(ours.crypto) == 0 {
		if ours.proto == secureProfile || policy == SRTPRequire {
			return keys{}, fmt.Errorf("%w: SRTP is required, and answered without a=crypto", errNotAcceptable)
		}
		return keys{}, nil
	}
	their, ok := parseCrypto(theirs.crypto[0])
	for _, value := range ours.crypto {
		our, _ := parseCrypto(value)
		if ok && our.tag == their.tag && our.key.Suite == their.key.Suite {
			return keys{our.key, their.key}, nil
		}
	}
	return keys{}, fmt.Errorf("%w: a=crypto of the answer is none of those offered", errNotAcceptable)
}
