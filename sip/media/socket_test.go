package media

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// withSockets are the tests that ask for sockets; second is set while they run
// again.
var (
	withSockets = map[string]bool{}
	second      bool
)

// TestMain runs the tests with the sockets of this system, and those that use
// sockets again with the portable ones.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 && len(withSockets) > 0 {
		second = true
		_ = flag.Set("test.run", "^("+strings.Join(slices.Collect(maps.Keys(withSockets)), "|")+")$")
		code = m.Run()
	}
	os.Exit(code)
}

// kind returns the sockets under test.
func kind(t testing.TB) sockets {
	t.Helper()
	if second {
		return portable{}
	}
	if name, _, _ := strings.Cut(t.Name(), "/"); strings.HasPrefix(name, "Test") {
		withSockets[name] = true
	}
	s, err := newSockets()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// reading runs s until the end of the test.
func reading(t testing.TB, s sockets) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Error("reading goes on after its end")
		}
	})
}

func listen(t testing.TB, s sockets, addr string) (packetConn, netip.AddrPort) {
	t.Helper()
	c, err := s.listen(netip.MustParseAddrPort(addr))
	if errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.EAFNOSUPPORT) {
		t.Skipf("%s: not on this machine", addr)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, nameOf(t, c)
}

// nameOf returns the address of c.
func nameOf(t testing.TB, c packetConn) netip.AddrPort {
	name, err := unix.Getsockname(descriptor(t, c))
	switch name := name.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(name.Addr), uint16(name.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(name.Addr), uint16(name.Port))
	}
	t.Error(err)
	return netip.AddrPort{}
}

func netDescriptor(t testing.TB, c packetConn) (fd int) {
	t.Helper()
	raw, err := c.(*readConn).blocking.(*net.UDPConn).SyscallConn()
	if err == nil {
		err = raw.Control(func(f uintptr) { fd = int(f) })
	}
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

var families = []string{"127.0.0.1:0", "[::1]:0"}

func TestSocketsAreTuned(t *testing.T) {
	for _, addr := range families {
		t.Run(addr, func(t *testing.T) {
			c, _ := listen(t, kind(t), addr)
			level, option := unix.IPPROTO_IP, unix.IP_TOS
			if addr[0] == '[' {
				level, option = unix.IPPROTO_IPV6, unix.IPV6_TCLASS
			}
			if tos, err := unix.GetsockoptInt(descriptor(t, c), level, option); tos != tosEF {
				t.Errorf("TOS %#x, %v", tos, err)
			}
			for _, o := range []int{unix.SO_RCVBUF, unix.SO_SNDBUF} {
				if n, err := unix.GetsockoptInt(descriptor(t, c), unix.SOL_SOCKET, o); n < 200<<10 {
					t.Errorf("buffer of %d octets, %v", n, err)
				}
			}
		})
	}
}

// What is sent arrives, with its source; after Close nothing does, in either
// direction, whatever is still under way.
func TestSocketSendsAndReceives(t *testing.T) {
	for _, addr := range families {
		t.Run(addr, func(t *testing.T) {
			s := kind(t)
			reading(t, s)
			a, atA := listen(t, s, addr)
			b, atB := listen(t, s, addr)
			type got struct {
				text string
				from netip.AddrPort
			}
			arrived := make(chan got, 1)
			a.serve(func(b []byte, from netip.AddrPort) {
				arrived <- got{string(b), netip.AddrPortFrom(from.Addr().Unmap(), from.Port())}
			})
			for range 3 {
				if n, err := b.WriteToUDPAddrPort([]byte("hello"), atA); n != 5 || err != nil {
					t.Fatal(n, err)
				}
				if g := <-arrived; g != (got{"hello", atB}) {
					t.Errorf("%+v", g)
				}
			}
			other := netip.MustParseAddrPort(map[bool]string{true: "[::1]:9", false: "127.0.0.1:9"}[atA.Addr().Is4()])
			if _, err := b.WriteToUDPAddrPort([]byte("x"), other); err == nil {
				t.Error("sent to another IP version")
			}
			a.Close()
			if _, err := a.WriteToUDPAddrPort([]byte("x"), atB); !errors.Is(err, net.ErrClosed) {
				t.Errorf("sent after Close: %v", err)
			}
		})
	}
}

// 400 sockets at 50 packets a second each: none is lost, whether they are read one
// by one or by the tick, and sockets that are closed meanwhile disturb nobody.
func TestManySockets(t *testing.T) {
	const sockets, packets = 200, 50
	s := kind(t)
	reading(t, s)
	var heard atomic.Int64
	complete := make(chan struct{})
	var all []packetConn
	var to []netip.AddrPort
	for range sockets {
		c, at := listen(t, s, "127.0.0.1:0")
		c.serve(func(b []byte, from netip.AddrPort) {
			if len(b) != 2 { // from a stranger: ports are used again
				return
			}
			if n := int64(binary.BigEndian.Uint16(b)); n > 0 && heard.Add(n) == sockets*packets {
				close(complete)
			}
		})
		all, to = append(all, c), append(to, at)
	}
	var closing sync.WaitGroup
	closing.Go(func() {
		for range 200 {
			c, err := s.listen(netip.MustParseAddrPort("127.0.0.1:0"))
			if err != nil {
				t.Error(err)
				return
			}
			at, closed := nameOf(t, c), false
			c.serve(func([]byte, netip.AddrPort) {
				if closed {
					t.Error("handed over after Close")
				}
			})
			for range 3 {
				_, _ = all[0].WriteToUDPAddrPort([]byte{0, 0}, at)
			}
			c.Close()
			closed = true
		}
	})
	one := []byte{0, 1}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range packets {
		for i, c := range all {
			if _, err := c.WriteToUDPAddrPort(one, to[(i+1)%sockets]); err != nil {
				t.Fatal(err)
			}
		}
		<-tick.C
	}
	closing.Wait()
	select {
	case <-complete:
	case <-time.After(30 * time.Second):
		t.Fatalf("%d of %d packets came", heard.Load(), sockets*packets)
	}
}
