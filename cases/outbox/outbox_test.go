package outbox

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
	"shouwen/metrics"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

const number = cases.CaseNumber("261123-1-0001")

var directory = cases.Directory{People: []cases.Person{
	{User: "aide", Email: "aide@example.com"},
	{User: "boss", Roles: []cases.Role{cases.RoleSupervisor}, Email: "boss@example.com"},
}}

// missed returns a store with a missed call whose callback is overdue.
func missed(t *testing.T) *store.Store {
	t.Helper()
	s := storetest.New(t)
	at := time.Now().Add(-time.Hour).UTC()
	const call = "0193571f-0000-7000-8000-0000000f0001"
	id := func(n int) string { return fmt.Sprintf("0193571f-0000-7000-8000-%012x", n) }
	facts := []cases.Fact{
		{ID: id(1), At: at, Call: call, Arrived: &cases.Arrived{Caller: cases.Caller{Raw: "x", E164: "+861055550101"}, Hotline: "12345"}},
		{ID: id(2), At: at, Call: call, Case: number, Missed: &cases.Missed{Reason: cases.MissedAbandoned, CallbackDue: at.Add(time.Minute)}},
	}
	if err := s.Apply(t.Context(), facts); err != nil {
		t.Fatal(err)
	}
	if rejected, err := s.Rejected(t.Context(), 1); err != nil || len(rejected) > 0 {
		t.Fatal(rejected, err)
	}
	return s
}

// pump is one of a kind over s, with what it logs.
func pump(s *store.Store, kind string, effect Effect) (*Pump, *bytes.Buffer) {
	var out bytes.Buffer
	return &Pump{
		Kind: kind, Rows: s, Effect: effect, Attempts: 3, First: time.Microsecond,
		Metrics: metrics.New("", "").Outbox, Log: slog.New(slog.NewTextHandler(&out, nil)),
	}, &out
}

// rows puts n rows of kind into the outbox.
func rows(t *testing.T, s *store.Store, kind string, n int) {
	t.Helper()
	var all []cases.Outgoing
	for i := range n {
		all = append(all, cases.Outgoing{Key: fmt.Sprintf("%s:%d", kind, i), Kind: kind, Payload: []byte(`{"event":"breached"}`)})
	}
	if _, err := s.LedgerHead(t.Context(), time.Now().Add(time.Duration(n)*24*time.Hour).Format(time.DateOnly), func(cases.LedgerHead) []cases.Outgoing { return all }); err != nil {
		t.Fatal(err)
	}
}

// drain pumps until nothing is left to be sent now; what failed may be due again at once.
func drain(t *testing.T, p *Pump) {
	t.Helper()
	for {
		if err := p.pump(t.Context()); err != nil {
			t.Fatal(err)
		}
		b, err := p.Rows.(*store.Store).Backlog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if b[p.Kind].Pending == 0 {
			return
		}
	}
}

// TestFromTheStageToTheChannels: the whole way of a breach.
func TestFromTheStageToTheChannels(t *testing.T) {
	t.Parallel()
	s := missed(t)
	if fired, err := s.FireStages(t.Context(), 1, 10); err != nil || len(fired) != 1 {
		t.Fatal(fired, err)
	}
	via := Channels{Webhooks: []string{"crm"}, Email: true, Phone: true}
	stages, _ := pump(s, cases.OutgoingStage, Stages(s, func() cases.Directory { return directory }, via))
	drain(t, stages)
	c, events, err := s.Case(t.Context(), number)
	if err != nil {
		t.Fatal(err)
	}
	last := events[len(events)-1]
	if err := c.Verify(events); err != nil || last.Kind != cases.EventBreached || !strings.Contains(string(last.Body), `"told":["boss"]`) {
		t.Errorf("%v: %s %s", err, last.Kind, last.Body)
	}
	for _, kind := range []string{"webhook:crm", "email", "sip"} {
		out, err := s.ClaimOutgoing(t.Context(), kind, 30*time.Second, 10)
		if err != nil || len(out) != 1 {
			t.Fatalf("%s: %+v, %v", kind, out, err)
		}
		var n cases.Notice
		if err := json.Unmarshal(out[0].Payload, &n); err != nil || n.Event != cases.EventBreached || n.Stage.Case != number || n.Stage.Clock != cases.ClockCallback {
			t.Errorf("%s: %s, %v", kind, out[0].Payload, err)
		}
		if kind == "webhook:crm" != (n.User == "") || kind == "webhook:crm" != slices.Equal(n.Told, []string{"boss"}) {
			t.Errorf("%s: %s", kind, out[0].Payload)
		}
		if strings.Contains(string(out[0].Payload), "55550101") {
			t.Errorf("%s shows the caller's number: %s", kind, out[0].Payload)
		}
	}
}

// TestAPumpStandsAside: while others need the database more it sends a batch at a time,
// but that; afterwards everything.
func TestAPumpStandsAside(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	const kind = "webhook:x"
	rows(t, s, kind, 4*batch)
	var sent atomic.Int32
	p, _ := pump(s, kind, func(context.Context, cases.Outgoing) error {
		sent.Add(1)
		return nil
	})
	busy := true
	p.Aside = func() bool { return busy }
	for _, want := range []int32{batch, 2 * batch, 4 * batch} {
		busy = want < 3*batch
		if err := p.pump(t.Context()); err != nil {
			t.Fatal(err)
		}
		if sent.Load() != want {
			t.Errorf("%d sent, want %d", sent.Load(), want)
		}
	}
}

// TestTwoPumpsOneKilled: what a pump that is stopped in the middle of an effect had
// claimed is sent by the other, and every row exactly once if nobody is killed.
func TestTwoPumpsOneKilled(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	const kind, n = "webhook:x", 60
	rows(t, s, kind, n)
	var mu sync.Mutex
	got := map[string]int{}
	began := make(chan struct{}, n)
	stuck, _ := pump(s, kind, func(ctx context.Context, o cases.Outgoing) error {
		began <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})
	sound, _ := pump(s, kind, func(_ context.Context, o cases.Outgoing) error {
		mu.Lock()
		defer mu.Unlock()
		got[o.Key]++
		return nil
	})
	ctx, kill := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- stuck.Run(ctx) }()
	<-began
	if err := sound.pump(t.Context()); err != nil { // it takes all but what the other has
		t.Fatal(err)
	}
	if len(got) != n-batch {
		t.Errorf("%d sent beside the stuck pump, want %d", len(got), n-batch)
	}
	kill()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	drain(t, sound)
	for key, times := range got {
		if times != 1 {
			t.Errorf("%s sent %d times", key, times)
		}
	}
	if len(got) != n {
		t.Errorf("%d sent, want %d", len(got), n)
	}
}

// TestPumpsRace: many pumps at once send every row once.
func TestPumpsRace(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	const kind, n = "email", 200
	rows(t, s, kind, n)
	var sent atomic.Int64
	var work sync.WaitGroup
	for range 4 {
		p, _ := pump(s, kind, func(context.Context, cases.Outgoing) error { sent.Add(1); return nil })
		work.Go(func() {
			if err := p.pump(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	if sent.Load() != n {
		t.Errorf("%d sent, want %d", sent.Load(), n)
	}
}

const secretText = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"

// hook is a webhook to a handler, with its token in the URL.
func hook(t *testing.T, h http.HandlerFunc) Webhook {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	key, err := ParseSecret(secretText + "\n")
	if err != nil {
		t.Fatal(err)
	}
	return Webhook{URL: server.URL + "/?token=hunter2", Secret: key, Timeout: time.Second}
}

func TestWebhookIsSignedAndTriedAgain(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	rows(t, s, "webhook:x", 1)
	calls := 0
	w := hook(t, func(w http.ResponseWriter, r *http.Request) {
		calls++
		body, _ := io.ReadAll(r.Body)
		mac := hmac.New(sha256.New, []byte("012345678901234567890123"))
		fmt.Fprintf(mac, "%s.%s.%s", r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp"), body)
		if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); r.Header.Get("Webhook-Signature") != want || r.Header.Get("Webhook-Id") != "webhook:x:0" {
			t.Errorf("headers %v", r.Header)
		}
		if calls == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	p, _ := pump(s, "webhook:x", w.Send)
	drain(t, p)
	if b, err := s.Backlog(t.Context()); calls != 2 || len(b) != 0 || err != nil {
		t.Errorf("%d calls, left %v, %v", calls, b, err)
	}
}

func TestWebhookThatIsGivenUp(t *testing.T) {
	t.Parallel()
	followed := false
	for name, tt := range map[string]struct {
		serve http.HandlerFunc
		says  string
	}{
		"fails": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "answered 500 Internal Server Error"},
		"redirects": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/elsewhere" {
				followed = true
			}
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, "answered 307 Temporary Redirect"},
		"hangs": {func(_ http.ResponseWriter, r *http.Request) { _, _ = io.ReadAll(r.Body); <-r.Context().Done() }, "deadline exceeded"},
		"hangs up": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			_ = conn.Close()
		}, "EOF"},
		"talks forever": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(400)
			for r.Context().Err() == nil {
				_, _ = w.Write(make([]byte, 4096))
			}
		}, "answered 400"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := storetest.New(t)
			rows(t, s, "webhook:x", 1)
			w := hook(t, tt.serve)
			w.Timeout = 300 * time.Millisecond
			p, log := pump(s, "webhook:x", w.Send)
			drain(t, p)
			dead, err := s.DeadLetters(t.Context(), 10)
			if err != nil || len(dead) != 1 || dead[0].Attempts != 3 || !strings.Contains(dead[0].Error, tt.says) {
				t.Fatalf("dead: %+v, %v", dead, err)
			}
			for _, hidden := range []string{"hunter2", "MDEy", "012345678901234567890123"} {
				if strings.Contains(dead[0].Error+log.String(), hidden) {
					t.Errorf("%s is shown: %s %s", hidden, dead[0].Error, log)
				}
			}
			if !strings.Contains(log.String(), "given up") {
				t.Errorf("log %s", log)
			}
		})
	}
	t.Cleanup(func() {
		if followed {
			t.Error("the redirect was followed")
		}
	})
}

func TestWhatKillsItsNodeIsGivenUp(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	rows(t, s, "email", 1)
	calls := 0
	p, _ := pump(s, "email", func(context.Context, cases.Outgoing) error { calls++; panic("poison") })
	drain(t, p)
	if dead, err := s.DeadLetters(t.Context(), 1); err != nil || len(dead) != 1 || calls != 3 || dead[0].Error != "panic: poison" {
		t.Errorf("%d calls, dead %+v, %v", calls, dead, err)
	}
	if err := p.try(t.Context(), cases.Outgoing{Attempts: 4}); !errors.Is(err, ErrPermanent) || calls != 3 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		n      int
		jitter float64
		want   time.Duration
	}{{1, .5, 5 * time.Second}, {2, .5, 10 * time.Second}, {2, 0, 5 * time.Second}, {2, 1, 15 * time.Second}, {12, .5, time.Hour}, {1000, .5, time.Hour}} {
		if got := backoff(5*time.Second, time.Hour, tt.n, tt.jitter); got != tt.want {
			t.Errorf("after %d, jitter %g: %s, want %s", tt.n, tt.jitter, got, tt.want)
		}
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "hunter2", "whsec_", "whsec_c2hvcnQ=", "whsec_%%", strings.TrimPrefix(secretText, "whsec_")} {
		if _, err := ParseSecret(bad); err == nil || bad != "" && strings.Contains(err.Error(), bad) && bad != "whsec_" {
			t.Errorf("%q: %v", bad, err)
		}
	}
	key, _ := ParseSecret(secretText)
	if shown := fmt.Sprintf("%v %s %+v", key, key, Webhook{Secret: key}); strings.Contains(shown, "0123") || strings.Contains(shown, "48 49") {
		t.Errorf("shown: %s", shown)
	}
}

// smtpd is a small mail server with STARTTLS and AUTH PLAIN. It keeps the letters.
type smtpd struct {
	t       *testing.T
	conf    *tls.Config
	noTLS   bool   // it offers none
	rcpt    string // its answer to RCPT; empty: 250
	mute    bool   // it says nothing at all
	letters chan string
	auths   chan string
	addr    string
}

func newSMTPD(t *testing.T, set func(*smtpd)) (*smtpd, *tls.Config) {
	t.Helper()
	web := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(web.Close)
	d := &smtpd{t: t, conf: web.TLS, letters: make(chan string, 9), auths: make(chan string, 9)}
	set(d)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	t.Cleanup(conns.Wait)
	t.Cleanup(func() { _ = l.Close() })
	d.addr = l.Addr().String()
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { d.serve(c) })
		}
	})
	trust := web.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	trust.ServerName = "example.com"
	return d, trust
}

func (d *smtpd) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	in := bufio.NewReader(c)
	say := func(line string) { _, _ = io.WriteString(c, line+"\r\n") }
	if d.mute {
		_, _ = io.Copy(io.Discard, c)
		return
	}
	say("220 test")
	secure := false
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb, rest, _ := strings.Cut(strings.TrimSpace(line), " "); strings.ToUpper(verb) {
		case "EHLO":
			say("250-test")
			if !secure && !d.noTLS {
				say("250-STARTTLS")
			}
			say("250 AUTH PLAIN")
		case "STARTTLS":
			say("220 go")
			c = tls.Server(c, d.conf)
			in, secure = bufio.NewReader(c), true
		case "AUTH":
			d.auths <- rest
			say("235 ok")
		case "RCPT":
			if d.rcpt != "" {
				say(d.rcpt)
				continue
			}
			say("250 ok")
		case "DATA":
			say("354 go")
			var letter strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				letter.WriteString(line)
			}
			d.letters <- letter.String()
			say("250 ok")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// breach is a row for aide of a breach.
func breach() cases.Outgoing {
	due := time.Date(2026, 11, 26, 7, 20, 0, 0, time.UTC)
	return row("stage:1:1:3:email:aide", KindEmail, cases.Notice{Event: cases.EventBreached, User: "aide", Stage: &cases.FiredStage{
		Case: number, Clock: cases.ClockReplyCaller, Due: due, Department: "water", Late: cases.Span(3 * time.Minute),
		Stage: cases.Stage{Kind: cases.StageBreach, At: due},
	}})
}

func (d *smtpd) mail(trust *tls.Config, language string) Mail {
	return Mail{
		Server: d.addr, Security: STARTTLS, From: "shouwen@example.com", User: "shouwen", Password: "hunter2", TLS: trust,
		Address: func(user string) string { p, _ := directory.Person(user); return p.Email },
		Words:   Words{Language: language, Zone: time.FixedZone("", 8*3600), Link: "https://sw.example"},
	}
}

func TestMailIsSent(t *testing.T) {
	t.Parallel()
	d, trust := newSMTPD(t, func(*smtpd) {})
	var ids []string
	for language, want := range map[string][]string{
		"zh-CN": {"已超时：工单 261123-1-0001「答复来电人」", "应于 2026-11-26 15:20 前完成，现已超时", "承办部门：water", "本通知迟到 3m0s", "https://sw.example/cases/261123-1-0001"},
		"en":    {"Overdue: case 261123-1-0001, ", "was due by 2026-11-26 15:20", "Department: water", "3m0s late", "https://sw.example/cases/261123-1-0001"},
	} {
		if err := d.mail(trust, language).Send(t.Context(), breach()); err != nil {
			t.Fatal(err)
		}
		letter, err := mail.ReadMessage(strings.NewReader(<-d.letters))
		if err != nil {
			t.Fatal(err)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(letter.Header.Get("Subject"))
		if err != nil {
			t.Error(err)
		}
		body, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, letter.Body))
		if err != nil {
			t.Error(err)
		}
		for _, w := range want {
			if !strings.Contains(string(body), strings.TrimSuffix(w, "「答复来电人」")) {
				t.Errorf("%s: %q lacks %q", language, body, w)
			}
		}
		if h := letter.Header; h.Get("To") != "aide@example.com" || h.Get("From") != "shouwen@example.com" || h.Get("Auto-Submitted") != "auto-generated" ||
			!strings.HasPrefix(string(body), subject) {
			t.Errorf("%v, subject %s", h, subject)
		}
		ids = append(ids, letter.Header.Get("Message-ID"))
		if auth := <-d.auths; auth != "PLAIN "+base64.StdEncoding.EncodeToString([]byte("\x00shouwen\x00hunter2")) {
			t.Errorf("signed in as %s", auth)
		}
	}
	if ids[0] != ids[1] || ids[0] == "" {
		t.Errorf("repeats have other ids: %v", ids)
	}
}

func TestMailThatCannotBeSent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil     func(*smtpd, *Mail)
		says      string
		permanent bool
	}{
		"no STARTTLS":              {func(d *smtpd, _ *Mail) { d.noTLS = true }, "no STARTTLS", false},
		"a stranger's certificate": {func(_ *smtpd, m *Mail) { m.TLS = nil }, "certificate", false},
		"full mailbox":             {func(d *smtpd, _ *Mail) { d.rcpt = "452 full" }, `452 "full"`, false},
		"unknown mailbox":          {func(d *smtpd, _ *Mail) { d.rcpt = "550 unknown" }, `550 "unknown"`, true},
		"silence":                  {func(d *smtpd, _ *Mail) { d.mute = true }, "timeout", false},
		"no address":               {func(_ *smtpd, m *Mail) { m.Address = func(string) string { return "" } }, "no address", true},
		"nobody listens":           {func(_ *smtpd, m *Mail) { m.Server = "127.0.0.1:1" }, "refused", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := Mail{}
			d, trust := newSMTPD(t, func(d *smtpd) { tt.spoil(d, &m) })
			m = d.mail(trust, "en")
			tt.spoil(&smtpd{}, &m)
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			err := m.Send(ctx, breach())
			if err == nil || !strings.Contains(err.Error(), tt.says) || errors.Is(err, ErrPermanent) != tt.permanent || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("err = %v", err)
			}
			if len(d.letters) > 0 || len(d.auths) > 0 && d.rcpt == "" {
				t.Error("it was sent, or the password was")
			}
		})
	}
}

// TestFromAFindingToTheChannels: who is told of a rectification, how, and where he looks.
func TestFromAFindingToTheChannels(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 26, 7, 20, 0, 0, time.UTC)
	i := cases.Inspection{ID: 12, Lead: "aide", Findings: []cases.Finding{{Text: "was rude", Department: "hotline", Put: cases.Rectification{For: "aide"}}}}
	f := cases.FiredStage{
		Inspection: 12, Finding: 1, Clock: cases.ClockRectification, Gen: 1, Due: at, Department: "hotline",
		Stage: cases.Stage{Kind: cases.StageBreach, At: at, To: []cases.Party{cases.PartySupervisor}},
	}
	out := Channels{Webhooks: []string{"crm"}, Email: true, Phone: true}.Inspected(directory, i, f)
	var keys []string
	for _, o := range out {
		keys = append(keys, o.Kind+" "+o.Key)
		if strings.Contains(string(o.Payload), "rude") {
			t.Errorf("%s says what was found: %s", o.Kind, o.Payload)
		}
	}
	const stage = "inspection:12:1:1:breach:0"
	if want := []string{"webhook:crm " + stage + ":webhook:crm", "email " + stage + ":email:boss", "sip " + stage + ":sip:boss"}; !slices.Equal(keys, want) {
		t.Errorf("rows %v, want %v", keys, want)
	}
	w := Words{Language: "en", Zone: time.UTC, Link: "https://sw.example"}
	if line, text := w.Line(f), w.Text(f); line != "Overdue: inspection 12, finding 1, putting right what was found, was due by 2026-11-26 07:20" || !strings.Contains(text, "https://sw.example/inspections/12\r\n") {
		t.Errorf("%s\n%s", line, text)
	}
}

func TestPhoneShowsALine(t *testing.T) {
	t.Parallel()
	var shown string
	p := Phone{Tell: func(user, text string) { shown = user + ": " + text }, Words: Words{Language: "en", Zone: time.UTC}}
	if err := p.Send(t.Context(), breach()); err != nil || !strings.HasPrefix(shown, "aide: Overdue: case 261123-1-0001, ") || !strings.HasSuffix(shown, ", was due by 2026-11-26 07:20") {
		t.Errorf("%q, %v", shown, err)
	}
	if err := p.Send(t.Context(), cases.Outgoing{Payload: []byte(`{"event":"ledger_head"}`)}); !errors.Is(err, ErrPermanent) {
		t.Error(err)
	}
}
