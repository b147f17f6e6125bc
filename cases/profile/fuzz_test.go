package profile_test

import (
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/profile"
)

// FuzzPolicy: whatever a file holds, it is refused in words, or it is a policy that can
// explain itself and start clocks.
func FuzzPolicy(f *testing.F) {
	f.Add([]byte("id: x\ntitle: {zh: 甲, en: a}\nclocks: [{clock: a, start: contact, stop: [handled], limit: 3wd}]\n"))
	f.Add([]byte("id: y\ntitle: {zh: 乙, en: b}\ntransfer: {mode: cold} # S10-R3\ngates:\n  - {before: close, need: [result], rules: []}\nwarn: {remind: 50}\n"))
	at := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := profile.LoadPolicy(b)
		if err != nil {
			return
		}
		p.Explain("en")
		cal := cases.Plain(time.UTC)
		for _, c := range p.Start(cases.AtContact, cases.Facts{}, at, cal) {
			c.Stages(cal)
			c.Explain("zh-CN", cal)
		}
	})
}

// FuzzCalendar: whatever a file holds, it is refused in words, or it is a calendar that
// can be reckoned with.
func FuzzCalendar(f *testing.F) {
	f.Add([]byte("extends: china\nweek: {mon-fri: []}\n"))
	f.Add([]byte("name: x\nzone: Pacific/Apia\nweek:\n  mon-sun: [00:00-24:00]\ndays:\n  2026-10-01..2026-10-07: {name: y}\n  2026-10-10: {work: true, hours: [\"09:00-10:00\"]}\nmake_up: mon\n"))
	at := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := profile.LoadCalendar(b, time.UTC)
		if err != nil {
			return
		}
		if due := c.Add(at, cases.Limit{N: 3, Unit: cases.WorkingDays}); !due.After(at) {
			t.Errorf("due %s, not after %s", due, at)
		}
		if next := c.NextOpen(at); !c.IsOpen(next) {
			t.Errorf("closed at %s, which is when it opens", next)
		}
	})
}
