package metrics

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
type Transfers struct{ total counters }

func newTransfers(r registrar) *Transfers {
	return &Transfers{r.counters("shouwen_transfers_total", "Transfers of calls.", queueLabel, transferKind, transferTarget, transferResult)}
}

// Finished counts one transfer of a caller of queue.
func (t *Transfers) Finished(queue string, k TransferKind, to TransferTarget, res TransferResult) {
	t.total.of(queue, string(k), string(to), string(res)).Inc()
}
