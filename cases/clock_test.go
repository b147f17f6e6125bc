package cases_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"shouwen/cases"
)

// terms are what a clock of these tests runs on.
func terms(t interface{ Fatal(...any) }, text string) cases.Terms {
	l := limit(t, text)
	return cases.Terms{
		Kind: cases.ClockTransfer, Start: cases.AtContact, Stop: []cases.Milestone{cases.AtDeskReached}, Limit: &l,
		By: []cases.Party{cases.PartyFirstAsker}, Remind: 50, AtRisk: 75, Rules: []string{"S02-R8"},
		Pause: []cases.PauseReason{cases.PauseCaller},
	}
}

func policy(all ...cases.Terms) cases.Policy {
	return cases.Policy{ID: "test", Clocks: all, Escalation: cases.Escalation{Levels: []cases.Party{cases.PartyOwnLeader, cases.PartyLeaderInCharge}}}.Versioned()
}

// started returns the one clock policy p starts at contact.
func started(t interface{ Fatal(...any) }, p cases.Policy, f cases.Facts, from string, c cases.Calendar) cases.Clock {
	all := p.Start(cases.AtContact, f, moment(t, c.Zone, from), c)
	if len(all) != 1 {
		t.Fatal("clocks:", len(all))
	}
	return all[0]
}

func isDue(t *testing.T, c cases.Clock, cal cases.Calendar, want string) {
	t.Helper()
	switch {
	case want == "" && !c.Due.IsZero():
		t.Errorf("due %s, want never", c.Due.In(cal.Zone))
	case want != "" && !c.Due.Equal(moment(t, cal.Zone, want)):
		t.Errorf("due %s, want %s", c.Due.In(cal.Zone), want)
	}
}

// TestWithinIsInclusive: exactly N is in time, anything later is late (S02-R8).
func TestWithinIsInclusive(t *testing.T) {
	t.Parallel()
	cal := office(t)
	c := started(t, policy(terms(t, "30min")), cases.Facts{}, "2025-03-04 09:00", cal)
	isDue(t, c, cal, "2025-03-04 09:30")
	at := moment(t, cal.Zone, "2025-03-04 09:30")
	if late := c.Late(at); late != 0 {
		t.Errorf("late by %s at the very moment", late)
	}
	if late := c.Late(at.Add(time.Microsecond)); late != time.Microsecond {
		t.Errorf("late by %s one microsecond after", late)
	}
	if c := c.Reach(cases.AtDeskReached, at, cal); c.Running() || c.Late(at.Add(time.Hour)) != 0 {
		t.Errorf("stopped in time: running %v, late %s", c.Running(), c.Late(at.Add(time.Hour)))
	}
	if c := c.Reach(cases.AtDeskReached, at.Add(time.Second), cal); c.Late(at.Add(time.Hour)) != time.Second {
		t.Errorf("stopped a second late: late %s", c.Late(at.Add(time.Hour)))
	}
}

// TestClockWaitsForAll: a slip is delivered only with the manager's copy (S33-R4).
func TestClockWaitsForAll(t *testing.T) {
	t.Parallel()
	cal := office(t)
	on := terms(t, "1h")
	on.Stop = []cases.Milestone{cases.AtReceived, cases.AtManagerCopied}
	c := started(t, policy(on), cases.Facts{}, "2025-03-04 10:00", cal)
	c = c.Reach(cases.AtReceived, moment(t, cal.Zone, "2025-03-04 10:40"), cal)
	c = c.Reach(cases.AtReceived, moment(t, cal.Zone, "2025-03-04 10:45"), cal)
	c = c.Reach(cases.AtVisited, moment(t, cal.Zone, "2025-03-04 10:46"), cal)
	if !c.Running() || len(c.Reached) != 1 {
		t.Fatalf("running %v, reached %v", c.Running(), c.Reached)
	}
	c = c.Reach(cases.AtManagerCopied, moment(t, cal.Zone, "2025-03-04 11:10"), cal)
	if c.Running() || c.Late(time.Time{}) != 10*time.Minute {
		t.Errorf("running %v, late %s, want 10m", c.Running(), c.Late(time.Time{}))
	}
}

// TestVoidCancels: what was solved on the spot was never to be passed on (S05-R21).
func TestVoidCancels(t *testing.T) {
	t.Parallel()
	cal := office(t)
	on := terms(t, "30min")
	on.Void = []cases.Milestone{cases.AtHandled}
	c := started(t, policy(on), cases.Facts{}, "2025-03-04 10:00", cal).Reach(cases.AtHandled, moment(t, cal.Zone, "2025-03-04 10:10"), cal)
	if c.Running() || !c.Cancelled || c.Late(moment(t, cal.Zone, "2025-03-05 10:00")) != 0 {
		t.Errorf("running %v, cancelled %v, late %s", c.Running(), c.Cancelled, c.Late(moment(t, cal.Zone, "2025-03-05 10:00")))
	}
	late := started(t, policy(on), cases.Facts{}, "2025-03-04 10:00", cal).Cancel(moment(t, cal.Zone, "2025-03-04 10:40"))
	if got := late.Late(moment(t, cal.Zone, "2025-03-05 10:00")); got != 10*time.Minute {
		t.Errorf("what was late when it was cancelled is late by %s, want 10m", got)
	}
}

// TestUntrueMilestoneIsRevoked: the caller says nobody answered him (S30-R11).
func TestUntrueMilestoneIsRevoked(t *testing.T) {
	t.Parallel()
	cal := office(t)
	c := started(t, policy(terms(t, "1wd")), cases.Facts{}, "2025-03-04 10:00", cal)
	due := c.Due
	c = c.Reach(cases.AtDeskReached, moment(t, cal.Zone, "2025-03-04 15:00"), cal).Revoke(cases.AtDeskReached)
	if !c.Running() || !c.Due.Equal(due) || c.Late(moment(t, cal.Zone, "2025-03-06 10:00")) != 24*time.Hour {
		t.Errorf("running %v, due %s, late %s", c.Running(), c.Due, c.Late(moment(t, cal.Zone, "2025-03-06 10:00")))
	}
}

func TestNoNumberIsMeasuredOnly(t *testing.T) {
	t.Parallel()
	cal := office(t)
	none, imm := terms(t, "30min"), terms(t, "immediate")
	none.Limit = nil
	for _, on := range []cases.Terms{none, imm} {
		c := started(t, policy(on), cases.Facts{}, "2025-03-04 10:00", cal)
		later := moment(t, cal.Zone, "2025-03-04 12:00")
		if !c.Due.IsZero() || c.Late(later) != 0 || c.Stages(cal) != nil || c.Taken(later, cal) != 2*time.Hour {
			t.Errorf("due %s, late %s, stages %v, taken %s", c.Due, c.Late(later), c.Stages(cal), c.Taken(later, cal))
		}
	}
	p := policy(imm)
	two := limit(t, "2min")
	p.Calendar.ImmediateWithin = &two
	isDue(t, started(t, p, cases.Facts{}, "2025-03-04 10:00", cal), cal, "2025-03-04 10:02")
}

func TestPausesPutOff(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		limit  string
		pauses [][2]string // on 4 March 2025, a Tuesday, or as written
		want   string
	}{
		"minutes":                               {"60min", [][2]string{{"2025-03-04 10:10", "2025-03-04 10:40"}}, "2025-03-04 11:30"},
		"two pauses":                            {"60min", [][2]string{{"2025-03-04 10:10", "2025-03-04 10:20"}, {"2025-03-04 10:30", "2025-03-04 10:35"}}, "2025-03-04 11:15"},
		"a pause beyond the first due time":     {"60min", [][2]string{{"2025-03-04 10:59", "2025-03-04 18:00"}}, "2025-03-04 18:01"},
		"a pause too late":                      {"60min", [][2]string{{"2025-03-04 11:01", "2025-03-04 18:00"}}, "2025-03-04 11:00"},
		"working hours over the break":          {"2wh", [][2]string{{"2025-03-04 11:00", "2025-03-04 14:30"}}, "2025-03-04 15:30"},
		"working days do not count the weekend": {"1wd", [][2]string{{"2025-03-04 12:00", "2025-03-10 12:00"}}, "2025-03-11 10:00"},
		"working days are whole days":           {"1wd", [][2]string{{"2025-03-04 20:00", "2025-03-05 08:00"}}, "2025-03-05 22:00"},
		"days":                                  {"2d", [][2]string{{"2025-03-05 10:00", "2025-03-06 12:00"}}, "2025-03-07 12:00"},
		"still paused":                          {"2d", [][2]string{{"2025-03-05 10:00", ""}}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cal := office(t)
			c := started(t, policy(terms(t, tt.limit)), cases.Facts{}, "2025-03-04 10:00", cal)
			for _, p := range tt.pauses {
				var err error
				if c, err = c.Pause(cases.PauseCaller, moment(t, cal.Zone, p[0]), cal); err != nil {
					t.Fatal(err)
				}
				if tt.want != "2025-03-04 11:00" && !c.Due.IsZero() {
					t.Errorf("due %s while paused", c.Due)
				}
				if p[1] == "" {
					continue
				}
				if c, err = c.Resume(moment(t, cal.Zone, p[1]), cal); err != nil {
					t.Fatal(err)
				}
			}
			isDue(t, c, cal, tt.want)
		})
	}
}

func TestPausesAreRefused(t *testing.T) {
	t.Parallel()
	cal := office(t)
	c := started(t, policy(terms(t, "60min")), cases.Facts{}, "2025-03-04 10:00", cal)
	when := func(s string) time.Time { return moment(t, cal.Zone, "2025-03-04 "+s) }
	if _, err := c.Pause(cases.PauseCaller, when("09:59"), cal); !errors.Is(err, cases.ErrPause) {
		t.Errorf("before its start: %v", err)
	}
	if _, err := c.Resume(when("10:10"), cal); !errors.Is(err, cases.ErrPause) {
		t.Errorf("resumed without a pause: %v", err)
	}
	paused, err := c.Pause(cases.PauseCaller, when("10:10"), cal)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := paused.Pause(cases.PauseCaller, when("10:20"), cal); !errors.Is(err, cases.ErrPause) {
		t.Errorf("paused twice: %v", err)
	}
	stopped := c.Reach(cases.AtDeskReached, when("10:30"), cal)
	if _, err := stopped.Pause(cases.PauseCaller, when("10:40"), cal); !errors.Is(err, cases.ErrClockStopped) {
		t.Errorf("after it stopped: %v", err)
	}
	if c := paused.Reach(cases.AtDeskReached, when("10:30"), cal); c.Running() || c.Paused() || c.Taken(when("12:00"), cal) != 10*time.Minute || !c.Due.Equal(when("11:20")) {
		t.Errorf("a paused clock stops: running %v, taken %s, due %s", c.Running(), c.Taken(when("12:00"), cal), c.Due)
	}
}

// TestExtension: before the due time, with a reason, to a later one (S23-R17).
func TestExtension(t *testing.T) {
	t.Parallel()
	cal := office(t)
	when := func(s string) time.Time { return moment(t, cal.Zone, s) }
	c := started(t, policy(terms(t, "3wd")), cases.Facts{}, "2025-03-04 10:00", cal)
	isDue(t, c, cal, "2025-03-07 10:00")
	x := cases.Extension{At: when("2025-03-06 09:00"), Until: when("2025-03-12 10:00"), Reason: "需现场勘查", By: "lead"}
	longer, err := c.Extend(x, cal)
	if err != nil {
		t.Fatal(err)
	}
	isDue(t, longer, cal, "2025-03-12 10:00")
	paused := func(c cases.Clock) cases.Clock {
		t.Helper()
		c, err := c.Pause(cases.PauseCaller, when("2025-03-04 12:00"), cal)
		if err != nil {
			t.Fatal(err)
		}
		if c, err = c.Resume(when("2025-03-06 08:00"), cal); err != nil {
			t.Fatal(err)
		}
		return c
	}
	isDue(t, paused(longer), cal, "2025-03-12 10:00") // the pause alone would have put it off to 11 March 06:00
	x.Until = when("2025-03-08 10:00")
	shorter, err := c.Extend(x, cal)
	if err != nil {
		t.Fatal(err)
	}
	isDue(t, paused(shorter), cal, "2025-03-11 06:00") // later than the extension, which takes nothing away
	x.Until = when("2025-03-12 10:00")
	isDue(t, c, cal, "2025-03-07 10:00")
	for name, change := range map[string]func(*cases.Extension){
		"after the due time": func(x *cases.Extension) { x.At = when("2025-03-07 10:01") },
		"without a reason":   func(x *cases.Extension) { x.Reason = "" },
		"to an earlier time": func(x *cases.Extension) { x.Until = when("2025-03-06 10:00") },
	} {
		x := x
		change(&x)
		if after, err := c.Extend(x, cal); !errors.Is(err, cases.ErrExtension) || !after.Due.Equal(c.Due) {
			t.Errorf("%s: %v, due %s", name, err, after.Due)
		}
	}
}

// TestFactsRevise: a tighter limit counts from the news, a laxer one from the start,
// and a breach is not undone (S24-R25, S24-R28).
func TestFactsRevise(t *testing.T) {
	t.Parallel()
	cal := office(t)
	special, normal, safety3, safety4 := terms(t, "15d"), terms(t, "7d"), terms(t, "30min"), terms(t, "60min")
	special.If = []cases.Flag{cases.FlagSpecial}
	safety3.Levels, safety4.Levels = []int{1, 2, 3}, []int{4}
	special.Unless, normal.Unless = nil, nil
	complaint, alarm := policy(special, normal), policy(safety3, safety4)
	tests := map[string]struct {
		policy cases.Policy
		before cases.Facts
		after  cases.Facts
		at     string
		want   string
	}{
		"special in time":              {complaint, cases.Facts{}, cases.Facts{Flags: []cases.Flag{cases.FlagSpecial}}, "2025-03-08 09:00", "2025-03-19 09:00"},
		"special too late":             {complaint, cases.Facts{}, cases.Facts{Flags: []cases.Flag{cases.FlagSpecial}}, "2025-03-11 09:01", "2025-03-11 09:00"},
		"not special after all":        {complaint, cases.Facts{Flags: []cases.Flag{cases.FlagSpecial}}, cases.Facts{}, "2025-03-05 09:00", "2025-03-12 09:00"},
		"never later by tightening":    {complaint, cases.Facts{Flags: []cases.Flag{cases.FlagSpecial}}, cases.Facts{}, "2025-03-18 09:00", "2025-03-19 09:00"},
		"level IV becomes III":         {alarm, cases.Facts{Level: 4}, cases.Facts{Level: 3}, "2025-03-04 09:10", "2025-03-04 09:40"},
		"level III just before due":    {alarm, cases.Facts{Level: 4}, cases.Facts{Level: 2}, "2025-03-04 09:50", "2025-03-04 10:00"},
		"nothing new":                  {alarm, cases.Facts{Level: 2}, cases.Facts{Level: 3}, "2025-03-04 09:10", "2025-03-04 09:30"},
		"a department gives it back":   {complaint, cases.Facts{}, cases.Facts{}, "2025-03-05 09:00", "2025-03-11 09:00"},
		"level III eases to level IV":  {alarm, cases.Facts{Level: 3}, cases.Facts{Level: 4}, "2025-03-04 09:10", "2025-03-04 10:00"},
		"level III eases, but it's up": {alarm, cases.Facts{Level: 3}, cases.Facts{Level: 4}, "2025-03-04 09:31", "2025-03-04 09:30"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := started(t, tt.policy, tt.before, "2025-03-04 09:00", cal)
			isDue(t, tt.policy.Revise(c, tt.after, moment(t, cal.Zone, tt.at), cal), cal, tt.want)
		})
	}
	c := started(t, alarm, cases.Facts{Level: 4}, "2025-03-04 09:00", cal)
	if c := alarm.Revise(c, cases.Facts{Level: 5}, moment(t, cal.Zone, "2025-03-04 09:10"), cal); c.Running() || c.Late(c.Due.Add(time.Hour)) != 0 {
		t.Error("a clock without terms runs on")
	}
}

func TestStages(t *testing.T) {
	t.Parallel()
	cal := office(t)
	on := terms(t, "60min")
	p := policy(on)
	hour := limit(t, "1h")
	p.Escalation.Every = &hour
	c := started(t, p, cases.Facts{}, "2025-03-04 10:00", cal)
	late := moment(t, cal.Zone, "2025-03-04 11:00").Add(time.Microsecond)
	want := []cases.Stage{
		{Kind: cases.StageRemind, At: moment(t, cal.Zone, "2025-03-04 10:30"), To: []cases.Party{cases.PartyFirstAsker}},
		{Kind: cases.StageAtRisk, At: moment(t, cal.Zone, "2025-03-04 10:45"), To: []cases.Party{cases.PartyFirstAsker, cases.PartyResponsible}},
		{Kind: cases.StageBreach, At: late, To: []cases.Party{cases.PartySupervisor}},
		{Kind: cases.StageEscalate, Level: 1, At: late, To: []cases.Party{cases.PartyOwnLeader}},
		{Kind: cases.StageEscalate, Level: 2, At: late.Add(time.Hour), To: []cases.Party{cases.PartyLeaderInCharge}},
	}
	got := c.Stages(cal)
	if !slices.EqualFunc(got, want, func(a, b cases.Stage) bool {
		return a.Kind == b.Kind && a.Level == b.Level && a.At.Equal(b.At) && slices.Equal(a.To, b.To)
	}) {
		t.Errorf("stages:\n%v\nwant\n%v", got, want)
	}

	c, err := c.Pause(cases.PauseCaller, moment(t, cal.Zone, "2025-03-04 10:10"), cal)
	if err != nil || c.Stages(cal) != nil {
		t.Errorf("%v; stages of a paused clock: %v", err, c.Stages(cal))
	}
	if c, err = c.Resume(moment(t, cal.Zone, "2025-03-04 12:10"), cal); err != nil {
		t.Fatal(err)
	}
	if at := c.Stages(cal)[0].At; !at.Equal(moment(t, cal.Zone, "2025-03-04 12:30")) {
		t.Errorf("reminded %s, want 12:30: half of the time it ran", at.In(cal.Zone))
	}

	one := policy(on)
	if n := len(started(t, one, cases.Facts{}, "2025-03-04 10:00", cal).Stages(cal)); n != 4 {
		t.Errorf("%d stages without a time between levels, want 4: only the first level", n)
	}
}

// TestNobodyIsRemindedAtNight: what has working days reminds in working hours.
func TestNobodyIsRemindedAtNight(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		cal := office(t)
		days := rapid.IntRange(1, 9).Draw(rt, "days")
		on := terms(t, "1wd")
		on.Limit = &cases.Limit{N: days, Unit: cases.WorkingDays}
		p := policy(on)
		from := moment(t, cal.Zone, "2026-09-01 00:00").Add(time.Duration(rapid.IntRange(0, 60*24*60).Draw(rt, "minutes")) * time.Minute)
		c := p.Start(cases.AtContact, cases.Facts{}, from, cal)[0]
		last := from
		for _, s := range c.Stages(cal) {
			if s.At.Before(last) {
				rt.Errorf("%s %s is before %s", s.Kind, s.At, last)
			}
			last = s.At
			if s.Kind != cases.StageRemind && s.Kind != cases.StageAtRisk || !cal.NextOpen(from).Before(c.Due) {
				continue
			}
			if before := s.At.Add(-time.Microsecond); !cal.IsOpen(before) && !cal.IsOpen(s.At) {
				rt.Errorf("%s at %s, when nobody works", s.Kind, s.At.In(cal.Zone))
			}
		}
	})
}

// TestPausedTimeDoesNotCount: whatever the pauses, a clock is due when it has run its
// limit, to the microsecond.
func TestPausedTimeDoesNotCount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		cal := office(t)
		unit := rapid.SampledFrom([]cases.Unit{cases.Minutes, cases.Hours, cases.WorkingHours}).Draw(rt, "unit")
		on := terms(t, "1h")
		on.Limit = &cases.Limit{N: rapid.IntRange(1, 50).Draw(rt, "n"), Unit: unit}
		from := moment(t, cal.Zone, "2026-09-21 00:00").Add(time.Duration(rapid.IntRange(0, 20*24*60).Draw(rt, "start")) * time.Minute)
		c := policy(on).Start(cases.AtContact, cases.Facts{}, from, cal)[0]
		first, now := c.Due, from
		for range rapid.IntRange(0, 4).Draw(rt, "pauses") {
			now = now.Add(time.Duration(rapid.IntRange(0, 600).Draw(rt, "run")) * time.Minute)
			paused, err := c.Pause(cases.PauseCaller, now, cal)
			if err != nil {
				rt.Fatal(err)
			}
			now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(rt, "pause")) * time.Minute)
			if paused, err = paused.Resume(now, cal); err != nil {
				rt.Fatal(err)
			}
			if paused.Due.Before(c.Due) {
				rt.Errorf("a pause moved the due time from %s to %s", c.Due, paused.Due)
			}
			c = paused
		}
		want := time.Duration(on.Limit.N) * time.Hour
		if unit == cases.Minutes {
			want = time.Duration(on.Limit.N) * time.Minute
		}
		if c.Due.Equal(first) { // no pause was in time
			return
		}
		var inTime []cases.Pause
		for _, p := range c.Pauses {
			if !p.From.After(c.Due) {
				inTime = append(inTime, p)
			}
		}
		c.Pauses = inTime
		if ran := c.Taken(c.Due, cal); ran != want {
			rt.Errorf("due %s after having run %s, want %s", c.Due, ran, want)
		}
	})
}

func TestClockExplains(t *testing.T) {
	t.Parallel()
	cal := office(t)
	cal.Years = []int{2026}
	on := terms(t, "3wd")
	c := started(t, policy(on), cases.Facts{}, "2026-09-30 15:20", cal)
	c, err := c.Pause(cases.PauseCaller, moment(t, cal.Zone, "2026-09-30 16:00"), cal)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = c.Resume(moment(t, cal.Zone, "2026-09-30 17:00"), cal); err != nil {
		t.Fatal(err)
	}
	for lang, words := range map[string][]string{
		"zh-CN": {"到期 2026-10-10 16:20", "转办", "自首次接触 2026-09-30 15:20 起 3 个工作日", "S02-R8", "等待来电人", "10-01 国庆节", "10-10 调休上班计入", "制度 test"},
		"en":    {"due 2026-10-10 16:20", "3 working days from first contact 2026-09-30 15:20", "S02-R8", "paused from 2026-09-30 16:00 to 2026-09-30 17:00: waiting on the caller", "10-10 worked to make up", "policy test, version"},
	} {
		text := c.Explain(lang, cal)
		for _, w := range words {
			if !strings.Contains(text, w) {
				t.Errorf("%s lacks %q:\n%s", lang, w, text)
			}
		}
	}
	cal.Years = nil
	if text := c.Explain("en", cal); !strings.Contains(text, "the holidays of 2026 are not entered") {
		t.Errorf("says nothing of the unknown year: %s", text)
	}
	on.Limit = nil
	if text := started(t, policy(on), cases.Facts{}, "2026-09-30 15:20", cal).Explain("en", cal); !strings.Contains(text, "measured, without a due time") {
		t.Errorf("of a clock without a limit: %s", text)
	}
}

// TestDaysEndAsTheClockStarted: a clock keeps the ends of days of its policy, whichever
// calendar it is shown.
func TestDaysEndAsTheClockStarted(t *testing.T) {
	t.Parallel()
	cal := office(t)
	p := policy(terms(t, "1wd"))
	p.Calendar.WorkingDayEnds = cases.EndsClosing
	c := started(t, p, cases.Facts{}, "2025-03-04 10:00", cal)
	isDue(t, c, cal, "2025-03-05 17:30")
	c, err := c.Pause(cases.PauseCaller, moment(t, cal.Zone, "2025-03-04 11:00"), cal)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = c.Resume(moment(t, cal.Zone, "2025-03-04 11:00"), cal); err != nil {
		t.Fatal(err)
	}
	isDue(t, c, cal, "2025-03-05 17:30")
}

// TestOpenClocksStayOnTheirTerms: another policy changes nothing about a running clock.
func TestOpenClocksStayOnTheirTerms(t *testing.T) {
	t.Parallel()
	cal := office(t)
	old := policy(terms(t, "30min"))
	c := started(t, old, cases.Facts{}, "2025-03-04 10:00", cal)
	newer := policy(terms(t, "60min"))
	if old.Ref() == newer.Ref() || c.Of != old.Ref() {
		t.Errorf("pinned to %v, old %v, new %v", c.Of, old.Ref(), newer.Ref())
	}
	same := policy(terms(t, "30min"))
	same.Rules = map[string][]string{"clocks": {"S02-R8"}}
	if same.Versioned().Ref() != old.Ref() {
		t.Error("a comment makes another version")
	}
}
