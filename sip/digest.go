package sip

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	msg "github.com/emiago/sipgo/sip"
)

// Account is a phone that may register and call. HA1MD5 and HA1SHA256 are the
// values HA1 returns; an empty one makes its algorithm refuse the account.
type Account struct {
	User, Extension   string
	HA1MD5, HA1SHA256 string
	Security          Security
}

// Accounts finds the account of a user name; it must be safe from any
// goroutine and answer from memory.
type Accounts interface {
	Account(user string) (Account, bool)
}

// HA1 returns what is kept of a password, lower-case hex: H(user:realm:password)
// of RFC 7616 3.4.2 under MD5 and under SHA-256.
func HA1(user, realm, password string) (md5Hex, sha256Hex string) {
	a1 := user + ":" + realm + ":" + password
	return hexMD5(a1), hexSHA256(a1)
}

func hexMD5(s string) string {
	b := md5.Sum([]byte(s))
	return hex.EncodeToString(b[:])
}

func hexSHA256(s string) string {
	b := sha256.Sum256([]byte(s))
	return hex.EncodeToString(b[:])
}

// digestAlgorithm is a hash of RFC 8760 with the HA1 an account has for it.
type digestAlgorithm struct {
	name string
	sum  func(string) string // lower-case hex
	ha1  func(Account) string
}

var (
	digestMD5    = digestAlgorithm{"MD5", hexMD5, func(a Account) string { return a.HA1MD5 }}
	digestSHA256 = digestAlgorithm{"SHA-256", hexSHA256, func(a Account) string { return a.HA1SHA256 }}
)

// response computes the request-digest of RFC 7616 3.4.1; without qop it is
// that of RFC 2069.
func (a digestAlgorithm) response(ha1, method string, c digestCredentials) string {
	ha2 := a.sum(method + ":" + c.uri)
	if c.qop == "" {
		return a.sum(ha1 + ":" + c.nonce + ":" + ha2)
	}
	return a.sum(ha1 + ":" + c.nonce + ":" + c.nc + ":" + c.cnonce + ":" + c.qop + ":" + ha2)
}

// authVerdict is what the credentials of a request are worth; it is also the
// label of the failure metric.
type authVerdict string

const (
	authAccepted  authVerdict = "accepted"
	authMissing   authVerdict = "missing"   // no credentials for our realm: challenge
	authStale     authVerdict = "stale"     // nonce expired, foreign or replayed: challenge again
	authWrong     authVerdict = "wrong"     // unknown user or wrong password, nobody learns which
	authMalformed authVerdict = "malformed" // not credentials we could have asked for
	authThrottled authVerdict = "throttled" // too many wrong ones before; not looked at
)

// digestServer authenticates requests by digest (RFC 7616, RFC 8760), qop=auth
// only. Safe from any goroutine; its memory is fixed.
type digestServer struct {
	realm      string
	accounts   Accounts
	log        *slog.Logger
	algorithms []digestAlgorithm // accepted
	decoy      [32]byte          // makes the HA1 of users that do not exist
	nonces     *nonceMint
	throttle   *authThrottle
}

// newDigestServer returns a server for realm. now must carry the monotonic
// clock: a step of the wall clock then neither expires nor revives a nonce.
func newDigestServer(realm string, accounts Accounts, log *slog.Logger, now time.Time) *digestServer {
	d := &digestServer{
		realm: realm, accounts: accounts, log: log,
		algorithms: []digestAlgorithm{digestSHA256, digestMD5},
		nonces:     newNonceMint(now), throttle: newAuthThrottle(now),
	}
	_, _ = rand.Read(d.decoy[:]) // never fails
	return d
}

// check returns the verdict on the Authorization of req, which came from
// source, and the user when that is authAccepted.
func (d *digestServer) check(req *msg.Request, source netip.AddrPort, now time.Time) (string, authVerdict) {
	c, verdict := d.credentials(req)
	if verdict != authAccepted {
		return "", verdict
	}
	n, fresh := d.nonces.verify(c.nonce, source.Addr(), now)
	if !fresh {
		return "", authStale
	}
	if !d.throttle.attempt(c.username, source, now) {
		return "", authThrottled
	}
	if !d.proves(c, req.Method.String()) {
		d.log.Warn("wrong credentials", "user", cleanUser(c.username), "source", source, "method", cleanUser(req.Method.String()))
		return "", authWrong
	}
	d.throttle.proved(c.username, source, now)
	if !d.nonces.spend(n, c.count, now) {
		return "", authStale
	}
	return c.username, authAccepted
}

// proves does the same work for every user name, known or not.
func (d *digestServer) proves(c digestCredentials, method string) bool {
	h := hmac.New(sha256.New, d.decoy[:])
	h.Write([]byte(c.username))
	ha1 := hex.EncodeToString(h.Sum(nil))[:len(c.response)]
	account, known := d.accounts.Account(c.username)
	stored := c.algorithm.ha1(account)
	known = known && len(stored) == len(ha1)
	if known {
		ha1 = stored
	}
	want := c.algorithm.response(ha1, method, c)
	return hmac.Equal([]byte(want), []byte(c.response)) && known
}

// refusal returns the response to a request with verdict other than
// authAccepted. It is the same for an unknown user and a wrong password.
func (d *digestServer) refusal(req *msg.Request, verdict authVerdict, source netip.AddrPort, now time.Time) *msg.Response {
	switch verdict {
	case authMissing, authStale:
		res := replyTo(req, source, msg.StatusUnauthorized, "Unauthorized")
		nonce := d.nonces.issue(source.Addr(), now)
		for _, a := range digestOffer(req) {
			res.AppendHeader(msg.NewHeader("WWW-Authenticate", d.challenge(a, nonce, verdict == authStale)))
		}
		return res
	case authMalformed:
		return replyTo(req, source, msg.StatusBadRequest, "Malformed Authorization")
	default:
		return replyTo(req, source, msg.StatusForbidden, "Forbidden")
	}
}

func (d *digestServer) challenge(a digestAlgorithm, nonce string, stale bool) string {
	s := fmt.Sprintf(`Digest realm="%s", nonce="%s", algorithm=%s, qop="auth"`, quotedString(d.realm), nonce, a.name)
	if stale {
		s += ", stale=true"
	}
	return s
}

// digestOffer returns the algorithms to challenge req with, preferred first
// (RFC 8760 2.3). Any of them is accepted whatever was offered.
func digestOffer(req *msg.Request) []digestAlgorithm {
	agent := ""
	if h := req.GetHeader("User-Agent"); h != nil {
		agent = strings.ToLower(h.Value())
	}
	switch {
	case strings.HasPrefix(agent, "baresip v0."), strings.HasPrefix(agent, "baresip v1."), strings.HasPrefix(agent, "baresip v2."):
		return []digestAlgorithm{digestMD5} // gives up when any challenge names another algorithm
	case agent == "", strings.HasPrefix(agent, "sipp"):
		return []digestAlgorithm{digestMD5, digestSHA256} // looks at the first challenge only
	}
	return []digestAlgorithm{digestSHA256, digestMD5}
}

// digestCredentials are the parameters of one Authorization header field.
type digestCredentials struct {
	username, nonce, uri, nc, cnonce, qop string
	response                              string // lower-case hex
	count                                 uint32 // nc
	algorithm                             digestAlgorithm
}

// credentials returns those of req for our realm; authAccepted here means well
// formed and meant for this request.
func (d *digestServer) credentials(req *msg.Request) (digestCredentials, authVerdict) {
	for _, h := range req.GetHeaders("Authorization") {
		p, err := parseDigest(h.Value())
		if errors.Is(err, errNotDigest) {
			continue
		}
		if err != nil {
			return digestCredentials{}, authMalformed
		}
		if p["realm"] != d.realm {
			continue
		}
		if c, ok := d.readCredentials(p); ok && sameTarget(c.uri, &req.Recipient) {
			return c, authAccepted
		}
		return digestCredentials{}, authMalformed
	}
	return digestCredentials{}, authMissing
}

func (d *digestServer) readCredentials(p map[string]string) (digestCredentials, bool) {
	c := digestCredentials{
		username: p["username"], nonce: p["nonce"], uri: p["uri"], nc: p["nc"], cnonce: p["cnonce"],
		qop: strings.ToLower(p["qop"]), response: strings.ToLower(p["response"]),
	}
	name := p["algorithm"]
	if name == "" {
		name = digestMD5.name // RFC 7616 3.4
	}
	for _, a := range d.algorithms {
		if strings.EqualFold(name, a.name) {
			c.algorithm = a
		}
	}
	if c.algorithm.name == "" || c.username == "" || c.cnonce == "" || c.qop != "auth" || len(c.nc) != 8 {
		return c, false
	}
	n, err := strconv.ParseUint(c.nc, 16, 32)
	c.count = uint32(n)
	size := md5.Size
	if c.algorithm.name == digestSHA256.name {
		size = sha256.Size
	}
	return c, err == nil && n > 0 && len(c.response) == hex.EncodedLen(size)
}

// sameTarget reports whether the uri of a digest names the Request-URI
// (RFC 7616 3.4.6): host in any case, default port or none, parameters aside.
func sameTarget(uri string, target *msg.Uri) bool {
	var u msg.Uri
	if msg.ParseUri(uri, &u) != nil {
		return false
	}
	return strings.EqualFold(u.Scheme, target.Scheme) && u.User == target.User && u.Raw() == target.Raw() &&
		strings.EqualFold(u.Host, target.Host) && uriPort(&u) == uriPort(target)
}

func uriPort(u *msg.Uri) int {
	switch {
	case u.Port != 0:
		return u.Port
	case u.IsEncrypted():
		return 5061
	}
	return 5060
}

// cleanUser returns a name fit for a log line: no control, format or invalid
// runes, at most 64.
func cleanUser(s string) string {
	n := 0
	return strings.Map(func(r rune) rune {
		if n++; n > 64 || r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
}
