package call

import (
	"time"

	"shouwen/cases"
	"shouwen/ivr"
	"shouwen/ivr/acd"
	"shouwen/metrics"
	"shouwen/sip"
)

// state is where a conversation stands, as its caller would say it.
type state string

const (
	arriving   state = "arriving"   // until the arrival is durable: nothing is answered before
	answering  state = "answering"  // 2xx sent; audio is about to flow
	greeting   state = "greeting"   // hears the greeting
	waiting    state = "waiting"    // hears music; phones may be ringing
	choosing   state = "choosing"   // a phone picked up, the tie window is open (S34-R3)
	opening    state = "opening"    // an agent has won; the case is being made durable
	talking    state = "talking"    // with the agent
	confirming state = "confirming" // is asked at which number to be called back; may still wait
	promised   state = "promised"   // hears that he will be called back
	inviting   state = "inviting"   // hears how to leave a message
	messaging  state = "messaging"  // leaves it
	storing    state = "storing"    // it is being made safe
	apologise  state = "apologise"  // hears that nobody came
	concluding state = "concluding" // hung up; the last facts are being recorded
	over       state = "over"
)

// shown is the state as metrics and the console name it; rings is whether phones ring
// for the caller, held whether he is.
func (s state) shown(rings, held bool) metrics.CallState {
	switch s {
	case waiting, confirming:
		if rings {
			return metrics.Ringing
		}
		return metrics.Queued
	case choosing, opening, summoning, fetching, reaching, unreached:
		return metrics.Ringing
	case collecting, consulting, passing, following, consulted, returning:
		return metrics.Held
	case talking, settling, toggled, conferring:
		if held {
			return metrics.Held
		}
		return metrics.Talking
	}
	return metrics.InIVR
}

// eventKind is what can happen to a conversation.
type eventKind string

const (
	evCallerUp      eventKind = "caller up"
	evCallerEnded   eventKind = "caller ended"
	evCallerHeld    eventKind = "caller held"
	evCallerResumed eventKind = "caller resumed"
	evCallerRings   eventKind = "caller's phone rings"
	evForgo         eventKind = "somebody else calls back"
	evCallerDigit   eventKind = "caller pressed a key"
	evStored        eventKind = "message stored"
	evAgentUp       eventKind = "agent up"
	evAgentEnded    eventKind = "agent ended"
	evAgentHeld     eventKind = "agent held"
	evAgentResumed  eventKind = "agent resumed"
	evOffer         eventKind = "offer"
	evNoOffers      eventKind = "no more offers"
	evRecorded      eventKind = "recorded"
	evPlayed        eventKind = "played"
	evTied          eventKind = "tie window over"
	evCheck         eventKind = "check audio"
	evAgentDigit    eventKind = "agent pressed a key"
	evTargetUp      eventKind = "target up"
	evTargetEnded   eventKind = "target ended"
	evTargetOffer   eventKind = "agents offered as target"
	evNoTarget      eventKind = "no more agents offered as target"
	evLimit         eventKind = "limit of the state over"
	evToned         eventKind = "tone over"
	evCommand       eventKind = "command"
	evCallerRefers  eventKind = "caller refers"
	evCallerAsked   eventKind = "caller asked for"
	evAgentRings    eventKind = "agent rings"
	evAgentRefers   eventKind = "agent refers"
	evAgentAsked    eventKind = "agent asked for"
	evTold          eventKind = "told what was to be told"

	evQuality        eventKind = "quality asked for"
	evRecord         eventKind = "recording to be changed"
	evRecordingEnded eventKind = "recording ended"

	evMonitor         eventKind = "a supervisor wants to come"
	evMonitorMode     eventKind = "another mode wanted"
	evMonitorEnd      eventKind = "the supervisor is to go"
	evSupervisorUp    eventKind = "supervisor up"
	evSupervisorEnded eventKind = "supervisor ended"
	evSupervisorDigit eventKind = "supervisor pressed a key"
	evFlowAsks        eventKind = "flow asks"
	evFlowDrops       eventKind = "flow asks no longer"
	evFlowEnded       eventKind = "flow ended"
)

// event is one thing that happened. Which fields are set depends on kind.
type event struct {
	kind  eventKind
	sip   sip.Event
	leg   *sip.Leg // of an agent
	user  string   // whose leg
	offer acd.Offer
	fact  cases.Fact
	err   error

	feature Feature                 // asked for by user
	target  Target                  // for it
	mode    cases.MonitorMode       // asked for by user
	action  RecordingAction         // asked for by user
	reply   chan error              // what became of it
	quality chan []cases.LegQuality // asked for

	file   string        // of a message
	length time.Duration // of it, 0: there is none
	ask    *ask          // of a flow
	exit   ivr.Exit      // from it
}

// targetKinds is what an event is called if the leg is not the agent's but the
// target's.
var targetKinds = map[eventKind]eventKind{evAgentUp: evTargetUp, evAgentEnded: evTargetEnded, evAgentDigit: ""}

// table says what is done when an event comes in a state; always, what is done
// in every state that does not say otherwise. Other events mean nothing.
var (
	table  map[state]map[eventKind]func(*Conversation, event)
	always map[eventKind]func(*Conversation, event)
)

func init() { // a literal would refer to itself through step
	table = map[state]map[eventKind]func(*Conversation, event){
		arriving: {
			evRecorded: (*Conversation).arrived,
		},
		answering: {
			evCallerUp: (*Conversation).answered,
		},
		greeting: {
			evPlayed:      (*Conversation).greeted,
			evCallerDigit: (*Conversation).emergencyKey,
		},
		closed: {
			evPlayed:      (*Conversation).closedPlayed,
			evCallerDigit: (*Conversation).emergencyKey,
		},
		inFlow: {
			evCallerEnded: (*Conversation).flowHungUp,
			evCallerDigit: (*Conversation).flowKey,
			evFlowAsks:    (*Conversation).flowAsks,
			evFlowDrops:   (*Conversation).flowDrops,
			evFlowEnded:   (*Conversation).flowEnded,
			evPlayed:      (*Conversation).flowPlayed,
			evLimit:       (*Conversation).flowQuiet,
			evCheck:       (*Conversation).checkCaller,
		},
		summoning: {
			evPlayed:      (*Conversation).continuePlaying,
			evAgentUp:     (*Conversation).summonedUp,
			evAgentEnded:  (*Conversation).summonedEnded,
			evLimit:       (*Conversation).summonedTooLong,
			evCallerDigit: (*Conversation).emergencyKey,
			evCheck:       (*Conversation).checkCaller,
		},
		waiting: {
			evPlayed:     (*Conversation).continuePlaying,
			evOffer:      (*Conversation).ring,
			evNoOffers:   (*Conversation).nobodyCame,
			evAgentUp:    (*Conversation).pickedUp,
			evAgentEnded: (*Conversation).phoneEnded,
			evCheck:      (*Conversation).checkWaiting,

			evCallerDigit: (*Conversation).callerKey,
		},
		confirming: {
			evPlayed:      (*Conversation).asked,
			evCallerDigit: (*Conversation).wishKey,
			evLimit:       (*Conversation).wishOver,
			evOffer:       (*Conversation).ring,
			evNoOffers:    (*Conversation).nobodyCame,
			evAgentUp:     (*Conversation).pickedUp,
			evAgentEnded:  (*Conversation).phoneEnded,
			evCheck:       (*Conversation).checkCaller,
		},
		promised: {
			evRecorded:    (*Conversation).promiseKept,
			evPlayed:      (*Conversation).dismiss,
			evOffer:       (*Conversation).ring,
			evAgentUp:     (*Conversation).pickedUp,
			evAgentEnded:  (*Conversation).phoneEnded,
			evCallerDigit: (*Conversation).emergencyKey,
		},
		inviting: {
			evPlayed:      (*Conversation).listen,
			evCallerDigit: (*Conversation).emergencyKey,
		},
		messaging: {
			evCallerDigit: (*Conversation).messageKey,
			evCheck:       (*Conversation).checkMessage,
			evLimit:       (*Conversation).messageOver,
			evCallerEnded: (*Conversation).messageOver,
		},
		storing: {
			evStored:      (*Conversation).stored,
			evCallerEnded: (*Conversation).messageCaller,
		},
		fetching: {
			evOffer:      (*Conversation).ring,
			evNoOffers:   (*Conversation).forgo,
			evAgentUp:    (*Conversation).fetched,
			evAgentEnded: (*Conversation).notFetched,
			evLimit:      (*Conversation).notFetchedInTime,
			evForgo:      (*Conversation).forgo,
		},
		reaching: {
			evCallerRings: (*Conversation).callerRings,
			evCallerUp:    (*Conversation).reached,
			evCallerEnded: (*Conversation).callerNotReached,
			evAgentEnded:  (*Conversation).agentLeft,
			evLimit:       (*Conversation).ringsTooLong,
		},
		unreached: {
			evToned:       (*Conversation).backOver,
			evLimit:       (*Conversation).backOver,
			evAgentEnded:  (*Conversation).agentLeft,
			evCallerEnded: (*Conversation).callerLeft,
		},
		choosing: {
			evPlayed:     (*Conversation).continuePlaying,
			evAgentUp:    (*Conversation).pickedUp,
			evAgentEnded: (*Conversation).phoneEnded,
			evTied:       (*Conversation).choose,
		},
		opening: {
			evPlayed:     (*Conversation).continuePlaying,
			evRecorded:   (*Conversation).opened,
			evAgentEnded: (*Conversation).agentEnded,
		},
		talking: {
			evAgentEnded: (*Conversation).agentEnded,
			evAgentDigit: (*Conversation).digit,
			evCheck:      (*Conversation).checkAudio,
		},
		apologise: {
			evPlayed:      (*Conversation).dismiss,
			evCallerDigit: (*Conversation).emergencyKey,
		},
		concluding: {
			evRecorded:    (*Conversation).concluded,
			evCallerEnded: (*Conversation).callerGone,
			evAgentEnded:  (*Conversation).ignore,
		},
	}
	table[surveying] = table[inFlow]
	for _, st := range []state{settling, collecting, consulting, passing, following, consulted, toggled, conferring, returning} {
		table[st] = map[eventKind]func(*Conversation, event){
			evAgentEnded:  (*Conversation).agentEnded,
			evAgentDigit:  (*Conversation).digit,
			evTargetUp:    (*Conversation).targetUp,
			evTargetEnded: (*Conversation).targetEnded,
			evTargetOffer: (*Conversation).ringOffered,
			evNoTarget:    (*Conversation).nobodyOffered,
			evPlayed:      (*Conversation).continuePlaying,
			evLimit:       (*Conversation).limitOver,
			evCheck:       (*Conversation).checkParties,
		}
	}
	always = map[eventKind]func(*Conversation, event){
		evCallerEnded:   (*Conversation).callerEnded,
		evCallerHeld:    (*Conversation).callerHeld,
		evCallerResumed: (*Conversation).callerResumed,
		evAgentHeld:     (*Conversation).held,
		evAgentResumed:  (*Conversation).resumed,
		evRecorded:      (*Conversation).ignore,
		evAgentUp:       (*Conversation).tooLate,
		evToned:         (*Conversation).toned,
		evCommand:       (*Conversation).command,
		evForgo:         (*Conversation).engaged,
		evCallerRefers:  (*Conversation).callerReferred,
		evCallerAsked:   (*Conversation).demanded,
		evAgentRings:    (*Conversation).rang,
		evAgentRefers:   (*Conversation).referred,
		evAgentAsked:    (*Conversation).demanded,

		evTold: (*Conversation).toldAll,

		evQuality:        (*Conversation).tellQuality,
		evRecord:         (*Conversation).actOnRecording,
		evRecordingEnded: (*Conversation).recordingEnded,

		evMonitor:         (*Conversation).monitor,
		evMonitorMode:     (*Conversation).monitorMode,
		evMonitorEnd:      (*Conversation).monitorEnd,
		evSupervisorUp:    (*Conversation).supervisorUp,
		evSupervisorEnded: (*Conversation).supervisorEnded,
		evSupervisorDigit: (*Conversation).supervisorDigit,
	}
}

// callerEvent is the kind of an event on the caller's leg.
func callerEvent(e sip.Event) eventKind {
	switch e.(type) {
	case sip.Answered:
		return evCallerUp
	case sip.Ringing:
		return evCallerRings
	case sip.Ended:
		return evCallerEnded
	case sip.Digit:
		return evCallerDigit
	case sip.Held:
		return evCallerHeld
	case sip.Resumed:
		return evCallerResumed
	case sip.Referred:
		return evCallerRefers
	case sip.Asked:
		return evCallerAsked
	}
	return ""
}

// agentEvent is the kind of an event on an agent's leg.
func agentEvent(e sip.Event) eventKind {
	switch e.(type) {
	case sip.Answered:
		return evAgentUp
	case sip.Ended:
		return evAgentEnded
	case sip.Held:
		return evAgentHeld
	case sip.Digit:
		return evAgentDigit
	case sip.Resumed:
		return evAgentResumed
	case sip.Ringing:
		return evAgentRings
	case sip.Referred:
		return evAgentRefers
	case sip.Asked:
		return evAgentAsked
	}
	return ""
}
