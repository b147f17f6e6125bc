package metrics

import "github.com/prometheus/client_golang/prometheus"

// RecordingResult says what became of a recording.
type RecordingResult string

// The results of recordings.
const (
	RecordingOK      RecordingResult = "ok"
	RecordingPartial RecordingResult = "partial" // ended before the call
	RecordingFailed  RecordingResult = "failed"  // there is none
)

// Recordings counts recordings of calls.
type Recordings struct {
	r     registrar
	total *prometheus.CounterVec
	bytes prometheus.Counter
}

func newRecordings(r registrar) *Recordings {
	m := &Recordings{
		r:     r,
		total: r.counterVec("shouwen_recordings_total", "Recordings of calls that have ended.", "result"),
		bytes: r.counter("shouwen_recording_bytes_total", "Octets of recordings written."),
	}
	for _, res := range []RecordingResult{RecordingOK, RecordingPartial, RecordingFailed} {
		m.total.WithLabelValues(string(res))
	}
	return m
}

// Ended counts a recording with its size.
func (m *Recordings) Ended(res RecordingResult, bytes int64) {
	m.total.WithLabelValues(string(res)).Inc()
	m.bytes.Add(float64(bytes))
}

// ReadFree makes free, safe from any goroutine, the source of what is left on the
// disk of recordings. Call it once.
func (m *Recordings) ReadFree(free func() float64) {
	m.r.gaugeFunc("shouwen_recording_free_bytes", "Octets left on the disk of recordings.", free)
}
