package media

import (
	"context"
	"net"
	"net/netip"
)

const (
	socketBuffer = 256 << 10 // octets; the default overflows when the process stalls
	tosEF        = 0xB8      // expedited forwarding (RFC 3246)
	maxDatagram  = 2048      // octets; what is longer is cut
)

// sockets opens the UDP sockets of a pool, and reads them all while run runs: over
// epoll, with a goroutine for each processor, on Linux; else with one for each
// socket.
type sockets interface {
	listen(at netip.AddrPort) (packetConn, error)
	run(ctx context.Context) error
}

// handler takes what arrived at a socket, which it may overwrite, until it returns.
// It is called for one datagram of a socket at a time.
type handler func(b []byte, from netip.AddrPort)

// packetConn is the part of a UDP socket a session needs. All but serve may be
// called from any goroutine.
type packetConn interface {
	// serve hands what arrives to handle from now on. Call it once.
	serve(handle handler)
	// WriteToUDPAddrPort sends b, or fails at once if there is no room.
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
	// Close ends everything: handle does not run any more once it has returned. A
	// handle must not call it.
	Close() error
}

// ofThisMachine reports whether a is an address of one of our interfaces.
func ofThisMachine(a netip.Addr) bool {
	addrs, _ := net.InterfaceAddrs() // none on error: then nothing is known to be ours
	for _, i := range addrs {
		if n, ok := i.(*net.IPNet); ok && n.IP.Equal(a.AsSlice()) {
			return true
		}
	}
	return false
}
