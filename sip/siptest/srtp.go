package siptest

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pion/srtp/v3"
)

// The RTP profiles of an m-line.
const (
	AVP  = "RTP/AVP"
	SAVP = "RTP/SAVP"
)

// suites are those of SRTP a phone can have, by their names in a=crypto.
var suites = map[string]struct {
	profile  srtp.ProtectionProfile
	key, all int // octets of the key, and of key and salt
}{
	"AEAD_AES_128_GCM":        {srtp.ProtectionProfileAeadAes128Gcm, 16, 28},
	"AES_CM_128_HMAC_SHA1_80": {srtp.ProtectionProfileAes128CmHmacSha1_80, 16, 30},
}

// crypto is an a=crypto attribute (RFC 4568); the zero value is none.
type crypto struct{ tag, suite, key string }

// parseCrypto reads the value of a=crypto; zero if the suite is none of ours.
func parseCrypto(value string) crypto {
	f := strings.Fields(value)
	if len(f) < 3 || suites[f[1]].all == 0 {
		return crypto{}
	}
	key, _, _ := strings.Cut(strings.TrimPrefix(f[2], "inline:"), "|")
	return crypto{f[0], f[1], key}
}

func (c crypto) String() string {
	return "a=crypto:" + c.tag + " " + c.suite + " inline:" + c.key + "\r\n"
}

func (c crypto) context() (*srtp.Context, error) {
	s := suites[c.suite]
	b, err := base64.StdEncoding.DecodeString(c.key)
	if err != nil || len(b) != s.all {
		return nil, fmt.Errorf("key of %s: %d octets, %w", c.suite, len(b), err)
	}
	return srtp.CreateContext(b[:s.key], b[s.key:], s.profile, srtp.SRTPReplayProtection(64))
}

// protection is the SRTP of an Audio; without own keys there is none.
type protection struct {
	must  bool              // calls without it are refused
	own   map[string]crypto // by suite
	order []string          // suites, the preferred first

	sends, hears         crypto // in force
	sealing, opening     *srtp.Context
	unopened             int
	sealed, openedPacket []byte
}

func newProtection(cfg *Config) (p protection) {
	if cfg.SRTP == "" {
		return p
	}
	p.must, p.order = cfg.SRTP == SAVP, cfg.Suites
	p.rekey()
	return p
}

func (p *protection) rekey() {
	p.own = make(map[string]crypto)
	for i, s := range p.order {
		b := make([]byte, suites[s].all)
		_, _ = rand.Read(b)
		p.own[s] = crypto{fmt.Sprint(i + 1), s, base64.StdEncoding.EncodeToString(b)}
	}
}

// offer returns the profile and the attributes of an offer.
func (p *protection) offer() (profile string, lines []crypto) {
	for _, s := range p.order {
		lines = append(lines, p.own[s])
	}
	if p.must {
		return SAVP, lines
	}
	return AVP, lines
}

// choose takes one of the attributes the far end offers, or answers with.
func (p *protection) choose(remote description) (theirs, ours crypto, err error) {
	for _, c := range remote.cryptos {
		if slices.Contains(p.order, c.suite) {
			ours = p.own[c.suite]
			ours.tag = c.tag
			return c, ours, nil
		}
	}
	if p.must || remote.profile == SAVP {
		return theirs, ours, errors.New("no SRTP in common")
	}
	return theirs, ours, nil
}

// secure puts keys into force; the index of a key that stays goes on.
func (p *protection) secure(theirs, ours crypto) (err error) {
	for _, one := range []struct {
		was *crypto
		now crypto
		ctx **srtp.Context
	}{{&p.hears, theirs, &p.opening}, {&p.sends, ours, &p.sealing}} {
		changed := one.was.key != one.now.key
		*one.was = one.now
		if one.now.suite == "" {
			*one.ctx = nil
		} else if changed {
			if *one.ctx, err = one.now.context(); err != nil {
				return err
			}
		}
	}
	return nil
}

// seal returns what goes over the wire for an RTP packet.
func (p *protection) seal(b []byte) []byte {
	if p.sealing == nil {
		return b
	}
	p.sealed, _ = p.sealing.EncryptRTP(p.sealed, b, nil)
	return p.sealed
}

// open returns the RTP packet of what came, which may be RTCP.
func (p *protection) open(b []byte) ([]byte, bool) {
	if _, isRTP := RTPPayload(b); p.opening == nil || !isRTP {
		return b, true
	}
	out, err := p.opening.DecryptRTP(p.openedPacket, b, nil)
	if err != nil {
		p.unopened++
		return nil, false
	}
	p.openedPacket = out
	return out, true
}

// Suite is the SRTP suite in force, "" with plain RTP.
func (a *Audio) Suite() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sends.suite
}

// Unopened is how many packets came that the far end's key did not open.
func (a *Audio) Unopened() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.unopened
}

// Rekey makes new keys, for the next offer or answer.
func (a *Audio) Rekey() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rekey()
}
