package media

import (
	"crypto/rand"
	"fmt"
	"log/slog"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// Suite is how SRTP (RFC 3711) encrypts and authenticates.
type Suite uint8

// The suites, AES with keys of 128 bits. NoSuite is plain RTP.
const (
	NoSuite  Suite = iota
	SuiteGCM       // AEAD_AES_128_GCM, RFC 7714
	SuiteCM        // AES_CM_128_HMAC_SHA1_80, RFC 3711
)

// Suites are those there are, the preferred first.
var Suites = []Suite{SuiteGCM, SuiteCM}

const (
	masterKeyLen = 16
	maxSaltLen   = 14
	maxTagLen    = 16   // that a protected packet is longer
	replayWindow = 1024 // packets; the reordering of a bad network is less
)

// String returns the name of the suite in a=crypto (RFC 4568 6.2, RFC 7714 14.2).
func (s Suite) String() string {
	switch s {
	case SuiteGCM:
		return "AEAD_AES_128_GCM"
	case SuiteCM:
		return "AES_CM_128_HMAC_SHA1_80"
	}
	return "none"
}

// KeyLen is the length of a master key with its salt, in octets.
func (s Suite) KeyLen() int {
	if s == SuiteGCM {
		return masterKeyLen + 12
	}
	return masterKeyLen + maxSaltLen
}

// Key is the master key and salt of one direction. The zero value is plain RTP.
// However it is printed or logged, only the suite shows.
type Key struct {
	Suite  Suite
	octets [masterKeyLen + maxSaltLen]byte // key, then salt
}

// NewKey returns a random key.
func NewKey(s Suite) Key {
	k := Key{Suite: s}
	rand.Read(k.octets[:s.KeyLen()])
	return k
}

// KeyOf returns the key of a suite with these octets, key and salt in one.
func KeyOf(s Suite, octets []byte) (Key, error) {
	k := Key{Suite: s}
	if len(octets) != s.KeyLen() {
		return Key{}, fmt.Errorf("key and salt of %s have %d octets, want %d", s, len(octets), s.KeyLen())
	}
	copy(k.octets[:], octets)
	return k, nil
}

// Octets returns key and salt in one.
func (k Key) Octets() []byte { return k.octets[:k.Suite.KeyLen()] }

// Format implements fmt.Formatter for every verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(k.Suite.String())) }

// LogValue implements slog.LogValuer.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.Suite.String()) }

// crypter protects what is sent, or opens what is received, under one key. It
// counts rollovers, so it lives as long as its key is in use. nil is plain RTP.
type crypter struct {
	key Key
	ctx *srtp.Context
	rtp rtp.Header // of the latest packet; here so that none is allocated
}

// rekeyed returns the crypter of k: was, if k is still its key.
func rekeyed(was *crypter, k Key) *crypter {
	switch {
	case k.Suite == NoSuite:
		return nil
	case was != nil && was.key == k:
		return was
	}
	profile := srtp.ProtectionProfileAes128CmHmacSha1_80
	if k.Suite == SuiteGCM {
		profile = srtp.ProtectionProfileAeadAes128Gcm
	}
	octets := k.Octets()
	ctx, err := srtp.CreateContext(octets[:masterKeyLen], octets[masterKeyLen:], profile,
		srtp.SRTPReplayProtection(replayWindow), srtp.SRTCPReplayProtection(replayWindow))
	if err != nil {
		panic(err) // the lengths are right
	}
	return &crypter{key: k, ctx: ctx}
}

// seal protects the RTP packet b, in place when it has room for maxTagLen more.
func (c *crypter) seal(b []byte) ([]byte, error) {
	if c == nil {
		return b, nil
	}
	return c.ctx.EncryptRTP(b, b, &c.rtp)
}

// sealRTCP is seal for RTCP.
func (c *crypter) sealRTCP(b []byte) ([]byte, error) {
	if c == nil {
		return b, nil
	}
	return c.ctx.EncryptRTCP(nil, b, nil)
}

// open returns the RTP packet in b, in place; false when the key does not open it
// or it was opened before.
func (c *crypter) open(b []byte) ([]byte, bool) {
	if c == nil {
		return b, true
	}
	out, err := c.ctx.DecryptRTP(b, b, &c.rtp)
	return out, err == nil
}

// openRTCP is open for RTCP.
func (c *crypter) openRTCP(b []byte) ([]byte, bool) {
	if c == nil {
		return b, true
	}
	out, err := c.ctx.DecryptRTCP(b, b, nil)
	return out, err == nil
}
