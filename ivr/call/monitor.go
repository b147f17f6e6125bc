package call

import (
	"errors"
	"time"

	"shouwen/cases"
	"shouwen/ivr/acd"
	"shouwen/sip"
	"shouwen/sip/media"
)

// MonitorCode is by default what a supervisor dials outside of a call, with the extension of
// an agent after it, to be on that one's line.
const MonitorCode = "*7"

// monitorKeys change the mode while a supervisor is on the line.
var monitorKeys = map[byte]cases.MonitorMode{'4': cases.MonitorListen, '5': cases.MonitorWhisper, '6': cases.MonitorBarge}

// What Monitor, SetMonitor and EndMonitor return, besides ErrNoCall and a
// *TargetError.
var (
	ErrNotSupervisor = errors.New("not a supervisor: give him the role supervisor in the directory")
	ErrNobody        = errors.New("no agent is in the call")
	ErrMonitored     = errors.New("another supervisor is on the line")
	ErrNotMonitored  = errors.New("this supervisor is not on the line")
)

// supervisor is one on the line of an agent, whom he follows through holds and
// transfers of that call until one of the two leaves it.
type supervisor struct {
	party
	agent string   // user whom he follows
	whom  *sip.Leg // of that agent
	mode  cases.MonitorMode
	since time.Time // of the mode; zero: his phone has not picked up yet
}

// hears adds the supervisor to those who hear each other.
func (s *supervisor) hears(h media.Hears) media.Hears {
	who := s.legs[0].Media()
	switch s.mode {
	case cases.MonitorWhisper:
		return h.Whisper(who, s.whom.Media())
	case cases.MonitorBarge:
		return h.Barge(who)
	}
	return h.Listen(who)
}

// Monitor rings the phone of by, who is on the line of a call's agent as soon as
// he picks up. It returns when the phone rings; the error is a *TargetError,
// ErrNoCall, ErrNobody, ErrNotSupervisor or ErrMonitored.
func (s *Switch) Monitor(call, by string, mode cases.MonitorMode) error {
	if !s.supervises(by) {
		return ErrNotSupervisor
	}
	return s.ask(call, event{kind: evMonitor, user: by, mode: mode})
}

// SetMonitor changes the mode of by, who is on the line; ErrNoCall, ErrNotMonitored.
func (s *Switch) SetMonitor(call, by string, mode cases.MonitorMode) error {
	return s.ask(call, event{kind: evMonitorMode, user: by, mode: mode})
}

// EndMonitor hangs up by, who is on the line, and nobody else. Errors as of
// SetMonitor.
func (s *Switch) EndMonitor(call, by string) error {
	return s.ask(call, event{kind: evMonitorEnd, user: by})
}

// supervises says whether user may be on the line of others.
func (s *Switch) supervises(user string) bool {
	p, ok := s.Directory().Person(user)
	return ok && p.Has(cases.RoleSupervisor)
}

// oversees says whether a supervisor has to do with this call: with a complaint about
// staff only one of the complaint centre, and nobody with one about himself.
func (c *Conversation) oversees(user string) bool {
	p, ok := c.sw.Directory().Person(user)
	return ok && p.Has(cases.RoleSupervisor) && (!c.line.Complaints || p.Has(cases.RoleComplaintCentre)) && !c.avoids(user)
}

// monitor puts a supervisor who dialled its code on the line of extension.
func (s *Switch) monitor(leg *sip.Leg, by, extension string) func(sip.Event) {
	reject := func(code int, text string) func(sip.Event) {
		s.Log.Info("supervisor not put through", "supervisor", by, "extension", extension, "code", code)
		leg.Reject(code, text)
		return nil
	}
	target, ok := s.Directory().Lookup(extension)
	switch {
	case !s.supervises(by):
		return reject(403, "Forbidden")
	case !ok || target.Person == nil:
		return reject(404, "Not Found")
	}
	c := s.callOf(target.Person.User)
	if c == nil {
		return reject(480, "Temporarily Unavailable")
	}
	s.wg.Go(func() {
		err := s.ask(c.id, event{kind: evMonitor, user: by, leg: leg, mode: cases.MonitorListen})
		switch {
		case errors.Is(err, ErrMonitored):
			reject(486, "Busy Here")
		case err != nil:
			reject(480, "Temporarily Unavailable")
		}
	})
	return func(e sip.Event) { c.post(event{kind: supervisorEvent(e), sip: e, leg: leg, user: by}) }
}

// take makes a supervisor busy with a call, unless he is in another. He need not
// be an agent.
func (s *Switch) take(user, call string) bool {
	err := s.Board.Take(user, call, 0)
	return err == nil || errors.Is(err, acd.ErrNoAgent)
}

// callOf returns the conversation in which user is the agent; nil: none.
func (s *Switch) callOf(user string) *Conversation {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, c := range s.calls {
		if s.live[id].Agent == user {
			return c
		}
	}
	return nil
}

// supervisorEvent is the kind of an event on a supervisor's leg.
func supervisorEvent(e sip.Event) eventKind {
	switch e.(type) {
	case sip.Answered:
		return evSupervisorUp
	case sip.Ended:
		return evSupervisorEnded
	case sip.Digit:
		return evSupervisorDigit
	}
	return ""
}

// monitor lets a supervisor come: on the leg he dialled from, or by ringing him.
func (c *Conversation) monitor(e event) { e.reply <- c.beginMonitor(e) }

func (c *Conversation) beginMonitor(e event) error {
	switch {
	case !c.oversees(e.user):
		return ErrNotSupervisor
	case c.supervisor != nil:
		return ErrMonitored
	case c.agent == nil || c.caller == nil || c.state == opening || c.state == reaching || c.state == unreached:
		return ErrNobody
	case c.agent.User == e.user || c.caller.Incoming().Account == e.user || !c.sw.take(e.user, c.id):
		return &TargetError{Target: e.user, Reason: cases.TransferBusy}
	}
	s := &supervisor{party: party{User: e.user}, agent: c.agent.User, whom: c.agent.legs[0], mode: e.mode}
	if e.leg != nil {
		s.legs = []*sip.Leg{e.leg}
		e.leg.Log(c.log.With("supervisor", e.user))
		e.leg.Answer()
	} else {
		s.legs = c.sw.ring(e.user, shown{Caller: c.live.Caller, number: c.live.Case}, c.log, func(e event) {
			e.kind = supervisorEvent(e.sip)
			c.post(e)
		})
	}
	if len(s.legs) == 0 {
		c.sw.Board.Released(e.user, c.id)
		return &TargetError{Target: e.user, Reason: cases.TransferUnreachable}
	}
	c.supervisor = s
	c.showMonitor()
	return nil
}

// supervisorUp: the supervisor picked up one of his phones, and is on the line.
func (c *Conversation) supervisorUp(e event) {
	s := c.supervisor
	if s == nil || !s.has(e.leg) || !s.since.IsZero() {
		e.leg.Hangup(sip.Hangup{Reason: elsewhere})
		return
	}
	for _, l := range s.legs {
		if l != e.leg {
			l.Hangup(sip.Hangup{Reason: elsewhere})
		}
	}
	s.legs = []*sip.Leg{e.leg}
	c.sw.Board.Keep(s.User, c.id)
	c.startMode(s.mode)
}

// startMode lets the supervisor hear and be heard by a mode, and records it.
func (c *Conversation) startMode(mode cases.MonitorMode) {
	s := c.supervisor
	s.mode, s.since = mode, time.Now()
	c.log.Info("supervisor on the line", "supervisor", s.User, "agent", s.agent, "mode", mode)
	c.record(cases.Fact{MonitorStarted: &cases.MonitorStarted{Monitor: s.monitor()}})
	c.meeting.supervise(s)
	c.showMonitor()
}

// endMode records the end of a mode.
func (c *Conversation) endMode() {
	s := c.supervisor
	if s.since.IsZero() {
		return
	}
	c.record(cases.Fact{MonitorEnded: &cases.MonitorEnded{
		Monitor: s.monitor(), From: s.since.UTC(), Lasted: cases.Span(time.Since(s.since)),
	}})
}

func (s *supervisor) monitor() cases.Monitor {
	return cases.Monitor{By: s.User, Agent: s.agent, Mode: s.mode}
}

func (c *Conversation) supervisorDigit(e event) {
	mode, ok := monitorKeys[e.sip.(sip.Digit).Key]
	if s := c.supervisor; ok && s != nil && s.has(e.leg) {
		c.changeMode(mode)
	}
}

// changeMode changes the mode of the supervisor; before he has picked up, the one
// he will have.
func (c *Conversation) changeMode(mode cases.MonitorMode) {
	s := c.supervisor
	switch {
	case s.since.IsZero():
		s.mode = mode
	case s.mode != mode:
		c.endMode()
		c.startMode(mode)
	}
}

// supervisorEnded: the supervisor's last phone is out. Nobody else notices.
func (c *Conversation) supervisorEnded(e event) {
	if s := c.supervisor; s != nil && s.drop(e.leg) && len(s.legs) == 0 {
		c.releaseSupervisor()
	}
}

// releaseSupervisor lets the supervisor go, if there is one.
func (c *Conversation) releaseSupervisor() {
	s := c.supervisor
	if s == nil {
		return
	}
	c.endMode()
	c.supervisor = nil
	c.meeting.supervise(nil)
	s.hangup("")
	c.sw.Board.Released(s.User, c.id)
	c.showMonitor()
}

func (c *Conversation) showMonitor() {
	c.live.Supervisor, c.live.Monitor = "", ""
	if s := c.supervisor; s != nil {
		c.live.Supervisor, c.live.Monitor = s.User, s.mode
	}
	c.show()
}

// monitorMode does what SetMonitor asks for.
func (c *Conversation) monitorMode(e event) {
	if c.supervisor == nil || c.supervisor.User != e.user {
		e.reply <- ErrNotMonitored
		return
	}
	c.changeMode(e.mode)
	e.reply <- nil
}

// monitorEnd does what EndMonitor asks for.
func (c *Conversation) monitorEnd(e event) {
	if c.supervisor == nil || c.supervisor.User != e.user {
		e.reply <- ErrNotMonitored
		return
	}
	c.releaseSupervisor()
	e.reply <- nil
}
