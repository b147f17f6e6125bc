package metrics

import (
	"slices"
	"sync/atomic"
)

// other stands for every value that is in no set: what arrives may say anything, and
// must not make series of its own.
const other = "other"

// A label is a dimension of figures with the set of its values. The set is closed, or
// told once at the start because it is configured; see registrar.tell.
type label struct {
	name   string
	values []string // nil: told
}

func closed[T ~string](name string, values ...T) *label {
	l := &label{name: name, values: make([]string, len(values))}
	for i, v := range values {
		l.values[i] = string(v)
	}
	return l
}

func told(name string) *label { return &label{name: name} }

// The labels of all figures. No value is about a caller, a case or, unless the
// organisation wants its agents' figures, a person.
var (
	// Configured, by code.
	hotlineLabel    = told("hotline")
	queueLabel      = told("queue")
	departmentLabel = told("department")
	trunkLabel      = told("trunk")
	menuLabel       = told("menu")
	clockLabel      = told("clock")
	agentLabel      = told("agent") // users; nobody unless the organisation opts in
	routeLabel      = told("route")
	pageLabel       = closed("page", Streams...)
	queryLabel      = told("query")
	decisionReason  = told("reason") // of package call

	// Calls.
	callDirection  = closed("direction", Inbound, Outbound, Internal)
	callResult     = closed("result", Answered, Abandoned, Busy, Rejected, Failed, Voicemail, CallbackTaken, SelfServed)
	callState      = closed("state", InIVR, Queued, Ringing, Talking, Held)
	waitOutcome    = closed("outcome", WaitAnswered, WaitAbandoned, WaitOverflow, WaitCallback)
	missedReason   = closed("reason", NoAnswer, Declined, Unreachable)
	contactPart    = closed("part", "talk", "hold", "wrapup")
	transferKind   = closed("kind", Blind, Warm)
	transferTarget = closed("target", ToAgent, ToDepartment, ToQueue, ToExternal)
	transferResult = closed("result", TransferCompleted, TransferReturned, TransferFailed)
	flowResult     = closed("result", FlowSelfServed, FlowAgent, FlowMessage, FlowHangup, FlowTimeout, FlowInvalid, FlowFailed)

	// Calls to the outside.
	attemptResult = closed("result", CallbackReached, CallbackNoAnswer, CallbackBusy, CallbackRejected, CallbackInvalid,
		CallbackFailed, CallbackDenied, CallbackCancelled)
	callbackMark = closed("mark", CallbackWrongNumber, CallbackVoicemail)

	// Signalling.
	sipWay    = closed("direction", Sent, Received)
	sipMethod = closed("method", "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "INFO", "UPDATE", "REFER", "NOTIFY",
		"MESSAGE", "SUBSCRIBE", "PRACK", other)
	sipCode = closed("code", "200", "202", "300", "301", "302", "400", "401", "403", "404", "405", "406", "407", "408", "410",
		"413", "414", "415", "416", "420", "421", "422", "423", "480", "481", "482", "483", "484", "485", "486", "487", "488",
		"489", "491", "493", "500", "501", "502", "503", "504", "505", "513", "580", "600", "603", "604", "606", "607", "608", other)
	seizureResult = closed("result", SeizureAnswered, SeizureSubscriber, SeizureFailed)
	sipTransport  = closed("transport", "udp", "tcp", "tls")
	dropReason    = closed("reason", "source", "not_sip", "rate", "scanner", "overload", "lag", "ack", "refused_unrecorded",
		"too_large", "egress", "accept", "connections", "tls_handshake", "framing", "incomplete", "idle", other)
	registrationKind   = closed("kind", "agent", "trunk")
	registrationReason = closed("reason", "wrong", "malformed", "throttled", "too_brief", "too_many_contacts", "out_of_order",
		"bad_wildcard", "other_user", "no_tls", "refused", "forbidden", "no_answer", other)

	// Audio.
	legKind        = closed("leg", CallerLeg, AgentLeg, TrunkLeg)
	audioCodec     = closed("codec", "PCMA", "PCMU", other)
	unscoredReason = closed("reason", "no_rtcp", "too_short", "no_media")
	keyMethod      = closed("method", "rfc4733", "info", "inband")
	promptResult   = closed("result", PromptCompleted, PromptInterrupted, PromptFailed)

	recordingResult = closed("result", RecordingOK, RecordingPartial, RecordingFailed)

	// The process.
	channel            = closed("channel", "webhook", "email", "sip", other)
	notificationResult = closed("result", NotificationOK, NotificationRetried, NotificationFailed)
	connectionState    = closed("state", "used", "idle", "max")
	databaseError      = closed("class", ErrConnection, ErrTimeout, ErrSerialization, ErrConstraint, ErrData, ErrResources, ErrShutdown, ErrOther)
	// A label "job" would clash with the one Prometheus gives every target.
	jobName    = closed("task", LedgerHead, OutboxRetention, RecordingRetention, MessageRetention, OpenCases)
	jobResult  = closed("result", "ok", "failed")
	httpMethod = closed("method", "GET", "POST", "PUT", "DELETE", other)
	httpClass  = closed("code_class", "2xx", "3xx", "4xx", "5xx")
	panicPlace = closed("where", "leg", "leg_events", "client_transaction", "drain", "sip_accept", "sip_connection", "sip_inspect",
		"sip_listener", "sip_lost", "sip_ready", "sip_refused", "sip_request", "sip_response", "sip_stream", "sip_udp",
		"conversation", "intercom", "flow", "summons", other)
)

// family is the figures of one name, one for each combination of values of its labels.
type family struct {
	labels []*label
	known  []atomic.Pointer[map[string]bool] // values of each label; nil: not told yet
	can    func(values []string) bool
	create func(values ...string) // makes a combination exist
}

// fill makes every combination that can occur exist, once all labels are known:
// otherwise rates miss the first event, and ratios vanish.
func (f *family) fill() {
	for i := range f.known {
		if f.known[i].Load() == nil {
			return
		}
	}
	var add func(values []string)
	add = func(values []string) {
		if len(values) == len(f.labels) {
			if f.can == nil || f.can(values) {
				f.create(values...)
			}
			return
		}
		for v := range *f.known[len(values)].Load() {
			add(append(slices.Clip(values), v))
		}
	}
	add(nil)
}

// bound returns values with those replaced that their label does not have. One that
// was never told of takes any: parts are tested by themselves.
func (f *family) bound(values []string) []string {
	for i, v := range values {
		if known := f.known[i].Load(); known != nil && !(*known)[v] {
			values[i] = other
		}
	}
	return values
}

// has tells whether the first label was told to have a value.
func (f *family) has(value string) bool {
	known := f.known[0].Load()
	return known != nil && (*known)[value]
}

func names(labels []*label) []string {
	all := make([]string, len(labels))
	for i, l := range labels {
		all[i] = l.name
	}
	return all
}

func set[T comparable](all []T) map[T]bool {
	m := make(map[T]bool, len(all))
	for _, v := range all {
		m[v] = true
	}
	return m
}
