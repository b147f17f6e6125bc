package metrics

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// driven is a process that has seen a bit of everything.
func driven() *Metrics {
	m := New("1.2.3", "abcdef")
	m.Calls.Finished(Inbound, Answered)
	m.Calls.ReadLive(func() Live { return Live{Inbound: {Talking: 2}} })
	m.Flows.Declare("menu")
	m.Flows.Left("menu", FlowHangup)
	m.Transfers.Declare("hotline")
	m.Transfers.Finished("hotline", Warm, ToAgent, TransferCompleted)
	m.Queue.Declare("hotline", "desk")
	m.Queue.Entered("hotline")
	m.Queue.Waited("hotline", WaitAnswered, 12*time.Second)
	m.Queue.Rang("hotline", 3*time.Second)
	m.Queue.Missed("desk", NoAnswer)
	m.Queue.ReadWaiting(func() map[string]Waiting {
		return map[string]Waiting{"hotline": {Callers: 3, Longest: 9 * time.Second}}
	})
	m.SIP.Request("INVITE", Received)
	m.SIP.Response("INVITE", 200, Sent)
	m.SIP.Response("PUBLISH", 299, Sent)
	m.SIP.Took("BYE", 20*time.Millisecond)
	m.SIP.Retransmitted("INVITE")
	m.SIP.ParseError()
	m.SIP.Dropped("rate")
	m.SIP.ListenerRestarted("udp")
	m.SIP.RegistrationFailed("wrong")
	m.SIP.ReadRegistrations(func() int { return 4 })
	m.RTP.Heard(CallerLeg, Audio{Packets: 100, Lost: 1, Late: 2, Duplicate: 3, Rejected: 4, Forged: 5})
	m.RTP.Ended(CallerLeg, .01, 5*time.Millisecond, 40*time.Millisecond)
	m.RTP.Silent(AgentLeg)
	m.RTP.ReadPorts(func() int { return 5 }, func() int { return 50 })
	m.Journal.Synced(time.Millisecond)
	m.Journal.ReadPending(func() (int, time.Duration) { return 7, 8 * time.Second })
	m.Outbox.Declare("email")
	m.Outbox.Attempted("email", NotificationRetried)
	m.Outbox.Read(func() map[string]OutboxTopic {
		return map[string]OutboxTopic{"email": {Pending: 2, Dead: 1, Oldest: 9 * time.Second}}
	})
	m.Panic("leg")
	return m
}

func TestNamesFollowTheConventions(t *testing.T) {
	problems, err := testutil.GatherAndLint(driven().reg)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestFactsArriveWhereTheyBelong(t *testing.T) {
	res := httptest.NewRecorder()
	driven().Handler().ServeHTTP(res, httptest.NewRequest("GET", "/metrics", nil))
	got := "\n" + res.Body.String()
	for _, want := range []string{
		`shouwen_build_info{goversion=`,
		`shouwen_calls_total{direction="inbound",result="answered"} 1`,
		`shouwen_calls_total{direction="internal",result="busy"} 0`,
		`shouwen_calls_in_progress{direction="inbound",state="talking"} 2`,
		`shouwen_calls_in_progress{direction="outbound",state="ivr"} 0`,
		`shouwen_transfers_total{kind="warm",queue="hotline",result="completed",target="agent"} 1`,
		`shouwen_transfers_total{kind="blind",queue="hotline",result="failed",target="external"} 0`,
		`shouwen_queue_entered_total{queue="hotline"} 1`,
		`shouwen_queue_wait_seconds_bucket{outcome="answered",queue="hotline",le="10"} 0`,
		`shouwen_queue_wait_seconds_bucket{outcome="answered",queue="hotline",le="15"} 1`,
		`shouwen_queue_wait_seconds_count{outcome="abandoned",queue="hotline"} 0`,
		`shouwen_queue_waiting{queue="hotline"} 3`,
		`shouwen_queue_longest_wait_seconds{queue="hotline"} 9`,
		`shouwen_agent_missed_total{department="desk",reason="no_answer"} 1`,
		`shouwen_sip_requests_total{direction="received",method="INVITE"} 1`,
		`shouwen_sip_responses_total{code="200",direction="sent",method="INVITE"} 1`,
		`shouwen_sip_responses_total{code="other",direction="sent",method="other"} 1`,
		`shouwen_sip_registrations{kind="agent"} 4`,
		`shouwen_rtp_packets_lost_total{leg="caller"} 1`,
		`shouwen_rtp_no_media_total{leg="agent"} 1`,
		`shouwen_rtp_ports_limit 50`,
		`shouwen_journal_pending_entries 7`,
		`shouwen_journal_oldest_pending_seconds 8`,
		`shouwen_notifications_total{channel="email",result="ok"} 0`,
		`shouwen_notifications_total{channel="email",result="retried"} 1`,
		`shouwen_state_outbox_pending{topic="email"} 2`,
		`shouwen_state_outbox_oldest_seconds{topic="email"} 9`,
		`shouwen_state_outbox_dead{topic="email"} 1`,
		`shouwen_panics_total{where="leg"} 1`,
	} {
		if !strings.Contains(got, "\n"+want) {
			t.Errorf("missing: %s", want)
		}
	}
}

func TestAHostileMethodMakesNoNewSeries(t *testing.T) {
	m := driven()
	before := testutil.CollectAndCount(m.SIP.responses)
	for _, method := range []string{"X1", "X2", "X3"} {
		m.SIP.Response(method, 299, Sent)
		m.SIP.Request(method, Received)
	}
	if after := testutil.CollectAndCount(m.SIP.responses); after != before {
		t.Errorf("series grew from %d to %d", before, after)
	}
}
