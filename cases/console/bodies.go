package console

import (
	"encoding/json"
	"errors"
	"regexp"
	"time"

	"shouwen/cases"
	"shouwen/ivr/acd"
)

// The bodies of the API. What is not known, or does not apply, is left out.

type callerBody struct {
	Raw      string   `json:"raw,omitempty" doc:"As received; left out if withheld."`
	E164     string   `json:"e164,omitempty" doc:"E.164 with the leading plus, a short code or an extension; left out if withheld or not a number." example:"+861055550101"`
	Display  string   `json:"display,omitempty" doc:"Display name the caller claims."`
	Withheld bool     `json:"withheld" doc:"The caller asked for privacy."`
	Verified bool     `json:"verified" doc:"A trusted trunk vouched for the number."`
	Diverted []string `json:"diverted,omitempty" nullable:"false" doc:"Who forwarded the call, first to last."`
}

// callerOf leaves out what a caller who asked for privacy was received as: the
// network may have told it all the same, for the police.
func callerOf(c cases.Caller) callerBody {
	if c.Withheld {
		c.Raw = ""
	}
	return callerBody{
		Raw: c.Raw, E164: string(c.E164), Display: c.Display, Withheld: c.Withheld, Verified: c.Verified, Diverted: c.Diverted,
	}
}

// hotlineCallBody is the call that opened a case.
type hotlineCallBody struct {
	ID        string     `json:"id" format:"uuid" doc:"UUIDv7."`
	Caller    callerBody `json:"caller"`
	Hotline   string     `json:"hotline" doc:"Number dialled." example:"12345"`
	Trunk     string     `json:"trunk,omitempty" doc:"Left out for calls of our own phones."`
	Arrived   time.Time  `json:"arrived"`
	Answered  *time.Time `json:"answered,omitempty" doc:"First pick-up."`
	Agent     string     `json:"agent,omitempty" doc:"User who picked up first."`
	Extension string     `json:"extension,omitempty" doc:"Phone it was picked up on."`
	Waited    float64    `json:"waited_seconds" doc:"In the queue, until picked up or missed."`
	Ended     *time.Time `json:"ended,omitempty" doc:"Left out while the call is up."`
	Missed    string     `json:"missed,omitempty" enum:"abandoned,no_answer,refused,interrupted,not_reached,callback_taken,voicemail,self_served" doc:"Why nobody spoke with the caller in the end."`
	Cause     string     `json:"cause,omitempty" enum:"caller,agent,rtp_timeout,shutdown,failure,interrupted,spent" doc:"How an answered call ended."`
	Talk      float64    `json:"talk_seconds" doc:"Pick-up to end."`
}

type caseBody struct {
	Number      string          `json:"number" doc:"YYMMDD-node-sequence." example:"261123-1-0001"`
	State       string          `json:"state" enum:"open,registered,solved,handed_over,accepted,result_in,replied,visited,closed,refused,withdrawn,merged"`
	Opened      time.Time       `json:"opened" doc:"Pick-up, or the moment the call was missed."`
	FirstAsker  string          `json:"first_asker,omitempty" doc:"User who picked up; never changes. Left out while nobody has."`
	Responsible string          `json:"responsible,omitempty" doc:"User who answers for the case."`
	Handler     string          `json:"handler,omitempty" doc:"User who works on it now."`
	Department  string          `json:"department,omitempty" doc:"That has it; left out: the first-asker's own."`
	Previous    string          `json:"previous,omitempty" doc:"Number of the same caller's case before it."`
	CallbackDue *time.Time      `json:"callback_due,omitempty" doc:"When the caller must have been called back; left out if nothing is owed."`
	CallBackAt  string          `json:"call_back_at,omitempty" doc:"Number to call back, if the caller agreed on one; left out: the call's."`
	Voicemail   *voicemailBody  `json:"voicemail,omitempty" doc:"The message the caller left."`
	Callback    *callbackBody   `json:"callback,omitempty" doc:"How far the callback has come; left out while nobody has tried."`
	EventCount  int             `json:"event_count" doc:"Length of its ledger."`
	Head        string          `json:"head" doc:"Hash of the last event of its ledger: SHA-256, hexadecimal."`
	Call        hotlineCallBody `json:"call" doc:"The call that opened it."`
	File        *cases.File     `json:"file,omitempty" doc:"What the moves have put on record; left out in lists."`
	Clocks      []clockBody     `json:"clocks,omitempty" nullable:"false" doc:"All there ever were, oldest first; left out in lists."`
	Moves       []string        `json:"moves,omitempty" nullable:"false" doc:"What the user who asks may do now, whatever it lacks, sorted; left out in lists, and without a user."`
	Required    []requiredBody  `json:"required,omitempty" nullable:"false" doc:"What the policy demands before those of the moves; left out in lists."`
	Events      []eventBody     `json:"events,omitempty" nullable:"false" doc:"Its ledger, oldest first; left out in lists."`
	Chain       *chainBody      `json:"chain,omitempty" doc:"Whether the ledger is as it was written, checked now; left out in lists."`
}

func caseOf(c cases.Case) caseBody {
	k := c.Call
	return caseBody{
		Number: string(c.Number), State: string(c.State), Opened: c.Opened.UTC(),
		FirstAsker: c.FirstAsker, Responsible: c.Responsible, Handler: c.Handler, Department: c.Department,
		Previous: string(c.Previous), CallbackDue: timeOf(c.CallbackDue), Callback: callbackOf(c.CalledBack),
		CallBackAt: string(c.CallBackAt), Voicemail: voicemailOf(c.Voicemail), EventCount: c.Events, Head: c.Head.String(),
		Call: hotlineCallBody{
			ID: k.ID, Caller: callerOf(k.Caller), Hotline: k.Hotline, Trunk: k.Trunk, Arrived: k.Arrived.UTC(),
			Answered: timeOf(k.Answered), Agent: k.Agent, Extension: k.Extension, Waited: k.Waited.Seconds(),
			Ended: timeOf(k.Ended), Missed: string(k.Missed), Cause: string(k.Cause), Talk: k.Talk.Seconds(),
		},
	}
}

type voicemailBody struct {
	Length float64 `json:"length_seconds"`
}

func voicemailOf(v cases.Voicemail) *voicemailBody {
	if v.File == "" {
		return nil
	}
	return &voicemailBody{Length: time.Duration(v.Length).Seconds()}
}

// callbackBody is how far a callback has come.
type callbackBody struct {
	Attempts  int        `json:"attempts" doc:"Since it was owed."`
	Last      string     `json:"last" enum:"reached,busy,no_answer,rejected,invalid_number,failed,denied,cancelled,wrong_number,voicemail" doc:"Result of the last attempt."`
	Call      string     `json:"call" format:"uuid" doc:"Id of the call of the last attempt."`
	Next      *time.Time `json:"next,omitempty" doc:"When Shouwen tries again by itself; left out if it does not."`
	Exhausted bool       `json:"exhausted" doc:"The last attempt failed: it is the supervisor's now."`
}

func callbackOf(c cases.CalledBack) *callbackBody {
	if c.Last == "" {
		return nil
	}
	return &callbackBody{Attempts: c.Attempts, Last: string(c.Last), Call: c.Call, Next: timeOf(c.Next), Exhausted: c.Exhausted}
}

type eventBody struct {
	Seq      int             `json:"seq" doc:"From 1, without gaps."`
	Kind     string          `json:"kind" enum:"picked_up,missed,ended,reminded,at_risk,breached,callback_taken,voicemail,flow_left,emergency,callback_started,callback_answered,callback_missed,callback_marked,outbound_decided,transfer_started,transfer_switched,transfer_completed,transfer_failed,monitor_started,monitor_ended,recording_started,recording_paused,recording_resumed,recording_ended,recording_deleted,voicemail_deleted,legal_hold,quality,summoned,message_delivered,linked,registered,classified,notified,consulted,proposed,complained,verified,violation,inquiry,adopted,solved,handed_over,contacted,covered,escalated,found,referred_out,accepted,assigned,returned,arbitrated,joined,reported,entered,promised,kept,waiting,resumed,extension_asked,extended,extension_lapsed,reassignment_asked,responsibility_moved,decided,caller_told,pressed,press_answered,handed_off,alarm,confirmed,ordered,arrived_on_site,relayed,report_filed,delivered,attempted,replied,visited,reopened,refused,withdrawn,merged,taken,entrusted,finished,closed"`
	State    string          `json:"state" doc:"State of the case after it."`
	At       time.Time       `json:"at"`
	By       string          `json:"by,omitempty" doc:"User who did it; left out for the system."`
	Fact     string          `json:"fact,omitempty" format:"uuid" doc:"UUIDv7 of the fact it comes from; left out for moves."`
	Body     json.RawMessage `json:"body" doc:"What happened: the bytes the hash covers, as written, but for what a caller who asked for privacy was received as. Durations are in seconds."`
	Previous string          `json:"previous_hash" doc:"Hash of the event before it; 64 zeros for the first."`
	Hash     string          `json:"hash" doc:"SHA-256, hexadecimal, as stored."`
}

// receivedAs matches what a caller was received as, in the body of an event.
var receivedAs = regexp.MustCompile(`"raw": ?"(\\.|[^"\\])*"`)

// eventsOf leaves out what callerOf does.
func eventsOf(c cases.Case, ledger []cases.Event) []eventBody {
	list, before := make([]eventBody, len(ledger)), cases.Hash{}
	for i, e := range ledger {
		if c.Call.Caller.Withheld {
			e.Body = receivedAs.ReplaceAll(e.Body, []byte(`"raw":"…"`))
		}
		list[i] = eventBody{
			Seq: e.Seq, Kind: string(e.Kind), State: string(e.State), At: e.At.UTC(), By: e.By, Fact: e.Fact,
			Body: e.Body, Previous: before.String(), Hash: e.Sum.String(),
		}
		before = e.Sum
	}
	return list
}

// chainBody is what checking a ledger found.
type chainBody struct {
	OK      bool   `json:"ok" doc:"Every event is as it was written, and the case is what they say."`
	Seq     int    `json:"seq,omitempty" doc:"First bad event; left out if it is the case itself."`
	Problem string `json:"problem,omitempty" doc:"What is wrong with it."`
}

func chainOf(c cases.Case, ledger []cases.Event) chainBody {
	if bad, ok := errors.AsType[*cases.ChainError](c.Verify(ledger)); ok {
		return chainBody{Seq: bad.Seq, Problem: bad.What}
	}
	return chainBody{OK: true}
}

// liveCallBody is a call that is up.
type liveCallBody struct {
	ID         string     `json:"id" format:"uuid" doc:"UUIDv7."`
	Direction  string     `json:"direction" doc:"inbound, outbound or internal."`
	State      string     `json:"state" doc:"ivr, queued, ringing, talking or held."`
	Caller     callerBody `json:"caller"`
	Dialed     string     `json:"dialed" doc:"Number dialled."`
	Agent      string     `json:"agent,omitempty" doc:"User who talks with the caller."`
	Target     string     `json:"target,omitempty" doc:"User to whom the agent is passing the caller on, named before that phone rings."`
	Supervisor string     `json:"supervisor,omitempty" doc:"User on the agent's line, or rung for that."`
	Monitor    string     `json:"monitor,omitempty" enum:"listen,whisper,barge" doc:"How."`
	Recording  string     `json:"recording,omitempty" enum:"on,paused" doc:"Left out: the call is not recorded."`
	Case       string     `json:"case,omitempty" doc:"Case number."`
	Since      time.Time  `json:"since"`
	Answered   *time.Time `json:"answered,omitempty" doc:"Pick-up."`

	OpenCase   string  `json:"open_case,omitempty" doc:"Case the caller had already when he called."`
	FirstAsker string  `json:"first_asker,omitempty" doc:"User whose that one is."`
	Position   int     `json:"position,omitempty" doc:"In the order of service of his queue, from 1; left out: he waits in none."`
	Estimate   float64 `json:"estimate_seconds,omitempty" doc:"How long he has still to wait, as the queue's answers of late suggest; left out: not known."`
}

func liveCallsOf(calls []Call) []liveCallBody {
	list := make([]liveCallBody, len(calls))
	for i, c := range calls {
		list[i] = liveCallBody{
			ID: c.ID, Direction: c.Direction, State: c.State, Caller: callerOf(c.Caller), Dialed: c.Dialed,
			Agent: c.Agent, Target: c.Target, Supervisor: c.Supervisor, Monitor: string(c.Monitor), Recording: c.Recording, Case: string(c.Case), Since: c.Since.UTC(), Answered: timeOf(c.Answered),
			OpenCase: string(c.OpenCase), FirstAsker: c.FirstAsker, Position: c.Position, Estimate: c.Estimate.Seconds(),
		}
	}
	return list
}

type agentBody struct {
	User       string    `json:"user"`
	Extension  string    `json:"extension"`
	Department string    `json:"department,omitempty"`
	Rank       int       `json:"rank" doc:"The higher wins a tie."`
	State      string    `json:"state" enum:"ready,ringing,talking,wrapup,paused,away"`
	Since      time.Time `json:"since" doc:"When the state began."`
	Call       string    `json:"call,omitempty" doc:"Id of the call the agent is rung for or talks in."`
	Reason     string    `json:"reason,omitempty" doc:"Why he is paused: one of the configured reasons, feature_code, or that his phone did not take a call: no_answer, declined."`

	WrapUpEnds *time.Time `json:"wrap_up_ends,omitempty"`
	Calls      int        `json:"calls" doc:"Of queues, taken today."`
	Talked     float64    `json:"talked_seconds" doc:"In finished calls, today."`
	Missed     int        `json:"missed" doc:"Times in a row that his phone rang in vain."`
}

type waitingBody struct {
	Call    string    `json:"call" doc:"Call id."`
	Since   time.Time `json:"since"`
	Kept    bool      `json:"kept" doc:"Not on the phone: to be called back."`
	Round   int       `json:"round" doc:"0: nobody was rung yet."`
	Ringing []string  `json:"ringing" nullable:"false" doc:"Users whose phones ring."`
	Reason  string    `json:"reason,omitempty" doc:"Why those were rung last: the strategy, first_asker; or why nobody who is ready is." example:"longest_idle"`
}

type queueBody struct {
	Queue   string        `json:"queue"`
	Waiting []waitingBody `json:"waiting" nullable:"false" doc:"In the order of service."`

	Offers map[string]int `json:"offers,omitempty" doc:"Made since the node started, by reason."`
}

type agentsBody struct {
	At     time.Time   `json:"at" doc:"The moment all this was so."`
	Agents []agentBody `json:"agents" nullable:"false" doc:"In the order of the directory."`
	Queues []queueBody `json:"queues" nullable:"false"`
}

func agentsOf(s acd.Snapshot) agentsBody {
	b := agentsBody{At: s.At.UTC(), Agents: make([]agentBody, len(s.Agents)), Queues: make([]queueBody, len(s.Queues))}
	for i, a := range s.Agents {
		b.Agents[i] = agentBody{
			User: a.User, Extension: a.Extension, Department: a.Department, Rank: a.Rank,
			State: string(a.State), Since: a.Since.UTC(), Call: a.Call, Reason: a.Reason,
			WrapUpEnds: timeOf(a.Until), Calls: a.Calls, Talked: a.Talked.Seconds(), Missed: a.Missed,
		}
	}
	for i, q := range s.Queues {
		b.Queues[i] = queueBody{Queue: q.Queue, Waiting: make([]waitingBody, len(q.Waiting)), Offers: q.Offers}
		for j, w := range q.Waiting {
			b.Queues[i].Waiting[j] = waitingBody{
				Call: w.Call, Since: w.Since.UTC(), Kept: w.Kept, Round: w.Round, Ringing: append([]string{}, w.Ringing...),
				Reason: w.Reason,
			}
		}
	}
	return b
}

// timeOf returns t in UTC, or nil for the zero time.
func timeOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// mapped returns f of each of list.
func mapped[A, B any](list []A, f func(A) B) []B {
	out := make([]B, len(list))
	for i, a := range list {
		out[i] = f(a)
	}
	return out
}
