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
	total counters
	bytes prometheus.Counter
}

func newRecordings(r registrar) *Recordings {
	return &Recordings{
		r:     r,
		total: r.counters("shouwen_recordings_total", "Recordings of calls that have ended.", recordingResult),
		bytes: r.counter("shouwen_recording_bytes_total", "Octets of recordings written."),
	}
}

// Ended counts a recording with its size.
func (m *Recordings) Ended(res RecordingResult, bytes int64) {
	m.total.of(string(res)).Inc()
	m.bytes.Add(float64(bytes))
}

// ReadFree makes free, safe from any goroutine, the source of what is left on the
// disk of recordings. Call it once.
func (m *Recordings) ReadFree(free func() float64) {
	m.r.gaugeFunc("shouwen_recording_free_bytes", "Octets left on the disk of recordings.", free)
}

// PromptResult says how a prompt ended.
type PromptResult string

// The results of prompts.
const (
	PromptCompleted   PromptResult = "completed"
	PromptInterrupted PromptResult = "interrupted" // by a key, an agent, or the end of the call
	PromptFailed      PromptResult = "failed"      // it was to be heard and there is none
)

// Prompts counts what callers and agents were told by prompts; music and tones are none.
type Prompts struct{ total counters }

func newPrompts(r registrar) *Prompts {
	return &Prompts{r.counters("shouwen_prompts_played_total", "Prompts played, music and tones apart.", promptResult)}
}

// Played counts a prompt.
func (p *Prompts) Played(res PromptResult) { p.total.of(string(res)).Inc() }
