package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwen/cases"
	"shouwen/ivr/call"
	"shouwen/metrics"
	"shouwen/sip/siptest"
)

// reachedSays is what a caller says who was called back.
const reachedSays = 1900

// outBed is a bed with a trunk that takes calls to the outside.
type outBed struct {
	*bed
	carrier siptest.TestPhone // the trunk, and everybody behind it
	phones  []siptest.TestPhone
}

func newOutBed(t *testing.T, agents int, change ...func(*Config)) *outBed {
	t.Helper()
	carrier := siptest.New(t, "", siptest.Config{User: "carrier", Tone: reachedSays, Patience: patience})
	b := &outBed{carrier: carrier}
	b.bed = newBed(t, agents, append([]func(*Config){byCarrier(carrier), func(c *Config) {
		c.Queues[0].OverflowAfter = Duration(time.Second)
	}}, change...)...)
	b.phones = b.agents(agents)
	return b
}

// byCarrier is a trunk to the outside, of which carrier is all.
func byCarrier(carrier siptest.TestPhone) func(*Config) {
	return func(c *Config) {
		o := defaultTrunkOutbound()
		o.Kind, o.Servers, o.Domain, o.Options, o.AssertedIdentity = "ip", []string{carrier.Addr().String()}, "carrier.example", 0, true
		c.Trunks = append(c.Trunks, TrunkConfig{Name: "carrier", Country: "CN", AreaCode: "10", Outbound: &o})
		c.Outbound.Hours = nil // tests run at night, too
	}
}

// missed is a call nobody answered, and its case.
func (b *outBed) missed(number string) cases.Case {
	b.t.Helper()
	c := b.dial(number)
	calls := incoming(b.phones)
	c.Hangup()
	for _, in := range calls {
		in.Ended()
	}
	return b.recorded(func(c cases.Case) bool { return !c.CallbackDue.IsZero() && string(c.Call.Caller.E164) == number })
}

// recorded waits until a case is on record that is as wanted.
func (b *outBed) recorded(want func(cases.Case) bool) (found cases.Case) {
	b.t.Helper()
	until(b.t, "the case is as wanted", func() bool {
		all := b.all()
		i := slices.IndexFunc(all, want)
		if i >= 0 {
			found = all[i]
		}
		return i >= 0
	})
	return found
}

func (b *outBed) all() []cases.Case {
	return recordedCases(b.t, b.server.database.store)
}

// back dials the code for a case on the i-th agent's phone.
func (b *outBed) back(i int, c cases.Case) siptest.TestCall {
	b.t.Helper()
	return b.phones[i].Dial(call.CallbackCode + strings.ReplaceAll(string(c.Number), "-", "*"))
}

// kinds are the events of a case.
func (b *outBed) kinds(c cases.Case) (kinds []cases.EventKind, events []cases.Event) {
	b.t.Helper()
	_, events, err := b.server.database.store.Case(context.Background(), c.Number)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, e := range events {
		kinds = append(kinds, e.Kind)
	}
	return kinds, events
}

func (b *outBed) wantKinds(c cases.Case, want ...cases.EventKind) []cases.Event {
	b.t.Helper()
	var events []cases.Event
	until(b.t, fmt.Sprint("events ", want), func() bool {
		var kinds []cases.EventKind
		kinds, events = b.kinds(c)
		kinds = slices.DeleteFunc(kinds, func(k cases.EventKind) bool { return k == cases.EventQuality })
		return slices.Equal(kinds, want)
	})
	return events
}

// TestCallBackByCode: the agent dials the case, hears that it rings, and speaks with
// the caller; what can be done in a call can be done in this one.
func TestCallBackByCode(t *testing.T) {
	t.Parallel()
	b := newOutBed(t, 2)
	c := b.missed(numbered(1))
	agent := b.back(0, c)
	agent.Answered()
	in := b.carrier.Incoming()
	agent.Hears(toneHz)
	if uri := in.Invite.URI; uri != "sip:"+numbered(1)+"@carrier.example" {
		t.Errorf("called %s", uri)
	}
	for _, h := range []string{"From", "P-Asserted-Identity"} {
		if got := in.Invite.Get(h); !strings.Contains(got, "<sip:12345@carrier.example>") {
			t.Errorf("%s: %s, want the hotline", h, got)
		}
	}
	if l := b.server.calls.Live()[0]; l.Direction != metrics.Outbound || l.State != metrics.Ringing || l.Case != c.Number || l.Agent != b.Agents[0].User {
		t.Errorf("shown as %+v", l)
	}
	in.Answer()
	in.Hears(toneOf(0))
	agent.Hears(reachedSays)
	met := b.recorded(func(c cases.Case) bool { return c.CallbackDue.IsZero() })
	if met.FirstAsker != b.Agents[0].User || met.Handler != b.Agents[0].User || met.CalledBack.Last != cases.CallbackReached || met.CalledBack.Attempts != 1 {
		t.Errorf("after the answer %+v", met)
	}

	agent.Press("*2" + b.Agents[1].Ext + "#") // it is a call like others
	in.Hears(musicSays)
	target := b.phones[1].Incoming()
	target.Answer()
	target.Hears(toneOf(0))
	lastKeys(agent, "*4")
	agent.Ended()
	target.Hears(reachedSays)
	in.Hears(toneOf(1))
	in.Hangup()
	target.Ended()
	events := b.wantKinds(c, cases.EventMissed, cases.EventCallbackStarted, cases.EventOutboundDecided, cases.EventCallbackAnswered,
		cases.EventTransferStarted, cases.EventTransferCompleted, cases.EventEnded)
	var decided cases.OutboundDecided
	if err := json.Unmarshal(events[2].Body, &decided); err != nil || !decided.Allowed || string(decided.Number) != numbered(1) || events[2].By != b.Agents[0].User {
		t.Errorf("decision %+v by %s, %v", decided, events[2].By, err)
	}
	_ = b.cases() // the ledger verifies
}

// TestCallBackByConsole: the phone of the agent named rings first.
func TestCallBackByConsole(t *testing.T) {
	t.Parallel()
	b := newOutBed(t, 2)
	c := b.missed(numbered(1))
	if err := b.server.calls.CallBackNow(t.Context(), c.Number, b.Agents[1].User); err != nil {
		t.Fatal(err)
	}
	agent := b.phones[1].Incoming()
	if from := agent.Invite.Get("From"); !strings.Contains(from, numbered(1)) {
		t.Errorf("the agent's phone shows %s", from)
	}
	if err := b.server.calls.CallBackNow(t.Context(), c.Number, b.Agents[0].User); err != nil { // a colleague takes it over
		t.Fatal(err)
	}
	if m := agent.Ended(); m.Method != "CANCEL" {
		t.Errorf("the first phone got %s", m.Method)
	}
	agent = b.phones[0].Incoming()
	agent.Answer()
	in := b.carrier.Incoming()
	if err := b.server.calls.CallBackNow(t.Context(), c.Number, b.Agents[1].User); !errors.Is(err, call.ErrNotNow) { // he is being called
		t.Errorf("twice at once: %v", err)
	}
	in.Answer()
	agent.Hears(reachedSays)
	agent.Hangup()
	in.Ended()
	b.wantKinds(c, cases.EventMissed, cases.EventCallbackStarted, cases.EventOutboundDecided, cases.EventCallbackAnswered, cases.EventEnded)
	for _, tt := range []struct {
		number cases.CaseNumber
		agent  string
		want   error
	}{{"261123-1-9999", b.Agents[0].User, call.ErrNoCase}, {"nonsense", b.Agents[0].User, call.ErrNoCase}} {
		if err := b.server.calls.CallBackNow(t.Context(), tt.number, tt.agent); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.number, err, tt.want)
		}
	}
	if b.server.calls.CallBackNow(t.Context(), c.Number, "nobody") == nil {
		t.Error("an agent who does not exist was rung")
	}
}

// lastKeys presses keys that end the call: its audio may be closed before the last
// of them is sent to its end.
func lastKeys(c siptest.TestCall, keys string) { _ = c.Call.Audio.Press(context.Background(), keys) }

// TestNotReached: the agent hears it, the case keeps what it was, and only an answer
// stops the clock.
func TestNotReached(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		want   cases.CallbackResult
		gone   bool // to the supervisor
	}{
		"busy":           {486, cases.CallbackBusy, false},
		"no answer":      {480, cases.CallbackNoAnswer, false},
		"declined":       {603, cases.CallbackRejected, false},
		"no such number": {404, cases.CallbackInvalid, true},
		"no trunk":       {500, cases.CallbackFailed, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newOutBed(t, 1)
			c := b.missed(numbered(1))
			agent := b.back(0, c)
			agent.Answered()
			b.carrier.Incoming().Reject(tt.status)
			agent.Hears(toneHz)
			agent.Ended()
			got := b.recorded(func(c cases.Case) bool { return c.CalledBack.Last != "" })
			if cb := got.CalledBack; cb.Last != tt.want || cb.Attempts != 1 || cb.Exhausted != tt.gone || cb.Next.IsZero() != tt.gone {
				t.Errorf("%+v", cb)
			}
			if got.CallbackDue.IsZero() || got.FirstAsker != "" {
				t.Errorf("owed until %s, first-asker %q", got.CallbackDue, got.FirstAsker)
			}
			if n := b.metric("shouwen_callback_attempts_total", string(tt.want)); n != 1 {
				t.Errorf("%v attempts counted", n)
			}
			b.wantKinds(c, cases.EventMissed, cases.EventCallbackStarted, cases.EventOutboundDecided, cases.EventCallbackMissed)
		})
	}
}

// TestAgentThinksBetterOfIt: that is no attempt.
func TestAgentThinksBetterOfIt(t *testing.T) {
	t.Parallel()
	b := newOutBed(t, 1)
	c := b.missed(numbered(1))
	agent := b.back(0, c)
	agent.Answered()
	in := b.carrier.Incoming()
	agent.Hangup()
	if m := in.Ended(); m.Method != "CANCEL" {
		t.Errorf("the caller's phone got %s", m.Method)
	}
	got := b.recorded(func(c cases.Case) bool { return c.CalledBack.Last != "" })
	if cb := got.CalledBack; cb.Last != cases.CallbackCancelled || cb.Attempts != 0 || cb.Exhausted {
		t.Errorf("%+v", cb)
	}
}

// TestWhoAnsweredIsSaidByTheAgent: by keys in the call, or afterwards.
func TestWhoAnsweredIsSaidByTheAgent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		keys string // empty: afterwards
		want cases.CallbackResult
		gone bool
	}{
		"a machine":               {"*82", cases.CallbackVoicemail, false},
		"somebody else":           {"*81", cases.CallbackWrongNumber, true},
		"a machine, told later":   {"", cases.CallbackVoicemail, false},
		"somebody else, as later": {"", cases.CallbackWrongNumber, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newOutBed(t, 1)
			c := b.missed(numbered(1))
			agent := b.back(0, c)
			agent.Answered()
			in := b.carrier.Incoming()
			in.Answer()
			agent.Hears(reachedSays)
			mark := func() error {
				return b.server.calls.MarkCallback(t.Context(), c.Number, b.Agents[0].User, tt.want)
			}
			if tt.keys != "" {
				lastKeys(agent, tt.keys)
			} else {
				b.recorded(func(c cases.Case) bool { return c.CalledBack.Last == cases.CallbackReached })
				if err := mark(); !errors.Is(err, call.ErrNotNow) {
					t.Errorf("during the call: %v", err)
				}
				agent.Hangup()
				until(t, "the call is over", func() bool { return mark() == nil })
			}
			in.Ended()
			got := b.recorded(func(c cases.Case) bool { return c.CalledBack.Last == tt.want })
			if cb := got.CalledBack; cb.Attempts != 1 || cb.Exhausted != tt.gone || got.CallbackDue.IsZero() {
				t.Errorf("%+v, owed until %s", cb, got.CallbackDue)
			}
			if n, all := b.metric("shouwen_callback_marks_total", string(tt.want)), b.metric("shouwen_callback_attempts_total", ""); n != 1 || all != 1 {
				t.Errorf("%v marks and %v attempts counted", n, all)
			}
			b.wantKinds(c, cases.EventMissed, cases.EventCallbackStarted, cases.EventOutboundDecided, cases.EventCallbackAnswered,
				cases.EventEnded, cases.EventCallbackMarked)
		})
	}
}

// TestTriedAgain: Shouwen tries by itself when the time has come, rings the
// first-asker first, and gives it to the supervisor after the last attempt.
func TestTriedAgain(t *testing.T) {
	t.Parallel()
	b := newOutBed(t, 2, func(c *Config) {
		c.Callbacks = CallbacksConfig{Retry: []Duration{Duration(time.Second)}, Attempts: 2}
	})
	c := b.missed(numbered(1))
	agent := b.back(1, c)
	agent.Answered()
	b.carrier.Incoming().Reject(486)
	agent.Ended()
	all := incoming(b.phones) // by itself: there is no first-asker
	all[0].Answer()
	all[1].Ended()
	b.carrier.Incoming().Reject(480)
	all[0].Ended()
	got := b.recorded(func(c cases.Case) bool { return c.CalledBack.Exhausted })
	if got.CalledBack.Attempts != 2 || !got.CalledBack.Next.IsZero() || got.CallbackDue.IsZero() {
		t.Errorf("%+v", got.CalledBack)
	}
	if n := b.metric("shouwen_callbacks_exhausted_total", ""); n != 1 {
		t.Errorf("%v exhausted", n)
	}
	before := b.carrier.Count("INVITE")
	b.carrier.Never("100 NOTHING", 3*time.Second)
	if n := b.carrier.Count("INVITE") - before; n != 0 { // not for ever
		t.Errorf("%d more attempts", n)
	}
}

// TestFirstAskerCallsBack: who answered the caller first is rung first.
func TestFirstAskerCallsBack(t *testing.T) {
	t.Parallel()
	b := newOutBed(t, 3)
	caller := b.dial(numbered(1))
	all := incoming(b.phones)
	all[1].Answer()
	caller.Hears(toneOf(1))
	caller.Hangup()
	all[1].Ended()
	c := b.recorded(func(c cases.Case) bool { return !c.Call.Ended.IsZero() })
	rung := b.phones[0].Count("INVITE") + b.phones[2].Count("INVITE")
	b.server.calls.Stand(cases.Place{Case: c.Number, Caller: c.Call.Caller, Hotline: b.Hotline, Number: c.Call.Caller.E164, Since: time.Now(), FirstAsker: c.FirstAsker})
	again := b.phones[1].Incoming()
	again.Answer()
	b.carrier.Incoming().Answer()
	again.Hears(reachedSays)
	if n := b.phones[0].Count("INVITE") + b.phones[2].Count("INVITE"); n != rung {
		t.Errorf("%d others were rung", n-rung)
	}
}

// TestPlaceInLineIsKept: who pressed 1 and hung up is called when it is his turn,
// before those who came later, and after who came before.
func TestPlaceInLineIsKept(t *testing.T) {
	t.Parallel()
	b := newOutBed(t, 1, func(c *Config) {
		c.Queues[0].CallbackOfferAfter = Duration(time.Second)
		c.Queues[0].Announce = AnnounceConfig{Position: true, Every: Duration(time.Second)}
	})
	first := b.dial(numbered(1))
	agent := b.phones[0].Incoming()
	agent.Answer()
	first.Hears(toneOf(0))

	kept := b.dial(numbered(2))
	kept.HearsNext(callbackOfferSays)
	kept.Press("1")
	kept.HearsNext(callbackConfirmSays)
	kept.Press("1")
	kept.Ended()
	later := b.dial(numbered(3))
	later.Hears(musicSays)

	first.Hangup()
	agent.Ended()
	agent = b.phones[0].Incoming()
	if from := agent.Invite.Get("From"); !strings.Contains(from, numbered(2)) {
		t.Errorf("rang for %s, want who kept his place", from)
	}
	b.carrier.Never("INVITE", 100*time.Millisecond) // the agent first
	agent.Answer()
	in := b.carrier.Incoming()
	if uri := in.Invite.URI; !strings.Contains(uri, numbered(2)) {
		t.Errorf("called %s", uri)
	}
	in.Answer()
	in.Hears(toneOf(0))
	agent.Hears(reachedSays)
	in.Hangup()
	agent.Ended()
	agent = b.phones[0].Incoming()
	agent.Answer()
	later.Hears(toneOf(0))
	b.recorded(func(c cases.Case) bool {
		return string(c.Call.Caller.E164) == numbered(2) && c.CallbackDue.IsZero() && c.CalledBack.Last == cases.CallbackReached
	})
}

// TestNetworkIsHeard: what the network says before the answer is for the agent.
func TestNetworkIsHeard(t *testing.T) {
	t.Parallel()
	manual := siptest.New(t, "", siptest.Config{User: "carrier", Manual: true, Patience: patience})
	b := newOutBed(t, 1, func(c *Config) {
		c.Trunks[len(c.Trunks)-1].Outbound.Servers = []string{manual.Addr().String()}
	})
	c := b.missed(numbered(1))
	agent := b.back(0, c)
	agent.Answered()
	invite := manual.Expect("INVITE")
	audio := manual.NewAudio()
	manual.Reply(invite, 183, audio.Answer(invite.Body))
	audio.Say(1100)
	agent.Hears(1100)
	audio.Hears(toneOf(0))
	manual.Reply(invite, 200, audio.Answer(invite.Body))
	manual.Expect("ACK")
	agent.Hears(1100)
	agent.Hangup()
	manual.Reply(manual.Expect("BYE"), 200, "")
}

// TestTollFraud: nobody gets a call to the outside but an agent, to whom the policy
// allows.
func TestTollFraud(t *testing.T) {
	t.Parallel()
	b := newOutBed(t, 1)
	c := b.missed(numbered(1))
	code := call.CallbackCode + strings.ReplaceAll(string(c.Number), "-", "*")
	outsider := b.caller(numbered(9))
	for _, to := range []string{code, call.CallbackCode + "1", "+19002345678", "0019002345678", "0118812345678", "9" + numbered(1), "tel:+19002345678", "1001", "*45"} {
		if m := outsider.Dial(to).Ended(); m == nil || m.Status < 400 {
			t.Errorf("a stranger who dials %s gets %s", to, m)
		}
	}
	for _, to := range []string{"+19002345678", "0019002345678", "9" + numbered(1), call.CallbackCode + "9999", call.CallbackCode} {
		if m := b.phones[0].Dial(to).Ended(); m == nil || m.Status < 400 {
			t.Errorf("an agent who dials %s gets %s", to, m)
		}
	}
	for _, number := range []string{"+19002345678", "+442079460000", "+8616812345"} { // as a caller may claim
		stranger := b.dial(number)
		rung := b.phones[0].Incoming()
		stranger.Hangup()
		rung.Ended()
		c := b.recorded(func(c cases.Case) bool { return string(c.Call.Caller.E164) == number && !c.CallbackDue.IsZero() })
		agent := b.back(0, c)
		agent.Answered()
		agent.Hears(toneHz)
		agent.Ended()
		events := b.wantKinds(c, cases.EventMissed, cases.EventCallbackStarted, cases.EventOutboundDecided, cases.EventCallbackMissed)
		var decided cases.OutboundDecided
		if err := json.Unmarshal(events[2].Body, &decided); err != nil || decided.Allowed || decided.Reason == "" {
			t.Errorf("%s: %+v, %v", number, decided, err)
		}
		got := b.recorded(func(other cases.Case) bool { return other.Number == c.Number && other.CalledBack.Last != "" })
		if got.CalledBack.Last != cases.CallbackDenied || !got.CalledBack.Exhausted {
			t.Errorf("%s: %+v", number, got.CalledBack)
		}
	}
	if n := b.carrier.Count("INVITE"); n != 0 {
		t.Errorf("%d calls reached the trunk", n)
	}
}

// TestWithheldCallerIsNotCalledBack: he asked for it.
func TestWithheldCallerIsNotCalledBack(t *testing.T) {
	t.Parallel()
	b := newOutBed(t, 1)
	caller := b.dial(numbered(1), "Privacy: id")
	rung := b.phones[0].Incoming()
	caller.Hangup()
	rung.Ended()
	c := b.recorded(func(c cases.Case) bool { return !c.CallbackDue.IsZero() })
	if err := b.server.calls.CallBackNow(t.Context(), c.Number, b.Agents[0].User); !errors.Is(err, call.ErrNoNumber) {
		t.Errorf("err = %v", err)
	}
	if m := b.back(0, c).Ended(); m.Status != 484 {
		t.Errorf("%s", m)
	}
}

// metric is the sum of the samples of that name, with this text in their labels.
func (b *bed) metric(name, labels string) (sum float64) {
	b.t.Helper()
	w := httptest.NewRecorder()
	b.server.metrics.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for line := range strings.Lines(w.Body.String()) {
		sample, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if got, set, _ := strings.Cut(sample, "{"); got == name && strings.Contains(set, labels) {
			v, err := strconv.ParseFloat(value, 64)
			if err != nil {
				b.t.Fatal(err)
			}
			sum += v
		}
	}
	return sum
}

// TestCallbackWithoutTheDatabase: the list needs PostgreSQL, a call that is up does
// not.
func TestCallbackWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	carrier := siptest.New(t, "", siptest.Config{User: "carrier", Tone: reachedSays, Patience: patience})
	cfg := testConfig(t)
	o := defaultTrunkOutbound()
	o.Kind, o.Servers, o.Options = "ip", []string{carrier.Addr().String()}, 0
	cfg.Trunks = append(cfg.Trunks, TrunkConfig{Name: "carrier", Country: "CN", Outbound: &o})
	cfg.Outbound.Hours = nil
	db := stoppable(t, cfg.Data)
	b := &outBed{carrier: carrier, bed: startBed(t, cfg, serverOptions{agents: 1, database: db.url, anyPort: true})}
	b.phones = b.agents(1)
	c := b.missed(numbered(1))
	agent := b.back(0, c)
	agent.Answered()
	in := carrier.Incoming()
	db.away()
	in.Answer()
	agent.Hears(reachedSays)
	in.Hears(toneOf(0))
	agent.Hangup()
	in.Ended()
	if m := b.back(0, c).Ended(); m.Status != 503 {
		t.Errorf("without the database: %s", m)
	}
	agent = b.phones[0].Dial(numbered(1)) // he knows the number
	agent.Answered()
	in = carrier.Incoming()
	in.Answer()
	agent.Hears(reachedSays)
	agent.Hangup()
	in.Ended()
	if n := b.metric("shouwen_db_errors_total", `class="connection"`); n == 0 {
		t.Error("the errors are not counted")
	}
	db.back()
	b.wantKinds(c, cases.EventMissed, cases.EventCallbackStarted, cases.EventOutboundDecided, cases.EventCallbackAnswered, cases.EventEnded,
		cases.EventCallbackStarted, cases.EventOutboundDecided, cases.EventCallbackAnswered, cases.EventEnded)
}

// TestWhoIsOwedNothingLeavesTheLine: somebody at another node has spoken with him.
func TestWhoIsOwedNothingLeavesTheLine(t *testing.T) {
	t.Parallel()
	b := newOutBed(t, 1, func(c *Config) { c.Callbacks = CallbacksConfig{Retry: []Duration{Duration(time.Second)}, Attempts: 3} })
	c := b.missed(numbered(1))
	agent := b.back(0, c)
	agent.Answered()
	b.server.board.Pause(b.Agents[0].User, "lunch") // nobody is free for the next attempt
	b.carrier.Incoming().Reject(486)
	agent.Ended()
	until(t, "he stands in line", func() bool { return len(b.server.calls.Live()) == 1 })
	at := time.Now()
	var other []cases.Fact
	for _, f := range []cases.Fact{
		{CallbackStarted: &cases.CallbackStarted{By: "colleague", Number: c.Call.Caller.E164, Hotline: b.Hotline, Attempt: 2}},
		{CallbackAnswered: &cases.CallbackAnswered{Agent: "colleague", Extension: "2001", Attempt: 2}},
		{Ended: &cases.Ended{Cause: cases.EndAgent}},
	} {
		f.ID, f.At, f.Call, f.Case = uuid.Must(uuid.NewV7()).String(), at, "019ab000-0000-7000-8000-000000000001", c.Number
		other = append(other, f)
	}
	if err := b.server.database.store.Apply(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	until(t, "he stands in line no longer", func() bool { return len(b.server.calls.Live()) == 0 })
}

// TestStopWithPlacesInLine: who stands in line without being on the phone holds
// nothing up, and is owed his callback all the same.
func TestStopWithPlacesInLine(t *testing.T) {
	t.Parallel()
	b := newOutBed(t, 1)
	c := b.missed(numbered(1))
	b.server.board.Pause(b.Agents[0].User, "lunch")
	b.server.calls.Stand(cases.Place{Case: c.Number, Caller: c.Call.Caller, Hotline: b.Hotline, Number: c.Call.Caller.E164, Since: time.Now()})
	until(t, "he stands in line", func() bool { return len(b.server.calls.Live()) == 1 })
	stopped := make(chan struct{})
	go func() { defer close(stopped); b.stop() }()
	select {
	case <-stopped:
	case <-time.After(patience):
		t.Fatal("the server does not stop")
	}
	if got := only(t, b.cases()); got.CallbackDue.IsZero() || got.CalledBack.Last != "" {
		t.Errorf("%+v", got)
	}
}
