package sip

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"sync"
	"time"
)

const (
	nonceLife = time.Minute
	nonceSets = 1024
	nonceWays = 8
	ncWindow  = 64 // how far a nonce count may fall behind the highest one
)

// nonceMint issues nonces that carry their own proof, so a challenge costs no
// memory, and remembers which counts of the nonces that authenticated somebody
// are spent. Its key lives as long as the process: nonces of an earlier
// process, whose spent counts are forgotten, are stale. Safe from any
// goroutine.
type nonceMint struct {
	key   [32]byte
	start time.Time // issue times count from here, untouched by clock steps

	mu   sync.Mutex
	sets [nonceSets]struct {
		lost  time.Duration // nonces issued up to here may have been forgotten
		spent [nonceWays]spentNonce
	}
}

// spentNonce is a nonce in use: the highest nc seen and, bit n, whether the
// nc n below it was.
type spentNonce struct {
	nonce   nonce
	highest uint32
	seen    uint64
}

// nonce is the content of a verified nonce; the zero value is never issued.
type nonce struct {
	issued time.Duration // since the start of the mint
	mac    [16]byte
}

func newNonceMint(now time.Time) *nonceMint {
	m := &nonceMint{start: now}
	_, _ = rand.Read(m.key[:]) // never fails
	return m
}

// issue returns a nonce, 40 characters, good for a minute and for source only.
func (m *nonceMint) issue(source netip.Addr, now time.Time) string {
	var b [30]byte // issued 8, salt 6, mac 16
	binary.BigEndian.PutUint64(b[:8], uint64(now.Sub(m.start)+1))
	_, _ = rand.Read(b[8:14])
	mac := m.sign(b[:14], source)
	copy(b[14:], mac[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// verify reports whether s was issued to source within the last minute.
func (m *nonceMint) verify(s string, source netip.Addr, now time.Time) (nonce, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != 30 {
		return nonce{}, false
	}
	mac := m.sign(b[:14], source)
	if !hmac.Equal(mac[:], b[14:]) {
		return nonce{}, false
	}
	n := nonce{issued: time.Duration(binary.BigEndian.Uint64(b[:8])), mac: mac}
	age := now.Sub(m.start) + 1 - n.issued
	return n, age >= 0 && age <= nonceLife
}

func (m *nonceMint) sign(b []byte, source netip.Addr) (mac [16]byte) {
	h := hmac.New(sha256.New, m.key[:])
	h.Write(b)
	addr := source.Unmap().As16()
	h.Write(addr[:])
	copy(mac[:], h.Sum(nil))
	return mac
}

// spend marks count nc of a verified nonce as used and reports whether it was
// unused. When the table may have forgotten n the answer is no: a replay is
// never accepted, the phone fetches a new nonce.
func (m *nonceMint) spend(n nonce, nc uint32, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	set := &m.sets[binary.BigEndian.Uint16(n.mac[:])%nonceSets]
	oldest := 0
	for i := range set.spent {
		if set.spent[i].nonce == n {
			return set.spent[i].take(nc)
		}
		if set.spent[i].nonce.issued < set.spent[oldest].nonce.issued {
			oldest = i
		}
	}
	gone := set.spent[oldest].nonce.issued
	if gone+nonceLife < now.Sub(m.start) {
		gone = 0 // an expired nonce, or an empty place: nothing is lost
	}
	if n.issued <= max(set.lost, gone) {
		return false
	}
	set.lost = max(set.lost, gone)
	set.spent[oldest] = spentNonce{nonce: n, highest: nc, seen: 1}
	return true
}

func (s *spentNonce) take(nc uint32) bool {
	if nc > s.highest {
		s.seen = s.seen<<(nc-s.highest) | 1 // a shift of 64 and more clears
		s.highest = nc
		return true
	}
	bit := uint64(1) << (s.highest - nc)
	if s.highest-nc >= ncWindow || s.seen&bit != 0 {
		return false
	}
	s.seen |= bit
	return true
}
