package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// NotificationResult says what became of an attempt to tell somebody something.
type NotificationResult string

// The results of attempts.
const (
	NotificationOK      NotificationResult = "ok"
	NotificationRetried NotificationResult = "retried" // it failed and is tried again
	NotificationFailed  NotificationResult = "failed"  // it was given up: a dead letter
)

// OutboxTopic is what of one kind has not left the house.
type OutboxTopic struct {
	Pending, Dead int
	Oldest        time.Duration // for how long the oldest pending one has been there
}

// Outbox measures what leaves the house.
type Outbox struct {
	attempts *prometheus.CounterVec // by channel and result
	reg      registrar
}

func newOutbox(r registrar) *Outbox {
	return &Outbox{
		attempts: r.counterVec("shouwen_notifications_total", "Attempts to record a fired stage or to tell somebody of it, by channel.", "channel", "result"),
		reg:      r,
	}
}

// Declare makes the series of a channel of the configuration.
func (m *Outbox) Declare(channel string) {
	for _, r := range []NotificationResult{NotificationOK, NotificationRetried, NotificationFailed} {
		m.attempts.WithLabelValues(channel, string(r))
	}
}

// Attempted counts an attempt of a declared channel. It is safe from any goroutine.
func (m *Outbox) Attempted(channel string, r NotificationResult) {
	m.attempts.WithLabelValues(channel, string(r)).Inc()
}

// Read has what has not left read at every scrape, by topic; call it once. While read
// has no answer it returns nil and there are no figures.
func (m *Outbox) Read(read func() map[string]OutboxTopic) {
	for name, f := range map[string]struct {
		help string
		of   func(OutboxTopic) float64
	}{
		"shouwen_state_outbox_pending":        {"What is to leave the house and has not yet.", func(t OutboxTopic) float64 { return float64(t.Pending) }},
		"shouwen_state_outbox_oldest_seconds": {"For how long the oldest of it has been there.", func(t OutboxTopic) float64 { return t.Oldest.Seconds() }},
		"shouwen_state_outbox_dead":           {"What was given up; a person has to look.", func(t OutboxTopic) float64 { return float64(t.Dead) }},
	} {
		m.reg.sampled(name, f.help, []string{"topic"}, func(emit func(float64, ...string)) {
			for topic, t := range read() {
				emit(f.of(t), topic)
			}
		})
	}
}
