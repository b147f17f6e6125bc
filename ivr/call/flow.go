package call

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"shouwen/cases"
	"shouwen/ivr"
	"shouwen/ivr/acd"
	"shouwen/ivr/prompts"
	"shouwen/metrics"
	"shouwen/sip"
	"shouwen/sip/media"
)

// Flow is what a caller meets before the queue, or a survey after the call.
type Flow struct {
	Name     string // on record
	ivr.Flow        // checked
}

// The states of a call in a flow.
const (
	inFlow    state = "in_flow"
	surveying state = "surveying" // the same, after the agent has hung up; the call is on record as over
)

// maxQuiet is how long a caller in a flow may hear nothing before there is music.
const maxQuiet = 2 * time.Second

// maxTyped is how many keys nobody asked for yet are kept.
const maxTyped = 32

// ask is one thing a flow wants of its caller.
type ask struct {
	key   bool            // the next key; else play
	play  []*media.Prompt // until a key
	reply chan byte       // of capacity 1: the key, 0 if there is none
}

// walking is a caller's way through a flow. A goroutine of its own walks; what the
// caller hears and presses stays with the owner of the conversation, which it asks
// by events. It is an ivr.Caller.
type walking struct {
	c      *Conversation
	flow   *Flow
	stop   context.CancelFunc
	hungUp chan struct{} // closed when the caller has hung up

	// Owned by the conversation.
	asked *ask   // and not answered; nil: nothing
	typed []byte // keys nobody asked for yet
	ended event  // of the caller's leg, when he hung up
}

// Play implements ivr.Caller.
func (w *walking) Play(ctx context.Context, language string, names []prompts.Name) (byte, error) {
	a := &ask{reply: make(chan byte, 1)}
	for _, n := range names {
		a.play = append(a.play, w.c.sw.speak(language).Words[n])
	}
	return w.ask(ctx, a)
}

// Digit implements ivr.Caller.
func (w *walking) Digit(ctx context.Context) (byte, error) {
	key, err := w.ask(ctx, &ask{key: true, reply: make(chan byte, 1)})
	if err == nil && key == 0 {
		err = ctx.Err()
	}
	return key, err
}

func (w *walking) ask(ctx context.Context, a *ask) (byte, error) {
	w.c.post(event{kind: evFlowAsks, ask: a})
	select {
	case key := <-a.reply:
		return key, nil
	case <-w.hungUp:
		return 0, io.EOF
	case <-w.c.done:
		return 0, context.Canceled
	case <-ctx.Done():
	}
	w.c.post(event{kind: evFlowDrops, ask: a}) // a key may have come in this moment
	select {
	case key := <-a.reply:
		if key == 0 {
			return 0, ctx.Err()
		}
		return key, nil
	case <-w.hungUp:
		return 0, io.EOF
	case <-w.c.done:
		return 0, context.Canceled
	}
}

// walk lets the caller into a flow.
func (c *Conversation) walk(st state, f *Flow) {
	ctx, stop := context.WithCancel(context.Background())
	w := &walking{c: c, flow: f, stop: stop, hungUp: make(chan struct{})}
	c.walking = w
	c.enter(st)
	c.arm(maxQuiet)
	who, number := c.live.Caller.E164, c.live.Case
	values := map[string]string{"caller": string(who), "hotline": c.live.Dialed, "case": string(cmp.Or(number, c.again.Case))}
	c.sw.wg.Go(func() {
		defer c.sw.recovered("flow", c.log, func() { c.post(event{kind: evFlowEnded, err: errors.New("flow panicked")}) })
		walk := ivr.Walk{Flow: f.Flow, Language: c.sw.Language, Values: values, Open: c.sw.Open, HTTP: c.sw.HTTP}
		exit, err := walk.Run(ctx, w)
		c.post(event{kind: evFlowEnded, exit: exit, err: err})
	})
}

// flowAsks: the flow wants the caller to hear something, or to press a key.
func (c *Conversation) flowAsks(e event) {
	w, a := c.walking, e.ask
	switch {
	case len(w.typed) > 0:
		a.reply <- w.typed[0]
		w.typed = w.typed[1:]
	case !a.key && len(a.play) == 0:
		a.reply <- 0
	case !a.key:
		w.asked = a
		c.arm(0)
		c.play(a.play...)
	default:
		w.asked = a
	}
}

// flowDrops: the flow waits no longer.
func (c *Conversation) flowDrops(e event) {
	if w := c.walking; w.asked == e.ask {
		w.asked = nil
		e.ask.reply <- 0
		c.arm(maxQuiet)
	}
}

// flowPlayed: a prompt is over. When all are, the flow goes on.
func (c *Conversation) flowPlayed(event) {
	if len(c.next) > 0 {
		c.playNext()
		return
	}
	c.arm(maxQuiet)
	c.answerFlow(0)
}

// flowKey: the caller pressed a key, which stops what he hears.
func (c *Conversation) flowKey(e event) {
	c.silence()
	c.arm(maxQuiet)
	key := e.sip.(sip.Digit).Key
	if w := c.walking; w.asked == nil {
		if len(w.typed) < maxTyped {
			w.typed = append(w.typed, key)
		}
		return
	}
	c.answerFlow(key)
}

func (c *Conversation) answerFlow(key byte) {
	if w := c.walking; w.asked != nil {
		w.asked.reply <- key
		w.asked = nil
	}
}

// flowQuiet: the caller has heard nothing for a while.
func (c *Conversation) flowQuiet(event) { c.play(c.sounds.Music) }

// flowHungUp: the caller hung up in the flow, which is to say what it has found.
func (c *Conversation) flowHungUp(e event) {
	w := c.walking
	c.gone, w.ended = true, e
	c.silence()
	close(w.hungUp)
}

// flowEnded: the caller has left the flow.
func (c *Conversation) flowEnded(e event) {
	w := c.walking
	w.stop()
	c.walking = nil
	c.arm(0)
	c.log.Info("flow left", "flow", w.flow.Name, "to", e.exit.To, "name", e.exit.Name, "steps", len(e.exit.Steps), "err", e.err)
	c.record(cases.Fact{FlowLeft: left(w.flow.Name, e.exit)})
	c.sw.Metrics.Flows.Left(w.flow.Name, resultOfFlow(e))
	switch {
	case c.state == surveying:
		c.silence()
		if !c.gone {
			c.caller.Hangup(sip.Hangup{})
		}
		c.enter(concluding)
	case c.gone:
		c.callerEnded(w.ended)
	case e.err != nil: // whatever became of the flow, the caller is not lost
		c.log.Error("flow failed", "flow", w.flow.Name, "err", e.err)
		c.queue(event{})
	default:
		c.category = e.exit.Category
		c.matter = acd.Caller{Priority: acd.Priority(e.exit.Priority), Avoid: e.exit.Avoid}
		c.sounds = c.sw.speak(e.exit.Language)
		c.leave(e.exit.To, e.exit.Name)
	}
}

// left is the fact of an exit. A number keyed in for a callback is in the fact of
// that.
func left(flow string, e ivr.Exit) *cases.FlowLeft {
	l := &cases.FlowLeft{
		Flow: flow, To: string(e.To), Name: e.Name, Language: e.Language, Class: e.Class, Category: e.Category,
		Priority: e.Priority, Avoid: e.Avoid, Scores: e.Scores,
	}
	if e.To == ivr.ToCallback {
		l.Name = ""
	}
	for _, s := range e.Steps {
		l.Steps = append(l.Steps, cases.FlowStep{At: s.At.UTC(), Node: s.Node, On: s.On, Note: s.Note})
	}
	return l
}

func resultOfFlow(e event) metrics.FlowResult {
	switch {
	case errors.Is(e.err, io.EOF):
		return metrics.FlowHangup
	case e.err != nil:
		return metrics.FlowFailed
	case e.exit.Unanswered == ivr.Silent:
		return metrics.FlowTimeout
	case e.exit.Unanswered == ivr.Invalid:
		return metrics.FlowInvalid
	case e.exit.To == ivr.ToHangup:
		return metrics.FlowSelfServed
	case slices.Contains([]ivr.Destination{ivr.ToVoicemail, ivr.ToCallback}, e.exit.To):
		return metrics.FlowMessage
	}
	return metrics.FlowAgent
}

// survey asks a caller whose agent has hung up what he thinks of the call, which is
// on record as over; false if nobody wants to know, or cannot ask.
func (c *Conversation) survey() bool {
	survey := cmp.Or(c.waitsIn.Survey, c.line.Survey)
	if survey == nil || c.gone {
		return false
	}
	c.releaseTarget()
	c.releaseAgent()
	c.stopRecording()
	c.account(true, cases.EndAgent, "")
	c.live.Agent = ""
	c.walk(surveying, survey)
	return true
}
