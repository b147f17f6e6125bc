package siptest_test

import (
	"net/netip"
	"testing"

	"shouwen/sip/siptest"
)

// track is a Media that only knows what it is told.
type track struct {
	addr   netip.AddrPort
	remote chan netip.AddrPort
	closed chan struct{}
}

func (m *track) Addr() netip.AddrPort                    { return m.addr }
func (m *track) Connect(remote netip.AddrPort, pt uint8) { m.remote <- remote }
func (m *track) Close()                                  { close(m.closed) }

func TestMediaOfOthers(t *testing.T) {
	t.Parallel()
	phone := func(port uint16) (siptest.TestPhone, *track) {
		m := &track{netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port), make(chan netip.AddrPort, 2), make(chan struct{})}
		return siptest.New(t, "", siptest.Config{Media: func() (siptest.Media, error) { return m, nil }}), m
	}
	caller, one := phone(4000)
	callee, other := phone(4002)
	out := caller.Dial("sip:callee@" + callee.Addr().String())
	in := callee.Incoming()
	in.Answer()
	out.Answered()
	if out.Call.Audio.Media() != siptest.Media(one) {
		t.Error("the call has another Media than was made for it")
	}
	if got := <-one.remote; got != other.addr {
		t.Errorf("the caller was connected to %s, want %s", got, other.addr)
	}
	if got := <-other.remote; got != one.addr {
		t.Errorf("the callee was connected to %s, want %s", got, one.addr)
	}
	out.Hangup()
	in.Ended()
	<-one.closed
	<-other.closed
}
