package metrics

import "time"

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
	attempts counters
	r        registrar
}

func newOutbox(r registrar) *Outbox {
	return &Outbox{
		attempts: r.counters("shouwen_notifications_total", "Attempts to tell somebody of a fired stage.", channel, notificationResult),
		r:        r,
	}
}

// Attempted counts an attempt over a channel: webhook, email or sip. It is safe from
// any goroutine.
func (m *Outbox) Attempted(channel string, r NotificationResult) {
	m.attempts.of(channel, string(r)).Inc()
}

// Read has what has not left read at every scrape, by topic; call it once. While read
// has no answer it returns nil and there are no figures.
func (m *Outbox) Read(read func() map[string]OutboxTopic) {
	labels := []*label{topicLabel}
	m.r.sampled([]gauge{
		{"shouwen_state_outbox_pending", "What is to leave the house and has not yet.", labels},
		{"shouwen_state_outbox_oldest_seconds", "For how long the oldest of it has been there.", labels},
		{"shouwen_state_outbox_dead", "What was given up; a person has to look.", labels},
	}, func(emit func(int, float64, ...string)) {
		for topic, t := range read() {
			emit(0, float64(t.Pending), topic)
			emit(1, t.Oldest.Seconds(), topic)
			emit(2, float64(t.Dead), topic)
		}
	})
}
