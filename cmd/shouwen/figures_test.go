package main

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/ivr/call"
	"shouwen/metrics"
	"shouwen/sip/siptest"
)

// proved are the figures that other tests drive by real events, and where.
var proved = map[string]string{
	"shouwen_console_streams":             "TestFromRingToClosedInABrowser cmd/shouwen/desk_test.go",
	"shouwen_rtp_mos":                     "TestQuality cmd/shouwen/quality_test.go",
	"shouwen_rtp_round_trip_seconds":      "TestQuality cmd/shouwen/quality_test.go",
	"shouwen_rtp_unscored_total":          "TestDumbPhoneIsCounted cmd/shouwen/quality_test.go",
	"shouwen_rtp_no_media_total":          "TestDumbPhoneIsCounted cmd/shouwen/quality_test.go",
	"shouwen_rtp_one_way_total":           "TestDumbPhoneIsCounted cmd/shouwen/quality_test.go",
	"shouwen_rtp_packets_lost_total":      "TestAudioIsCountedAsItGoes sip/audio_count_test.go",
	"shouwen_rtp_packets_late_total":      "TestAudioIsCountedAsItGoes sip/audio_count_test.go",
	"shouwen_rtp_packets_duplicate_total": "TestAudioIsCountedAsItGoes sip/audio_count_test.go",
	"shouwen_rtp_packets_rejected_total":  "TestAudioIsCountedAsItGoes sip/audio_count_test.go",
	"shouwen_rtp_packets_forged_total":    "TestBridgedKinds sip/srtp_test.go",
	"shouwen_sip_listener_restarts_total": "TestClosedListenersServeAgain sip/udp_test.go",
	"shouwen_panics_total":                "TestPanicOverAnEventOfACaller sip/panic_test.go",
	"shouwen_callbacks_exhausted_total":   "TestTriedAgain cmd/shouwen/callback_test.go",
	"shouwen_agents_paused_total":         "TestPhoneNobodyAnswers cmd/shouwen/duty_test.go",
	"shouwen_db_errors_total":             "TestCallbackWithoutTheDatabase cmd/shouwen/callback_test.go",
	"shouwen_agent_contacts_total":        "TestMetricsAndAPI cmd/shouwen/http_test.go",
	"shouwen_agent_contact_seconds_total": "TestMetricsAndAPI cmd/shouwen/http_test.go",
	"shouwen_agent_offers_missed_total":   "TestMetricsAndAPI cmd/shouwen/http_test.go",
}

// figures are what a server measures, and what of it a test has looked at.
type figures struct {
	*bed
	seen map[string]bool // families
}

// samples are those of a scrape by name and labels.
type samples map[string]float64

func (f *figures) scrape() samples {
	f.t.Helper()
	all := samples{}
	for line := range strings.Lines(f.exposition("")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.HasPrefix(name, "shouwen_") {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			f.t.Fatal(line)
		}
		all[name] = v
	}
	return all
}

// exposition is a scrape as Prometheus sees it who accepts that.
func (f *figures) exposition(accept string) string {
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", accept)
	f.server.metrics.Handler().ServeHTTP(w, r)
	return w.Body.String()
}

func (f *figures) note(sample string) {
	name, _, _ := strings.Cut(sample, "{")
	f.seen[name] = true
	for _, part := range []string{"_bucket", "_sum", "_count"} {
		f.seen[strings.TrimSuffix(name, part)] = true
	}
}

// is waits until samples have these values.
func (f *figures) is(want samples) {
	f.t.Helper()
	f.became(samples{}, want)
}

// became waits until samples have grown by so much, NaN for any growth.
func (f *figures) became(before, want samples) {
	f.t.Helper()
	wrong := ""
	defer func() {
		if f.t.Failed() {
			f.t.Log(wrong)
		}
	}()
	until(f.t, "the figures have grown", func() bool {
		now := f.scrape()
		wrong = ""
		for name, v := range want {
			f.note(name)
			got, there := now[name]
			if got -= before[name]; !there || got != v && !(math.IsNaN(v) && got > 0) {
				wrong += fmt.Sprintf("%s grew by %v, want %v (there: %t)\n", name, got, v, there)
			}
		}
		return wrong == ""
	})
}

var some = math.NaN()

// grows does something, and wants samples to have grown by so much then.
func (f *figures) grows(do func(), want samples) {
	f.t.Helper()
	before := f.scrape()
	do()
	f.became(before, want)
}

// TestFigures: real events move the figures they are to move, by as much as there were
// events. Every figure there is, is driven here, or by a test that is named.
func TestFigures(t *testing.T) {
	t.Parallel()
	carrier := siptest.New(t, "", siptest.Config{User: "carrier", Tone: reachedSays, Patience: patience})
	refuser := siptest.New(t, "", siptest.Config{User: "refuser", Manual: true, Patience: patience})
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(receiver.Close)
	f := &figures{newBed(t, 3, func(c *Config) { busyOffice(t, c, carrier, refuser, receiver.URL) }), map[string]bool{}}
	began := f.series()

	phones := make([]siptest.TestPhone, 2)
	f.grows(func() {
		for i := range phones {
			phones[i] = f.agent(i, siptest.Config{})
		}
	}, samples{
		`shouwen_sip_requests_total{direction="received",method="REGISTER"}`:                               4,
		`shouwen_sip_responses_total{code="401",direction="sent",method="REGISTER"}`:                       2,
		`shouwen_sip_responses_total{code="200",direction="sent",method="REGISTER"}`:                       2,
		`shouwen_sip_registration_failures_total{kind="agent",reason="wrong"}`:                             0,
		`shouwen_sip_registrations{kind="agent"}`:                                                          2,
		`shouwen_sip_dropped_total{reason="not_sip"}`:                                                      0,
		`shouwen_http_request_duration_seconds_count{code_class="2xx",method="GET",route="/api/v1/calls"}`: 0,
	})
	f.trunks(refuser)
	f.strangers()
	f.callOfALifetime(phones)
	f.abandoned(phones)
	f.transferred(phones, carrier)
	f.unserved()
	f.calledBack(phones, carrier)
	f.others(phones)
	f.process()

	f.sameSeries(began)
	f.private(phones)
	f.judged()
	f.complete()
}

// busyOffice is a configuration in which about everything can happen.
func busyOffice(t *testing.T, c *Config, carrier, refuser siptest.TestPhone, hook string) {
	t.Helper()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	book := examplePhonebook(3)
	book.Departments = append(book.Departments, cases.Department{Name: "office"})
	book.People[2].Department = "office" // whose phone is away
	if err := book.save(c.Data); err != nil {
		t.Fatal(err)
	}
	c.HTTP = HTTPConfig{Console: "127.0.0.1:0", Metrics: "127.0.0.1:0"}
	line := func(number, queue string, change func(*QueueConfig, *HotlineConfig)) {
		q, h := c.Queues[0], c.Hotlines[0]
		q.Name, q.Members, h.Number, h.Queue = queue, []string{"1003"}, number, queue
		change(&q, &h)
		c.Queues, c.Hotlines = append(c.Queues, q), append(c.Hotlines, h)
	}
	announcing(c)
	line("12346", "line", func(*QueueConfig, *HotlineConfig) {})
	line("12347", "nobody", func(q *QueueConfig, h *HotlineConfig) {
		q.WhenNobody, q.Voicemail = call.LeaveMessage, VoicemailConfig{Longest: Duration(8 * time.Second), Silence: Duration(2 * time.Second)}
		h.CallbackWithin = Duration(time.Second)
	})
	line("12348", "menus", func(_ *QueueConfig, h *HotlineConfig) {
		h.Flow = writeFlow(t, c, "menu", `
start: menu
nodes:
  menu: {menu: {play: [our_menu], tries: 2, timeout: 2s, keys: {4: bye}, else: agents}}
  agents: {queue: {name: menus}}
  bye: {hangup: {play: [our_ask]}}
`)
	})
	hotline := &c.Queues[0]
	hotline.Announce, hotline.CallbackOfferAfter = AnnounceConfig{}, 0
	hotline.Members, hotline.WrapUp = []string{"1001", "1002"}, Duration(time.Second)
	hotline.Recording.Mode, hotline.Recording.Announce = cases.RecordAlways, ""
	c.Trunks[0].DTMF = "inband"
	for name, phone := range map[string]siptest.TestPhone{"carrier": carrier, "refuser": refuser} {
		o := defaultTrunkOutbound()
		o.Kind, o.Servers, o.Domain, o.User, o.PasswordFile = "register", []string{phone.Addr().String()}, name+".example", "office", secret
		if name == "refuser" {
			o.Options = 0
		}
		c.Trunks = append(c.Trunks, TrunkConfig{Name: name, Country: "CN", AreaCode: "10", Channels: 30, Outbound: &o})
	}
	c.Outbound.Hours = nil // tests run at night, too
	c.Notify.Webhooks = []WebhookConfig{{Name: "crm", URL: hook, SecretFile: secret, Timeout: Duration(5 * time.Second)}}
}

// trunks: one takes us, the other does not, and has to be asked twice for that.
func (f *figures) trunks(refuser siptest.TestPhone) {
	f.t.Helper()
	f.grows(func() {
		asked := refuser.Expect("REGISTER")
		until(f.t, "it is asked again", func() bool { return refuser.Phone.CountAll("REGISTER") > 1 })
		refuser.Reply(asked, 403, "")
	}, samples{
		`shouwen_sip_registration_failures_total{kind="trunk",reason="forbidden"}`:       1,
		`shouwen_sip_responses_total{code="403",direction="received",method="REGISTER"}`: 1,
		`shouwen_sip_request_duration_seconds_count{method="REGISTER"}`:                  some,
		`shouwen_sip_retransmissions_total{method="REGISTER"}`:                           some,
	})
	f.is(samples{
		`shouwen_sip_registrations{kind="trunk"}`: 1, `shouwen_sip_trunk_up{trunk="carrier"}`: 1, `shouwen_sip_trunk_up{trunk="refuser"}`: 0,
		`shouwen_sip_trunk_channels_limit{trunk="carrier"}`: 30, `shouwen_sip_trunk_channels{trunk="loopback"}`: 0,
	})
}

// strangers: somebody does not know the password, others do not speak SIP.
func (f *figures) strangers() {
	f.t.Helper()
	f.grows(func() {
		a := f.Agents[0]
		p := siptest.New(f.t, f.SIP.UDP, siptest.Config{User: a.User, Password: "wrong", Domain: f.SIP.Domain, Patience: patience})
		if m, err := p.Phone.Register(f.t.Context()); m == nil || m.Status != 403 {
			f.t.Errorf("%v, %v", m, err)
		}
		p.SendRaw("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not a word of SIP")
		p.SendRaw("OPTIONS sip:12345@127.0.0.1 SIP/2.0\r\nVia: nonsense\r\n\r\n")
	}, samples{
		`shouwen_sip_registration_failures_total{kind="agent",reason="wrong"}`: 1,
		`shouwen_sip_dropped_total{reason="not_sip"}`:                          1,
		`shouwen_sip_parse_errors_total`:                                       1,
	})
}

// callOfALifetime is answered, held, keyed into in every way, recorded, and wrapped up.
func (f *figures) callOfALifetime(phones []siptest.TestPhone) {
	f.t.Helper()
	before := f.scrape()
	p := &passed{bed: f.bed, phones: phones, caller: f.dial(numbered(1))}
	rings := incoming(phones)
	f.is(samples{
		`shouwen_queue_waiting{queue="hotline"}`:                         1,
		`shouwen_calls_in_progress{direction="inbound",state="ringing"}`: 1,
	})
	f.became(samples{}, samples{`shouwen_queue_longest_wait_seconds{queue="hotline"}`: some})
	rings[0].Answer()
	rings[1].Ended()
	p.agent = rings[0]
	p.talk(p.agent, 0)
	f.is(samples{
		`shouwen_calls_in_progress{direction="inbound",state="talking"}`: 1, `shouwen_sip_trunk_channels{trunk="loopback"}`: 1,
		`shouwen_rtp_ports_in_use`: f.scrape()["shouwen_rtp_ports_in_use"], `shouwen_queue_longest_wait_seconds{queue="hotline"}`: 0,
	})
	if n := f.scrape()["shouwen_rtp_ports_in_use"]; n < 2 {
		f.t.Errorf("%v ports in use", n)
	}
	p.caller.Press("5")
	p.caller.Do("INFO", "Signal=6\r\n", "Content-Type: application/dtmf-relay")
	if err := p.caller.PressTones(f.t.Context(), "7"); err != nil {
		f.t.Fatal(err)
	}
	p.onHold()
	f.is(samples{`shouwen_calls_in_progress{direction="inbound",state="held"}`: 1})
	p.resume()
	p.caller.Hangup()
	p.agent.Ended()
	f.became(before, samples{
		`shouwen_calls_total{direction="inbound",result="answered"}`:                     1,
		`shouwen_queue_entered_total{queue="hotline"}`:                                   1,
		`shouwen_queue_wait_seconds_count{outcome="answered",queue="hotline"}`:           1,
		`shouwen_queue_wait_seconds_bucket{outcome="answered",queue="hotline",le="120"}`: 1,
		`shouwen_agent_ring_seconds_count{queue="hotline"}`:                              1,
		`shouwen_agent_missed_total{department="hotline",reason="no_answer"}`:            0, // who was not the first is not to blame
		`shouwen_contact_handle_seconds_count{queue="hotline"}`:                          1,
		`shouwen_recordings_total{result="ok"}`:                                          1,
		`shouwen_recording_bytes_total`:                                                  some,
		`shouwen_dtmf_events_total{method="rfc4733"}`:                                    1,
		`shouwen_dtmf_events_total{method="info"}`:                                       1,
		`shouwen_dtmf_events_total{method="inband"}`:                                     1,
		`shouwen_rtp_packets_total{leg="caller"}`:                                        some,
		`shouwen_rtp_packets_total{leg="agent"}`:                                         some,
		`shouwen_rtp_jitter_seconds_count{leg="caller"}`:                                 1,
		`shouwen_rtp_loss_ratio_count{leg="agent"}`:                                      1,
		`shouwen_sip_requests_total{direction="sent",method="INVITE"}`:                   2,
		`shouwen_sip_requests_total{direction="received",method="INVITE"}`:               3, // the hold, too
		`shouwen_sip_requests_total{direction="sent",method="CANCEL"}`:                   1,
		`shouwen_sip_responses_total{code="487",direction="received",method="INVITE"}`:   1,
		`shouwen_sip_responses_total{code="200",direction="sent",method="BYE"}`:          1,
		`shouwen_sip_responses_total{code="200",direction="received",method="BYE"}`:      1,
		`shouwen_sip_request_duration_seconds_count{method="BYE"}`:                       1,
	})
	now, parts := f.scrape(), map[string]float64{}
	for _, part := range []string{"talk", "hold", "wrapup"} {
		name := fmt.Sprintf(`shouwen_contact_stage_seconds_total{part=%q,queue="hotline"}`, part)
		f.note(name)
		parts[part] = now[name]
	}
	sum := now[`shouwen_contact_handle_seconds_sum{queue="hotline"}`]
	if parts["talk"] < .5 || parts["hold"] < .02 || parts["wrapup"] < .9 || parts["wrapup"] > 30 ||
		math.Abs(sum-parts["talk"]-parts["hold"]-parts["wrapup"]) > 1e-6 {
		f.t.Errorf("contact of %v s: %v", sum, parts)
	}
}

// abandoned: an agent declines, then the caller gives up.
func (f *figures) abandoned(phones []siptest.TestPhone) {
	f.t.Helper()
	f.grows(func() {
		c := f.dial(numbered(2))
		rings := incoming(phones)
		rings[0].Reject(603)
		f.is(samples{`shouwen_agent_missed_total{department="hotline",reason="declined"}`: 1})
		c.Hangup()
		rings[1].Ended()
	}, samples{
		`shouwen_calls_total{direction="inbound",result="abandoned"}`:                     1,
		`shouwen_queue_wait_seconds_count{outcome="abandoned",queue="hotline"}`:           1,
		`shouwen_queue_wait_seconds_bucket{outcome="abandoned",queue="hotline",le="120"}`: 1,
		`shouwen_agent_missed_total{department="hotline",reason="no_answer"}`:             0,
	})
	for _, a := range f.Agents[:2] {
		f.server.board.Ready(a.User)
	}
}

// transferred: a colleague is asked and not wanted after all, then somebody outside
// takes the caller.
func (f *figures) transferred(phones []siptest.TestPhone, carrier siptest.TestPhone) {
	f.t.Helper()
	f.grows(func() {
		p := &passed{bed: f.bed, phones: phones, caller: f.dial(numbered(1))}
		p.pickUp()
		id, me, calls := f.server.calls.Live()[0].ID, f.Agents[0].User, f.server.calls
		pass := func(to string, kind cases.TransferKind) {
			f.t.Helper()
			if err := calls.Transfer(id, me, call.Target{Extension: to}, kind); err != nil {
				f.t.Fatal(err)
			}
		}
		pass(p.ext(1), cases.TransferWarm)
		target := phones[1].Incoming()
		if err := calls.Cancel(id, me); err != nil {
			f.t.Fatal(err)
		}
		target.Ended()
		p.back()
		pass(strings.TrimPrefix(numbered(9), "+86"), cases.TransferBlind)
		there := carrier.Incoming()
		there.Answer()
		p.caller.Hears(reachedSays)
		f.is(samples{`shouwen_sip_trunk_channels{trunk="carrier"}`: 1})
		p.caller.Hangup()
		there.Ended()
	}, samples{
		`shouwen_transfers_total{kind="blind",queue="hotline",result="completed",target="external"}`: 1,
		`shouwen_transfers_total{kind="warm",queue="hotline",result="returned",target="agent"}`:      1,
		`shouwen_transfers_total{kind="warm",queue="hotline",result="completed",target="agent"}`:     0,
		`shouwen_outbound_decisions_total{reason="allowed"}`:                                         1,
		`shouwen_sip_post_dial_delay_seconds_count{trunk="carrier"}`:                                 1,
		`shouwen_sip_trunk_seizures_total{result="answered",trunk="carrier"}`:                        1, // who picks up here is no trunk's
		`shouwen_rtp_packets_total{leg="trunk"}`:                                                     some,
		`shouwen_calls_total{direction="inbound",result="answered"}`:                                 1,
		`shouwen_contact_handle_seconds_count{queue="hotline"}`:                                      1,
	})
}

// unserved are callers of lines on which nobody is there: they leave a menu in each
// way, take a callback, or leave a message; what one was promised is late, and told.
func (f *figures) unserved() {
	f.t.Helper()
	dial := func(i int, line string) siptest.TestCall {
		c := f.caller(numbered(i)).Dial(line)
		c.Answered()
		return c
	}
	waits := func(c siptest.TestCall) {
		c.HearsNext(allBusySays)
		c.Hangup()
	}
	callers := []func(){
		func() { // is served by the menu
			c := dial(3, "12348")
			c.HearsNext(menuSays)
			c.Press("4")
			c.HearsNext(askSays)
			c.Ended()
		},
		func() { // hangs up in it
			c := dial(4, "12348")
			c.HearsNext(menuSays)
			c.Hangup()
		},
		func() { // presses what means nothing
			c := dial(5, "12348")
			c.HearsNext(menuSays)
			c.Press("77")
			waits(c)
		},
		func() { waits(dial(6, "12348")) }, // presses nothing
		func() { // would rather be called back
			c := dial(7, "12346")
			c.HearsNext(callbackOfferSays)
			c.Press("1")
			c.HearsNext(callbackNumberSays)
			c.Press("1")
			c.HearsNext(callbackKeptSays)
			c.Hangup()
		},
		func() { // cannot wait, and then has to
			c := dial(9, "12346")
			c.HearsNext(allBusySays)
			c.Press("9")
			until(f.t, "out of the queue and in again", func() bool {
				return f.scrape()[`shouwen_queue_wait_seconds_count{outcome="overflow",queue="line"}`] == 1
			})
			c.Hears(musicSays)
			c.Hangup()
		},
		func() { // leaves a message
			c := dial(8, "12347")
			c.HearsNext(leaveMessageSays)
			c.HearsNext(1000)
			c.Silent(1000, 1500*time.Millisecond)
			c.Press("#")
			c.HearsNext(messageKeptSays)
			c.Hangup()
		},
	}
	exit := func(result string) string {
		return fmt.Sprintf(`shouwen_ivr_exits_total{menu="menu",result=%q}`, result)
	}
	f.grows(func() { together(len(callers), func(i int) { callers[i]() }) }, samples{
		exit("self_served"): 1, exit("hangup"): 1, exit("invalid"): 1, exit("timeout"): 1, exit("agent"): 0, exit("message"): 0, exit("failed"): 0,
		`shouwen_calls_total{direction="inbound",result="self_served"}`:       1,
		`shouwen_calls_total{direction="inbound",result="abandoned"}`:         4,
		`shouwen_calls_total{direction="inbound",result="callback_taken"}`:    1,
		`shouwen_calls_total{direction="inbound",result="voicemail"}`:         1,
		`shouwen_queue_entered_total{queue="menus"}`:                          2,
		`shouwen_queue_wait_seconds_count{outcome="abandoned",queue="menus"}`: 2,
		`shouwen_queue_wait_seconds_count{outcome="callback",queue="line"}`:   1,
		`shouwen_queue_wait_seconds_count{outcome="overflow",queue="line"}`:   1,
		`shouwen_queue_wait_seconds_count{outcome="abandoned",queue="line"}`:  1,
		`shouwen_queue_entered_total{queue="line"}`:                           3,
		`shouwen_prompts_played_total{result="completed"}`:                    some,
		`shouwen_prompts_played_total{result="interrupted"}`:                  some,
		`shouwen_prompts_played_total{result="failed"}`:                       0,
		`shouwen_deadline_fire_delay_seconds_count{clock="callback"}`:         1,
		`shouwen_notifications_total{channel="webhook",result="ok"}`:          some,
		`shouwen_notifications_total{channel="webhook",result="failed"}`:      0,
	})
}

// calledBack: who gave up is called back, in vain at first; then a machine answers.
func (f *figures) calledBack(phones []siptest.TestPhone, carrier siptest.TestPhone) {
	f.t.Helper()
	b := &outBed{bed: f.bed, carrier: carrier, phones: phones}
	c := b.recorded(func(c cases.Case) bool { return string(c.Call.Caller.E164) == numbered(2) })
	f.grows(func() {
		agent := b.back(0, c)
		carrier.Incoming().Reject(486)
		agent.Ended()
	}, samples{
		`shouwen_callback_attempts_total{result="busy"}`:                        1,
		`shouwen_sip_trunk_seizures_total{result="subscriber",trunk="carrier"}`: 1,
		`shouwen_calls_total{direction="outbound",result="busy"}`:               1,
		`shouwen_callback_delay_seconds_bucket{department="hotline",le="0"}`:    1, // before its time
		`shouwen_callback_delay_seconds_count{department="hotline"}`:            1,
	})
	b.recorded(func(c cases.Case) bool { return c.CalledBack.Attempts == 1 })
	f.grows(func() {
		agent := b.back(0, c)
		in := carrier.Incoming()
		in.Answer()
		agent.Hears(reachedSays)
		f.is(samples{`shouwen_calls_in_progress{direction="outbound",state="talking"}`: 1})
		lastKeys(agent, "*82")
		in.Ended()
	}, samples{
		`shouwen_callback_attempts_total{result="reached"}`:           1,
		`shouwen_callback_marks_total{mark="voicemail"}`:              1,
		`shouwen_calls_total{direction="outbound",result="answered"}`: 1,
		`shouwen_callback_delay_seconds_count{department="hotline"}`:  0, // its first attempt was
	})
}

// others: a call between extensions, and requests to the console.
func (f *figures) others(phones []siptest.TestPhone) {
	f.t.Helper()
	f.grows(func() {
		c := phones[0].Dial(f.Agents[1].Ext)
		phones[1].Incoming().Reject(486)
		c.Ended()
	}, samples{`shouwen_calls_total{direction="internal",result="busy"}`: 1})
	served := func(class, method, route string) string {
		return fmt.Sprintf(`shouwen_http_request_duration_seconds_count{code_class=%q,method=%q,route=%q}`, class, method, route)
	}
	t, ok := f.t.(*testing.T)
	if !ok {
		return
	}
	f.grows(func() {
		status(t, f.API.Base+"/calls", f.API.Token)
		status(t, f.API.Base+"/calls", "sw_wrong")
		status(t, f.API.Base+"/cases/261124-1-9999", f.API.Token)
		status(t, f.API.Base+"/nothing", f.API.Token)
		status(t, f.Console+"desk", "")
	}, samples{
		served("2xx", "GET", "/api/v1/calls"): 1, served("4xx", "GET", "/api/v1/calls"): 1,
		served("4xx", "GET", "/api/v1/cases/{number}"): 1, served("4xx", "other", "other"): 1, served("3xx", "GET", "/desk"): 1,
	})
}

// process: what goes on by itself.
func (f *figures) process() {
	f.t.Helper()
	f.became(samples{}, samples{
		`shouwen_journal_sync_seconds_count`: some, `shouwen_db_query_duration_seconds_count{query="apply"}`: some,
		`shouwen_db_query_duration_seconds_count{query="fire_stages"}`: some, `shouwen_db_query_duration_seconds_count{query="snapshotter_run"}`: some, `shouwen_db_pool_connections{state="max"}`: some,
		`shouwen_job_runs_total{result="ok",task="ledger_head"}`: some, `shouwen_job_runs_total{result="ok",task="recording_retention"}`: some,
		`shouwen_job_runs_total{result="ok",task="open_cases"}`: some, `shouwen_rtp_ports_limit`: some, `shouwen_recording_free_bytes`: some,
	})
	f.is(samples{
		`shouwen_journal_pending_entries`: 0, `shouwen_journal_oldest_pending_seconds`: 0, `shouwen_queue_waiting{queue="hotline"}`: 0,
		`shouwen_job_runs_total{result="failed",task="open_cases"}`: 0, `shouwen_snapshot_holder`: 1, `shouwen_sip_trunk_channels{trunk="loopback"}`: 0,
	})
	now := f.scrape()
	clock := float64(time.Now().Unix())
	for name, between := range map[string][2]float64{
		`shouwen_deadline_scan_timestamp_seconds`:                       {clock - 10, clock + 10},
		`shouwen_job_last_success_timestamp_seconds{task="open_cases"}`: {clock - 120, clock + 10},
		`shouwen_clock_skew_seconds`:                                    {-1, 1},
	} {
		f.note(name)
		if v, ok := now[name]; !ok || v < between[0] || v > between[1] {
			f.t.Errorf("%s is %v, want one of %v", name, v, between)
		}
	}
	f.is(samples{`shouwen_hotline_info{hotline="12346",queue="line"}`: 1})
	f.note("shouwen_build_info")
	if i := slices.IndexFunc(slices.Collect(maps.Keys(now)), func(s string) bool { return strings.HasPrefix(s, "shouwen_build_info{goversion=\"go") }); i < 0 {
		f.t.Error("no build info")
	}
}

// series are those of counters and histograms.
func (f *figures) series() []string {
	f.t.Helper()
	types := map[string]string{}
	for line := range strings.Lines(f.exposition("")) {
		if fields := strings.Fields(line); len(fields) == 4 && fields[1] == "TYPE" {
			types[fields[2]] = fields[3]
		}
	}
	var all []string
	for s := range f.scrape() {
		name, _, _ := strings.Cut(s, "{")
		for _, part := range []string{"_bucket", "_sum", "_count"} {
			if types[name] == "" {
				name = strings.TrimSuffix(name, part)
			}
		}
		if types[name] != "gauge" {
			all = append(all, s)
		}
	}
	slices.Sort(all)
	return all
}

// sameSeries: what can occur was there from the start, with 0.
func (f *figures) sameSeries(began []string) {
	f.t.Helper()
	for _, s := range f.series() {
		if _, there := slices.BinarySearch(began, s); !there {
			f.t.Errorf("%s was not there from the start", s)
		}
	}
}

var labelled = regexp.MustCompile(`\{[^}]*\}`)

// private: no label tells a number, a person or a case.
func (f *figures) private(phones []siptest.TestPhone) {
	f.t.Helper()
	secrets := []string{"carrier.example"}
	for i := range 10 {
		secrets = append(secrets, strings.TrimPrefix(numbered(i), "+86"))
	}
	for _, a := range f.Agents {
		secrets = append(secrets, `"`+a.User+`"`, `"`+a.Ext+`"`)
	}
	for _, c := range recordedCases(f.t, f.server.database.store) {
		secrets = append(secrets, string(c.Number))
	}
	for _, accept := range []string{"", "application/openmetrics-text; version=1.0.0"} {
		for _, labels := range labelled.FindAllString(f.exposition(accept), -1) {
			for _, s := range secrets {
				if strings.Contains(labels, s) {
					f.t.Errorf("%s tells %s", labels, s)
				}
			}
		}
	}
	text := f.exposition("application/openmetrics-text; version=1.0.0")
	for _, family := range []string{"shouwen_queue_wait_seconds_bucket", "shouwen_deadline_fire_delay_seconds_bucket"} {
		if !regexp.MustCompile(family + `\{.*# \{call_id="[0-9a-f]{8}-[0-9a-f-]{27}"\}`).MatchString(text) {
			f.t.Errorf("no exemplar of %s", family)
		}
	}
}

// judged: names, types and texts are as Prometheus wants them.
func (f *figures) judged() {
	f.t.Helper()
	if t, ok := f.t.(*testing.T); ok {
		f.promtool(t)
	}
}

// complete: every figure was looked at, or a test is named that does.
func (f *figures) complete() {
	f.t.Helper()
	for line := range strings.Lines(f.exposition("")) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[1] != "TYPE" || !strings.HasPrefix(fields[2], "shouwen_") || strings.HasPrefix(fields[2], "shouwen_state_") {
			continue
		}
		if _, elsewhere := proved[fields[2]]; elsewhere == f.seen[fields[2]] {
			f.t.Errorf("%s: looked at here %t, elsewhere %t", fields[2], f.seen[fields[2]], elsewhere)
		}
	}
	for family, where := range proved {
		test, file, _ := strings.Cut(where, " ")
		b, err := os.ReadFile(filepath.Join("..", "..", file))
		if err != nil || !strings.Contains(string(b), "func "+test+"(") || !strings.Contains(string(b), family) {
			f.t.Errorf("%s is not driven by %s: %v", family, where, err)
		}
	}
}

// TestExemplarsReachPrometheus: who asks Prometheus for them gets the call behind a
// wait, as README says; and finds the bounds however they are written.
func TestExemplarsReachPrometheus(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("prometheus"); err != nil {
		t.Skip("needs prometheus (Debian: apt install prometheus)")
	}
	b := newBed(t, 1, func(c *Config) { c.HTTP.Metrics = "127.0.0.1:0" })
	caller, agent := b.talk(b.agents(1), 0)
	id := b.server.calls.Live()[0].ID
	caller.Hangup()
	agent.Ended()
	prometheus := scrape(t, fmt.Sprint("127.0.0.1:", freePort(t)), b.MetricsURL, "--enable-feature=exemplar-storage")
	now := time.Now().Unix()
	question := prometheus + "/api/v1/query_exemplars?" + url.Values{
		"query": {"shouwen_queue_wait_seconds_bucket"}, "start": {fmt.Sprint(now - 3600)}, "end": {fmt.Sprint(now + 3600)},
	}.Encode()
	until(t, "the call is known", func() bool {
		_, body := fetch(t, question, "")
		return strings.Contains(body, `"call_id":"`+id+`"`)
	})
	if n := asked(t, prometheus, `sum(shouwen_queue_wait_seconds_bucket{outcome="answered",le=~"120(\\.0)?"})`); n != 1 {
		t.Errorf("%d waits of up to two minutes, want 1", n)
	}
}

// TestReasonsHaveTheirFigures: what the code calls its reasons is in the table of
// labels, and not lost among others.
func TestReasonsHaveTheirFigures(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	metrics.New("", "").Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, tt := range []struct{ named, sample string }{
		{`(?:recovered|safely|panics\.start|panics\.guard)\("(\w+)"`, `shouwen_panics_total{where=%q}`},
		{`(?:\.drop|\.Dropped)\("(\w+)"`, `shouwen_sip_dropped_total{reason=%q}`},
		{`\.RegistrationFailed\("(\w+)"`, `shouwen_sip_registration_failures_total{kind="agent",reason=%q}`},
		{`reg[A-Z]\w+ +regOutcome += "(\w+)"`, `shouwen_sip_registration_failures_total{kind="agent",reason=%q}`},
		{`refusal\{code: (\d+)`, `shouwen_sip_responses_total{code=%q,direction="sent",method="INVITE"}`},
		{`u\.refuse\(tx, req, (\d+)`, `shouwen_sip_responses_total{code=%q,direction="sent",method="OPTIONS"}`},
	} {
		named := regexp.MustCompile(tt.named)
		found := 0
		for _, f := range sources(t) {
			if f.test || f.pkg() == "metrics" {
				continue
			}
			b, err := os.ReadFile(filepath.Join("..", "..", f.name))
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range named.FindAllStringSubmatch(string(b), -1) {
				if found++; m[1] != "stored" && !strings.Contains(w.Body.String(), fmt.Sprintf(tt.sample, m[1])) {
					t.Errorf("%s: %s is not in the table of labels (metrics/labels.go)", f.name, m[1])
				}
			}
		}
		if found == 0 {
			t.Errorf("nothing is called like %s any more", named)
		}
	}
}
