package main

import (
	"testing"
	"time"

	"shouwen/cases"
)

// TestCallerGivesUp: whenever the caller gives up, phones stop ringing at once
// and exactly one missed call is on record.
func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	for name, giveUp := range map[string]func(t *testing.T, b *bed){
		"before the answer": func(t *testing.T, b *bed) {
			c := b.caller(numbered(1)).Dial(b.Hotline)
			c.Hangup()
		},
		"in the greeting": func(t *testing.T, b *bed) {
			b.agents(1)
			c := b.dial(numbered(1))
			c.HearsNext(greetingSays)
			c.Hangup()
		},
		"in the queue": func(t *testing.T, b *bed) {
			c := b.dial(numbered(1))
			c.Hears(musicSays)
			c.Hangup()
		},
		"while phones ring": func(t *testing.T, b *bed) {
			phones := b.agents(2)
			c := b.dial(numbered(1))
			ringing := incoming(phones)
			c.Hangup()
			for _, r := range ringing {
				if m := r.Ended(); m.Method != "CANCEL" {
					t.Errorf("phone stopped ringing by %s", m.Method)
				}
			}
		},
		"while he hears that nobody came": func(t *testing.T, b *bed) {
			b.server.board.Drain() // the queue takes nobody
			c := b.dial(numbered(1))
			c.HearsNext(apologySays)
			c.Hangup()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, 2, func(c *Config) {
				c.Queues[0].RingTime = Duration(2 * patience) // it is no end of a round that stops a phone
				if name == "in the greeting" {
					c.Hotlines[0].Greeting = "greeting"
				}
			})
			giveUp(t, b)
			why := cases.MissedAbandoned
			if name == "while he hears that nobody came" {
				why = cases.MissedRefused
			}
			missedCase(t, only(t, b.cases()), why, 30*time.Minute)
		})
	}
}

// TestCallerGivesUpAtPickUp: hang-up and pick-up at the same moment make one
// record, either a short call or a missed one, and leave no phone behind.
func TestCallerGivesUpAtPickUp(t *testing.T) {
	t.Parallel()
	const rounds = 40
	b := newBed(t, 2)
	phones := b.agents(2)
	for i := range rounds {
		c := b.caller(numbered(i)).Dial(b.Hotline) // who missed us before has a case already
		c.Answered()
		ringing := incoming(phones) // so both are free again
		together(2, func(i int) {
			if i == 0 {
				_ = ringing[0].Call.Answer()
			} else {
				_ = c.Call.Hangup(t.Context())
			}
		})
		for _, r := range ringing {
			r.Ended()
		}
		c.Ended()
	}
	all := b.cases()
	if len(all) != rounds {
		t.Errorf("%d cases of %d calls", len(all), rounds)
	}
	answered := 0
	for _, c := range all {
		switch {
		case c.FirstAsker == b.Agents[0].User && c.Call.Cause == cases.EndCaller && c.CallbackDue.IsZero():
			answered++
		case c.FirstAsker == "" && c.Call.Missed == cases.MissedAbandoned && !c.CallbackDue.IsZero():
		default:
			t.Errorf("case %+v", c)
		}
	}
	t.Logf("%d of %d picked up first", answered, rounds)
}
