package main

import (
	"runtime"
	"testing"
)

// TestGarbage: more is left lying while the collector is dear, up to four times what is
// in use, and in the end as much as ever.
func TestGarbage(t *testing.T) {
	percent := 100
	for _, step := range []struct {
		share float64
		want  int
	}{
		{0, 100}, {0.03, 100}, {0.1, 200}, {0.05, 400}, {0.3, 400}, {0.02, 400}, {0.005, 200}, {0, 100}, {0, 100},
	} {
		if percent = garbage(percent, step.share); percent != step.want {
			t.Fatalf("after a share of %g: %d, want %d", step.share, percent, step.want)
		}
	}
}

// TestCollectingIsMeasured: a collection that was asked for counts.
func TestCollectingIsMeasured(t *testing.T) {
	before := collecting()
	runtime.GC()
	if after := collecting(); after <= before {
		t.Errorf("took %g s before a collection, %g s after", before, after)
	}
}
