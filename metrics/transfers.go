package metrics

import "github.com/prometheus/client_golang/prometheus"

// TransferKind says how a caller is passed on.
type TransferKind string

// The kinds of transfers.
const (
	Blind TransferKind = "blind"
	Warm  TransferKind = "warm"
)

// TransferTarget says what a caller is passed on to.
type TransferTarget string

// The targets of transfers.
const (
	ToAgent      TransferTarget = "agent"
	ToDepartment TransferTarget = "department"
	ToQueue      TransferTarget = "queue"
	ToExternal   TransferTarget = "external"
)

// TransferResult says what became of a transfer.
type TransferResult string

// The results of transfers.
const (
	TransferCompleted TransferResult = "completed"
	TransferReturned  TransferResult = "returned" // the caller is with the agent who began it
	TransferFailed    TransferResult = "failed"   // the caller is in the queue, or gone
)

// Transfers counts transfers of calls.
type Transfers struct{ total *prometheus.CounterVec }

func newTransfers(r registrar) *Transfers {
	return &Transfers{r.counterVec("shouwen_transfers_total", "Transfers of calls.", "queue", "kind", "target", "result")}
}

// Declare makes the series of a queue exist.
func (t *Transfers) Declare(queue string) {
	for _, k := range []TransferKind{Blind, Warm} {
		for _, to := range []TransferTarget{ToAgent, ToDepartment, ToQueue, ToExternal} {
			for _, res := range []TransferResult{TransferCompleted, TransferReturned, TransferFailed} {
				t.total.WithLabelValues(queue, string(k), string(to), string(res))
			}
		}
	}
}

// Finished counts one transfer of a caller of queue.
func (t *Transfers) Finished(queue string, k TransferKind, to TransferTarget, res TransferResult) {
	t.total.WithLabelValues(queue, string(k), string(to), string(res)).Inc()
}
