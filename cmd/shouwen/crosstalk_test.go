package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync"
	"testing"

	"shouwen/sip/media"
	"shouwen/sip/siptest"
)

// TestNoCrosstalk: of 20 calls at once, everybody hears his partner and nobody
// else, before and after half of them are passed on, all at the same moment.
func TestNoCrosstalk(t *testing.T) {
	t.Parallel()
	const calls, moved = 20, 10
	r := &room{
		bed:   newBed(t, calls+moved, func(c *Config) { c.Queues[0].Strategy = "longest_idle" }),
		tones: map[string]int{}, callers: map[string]siptest.TestCall{}, agents: map[string]answeredBy{},
	}
	for i := range calls + moved {
		user := r.Agents[i].User
		r.tones[user] = 1600 + 60*i
		r.agent(i, siptest.Config{Tone: r.tones[user], Answer: func(c *siptest.Call) { r.pickUp(user, c) }})
	}
	for i := range calls {
		number := numbered(i)
		r.tones[number] = 400 + 60*i
		r.callers[number] = siptest.New(t, r.SIP.UDP, siptest.Config{User: number, Tone: r.tones[number], Patience: patience}).Dial(r.Hotline)
	}
	r.pairs(calls)
	before, free := r.partners(), r.free()
	together(moved, func(i int) {
		_ = r.agentOf(numbered(i)).Audio.Press(t.Context(), "*6"+free[i]+"#")
	})
	until(t, "half of the callers are with others", func() bool {
		changed := 0
		for number, user := range r.partners() {
			if user != before[number] {
				changed++
			}
		}
		return changed == moved
	})
	r.pairs(calls)
	for _, c := range r.callers {
		c.Hangup()
	}
}

// room is many calls at once.
type room struct {
	*bed
	tones   map[string]int // of numbers and users, 60 Hz apart
	callers map[string]siptest.TestCall

	mu     sync.Mutex
	agents map[string]answeredBy // by number of the caller, who has him
}

type answeredBy struct {
	*siptest.Call
	user string
}

var fromNumber = regexp.MustCompile(`sip:(\+\d+)@`)

func (r *room) pickUp(user string, c *siptest.Call) {
	if c.Answer() != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.agents[fromNumber.FindStringSubmatch(c.Invite.Get("From"))[1]] = answeredBy{c, user}
}

func (r *room) agentOf(number string) answeredBy {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.agents[number]
}

// partners are the users who have the callers.
func (r *room) partners() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := map[string]string{}
	for number, a := range r.agents {
		all[number] = a.user
	}
	return all
}

// free are the extensions of those who have no caller.
func (r *room) free() (all []string) {
	busy := slices.Collect(maps.Values(r.partners()))
	for _, a := range r.Agents {
		if !slices.Contains(busy, a.User) {
			all = append(all, a.Ext)
		}
	}
	return all
}

// end is one end of a call.
type end struct {
	who, hears string
	audio      *siptest.Audio
	from       int // samples heard before
}

// pairs waits until n callers and their agents hear each other, and checks that in
// what comes from then on nobody hears anybody else.
func (r *room) pairs(n int) {
	r.t.Helper()
	const looks = 3
	until(r.t, "every caller has an agent", func() bool { return len(r.partners()) == n })
	var ends []*end
	for number, user := range r.partners() {
		ends = append(ends, &end{who: number, hears: user, audio: r.callers[number].Call.Audio},
			&end{who: user, hears: number, audio: r.agentOf(number).Audio})
	}
	for _, e := range ends {
		until(r.t, fmt.Sprintf("%s hears %s alone", e.who, e.hears), func() bool {
			return slices.Equal(r.heard(e.audio.Record()), []string{e.hears})
		})
	}
	for _, e := range ends {
		e.from = len(e.audio.Record())
	}
	for _, e := range ends {
		until(r.t, e.who+" listens on", func() bool { return len(e.audio.Record()) >= e.from+looks*spectrum })
		for look := range slices.Chunk(e.audio.Record()[e.from:e.from+looks*spectrum], spectrum) {
			if got := r.heard(look); !slices.Equal(got, []string{e.hears}) {
				r.t.Errorf("%s hears %v, not %s alone", e.who, got, e.hears)
			}
		}
	}
}

// spectrum is how much is listened to at once to tell tones 60 Hz apart.
const spectrum = 3200 // samples, 400 ms

// heard is whose tones are at the end of a record.
func (r *room) heard(record []int16) (who []string) {
	if len(record) < spectrum {
		return nil
	}
	for name, hz := range r.tones {
		if media.ToneLevel(record[len(record)-spectrum:], float64(hz)) > 0.02 {
			who = append(who, name)
		}
	}
	return who
}
