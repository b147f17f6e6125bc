package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
)

// BenchmarkSearch measures what people look for among a million cases: the first page,
// of fifty.
func BenchmarkSearch(b *testing.B) {
	s := aMillion(b)
	june, now := time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	manager := cases.Actor{User: "manager", Roles: []cases.Role{cases.RoleSupervisor}}
	for _, search := range []struct {
		name string
		f    func(i int) store.Filter
	}{
		{"number", func(i int) store.Filter { return store.Filter{Number: fmt.Sprintf("2506%02d-1-", 1+i%28)} }},
		{"caller", func(i int) store.Filter {
			return store.Filter{Caller: cases.Number(fmt.Sprintf("+86139%08d", i*17%200000))}
		}},
		{"last_digits", func(i int) store.Filter { return store.Filter{Caller: cases.Number(fmt.Sprintf("%05d", i*17%100000))} }},
		{"name", func(i int) store.Filter {
			return store.Filter{Name: []string{"王伟明", "李娜", "张静国", "孙艳"}[i%4]}
		}},
		{"common_word", func(i int) store.Filter {
			return store.Filter{Text: []string{"停水", "电梯故障", "路灯", "噪音扰民"}[i%4]}
		}},
		{"rare_word", func(i int) store.Filter {
			return store.Filter{Text: []string{"井盖", "井盖丢失", "没有这个", fmt.Sprint("编号", i*104729%9999991)}[i%4]}
		}},
		{"number_within", func(i int) store.Filter { return store.Filter{Text: fmt.Sprint(1000000 + i*7919%8999999)} }},
		{"two_words", func(i int) store.Filter { return store.Filter{Text: "井盖", Name: "王"} }},
		{"department", func(i int) store.Filter {
			return store.Filter{Department: fmt.Sprint("department", i%12), State: cases.Accepted}
		}},
		{"state", func(i int) store.Filter { return store.Filter{State: cases.Visited} }},
		{"clock_late", func(i int) store.Filter {
			return store.Filter{Clock: store.ClockFilter{Kind: cases.ClockReplyCaller, Is: store.ClockLate, AsNow: now}}
		}},
		{"clock_none_late", func(i int) store.Filter {
			return store.Filter{Clock: store.ClockFilter{Kind: cases.ClockReplyDepartment, Is: store.ClockLate, AsNow: now}}
		}},
		{"clock_of_department", func(i int) store.Filter {
			return store.Filter{Department: fmt.Sprint("department", i%12), Clock: store.ClockFilter{Is: store.ClockRuns}}
		}},
		{"date", func(i int) store.Filter {
			return store.Filter{From: june.AddDate(0, 0, i%30), Until: june.AddDate(0, 0, 1+i%30)}
		}},
		{"word_of_a_day", func(i int) store.Filter {
			return store.Filter{Text: "燃气泄漏", From: june.AddDate(0, 0, i%30), Until: june.AddDate(0, 0, 1+i%30)}
		}},
	} {
		b.Run(search.name, func(b *testing.B) {
			var took []time.Duration
			for len(took) < max(b.N, 100) {
				f := search.f(len(took))
				f.For = &manager
				start := time.Now()
				if _, _, err := s.Cases(b.Context(), f); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
			b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms")
		})
	}
}
