package metrics

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// office is a small installation.
var office = Installation{
	Queues: []string{"hotline"}, Departments: []string{"desk"}, Trunks: []string{"provider"}, Menus: []string{"menu"}, Clocks: []string{"callback"},
	Queries: []string{"apply"}, Decisions: []string{"allowed", other}, Hotlines: map[string]string{"12345": "hotline"},
}

// driven is a process of an installation that has seen a bit of everything.
func driven(in Installation) *Metrics {
	m := New("1.2.3", "abcdef")
	m.Declare(in)
	m.Declare(in) // as when the directory has changed
	m.Calls.Finished(Inbound, Answered)
	m.Calls.ReadLive(func() Live { return Live{Inbound: {Talking: 2}} })
	m.Flows.Left("menu", FlowHangup)
	m.Transfers.Finished("hotline", Warm, ToAgent, TransferCompleted)
	m.Queue.Entered("hotline")
	m.Queue.Waited("hotline", WaitAnswered, 12*time.Second, "0193-call")
	m.Queue.Rang("hotline", 3*time.Second)
	m.Queue.Missed("desk", "1001", NoAnswer)
	m.Queue.Handled("1001", Contact{"hotline", 50 * time.Second, 10 * time.Second, 30 * time.Second})
	m.Queue.ReadWaiting(func() map[string]Waiting {
		return map[string]Waiting{"hotline": {Callers: 3, Longest: 9 * time.Second}}
	})
	m.CallsOut.Decided("allowed")
	m.CallsOut.Attempted(CallbackReached)
	m.CallsOut.Marked(CallbackVoicemail)
	m.CallsOut.Exhausted()
	m.CallsOut.Began("desk", -time.Minute)
	m.SIP.Request("INVITE", Received)
	m.SIP.Response("INVITE", 200, Sent)
	m.SIP.Response("PUBLISH", 299, Sent)
	m.SIP.Took("BYE", 20*time.Millisecond)
	m.SIP.Rang("provider", 2*time.Second)
	m.SIP.Seized("provider", SeizureSubscriber)
	m.SIP.Retransmitted("INVITE")
	m.SIP.ParseError()
	m.SIP.Dropped("rate")
	m.SIP.ListenerRestarted("udp")
	m.SIP.RegistrationFailed("wrong")
	m.SIP.TrunkRegistrationFailed("forbidden")
	m.SIP.ReadRegistrations(func() (int, int) { return 4, 1 })
	m.SIP.ReadTrunks(func() map[string]TrunkFigures {
		return map[string]TrunkFigures{"provider": {Watched: true, Up: true, Channels: 7, Limit: 30}}
	})
	m.RTP.Heard(CallerLeg, Audio{Packets: 100, Lost: 1, Late: 2, Duplicate: 3, Rejected: 4, Forged: 5})
	m.RTP.Ended(CallerLeg, .01, 5*time.Millisecond, 40*time.Millisecond)
	m.RTP.Scored(TrunkLeg, "PCMA", 4.2)
	m.RTP.Unscored("no_rtcp")
	m.RTP.OneWay(AgentLeg)
	m.RTP.Silent(AgentLeg)
	m.RTP.Key("info")
	m.RTP.ReadPorts(func() int { return 5 }, func() int { return 50 })
	m.Prompts.Played(PromptCompleted)
	m.Recordings.Ended(RecordingOK, 1000)
	m.Recordings.ReadFree(func() float64 { return 1e9 })
	m.Deadlines.Fired("callback", 200*time.Millisecond, "0193-case")
	m.Deadlines.Scanned()
	m.Journal.Synced(time.Millisecond)
	m.Journal.ReadPending(func() (int, time.Duration) { return 7, 8 * time.Second })
	m.Database.Asked("apply", 3*time.Millisecond)
	m.Database.Failed("40001", false)
	m.Database.ReadConnections(func() (int, int, int) { return 1, 2, 10 })
	m.Database.ReadSkew(func() (time.Duration, bool) { return -20 * time.Millisecond, true })
	m.Jobs.Ran(LedgerHead, nil)
	m.Jobs.Ran(OpenCases, errors.New("away"))
	m.HTTP.Declare([]Route{{"GET", "/desk", true}, {"POST", "/api/v1/agents/{user}/ready", false}})
	m.HTTP.Served("GET", "/desk", 303, 30*time.Millisecond)
	m.HTTP.Watched("desk", 1)
	m.Outbox.Attempted("email", NotificationRetried)
	m.Agents.Paused("desk")
	m.Panic("leg")
	return m
}

func TestNamesFollowTheConventions(t *testing.T) {
	problems, err := testutil.GatherAndLint(driven(office).reg)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// scrape is the exposition, after an empty line.
func scrape(m *Metrics, accept string) string {
	res, req := httptest.NewRecorder(), httptest.NewRequest("GET", "/metrics", nil)
	req.Header.Set("Accept", accept)
	m.Handler().ServeHTTP(res, req)
	return "\n" + res.Body.String()
}

func TestFactsArriveWhereTheyBelong(t *testing.T) {
	got := scrape(driven(office), "")
	for _, want := range []string{
		`shouwen_build_info{goversion=`,
		`shouwen_calls_total{direction="inbound",result="answered"} 1`,
		`shouwen_calls_total{direction="internal",result="busy"} 0`,
		`shouwen_calls_in_progress{direction="inbound",state="talking"} 2`,
		`shouwen_calls_in_progress{direction="outbound",state="ivr"} 0`,
		`shouwen_ivr_exits_total{menu="menu",result="hangup"} 1`,
		`shouwen_ivr_exits_total{menu="menu",result="timeout"} 0`,
		`shouwen_transfers_total{kind="warm",queue="hotline",result="completed",target="agent"} 1`,
		`shouwen_transfers_total{kind="blind",queue="hotline",result="failed",target="external"} 0`,
		`shouwen_hotline_info{hotline="12345",queue="hotline"} 1`,
		`shouwen_queue_entered_total{queue="hotline"} 1`,
		`shouwen_queue_wait_seconds_bucket{outcome="answered",queue="hotline",le="10"} 0`,
		`shouwen_queue_wait_seconds_bucket{outcome="answered",queue="hotline",le="15"} 1`,
		`shouwen_queue_wait_seconds_count{outcome="abandoned",queue="hotline"} 0`,
		`shouwen_queue_waiting{queue="hotline"} 3`,
		`shouwen_queue_longest_wait_seconds{queue="hotline"} 9`,
		`shouwen_agent_missed_total{department="desk",reason="no_answer"} 1`,
		`shouwen_contact_handle_seconds_bucket{queue="hotline",le="60"} 0`,
		`shouwen_contact_handle_seconds_bucket{queue="hotline",le="120"} 1`,
		`shouwen_contact_handle_seconds_sum{queue="hotline"} 90`,
		`shouwen_contact_stage_seconds_total{part="hold",queue="hotline"} 10`,
		`shouwen_contact_stage_seconds_total{part="talk",queue="hotline"} 50`,
		`shouwen_contact_stage_seconds_total{part="wrapup",queue="hotline"} 30`,
		`shouwen_outbound_decisions_total{reason="allowed"} 1`,
		`shouwen_callback_attempts_total{result="reached"} 1`,
		`shouwen_callback_marks_total{mark="voicemail"} 1`,
		`shouwen_callbacks_exhausted_total 1`,
		`shouwen_callback_delay_seconds_bucket{department="desk",le="0"} 1`,
		`shouwen_callback_delay_seconds_sum{department="desk"} 0`,
		`shouwen_sip_requests_total{direction="received",method="INVITE"} 1`,
		`shouwen_sip_responses_total{code="200",direction="sent",method="INVITE"} 1`,
		`shouwen_sip_responses_total{code="other",direction="sent",method="other"} 1`,
		`shouwen_sip_responses_total{code="503",direction="received",method="REGISTER"} 0`,
		`shouwen_sip_post_dial_delay_seconds_bucket{trunk="provider",le="2"} 1`,
		`shouwen_sip_trunk_seizures_total{result="subscriber",trunk="provider"} 1`,
		`shouwen_sip_trunk_seizures_total{result="answered",trunk="provider"} 0`,
		`shouwen_sip_registrations{kind="agent"} 4`,
		`shouwen_sip_registrations{kind="trunk"} 1`,
		`shouwen_sip_registration_failures_total{kind="agent",reason="wrong"} 1`,
		`shouwen_sip_registration_failures_total{kind="trunk",reason="forbidden"} 1`,
		`shouwen_sip_trunk_up{trunk="provider"} 1`,
		`shouwen_sip_trunk_channels{trunk="provider"} 7`,
		`shouwen_sip_trunk_channels_limit{trunk="provider"} 30`,
		`shouwen_rtp_packets_lost_total{leg="caller"} 1`,
		`shouwen_rtp_packets_duplicate_total{leg="caller"} 3`,
		`shouwen_rtp_mos_bucket{codec="PCMA",leg="trunk",le="4.3"} 1`,
		`shouwen_rtp_unscored_total{reason="no_rtcp"} 1`,
		`shouwen_rtp_no_media_total{leg="agent"} 1`,
		`shouwen_rtp_one_way_total{leg="agent"} 1`,
		`shouwen_rtp_ports_limit 50`,
		`shouwen_dtmf_events_total{method="info"} 1`,
		`shouwen_prompts_played_total{result="completed"} 1`,
		`shouwen_recordings_total{result="ok"} 1`,
		`shouwen_recording_bytes_total 1000`,
		`shouwen_deadline_fire_delay_seconds_bucket{clock="callback",le="0.25"} 1`,
		`shouwen_journal_pending_entries 7`,
		`shouwen_journal_oldest_pending_seconds 8`,
		`shouwen_db_query_duration_seconds_bucket{query="apply",le="0.005"} 1`,
		`shouwen_db_errors_total{class="serialization"} 1`,
		`shouwen_db_pool_connections{state="max"} 10`,
		`shouwen_clock_skew_seconds -0.02`,
		`shouwen_job_runs_total{result="failed",task="open_cases"} 1`,
		`shouwen_job_last_success_timestamp_seconds{task="open_cases"} 0`,
		`shouwen_job_last_success_timestamp_seconds{task="ledger_head"} 1.`,
		`shouwen_http_request_duration_seconds_bucket{code_class="3xx",method="GET",route="/desk",le="0.1"} 1`,
		`shouwen_http_request_duration_seconds_count{code_class="4xx",method="POST",route="/api/v1/agents/{user}/ready"} 0`,
		`shouwen_notifications_total{channel="email",result="ok"} 0`,
		`shouwen_notifications_total{channel="email",result="retried"} 1`,
		`shouwen_panics_total{where="leg"} 1`,
	} {
		if !strings.Contains(got, "\n"+want) {
			t.Errorf("missing: %s", want)
		}
	}
	for _, no := range []string{"shouwen_agent_contacts_total", `code_class="3xx",method="POST"`, "0193-call"} {
		if strings.Contains(got, no) {
			t.Errorf("there is %s", no)
		}
	}
}

// TestWhatArrivesMakesNoSeries: however the world calls things, it is other.
func TestWhatArrivesMakesNoSeries(t *testing.T) {
	m := driven(office)
	before := len(series(t, m))
	for i := range 3 {
		x := fmt.Sprint("X", i)
		m.SIP.Response(x, 290+i, Sent)
		m.SIP.Request(x, Received)
		m.SIP.Retransmitted(x)
		m.SIP.Dropped(x)
		m.RTP.Scored(CallerLeg, x, 4)
		m.Database.Failed(x, false)
		m.HTTP.Served(x, "/desk", 200, 0)
		m.HTTP.Served("GET", "/"+x, 404, 0)
		m.Panic(x)
		m.Outbox.Attempted(x, NotificationOK)
		m.CallsOut.Decided(x)
	}
	if after := len(series(t, m)); after != before {
		t.Errorf("series grew from %d to %d", before, after)
	}
}

// series are all the samples that Prometheus would keep, without their values.
func series(t testing.TB, m *Metrics) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for line := range strings.Lines(scrape(m, "")) {
		if name, _, ok := strings.Cut(line, " "); ok && line[0] != '#' {
			all[name] = true
		}
	}
	return all
}

// TestAgentsOnlyWhereTheyWant: figures of a single agent are there for those the
// installation names, and for nobody else.
func TestAgentsOnlyWhereTheyWant(t *testing.T) {
	in := office
	in.Agents = []string{"1001"}
	m := driven(in)
	m.Queue.Missed("desk", "1002", Declined)
	m.Queue.Handled("1002", Contact{Queue: "hotline"})
	got := scrape(m, "")
	for _, want := range []string{
		`shouwen_agent_contacts_total{agent="1001"} 1`, `shouwen_agent_contact_seconds_total{agent="1001",part="wrapup"} 30`,
		`shouwen_agent_offers_missed_total{agent="1001",reason="no_answer"} 1`, `shouwen_agent_offers_missed_total{agent="1001",reason="declined"} 0`,
	} {
		if !strings.Contains(got, "\n"+want) {
			t.Errorf("missing: %s", want)
		}
	}
	if strings.Contains(got, "1002") || strings.Contains(got, `agent="other"`) {
		t.Error("there are figures of somebody else")
	}
}

// TestExemplars: waits and late stages name a call, to who asks for OpenMetrics.
func TestExemplars(t *testing.T) {
	got := scrape(driven(office), "application/openmetrics-text; version=1.0.0")
	for _, want := range []string{
		`shouwen_queue_wait_seconds_bucket{outcome="answered",queue="hotline",le="15.0"} 1 # {call_id="0193-call"} 12.0`,
		`shouwen_deadline_fire_delay_seconds_bucket{clock="callback",le="0.25"} 1 # {call_id="0193-case"} 0.2`,
	} {
		if !strings.Contains(got, "\n"+want) {
			t.Errorf("missing: %s", want)
		}
	}
}

func TestClassesOfErrors(t *testing.T) {
	for _, tt := range []struct {
		state string
		late  bool
		want  DatabaseError
	}{
		{"", false, ErrConnection}, {"", true, ErrTimeout}, {"08006", false, ErrConnection}, {"57014", false, ErrTimeout},
		{"55P03", false, ErrTimeout}, {"40P01", false, ErrSerialization}, {"23505", false, ErrConstraint}, {"22001", false, ErrData},
		{"53100", false, ErrResources}, {"54000", false, ErrResources}, {"57P01", false, ErrShutdown}, {"42601", false, ErrOther}, {"4", false, ErrOther},
	} {
		if got := classOf(tt.state, tt.late); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.state, got, tt.want)
		}
	}
}

// budget is how many series a process may have in the largest installation planned,
// besides those of the database's truth and of Go.
const budget = 7500

// largest is that installation.
func largest() *Metrics {
	some := func(what string, n int) (all []string) {
		for i := range n {
			all = append(all, fmt.Sprint(what, i))
		}
		return all
	}
	m := driven(Installation{
		Queues: some("queue", 20), Departments: some("department", 60), Trunks: some("trunk", 10), Menus: some("menu", 30),
		Clocks: some("clock", 20), Queries: some("query", 60), Decisions: some("reason", 15),
	})
	var routes []Route
	for i := range 60 {
		routes = append(routes, Route{"GET", fmt.Sprint("/route", i), i < 20})
	}
	m.HTTP.Declare(routes)
	return m
}

func TestSeriesStayWithinTheBudget(t *testing.T) {
	count := map[string]int{}
	n := 0
	for s := range series(t, largest()) {
		name, _, _ := strings.Cut(s, "{")
		if strings.HasPrefix(name, "shouwen_") && !strings.HasPrefix(name, "shouwen_state_") {
			n++
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				name = strings.TrimSuffix(name, suffix)
			}
			count[name]++
		}
	}
	t.Logf("%d series: %v", n, count)
	if n > budget {
		t.Errorf("%d series, the budget is %d: %v", n, budget, count)
	}
}

// BenchmarkScrape is a scrape of the largest installation, as text and as Prometheus asks.
func BenchmarkScrape(b *testing.B) {
	h := largest().Handler()
	for what, ask := range map[string]http.Header{
		"text":       {},
		"prometheus": {"Accept": {"application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"}, "Accept-Encoding": {"gzip"}},
	} {
		b.Run(what, func(b *testing.B) {
			began, n := busy(b), 0
			for ; b.Loop(); n++ {
				r := httptest.NewRequest("GET", "/metrics", nil)
				r.Header = ask
				h.ServeHTTP(httptest.NewRecorder(), r)
			}
			b.ReportMetric((busy(b)-began).Seconds()*1000/float64(n), "ms-cpu")
		})
	}
}

// busy is for how long processors have been busy with this process.
func busy(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
