package sip_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"shouwen/sip"
	"shouwen/sip/siptest"
)

// alive proves that the UA still serves: OPTIONS, and a whole call.
func (b *bed) alive(t *testing.T) {
	t.Helper()
	p := b.caller(t, siptest.Config{})
	if res := p.Do(p.Request("OPTIONS", b.hotline())); res.Status != 200 {
		t.Errorf("OPTIONS: %s", res)
	}
}

func TestPanicOfTheOneWhoTakesTheCall(t *testing.T) {
	t.Parallel()
	b := newBed(t, func(b *bed, _ *sip.Config) { b.onCall = func(*sip.Leg) { panic("on call") } })
	c := b.caller(t, siptest.Config{}).Dial(b.hotline())
	leg := receive(t, b.calls)
	if m := c.Ended(); m.Status != 500 {
		t.Errorf("%s", m)
	}
	gone(t, leg)
	b.alive(t)
	if n := b.metric(t, "shouwen_panics_total", `where="leg"`); n != 1 {
		t.Errorf("%v panics counted", n)
	}
}

func isAnswered(e sip.Event) bool { _, ok := e.(sip.Answered); return ok }

func isRinging(e sip.Event) bool { _, ok := e.(sip.Ringing); return ok }

func isAny(sip.Event) bool { return true }

// panicOn makes the receiver of the legs' events panic.
func panicOn(is func(sip.Event) bool) func(*bed, *sip.Config) {
	return func(b *bed, _ *sip.Config) {
		b.onEvent = func(e legEvent) {
			if is(e.event) {
				panic("event")
			}
		}
	}
}

func TestPanicOverAnEventOfACaller(t *testing.T) {
	t.Parallel()
	for name, is := range map[string]func(sip.Event) bool{"answered": isAnswered, "every event": isAny} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, panicOn(is))
			c := b.caller(t, siptest.Config{}).Dial(b.hotline())
			leg := receive(t, b.calls)
			leg.Answer()
			c.Answered()
			if m := c.Ended(); m.Method != "BYE" {
				t.Errorf("%s", m)
			}
			gone(t, leg)
			b.alive(t)
			if n := b.metric(t, "shouwen_panics_total", `where="leg_events"`); n < 1 {
				t.Errorf("%v panics counted", n)
			}
		})
	}
}

func TestPanicOverAnEventOfAPhone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		is      func(sip.Event) bool
		answers bool
		end     string // what the phone gets
	}{
		"ringing": {is: isRinging, end: "CANCEL"}, "answered": {is: isAnswered, answers: true, end: "BYE"}, "every event": {is: isAny, end: "CANCEL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, panicOn(c.is))
			p := b.phone(t, "1001", siptest.Config{})
			leg := b.dial(t, "1001")
			in := p.Incoming()
			if c.answers {
				in.Answer()
			}
			if m := in.Ended(); m.Method != c.end {
				t.Errorf("%s", m)
			}
			gone(t, leg)
			b.alive(t)
		})
	}
}

func TestPanicOfAHandler(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := siptest.New(t, b.server(), siptest.Config{User: panicking, Domain: domain})
	if m := p.Dial("12345").Ended(); m.Status != 500 {
		t.Errorf("%s", m)
	}
	b.alive(t)
	if n := b.metric(t, "shouwen_panics_total", `where="sip_request"`); n != 1 {
		t.Errorf("%v panics counted", n)
	}
}

// lines collects what is logged.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) of(t *testing.T, leg string) (all []map[string]any) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.buf.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		if m["leg"] == leg {
			all = append(all, m)
		}
	}
	return all
}

func TestEveryLineOfALegNamesItsCall(t *testing.T) {
	t.Parallel()
	logged := new(lines)
	log := slog.New(slog.NewJSONHandler(logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	b := newBed(t, func(b *bed, _ *sip.Config) { b.onCall = func(l *sip.Leg) { l.Log(log.With("call", "c1")) } })
	c, leg := b.talk(t, siptest.Config{Tone: 500})
	stop := b.echo(leg)
	c.Hears(500) // by then the source of its audio is latched, which is logged
	stop()
	c.Hangup()
	b.over(t, leg, sip.EndHangup)
	found := logged.of(t, leg.ID())
	messages := ""
	for _, m := range found {
		if m["call"] != "c1" {
			t.Errorf("%v", m)
		}
		messages += m["msg"].(string) + "\n"
	}
	if !strings.Contains(messages, "leg ended") || !strings.Contains(messages, "RTP source latched") {
		t.Errorf("lines: %s", messages)
	}
}

func TestAudioIsCountedAtTheEnd(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	c, leg := b.talk(t, siptest.Config{Tone: 500})
	stop := b.echo(leg)
	c.Hears(500)
	stop()
	c.Hangup()
	b.over(t, leg, sip.EndHangup)

	p, silent, invite := b.rung(t, siptest.Config{NoAudio: true})
	d, _ := b.pickUp(t, p, silent, invite)
	b.hangup(t, p, d, silent)

	for name, want := range map[string]float64{
		`shouwen_rtp_no_media_total leg="agent"`:       1,
		`shouwen_rtp_no_media_total leg="caller"`:      0,
		`shouwen_rtp_loss_ratio_count leg="caller"`:    1,
		`shouwen_rtp_jitter_seconds_count leg="agent"`: 0,
	} {
		metric, label, _ := strings.Cut(name, " ")
		if got := b.metric(t, metric, label); got != want {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	if n := b.metric(t, "shouwen_rtp_packets_total", `leg="caller"`); n < 5 {
		t.Errorf("%v packets", n)
	}
}
