package call

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"

	"shouwen/cases"
	"shouwen/ivr/acd"
	"shouwen/metrics"
	"shouwen/sip"
	"shouwen/sip/media"
)

// party is an agent's phone in a conversation: one leg per registered contact
// while it rings, one leg once it was picked up.
type party struct {
	User     string
	legs     []*sip.Leg
	summoned bool         // rings past the queue
	outside  bool         // not of ours: takes callers, and passes nobody on
	number   cases.Number // of who is outside, if one of ours dialled it himself
	abroad   bool         // at another node, which has him; see takeOver

	// Of a target that is several people, until one of them has picked up.
	taken  []string   // whose phones ring, but for those of a queue
	tiers  [][]string // who is to be rung next
	ticket *acd.Ticket
	offers <-chan acd.Offer
}

// Conversation is one call to a hotline, from its arrival until the last fact of
// it is recorded.
//
// It is owned by the goroutine running run. Everybody else posts events.
type Conversation struct {
	id     string
	sw     *Switch
	line   Hotline
	caller *sip.Leg
	events chan *event
	facts  chan *cases.Fact // to the recorder
	done   chan struct{}    // closed when run has returned

	// Owned by run.
	log     *slog.Logger
	state   state
	live    Live
	ticket  *acd.Ticket
	offers  <-chan acd.Offer
	ringing map[string]*party // by user
	answers []acd.Answer      // phones that picked up while a tie is possible
	tie     *time.Timer
	agent   *party // who talks with the caller
	meeting *meeting
	playing *media.Playback
	next    []*media.Prompt // after playing; the last of them is repeated
	check   *time.Ticker    // of the audio
	probed  probes
	limit   *time.Timer     // of the state; nil: none
	wait    metrics.Outcome // how the wait ends if nobody picks up
	entered time.Time       // into the queue
	wrapUp  time.Duration   // of the queue
	missed  cases.MissedReason
	gone    bool // the caller's leg has ended

	// Of waiting.
	again      Again    // what was known of the caller when he came
	waitsIn    Queue    // or waited last
	tried      []string // queues
	tape       tape
	forecast   forecast
	announceAt time.Time
	offered    bool // a callback was
	wish       *wish
	kept       cases.Place // of a caller who takes a callback; zero: none
	message    *message
	sounds     Sounds     // of the caller's language
	matter     acd.Caller // what is known of it before the queue: Priority and Avoid
	walking    *walking   // through a flow; nil: not

	// Of transfers.
	first       string    // user of the first-asker
	since, left time.Time // when the agent got the caller; when the last one left
	agentUp     time.Time // when the agent, who was passed the caller, picked up; zero: he was not
	handling    handling
	keys        string // of a feature code the agent is dialling
	lastKey     time.Time
	category    string                // of the case, as far as known
	passing     *transfer             // nil: none
	target      *party                // who rings, or speaks with the agent, or waits for the caller
	refused     cases.TransferFailure // why the last one failed
	tone        *media.Playback       // to the agent
	spoken      bool                  // it was followed by words
	targetMusic *media.Playback
	successors  successors

	back *back // what it calls its caller for; nil: he called

	supervisor *supervisor // on the line, or rung for that; nil: none

	sides     []side          // took part so far
	recording *recording      // under way; nil: none
	recorded  bool            // or was
	announced bool            // the caller knows
	telling   *media.Playback // see tell; nil: nothing
	told      func(heard bool)

	unrecorded int      // facts the recorder has not reported back
	later      []*event // that came while a fact waited for the disk
}

// converse makes the conversation of a hotline call.
func (s *Switch) converse(leg *sip.Leg, line Hotline) func(sip.Event) {
	in := leg.Incoming()
	c := s.conversation(newID(), line)
	c.caller, c.state = leg, arriving
	s.arrivals.begin(c.id, in.At)
	leg.Log(c.log)
	c.live = Live{
		ID: c.id, Direction: metrics.Inbound, State: metrics.InIVR, Caller: callerOf(in.Caller),
		Dialed: in.Dialed, Since: time.Now(), Confidential: line.Complaints,
	}
	c.log.Info("call arrived", "caller", c.live.Caller.E164, "hotline", in.Dialed, "trunk", in.Trunk, "sip_call_id", in.CallID)
	c.record(cases.Fact{Arrived: &cases.Arrived{Caller: c.live.Caller, Hotline: in.Dialed, Trunk: in.Trunk}})
	c.again = s.again(line, c.live.Caller, c.live.Since)
	c.live.Again = c.again.OpenCase
	s.show(c.live)
	s.own(c)
	s.wg.Go(c.recorder)
	s.wg.Go(c.run)
	leg.Ring()
	return func(e sip.Event) { c.post(event{kind: callerEvent(e), sip: e}) }
}

// conversation returns one that nobody runs yet.
func (s *Switch) conversation(id string, line Hotline) *Conversation {
	c := &Conversation{
		id: id, sw: s, line: line,
		events: make(chan *event, 32), facts: make(chan *cases.Fact, 16), done: make(chan struct{}),
		ringing: make(map[string]*party), probed: make(probes),
		meeting: s.meeting(), wait: metrics.WaitAbandoned, missed: cases.MissedAbandoned, sounds: s.Sounds,
	}
	c.into(line.Queue)
	c.meeting.changed = func() { c.noteSides(); c.followRecording() }
	c.log = s.Log.With("call", c.id)
	return c
}

// post hands an event to the owner; after its end nobody listens any more.
func (c *Conversation) post(e event) {
	if e.kind == "" {
		return
	}
	select {
	case c.events <- &e:
	case <-c.done:
	}
}

// recorder makes the facts of this call durable, in their order, and carries the
// case number from the fact that got it to those after it.
func (c *Conversation) recorder() {
	var number cases.CaseNumber
	for f := range c.facts {
		if got := c.store(f, number); got != "" {
			number = got
		}
	}
}

// store makes f durable, of the case with a number if it names none, and returns
// the number it then has.
func (c *Conversation) store(f *cases.Fact, number cases.CaseNumber) cases.CaseNumber {
	if f.Case == "" {
		f.Case = number
	}
	got, err := c.sw.Journal.Append(context.Background(), *f)
	if err != nil {
		c.sw.Log.Error("fact not recorded", "call", c.id, "err", err)
		got = *f
	}
	c.post(event{kind: evRecorded, fact: got, err: err})
	return got.Case
}

// record appends a fact at the present time. It blocks only if the disk lags 16
// facts of this call behind; what happens meanwhile is dealt with later.
func (c *Conversation) record(f cases.Fact) {
	f.At, f.Call = time.Now().UTC(), c.id
	if c.back != nil {
		f.Case = c.back.Case
	}
	c.unrecorded++
	for {
		select {
		case c.facts <- &f:
			return
		case e := <-c.events: // the recorder must not wait for us
			c.later = append(c.later, e)
		}
	}
}

// phone is the account of the caller, if he is one of us.
func (c *Conversation) phone() string {
	if c.caller == nil {
		return ""
	}
	return c.caller.Incoming().Account
}

func (c *Conversation) run() {
	if phone := c.phone(); phone != "" { // an agent who calls is not to be rung for himself
		c.sw.Board.Busy(phone, c.id)
		defer c.sw.Board.Released(phone, c.id)
	}
	defer c.sw.hide(c.id)
	defer func() { c.sw.arrivals.end(c.id, time.Now()) }()
	defer close(c.facts)
	defer close(c.done)
	if c.back != nil {
		defer c.sw.Unstand(c.back.Case) // every fact of the attempt is durable
	}
	defer c.sw.recovered("conversation", c.log, c.abort)
	c.check = time.NewTicker(time.Second)
	defer c.check.Stop()
	for c.state != over {
		c.step(c.await())
	}
}

// await waits for what happens next. It is a function of its own because calls wait
// most of the time, and events are large: so their stacks are small.
func (c *Conversation) await() *event {
	if len(c.later) > 0 {
		e := c.later[0]
		c.later = c.later[1:]
		return e
	}
	select {
	case e := <-c.events:
		return e
	case o, ok := <-c.offers:
		if !ok {
			c.offers = nil
			return &event{kind: evNoOffers, err: c.ticket.Err()}
		}
		return &event{kind: evOffer, offer: o}
	case o, ok := <-c.targetOffers():
		kind := evTargetOffer
		if !ok {
			kind = evNoTarget
		}
		return &event{kind: kind, offer: o}
	case <-done(c.playing):
		c.playing = nil // or it would be over again and again
		return &event{kind: evPlayed}
	case <-c.tied():
		c.tie = nil
		return &event{kind: evTied}
	case <-done(c.tone):
		return &event{kind: evToned}
	case <-done(c.telling):
		return &event{kind: evTold}
	case <-c.limited():
		c.limit = nil
		return &event{kind: evLimit}
	case <-c.check.C:
		return &event{kind: evCheck}
	}
}

func (c *Conversation) step(e *event) {
	if kind, ok := targetKinds[e.kind]; ok && c.target.has(e.leg) {
		e.kind = kind
	}
	if e.kind == evRecorded {
		c.unrecorded--
		if e.fact.Case != "" {
			c.live.Case = e.fact.Case
			if !c.line.Complaints {
				c.sw.Callers.Opened(c.live.Caller, e.fact.Case, c.first, time.Now())
			}
		}
	}
	act, ok := table[c.state][e.kind]
	if !ok {
		act, ok = always[e.kind]
	}
	if !ok {
		c.log.Debug("event ignored", "state", c.state, "event", e.kind)
		return
	}
	act(c, *e)
}

// enter moves to state st and shows it.
func (c *Conversation) enter(st state) {
	c.log.Debug("conversation", "was", c.state, "is", st)
	if stands[c.state].target != rings || stands[st].target != rings {
		c.arm(c.sw.limit(st))
	}
	c.state = st
	c.show()
}

func (c *Conversation) show() {
	c.live.State = c.shown()
	c.handling.holds(c.live.State == metrics.Held, time.Now())
	c.sw.show(c.live)
}

// shown is the state as metrics and the console name it.
func (c *Conversation) shown() metrics.CallState {
	return c.state.shown(len(c.ringing) > 0, c.meeting.held())
}

// showRinging shows that phones ring now, or none any more.
func (c *Conversation) showRinging() {
	if c.live.State != c.shown() {
		c.show()
	}
}

// arm limits the state to d from now on; 0: not at all.
func (c *Conversation) arm(d time.Duration) {
	if c.limit != nil {
		c.limit.Stop()
		c.limit = nil
	}
	if d > 0 {
		c.limit = time.NewTimer(d)
	}
}

func (c *Conversation) limited() <-chan time.Time {
	if c.limit == nil {
		return nil
	}
	return c.limit.C
}

// abort ends a conversation whose goroutine panicked.
func (c *Conversation) abort() {
	if c.caller != nil {
		c.caller.Hangup(sip.Hangup{Cause: sip.EndPanic})
	}
	c.stopRinging("")
	if c.walking != nil {
		c.walking.stop()
	}
	if c.agent != nil {
		c.agent.hangup("")
		c.sw.Board.Released(c.agent.User, c.id)
	}
	if c.target != nil {
		c.releaseTarget()
	}
	c.stopRecording()
	if c.supervisor != nil {
		c.supervisor.hangup("")
		c.sw.Board.Released(c.supervisor.User, c.id)
	}
	if c.ticket != nil {
		c.ticket.Leave(metrics.WaitOverflow)
	}
	c.finish(!c.live.Answered.IsZero(), cases.EndFailure, cases.MissedInterrupted)
}

// play plays the prompts one after the other to the caller and repeats the last
// if it is the music. Whatever was playing stops.
func (c *Conversation) play(prompts ...*media.Prompt) {
	c.silence()
	c.next = prompts
	c.playNext()
}

func (c *Conversation) playNext() {
	if len(c.next) == 0 {
		c.playing = nil
		return
	}
	p := c.next[0]
	if p == c.sounds.Music && c.tape.tracks != nil { // another track follows, and so on
		c.playing = c.sw.Pacer.Play(c.caller.Media(), c.tape.start(time.Now()), false)
		return
	}
	c.next = c.next[1:]
	c.playing = c.sw.Pacer.Play(c.caller.Media(), p, p == c.sounds.Music)
}

func (c *Conversation) silence() {
	if c.playing != nil {
		c.playing.Stop()
		c.playing = nil
	}
	c.tape.stop(time.Now())
	c.next = nil
}

func (c *Conversation) tied() <-chan time.Time {
	if c.tie == nil {
		return nil
	}
	return c.tie.C
}

// hangup ends all legs of a phone; reason is a Reason header field or empty.
func (p *party) hangup(reason string) {
	for _, l := range p.legs {
		l.Hangup(sip.Hangup{Reason: reason})
	}
}

func stack() string { return string(debug.Stack()) }
