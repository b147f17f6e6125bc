package cases

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// MoveKind names a move; the same word is in the API, on the button and in metrics.
type MoveKind string

// The moves, in the order of a case's life.
const (
	MoveRegister  MoveKind = "register"  // write down the matter, read back
	MoveClassify  MoveKind = "classify"  // class, type, category and what else decides about clocks
	MoveNotify    MoveKind = "notify"    // one-time notice (一次性告知)
	MoveConsult   MoveKind = "consult"   // ask a leader, then answer accurately
	MovePropose   MoveKind = "propose"   // a solution, before pushing up
	MoveComplain  MoveKind = "complain"  // the matter is a complaint about one of us
	MoveVerify    MoveKind = "verify"    // whether that complaint is true
	MoveViolation MoveKind = "violation" // of the rules of conduct
	MoveInquiry   MoveKind = "inquiry"   // a step of the procedure against one of us
	MoveAdopt     MoveKind = "adopt"     // an opinion or suggestion, or not
	MoveSolve     MoveKind = "solve"     // settled by who registered it
	MoveHandOver  MoveKind = "hand_over" // to a department
	MoveContact   MoveKind = "contact"   // somebody inside was reached and told
	MoveCover     MoveKind = "cover"     // for a handler who is absent
	MoveEscalate  MoveKind = "escalate"  // one step up
	MoveFind      MoveKind = "find"      // who is competent was found out
	MoveReferOut  MoveKind = "refer_out" // to a body outside
	MoveAccept    MoveKind = "accept"    // the department signs for it (签收)
	MoveAssign    MoveKind = "assign"    // a person of the department
	MoveReturn    MoveKind = "return"    // the department says it is not its own (退单)
	MoveArbitrate MoveKind = "arbitrate" // whose it is, for good
	MoveJoin      MoveKind = "join"      // several departments under one coordinator
	MoveReport    MoveKind = "report"    // the department's result
	MoveEnter     MoveKind = "enter"     // the first-asker takes the result into the register
	MovePromise   MoveKind = "promise"   // something by a time
	MoveKeep      MoveKind = "keep"      // the promise
	MoveWait      MoveKind = "wait"      // on the caller
	MoveResume    MoveKind = "resume"    // the obstacle is gone
	MoveExtend    MoveKind = "extend"    // ask for a later due time (延期)
	MoveReassign  MoveKind = "reassign"  // ask for another responsible person
	MoveDecide    MoveKind = "decide"    // on what was asked for
	MoveTell      MoveKind = "tell"      // the caller something on the way
	MovePress     MoveKind = "press"     // whoever has it (催办)
	MoveAnswer    MoveKind = "answer"    // to being pressed
	MoveHandOff   MoveKind = "hand_off"  // to the next shift, with a note
	MoveAlarm     MoveKind = "alarm"     // the condition of an emergency, with its level
	MoveConfirm   MoveKind = "confirm"   // the emergency, with its first reporter
	MoveOrder     MoveKind = "order"     // by the plan, or as the leader says
	MoveArrive    MoveKind = "arrive"    // on the scene
	MoveRelay     MoveKind = "relay"     // the first-asker's own word to the caller
	MoveFile      MoveKind = "file"      // the special event report
	MoveDeliver   MoveKind = "deliver"   // what the caller asked for
	MoveAttempt   MoveKind = "attempt"   // to reach the caller, in vain
	MoveReply     MoveKind = "reply"     // the caller was answered
	MoveVisit     MoveKind = "visit"     // the caller was asked whether he was (回访)
	MoveReopen    MoveKind = "reopen"    // it was not over
	MoveRefuse    MoveKind = "refuse"    // in writing, signed
	MoveWithdraw  MoveKind = "withdraw"  // the caller takes it back
	MoveMerge     MoveKind = "merge"     // the same incident is another case already
	MoveTake      MoveKind = "take"      // over from who may not be first-asker
	MoveEntrust   MoveKind = "entrust"   // somebody with a task
	MoveFinish    MoveKind = "finish"    // a task
	MoveClose     MoveKind = "close"     // nothing is owed any more
)

// turn is what there is to a kind of move: the event it leaves, who may make it, and
// where it leads from every state it may be made in. Of several states the first is
// where it leads unless the move says otherwise.
type turn struct {
	read  func(json []byte) (Move, error)
	event EventKind
	by    []Standing
	leads map[State][]State
}

var (
	// live are the states in which something may still be owed.
	live = []State{Open, Registered, Solved, HandedOver, Accepted, ResultIn, Replied, Visited}

	owners   = []Standing{AsFirstAsker, AsResponsible, AsSupervisor}
	workers  = []Standing{AsFirstAsker, AsResponsible, AsHandler, AsHead, AsSupervisor, AsComplaints}
	anybody  = []Standing{AsFirstAsker, AsResponsible, AsHandler, AsHead, AsSupervisor, AsComplaints, AsAgent, AsLeader, AsArbiter}
	deciders = []Standing{AsLeader, AsSupervisor}
)

// stay is a move that leads nowhere from states.
func stay(states ...State) map[State][]State {
	leads := map[State][]State{}
	for _, s := range states {
		leads[s] = []State{s}
	}
	return leads
}

// leadTo is a move that leads to to from states.
func leadTo(to State, states ...State) map[State][]State {
	leads := map[State][]State{}
	for _, s := range states {
		leads[s] = []State{to}
	}
	return leads
}

// also returns leads with one more line.
func also(leads map[State][]State, from State, to ...State) map[State][]State {
	leads[from] = to
	return leads
}

// turns has every move there is. Who does not stand in one of its relations to the
// case may not make it, and in a state it does not have it does not exist. The schema
// mirrors which event leads to which state.
var turns = map[MoveKind]turn{
	MoveRegister:  {read[Registration], EventRegistered, anybody, also(stay(live...), Open, Registered, Open)},
	MoveClassify:  {read[Classify], EventClassified, workers, stay(live...)},
	MoveNotify:    {read[Notify], EventNotified, workers, stay(live...)},
	MoveConsult:   {read[Consult], EventConsulted, workers, stay(live...)},
	MovePropose:   {read[Propose], EventProposed, workers, stay(live...)},
	MoveComplain:  {read[Complain], EventComplained, anybody, stay(live...)},
	MoveVerify:    {read[Verify], EventVerified, []Standing{AsSupervisor, AsComplaints}, stay(append(live, Closed, Refused, Withdrawn)...)},
	MoveViolation: {read[Violation], EventViolation, anybody, stay(live...)},
	MoveInquiry:   {read[Inquiry], EventInquiry, []Standing{AsSupervisor, AsComplaints, AsLeader}, stay(live...)},
	MoveAdopt:     {read[Adopt], EventAdopted, deciders, stay(live...)},
	MoveSolve:     {read[Solve], EventSolved, []Standing{AsFirstAsker, AsResponsible, AsHandler, AsSupervisor, AsComplaints}, leadTo(Solved, Registered)},

	MoveHandOver:  {read[HandOver], EventHandedOver, []Standing{AsFirstAsker, AsResponsible, AsSupervisor, AsComplaints}, leadTo(HandedOver, Registered, Solved)},
	MoveContact:   {read[Contact], EventContacted, anybody, stay(live...)},
	MoveCover:     {read[Cover], EventCovered, anybody, stay(live...)},
	MoveEscalate:  {read[Escalate], EventEscalated, workers, stay(live...)},
	MoveFind:      {read[Find], EventFound, anybody, stay(live...)},
	MoveReferOut:  {read[ReferOut], EventReferredOut, []Standing{AsFirstAsker, AsResponsible, AsHandler, AsSupervisor}, stay(live...)},
	MoveAccept:    {read[Accept], EventAccepted, []Standing{AsHandler, AsHead}, leadTo(Accepted, HandedOver)},
	MoveAssign:    {read[Assign], EventAssigned, []Standing{AsHandler, AsHead}, stay(HandedOver, Accepted)},
	MoveReturn:    {read[Return], EventReturned, []Standing{AsHandler, AsHead}, map[State][]State{HandedOver: {Registered, HandedOver}, Accepted: {Registered, HandedOver}}},
	MoveArbitrate: {read[Arbitrate], EventArbitrated, []Standing{AsArbiter}, leadTo(HandedOver, Registered)},
	MoveJoin:      {read[Join], EventJoined, []Standing{AsFirstAsker, AsResponsible, AsHandler, AsHead, AsLeader, AsSupervisor}, stay(Registered, HandedOver, Accepted)},
	MoveReport:    {read[Report], EventReported, []Standing{AsHandler, AsHead}, leadTo(ResultIn, Accepted)},
	MoveEnter:     {read[Enter], EventEntered, owners, stay(ResultIn, Replied, Visited)},

	MovePromise:  {read[Promise], EventPromised, workers, stay(live...)},
	MoveKeep:     {read[Keep], EventKept, workers, stay(live...)},
	MoveWait:     {read[Wait], EventWaiting, workers, stay(live...)},
	MoveResume:   {read[Resume], EventResumed, workers, stay(live...)},
	MoveExtend:   {read[Extend], EventExtensionAsked, workers, stay(live...)},
	MoveReassign: {read[Reassign], EventReassignAsked, workers, stay(live...)},
	MoveDecide:   {read[Decide], EventDecided, deciders, stay(live...)},
	MoveTell:     {read[Tell], EventCallerTold, workers, stay(live...)},
	MovePress:    {read[Press], EventPressed, owners, stay(live...)},
	MoveAnswer:   {read[Answer], EventPressAnswered, workers, stay(live...)},
	MoveTake:     {read[Take], EventTaken, []Standing{AsPool}, stay(live...)},
	MoveEntrust:  {read[Entrust], EventEntrusted, anybody, stay(live...)},
	MoveFinish:   {read[Finish], EventFinished, anybody, stay(live...)},
	MoveHandOff:  {read[HandOff], EventHandedOff, workers, stay(live...)},

	MoveAlarm:   {read[Alarm], EventAlarm, anybody, stay(live...)},
	MoveConfirm: {read[Confirm], EventConfirmed, []Standing{AsSupervisor, AsLeader, AsResponsible, AsHandler, AsFirstAsker}, stay(live...)},
	MoveOrder:   {read[Order], EventOrdered, deciders, stay(live...)},
	MoveArrive:  {read[Arrive], EventArrivedOnSite, anybody, stay(live...)},
	MoveRelay:   {read[Relay], EventRelayed, []Standing{AsFirstAsker}, stay(live...)},
	MoveFile:    {read[FileIt], EventReportFiled, workers, stay(live...)},
	MoveDeliver: {read[Deliver], EventDelivered, workers, stay(live...)},

	MoveAttempt: {read[Attempt], EventAttempted, anybody, stay(live...)},
	MoveReply: {read[Reply], EventReplied, []Standing{AsReplier, AsSupervisor}, map[State][]State{
		Registered: {Replied, Registered}, Solved: {Replied, Solved}, Accepted: {Replied, Accepted}, ResultIn: {Replied, ResultIn}, Replied: {Replied},
	}},
	MoveVisit:    {read[Visit], EventVisited, []Standing{AsVisitor, AsSupervisor}, map[State][]State{Replied: {Visited, Registered, Accepted, Replied}, Visited: {Visited, Registered, Accepted}}},
	MoveReopen:   {read[Reopen], EventReopened, owners, leadTo(Registered, Solved, Replied, Visited, Closed, Refused, Withdrawn)},
	MoveRefuse:   {read[Refuse], EventRefused, deciders, leadTo(Refused, Registered, Solved, HandedOver, Accepted, ResultIn)},
	MoveWithdraw: {read[Withdraw], EventWithdrawn, owners, leadTo(Withdrawn, live...)},
	MoveMerge:    {read[Merge], EventMerged, owners, leadTo(Merged, Open, Registered)},
	MoveClose:    {read[Close], EventClosed, owners, leadTo(Closed, live...)},
}

// ReadMove reads a move of a kind from JSON; unknown fields are refused. The error
// tells what is wrong with it.
func ReadMove(kind MoveKind, body []byte) (Move, error) {
	t, ok := turns[kind]
	if !ok {
		return nil, fmt.Errorf("no move %q", kind)
	}
	m, err := t.read(body)
	if err != nil {
		return nil, fmt.Errorf("move %s: %w", kind, err)
	}
	return m, nil
}

func read[M Move](body []byte) (Move, error) {
	var m M
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(&m)
	return m, err
}

// MoveKinds lists all moves, sorted.
func MoveKinds() []MoveKind { return slices.Sorted(maps.Keys(turns)) }

// Event returns the event a move of kind k leaves.
func (k MoveKind) Event() EventKind { return turns[k].event }

// Leads returns the states a move of kind k may lead to, sorted.
func (k MoveKind) Leads() []State {
	to := map[State]bool{}
	for _, states := range turns[k].leads {
		for _, s := range states {
			to[s] = true
		}
	}
	return slices.Sorted(maps.Keys(to))
}

// Moves returns the moves a may make in c under p, in no order, whatever they lack.
func (c Case) Moves(a Actor, p Policy) []MoveKind {
	var all []MoveKind
	for kind, t := range turns {
		if len(t.leads[c.State]) > 0 && c.stands(a, t.by, p) {
			all = append(all, kind)
		}
	}
	return all
}
