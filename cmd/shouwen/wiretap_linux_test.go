package main

import (
	"encoding/binary"
	"net"
	"syscall"
	"testing"

	"shouwen/sip/siptest"
)

// wiretap hears what goes over loopback to a port, and plays it to an Audio that
// tells tones: proof that does not depend on what the receiver makes of it.
type wiretap struct {
	t     *testing.T
	phone siptest.TestPhone
}

func newWiretap(t *testing.T) *wiretap {
	t.Helper()
	fd, err := listenOnWire()
	if err != nil {
		t.Skip("needs the right to listen on the wire (root): ", err)
	}
	_ = syscall.Close(fd)
	return &wiretap{t, siptest.New(t, "", siptest.Config{Patience: patience})}
}

// listenOnWire opens a socket that gets every IPv4 packet, from the IP header on.
func listenOnWire() (int, error) {
	const ipv4 = 0x0008 // ETH_P_IP in network order
	fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_DGRAM, ipv4)
	if err != nil {
		return 0, err
	}
	err = syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Usec: 100_000})
	return fd, err
}

// to hears what is sent to a UDP port from now on until the test ends.
func (w *wiretap) to(port int) siptest.TestAudio {
	w.t.Helper()
	fd, err := listenOnWire()
	if err != nil {
		w.t.Fatal(err)
	}
	audio := w.phone.NewAudio()
	out, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(audio.Addr()))
	if err != nil {
		w.t.Fatal(err)
	}
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for buf := make([]byte, 1<<16); ; {
			select {
			case <-done:
				return
			default:
			}
			n, from, err := syscall.Recvfrom(fd, buf, 0)
			if err != nil {
				continue // nothing came for a while
			}
			if link, ok := from.(*syscall.SockaddrLinklayer); !ok || link.Pkttype == syscall.PACKET_OUTGOING {
				continue // loopback shows every packet twice
			}
			if payload, to := datagram(buf[:n]); to == port {
				_, _ = out.Write(payload)
			}
		}
	}()
	w.t.Cleanup(func() {
		close(done)
		<-ended
		_ = syscall.Close(fd)
		_ = out.Close()
	})
	return audio
}

// datagram returns the payload and the destination port of an IPv4 packet if it
// is UDP.
func datagram(b []byte) ([]byte, int) {
	if len(b) < 28 || b[9] != syscall.IPPROTO_UDP {
		return nil, 0
	}
	udp := b[4*int(b[0]&15):]
	if len(udp) < 8 {
		return nil, 0
	}
	return udp[8:], int(binary.BigEndian.Uint16(udp[2:]))
}
