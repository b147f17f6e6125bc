package siptest

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// packet is what came: a message, or what is wrong with it or the connection.
type packet struct {
	msg *Message
	err error
}

func (p *Phone) open(ctx context.Context) (err error) {
	if p.cfg.Server != "" {
		if p.server, err = netip.ParseAddrPort(p.cfg.Server); err != nil {
			return err
		}
	}
	local, err := netip.ParseAddrPort(p.cfg.Local)
	if err != nil {
		return err
	}
	dialer := net.Dialer{Timeout: p.cfg.Patience, LocalAddr: net.TCPAddrFromAddrPort(local)}
	switch p.cfg.Network {
	case "udp":
		p.udp, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(local))
		if err != nil {
			return err
		}
		p.local = p.udp.LocalAddr().(*net.UDPAddr).AddrPort()
		return p.udp.SetReadBuffer(1 << 20) // many calls at once, while this process stalls
	case "tcp":
		p.stream, err = dialer.DialContext(ctx, "tcp", p.cfg.Server)
	case "tls":
		secure := tls.Dialer{NetDialer: &dialer, Config: p.cfg.TLS}
		p.stream, err = secure.DialContext(ctx, "tcp", p.cfg.Server)
	default:
		err = fmt.Errorf("network %q", p.cfg.Network)
	}
	if err == nil {
		p.local = p.stream.LocalAddr().(*net.TCPAddr).AddrPort()
	}
	return err
}

// read hands on what comes until the socket ends, and closes in. Over a stream a
// malformed message is the end too: what follows it is out of step.
func (p *Phone) read(alive context.Context, in chan<- packet) {
	defer close(in)
	next := p.datagram
	if p.stream != nil {
		r := bufio.NewReader(p.stream)
		next = func([]byte) (*Message, error) { return ReadMessage(r) }
	}
	buf := make([]byte, 1<<16)
	for {
		m, err := next(buf)
		if m != nil {
			m.At = time.Now()
		}
		select {
		case in <- packet{m, err}:
		case <-alive.Done():
			return
		}
		if err != nil && (p.stream != nil || !errors.Is(err, errMalformed)) {
			return
		}
	}
}

// datagram passes over keep-alives (RFC 5626 3.5.1) and late RTP for whoever had
// the port before.
func (p *Phone) datagram(buf []byte) (*Message, error) {
	for {
		n, peer, err := p.udp.ReadFromUDPAddrPort(buf)
		if err != nil {
			return nil, err
		}
		if n <= 4 || buf[0]>>6 == 2 {
			continue
		}
		m, err := Parse(buf[:n])
		if err == nil {
			m.Peer = netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port())
		}
		return m, err
	}
}

func (p *Phone) write(b []byte, to netip.AddrPort) (err error) {
	if p.stream != nil {
		_, err = p.stream.Write(b)
	} else {
		_, err = p.udp.WriteToUDPAddrPort(b, to)
	}
	return err
}

// next is where m goes over UDP: inside a dialog the first Route or the remote
// target, outside the server.
func (p *Phone) next(m *Message) (netip.AddrPort, error) {
	switch route := m.List("Route"); {
	case p.stream != nil || m.Peer.IsValid():
		return m.Peer, nil
	case m.Method == "":
		return netip.AddrPort{}, errors.New("a response needs the Peer of its request")
	case len(route) > 0:
		return addrOf(uriOf(route[0]))
	case p.server.IsValid() && m.Param("To", "tag") == "":
		return p.server, nil
	}
	return addrOf(m.URI)
}
