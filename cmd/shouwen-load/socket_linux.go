package main

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// socket is a non-blocking UDP socket for audio over IPv4. The kernel notes when
// a datagram came, so that reading it later measures the server and not us. One
// goroutine at a time may use it.
type socket struct {
	fd   int
	addr netip.AddrPort
}

func openSocket(local netip.Addr) (s socket, err error) {
	if !local.Is4() {
		return s, fmt.Errorf("audio from %s: want an IPv4 address", local)
	}
	s.fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return s, fmt.Errorf("audio socket: %w; raise the limit of open files (ulimit -n)", err)
	}
	err = errors.Join(
		unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1),
		unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 256<<10),
		unix.Bind(s.fd, &unix.SockaddrInet4{Addr: local.As4()}),
	)
	bound, nameErr := unix.Getsockname(s.fd)
	if err = errors.Join(err, nameErr); err != nil {
		s.close()
		return s, fmt.Errorf("audio socket on %s: %w", local, err)
	}
	s.addr = netip.AddrPortFrom(local, uint16(bound.(*unix.SockaddrInet4).Port))
	return s, nil
}

func (s socket) close() { _ = unix.Close(s.fd) }

// send gives up a packet that does not go out at once, as a phone does. The
// system call is made raw because it never waits.
func (s socket) send(packet []byte, to *destination) bool {
	_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(s.fd), uintptr(unsafe.Pointer(unsafe.SliceData(packet))),
		uintptr(len(packet)), 0, uintptr(unsafe.Pointer(to)), unix.SizeofSockaddrInet4)
	return errno == 0
}

// destination is an address as the kernel wants it.
type destination unix.RawSockaddrInet4

func newDestination(a netip.AddrPort) *destination {
	raw := &destination{Family: unix.AF_INET, Addr: a.Addr().Unmap().As4()}
	port := (*[2]byte)(unsafe.Pointer(&raw.Port))
	port[0], port[1] = byte(a.Port()>>8), byte(a.Port())
	return raw
}

// inbox takes up to batch datagrams with one system call. A phone that is read
// every 20 ms has one; more are there after a stall.
type inbox struct {
	msgs    [batch]message
	iovs    [batch]unix.Iovec
	packets [batch][512]byte
	control [batch][64]byte
}

const batch = 16

// message is struct mmsghdr of recvmmsg(2).
type message struct {
	hdr unix.Msghdr
	len uint32
}

func newInbox() *inbox {
	b := &inbox{}
	for i := range b.msgs {
		b.iovs[i].Base = &b.packets[i][0]
		b.iovs[i].SetLen(len(b.packets[i]))
		b.msgs[i].hdr.Iov = &b.iovs[i]
		b.msgs[i].hdr.SetIovlen(1)
		b.msgs[i].hdr.Control = &b.control[i][0]
	}
	return b
}

// receive calls each with every datagram there is now and when it came. The
// packet is overwritten afterwards.
func (b *inbox) receive(s socket, each func(packet []byte, at time.Time)) {
	for {
		for i := range b.msgs {
			b.msgs[i].hdr.SetControllen(len(b.control[i]))
		}
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&b.msgs[0])), batch, unix.MSG_DONTWAIT, 0, 0)
		if errno != 0 {
			return // nothing there, or news of a far end that is not
		}
		for i := range int(n) {
			each(b.packets[i][:b.msgs[i].len], b.stamped(i))
		}
		if n < batch {
			return
		}
	}
}

// stamped is when datagram i came.
func (b *inbox) stamped(i int) time.Time {
	h := (*unix.Cmsghdr)(unsafe.Pointer(&b.control[i][0]))
	if b.msgs[i].hdr.Controllen == 0 || h.Level != unix.SOL_SOCKET || h.Type != unix.SCM_TIMESTAMPNS {
		return time.Now()
	}
	t := (*unix.Timespec)(unsafe.Pointer(&b.control[i][unix.CmsgLen(0)]))
	return time.Unix(t.Unix())
}
