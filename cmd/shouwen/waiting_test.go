package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/store/storetest"
	"shouwen/ivr/call"
	"shouwen/sip/siptest"
)

// announcing has callers told their place, and offered a callback, every second.
func announcing(c *Config) {
	c.Queues[0].Announce = AnnounceConfig{Position: true, Every: Duration(time.Second)}
	c.Queues[0].CallbackOfferAfter = Duration(time.Second)
	c.Queues[0].MaxWait = Duration(time.Minute)
}

// keepingBed is a bed in which calledBack is given who stands in line, instead of
// the trunks.
func keepingBed(t *testing.T, calledBack func(call.Standing), change ...func(*Config)) *bed {
	t.Helper()
	cfg := testConfig(t)
	announcing(&cfg)
	for _, c := range change {
		c(&cfg)
	}
	opt := serverOptions{agents: 1, database: storetest.URL(t), anyPort: true}
	return startBed(t, cfg, opt, func(s *server) { s.calls.CallBack = calledBack })
}

func nobodyCallsBack(call.Standing) {}

// TestCallerHearsHisPlace: at once, and again when others have gone.
func TestCallerHearsHisPlace(t *testing.T) {
	t.Parallel()
	b := keepingBed(t, nobodyCallsBack)
	first := b.dial(numbered(1))
	first.HearsNext(allBusySays)
	first.HearsNext(positionSays)
	first.HearsNext(digitSays)
	first.Hears(musicSays)
	second := b.dial(numbered(2))
	second.HearsNext(positionSays)
	second.HearsNext(digitSays + 100)
	second.HearsNext(callbackOfferSays)
	first.Hangup()
	second.HearsNext(digitSays)
	if second.Heard(estimateSays) {
		t.Error("a wait was told that nobody could know")
	}
	b.agent(0, siptest.Config{Answer: siptest.AnswerAfter(0)})
	second.Hears(toneOf(0))
	second.Silent(positionSays, 1500*time.Millisecond)
}

// TestCallbackIsOfferedAtItsTime: once where no place is told, and before the place is
// told again where that takes longer.
func TestCallbackIsOfferedAtItsTime(t *testing.T) {
	t.Parallel()
	for name, places := range map[string]AnnounceConfig{
		"no place is told":     {Position: false, Every: 0},
		"the place much later": {Position: true, Every: Duration(time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := keepingBed(t, nobodyCallsBack, func(c *Config) { c.Queues[0].Announce = places })
			caller := b.dial(numbered(1))
			caller.Hears(callbackOfferSays)
			caller.Hears(musicSays)
			caller.Silent(callbackOfferSays, 1500*time.Millisecond)
			if told := caller.Heard(positionSays); told != places.Position {
				t.Errorf("heard his place: %t", told)
			}
			caller.Press("1")
			caller.Hears(callbackConfirmSays)
		})
	}
}

// TestOwnMusic: the tracks of the queue, one after the other, go on where an
// announcement interrupted them.
func TestOwnMusic(t *testing.T) {
	t.Parallel()
	b := newBed(t, 1, func(c *Config) {
		announcing(c)
		c.Queues[0].CallbackOfferAfter = 0
		dir := t.TempDir()
		for i, name := range []string{"a.wav", "b.WAV"} {
			writeTone(t, filepath.Join(dir, name), 800+200*i, 2*time.Second)
		}
		c.Queues[0].Music = []string{dir}
	})
	caller := b.dial(numbered(1))
	caller.Hears(800)
	caller.HearsNext(positionSays)
	caller.Hears(800)
	caller.Hears(1000)
	caller.Hears(800)
	if caller.Heard(musicSays) {
		t.Error("the music of the house was played")
	}
}

// TestOwnAnnouncement: a prompt of the queue's own is said again and again while the
// caller waits; one that is not there is told at the start.
func TestOwnAnnouncement(t *testing.T) {
	t.Parallel()
	const noticeSays = 1650
	own := func(c *Config) {
		c.Queues[0].Announce = AnnounceConfig{Every: Duration(2 * time.Second), Play: []string{"our_notice"}}
		c.Queues[0].MaxWait = Duration(time.Minute)
	}
	b := newBed(t, 1, own, func(c *Config) { tonePrompt(t, c.Prompts, "our_notice", noticeSays) })
	caller := b.dial(numbered(1))
	for range 2 {
		caller.HearsNext(musicSays)
		caller.HearsNext(noticeSays)
	}
	cfg := testConfig(t)
	own(&cfg)
	if _, err := cfg.reception(cases.Directory{}, cases.Policy{}); err == nil || !strings.Contains(err.Error(), `queues[0].announce.play: there is no prompt "our_notice" in zh-CN`) {
		t.Errorf("a prompt that is not there: %v", err)
	}
}

// taken waits until a callback was taken, and returns who stands in line.
func (b *bed) standing(n int) (who []string) {
	b.t.Helper()
	until(b.t, "in line without being on the phone", func() bool {
		who = nil
		for _, w := range b.server.board.Snapshot().Queues[0].Waiting {
			if w.Kept {
				who = append(who, w.Call)
			}
		}
		return len(who) == n
	})
	return who
}

// TestCallbackKeepsThePlace: who takes a callback is served before those who came
// after him, though he has hung up.
func TestCallbackKeepsThePlace(t *testing.T) {
	t.Parallel()
	calledBack := make(chan call.Standing, 10)
	b := keepingBed(t, func(s call.Standing) { calledBack <- s }, func(c *Config) { c.HTTP.Metrics = "127.0.0.1:0" })
	first := b.dial(numbered(1))
	first.HearsNext(callbackOfferSays)
	second := b.dial(numbered(2))
	second.HearsNext(allBusySays)
	first.Press("1")
	first.HearsNext(callbackNumberSays)
	first.HearsNext(callbackConfirmSays)
	first.Press("1")
	first.HearsNext(callbackKeptSays)
	first.HearsNext(goodbyeSays)
	first.Ended()
	b.standing(1)
	second.Hears(digitSays + 100) // still the second in line

	s := <-calledBack
	phone := b.agent(0, siptest.Config{})
	if o := <-s.Ticket.Offers(); len(o.Agents) != 1 {
		t.Errorf("offer %+v, want the one agent", o)
	}
	if string(s.Number) != numbered(1) || s.Case == "" || s.Hotline != b.Hotline || s.Queue != "hotline" {
		t.Errorf("standing %+v", s)
	}
	if _, err := s.Ticket.Claim(); err == nil {
		t.Error("claimed by nobody")
	}
	s.Ticket.Leave("")
	phone.Incoming().Answer()
	second.Hears(toneOf(0))
	second.Hangup()
	b.scrapes(t, `shouwen_calls_total{direction="inbound",result="callback_taken"} 1`)
	b.scrapes(t, `shouwen_queue_wait_seconds_count{outcome="callback",queue="hotline"} 1`)
	b.scrapes(t, `shouwen_queue_entered_total{queue="hotline"} 2`)
	all := b.cases()
	if len(all) != 2 {
		t.Fatalf("%d cases, want 2", len(all))
	}
	missedCase(t, all[0], cases.MissedCallbackTaken, 30*time.Minute)
	if all[0].CallBackAt != cases.Number(numbered(1)) {
		t.Errorf("to be called at %q", all[0].CallBackAt)
	}
}

// TestPlaceSurvivesARestart: who stands in line stands there again, in the order of
// waiting, and before whoever comes then.
func TestPlaceSurvivesARestart(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	announcing(&cfg)
	opt := serverOptions{agents: 1, database: stoppable(t, cfg.Data).url, anyPort: true}
	b := startBed(t, cfg, opt, func(s *server) { s.calls.CallBack = nobodyCallsBack })
	first := b.dial(numbered(1))
	first.HearsNext(callbackOfferSays)
	second := b.dial(numbered(2))
	second.HearsNext(callbackOfferSays)
	for _, c := range []siptest.TestCall{second, first} { // the later one takes it first
		c.Press("1")
		c.HearsNext(callbackConfirmSays)
		c.Press("1")
		c.Ended()
	}
	b.standing(2)
	b.stop()
	stand := make(chan call.Standing, 2)
	b = startBed(t, cfg, opt, func(s *server) { s.calls.CallBack = func(k call.Standing) { stand <- k } })
	b.standing(2)
	third := b.dial(numbered(3))
	third.HearsNext(digitSays + 200)
	b.agent(0, siptest.Config{})
	served := <-stand
	if o := <-served.Ticket.Offers(); len(o.Agents) != 1 || string(served.Number) != numbered(1) {
		t.Errorf("served first: %s, offer %+v", served.Number, o)
	}
}

// TestCallbackWishes: what a caller may key in, and what comes of it.
func TestCallbackWishes(t *testing.T) {
	t.Parallel()
	private := []string{`From: "Anonymous" <sip:anonymous@anonymous.invalid>`, "Privacy: id"}
	tests := map[string]struct {
		headers []string
		other   bool
		info    bool // takes the offer by INFO too: told soon after by RTP, a key is the same one
		keys    func(c siptest.TestCall)
		want    cases.Number // empty: he goes on waiting
	}{
		"not confirmed": {keys: func(c siptest.TestCall) {
			c.HearsNext(callbackConfirmSays)
			c.Press("*")
		}},
		"another number, not allowed": {keys: func(c siptest.TestCall) {
			c.HearsNext(callbackConfirmSays)
			c.Press("2")
			c.HearsNext(callbackNumberSays)
			c.Press("*")
		}},
		"another number": {other: true, keys: func(c siptest.TestCall) {
			c.HearsNext(callbackConfirmSays)
			c.Press("2")
			c.HearsNext(enterNumberSays)
			c.Press("01055550199#")
			c.HearsNext(callbackConfirmSays)
			c.Press("1")
		}, want: "+861055550199"},
		"number withheld": {headers: private, keys: func(c siptest.TestCall) {
			c.HearsNext(enterNumberSays)
			c.Press("123#") // too short
			c.HearsNext(enterNumberSays)
			c.Press("01055550133#")
			c.HearsNext(callbackNumberSays)
			c.HearsNext(callbackConfirmSays)
			c.Press("1")
		}, want: "+861055550133"},
		"only nonsense": {headers: private, keys: func(c siptest.TestCall) {
			for range 3 {
				c.HearsNext(enterNumberSays)
				c.Press("#")
			}
		}},
		"by INFO": {info: true, keys: func(c siptest.TestCall) {
			c.HearsNext(callbackConfirmSays)
			c.Do("INFO", "Signal=1\r\nDuration=160\r\n", "Content-Type: application/dtmf-relay")
		}, want: cases.Number(numbered(1))},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := keepingBed(t, nobodyCallsBack, func(c *Config) { c.Queues[0].CallbackOtherNumber = tt.other })
			c := b.dial(numbered(1), tt.headers...)
			c.HearsNext(callbackOfferSays)
			if tt.info {
				c.Do("INFO", "Signal=1\r\nDuration=160\r\n", "Content-Type: application/dtmf-relay")
			} else {
				c.Press("1")
			}
			tt.keys(c)
			if tt.want == "" {
				c.Hears(musicSays)
				c.Hangup()
				missedCase(t, only(t, b.cases()), cases.MissedAbandoned, 30*time.Minute)
				return
			}
			c.HearsNext(callbackKeptSays)
			c.Ended()
			got := only(t, b.cases())
			missedCase(t, got, cases.MissedCallbackTaken, 30*time.Minute)
			if got.CallBackAt != tt.want {
				t.Errorf("to be called at %q, want %q", got.CallBackAt, tt.want)
			}
		})
	}
}

// TestPickUpBeatsTheCallback: an agent who comes while the caller is asked where to
// be called has him.
func TestPickUpBeatsTheCallback(t *testing.T) {
	t.Parallel()
	b := keepingBed(t, nobodyCallsBack)
	c := b.dial(numbered(1))
	c.HearsNext(callbackOfferSays)
	c.Press("1")
	c.HearsNext(callbackNumberSays)
	b.agent(0, siptest.Config{Answer: siptest.AnswerAfter(0)})
	c.Hears(toneOf(0))
	c.Press("1")
	c.Hangup()
	if got := only(t, b.cases()); got.FirstAsker != b.Agents[0].User || got.CallBackAt != "" {
		t.Errorf("case %+v", got)
	}
}

// TestCallbackWithoutDatabase: the place is kept while PostgreSQL is away, and on
// record when it is back.
func TestCallbackWithoutDatabase(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	announcing(&cfg)
	o := stoppable(t, cfg.Data)
	b := startBed(t, cfg, serverOptions{agents: 1, database: o.url, anyPort: true}, func(s *server) { s.calls.CallBack = nobodyCallsBack })
	o.away()
	c := b.dial(numbered(1))
	c.HearsNext(callbackOfferSays)
	c.Press("1")
	c.HearsNext(callbackConfirmSays)
	c.Press("1")
	c.HearsNext(callbackKeptSays)
	c.Ended()
	b.standing(1)
	o.back()
	until(t, "on record", func() bool {
		places, err := b.server.database.store.Places(t.Context(), 10)
		return err == nil && len(places) == 1 && string(places[0].Number) == numbered(1)
	})
}

// TestNoPlaceIsPromised: without a trunk to the outside nobody hears that he would be
// called when it is his turn.
func TestNoPlaceIsPromised(t *testing.T) {
	t.Parallel()
	b := newBed(t, 1, announcing, func(c *Config) {
		c.Queues[0].MaxWait, c.Queues[0].WhenWaited = Duration(8*time.Second), call.TakeCallback
	})
	c := b.dial(numbered(1))
	c.HearsNext(positionSays)
	c.HearsNext(positionSays)
	c.HearsNext(callbackConfirmSays)
	if c.Heard(callbackOfferSays) {
		t.Error("a place in line was offered")
	}
	c.Press("1")
	c.HearsNext(goodbyeSays)
	c.Ended()
	if c.Heard(callbackKeptSays) {
		t.Error("a place in line was promised")
	}
	missedCase(t, only(t, b.cases()), cases.MissedCallbackTaken, 30*time.Minute)
}

// TestCallerHearsTheWait: once calls have been answered from the line, the minutes
// still ahead are told.
func TestCallerHearsTheWait(t *testing.T) {
	t.Parallel()
	b := newBed(t, 1, announcing)
	phone := b.agent(0, siptest.Config{})
	answer := func(c siptest.TestCall) {
		in := phone.Incoming()
		in.Answer()
		c.Hears(toneOf(0))
		c.Silent(musicSays, silentFor)
		c.Hangup()
		in.Ended()
	}
	first, second := b.dial(numbered(1)), b.dial(numbered(2))
	second.HearsNext(allBusySays)
	answer(first)
	answer(second) // from the line
	third := b.dial(numbered(3))
	in := phone.Incoming()
	in.Answer()
	third.Hears(toneOf(0))
	fourth := b.dial(numbered(4))
	fourth.HearsNext(positionSays)
	fourth.HearsNext(estimateSays)
	fourth.HearsNext(digitSays)
}

// TestKeyToldTwiceCountsOnce: a phone that tells a key by RTP and by INFO takes a
// callback, but has not confirmed it.
func TestKeyToldTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	b := keepingBed(t, nobodyCallsBack)
	c := b.dial(numbered(1))
	c.HearsNext(callbackOfferSays)
	together(2, func(i int) {
		if i == 0 {
			_ = c.Call.Audio.Press(t.Context(), "1")
		} else {
			_, _ = c.Call.Do(t.Context(), "INFO", "Signal=1\r\nDuration=160\r\n", "Content-Type: application/dtmf-relay")
		}
	})
	c.HearsNext(callbackNumberSays)
	c.HearsNext(callbackConfirmSays)
	c.Press("*")
	c.Hears(musicSays)
	c.Hangup()
	missedCase(t, only(t, b.cases()), cases.MissedAbandoned, 30*time.Minute)
}
