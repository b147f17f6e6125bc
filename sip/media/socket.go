package media

import (
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

const (
	socketBuffer = 256 << 10 // octets; the default overflows when the process stalls
	tosEF        = 0xB8      // expedited forwarding (RFC 3246)
)

// listenUDP opens a UDP socket for audio.
func listenUDP(at netip.AddrPort) (packetConn, error) {
	network, level, option := "udp4", unix.IPPROTO_IP, unix.IP_TOS
	if at.Addr().Is6() {
		network, level, option = "udp6", unix.IPPROTO_IPV6, unix.IPV6_TCLASS
	}
	conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	if err := tune(conn, level, option); err != nil {
		conn.Close()
		return nil, fmt.Errorf("socket options: %w", err)
	}
	return conn, nil
}

func tune(conn *net.UDPConn, level, option int) error {
	if err := conn.SetReadBuffer(socketBuffer); err != nil {
		return err
	}
	if err := conn.SetWriteBuffer(socketBuffer); err != nil {
		return err
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var refused error
	if err := raw.Control(func(fd uintptr) {
		refused = unix.SetsockoptInt(int(fd), level, option, tosEF)
	}); err != nil {
		return err
	}
	return refused
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
