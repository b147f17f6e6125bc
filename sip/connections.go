package sip

import (
	"net/netip"
	"sync"
)

// acceptedConns is every accepted connection. Safe from any goroutine.
type acceptedConns struct {
	limits limits
	known  func(netip.AddrPort) bool

	mu     sync.Mutex
	byAddr map[netip.Addr]map[*acceptedConn]bool
	count  int
	closed bool
}

func newAcceptedConns(l limits, known func(netip.AddrPort) bool) *acceptedConns {
	return &acceptedConns{limits: l, known: known, byAddr: make(map[netip.Addr]map[*acceptedConn]bool)}
}

// add takes a new connection in, or returns false if its address, or all
// together, have too many. Trunks may always connect, and connections of peers
// we decided to contact do not count against their address: the phones of an
// office share one.
func (s *acceptedConns) add(f *acceptedConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	addr := f.remote.Addr()
	mine := s.byAddr[addr]
	if s.closed || !s.known(f.remote) && (s.count >= s.limits.connections || s.strangers(mine) >= s.limits.perAddress) {
		return false
	}
	if mine == nil {
		mine = make(map[*acceptedConn]bool)
		s.byAddr[addr] = mine
	}
	mine[f] = true
	s.count++
	return true
}

// strangers counts the connections of one address that are not known. Caller
// holds mu.
func (s *acceptedConns) strangers(mine map[*acceptedConn]bool) int {
	if len(mine) < s.limits.perAddress {
		return len(mine)
	}
	n := 0
	for f := range mine {
		if !s.known(f.remote) {
			n++
		}
	}
	return n
}

func (s *acceptedConns) remove(f *acceptedConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	mine := s.byAddr[f.remote.Addr()]
	if !mine[f] {
		return
	}
	delete(mine, f)
	s.count--
	if len(mine) == 0 {
		delete(s.byAddr, f.remote.Addr())
	}
}

// gone returns whether the connection from remote was closed by its peer and is
// only kept for sipgo.
func (s *acceptedConns) gone(network string, remote netip.AddrPort) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for f := range s.byAddr[unmapped(remote).Addr()] {
		if f.remote == unmapped(remote) && f.l.network == network && f.gone() {
			return true
		}
	}
	return false
}

// close closes every connection, also those sipgo has not got yet.
func (s *acceptedConns) close() {
	s.mu.Lock()
	s.closed = true
	var all []*acceptedConn
	for _, mine := range s.byAddr {
		for f := range mine {
			all = append(all, f)
		}
	}
	s.mu.Unlock()
	for _, f := range all {
		_ = f.Close()
	}
}
