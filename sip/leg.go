package sip

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	msg "github.com/emiago/sipgo/sip"
	"github.com/google/uuid"

	"shouwen/sip/media"
)

// Incoming is what a call says about itself when it arrives.
type Incoming struct {
	Caller  CallerID
	Dialed  string // user part of the Request-URI
	Trunk   string // name of the trunk that brought it, or empty
	Account string // user of the phone that made it, or empty
	CallID  string // Call-ID header field

	At time.Time // when its INVITE was read from the network

	Replaces *Replaces // the call it is to take the place of; nil: none
	Node     int       // the other node that makes it in the name of Account; 0: the phone does
}

// EndCause says why a leg ended. The set is closed.
type EndCause string

const (
	EndHangup    EndCause = "hangup"    // the far end sent BYE
	EndLocal     EndCause = "local"     // Hangup or Reject was called
	EndCancelled EndCause = "cancelled" // the caller sent CANCEL before the answer
	EndRejected  EndCause = "rejected"  // the far end answered with a failure
	EndTimeout   EndCause = "timeout"   // the far end never answered a request
	EndNoAck     EndCause = "no_ack"    // our 2xx was never acknowledged
	EndGone      EndCause = "gone"      // the far end does not know the dialog, or its connection is closed
	EndMedia     EndCause = "media"     // offer and answer did not fit
	EndExpired   EndCause = "expired"   // the session timer ran out (RFC 4028)
	EndShutdown  EndCause = "shutdown"  // the program is stopping
	EndSpent     EndCause = "spent"     // Hangup was called because there is no more money for the call
	EndPanic     EndCause = "panic"     // a defect of ours; see the log
)

// Event is something that happened on a leg. Events of one leg come in order, on
// the leg's goroutine; the receiver must not block. Ended comes exactly once and
// last.
type Event interface{ isEvent() }

// Ringing: the far end rings (a 18x to our INVITE).
type Ringing struct {
	Code  int
	Audio bool // of a leg to the outside: the network's ringing tone or announcement can be heard
}

// Answered: there is audio. For an inbound leg, after our 2xx went out (or, when
// the caller left the offer to us, after his ACK brought the answer).
type Answered struct{}

// Held: the far end put us on hold; it hears nothing useful and sends nothing.
type Held struct{}

// Resumed: the far end took us off hold.
type Resumed struct{}

// Digit: the far end pressed a key.
type Digit struct {
	Key byte // 0-9 * # A-D
	By  DigitSource
}

// Ended: the leg is over.
type Ended struct {
	Cause  EndCause
	Code   int // final status the far end or we gave, or 0
	Reason string
}

// Referred: the far end asks that who it speaks with be passed on (RFC 3515).
type Referred struct{ *Referral }

// Asked: somebody asks whoever owns the leg; see Leg.Ask.
type Asked struct{ What any }

func (Referred) isEvent() {}
func (Asked) isEvent()    {}
func (Ringing) isEvent()  {}
func (Answered) isEvent() {}
func (Held) isEvent()     {}
func (Resumed) isEvent()  {}
func (Digit) isEvent()    {}
func (Ended) isEvent()    {}

// Hangup says why a leg is hung up.
type Hangup struct {
	Cause  EndCause // EndLocal if empty
	Reason string   // Reason header field (RFC 3326) to send, or empty
}

// Leg is one SIP dialog with its audio, in either role.
//
// A leg is owned by the goroutine running run. Other goroutines only put signals
// into box, or read what never changes.
type Leg struct {
	id    string // local tag; unique, also among nodes: it begins with the number of ours
	in    Incoming
	user  string   // whose phone an outbound leg rings, or empty
	out   *outside // of a leg to the outside; nil: it is none
	ua    *UA
	log   *slog.Logger // writes to logs.now
	logs  *legLog
	media *media.Session
	nat   bool

	security Security
	proof    *proof // of a leg to another node; nil: it is none

	key   initialKey // of an inbound leg's INVITE
	box   *mailbox[signal]
	done  chan struct{}
	sink  atomic.Pointer[func(Event)]
	peer  atomic.Pointer[dialogID] // as far as known
	past  atomic.Bool              // it has ended
	trunk atomic.Value             // string; see Trunk
	audio audio

	// Owned by run.
	state    legState
	flow     flow
	dlg      dialog
	oa       *offerAnswer
	timers   legTimers
	answered bool  // Answered was sent
	held     bool  // Held was sent, and no Resumed since
	ended    Event // the Ended that was sent; nil: none yet

	referrals []*Referral // not over yet
	last      int         // NOTIFYs about the end of a transfer that wait for an answer
	parting   Hangup      // wanted meanwhile

	invite  serverInvite // the INVITE of the peer being answered
	sent    clientInvite // our INVITE being answered
	session sessionTimer
	extra   []msg.Header // of our first INVITE
	allow   []string     // methods the peer takes
	parked  []signal     // requests that came before what they depend on; see park
	digits  digitFilter
}

// serverInvite is an INVITE of the peer, initial or not, until its ACK came.
type serverInvite struct {
	req     *msg.Request  // nil: acknowledged
	tx      *msg.ServerTx // nil: over
	res     *msg.Response // the 2xx, for repetition
	seq     uint32
	repeats int
	offered bool   // our 2xx carries the offer; the ACK must bring the answer
	hangup  Hangup // wanted before the ACK
}

// clientInvite is our INVITE, initial or not.
type clientInvite struct {
	req     *msg.Request
	tx      *msg.ClientTx
	acks    map[string]*msg.Request // sent for its 2xx, by remote tag, repeated with them
	early   map[string]*offerAnswer // of the early dialogs that answered our offer, by remote tag
	pending bool                    // no final response yet
	hangup  *Hangup                 // wanted before there was a final response
}

// maxForks is how many branches of one INVITE are followed.
const maxForks = 16

// ID names the leg; it is also its local tag.
func (l *Leg) ID() string { return l.id }

// Incoming is what the call said about itself; empty for a leg we dialled.
func (l *Leg) Incoming() Incoming { return l.in }

// User is whose phone a leg we dialled rings.
func (l *Leg) User() string { return l.user }

// Media is the leg's audio, usable until Ended.
func (l *Leg) Media() *media.Session { return l.media }

// Done is closed when the leg's goroutine has ended.
func (l *Leg) Done() <-chan struct{} { return l.done }

// Log names the call this leg belongs to in every line the leg writes. Call it
// at any time, from any goroutine.
func (l *Leg) Log(log *slog.Logger) { l.logs.now.Store(log.With("leg", l.id)) }

// Handle makes sink the receiver of the events from now on. It is told first what
// the leg is already: Answered, Held, Ended.
func (l *Leg) Handle(sink func(Event)) {
	if !l.box.put(signal{kind: sigHandle, sink: sink}) {
		<-l.done
		sink(l.ended)
	}
}

// Ask tells the owner of the leg, whoever that is, as an event among the others.
// It is not told, or false, once the leg has ended.
func (l *Leg) Ask(what any) bool { return l.box.put(signal{kind: sigAsk, what: what}) }

// handle is Handle in the leg's goroutine.
func (l *Leg) handle(s signal) {
	l.sink.Store(&s.sink)
	if l.answered {
		s.sink(Answered{})
	}
	if l.held {
		s.sink(Held{})
	}
	if l.ended != nil {
		s.sink(l.ended)
	}
}

// Ring tells the caller that somebody is being called (180). No effect once answered.
func (l *Leg) Ring() { l.box.put(signal{kind: sigRing}) }

// Answer accepts the call of an inbound leg; Answered or Ended follows.
func (l *Leg) Answer() { l.box.put(signal{kind: sigAnswer}) }

// Reject refuses the call of an inbound leg that was not answered, with a status
// from 300 to 699; Ended follows. An answered leg is hung up instead.
func (l *Leg) Reject(code int, reason string) {
	l.box.put(signal{kind: sigReject, code: code, reason: reason})
}

// Probe asks the far end of an answered leg whether it is still there; if it does
// not say so within a few seconds the leg ends with EndGone. No effect while an
// earlier question is open.
func (l *Leg) Probe() { l.box.put(signal{kind: sigProbe}) }

// Hangup ends the leg in any state by what fits: CANCEL, BYE or a final
// response. Idempotent; Ended follows.
func (l *Leg) Hangup(h Hangup) {
	if h.Cause == "" {
		h.Cause = EndLocal
	}
	l.box.put(signal{kind: sigHangup, hangup: h})
}

// newLeg opens the audio of a leg that writes to log.
func newLeg(u *UA, log *slog.Logger) (*Leg, error) {
	l := &Leg{id: fmt.Sprintf("%d.%s", u.cfg.Node, uuid.Must(uuid.NewV7())), ua: u, logs: new(legLog), box: newMailbox[signal](), done: make(chan struct{})}
	l.Log(log)
	l.trunk.Store("")
	l.log = slog.New(l.logs)
	m, err := u.deps.Ports.Open(l.log)
	if err != nil {
		return nil, err
	}
	l.media = m
	l.timers.post = func(s signal) { l.box.put(s) }
	m.OnDigit(func(key byte) { l.box.put(signal{kind: sigKey, key: key, by: ByEvent}) })
	return l, nil
}

// poster returns a function that puts signals into the mailbox of l as long as u has l,
// and returns whether it did. It does not keep l: transactions live on for half a
// minute, which with the audio and the conversation of each call would be most of the
// memory of hundreds of calls a second.
func (l *Leg) poster() func(signal) bool {
	u, id := l.ua, l.id
	return func(s signal) bool {
		l := u.find(id)
		return l != nil && l.box.put(s)
	}
}

// discard gives back what a leg that never ran holds.
func (l *Leg) discard() { _ = l.media.Close() }

// run owns the leg until it is dead.
func (l *Leg) run() {
	defer func() {
		l.timers.stopAll()
		l.refuseParked()
		l.rateAudio()
		_ = l.media.Close()
		l.ua.remove(l)
		if l.sent.pending && l.sent.tx != nil { // a final response that comes soon gets its ACK
			time.AfterFunc(64*l.ua.cfg.T1, l.sent.tx.Terminate)
		}
		for _, s := range l.box.close() {
			if s.kind == sigHandle {
				l.handle(s)
			}
			if s.tx != nil {
				l.ua.refuse(s.tx, s.req, 481, statusText(481))
			}
		}
		close(l.done)
	}()
	if l.state == legIncoming {
		l.step(signal{kind: sigArrived})
	}
	for l.state != legDead {
		select {
		case <-l.box.wake:
			l.drain()
		case ack := <-l.acks(): // with the branch of its INVITE, as some phones send it
			l.step(signal{kind: sigAck, req: ack})
		case <-l.concluded():
			l.invite.tx = nil // the call may be long
		}
	}
}

// drain handles the signals there are. It is a function of its own so that the
// stack of a waiting leg is small.
func (l *Leg) drain() {
	for l.state != legDead { // what comes behind its end is run's to answer
		s, ok := l.box.take()
		if !ok {
			return
		}
		l.step(s)
	}
}

// concluded is closed when no repeated ACK comes any more.
func (l *Leg) concluded() <-chan struct{} {
	if l.invite.tx == nil || l.invite.req != nil {
		return nil
	}
	return l.invite.tx.Done()
}

func (l *Leg) acks() <-chan *msg.Request {
	if l.invite.tx == nil {
		return nil
	}
	return l.invite.tx.Acks()
}

// step handles one signal; a panic ends this leg only.
func (l *Leg) step(s signal) {
	safely := l.ua.transport.panics.safely
	if safely("leg", func() { l.act(s) }) {
		return
	}
	if s.tx != nil {
		l.ua.refuse(s.tx, s.req, 500, statusText(500))
	}
	if !safely("leg", func() { l.act(signal{kind: sigHangup, hangup: Hangup{Cause: EndPanic}}) }) {
		l.end(Ended{Cause: EndPanic})
		l.state = legDead
	}
}

func (l *Leg) act(s signal) {
	if s.gen != 0 && !l.timers.fresh(s) {
		return
	}
	if l.out != nil && l.stale(s) {
		l.ua.tidy(s.req, s.res)
		return
	}
	act, ok := legTable[l.state][s.kind]
	switch {
	case s.kind == sigHandle:
		l.handle(s)
		return
	case s.kind == sigAsk:
		l.emit(Asked{s.what})
		return
	case !ok:
		l.unexpected(s)
		return
	}
	act(l, s)
}

// unexpected answers what does not fit the state: a request gets 481 or 500, a
// command or response is too late and means nothing.
func (l *Leg) unexpected(s signal) {
	if s.tx != nil {
		l.ua.refuse(s.tx, s.req, 481, statusText(481))
	}
	l.log.Debug("signal ignored", "state", l.state, "signal", s.kind)
}

// emit tells the leg's owner, until the end. An owner that panics loses the leg.
func (l *Leg) emit(e Event) {
	sink := l.sink.Load()
	if l.ended != nil || sink == nil || l.ua.transport.panics.safely("leg_events", func() { (*sink)(e) }) {
		return
	}
	l.Hangup(Hangup{Cause: EndPanic})
}

// end reports the end once, and ends the audio. The leg may live on to finish its
// transactions.
func (l *Leg) end(e Ended) {
	if l.ended != nil {
		return
	}
	_ = l.media.Close()
	l.past.Store(true)
	l.seizure(e.seizure())
	l.dropReferrals()
	level := slog.LevelInfo
	switch e.Cause {
	case EndHangup, EndLocal, EndCancelled: // as calls do
		level = slog.LevelDebug
	}
	l.log.Log(context.Background(), level, "leg ended", "cause", e.Cause, "code", e.Code, "reason", e.Reason)
	l.emit(e)
	l.ended = e
}
