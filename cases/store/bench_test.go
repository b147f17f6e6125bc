package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/store/storetest"
)

// BenchmarkApply measures facts of whole calls (arrived, offered, picked up,
// ended) in batches of the journal's size and smaller.
func BenchmarkApply(b *testing.B) {
	for _, calls := range []int{1, 25, 125} {
		b.Run(fmt.Sprintf("batch=%d", 4*calls), func(b *testing.B) {
			s := storetest.New(b)
			n, facts := 0, 0
			for b.Loop() {
				var batch []cases.Fact
				for range calls {
					n++
					batch = append(batch, answered(n, cases.Number(fmt.Sprintf("+1555%07d", n%5000)), "agent1")...)
				}
				if err := s.Apply(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
				facts += len(batch)
			}
			b.ReportMetric(float64(facts)/b.Elapsed().Seconds(), "facts/s")
		})
	}
}

// BenchmarkSnapshot measures the figures of 2,000,000 clocks, 20,000 of them running, in
// 500,000 cases, of which 10,000 have not ended.
func BenchmarkSnapshot(b *testing.B) {
	h := settle(b, 1)
	for n := range 60 {
		h.scope.Directory.Departments = append(h.scope.Directory.Departments, cases.Department{Name: fmt.Sprintf("department%d", n)})
	}
	h.generate(500_000, 50)
	var all []time.Duration
	for b.Loop() {
		all = append(all, h.snapshot().Took)
	}
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "ms/median")
	b.ReportMetric(float64(all[len(all)-1].Microseconds())/1000, "ms/worst")
}
