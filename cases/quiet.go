package cases

import (
	"cmp"
	"time"
)

// Asked tells whether the caller asked to be rung at t, even in quiet hours: he took a
// callback, or agreed on that day (S30-R20).
func (p Place) Asked(t time.Time, zone *time.Location) bool {
	return p.Taken || !p.MayRing.IsZero() && DateOf(p.MayRing.In(zone)) == DateOf(t.In(zone))
}

// Quiet returns when the hours end in which p has no caller rung unasked, if t is in
// them; zero: it is not. The zone is that of cal (S30-R20).
func (p Policy) Quiet(t time.Time, cal Calendar) (until time.Time) {
	local := t.In(cmp.Or(cal.Zone, time.UTC))
	minute := local.Hour()*60 + local.Minute()
	for _, s := range p.QuietHours {
		iv, _ := ParseInterval(s) // Check has seen to it
		if iv.From <= minute && minute < iv.To {
			until = time.Date(local.Year(), local.Month(), local.Day(), iv.To/60, iv.To%60, 0, 0, local.Location())
		}
	}
	return until
}
