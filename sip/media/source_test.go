package media

import (
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Received, lost, late and duplicate agree with what the network did.
func TestSourceCountsWhatTheNetworkDid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.Uint16().Draw(t, "first")
		n := rapid.IntRange(1, 70000).Draw(t, "packets")
		loss := rapid.IntRange(0, 60).Draw(t, "loss %")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "network"), 0))
		var s source
		s.begin(&Packet{SSRC: 1, Seq: first})
		const afterNewer = late
		var received, lost, late, duplicates uint64 = 1, 0, 0, 0
		arrive := func(i int, want arrival) {
			if got := s.count(&Packet{SSRC: 1, Seq: first + uint16(i)}); got != want {
				t.Fatalf("packet %d: arrival %d, want %d", i, got, want)
			}
		}
		held := 0 // a packet that will be late
		for i := 1; i < n; i++ {
			switch dice := rng.IntN(100); {
			case dice < loss && i < n-1:
				lost++
				continue
			case dice == 99 && held == 0 && i < n-40:
				held = i
				continue
			}
			arrive(i, inOrder)
			received++
			if rng.IntN(50) == 0 {
				arrive(i, duplicate)
				duplicates++
			}
			if held != 0 && i-held > 20 {
				arrive(held, afterNewer)
				received++
				late++
				held = 0
			}
		}
		if held != 0 {
			lost++
		}
		if s.received != received || s.lost() != lost || s.late != late || s.duplicate != duplicates {
			t.Fatalf("received %d lost %d late %d duplicate %d, want %d %d %d %d",
				s.received, s.lost(), s.late, s.duplicate, received, lost, late, duplicates)
		}
	})
}

func TestJumpOfTheSequence(t *testing.T) {
	var s source
	for i, seq := range []uint16{10, 11, 12, 40000, 13, 40001, 50000, 50001, 50002} {
		if i == 0 {
			s.begin(&Packet{Seq: seq})
			continue
		}
		want := inOrder
		if seq == 40000 || seq == 50000 {
			want = jumped
		}
		if got := s.count(&Packet{Seq: seq}); got != want {
			t.Errorf("packet %d: arrival %d, want %d", seq, got, want)
		}
	}
	if s.lost() != 0 || s.received != 7 {
		t.Errorf("lost %d, received %d, want 0, 7", s.lost(), s.received)
	}
}

// What was sent before the first packet heard, but came after it, was expected.
func TestLatePacketFromBeforeTheFirst(t *testing.T) {
	var s source
	s.begin(&Packet{Seq: 1})
	s.count(&Packet{Seq: 65534})
	if s.expected() != 4 || s.lost() != 2 {
		t.Errorf("expected %d, lost %d, want 4, 2", s.expected(), s.lost())
	}
}

// The interval fraction is of the interval, the total of the whole session.
func TestReportIsPerInterval(t *testing.T) {
	var s source
	s.begin(&Packet{SSRC: 3, Seq: 65530})
	if r, ok := s.report(time.Now()); !ok || r.SSRC != 3 || r.LastSequenceNumber != 65530 || r.TotalLost != 0 {
		t.Errorf("first report %+v, %v", r, ok)
	}
	s.count(&Packet{Seq: 2}) // 7 lost of 8
	if r, _ := s.report(time.Now()); r.FractionLost != 7*256/8 || r.TotalLost != 7 || r.LastSequenceNumber != 1<<16|2 {
		t.Errorf("second report %+v", r)
	}
	s.count(&Packet{Seq: 3})
	if r, _ := s.report(time.Now()); r.FractionLost != 0 || r.TotalLost != 7 {
		t.Errorf("third report %+v", r)
	}
	if _, ok := s.report(time.Now()); ok {
		t.Error("reported though nothing came")
	}
}

// Packets that come alternately 0 and 10 ms late have a mean deviation of 10 ms.
func TestJitter(t *testing.T) {
	var s source
	for i := range uint32(2000) {
		s.time(i*160, i*160+i%2*80)
	}
	if got := s.jitter >> 4; got < 75 || got > 85 {
		t.Errorf("jitter = %d units of 125 µs, want 80", got)
	}
	before := s.jitter
	s.time(1<<31, 2000*160)
	if s.jitter != before {
		t.Error("a clock that begins anew counts as jitter")
	}
}
