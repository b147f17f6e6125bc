package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
	"shouwen/cases/store/storetest"
)

// orders is what commands were given, as text; err is what comes of them.
type orders struct {
	given []string
	err   error
}

func (o *orders) Monitor(call, phone string, mode cases.MonitorMode) error {
	o.given = append(o.given, fmt.Sprintf("monitor %s %s %s", call, phone, mode))
	return o.err
}

func (o *orders) Ready(user string) error {
	o.given = append(o.given, "ready "+user)
	return o.err
}

func (o *orders) Pause(user, reason string) error {
	o.given = append(o.given, "pause "+user+" "+reason)
	return o.err
}

func (o *orders) ExtendWrapUp(user string, d time.Duration) error {
	o.given = append(o.given, fmt.Sprintf("extend %s %s", user, d))
	return o.err
}

func (o *orders) Transfer(call string, t Transfer) error {
	o.given = append(o.given, fmt.Sprintf("transfer %s %v", call, t))
	return o.err
}

func (o *orders) Steer(call, by string, step TransferStep) error {
	o.given = append(o.given, fmt.Sprintf("%s %s %s", step, call, by))
	return o.err
}

func (o *orders) Record(call, by, action string) error {
	o.given = append(o.given, fmt.Sprintf("record %s %s %s", call, by, action))
	return o.err
}

func (o *orders) CallBack(_ context.Context, n cases.CaseNumber, agent string) error {
	o.given = append(o.given, fmt.Sprintf("call back %s %s", n, agent))
	return o.err
}

func (o *orders) Mark(_ context.Context, n cases.CaseNumber, by string, as cases.CallbackResult) error {
	o.given = append(o.given, fmt.Sprintf("mark %s %s %s", n, by, as))
	return o.err
}

func (o *orders) Alarm(call, by string) error {
	o.given = append(o.given, fmt.Sprintf("alarm %s %s", call, by))
	return o.err
}

func (o *orders) Delivered(_ context.Context, c cases.Case, m cases.MessageDelivered) error {
	o.given = append(o.given, fmt.Sprintf("delivered %s %s %s", c.Number, m.ID, m.To))
	return o.err
}

func (o *orders) Hold(_ context.Context, c cases.Case, h cases.LegalHold) error {
	o.given = append(o.given, fmt.Sprintf("hold %s %s %t %s %s", c.Number, c.Call.ID, h.On, h.By, h.Reason))
	return o.err
}

// recorded are the facts of call n, with a recording.
func recorded(n int) []cases.Fact {
	facts := answered(n, from("+861055550101"), "clerk")
	last := facts[len(facts)-1]
	begin, end := last, last
	begin.ID, begin.Ended, begin.RecordingStarted = id(100*n+50), nil, &cases.RecordingStarted{Mode: cases.RecordAlways}
	end.ID, end.At, end.Ended = id(100*n+51), last.At.Add(time.Second), nil
	end.RecordingEnded = &cases.RecordingEnded{
		Result: cases.RecordingOK, File: "2026/11/23/" + last.Call + ".wav", Length: cases.Span(time.Minute), Bytes: 22, SHA256: strings.Repeat("ab", 32),
		Pauses: []cases.Stretch{{From: cases.Span(time.Second), Until: cases.Span(2500 * time.Millisecond)}},
	}
	return append(facts[:len(facts)-1:len(facts)-1], begin, last, end)
}

// TestRecordingsAreListedAndPlayed: with the token and in a session, in ranges, and
// every look on record first; to nobody else.
func TestRecordingsAreListedAndPlayed(t *testing.T) {
	t.Parallel()
	st, s := hotline(t)
	dir := t.TempDir()
	s.OpenRecording = func(file string) (*os.File, error) { return os.Open(filepath.Join(dir, filepath.Base(file))) }
	h := s.Handler()
	gone := recorded(2)
	deleted := gone[len(gone)-1]
	deleted.ID, deleted.RecordingEnded, deleted.RecordingDeleted = id(260), nil, &cases.RecordingDeleted{File: "x"}
	apply(t, st, recorded(1), append(gone, deleted))
	const content = "RIFF....WAVE0123456789"
	for n := range 2 {
		if err := os.WriteFile(filepath.Join(dir, id(1_000_001+n)+".wav"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list := decode[map[string][]map[string]any](t, askAPI(h, "/api/v1/recordings?case=261123-1-0001"), 200)["recordings"]
	if len(list) != 1 {
		t.Fatalf("listed %v", list)
	}
	delete(list[0], "started")
	delete(list[0], "ended")
	want := map[string]any{
		"id": id(1_000_001), "case": "261123-1-0001", "mode": "always", "result": "ok", "length_seconds": 60.0, "bytes": 22.0,
		"sha256": strings.Repeat("ab", 32), "legal_hold": false, "pauses": []any{map[string]any{"from_seconds": 1.0, "until_seconds": 2.5}},
	}
	if diff := cmp.Diff(want, list[0]); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for _, target := range []string{"/api/v1/recordings", "/api/v1/recordings?case=x", "/api/v1/recordings?case="} {
		if r := askAPI(h, target); r.StatusCode != 422 {
			t.Errorf("%s: %s", target, r.Status)
		}
	}

	one := "/api/v1/recordings/" + id(1_000_001)
	r := askAPI(h, one+"/audio")
	if body := text(t, r); r.StatusCode != 200 || body != content || r.Header.Get("Content-Type") != "audio/wav" || r.Header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("%s %v %q", r.Status, r.Header, body)
	}
	r = ask(h, "GET", one+"/audio", "", "Authorization", "Bearer "+token, "Range", "bytes=12-15")
	if body := text(t, r); r.StatusCode != 206 || body != "0123" || r.Header.Get("Content-Range") != "bytes 12-15/22" {
		t.Errorf("range: %s %v %q", r.Status, r.Header, body)
	}
	if r := ask(h, "GET", one+"/audio", "", "Authorization", "Bearer "+token, "Range", "bytes=99-"); r.StatusCode != 416 {
		t.Errorf("range that is not there: %s", r.Status)
	}
	cookie := signIn(t, h)
	r = ask(h, "GET", "/recordings/"+id(1_000_001)+"/audio", "", "Cookie", cookie)
	if body := text(t, r); r.StatusCode != 200 || body != content {
		t.Errorf("in a session: %s %q", r.Status, body)
	}
	if page := text(t, ask(h, "GET", "/cases/261123-1-0001", "", "Cookie", cookie)); !strings.Contains(page, `src="/recordings/`+id(1_000_001)+`/audio"`) {
		t.Error("the page has no player")
	}
	if page := text(t, ask(h, "GET", "/cases/261123-1-0002", "", "Cookie", cookie)); strings.Contains(page, "<audio") {
		t.Error("the page plays what was deleted")
	}
	for _, target := range []string{"/api/v1/recordings/" + id(1_000_002), "/api/v1/recordings/" + id(7), "/api/v1/recordings/x"} {
		if r := askAPI(h, target+"/audio"); r.StatusCode != 404 {
			t.Errorf("%s: %s", target, r.Status)
		}
	}
	for _, r := range []*http.Response{ask(h, "GET", one+"/audio", ""), ask(h, "GET", one+"/audio", "", "Authorization", "Bearer wrong"), ask(h, "GET", "/recordings/"+id(1_000_001)+"/audio", "")} {
		if strings.Contains(text(t, r), "0123") {
			t.Errorf("played to nobody: %s", r.Status)
		}
	}
	looks := decode[map[string][]map[string]any](t, askAPI(h, one+"/accesses"), 200)["accesses"]
	if len(looks) != 4 || looks[0]["who"] != "api token" || looks[1]["part"] != "bytes=12-15" || looks[3]["who"] != "console" || looks[3]["source"] != "192.0.2.1" {
		t.Errorf("accesses %v", looks)
	}
	if r := askAPI(h, "/api/v1/recordings/"+id(7)+"/accesses"); r.StatusCode != 404 {
		t.Errorf("accesses to none: %s", r.Status)
	}
}

// TestRecordingUnrecordedIsNotPlayed: who cannot be put on record hears nothing.
func TestRecordingUnrecordedIsNotPlayed(t *testing.T) {
	t.Parallel()
	s, _ := newServer(deadStore(t))
	s.OpenRecording = func(string) (*os.File, error) { t.Error("opened"); return nil, os.ErrNotExist }
	if r := askAPI(s.Handler(), "/api/v1/recordings/"+id(1)+"/audio"); r.StatusCode != 503 {
		t.Errorf("status %s", r.Status)
	}
}

// TestCommands: what the API is asked for is asked of the call, and what came of it
// is told.
func TestCommands(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	apply(t, st, answered(1, from("+861055550101"), "clerk"))
	s, log := newServer(st)
	o := &orders{}
	s.Commands, s.Transfers, s.Callers, s.Duties = o, o, o, o
	h := s.Handler()
	order := func(method, target, body string) *http.Response {
		return ask(h, method, target, body, "Authorization", "Bearer "+token, "Content-Type", "application/json")
	}
	call := "/api/v1/calls/" + id(1)
	for _, tt := range []struct {
		method, target, body string
		status               int
		given                string
	}{
		{"POST", call + "/monitor", `{"mode": "whisper", "phone": "1009"}`, 204, "monitor " + id(1) + " 1009 whisper"},
		{"DELETE", call + "/monitor?phone=1009", "", 204, "monitor " + id(1) + " 1009 "},
		{"POST", call + "/recording", `{"action": "pause", "by": "clerk"}`, 204, "record " + id(1) + " clerk pause"},
		{"PUT", "/api/v1/cases/261123-1-0001/legal_hold", `{"on": true, "by": "boss", "reason": "court"}`, 204,
			"hold 261123-1-0001 " + id(1_000_001) + " true boss court"},
		{"POST", call + "/transfer", `{"by": "clerk", "kind": "warm", "extension": "1002"}`, 204, "transfer " + id(1) + " {clerk warm 1002  }"},
		{"POST", call + "/transfer", `{"by": "clerk", "kind": "blind", "queue": "night"}`, 204, "transfer " + id(1) + " {clerk blind   night}"},
		{"POST", call + "/transfer", `{"by": "clerk", "kind": "warm"}`, 204, "transfer " + id(1) + " {clerk warm   }"},
		{"POST", call + "/toggle", `{"by": "clerk"}`, 204, "toggle " + id(1) + " clerk"},
		{"POST", call + "/complete", `{"by": "clerk"}`, 204, "complete " + id(1) + " clerk"},
		{"POST", call + "/cancel", `{"by": "clerk"}`, 204, "cancel " + id(1) + " clerk"},
		{"POST", call + "/conference", `{"by": "clerk"}`, 204, "conference " + id(1) + " clerk"},
		{"POST", "/api/v1/callbacks/261123-1-0001/call", `{"agent": "clerk"}`, 204, "call back 261123-1-0001 clerk"},
		{"POST", "/api/v1/callbacks/261123-1-0001/result", `{"by": "clerk", "result": "voicemail"}`, 204, "mark 261123-1-0001 clerk voicemail"},
		{"POST", "/api/v1/callbacks/261123-1-0001/call", `{}`, 422, ""},
		{"POST", "/api/v1/cases/261123-1-0001/messages", `{"id": "sms-7", "to": "+861055550101"}`, 204, "delivered 261123-1-0001 sms-7 +861055550101"},
		{"POST", "/api/v1/cases/261123-1-0001/messages", `{"id": "sms-7"}`, 422, ""},
		{"POST", call + "/alarm", `{"by": "clerk"}`, 204, "alarm " + strings.TrimPrefix(call, "/api/v1/calls/") + " clerk"},
		{"POST", call + "/alarm", `{}`, 422, ""},
		{"POST", "/api/v1/callbacks/261123-1-0001/result", `{"by": "clerk", "result": "reached"}`, 422, ""},
		{"POST", "/api/v1/callbacks/261123-1-0001/result", `{"result": "voicemail"}`, 422, ""},
		{"POST", call + "/transfer", `{"by": "clerk", "kind": "warm", "extension": "1002", "queue": "night"}`, 422, ""},
		{"POST", call + "/transfer", `{"by": "clerk", "kind": "slow", "extension": "1002"}`, 422, ""},
		{"POST", call + "/transfer", `{"by": "clerk", "kind": "warm", "extension": "1002\r\nX: y"}`, 422, ""},
		{"POST", call + "/transfer", `{"kind": "warm", "extension": "1002"}`, 422, ""},
		{"POST", "/api/v1/agents/clerk/ready", "", 204, "ready clerk"},
		{"POST", "/api/v1/agents/clerk/pause", `{"reason": "lunch"}`, 204, "pause clerk lunch"},
		{"POST", "/api/v1/agents/clerk/wrap_up", `{"seconds": 30}`, 204, "extend clerk 30s"},
		{"POST", "/api/v1/agents/clerk/pause", `{}`, 422, ""},
		{"POST", "/api/v1/agents/clerk/pause", `{"reason": ""}`, 422, ""},
		{"POST", "/api/v1/agents/clerk/wrap_up", `{"seconds": 0}`, 422, ""},
		{"POST", "/api/v1/agents/clerk/wrap_up", `{"seconds": 86400}`, 422, ""},
		{"GET", "/api/v1/agents/clerk/ready", "", 405, ""},
		{"POST", call + "/toggle", `{}`, 422, ""},
		{"POST", call + "/monitor", `{"mode": "shout", "phone": "1009"}`, 422, ""},
		{"POST", call + "/monitor", `{"mode": "listen"}`, 422, ""},
		{"POST", "/api/v1/calls/x/monitor", `{"mode": "listen", "phone": "1009"}`, 422, ""},
		{"DELETE", call + "/monitor", "", 422, ""},
		{"POST", call + "/recording", `{"action": "erase", "by": "clerk"}`, 422, ""},
		{"POST", call + "/recording", `{"action": "pause"}`, 422, ""},
		{"PUT", "/api/v1/cases/261123-1-0009/legal_hold", `{"on": true, "by": "boss"}`, 404, ""},
		{"PUT", "/api/v1/cases/261123-1-0001/legal_hold", `{"on": true}`, 422, ""},
		{"GET", call + "/monitor", "", 405, ""},
	} {
		o.given = nil
		r := order(tt.method, tt.target, tt.body)
		if got := strings.Join(o.given, ";"); r.StatusCode != tt.status || got != tt.given {
			t.Errorf("%s %s %s: %s, %q; want %d, %q", tt.method, tt.target, tt.body, r.Status, got, tt.status, tt.given)
		}
	}
	if r := ask(h, "POST", call+"/monitor", `{"mode": "listen", "phone": "1009"}`, "Content-Type", "application/json"); r.StatusCode != 401 {
		t.Errorf("without the token: %s", r.Status)
	}
	want := map[string]any{"side": "caller", "trunk": "carrier", "codec": "PCMA", "packets": 500.0, "lost": 0.0, "jitter_seconds": 0.001,
		"far_lost": 0.0, "far_jitter_seconds": 0.0, "mos": 4.41}
	if diff := cmp.Diff(map[string]any{"legs": []any{want}}, decode[map[string]any](t, askAPI(h, call+"/quality"), 200)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if r := askAPI(h, "/api/v1/calls/"+id(9)+"/quality"); r.StatusCode != 404 {
		t.Errorf("quality of no call: %s", r.Status)
	}
	o.err = &Refusal{http.StatusForbidden, cases.Words{EN: "not a supervisor"}}
	r := order("POST", call+"/monitor", `{"mode": "listen", "phone": "1009"}`)
	if body := text(t, r); r.StatusCode != 403 || !strings.Contains(body, "not a supervisor") {
		t.Errorf("refused: %s %s", r.Status, body)
	}
	o.err = errors.New("secret detail")
	r = order("POST", call+"/monitor", `{"mode": "listen", "phone": "1009"}`)
	if body := text(t, r); r.StatusCode != 500 || strings.Contains(body, "secret") || !strings.Contains(log.String(), "secret detail") {
		t.Errorf("failed: %s %s", r.Status, body)
	}
}
