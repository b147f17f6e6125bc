package cases

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"time"
)

// NoticeLedgerHead is the event of notices with a LedgerHead.
const NoticeLedgerHead EventKind = "ledger_head"

// LedgerHead sums up the whole ledger as it was at one moment: kept outside, it proves
// later that nothing which was there then has been changed or taken away.
type LedgerHead struct {
	Day    string    `json:"day"` // 2026-11-26, in the zone of the organisation
	At     time.Time `json:"at"`
	Cases  int       `json:"cases"`
	Events int       `json:"events"`
	Sum    string    `json:"sum"` // see HeadSum, in hexadecimal
}

// HeadSum sums up cases, in the order of their opening in the database: SHA-256 over
// number and head of each, the number behind its length in eight bytes, big endian.
// The zero HeadSum is that of no case.
type HeadSum struct {
	sum           hash.Hash
	Cases, Events int
}

// Add adds a case with that many events.
func (s *HeadSum) Add(n CaseNumber, events int, head Hash) {
	if s.sum == nil {
		s.sum = sha256.New()
	}
	var row []byte
	row = binary.BigEndian.AppendUint64(row, uint64(len(n)))
	row = append(row, n...)
	s.sum.Write(append(row, head[:]...))
	s.Cases++
	s.Events += events
}

// Sum returns the sum so far.
func (s *HeadSum) Sum() (h Hash) {
	if s.sum == nil {
		return sha256.Sum256(nil)
	}
	copy(h[:], s.sum.Sum(nil))
	return h
}
