package call

import (
	"time"

	"shouwen/cases"
	"shouwen/ivr/acd"
	"shouwen/ivr/prompts"
	"shouwen/metrics"
	"shouwen/sip"
)

const (
	shortestNumber = 5
	longestNumber  = 15               // E.164
	keysPause      = 10 * time.Second // without a key, a caller who is asked for some wants none
	wishTries      = 3                // of keying in what is of use
)

// wish is a callback that a caller is making up his mind about.
type wish struct {
	number cases.Number // empty: not known yet
	keyed  bool         // he keyed it in
	typing bool         // keys are digits of a number
	typed  []byte
	tries  int // keys that were of no use
}

// callerKey: a caller who waits pressed a key. It means something once it was said
// what, but for the emergency key.
func (c *Conversation) callerKey(e event) {
	c.emergencyKey(e)
	if c.state == waiting && c.offered && e.sip.(sip.Digit).Key == '1' {
		c.askCallback()
	}
}

// askCallback asks a caller at which number he wants to be called back. If he stands
// in line, he still does.
func (c *Conversation) askCallback() {
	c.wish = &wish{}
	if who := c.live.Caller; !who.Withheld {
		c.wish.number = who.E164
	}
	c.wish.typing = c.wish.number == ""
	c.enter(confirming)
	c.ask()
}

// ask says what is asked for at this point.
func (c *Conversation) ask(before ...prompts.Name) {
	c.arm(0) // until all is said
	said := before
	if c.wish.typing {
		said = append(said, prompts.EnterNumber)
	} else {
		said = append(said, prompts.CallbackNumber)
		said = append(said, c.sounds.Say.Digits(string(c.wish.number))...)
		said = append(said, prompts.CallbackConfirm)
		if c.waitsIn.OtherNumber {
			said = append(said, prompts.CallbackOther)
		}
	}
	if c.ticket != nil {
		said = append(said, prompts.CallbackBack)
	}
	c.play(c.words(said...)...)
}

// asked: what was asked for was said to its end.
func (c *Conversation) asked(event) {
	c.playNext()
	if c.playing == nil {
		c.arm(keysPause)
	}
}

// wishKey: a caller who is asked for his number pressed a key.
func (c *Conversation) wishKey(e event) {
	key, w := e.sip.(sip.Digit).Key, c.wish
	switch {
	case !w.typing && key == c.line.Emergency && c.matter.Priority != acd.Emergency:
		c.wish = nil
		c.emergencyKey(e)
	case key == '*' && c.ticket != nil:
		c.waitOn(event{})
	case w.typing && key >= '0' && key <= '9' && len(w.typed) < longestNumber:
		c.silence()
		c.arm(keysPause)
		w.typed = append(w.typed, key)
	case w.typing && key == '#' && len(w.typed) >= shortestNumber:
		w.number, w.keyed, w.typing, w.typed = c.sw.Dialable(c.caller.Incoming().Trunk, string(w.typed)), true, false, nil
		c.ask()
	case !w.typing && key == '1':
		c.promise(w.number, w.keyed)
	case !w.typing && key == '2' && c.waitsIn.OtherNumber:
		w.typing = true
		c.ask()
	default:
		w.typed = nil
		if w.tries++; w.tries >= wishTries {
			c.wishOver(event{})
			return
		}
		c.ask(prompts.InvalidKey)
	}
}

// wishOver: the caller does not say that he wants to be called back. He goes on
// waiting, or is called back all the same, some time.
func (c *Conversation) wishOver(event) {
	if c.ticket != nil {
		c.waitOn(event{})
		return
	}
	c.sorry()
}

// waitOn takes a caller who stands in line back to the music.
func (c *Conversation) waitOn(event) {
	c.wish = nil
	c.enter(waiting)
	c.play(c.sounds.Music)
}

// promise keeps the caller's place in line for a callback to number, and tells him
// when that is durable. It can be the way out of any state in which nobody else has
// the caller.
func (c *Conversation) promise(number cases.Number, keyed bool) {
	since := c.entered
	if since.IsZero() {
		since = time.Now()
	}
	c.wait, c.missed, c.wish = metrics.WaitCallback, cases.MissedCallbackTaken, nil
	c.enter(promised) // still in line: an agent who picks up now has him
	c.silence()
	asker := sticks(c.asker(), c.again, 0)
	c.kept = cases.Place{
		Call: c.id, Caller: c.live.Caller, Hotline: c.live.Dialed, Number: number, Queue: c.waitsIn.Name, Since: since,
		Priority: int(asker.Priority), Avoid: asker.Avoid,
	}
	c.log.Info("callback taken", "queue", c.waitsIn.Name, "since", since, "keyed", keyed)
	c.record(cases.Fact{CallbackTaken: &cases.CallbackTaken{
		Number: number, Keyed: keyed, Queue: c.waitsIn.Name, Since: since.UTC(), Priority: int(asker.Priority), Avoid: asker.Avoid,
	}})
}

// promiseKept: the callback is on record, or the disk failed.
func (c *Conversation) promiseKept(e event) {
	if e.fact.CallbackTaken == nil { // an earlier fact of this call
		return
	}
	c.kept.Case = e.fact.Case
	if e.err != nil {
		c.kept, c.missed = cases.Place{}, cases.MissedNoAnswer
		c.sorry()
		return
	}
	said := prompts.WillCallBack
	if c.sw.keepsPlaces() {
		said = prompts.CallbackKept
	}
	c.play(append(c.words(said), c.sounds.Goodbye)...)
}
