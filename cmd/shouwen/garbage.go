package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	garbageInterval = 5 * time.Second // between looks at what the collector costs

	usualGarbage = 100 // percent of what is in use that may be left lying before it is collected, as Go has it
	mostGarbage  = 400

	garbageDear  = 0.04 // of a core, above which more is left lying
	garbageCheap = 0.01 // and below which less
)

// leaveGarbage lets the collector run less often while it takes much of a core, that is
// while hundreds of calls a second come: what is left of each lies about for half a
// minute (Timer J), is looked through again and again, and calls would be refused
// for it. Calls that are up leave next to nothing, so that they cost no more memory. It
// returns when ctx ends, and at once where GOGC is set.
func leaveGarbage(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	tick := time.NewTicker(garbageInterval)
	defer tick.Stop()
	percent, was := usualGarbage, collecting()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		is := collecting()
		if next := garbage(percent, (is-was)/garbageInterval.Seconds()); next != percent {
			percent = next
			debug.SetGCPercent(percent)
		}
		was = is
	}
}

// garbage returns how much may be left lying after it was percent and the collector
// took that share of a core.
func garbage(percent int, share float64) int {
	switch {
	case share > garbageDear:
		return min(2*percent, mostGarbage)
	case share < garbageCheap:
		return max(percent/2, usualGarbage)
	}
	return percent
}

// collecting returns the seconds of a core the collector has taken so far, but for
// those nobody wanted.
func collecting() float64 {
	took := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}, {Name: "/cpu/classes/gc/mark/idle:cpu-seconds"}}
	metrics.Read(took)
	return took[0].Value.Float64() - took[1].Value.Float64()
}
