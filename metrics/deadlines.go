package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Deadlines measures the scanner, which makes the stages of clocks heard.
type Deadlines struct {
	delay   histograms
	scanned prometheus.Gauge
}

func newDeadlines(r registrar) *Deadlines {
	return &Deadlines{
		delay: r.histograms("shouwen_deadline_fire_delay_seconds", "Fired minus due, of the stages of clocks, by the clock of the database.",
			[]float64{.1, .25, .5, 1, 2, 5, 10, 30, 60, 300}, clockLabel),
		scanned: r.gauges("shouwen_deadline_scan_timestamp_seconds", "When this node last finished a scan, in Unix time; 0: never.").of(),
	}
}

// Fired measures a stage of a kind of clock of the profile, of a case that began with
// a call; empty: it is not known.
func (m *Deadlines) Fired(clock string, late time.Duration, call string) {
	m.delay.observe(late.Seconds(), call, clock)
}

// Scanned notes that a scan is finished.
func (m *Deadlines) Scanned() { m.scanned.SetToCurrentTime() }
