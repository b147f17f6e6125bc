package main

import (
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/ivr/acd"
	"shouwen/sip/siptest"
)

// returning is a centre of three agents of whom the second is the first-asker of
// the caller numbered 1.
func returning(t *testing.T, change ...func(*Config)) (*bed, []siptest.TestPhone) {
	t.Helper()
	b := newBed(t, 3, append([]func(*Config){func(c *Config) {
		c.Queues[0].StickyFor, c.Queues[0].MaxWait = Duration(4*time.Second), Duration(time.Minute)
	}}, change...)...)
	phones := b.agents(3)
	c := b.dial(numbered(1))
	ringing := incoming(phones)
	ringing[1].Answer()
	c.Hears(toneOf(1))
	c.Hangup()
	ringing[1].Ended()
	until(t, "agent free again", func() bool { return b.state(1) == acd.Ready })
	return b, phones
}

// state is what the i-th agent is doing.
func (b *bed) state(i int) acd.State {
	for _, p := range b.server.board.Snapshot().Agents {
		if p.User == b.Agents[i].User {
			return p.State
		}
	}
	return ""
}

// TestStickyFirstAsker: who calls again about an open case rings its first-asker,
// alone, who is told; then everybody.
func TestStickyFirstAsker(t *testing.T) {
	t.Parallel()
	b, phones := returning(t)
	c := b.dial(numbered(1))
	again := phones[1].Incoming()
	invite := again.Invite
	if invite.Get("X-Shouwen-First-Asker") != b.Agents[1].User || invite.Get("X-Shouwen-Case") == "" {
		t.Errorf("the first-asker is told\n%s", invite)
	}
	for _, i := range []int{0, 2} {
		if n := phones[i].Count("INVITE"); n != 1 {
			t.Errorf("phone %d has rung %d times, want once, for the first call", i, n)
		}
	}
	other := phones[0].Incoming() // the first-asker does not come
	again.Ended()
	other.Answer()
	c.Hears(toneOf(0))
	if text := phones[1].Expect("MESSAGE").Body; !strings.Contains(text, invite.Get("X-Shouwen-Case")) || !strings.Contains(text, b.Agents[0].User) {
		t.Errorf("the first-asker is told %q", text)
	}
	c.Hangup()
	all := b.cases()
	if len(all) != 2 || all[1].FirstAsker != b.Agents[0].User || all[1].Previous != all[0].Number {
		t.Errorf("cases %+v", all)
	}
}

// TestStickyRows: for whom the first-asker rings first.
func TestStickyRows(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		config func(*Config)
		before func(t *testing.T, b *bed, phones []siptest.TestPhone)
		caller string
		header []string
		alone  bool
	}{
		"an open case":   {alone: true},
		"another caller": {caller: numbered(2)},
		"number withheld": {header: []string{
			`From: "Anonymous" <sip:anonymous@anonymous.invalid>`, "P-Asserted-Identity: <sip:" + numbered(1) + "@192.0.2.1>", "Privacy: id"}},
		"a shared number": {config: func(c *Config) { c.Callers.SharedNumbers = []string{numbered(1)} }},
		"switched off":    {config: func(c *Config) { c.Queues[0].StickyFor = 0 }},
		"first-asker on a break": {before: func(t *testing.T, b *bed, _ []siptest.TestPhone) {
			b.server.board.Pause(b.Agents[1].User, "lunch")
		}},
		"first-asker gone": {before: func(t *testing.T, b *bed, phones []siptest.TestPhone) {
			phones[1].Unregister()
			until(t, "away", func() bool { return b.state(1) == acd.Away })
		}},
		"first-asker in a call": {before: func(t *testing.T, b *bed, _ []siptest.TestPhone) {
			b.server.board.Busy(b.Agents[1].User, "elsewhere")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, phones := returning(t, func(c *Config) {
				if c.Queues[0].StickyFor = Duration(time.Minute); tt.config != nil {
					tt.config(c)
				}
			})
			if tt.before != nil {
				tt.before(t, b, phones)
			}
			number := tt.caller
			if number == "" {
				number = numbered(1)
			}
			c := b.dial(number, tt.header...)
			if !tt.alone {
				phones[0].Incoming()
				c.Hangup()
				return
			}
			phones[1].Incoming().Answer()
			c.Hears(toneOf(1))
			if n := phones[0].Count("INVITE"); n != 1 {
				t.Errorf("another phone rang %d times", n)
			}
			c.Hangup()
		})
	}
}

// TestStickyWithoutDatabase: who the first-asker is need not be asked.
func TestStickyWithoutDatabase(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Queues[0].StickyFor = Duration(time.Minute)
	o := stoppable(t, cfg.Data)
	b := startBed(t, cfg, serverOptions{agents: 2, database: o.url, anyPort: true})
	o.away()
	phones := b.agents(2)
	for range 2 {
		c := b.dial(numbered(1))
		phones[1].Incoming().Answer()
		c.Hears(toneOf(1))
		c.Hangup()
		until(t, "agent free again", func() bool { return b.state(1) == acd.Ready })
	}
	if n := phones[0].Count("INVITE"); n != 1 {
		t.Errorf("the other phone rang %d times, want for the first call only", n)
	}
	o.back()
}

// TestRepeatCallersGoFirst: before those who came earlier and call for the first
// time. A restart forgets nobody.
func TestRepeatCallersGoFirst(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Queues[0].MaxWait = Duration(time.Minute)
	opt := serverOptions{agents: 1, database: stoppable(t, cfg.Data).url, anyPort: true}
	b := startBed(t, cfg, opt)
	b.dial(numbered(1)).Hangup()
	until(t, "case on record", func() bool { return len(recordedCases(t, b.server.database.store)) == 1 })
	b.stop()
	b = startBed(t, cfg, opt)
	until(t, "callers known", func() bool {
		return b.server.calls.Callers.Again(cases.Caller{E164: cases.Number(numbered(1))}, time.Now()).Case != ""
	})
	first := b.dial(numbered(2))
	first.Hears(musicSays)
	again := b.dial(numbered(1))
	again.Hears(musicSays)
	phone := b.agent(0, siptest.Config{})
	phone.Incoming().Answer()
	again.Hears(toneOf(0))
	first.Hangup()
	again.Hangup()
}
