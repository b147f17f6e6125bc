package store_test

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwen/cases"
	"shouwen/cases/journal"
	"shouwen/metrics"
)

// BenchmarkPickUp measures what opening a case adds to the pick-up of a call: agent and
// caller speak as soon as the journal has it on the disk. Calls come at a rate, and the
// journal replays them into a million cases meanwhile.
func BenchmarkPickUp(b *testing.B) {
	const perSecond, seconds = 90, 15
	s := aMillion(b)
	dir, err := os.MkdirTemp("/var/tmp", "shouwen-journal-") // a disk: tests have their files in memory
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	j, err := journal.Open(journal.Config{Dir: dir, Node: 1, Location: time.UTC}, metrics.New("", "").Journal, slog.Default())
	if err != nil {
		b.Fatal(err)
	}
	day := time.Now().UTC().Format("060102")
	last, err := s.LastNumber(b.Context(), 1, day)
	if err != nil {
		b.Fatal(err)
	}
	j.Floor(day, last)
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- j.Run(ctx, s.Apply) }()
	defer func() { stop(); <-ended }()

	var mu sync.Mutex
	var took []time.Duration
	var work sync.WaitGroup
	next := time.NewTicker(time.Second / perSecond)
	defer next.Stop()
	for range perSecond * seconds {
		<-next.C
		work.Go(func() {
			call, number := uuid.Must(uuid.NewV7()).String(), cases.CaseNumber("")
			for _, f := range []cases.Fact{
				{Arrived: &cases.Arrived{Caller: cases.Caller{E164: "+8613900000017"}, Hotline: "12345", Trunk: "carrier"}},
				{Offered: &cases.Offered{Round: 1, Agents: []string{"agent1"}, Reason: "all_ready"}},
				{PickedUp: &cases.PickedUp{Agent: "agent1", Extension: "1001"}},
				{Ended: &cases.Ended{Cause: cases.EndCaller}},
			} {
				f.Call, f.Case = call, number
				began := time.Now()
				done, err := j.Append(ctx, f)
				if err != nil {
					b.Error(err)
					return
				}
				number = done.Case
				if f.PickedUp != nil {
					mu.Lock()
					took = append(took, time.Since(began))
					mu.Unlock()
				}
			}
		})
	}
	work.Wait()
	slices.Sort(took)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms")
}
