package media

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	tick        = time.Millisecond
	tickAbove   = 1000                   // packets a second that are read by the tick
	measureOver = 100 * time.Millisecond // over which they are counted
	maxEvents   = 256
)

// readers is sockets with as many goroutines as there are processors; both of a
// session are read by the same one.
type readers []*polled

func newSockets() (sockets, error) {
	r := make(readers, runtime.GOMAXPROCS(0))
	for i := range r {
		fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
		if err != nil {
			return nil, os.NewSyscallError("epoll_create", err)
		}
		r[i] = &polled{epoll: fd, conns: make(map[int32]*polledConn)}
	}
	return r, nil
}

func (r readers) listen(at netip.AddrPort) (packetConn, error) {
	return r[int(at.Port()/2)%len(r)].listen(at)
}

func (r readers) run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, p := range r {
		all.Go(func() { p.run(ctx) })
	}
	all.Wait()
	return context.Cause(ctx)
}

// polled is sockets that one goroutine reads with epoll. With few packets it waits
// for each; with many it looks for them every millisecond, which no packet interval
// notices and which saves waking up for each.
//
// Its system calls are raw: none of them waits, so the scheduler need not know of
// them. To wait it lets the runtime watch the epoll, through the file door. While
// it ticks there is no door, or every packet would still wake the runtime.
type polled struct {
	epoll int

	mu    sync.Mutex // guards conns
	conns map[int32]*polledConn

	// Owned by run.
	events [maxEvents]unix.EpollEvent
	ready  [maxEvents]*polledConn
	buf    [maxDatagram]byte
	door   *os.File // nil: none
	pace   pace
}

// run reads until ctx ends.
func (s *polled) run(ctx context.Context) {
	defer s.shut()
	for ctx.Err() == nil {
		n := s.poll()
		s.read(n)
		switch {
		case n == maxEvents:
		case s.pace.ticks(n, time.Now()):
			s.shut()
			time.Sleep(tick)
		default:
			s.wait(ctx)
		}
	}
}

// poll returns how many events there are now, of sockets with something to read.
func (s *polled) poll() int {
	n, _, err := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(s.epoll), uintptr(unsafe.Pointer(&s.events[0])), maxEvents, 0, 0, 0)
	if err != 0 {
		return 0 // EINTR
	}
	return int(n)
}

// read reads one datagram from each socket of the first n events.
func (s *polled) read(n int) {
	s.mu.Lock()
	for i := range n {
		s.ready[i] = s.conns[s.events[i].Fd]
	}
	s.mu.Unlock()
	for i := range n {
		if c := s.ready[i]; c != nil { // else it has just been closed
			c.read(s.buf[:])
			s.ready[i] = nil
		}
	}
}

// wait returns when there is something to read, or ctx has ended.
func (s *polled) wait(ctx context.Context) {
	if s.door == nil && !s.open() {
		time.Sleep(tick)
		return
	}
	door := s.door // run may be over, and the door shut, before the deadline is set
	raw, err := door.SyscallConn()
	if err != nil {
		return
	}
	stop := context.AfterFunc(ctx, func() { door.SetReadDeadline(time.Unix(1, 0)) })
	_ = raw.Read(func(uintptr) bool { return s.peek() })
	stop()
}

// peek reports whether there is something to read.
func (s *polled) peek() bool {
	var one [1]unix.EpollEvent
	n, _, _ := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(s.epoll), uintptr(unsafe.Pointer(&one[0])), 1, 0, 0, 0)
	return int(n) == 1
}

// open makes the door: another descriptor of the epoll, which the runtime watches.
func (s *polled) open() bool {
	fd, err := unix.FcntlInt(uintptr(s.epoll), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil || unix.SetNonblock(fd, true) != nil {
		return false
	}
	s.door = os.NewFile(uintptr(fd), "rtp")
	return true
}

func (s *polled) shut() {
	if s.door != nil {
		_ = s.door.Close()
		s.door = nil
	}
}

// pace decides whether sockets are read by the tick.
type pace struct {
	since   time.Time
	packets int
	ticking bool
}

// ticks counts n packets read at now.
func (p *pace) ticks(n int, now time.Time) bool {
	p.packets += n
	if passed := now.Sub(p.since); passed >= measureOver {
		p.ticking = float64(p.packets) > tickAbove*passed.Seconds()
		p.since, p.packets = now, 0
	}
	return p.ticking
}

func (s *polled) listen(at netip.AddrPort) (packetConn, error) {
	family, level, option := unix.AF_INET, unix.IPPROTO_IP, unix.IP_TOS
	var name unix.Sockaddr = &unix.SockaddrInet4{Port: int(at.Port())}
	if at.Addr().Is4() {
		name.(*unix.SockaddrInet4).Addr = at.Addr().As4()
	} else {
		family, level, option = unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_TCLASS
		name = &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	for _, o := range [][3]int{{unix.SOL_SOCKET, unix.SO_RCVBUF, socketBuffer}, {unix.SOL_SOCKET, unix.SO_SNDBUF, socketBuffer}, {level, option, tosEF}} {
		if err == nil {
			err = os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, o[0], o[1], o[2]))
		}
	}
	if err == nil {
		err = os.NewSyscallError("bind", unix.Bind(fd, name))
	}
	if err == nil {
		err = os.NewSyscallError("epoll_ctl", unix.EpollCtl(s.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}))
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return &polledConn{sockets: s, fd: fd, v6: at.Addr().Is6()}, nil
}

// polledConn is one socket.
type polledConn struct {
	sockets *polled
	v6      bool
	handle  handler

	reading sync.Mutex   // held while handle runs
	mu      sync.RWMutex // held to close fd, and shared to write to it
	fd      int          // -1: closed; written with both held
}

func (c *polledConn) serve(handle handler) {
	c.handle = handle
	s := c.sockets
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[int32(c.fd)] = c
}

// read hands one datagram to handle. Errors are news of a dead far end (ICMP).
func (c *polledConn) read(buf []byte) {
	c.reading.Lock()
	defer c.reading.Unlock()
	if c.fd < 0 {
		return
	}
	var name unix.RawSockaddrInet6 // has room for the other
	size := uint32(unsafe.Sizeof(name))
	n, _, err := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(c.fd), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)),
		0, uintptr(unsafe.Pointer(&name)), uintptr(unsafe.Pointer(&size)))
	if err == 0 {
		c.handle(buf[:n], addrPort(&name))
	}
}

// addrPort returns an address as the kernel writes it.
func addrPort(name *unix.RawSockaddrInet6) netip.AddrPort {
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&name.Port))[:])
	if name.Family == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(name)).Addr), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16(name.Addr), port)
}

// WriteToUDPAddrPort implements packetConn.
func (c *polledConn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.fd < 0 {
		return 0, net.ErrClosed
	}
	if c.v6 != to.Addr().Is6() || len(b) == 0 {
		return 0, errAddressFamily
	}
	var name unix.RawSockaddrInet6
	size := unsafe.Sizeof(name)
	if c.v6 {
		name.Family, name.Addr = unix.AF_INET6, to.Addr().As16()
	} else {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(&name))
		v4.Family, v4.Addr = unix.AF_INET, to.Addr().As4()
		size = unsafe.Sizeof(*v4)
	}
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&name.Port))[:], to.Port())
	n, _, err := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(c.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
		unix.MSG_NOSIGNAL, uintptr(unsafe.Pointer(&name)), size)
	if err != 0 {
		return 0, err
	}
	return int(n), nil
}

var errAddressFamily = errors.New("address of another IP version")

// Close implements packetConn.
func (c *polledConn) Close() error {
	c.reading.Lock()
	defer c.reading.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fd < 0 {
		return net.ErrClosed
	}
	s := c.sockets
	s.mu.Lock()
	delete(s.conns, int32(c.fd))
	s.mu.Unlock()
	err := unix.Close(c.fd)
	c.fd = -1
	return err
}
