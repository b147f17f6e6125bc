package sip

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A stranger gets its burst and then its rate, whatever the spacing; whoever
// comes for the first time is let in.
func TestLimiterKeepsTheRate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start := time.Unix(1_000_000, 0)
		l := newLimiter(start)
		src := netip.AddrFrom4([4]byte{192, 0, 2, rapid.Byte().Draw(t, "host")})
		now, taken := start, 0
		for range rapid.IntRange(1, 600).Draw(t, "messages") {
			now = now.Add(time.Duration(rapid.IntRange(0, 50).Draw(t, "gap")) * time.Millisecond)
			if l.take(src, now) {
				taken++
			}
		}
		if most := sourceBurst + sourceRate*now.Sub(start).Seconds() + 1; float64(taken) > most {
			t.Fatalf("%d messages in %s, want at most %.0f", taken, now.Sub(start), most)
		}
		if !l.take(netip.MustParseAddr("198.51.100.7"), now) {
			t.Fatal("a first message was refused")
		}
	})
}

func TestLimiterKnowsNetworks(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		addr func(i int) netip.Addr
		want int
	}{
		"one address":                {func(int) netip.Addr { return netip.MustParseAddr("192.0.2.1") }, sourceBurst},
		"one /24":                    {func(i int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}) }, networkBurst},
		"one IPv6 /64":               {func(i int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", i+1)) }, sourceBurst},
		"IPv4 in IPv6, same address": {func(int) netip.Addr { return netip.MustParseAddr("::ffff:192.0.2.1") }, sourceBurst},
		"many networks":              {func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1}) }, 5000},
	} {
		start := time.Unix(1_000_000, 0)
		l := newLimiter(start)
		got := 0
		for i := range 5000 {
			if l.take(tc.addr(i), start) {
				got++
			}
		}
		if got != tc.want {
			t.Errorf("%s: %d of 5000 messages at once, want %d", name, got, tc.want)
		}
	}
}

func TestStrangersOpenSoManyTransactions(t *testing.T) {
	t.Parallel()
	start := time.Now()
	o := &openTransactions{start: start}
	for i := range maxTransactions {
		if !o.take(start.Add(time.Duration(i) * time.Millisecond)) { // over 20 s
			t.Fatalf("request %d refused", i)
		}
	}
	if o.take(start.Add(25 * time.Second)) {
		t.Error("one more was taken while all are open")
	}
	if !o.take(start.Add(transactionLife*time.Second + time.Second/2)) {
		t.Error("none was taken after the first second's had ended")
	}
	for i := range maxTransactions {
		if !o.take(start.Add(time.Hour)) {
			t.Fatalf("request %d refused an hour later", i)
		}
	}
}

func newTestAdmission(trusted bool) *admission {
	m := testMetrics()
	return newAdmission(TransportConfig{Trusted: func(netip.Addr) bool { return trusted }}, newEgress(), &panics{metrics: m, log: discard}, m.SIP, discard)
}

const callText = "INVITE sip:hotline@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK%d\r\n" +
	"From: <sip:a@192.0.2.9>;tag=1\r\nTo: <sip:hotline@192.0.2.1>\r\nCall-ID: %[1]d\r\nCSeq: 1 INVITE\r\n%s\r\n"

// With all transactions taken a stranger's call is told so, in an answer that
// costs no transaction; its other requests are dropped. A trunk's call passes.
func TestOverloadRefusesStrangersStatelessly(t *testing.T) {
	t.Parallel()
	for name, trusted := range map[string]bool{"stranger": false, "trunk": true} {
		a := newTestAdmission(trusted)
		for a.open.take(time.Now()) {
		}
		message, answer := a.datagram(fmt.Appendf(nil, callText, 1, ""), malformedSource)
		switch {
		case trusted && message == nil:
			t.Errorf("%s: the call did not pass", name)
		case !trusted && (message != nil || answer == nil || !strings.HasPrefix(string(answer.text), "SIP/2.0 503 ") || answer.port != 5070):
			t.Errorf("%s: passed %q, answered %+v, want 503 to port 5070", name, message, answer)
		}
		register := strings.ReplaceAll(fmt.Sprintf(callText, 2, ""), "INVITE", "REGISTER")
		if message, answer = a.datagram([]byte(register), malformedSource); answer != nil || (message != nil) != trusted {
			t.Errorf("%s: REGISTER passed %v, answered %v", name, message != nil, answer != nil)
		}
	}
}

func TestScannersAreNotAnswered(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"User-Agent: friendly-scanner\r\n", "User-Agent: SIPVicious\r\nRequire: x\r\n"} {
		if message, answer := newTestAdmission(false).datagram(fmt.Appendf(nil, callText, 1, header), malformedSource); message != nil || answer != nil {
			t.Errorf("%q: passed %q, answered %v", header, message, answer)
		}
	}
}

func TestOwnAddressIsNoSource(t *testing.T) {
	t.Parallel()
	a := newTestAdmission(true)
	a.own(malformedSource)
	if message, answer := a.datagram(fmt.Appendf(nil, callText, 1, ""), malformedSource); message != nil || answer != nil {
		t.Errorf("a datagram that claims to be ours: passed %q, answered %v", message, answer)
	}
}

// The ACK to an answer given here goes no further; any other does.
func TestAckOfStatelessAnswerIsAbsorbed(t *testing.T) {
	t.Parallel()
	refused := inspect(fmt.Appendf(nil, callText, 1, "Require: nothing\r\n"), malformedSource, false)
	if refused.code != 420 {
		t.Fatalf("got %s %d, want 420", refused.action, refused.code)
	}
	answer, ok := readMessage(refused.answer, false)
	if !ok {
		t.Fatalf("unreadable answer %q", refused.answer)
	}
	tag, ok := answer.to.tag()
	if !ok {
		t.Fatalf("no To tag in %q", refused.answer)
	}
	ack := strings.ReplaceAll(fmt.Sprintf(callText, 1, ""), "INVITE", "ACK")
	for name, tc := range map[string]struct {
		to, branch string
		want       verdictAction
	}{
		"its tag":              {";tag=" + tag, "1", dropMessage},
		"another tag":          {";tag=1" + tag, "1", passMessage},
		"no tag":               {"", "1", passMessage},
		"another call's ":      {";tag=" + tag, "2", passMessage},
		"its tag in uppercase": {";TAG=" + tag, "1", dropMessage},
	} {
		text := strings.Replace(strings.Replace(ack, "<sip:hotline@192.0.2.1>", "<sip:hotline@192.0.2.1>"+tc.to, 1), "z9hG4bK1", "z9hG4bK"+tc.branch, 1)
		if v := inspect([]byte(text), malformedSource, false); v.action != tc.want {
			t.Errorf("ACK with %s: %s %s, want %s", name, v.action, v.reason, tc.want)
		}
	}
}

func BenchmarkInspect(b *testing.B) {
	raw := fmt.Appendf(nil, callText, 1, "Contact: <sip:a@192.0.2.9>\r\nMax-Forwards: 70\r\nUser-Agent: bench\r\nAllow: INVITE, ACK, BYE\r\n")
	b.ReportAllocs()
	for b.Loop() {
		if v := inspect(raw, malformedSource, false); v.action != passMessage {
			b.Fatal(v.reason)
		}
	}
}

// Messages made to cost as much as they can.
func BenchmarkInspectWorst(b *testing.B) {
	fill := func(unit string) string { return strings.Repeat(unit, (maxHeaderBytes-400)/len(unit)) }
	names := func() string {
		var s strings.Builder
		for i := 0; s.Len() < maxHeaderBytes-500; i++ {
			fmt.Fprintf(&s, ";p%d", i)
		}
		return s.String()
	}()
	for name, more := range map[string]string{
		"folds":      "X: x\r\n" + fill(" \r\n"),
		"parameters": "Contact: <sip:a@192.0.2.9>" + names + "\r\n",
		"contacts":   "Contact: <sip:a@h>" + fill(",<sip:a@h>") + "\r\n",
		"vias":       "Via: SIP/2.0/UDP h" + fill(",SIP/2.0/UDP h") + "\r\n",
		"uri":        "Contact: <sip:a@h;" + fill("a;") + "b>\r\n",
		"quotes":     "Contact: \"" + fill("\\\"") + "\" <sip:a@h>\r\n",
		"options":    "Require: " + fill("a,") + "\r\n",
		"lines":      fill("X:\r\n"),
	} {
		raw := fmt.Appendf(nil, callText, 1, more)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				inspect(raw, malformedSource, false)
			}
		})
	}
	b.Run("datagram", func(b *testing.B) {
		raw := fmt.Appendf(nil, callText, 1, "X: x\r\n"+strings.Repeat(" \r\n", 20000))
		for b.Loop() {
			inspect(raw, malformedSource, false)
		}
	})
}
