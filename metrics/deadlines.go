package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Deadlines measures the scanner, which makes the stages of clocks heard.
type Deadlines struct {
	delay   *prometheus.HistogramVec // by clock
	scanned prometheus.Gauge
}

func newDeadlines(r registrar) *Deadlines {
	return &Deadlines{
		delay: r.histogramVec("shouwen_deadline_fire_delay_seconds", "How long after its time a stage of a clock was fired, by the clock of the database.",
			[]float64{.1, .25, .5, 1, 2, 5, 10, 30, 60, 300}, "clock"),
		scanned: r.gaugeVec("shouwen_deadline_scan_timestamp_seconds", "When this node last finished a scan, in Unix time; 0: never.").WithLabelValues(),
	}
}

// Fired measures a stage of a kind of clock of the profile. It is safe from any goroutine.
func (m *Deadlines) Fired(clock string, late time.Duration) {
	m.delay.WithLabelValues(clock).Observe(late.Seconds())
}

// Scanned notes that a scan is finished.
func (m *Deadlines) Scanned() { m.scanned.SetToCurrentTime() }
