package sip

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	msg "github.com/emiago/sipgo/sip"
)

var cmpHeader = cmp.AllowUnexported(nameAddr{}, sipURI{}, headerParam{}, referTo{}, Replaces{}, reason{}, contactInfo{})

func TestHdrJoinsRepeatsAndCompactNames(t *testing.T) {
	raw := strings.Join([]string{
		"INVITE sip:12345@192.0.2.1 SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK1", "f: <sip:1001@192.0.2.2>;tag=1",
		"To: <sip:12345@192.0.2.1>", "Call-ID: 1", "CSeq: 1 INVITE", "k: timer, 100rel", "SUPPORTED: replaces", "Supported:",
		`P-Asserted-Identity: "A, \"B\"" <sip:+861055550100@x>, <tel:+861055550100>`, "r: <sip:2@x>", "Content-Length: 0", "", "",
	}, "\r\n")
	m, err := msg.ParseMessage([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	req := m.(*msg.Request)
	if got := hdr(req, "Supported", "k"); !slices.Equal(got, []string{"timer", "100rel", "replaces"}) || !hasToken(got, "Timer") || hasToken(got, "time") {
		t.Errorf("Supported: %q", got)
	}
	if got := firstHdr(req, "Refer-To", "r"); got != "<sip:2@x>" {
		t.Errorf("Refer-To: %q", got)
	}
	if got := hdr(req, "Require", ""); got != nil || firstHdr(req, "Require", "") != "" {
		t.Errorf("Require: %q", got)
	}
	who := callerID(callerHeadersOf(req), NumberingPlan{}, true)
	if who.E164 != "+861055550100" || who.Display != `A, "B"` || who.Source != "PAI" {
		t.Errorf("caller %+v", who)
	}
}

func TestHdrIsBounded(t *testing.T) {
	req := msg.NewRequest(msg.INVITE, msg.Uri{Scheme: "sip", Host: "x"})
	for range 20 {
		req.AppendHeader(msg.NewHeader("Supported", strings.Repeat("a,", 50)))
	}
	if n := len(hdr(req, "Supported", "k")); n != maxHeaderValues {
		t.Errorf("%d elements", n)
	}
}

func TestSplitOutside(t *testing.T) {
	tests := map[string]struct {
		in   string
		want []string
	}{
		"plain list":                 {"a, b ,c", []string{"a", "b", "c"}},
		"empty elements":             {" ,a,, ", []string{"a"}},
		"comma in quotes":            {`"a,b" <x>, c`, []string{`"a,b" <x>`, "c"}},
		"escaped quote":              {`"a\",b", c`, []string{`"a\",b"`, "c"}},
		"comma in angle brackets":    {"<sip:a,b@x>,c", []string{"<sip:a,b@x>", "c"}},
		"quote that never closes":    {`a, "b,c`, []string{"a", `"b,c`}},
		"bracket that never closes":  {"<a,b", []string{"<a,b"}},
		"backslash at the end":       {`"a\`, []string{`"a\`}},
		"nothing":                    {"", nil},
		"separator at the very last": {"a,", []string{"a"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := splitOutside(tt.in, ','); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestParseNameAddr(t *testing.T) {
	tests := map[string]struct {
		in   string
		want nameAddr
	}{
		"quoted name, parameters inside and out": {
			`"J \"R\" <x>" <sips:jr;a=b:secret@[2001:DB8::1]:5061;transport=tcp>;tag=1;Q="a;b"`,
			nameAddr{
				display: `J "R" <x>`,
				uri:     sipURI{scheme: "sips", user: "jr;a=b", host: "[2001:db8::1]", params: headerParams{{"transport", "tcp"}}, text: "sips:jr;a=b:secret@[2001:DB8::1]:5061;transport=tcp"},
				params:  headerParams{{"tag", "1"}, {"Q", "a;b"}},
			},
		},
		"bare address: the parameters are the header's": {
			"sip:1001@Example.COM;tag=1",
			nameAddr{uri: sipURI{scheme: "sip", user: "1001", host: "example.com", text: "sip:1001@Example.COM"}, params: headerParams{{"tag", "1"}}},
		},
		"name of several words, no user": {
			"Front Desk <sip:example.com>",
			nameAddr{display: "Front Desk", uri: sipURI{scheme: "sip", host: "example.com", text: "sip:example.com"}},
		},
		"escaped user": {
			"<sip:%31%30%30%31@x>",
			nameAddr{uri: sipURI{scheme: "sip", user: "1001", host: "x", text: "sip:%31%30%30%31@x"}},
		},
		"tel": {
			"<TEL:+1-202-555-0100;ext=5>",
			nameAddr{uri: sipURI{scheme: "tel", user: "+1-202-555-0100", params: headerParams{{"ext", "5"}}, text: "TEL:+1-202-555-0100;ext=5"}},
		},
		"a scheme of others": {"<urn:service:sos>", nameAddr{uri: sipURI{scheme: "urn", text: "urn:service:sos"}}},
		"headers, one with an @": {
			"<sip:x?Subject=a%20b&To=c@d>",
			nameAddr{uri: sipURI{scheme: "sip", host: "x", text: "sip:x", headers: headerParams{{"Subject", "a b"}, {"To", "c@d"}}}},
		},
		"user with a question mark": {
			"<sip:who?@x>",
			nameAddr{uri: sipURI{scheme: "sip", user: "who?", host: "x", text: "sip:who?@x"}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseNameAddr(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got, cmpHeader); d != "" {
				t.Error(d)
			}
		})
	}
	for _, bad := range []string{"", "clerk", "<sip:a@b", `"a" b`, "<>", "<sip:>", "<sip:a@>", "sip:a b@c", "<sip:a@[::1>", `"open <sip:a@b>`} {
		if a, err := parseNameAddr(bad); !errors.Is(err, errHeader) {
			t.Errorf("%q read as %+v", bad, a)
		}
	}
}

func TestParseReferTo(t *testing.T) {
	tests := map[string]struct {
		in       string
		user     string
		replaces *Replaces
	}{
		"blind":           {"<sip:102@pbx.example.com>", "102", nil},
		"blind, bare":     {"sip:102@pbx.example.com", "102", nil},
		"attended":        {"<sip:101@pbx?Replaces=a1%40192.0.2.1%3Bto-tag%3Dours%3Bfrom-tag%3Dtheirs>", "101", &Replaces{"a1@192.0.2.1", "ours", "theirs", false}},
		"attended, early": {"<sip:101@pbx;method=INVITE?X=y&replaces=a1%3Bfrom-tag%3D1%3Bto-tag%3D2%3Bearly-only>", "101", &Replaces{"a1", "2", "1", true}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseReferTo(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if got.uri.user != tt.user {
				t.Errorf("user %q", got.uri.user)
			}
			if d := cmp.Diff(tt.replaces, got.replaces, cmpHeader); d != "" {
				t.Error(d)
			}
		})
	}
	for _, bad := range []string{"", "<sip:101@pbx?Replaces=a1>", "<sip:101@pbx?Replaces=a1%3Bto-tag%3D1>", "<sip:101@pbx?Replaces=%3Bto-tag%3D1%3Bfrom-tag%3D2>", "<sip:101@pbx;method=BYE>"} {
		if to, err := parseReferTo(bad); !errors.Is(err, errHeader) {
			t.Errorf("%q read as %+v", bad, to)
		}
	}
}

func TestReason(t *testing.T) {
	tests := map[string]struct {
		header string
		want   []reason
	}{
		"of a CANCEL": {reasonHeader(200, "Call completed elsewhere"), []reason{{"SIP", 200, "Call completed elsewhere"}}},
		"of a BYE":    {reasonHeader(16, `say "so" \ or`), []reason{{"Q.850", 16, `say "so" \ or`}}},
		"several":     {`SIP;cause=580;text="a, b", Q.850 ;cause=16`, []reason{{"SIP", 580, "a, b"}, {"Q.850", 16, ""}}},
		"unreadable":  {`SIP, ;cause=1, Q.850;cause=x`, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, parseReasons(splitOutside(tt.header, ',')), cmpHeader); d != "" {
				t.Error(d)
			}
		})
	}
	if got, want := reasonHeader(200, "Call completed elsewhere"), `SIP;cause=200;text="Call completed elsewhere"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParseRAck(t *testing.T) {
	rseq, cseq, method, err := parseRAck("776656 1 INVITE")
	if err != nil || rseq != 776656 || cseq != 1 || method != "INVITE" {
		t.Errorf("%d %d %s, %v", rseq, cseq, method, err)
	}
	for _, bad := range []string{"", "1 2", "0 1 INVITE", "4294967296 1 INVITE", "1 2147483648 INVITE", "-1 1 INVITE"} {
		if _, _, _, err := parseRAck(bad); !errors.Is(err, errHeader) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestParseContact(t *testing.T) {
	tests := map[string]struct {
		in   string
		want contactInfo
	}{
		"nothing said": {"<sip:1001@192.0.2.1:5062;transport=tcp>", contactInfo{expires: -1, q: 1000}},
		"everything said": {
			`<sip:1001@192.0.2.1:5062;transport=tcp>;expires=60;q=0.7;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>";reg-id=1`,
			contactInfo{expires: 60, q: 700, instance: "urn:uuid:00000000-0000-1000-8000-000A95A0E128", regID: 1},
		},
		"expiry beyond reason":   {"<sip:1001@192.0.2.1:5062;transport=tcp>;expires=99999999999", contactInfo{expires: 1<<31 - 1, q: 1000}},
		"expiry that is no time": {"<sip:1001@192.0.2.1:5062;transport=tcp>;expires=soon", contactInfo{expires: 3600, q: 1000}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseContact(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if got.uri.text != "sip:1001@192.0.2.1:5062;transport=tcp" {
				t.Errorf("URI %q", got.uri.text)
			}
			got.uri = sipURI{}
			if d := cmp.Diff(tt.want, got, cmpHeader); d != "" {
				t.Error(d)
			}
		})
	}
	for _, bad := range []string{"*", "<sip:a@b>;q=2", "<sip:a@b>;q=NaN", "<sip:a@b>;q=x"} {
		if c, err := parseContact(bad); !errors.Is(err, errHeader) {
			t.Errorf("%q read as %+v", bad, c)
		}
	}
}

func TestSafeText(t *testing.T) {
	tests := map[string]struct {
		limit    int
		in, want string
	}{
		"plain":               {9, " 王 Wang ", "王 Wang"},
		"breaks lines":        {256, "a\r\nBcc: x\u0085y\u2028z", "aBcc: xyz"},
		"escape sequence":     {256, "\x1b[2J\x9b", "[2J"},
		"turns around":        {256, "a\u202e\u2066b\u200f", "ab"},
		"NUL, broken UTF-8":   {256, "a\x00b\xc3", "ab"},
		"longer than allowed": {4, strings.Repeat("é", 9), "éééé"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := safeText(tt.in, tt.limit); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzHeaders(f *testing.F) {
	for _, s := range []string{
		`"A, \"B\"" <sip:+861055550100@x;user=phone?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2>;tag=1;expires=60;q=0.5`,
		`<tel:5550100;phone-context=+1202>, <sip:a@b>`, `SIP;cause=200;text="x"`, "1800;refresher=uac", "776656 1 INVITE", "\"\\", "<sip:%zz@[::1]:x>", "id;user",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, e := range splitOutside(s, ',') {
			if strings.TrimSpace(e) == "" || len(e) > len(s) {
				t.Errorf("element %q of %q", e, s)
			}
		}
		_, _ = parseReferTo(s)
		_, _ = parseContact(s)
		_, _, _, _ = parseRAck(s)
		list := splitOutside(s, ',')
		who := callerID(callerHeaders{From: s, PAI: list, RPID: list, Privacy: s, Diversion: list, HistoryInfo: list}, NumberingPlan{Country: "CN", AreaCode: "10"}, true)
		texts := append([]string{who.E164, who.Display, who.Raw, safeText(s, maxHeaderText), reasonHeader(200, s)}, who.Diverted...)
		for _, r := range parseReasons(list) {
			texts = append(texts, r.protocol, r.text)
		}
		for _, text := range texts {
			if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }) {
				t.Errorf("unsafe %q of %q", text, s)
			}
			if n := utf8.RuneCountInString(text); n > 2*maxHeaderText+32 { // all of a quoted text escaped
				t.Errorf("%d runes", n)
			}
		}
		if again := parseReasons([]string{reasonHeader(16, s)}); len(again) != 1 || again[0].text != safeText(s, maxHeaderText) {
			t.Errorf("reason %q comes back as %+v", s, again)
		}
	})
}
