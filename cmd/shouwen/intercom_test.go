package main

import (
	"net/url"
	"strings"
	"testing"

	"shouwen/sip/siptest"
)

// TestExtensions: phones call each other, and no case comes of it.
func TestExtensions(t *testing.T) {
	t.Parallel()
	b := newBed(t, 3)
	phones := b.agents(2) // the third is not registered
	ext := func(i int) string { return b.Agents[i].Ext }

	a := phones[0].Dial(ext(1))
	callee := phones[1].Incoming()
	a.Ringing()
	callee.Answer()
	a.Answered()
	a.Hears(toneOf(1))
	callee.Hears(toneOf(0))
	callee.Do("INVITE", callee.SDP(siptest.SendOnly))
	a.Hears(musicSays)
	callee.Do("INVITE", callee.SDP(siptest.SendRecv))
	a.Hears(toneOf(1))
	a.Hangup()
	callee.Ended()

	a = phones[0].Dial(ext(1))
	callee = phones[1].Incoming()
	callee.Answer()
	a.Hears(toneOf(1))
	callee.Do("INVITE", callee.SDP(siptest.SendOnly))
	a.Hears(musicSays)
	callee.Hangup() // while he holds
	a.Ended()

	busy := phones[0].Dial(ext(1))
	phones[1].Incoming().Reject(486)
	if m := busy.Ended(); m.Status != 486 {
		t.Errorf("busy: %d, want 486", m.Status)
	}
	unanswered := phones[0].Dial(ext(1))
	rings := phones[1].Incoming()
	unanswered.Ringing()
	unanswered.Hangup()
	if m := rings.Ended(); m.Method != "CANCEL" {
		t.Errorf("given up: the phone got %s, want CANCEL", m.Method)
	}
	if m := phones[0].Dial(ext(2)).Ended(); m.Status != 480 {
		t.Errorf("not registered: %d, want 480", m.Status)
	}
	if m := phones[0].Dial("9999").Ended(); m.Status != 404 {
		t.Errorf("unknown number: %d, want 404", m.Status)
	}
	outsider := b.caller(numbered(1))
	for _, number := range []string{ext(1), "9999"} {
		if m := outsider.Dial(number).Ended(); m.Status != 404 {
			t.Errorf("%s from outside: %d, want 404", number, m.Status)
		}
	}
	if all := b.cases(); len(all) != 0 {
		t.Errorf("%d cases", len(all))
	}
}

// TestAgentCallsHotline: a phone of ours may dial the hotline; its own extension
// is the caller, and it is not rung for its own call.
func TestAgentCallsHotline(t *testing.T) {
	t.Parallel()
	b := newBed(t, 2)
	phones := b.agents(2)
	c := phones[0].Dial(b.Hotline)
	c.Answered()
	in := phones[1].Incoming()
	in.Answer()
	c.Hears(toneOf(1))
	in.Hears(toneOf(0))
	phones[0].Never("INVITE", silentFor)
	c.Hangup()
	in.Ended()
	if k := only(t, b.cases()); string(k.Call.Caller.E164) != b.Agents[0].Ext || k.Call.Trunk != "" || !k.Call.Caller.Verified {
		t.Errorf("call %+v", k.Call)
	}
}

// TestBusyInIntercom: who talks with a colleague is not rung for callers, and is
// as soon as he has hung up.
func TestBusyInIntercom(t *testing.T) {
	t.Parallel()
	b := newBed(t, 2)
	phones := b.agents(2)
	a := phones[0].Dial(b.Agents[1].Ext)
	callee := phones[1].Incoming()
	callee.Answer()
	a.Answered()
	waiting := b.dial(numbered(1))
	waiting.HearsNext(allBusySays)
	waiting.Hears(musicSays)
	for i, want := range []int{0, 1} {
		if n := phones[i].Count("INVITE"); n != want {
			t.Errorf("phone %d was rung %d times in a call, want %d", i, n, want)
		}
	}
	a.Hangup()
	callee.Ended()
	for _, in := range incoming(phones) {
		_ = in.Call.Answer()
	}
	waiting.Silent(musicSays, silentFor)
	waiting.Hangup()
	only(t, b.cases())
}

// TestStrangers: who is neither a trunk nor one of our phones calls nobody.
func TestStrangers(t *testing.T) {
	t.Parallel()
	b := newBed(t, 2, func(c *Config) { c.Trunks = nil })
	phones := b.agents(2)
	for name, cfg := range map[string]siptest.Config{
		"nobody":                         {User: numbered(1)},
		"an agent with a wrong password": {User: b.Agents[0].User, Password: "guess"},
		"a user there is none of":        {User: "4711", Password: "guess"},
	} {
		cfg.Patience = patience
		p := siptest.New(t, b.SIP.UDP, cfg)
		for _, number := range []string{b.Hotline, b.Agents[1].Ext} {
			want := 403
			if cfg.Password == "" {
				want = 401 // and no answer to it
			}
			if m := p.Dial(number).Ended(); m.Status != want {
				t.Errorf("%s dials %s: %d, want %d", name, number, m.Status, want)
			}
		}
		if _, err := p.Phone.Register(t.Context()); err == nil {
			t.Errorf("%s could register", name)
		}
	}
	for i, p := range phones {
		if n := p.Count("INVITE"); n > 0 {
			t.Errorf("phone %d was rung", i)
		}
	}
	if all := b.cases(); len(all) > 0 {
		t.Errorf("%d cases", len(all))
	}
}

// TestReferBetweenExtensions: either of two colleagues passes the other on by his
// phone's own key, who hears music until somebody has him.
func TestReferBetweenExtensions(t *testing.T) {
	t.Parallel()
	for name, callerRefers := range map[string]bool{"who called": true, "who was called": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &passed{bed: newBed(t, 4)}
			p.phones = p.agents(3) // the fourth is not registered
			a := p.phones[0].Dial(p.ext(1))
			b := p.phones[1].Incoming()
			b.Answer()
			a.Answered()
			a.Hears(toneOf(1))
			by, kept, who := a, b, 1
			if !callerRefers {
				by, kept, who = b, a, 0
			}
			p.refer(by, p.ext(3), "", 202)
			p.told(by, 100, 480)
			p.refer(by, "9999", "", 202)
			p.told(by, 100, 404)
			p.refer(by, p.ext(1), "", 202)
			p.told(by, 100, 486)
			by.Hears(toneOf(who))
			p.refer(by, p.ext(2), "", 202)
			c := p.phones[2].Incoming()
			if from, referred := c.Invite.Get("From"), c.Invite.Get("Referred-By"); !strings.Contains(from, "sip:"+p.ext(who)+"@") || !strings.Contains(referred, "sip:"+p.Agents[1-who].User+"@") {
				t.Errorf("the phone shows %s, passed on by %s", from, referred)
			}
			p.told(by, 100, 180)
			kept.Hears(musicSays)
			p.refer(by, p.ext(2), "", 491)
			c.Reject(486)
			p.told(by, 486)
			by.Hears(toneOf(who))
			kept.Hears(toneOf(1 - who))
			p.server.board.Ready(p.Agents[2].User) // rests otherwise
			p.refer(by, p.ext(2), "", 202)
			c = p.phones[2].Incoming()
			p.told(by, 100, 180)
			c.Answer()
			p.told(by, 200)
			by.Ended()
			kept.Hears(toneOf(2))
			c.Hears(toneOf(who))
			kept.Hangup()
			c.Ended()
			p.idle()
		})
	}
	t.Run("who leaves at once", func(t *testing.T) {
		t.Parallel()
		p := &passed{bed: newBed(t, 3)}
		p.phones = p.agents(3)
		a := p.phones[0].Dial(p.ext(1))
		b := p.phones[1].Incoming()
		b.Answer()
		a.Answered()
		for _, pickedUp := range []bool{true, false} {
			p.refer(a, p.ext(2), "", 202)
			a.Hangup()
			c := p.phones[2].Incoming()
			if pickedUp {
				c.Answer()
				b.Hears(toneOf(2))
				c.Hears(toneOf(1))
			} else {
				b.Hears(musicSays)
				c.Reject(603)
				b.Ended()
				break
			}
			c.Hangup()
			b.Ended()
			p.idle()
			a = p.phones[0].Dial(p.ext(1))
			b = p.phones[1].Incoming()
			b.Answer()
			a.Answered()
		}
		p.idle()
	})
	t.Run("whoever was to be passed on hangs up", func(t *testing.T) {
		t.Parallel()
		p := &passed{bed: newBed(t, 3)}
		p.phones = p.agents(3)
		a := p.phones[0].Dial(p.ext(1))
		b := p.phones[1].Incoming()
		b.Answer()
		a.Answered()
		p.refer(a, p.ext(2), "", 202)
		c := p.phones[2].Incoming()
		p.told(a, 100, 180)
		b.Hangup()
		p.told(a, 487)
		c.Ended()
		a.Ended()
		p.idle()
	})
}

// TestBothLinesJoin: a phone that joins its two calls by a REFER on each at the same
// moment, or two that do, leaves those it spoke with to each other.
func TestBothLinesJoin(t *testing.T) {
	t.Parallel()
	p := &passed{bed: newBed(t, 3)}
	p.phones = p.agents(3)
	for range 5 {
		var lines, others [2]siptest.TestCall
		for i := range lines {
			lines[i] = p.phones[0].Dial(p.ext(i + 1))
			others[i] = p.phones[i+1].Incoming()
			others[i].Answer()
			lines[i].Answered()
			others[i].Hears(toneOf(0))
		}
		together(2, func(i int) {
			replace := url.QueryEscape(replaces(lines[1-i].Answered(), false))
			_, _ = lines[i].Call.Do(t.Context(), "REFER", "", "Refer-To: <sip:"+p.ext(2-i)+"@"+p.SIP.Domain+"?Replaces="+replace+">")
		})
		others[0].Hears(toneOf(2))
		others[1].Hears(toneOf(1))
		for _, l := range lines {
			l.Ended()
		}
		others[0].Hangup()
		others[1].Ended()
		p.idle()
	}
}

// idle waits until nobody is in a call.
func (p *passed) idle() {
	p.t.Helper()
	until(p.t, "nobody is in a call", func() bool {
		for _, a := range p.server.board.Snapshot().Agents {
			if a.Call != "" {
				return false
			}
		}
		return len(p.server.calls.Live()) == 0
	})
}
