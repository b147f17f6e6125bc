package main

import (
	"testing"
	"time"
)

func TestDaysOfAnExport(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ now, from, until, want string }{
		{"2026-11-26", "", "", "2026-10-01 2026-10-31"},
		{"2027-01-01", "", "", "2026-12-01 2026-12-31"},
		{"2024-03-31", "", "", "2024-02-01 2024-02-29"},
		{"2026-11-26", "2026-02-10", "", "2026-02-10 2026-02-28"},
		{"2026-11-26", "2026-02-10", "2026-03-01", "2026-02-10 2026-03-01"},
		{"2026-11-26", "", "2026-10-02", "2026-10-01 2026-10-02"},
		{"2026-11-26", "yesterday", "", ""},
	} {
		now, err := time.Parse(time.DateOnly, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		d, err := exportCmd{From: tt.from, Until: tt.until}.days(now)
		if got := d.From + " " + d.Until; (err == nil) != (tt.want != "") || err == nil && got != tt.want {
			t.Errorf("%+v: %s, %v", tt, got, err)
		}
	}
}
