package media

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"golang.org/x/sys/unix"
)

var quiet = slog.New(slog.DiscardHandler)

// running runs pool in the bubble of a test until it ends.
func running(t *testing.T, pool *Pool) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); pool.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

func TestPortsAreEvenRandomAndFinite(t *testing.T) {
	const pairs = 50
	ports := func() (out []uint16) {
		pool, _ := wirePool(t, pairs)
		for range pairs {
			s, err := pool.Open(quiet)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			out = append(out, s.Port())
		}
		_, err := pool.Open(quiet)
		if !errors.Is(err, ErrNoPorts) || !strings.Contains(err.Error(), "30000-30099") || !strings.Contains(err.Error(), "rtp.ports") {
			t.Errorf("one too many: %v", err)
		}
		if pool.InUse() != pairs || pool.Limit() != pairs {
			t.Errorf("%d of %d in use", pool.InUse(), pool.Limit())
		}
		return out
	}
	first, second := ports(), ports()
	if slices.Equal(first, second) {
		t.Error("the same order twice")
	}
	slices.Sort(first)
	for i, port := range first {
		if port != uint16(30000+2*i) {
			t.Fatalf("ports %v", first)
		}
	}
}

func TestPortsTakenByOthersArePassedOver(t *testing.T) {
	pool, w := wirePool(t, 10)
	pool.sockets = occupied{w, unix.EADDRINUSE}
	s, err := pool.Open(quiet)
	if err != nil || s.Port() != 30006 {
		t.Fatalf("%v, %v", s, err)
	}
	defer s.Close()
	if _, err := pool.Open(quiet); !errors.Is(err, ErrNoPorts) {
		t.Errorf("second: %v", err)
	}
	pool.sockets = occupied{w, unix.EMFILE}
	if _, err := pool.Open(quiet); !errors.Is(err, unix.EMFILE) || errors.Is(err, ErrNoPorts) {
		t.Errorf("without file descriptors: %v", err)
	}
}

// occupied refuses all ports but one pair with an error.
type occupied struct {
	*wire
	err error
}

func (s occupied) listen(at netip.AddrPort) (packetConn, error) {
	if at.Port() != 30006 && at.Port() != 30007 {
		return nil, s.err
	}
	return s.wire.listen(at)
}

func TestPoolRefusesBadRanges(t *testing.T) {
	tests := map[string]struct {
		addr        string
		first, last uint16
		want        string
	}{
		"empty":                 {"127.0.0.1", 20000, 20000, "rtp.ports"},
		"backwards":             {"127.0.0.1", 20000, 10000, "rtp.ports"},
		"no even beginning":     {"127.0.0.1", 20001, 20002, "rtp.ports"},
		"from zero":             {"127.0.0.1", 0, 100, "rtp.ports"},
		"address of no machine": {"192.0.2.1", 20000, 20100, "192.0.2.1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := NewPool(netip.MustParseAddr(tt.addr), tt.first, tt.last)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want it to name %s", err, tt.want)
			}
		})
	}
	if p, err := NewPool(loopback, 65533, 65535); err != nil || p.Limit() != 1 {
		t.Errorf("last pair: %v", err)
	}
}

// A returned port is drained until it has been silent for 2 s, at most 60 s.
func TestQuarantine(t *testing.T) {
	tests := map[string]struct {
		stream time.Duration // how long the old peer goes on
		want   time.Duration // until the port is free, to a tick
	}{
		"silent peer":          {0, 2 * time.Second},
		"peer stops after 5 s": {5 * time.Second, 7 * time.Second},
		"peer never stops":     {90 * time.Second, 60 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pool, w := wirePool(t, 1)
				running(t, pool)
				s := wireSession(t, pool)
				port := s.Port()
				sinkOf(s, func(*Packet) { t.Error("heard after the end") })
				s.Close()
				begin := time.Now()
				for seq := uint16(0); time.Since(begin) < tt.stream && w.isOpen(port); seq++ {
					w.put(port, datagram(t, rtp.Header{SequenceNumber: seq}, make([]byte, frameSamples)))
					time.Sleep(frameTime)
				}
				for pool.InUse() > 0 {
					if _, err := pool.Open(quiet); !errors.Is(err, ErrNoPorts) {
						t.Fatalf("opened in quarantine: %v", err)
					}
					time.Sleep(poolTick)
				}
				if took := time.Since(begin); took < tt.want || took > tt.want+2*poolTick {
					t.Errorf("free after %v, want %v", took, tt.want)
				}
				synctest.Wait()
				if w.isOpen(port) || w.isOpen(port+1) {
					t.Error("free, but still open")
				}
				again, err := pool.Open(quiet)
				if err != nil {
					t.Fatal(err)
				}
				again.Close()
			})
		})
	}
}

// The port of a phone that rang in vain is free when its session is closed, unless
// something came there.
func TestUnusedPortIsFreeAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool, w := wirePool(t, 1)
		running(t, pool)
		for range 3 {
			s, err := pool.Open(quiet)
			if err != nil {
				t.Fatal(err)
			}
			s.Close()
			s.Apply(Negotiated{Remote: phoneAddr, SendOK: true})
			if w.isOpen(s.Port()) || w.isOpen(s.Port()+1) || pool.InUse() != 0 {
				t.Fatal("the port is not free")
			}
		}
		s, err := pool.Open(quiet)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		w.put(s.Port(), []byte("early"))
		synctest.Wait()
		s.Close()
		if !w.isOpen(s.Port()) || pool.InUse() != 1 {
			t.Error("the port is free, and somebody sends there")
		}
	})
}

func TestStoppedPoolClosesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool, w := wirePool(t, 2)
		ctx, cancel := context.WithCancel(t.Context())
		resting, live := wireSession(t, pool), wireSession(t, pool)
		resting.Close()
		cancel()
		if err := pool.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
		if w.isOpen(resting.Port()) || !w.isOpen(live.Port()) {
			t.Error("the resting port must close, the live one stay open")
		}
		live.Close()
		synctest.Wait()
		if w.isOpen(live.Port()) {
			t.Error("the last port stays open")
		}
	})
}

// Reports go out about every 5 s, spread over half to one and a half of it,
// also while we may not send RTP.
func TestReportsAreRegularAndSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool, w := wirePool(t, 1)
		running(t, pool)
		s := wireSession(t, pool)
		defer s.Close()
		s.Apply(Negotiated{Remote: phoneAddr, RecvOK: true})
		time.Sleep(10 * time.Minute)
		all := w.record(s.Port() + 1)
		if n := len(all); n < 100 || n > 140 {
			t.Fatalf("%d reports in 10 minutes, want about 120", n)
		}
		gaps := map[time.Duration]bool{}
		for i, d := range all {
			if want := netip.AddrPortFrom(phoneAddr.Addr(), phoneAddr.Port()+1); d.to != want {
				t.Fatalf("sent to %s, want %s", d.to, want)
			}
			packets, err := rtcp.Unmarshal(d.b)
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := packets[0].(*rtcp.ReceiverReport); !ok {
				t.Fatalf("%T though nothing was sent", packets[0])
			}
			if i > 0 {
				gap := d.at.Sub(all[i-1].at)
				gaps[gap] = true
				if gap < reportEvery/2 || gap > reportEvery*3/2+poolTick {
					t.Errorf("gap of %v", gap)
				}
			}
		}
		if len(gaps) < 10 {
			t.Errorf("only %d different gaps", len(gaps))
		}
	})
}
