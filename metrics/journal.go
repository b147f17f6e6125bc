package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Journal measures the local write-ahead journal.
type Journal struct {
	r    registrar
	sync prometheus.Observer
}

func newJournal(r registrar) *Journal {
	return &Journal{r, r.histograms("shouwen_journal_sync_seconds", "Time of one fdatasync of the journal.",
		[]float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25}).of()}
}

// Synced observes one fdatasync.
func (j *Journal) Synced(d time.Duration) { j.sync.Observe(d.Seconds()) }

// ReadPending makes read, safe from any goroutine, the source of what is not yet
// in PostgreSQL: entries, and the age of the oldest (the replay lag). Call it once.
func (j *Journal) ReadPending(read func() (entries int, oldest time.Duration)) {
	j.r.sampled([]gauge{
		{"shouwen_journal_pending_entries", "Entries of the journal not yet in PostgreSQL.", nil},
		{"shouwen_journal_oldest_pending_seconds", "Age of the oldest entry not yet in PostgreSQL, 0 if none.", nil},
	}, func(emit func(int, float64, ...string)) {
		n, oldest := read()
		emit(0, float64(n))
		emit(1, oldest.Seconds())
	})
}
