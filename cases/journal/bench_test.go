package journal_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/journal"
)

// BenchmarkAppend reports the latency of an append that is durable when it returns.
func BenchmarkAppend(b *testing.B) {
	for _, appenders := range []int{1, 64} {
		b.Run(fmt.Sprint(appenders, " appenders"), func(b *testing.B) {
			r := start(b, journal.Config{Dir: b.TempDir(), Location: time.UTC}, func(context.Context, []cases.Fact) error { return nil })
			r.append(b, arrived("first"))
			took := make([]time.Duration, b.N)
			var n atomic.Int64
			done := make(chan error)
			b.ResetTimer()
			for range appenders {
				go func() {
					for i := n.Add(1) - 1; i < int64(b.N); i = n.Add(1) - 1 {
						begin := time.Now()
						if _, err := r.Append(context.Background(), missed("a")); err != nil {
							done <- err
							return
						}
						took[i] = time.Since(begin)
					}
					done <- nil
				}()
			}
			for range appenders {
				if err := <-done; err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}

// BenchmarkOpen opens a journal of 200,000 facts that PostgreSQL does not have,
// killed while full segments and a long last one were there.
func BenchmarkOpen(b *testing.B) {
	cfg := journal.Config{Dir: b.TempDir(), Location: time.UTC}
	r := start(b, cfg, func(context.Context, []cases.Fact) error { return context.DeadlineExceeded })
	const facts, appenders = 200_000, 256
	var n atomic.Int64
	done := make(chan error)
	for range appenders {
		go func() {
			for n.Add(1) <= facts {
				if _, err := r.Append(context.Background(), missed("0198a1b2-0000-7000-8000-000000000000")); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range appenders {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	r.stop()
	for b.Loop() {
		j, _ := open(b, cfg)
		b.StopTimer()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		j.Run(ctx, r.apply)
		b.StartTimer()
	}
}
