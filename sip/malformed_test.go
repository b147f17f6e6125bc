package sip

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	msg "github.com/emiago/sipgo/sip"
	"github.com/google/go-cmp/cmp"
)

// malformedCase is one message of testdata/malformed/messages.txt.
type malformedCase struct {
	name, transport, verdict, point string
	has, hasNot                     []string
	raw                             []byte
}

var malformedSource = netip.MustParseAddrPort("192.0.2.9:5999")

func loadMalformed(t testing.TB) []malformedCase {
	t.Helper()
	text, err := os.ReadFile("testdata/malformed/messages.txt")
	if err != nil {
		t.Fatal(err)
	}
	var cases []malformedCase
	for block := range strings.SplitSeq(string(text), "\n## ") {
		if strings.HasPrefix(block, "#") {
			continue // the explanation at the top
		}
		title, rest, _ := strings.Cut(block, "\n")
		parts := strings.Split(title, " | ")
		if len(parts) != 4 {
			t.Fatalf("%q: want name | transport | verdict | point", title)
		}
		c := malformedCase{name: parts[0], transport: parts[1], verdict: parts[2], point: parts[3]}
		for strings.HasPrefix(rest, "? ") || strings.HasPrefix(rest, "! ") {
			line, after, _ := strings.Cut(rest, "\n")
			if line[0] == '?' {
				c.has = append(c.has, expand(t, line[2:]))
			} else {
				c.hasNot = append(c.hasNot, expand(t, line[2:]))
			}
			rest = after
		}
		c.raw = []byte(wireForm(t, rest))
		cases = append(cases, c)
	}
	return cases
}

var (
	repeats = regexp.MustCompile(`\{(\d+)\*([^}]*)\}`)
	escapes = regexp.MustCompile(`\\(x[0-9a-f]{2}|.)`)
)

// expand undoes escapes and repetitions.
func expand(t testing.TB, s string) string {
	s = repeats.ReplaceAllStringFunc(s, func(r string) string {
		m := repeats.FindStringSubmatch(r)
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		return strings.Repeat(m[2], n)
	})
	return escapes.ReplaceAllStringFunc(s, func(e string) string {
		switch e[1] {
		case 'n':
			return "\n"
		case 'r':
			return "\r"
		case 't':
			return "\t"
		case '0':
			return "\x00"
		case 'x':
			n, err := strconv.ParseUint(e[2:], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			return string([]byte{byte(n)})
		}
		return e[1:]
	})
}

// wireForm turns the text of a message into its octets. The empty line between
// two messages of the file ends the header section, or follows a body.
func wireForm(t testing.TB, text string) string {
	head, body, hasBody := strings.Cut(strings.TrimRight(text, "\n"), "\n\n")
	if strings.Contains(head, `SIP/2.0\r\n`) { // it is to stay without its end
		return expand(t, head)
	}
	body = expand(t, strings.ReplaceAll(body, "\n", `\r\n`))
	head = strings.Replace(head, "auto", strconv.Itoa(len(body)), 1)
	head = expand(t, strings.ReplaceAll(head, "\n", `\r\n`))
	if !hasBody {
		return head + "\r\n\r\n"
	}
	return head + "\r\n\r\n" + body
}

func TestMalformedMessagesGetTheirVerdict(t *testing.T) {
	t.Parallel()
	names := make(map[string]bool)
	for _, c := range loadMalformed(t) {
		if names[c.name] {
			t.Errorf("%s: the name is taken", c.name)
		}
		names[c.name] = true
		v := inspect(c.raw, malformedSource, c.transport != "udp")
		got := strings.TrimSpace(fmt.Sprintf("%s %s", v.action, v.reason))
		if v.action == answerMessage {
			got = fmt.Sprintf("%d %s", v.code, v.reason)
		}
		if got != c.verdict {
			t.Errorf("%s: %s, want %s (%s)", c.name, got, c.verdict, c.point)
			continue
		}
		text := string(v.canonical) + string(v.answer)
		lines := strings.Split(text, "\r\n")
		for _, want := range c.has {
			if !slices.ContainsFunc(lines, func(l string) bool {
				start, goesOn := strings.CutSuffix(want, "…")
				return l == want || goesOn && strings.HasPrefix(l, start)
			}) {
				t.Errorf("%s: no line %q in\n%s", c.name, want, text)
			}
		}
		for _, not := range c.hasNot {
			if strings.Contains(text, not) {
				t.Errorf("%s: %q in\n%s", c.name, not, text)
			}
		}
		checkAnswer(t, c.name, c.raw, v)
	}
	if len(names) < 61 {
		t.Errorf("%d messages, want one for each of the 61 of the RFCs at least", len(names))
	}
}

// checkAnswer fails the test if an answer could not be read, is no answer to
// raw or is so long that it would amplify a flood.
func checkAnswer(t testing.TB, name string, raw []byte, v verdict) {
	t.Helper()
	if v.action != answerMessage {
		return
	}
	res, ok := readMessage(v.answer, true)
	if !ok || res.request || res.defect.code == 400 || res.code != v.code || len(res.vias) == 0 {
		t.Errorf("%s: answer is no well-formed response with %d and Via:\n%s", name, v.code, v.answer)
	}
	if len(v.answer) > len(raw)*3/2 {
		t.Errorf("%s: %d bytes answered with %d", name, len(raw), len(v.answer))
	}
}

// What passes keeps its meaning: sipgo reads the canonical form as the sender
// meant it, and the canonical form of the canonical form is itself.
func TestCanonicalFormIsStable(t *testing.T) {
	t.Parallel()
	for _, c := range loadMalformed(t) {
		checkCanonical(t, c.name, c.raw, c.transport != "udp")
	}
}

func checkCanonical(t testing.TB, name string, raw []byte, stream bool) {
	t.Helper()
	v := inspect(raw, malformedSource, stream)
	if v.action != passMessage {
		return
	}
	again := inspect(v.canonical, malformedSource, stream)
	if diff := cmp.Diff(string(v.canonical), string(again.canonical)); diff != "" {
		t.Errorf("%s: canonical form changes (-first +second):\n%s", name, diff)
	}
	read, err := msg.ParseMessage(v.canonical)
	if err != nil {
		t.Errorf("%s: sipgo: %v\n%s", name, err, v.canonical)
		return
	}
	m := v.message
	fromTag, _ := m.from.tag()
	toTag, _ := m.to.tag()
	sipgoFrom, _ := read.From().Params.Get("tag")
	sipgoTo, _ := read.To().Params.Get("tag")
	type meaning struct {
		CallID, FromTag, ToTag, Via, Seq, Body string
		Vias                                   int
	}
	want := meaning{m.callID, fromTag, toTag, strings.Trim(m.vias[0].sentBy(), "[]"), fmt.Sprint(m.seq, m.seqFor), string(m.body), len(m.vias)}
	host := read.Via().Host
	if m.vias[0].host[0] == '[' {
		want.Via, host = strings.Trim(m.vias[0].host, "[]"), strings.Trim(host, "[]")
	} else if p := read.Via().Port; p != 0 {
		host = net.JoinHostPort(host, strconv.Itoa(p))
	}
	got := meaning{read.CallID().Value(), sipgoFrom, sipgoTo, host, fmt.Sprint(read.CSeq().SeqNo, read.CSeq().MethodName), string(read.Body()), len(read.GetHeaders("Via"))}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: sipgo reads the message differently (-meant +read):\n%s\n%s", name, diff, v.canonical)
	}
}

func FuzzInspect(f *testing.F) {
	for _, c := range loadMalformed(f) {
		f.Add(c.raw, c.transport != "udp")
	}
	f.Fuzz(func(t *testing.T, raw []byte, stream bool) {
		checkAnswer(t, "input", raw, inspect(raw, malformedSource, stream))
		checkCanonical(t, "input", raw, stream)
	})
}
