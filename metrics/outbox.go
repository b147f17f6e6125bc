package metrics

// NotificationResult says what became of an attempt to tell somebody something.
type NotificationResult string

// The results of attempts.
const (
	NotificationOK      NotificationResult = "ok"
	NotificationRetried NotificationResult = "retried" // it failed and is tried again
	NotificationFailed  NotificationResult = "failed"  // it was given up: a dead letter
)

// Outbox measures what leaves the house.
type Outbox struct {
	attempts counters
}

func newOutbox(r registrar) *Outbox {
	return &Outbox{
		attempts: r.counters("shouwen_notifications_total", "Attempts to tell somebody of a fired stage.", channel, notificationResult),
	}
}

// Attempted counts an attempt over a channel: webhook, email or sip. It is safe from
// any goroutine.
func (m *Outbox) Attempted(channel string, r NotificationResult) {
	m.attempts.of(channel, string(r)).Inc()
}
