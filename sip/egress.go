package sip

import (
	"errors"
	"fmt"
	"hash/maphash"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var errEgress = errors.New("no peer we decided to contact")

// egress knows whom the program may send to: the peers it decided to contact,
// and, for responses over UDP, the addresses a datagram came from. Whatever a
// Via, Contact or Route names is never a reason to send there. Safe from any
// goroutine.
type egress struct {
	heard *heard

	mu    sync.RWMutex
	peers map[netip.AddrPort]int // how often allowed
}

func newEgress() *egress {
	return &egress{heard: newHeard(), peers: make(map[netip.AddrPort]int)}
}

// allow adds peer; as many calls of forget take it away again.
func (e *egress) allow(peer netip.AddrPort) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.peers[unmapped(peer)]++
}

func (e *egress) forget(peer netip.AddrPort) {
	e.mu.Lock()
	defer e.mu.Unlock()
	peer = unmapped(peer)
	if e.peers[peer]--; e.peers[peer] <= 0 {
		delete(e.peers, peer)
	}
}

func (e *egress) allowed(peer netip.AddrPort) bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.peers[unmapped(peer)] > 0
}

// may returns whether a datagram may leave for peer: anything to a peer we
// decided to contact, a response to an address heard from.
func (e *egress) may(peer netip.AddrPort, response bool) bool {
	addr := peer.Addr().Unmap()
	switch {
	case peer.Port() == 0, addr.IsUnspecified(), addr.IsMulticast(), addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return false
	case e.allowed(peer):
		return true
	}
	return response && e.heard.has(addr)
}

// control is a net.Dialer.Control that lets only connections to allowed peers
// be made.
func (e *egress) control(_, address string, _ syscall.RawConn) error {
	peer, err := netip.ParseAddrPort(address)
	if err != nil || !e.may(peer, false) {
		return fmt.Errorf("connect to %s: %w", address, errEgress)
	}
	return nil
}

// dialer returns the only dialer sipgo gets. The local address is the kernel's
// choice: a fixed one makes sipgo take another peer's connection.
func (e *egress) dialer(net.Addr) net.Dialer {
	return net.Dialer{Timeout: dialTimeout, Control: e.control}
}

func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// Size of heard: 2 × 128 KiB, about 1 % of wrong yeses at 100 000 addresses a half.
const (
	heardBits   = 1 << 20
	heardHashes = 4
	heardFor    = 15 * 60 // seconds; an address is remembered once to twice as long
)

// heard remembers the addresses datagrams came from, in fixed memory: two Bloom
// filters that take turns. It may remember an address it never saw; it never
// forgets one early. Safe from any goroutine.
type heard struct {
	seed   maphash.Seed
	filter [2][heardBits / 64]atomic.Uint64
	now    atomic.Int32 // the filter that learns
	turned atomic.Int64 // Unix seconds
}

func newHeard() *heard { return &heard{seed: maphash.MakeSeed()} }

func (h *heard) add(addr netip.Addr, at time.Time) {
	if turned := h.turned.Load(); at.Unix()-turned > heardFor && h.turned.CompareAndSwap(turned, at.Unix()) {
		next := 1 - h.now.Load()
		for i := range h.filter[next] {
			h.filter[next][i].Store(0)
		}
		h.now.Store(next)
	}
	filter := &h.filter[h.now.Load()]
	for _, bit := range h.bits(addr) {
		if word := &filter[bit/64]; word.Load()&(1<<(bit%64)) == 0 {
			word.Or(1 << (bit % 64))
		}
	}
}

func (h *heard) has(addr netip.Addr) bool {
	bits := h.bits(addr)
	for i := range h.filter {
		all := true
		for _, bit := range bits {
			all = all && h.filter[i][bit/64].Load()&(1<<(bit%64)) != 0
		}
		if all {
			return true
		}
	}
	return false
}

func (h *heard) bits(addr netip.Addr) (bits [heardHashes]uint32) {
	b := addr.Unmap().As16()
	sum := maphash.Bytes(h.seed, b[:])
	lo, hi := uint32(sum), uint32(sum>>32)|1
	for i := range bits {
		bits[i] = (lo + uint32(i)*hi) % heardBits
	}
	return bits
}
