package sip

import (
	msg "github.com/emiago/sipgo/sip"
)

// legState is where a leg stands. Inbound legs (we are the UAS) start incoming,
// outbound legs (UAC) start calling.
type legState string

const (
	legIncoming   legState = "incoming"   // INVITE came, no final response yet
	legAnswering  legState = "answering"  // 2xx sent, no ACK yet
	legCalling    legState = "calling"    // INVITE sent, nothing came back
	legProceeding legState = "proceeding" // INVITE sent, a provisional response came
	legCancelling legState = "cancelling" // CANCEL sent, the final response is due
	legUp         legState = "up"
	legParting    legState = "parting" // over for its owner; BYE waits for the answer to the last NOTIFY
	legEnding     legState = "ending"  // over for its owner; BYE waits for its answer
	legDead       legState = "dead"
)

// signalKind is what can happen to a leg.
type signalKind string

const (
	sigArrived signalKind = "arrived" // first signal of an inbound leg

	// Commands of the leg's owner.
	sigRing   signalKind = "ring"
	sigAnswer signalKind = "answer"
	sigReject signalKind = "reject"
	sigHangup signalKind = "hangup"
	sigProbe  signalKind = "probe"
	sigHandle signalKind = "handle" // in every state
	sigAsk    signalKind = "ask"    // in every state
	sigNews   signalKind = "news of a transfer"

	// Requests of the peer.
	sigCancel signalKind = "CANCEL"
	sigAck    signalKind = "ACK"
	sigBye    signalKind = "BYE"
	sigInvite signalKind = "re-INVITE"
	sigUpdate signalKind = "UPDATE"
	sigInfo   signalKind = "INFO"
	sigRefer  signalKind = "REFER"
	sigOther  signalKind = "other request"
	sigKey    signalKind = "key" // RFC 4733

	// Responses to our INVITE.
	sigProvisional signalKind = "1xx"
	sigAccepted    signalKind = "2xx"
	sigStray       signalKind = "2xx without a transaction"
	sigFailed      signalKind = "failure"

	// Responses to our other requests.
	sigByeDone      signalKind = "BYE answered"
	sigReinviteDone signalKind = "re-INVITE answered"
	sigUpdateDone   signalKind = "UPDATE answered"
	sigProbeDone    signalKind = "OPTIONS answered"
	sigNotifyDone   signalKind = "NOTIFY answered"
	sigChallenged   signalKind = "challenge"

	// Timers.
	sigRepeat     signalKind = "repeat 2xx"
	sigNoAck      signalKind = "no ACK"
	sigGiveUp     signalKind = "give up waiting"
	sigRingAgain  signalKind = "repeat 180"
	sigParked     signalKind = "parked too long"
	sigRetryOffer signalKind = "retry after 491"
	sigRefresh    signalKind = "session refresh"
	sigExpired    signalKind = "session expired"
	sigProbeLate  signalKind = "OPTIONS not answered"
	sigNotifyLate signalKind = "NOTIFY not answered"
	sigSettled    signalKind = "no more 2xx"
	sigReferLate  signalKind = "REFER not decided"
)

// signal is one thing that happened. Which fields are set depends on kind.
type signal struct {
	kind    signalKind
	req     *msg.Request // of the peer; or ours that was answered
	tx      *msg.ServerTx
	res     *msg.Response
	err     error
	code    int
	reason  string
	contact string // of a refusal; empty: none
	hangup  Hangup
	key     byte
	by      DigitSource
	gen     uint64 // of a timer; 0: not a timer

	done  signalKind // of a challenge: what the answer to its request, req, would have been
	tries int        // and how many challenges of it were answered before

	ordered bool // a request that passed inOrder and was parked

	sink     func(Event)
	what     any
	referral *Referral
}

// legTable is the state machine of a leg: what is done when a signal comes in a
// state. A pair that is not here is answered by unexpected.
var legTable map[legState]map[signalKind]func(*Leg, signal)

func init() { // a literal would refer to itself through step
	legTable = map[legState]map[signalKind]func(*Leg, signal){
		legIncoming: {
			sigArrived:   (*Leg).arrived,
			sigRing:      (*Leg).ring,
			sigRingAgain: (*Leg).ring,
			sigAnswer:    (*Leg).answer,
			sigReject:    (*Leg).reject,
			sigHangup:    (*Leg).decline,
			sigCancel:    (*Leg).cancelled,
			sigBye:       (*Leg).byeEarly,
			sigInvite:    (*Leg).inviteEarly,
			sigUpdate:    (*Leg).updateEarly,
			sigInfo:      (*Leg).info,
			sigOther:     (*Leg).other,
		},
		legAnswering: {
			sigAck:    (*Leg).acknowledged,
			sigRepeat: (*Leg).repeatAnswer,
			sigNoAck:  (*Leg).neverAcknowledged,
			sigReject: (*Leg).hangupSoon,
			sigHangup: (*Leg).hangupSoon,
			sigBye:    (*Leg).byeReceived,
			sigInvite: (*Leg).reinvite,
			sigParked: (*Leg).parkedTooLong,
			sigUpdate: (*Leg).update,
			sigInfo:   (*Leg).info,
			sigRefer:  (*Leg).park,
			sigKey:    (*Leg).pressed,
			sigOther:  (*Leg).other,
		},
		legCalling: {
			sigProvisional: (*Leg).provisional,
			sigAccepted:    (*Leg).accepted,
			sigFailed:      (*Leg).failed,
			sigGiveUp:      (*Leg).neverAnswered,
			sigHangup:      (*Leg).abandonSoon,
			sigBye:         (*Leg).park,
			sigInvite:      (*Leg).park,
			sigUpdate:      (*Leg).park,
			sigInfo:        (*Leg).park,
			sigRefer:       (*Leg).park,
			sigOther:       (*Leg).park,
			sigParked:      (*Leg).parkedTooLong,
		},
		legProceeding: {
			sigProvisional: (*Leg).provisional,
			sigAccepted:    (*Leg).accepted,
			sigFailed:      (*Leg).failed,
			sigHangup:      (*Leg).abandon,
			sigBye:         (*Leg).park,
			sigInvite:      (*Leg).park,
			sigUpdate:      (*Leg).park,
			sigInfo:        (*Leg).park,
			sigRefer:       (*Leg).park,
			sigOther:       (*Leg).park,
			sigParked:      (*Leg).parkedTooLong,
		},
		legCancelling: {
			sigAccepted: (*Leg).acceptedTooLate,
			sigFailed:   (*Leg).failed,
			sigGiveUp:   (*Leg).finished,
		},
		legUp: {
			sigHangup:       (*Leg).hangup,
			sigReject:       (*Leg).hangup,
			sigBye:          (*Leg).byeReceived,
			sigAccepted:     (*Leg).acceptedAgain,
			sigStray:        (*Leg).acceptedAgain,
			sigAck:          (*Leg).acknowledged,
			sigRepeat:       (*Leg).repeatAnswer,
			sigNoAck:        (*Leg).neverAcknowledged,
			sigInvite:       (*Leg).reinvite,
			sigParked:       (*Leg).parkedTooLong,
			sigUpdate:       (*Leg).update,
			sigInfo:         (*Leg).info,
			sigRefer:        (*Leg).referred,
			sigNews:         (*Leg).news,
			sigReferLate:    (*Leg).referLate,
			sigNotifyDone:   (*Leg).notifyDone,
			sigKey:          (*Leg).pressed,
			sigOther:        (*Leg).other,
			sigReinviteDone: (*Leg).reinviteDone,
			sigUpdateDone:   (*Leg).updateDone,
			sigRetryOffer:   (*Leg).refresh,
			sigRefresh:      (*Leg).refresh,
			sigExpired:      (*Leg).expired,
			sigProbe:        (*Leg).probe,
			sigProbeDone:    (*Leg).probeDone,
			sigChallenged:   (*Leg).challenged,
			sigProbeLate:    (*Leg).probeLate,
			sigSettled:      (*Leg).settled,
		},
		legParting: {
			sigAccepted:   (*Leg).acceptedAgain,
			sigStray:      (*Leg).acceptedAgain,
			sigNotifyDone: (*Leg).notifyDone,
			sigNotifyLate: (*Leg).part,
			sigBye:        (*Leg).byeCrossed,
		},
		legEnding: {
			sigAccepted:     (*Leg).acceptedAgain,
			sigStray:        (*Leg).acceptedAgain,
			sigByeDone:      (*Leg).finished,
			sigChallenged:   (*Leg).challenged,
			sigGiveUp:       (*Leg).finished,
			sigBye:          (*Leg).byeCrossed,
			sigReinviteDone: (*Leg).reinviteDoneTooLate,
		},
	}
}

func signalOf(m msg.RequestMethod) signalKind {
	switch m {
	case msg.BYE:
		return sigBye
	case msg.INVITE:
		return sigInvite
	case msg.UPDATE:
		return sigUpdate
	case msg.INFO:
		return sigInfo
	case msg.REFER:
		return sigRefer
	}
	return sigOther
}
