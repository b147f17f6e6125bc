package main

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestQuantilesAreNearlyExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Int64Range(-1000, int64(10*time.Minute)), 1, 300).Draw(t, "durations")
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		var h Histogram
		for _, d := range all {
			h.Add(time.Duration(d))
		}
		slices.Sort(all)
		exact := max(all[min(int(q*float64(len(all))), len(all)-1)], 0)
		got := int64(h.quantile(q))
		if got < exact || float64(got) > float64(exact)*(1+1.0/grain)+1 {
			t.Fatalf("quantile %v is %d, exact %d", q, got, exact)
		}
	})
}

func TestBucketsHoldWhatTheySay(t *testing.T) {
	t.Parallel()
	for i := range 58 * grain {
		if b := bucket(top(i)); b != i {
			t.Fatalf("the top of bucket %d, %d, is in bucket %d", i, top(i), b)
		}
	}
	if b := bucket(1<<63 - 1); b >= 58*grain {
		t.Fatalf("bucket %d for the longest duration", b)
	}
}

func TestEmptyHistogram(t *testing.T) {
	t.Parallel()
	var h Histogram
	h.Add(time.Second)
	h.Reset()
	if q := h.Quantiles(); q != (Quantiles{}) {
		t.Errorf("%+v", q)
	}
}
