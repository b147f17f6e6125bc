package media

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"golang.org/x/sys/unix"
)

// portable is sockets of package net, each read by a goroutine of its own.
type portable struct{}

func (portable) listen(at netip.AddrPort) (packetConn, error) {
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
	return &readConn{blocking: conn}, nil
}

// run waits: the goroutines read by themselves, until their sockets are closed.
func (portable) run(ctx context.Context) error {
	<-ctx.Done()
	return context.Cause(ctx)
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

// blocking is a socket that waits in its calls: *net.UDPConn.
type blocking interface {
	ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
	Close() error
}

// readConn is a packetConn of a blocking socket and a goroutine.
type readConn struct {
	blocking
	reader sync.WaitGroup
}

func (c *readConn) serve(handle handler) { c.reader.Go(func() { c.read(handle) }) }

// read passes what arrives to handle until c is closed. Other errors are news of
// a dead far end (ICMP) and end nothing.
func (c *readConn) read(handle handler) {
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err == nil:
			handle(buf[:n], from)
		}
	}
}

func (c *readConn) Close() error {
	err := c.blocking.Close()
	c.reader.Wait()
	return err
}
