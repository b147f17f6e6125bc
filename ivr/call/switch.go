package call

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"shouwen/cases"
	"shouwen/ivr/acd"
	"shouwen/ivr/prompts"
	"shouwen/metrics"
	"shouwen/sip"
	"shouwen/sip/media"
)

// Hotline is a number callers dial and how its calls are served.
type Hotline struct {
	Number         string
	Aliases        []string      // as trunks may write it
	Queue          string        // of the Board
	Greeting       *media.Prompt // before the queue, unless there is a flow; nil: none
	CallbackWithin time.Duration // promise to a caller nobody answered

	Hours     string // of Switch.Open; empty: always open
	Night     Exit   // of callers while it is closed
	Flow      *Flow  // before the queue; nil: none
	Survey    *Flow  // after the agent has hung up; nil: none
	Emergency byte   // key of a caller who waits; 0: none

	Complaints bool // about staff: nobody else is told of its callers and their cases
}

// Sounds are the prompts of the organisation's language.
type Sounds struct {
	Greeting, PleaseHold, AllBusy, Apology, Goodbye, Music, Beep *media.Prompt

	Words map[prompts.Name]*media.Prompt // every prompt there is, those above too
	Say   prompts.Say                    // puts words together
}

// Phones is the part of the SIP side a call needs.
type Phones interface {
	Contacts(user string) []sip.Binding
	Dial(sip.Binding, sip.Dialing) (*sip.Leg, error)
	Message(context.Context, sip.Binding, string) error
	Replaced(sip.Replaces) (leg *sip.Leg, ended bool)

	// Of calls at other nodes.
	TakeOver(r sip.Replaces, user, extension string, d sip.Dialing) (*sip.Leg, error)
	At(r sip.Replaces, extension string) (uri string, ok bool)
}

// Journal makes facts durable: what Append returned is not lost. It numbers the
// case a fact opens.
type Journal interface {
	Append(context.Context, cases.Fact) (cases.Fact, error)
}

// Switch takes every new call and keeps the list of those alive. Its methods are
// safe from any goroutine.
type Switch struct {
	Hotlines     []Hotline
	Directory    func() cases.Directory // who has which extension now
	Board        *acd.Board
	PauseReasons []string // the n-th is dialled as the code of NotReady and n, from 1
	Phones       Phones
	Journal      Journal
	Pacer        *media.Pacer
	Sounds       Sounds            // of Language
	Language     string            // of who set no other
	Languages    map[string]Sounds // that flows may speak
	Queues       []Queue           // what callers of a queue experience, for those where it is not as usual
	Messages     *media.Archive    // of voicemail
	Recordings   Recordings
	Outbound     *Outbound                             // places calls to the outside; nil: there is no trunk for them
	Cases        CaseList                              // whose callers agents call back
	OffPool      func(user string) []string            // to whom the case is offered of who may not be first-asker; nil: everybody may
	Managers     func(cases.Summons) []cases.Recipient // who is rung for an emergency, the first one first
	Retries      Retries                               // of callbacks
	Node         int                                   // of the numbers of cases
	Zone         *time.Location                        // of the days in them
	CallBack     func(Standing)                        // is given who stands in line without being on the phone; must not block. nil: nobody calls back by himself
	Codes        Codes                                 // feature codes; see DefaultCodes
	MediaTimeout time.Duration                         // silence on both legs that ends a call to a hotline; half of it on one makes us ask whether it is there; 0: never
	TargetRings  time.Duration                         // how long at most for a caller who is passed on; 0: 25 s
	Changed      func()                                // is told that Live may have changed, often, from any goroutine; must not block. nil: nobody
	Metrics      *metrics.Metrics
	Log          *slog.Logger

	Callers *Callers // who has called before

	// Dialable returns what a caller of a trunk keyed in as a number to call.
	Dialable func(trunk, digits string) cases.Number
	Open     func(hours string) bool                     // whether the hours of a name are open now
	HTTP     func(*http.Request) (*http.Response, error) // of the flows' http nodes

	arrivals arrivals // of calls to hotlines

	mu       sync.Mutex
	live     map[string]Live
	calls    map[string]*Conversation  // to hotlines
	standing map[cases.CaseNumber]bool // in line without being on the phone
	draining bool                      // nobody is called back any more
	alarms   alarms
	wg       sync.WaitGroup // of conversations, their facts included
}

// speak returns the prompts of a language.
func (s *Switch) speak(language string) Sounds {
	if sounds, ok := s.Languages[language]; ok {
		return sounds
	}
	return s.Sounds
}

// Live is a call as it is now.
type Live struct {
	ID         string // call id
	Direction  metrics.Direction
	State      metrics.CallState
	Caller     cases.Caller
	Dialed     string
	Agent      string            // who talks with the caller, or empty
	Target     string            // whom the agent is passing the caller on to, or empty
	Supervisor string            // on the line or rung for that, or empty
	Monitor    cases.MonitorMode // how
	Recording  string            // on or paused; empty: the call is not recorded
	Case       cases.CaseNumber  // empty until picked up
	Again      OpenCase          // the caller has this one already; zero: none
	Since      time.Time         // arrival
	Answered   time.Time         // pick-up; zero: not yet

	Confidential bool // on a line for complaints about staff
}

// OnCall decides what becomes of a new leg and returns the receiver of its
// events. The leg's goroutine calls it.
func (s *Switch) OnCall(leg *sip.Leg) func(sip.Event) {
	in := leg.Incoming()
	if in.Replaces != nil {
		s.replace(leg, *in.Replaces)
		return nil
	}
	if line, ok := s.hotline(in.Dialed); ok {
		return s.converse(leg, line)
	}
	if do, name, ok := s.dutyOf(in.Dialed); ok && in.Account != "" {
		return s.duty(leg, in.Account, do, name)
	}
	if number, ok := s.Codes.dialled(CallBack, in.Dialed); ok && in.Account != "" {
		return s.callBackBy(leg, in.Account, func(ctx context.Context) (cases.Place, error) { return s.owedTo(ctx, number) })
	}
	if extension, ok := s.Codes.dialled(MonitorCall, in.Dialed); ok && extension != "" && in.Account != "" {
		return s.monitor(leg, in.Account, extension)
	}
	target, ok := s.Directory().Lookup(in.Dialed)
	if number, outside := s.outside(in.Dialed); outside && !ok && in.Account != "" {
		return s.dialOutside(leg, number)
	}
	if !ok || target.Person == nil || in.Account == "" { // from outside, an extension is nobody's business
		s.Log.Info("number unknown", "dialed", in.Dialed, "trunk", in.Trunk, "account", in.Account)
		leg.Reject(404, "Not Found")
		return nil
	}
	if target.Person.User == in.Account {
		leg.Reject(486, "Busy Here")
		return nil
	}
	return s.intercom(leg, target.Person.User)
}

func (s *Switch) hotline(dialed string) (Hotline, bool) {
	for _, h := range s.Hotlines {
		if dialed == h.Number || slices.Contains(h.Aliases, dialed) {
			return h, true
		}
	}
	return Hotline{}, false
}

// OnRefused records a caller who could not be taken at all.
func (s *Switch) OnRefused(in sip.Incoming, code int) {
	line, ok := s.hotline(in.Dialed)
	if !ok {
		return
	}
	s.Metrics.Calls.Finished(metrics.Inbound, metrics.Rejected)
	s.wg.Go(func() {
		now, id := time.Now().UTC(), newID()
		log := s.Log.With("call", id)
		arrived := cases.Fact{At: now, Call: id, Arrived: &cases.Arrived{Caller: callerOf(in.Caller), Hotline: in.Dialed, Trunk: in.Trunk}}
		missed := cases.Fact{At: now, Call: id, Missed: &cases.Missed{
			Reason: cases.MissedRefused, CallbackDue: now.Add(line.CallbackWithin), OpenCase: s.again(line, arrived.Arrived.Caller, now).Case,
		}}
		for _, f := range []cases.Fact{arrived, missed} {
			if _, err := s.Journal.Append(context.Background(), f); err != nil {
				log.Error("refused caller not recorded", "code", code, "err", err)
				return
			}
		}
		log.Warn("caller refused", "caller", callerOf(in.Caller).E164, "code", code)
	})
}

// Wait returns when every call, with the facts about it, is over.
func (s *Switch) Wait() { s.wg.Wait() }

// Live lists the calls of this process, the oldest first.
func (s *Switch) Live() []Live {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Live, 0, len(s.live))
	for _, l := range s.live {
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b Live) int { return a.Since.Compare(b.Since) })
	return all
}

// CountLive is Live as metrics count it.
func (s *Switch) CountLive() metrics.Live {
	count := metrics.Live{}
	for _, l := range s.Live() {
		if count[l.Direction] == nil {
			count[l.Direction] = make(map[metrics.CallState]int)
		}
		count[l.Direction][l.State]++
	}
	return count
}

func (s *Switch) show(l Live) {
	defer s.tell()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == nil {
		s.live = make(map[string]Live)
	}
	s.live[l.ID] = l
}

// tell tells who watches the calls.
func (s *Switch) tell() {
	if s.Changed != nil {
		s.Changed()
	}
}

// own makes a conversation known to those who have commands for it.
func (s *Switch) own(c *Conversation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls == nil {
		s.calls = make(map[string]*Conversation)
	}
	s.calls[c.id] = c
}

func (s *Switch) hide(id string) {
	defer s.tell()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.live, id)
	delete(s.calls, id)
}

// recovered says that a call's goroutine panicked; the call ends, the process
// does not.
func (s *Switch) recovered(where string, log *slog.Logger, after func()) {
	if p := recover(); p != nil {
		s.Metrics.Panic(where)
		log.Error("panic", "where", where, "panic", p, "stack", stack())
		after()
	}
}

func callerOf(c sip.CallerID) cases.Caller {
	return cases.Caller{
		Raw: c.Raw, E164: cases.Number(c.E164), Display: c.Display,
		Withheld: c.Private, Verified: c.Verified, Diverted: c.Diverted,
	}
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }
