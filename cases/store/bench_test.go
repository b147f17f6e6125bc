package store_test

import (
	"fmt"
	"testing"

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
