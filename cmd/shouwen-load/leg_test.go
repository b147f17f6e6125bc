package main

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSequenceFindsWhatIsMissing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.SampledFrom([]int{16, 32}).Draw(t, "width")
		n, missing, found := rapid.Uint32().Draw(t, "first"), uint32(0), uint32(0)
		var s sequence
		s.follow(1, n, width)
		for _, step := range rapid.SliceOf(rapid.Uint32Range(1, 1000)).Draw(t, "steps") {
			n += step
			missing += step - 1
			found += s.follow(1, n, width)
			if late := s.follow(1, n-rapid.Uint32Range(0, 100).Draw(t, "late"), width); late != 0 {
				t.Fatalf("%d are missing before a packet that came late", late)
			}
		}
		if found != missing {
			t.Fatalf("%d of %d missing were found", found, missing)
		}
		if gap := s.follow(2, n+5000, width); gap != 0 {
			t.Fatalf("%d are missing at the beginning of another source", gap)
		}
	})
}

func TestStampComesBack(t *testing.T) {
	t.Parallel()
	payload := make([]byte, frameOctets)
	want := stamp{7, 8, time.Unix(1, 2)}
	want.put(payload)
	if got, ok := readStamp(payload); !ok || got != want {
		t.Errorf("%+v, %t", got, ok)
	}
	payload[4] ^= 1 // another process
	if got, ok := readStamp(payload); !ok || got.leg != 0 || !got.at.Equal(want.at) {
		t.Errorf("of another process: %+v, %t", got, ok)
	}
	payload[0] ^= 1
	if _, ok := readStamp(payload); ok {
		t.Error("music has a stamp")
	}
	if _, ok := readStamp(payload[:stampOctets-1]); ok {
		t.Error("half a stamp is one")
	}
}
