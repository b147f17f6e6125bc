package main

import (
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/sip/media"
	"shouwen/sip/siptest"
)

// TestQuality: what RTP and RTCP tell of each side is shown while the call lasts,
// put on record at its end, and measured: with RTCP at its own port, and with RTP. The
// caller is far away, and some of what he says gets lost.
func TestQuality(t *testing.T) {
	t.Parallel()
	const away, lost = time.Second * 7 / 8, 25
	b := newBed(t, 1, func(c *Config) { c.HTTP.Console = "127.0.0.1:0" })
	began := time.Now()
	phone := b.agent(0, siptest.Config{RTCP: siptest.OwnRTCP, Codecs: []uint8{0}})
	caller := siptest.New(t, b.SIP.UDP, siptest.Config{
		User: numbered(1), Tone: callerSays, Patience: patience, RTCP: siptest.MuxedRTCP, Away: away, Codecs: []uint8{8},
	}).Dial(b.Hotline)
	agent := phone.Incoming()
	agent.Answer()
	agent.Hears(callerSays)
	caller.Lose(lost)
	id := b.server.calls.Live()[0].ID
	var live struct {
		Legs []struct {
			Side      string  `json:"side"`
			Packets   int     `json:"packets"`
			Lost      int     `json:"lost"`
			RoundTrip float64 `json:"round_trip_seconds"`
			MOS       float64 `json:"mos"`
		} `json:"legs"`
	}
	until(t, "both are scored, and the loss is noticed", func() bool {
		code, body := fetch(t, b.API.Base+"/calls/"+id+"/quality", b.API.Token)
		if err := json.Unmarshal([]byte(body), &live); code != 200 || err != nil {
			t.Fatalf("%d %s: %v", code, body, err)
		}
		return len(live.Legs) == 2 && live.Legs[0].Lost == lost && live.Legs[0].MOS > 0 && live.Legs[1].MOS > 0 && live.Legs[0].RoundTrip > 0 && live.Legs[1].RoundTrip > 0
	})
	caller.Hangup()
	agent.Ended()
	until(t, "the call is over", func() bool { return len(b.server.calls.Live()) == 0 })
	lasted := time.Since(began) // the round trip of a busy machine is less
	quality := b.quality()
	if len(quality) != 2 {
		t.Fatalf("on record: %+v", quality)
	}
	for i, want := range []struct {
		cases.LegQuality
		codec media.Codec
		away  time.Duration
	}{
		{cases.LegQuality{Side: cases.CallerSide, Trunk: "loopback", Lost: lost}, media.PCMA, away},
		{cases.LegQuality{Side: cases.AgentSide, User: b.Agents[0].User}, media.PCMU, 0},
	} {
		q := quality[i]
		trip, jitter := time.Duration(q.RoundTrip), time.Duration(q.Jitter)
		if q.Side != want.Side || q.User != want.User || q.Trunk != want.Trunk || q.Codec != want.codec.String() || q.Unscored != "" ||
			q.Lost != want.Lost || q.Packets+q.Lost < 250 || q.FarLost != 0 || trip == 0 || trip < want.away || trip > want.away+lasted {
			t.Errorf("%+v, want %+v, and a round trip of %s and what this machine takes", q, want.LegQuality, want.away)
		}
		mos := media.MOS(float64(q.Lost)/float64(q.Packets+q.Lost), trip/2, jitter, want.codec)
		if math.Abs(q.MOS-mos) > 0.01 { // it is on record with two digits
			t.Errorf("MOS %v of %+v, want %.3f", q.MOS, q, mos)
		}
	}
	b.measured(
		`shouwen_rtp_round_trip_seconds_bucket{leg="caller",le="0.8"} 0`, `shouwen_rtp_mos_bucket{codec="PCMA",leg="caller",le="3.1"} 1`, // as bad as that
		`shouwen_rtp_mos_count{codec="PCMA",leg="caller"} 1`, `shouwen_rtp_mos_count{codec="PCMU",leg="agent"} 1`,
		`shouwen_rtp_round_trip_seconds_count{leg="caller"} 1`, `shouwen_rtp_unscored_total{reason="no_rtcp"} 0`)
}

// TestQualityIsUnknown: who was not heard, too short, or tells no delay has no
// score.
func TestQualityIsUnknown(t *testing.T) {
	t.Parallel()
	b := newBed(t, 1)
	phone := b.agent(0, siptest.Config{})
	caller := b.dial(numbered(1))
	agent := phone.Incoming()
	caller.Mute(true)
	agent.Answer()
	caller.Hears(toneOf(0))
	caller.Hangup()
	agent.Ended()
	until(t, "the call is over", func() bool { return len(b.server.calls.Live()) == 0 })
	legs := b.quality()
	if len(legs) != 2 || legs[1].Unscored != "too_short" || legs[1].MOS != 0 || legs[0].MOS != 0 {
		t.Errorf("on record: %+v", legs)
	}
	b.measured(`shouwen_rtp_mos_count{codec="PCMA",leg="agent"} 0`)
}

// TestDumbPhoneIsCounted: one who was never heard while another was is counted, and so
// is the audio that went one way only.
func TestDumbPhoneIsCounted(t *testing.T) {
	t.Parallel()
	b := newBed(t, 1)
	phone := b.agent(0, siptest.Config{})
	dumb := siptest.New(t, b.SIP.UDP, siptest.Config{User: numbered(1), NoAudio: true, Patience: patience}).Dial(b.Hotline)
	dumb.Answered()
	agent := phone.Incoming()
	agent.Answer()
	agent.Answered()
	id := b.server.calls.Live()[0].ID
	until(t, "the agent is heard", func() bool {
		sides, err := b.server.calls.Quality(id)
		return err == nil && slices.ContainsFunc(sides, func(q cases.LegQuality) bool { return q.Packets > 0 })
	})
	dumb.Hangup()
	agent.Ended()
	f := figures{b, map[string]bool{}}
	f.is(samples{
		`shouwen_rtp_no_media_total{leg="caller"}`: 1, `shouwen_rtp_one_way_total{leg="caller"}`: 1,
		`shouwen_rtp_no_media_total{leg="agent"}`: 0, `shouwen_rtp_one_way_total{leg="agent"}`: 0,
		`shouwen_rtp_unscored_total{reason="no_media"}`: 1, `shouwen_rtp_unscored_total{reason="too_short"}`: 1,
	})
}

// quality is that of the one call there was.
func (b *bed) quality() []cases.LegQuality {
	b.t.Helper()
	st := b.server.database.store
	var q cases.Quality
	until(b.t, "the quality is on record", func() bool {
		page, _, err := st.Cases(b.t.Context(), store.Filter{Limit: 2})
		if err != nil || len(page) != 1 {
			return false
		}
		_, events, err := st.Case(b.t.Context(), page[0].Number)
		for _, e := range events {
			if e.Kind == cases.EventQuality {
				return err == nil && json.Unmarshal(e.Body, &q) == nil
			}
		}
		return false
	})
	return q.Legs
}

// measured waits for lines of the metrics.
func (b *bed) measured(lines ...string) {
	b.t.Helper()
	for _, l := range lines {
		until(b.t, l, func() bool {
			w := httptest.NewRecorder()
			b.server.metrics.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
			return strings.Contains(w.Body.String(), l+"\n")
		})
	}
}
