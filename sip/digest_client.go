package sip

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	msg "github.com/emiago/sipgo/sip"
)

// errChallenge says that a challenge is not answered: it is not the configured
// trunk's, or asks for something unsupported.
var errChallenge = errors.New("challenge not answered")

// trunkCredentials are what one trunk wants, or another node of ours. They are shown only to its peers
// and only in its realm, so no other party can ask for them.
type trunkCredentials struct {
	Realm, User, Password string
	Account               *Account // whose hashes are known, and not the password; nil: that is
	Peers                 []netip.Prefix
}

func (t trunkCredentials) ha1(a digestAlgorithm) string {
	if t.Account != nil {
		return a.ha1(*t.Account)
	}
	return a.sum(t.User + ":" + t.Realm + ":" + t.Password)
}

// answer returns the Authorization or Proxy-Authorization header field for
// sending req again after res, a 401 or 407 from peer, challenged it. Several
// challenges: the strongest supported counts. The sender increments CSeq and
// stops at the second challenge.
func (t trunkCredentials) answer(req *msg.Request, res *msg.Response, peer netip.Addr) (msg.Header, error) {
	if !slices.ContainsFunc(t.Peers, func(p netip.Prefix) bool { return p.Contains(peer.Unmap()) }) {
		return nil, fmt.Errorf("peer %s is not the trunk's: %w", peer, errChallenge)
	}
	ask, reply := "WWW-Authenticate", "Authorization"
	if res.StatusCode == msg.StatusProxyAuthRequired {
		ask, reply = "Proxy-Authenticate", "Proxy-Authorization"
	}
	ch, a, err := t.strongest(res.GetHeaders(ask))
	if err != nil {
		return nil, err
	}
	c := digestCredentials{username: t.User, nonce: ch["nonce"], uri: req.Recipient.String()}
	if ch["qop"] != "" {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails
		c.qop, c.nc, c.cnonce = "auth", "00000001", hex.EncodeToString(b[:])
	}
	c.response = a.response(t.ha1(a), req.Method.String(), c)
	return msg.NewHeader(reply, c.header(t.Realm, ch)), nil
}

// strongest picks a challenge of the trunk's realm: SHA-256 before MD5.
func (t trunkCredentials) strongest(headers []msg.Header) (map[string]string, digestAlgorithm, error) {
	for _, a := range []digestAlgorithm{digestSHA256, digestMD5} {
		for _, h := range headers {
			ch, err := parseDigest(h.Value())
			if err != nil || ch["realm"] != t.Realm || ch["nonce"] == "" || !offersAuth(ch) {
				continue
			}
			name := ch["algorithm"]
			if strings.EqualFold(name, a.name) || name == "" && a.name == digestMD5.name {
				return ch, a, nil
			}
		}
	}
	return nil, digestAlgorithm{}, fmt.Errorf("no MD5 or SHA-256 challenge for realm %q with qop auth: %w", t.Realm, errChallenge)
}

func offersAuth(challenge map[string]string) bool {
	qop, given := challenge["qop"]
	return !given || slices.ContainsFunc(strings.Split(qop, ","), func(s string) bool {
		return strings.EqualFold(strings.TrimSpace(s), "auth")
	})
}

// header writes the credentials. algorithm and opaque go back as they came.
func (c digestCredentials) header(realm string, challenge map[string]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s"`,
		quotedString(c.username), quotedString(realm), quotedString(c.nonce), quotedString(c.uri), c.response)
	if c.qop != "" {
		fmt.Fprintf(&b, `, qop=auth, nc=%s, cnonce="%s"`, c.nc, c.cnonce)
	}
	if v := challenge["algorithm"]; v != "" {
		fmt.Fprintf(&b, ", algorithm=%s", v)
	}
	if v, given := challenge["opaque"]; given {
		fmt.Fprintf(&b, `, opaque="%s"`, quotedString(v))
	}
	return b.String()
}
