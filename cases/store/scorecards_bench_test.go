package store_test

import (
	"testing"
	"time"

	"shouwen/cases/store"
)

// BenchmarkScorecards measures the scorecards of a month, and of the whole year, of a
// million cases.
func BenchmarkScorecards(b *testing.B) {
	s := aMillion(b)
	first := time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
	for _, of := range []struct {
		name  string
		w     store.Window
		cases int
	}{
		{"month", store.Window{From: first, Until: first.AddDate(0, 1, 0)}, 82_000},
		{"year", store.Window{From: first.AddDate(0, -6, 0), Until: first.AddDate(1, 0, 0)}, million},
	} {
		b.Run(of.name, func(b *testing.B) {
			var worst time.Duration
			for range max(b.N, 3) {
				began := time.Now()
				got, err := s.Scorecards(b.Context(), of.w, first.AddDate(1, 0, 0))
				if err != nil {
					b.Fatal(err)
				}
				if got.All.FirstAsked < of.cases {
					b.Fatalf("%d cases, want %d", got.All.FirstAsked, of.cases)
				}
				worst = max(worst, time.Since(began))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(worst.Milliseconds()), "max-ms")
		})
	}
}
