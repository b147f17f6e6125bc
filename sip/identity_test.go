package sip

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestNumber(t *testing.T) {
	beijing := NumberingPlan{Country: "CN", AreaCode: "10"}
	tests := map[string]struct {
		plan         NumberingPlan
		number, want string
	}{
		"international":                           {beijing, "+861055550100", "+861055550100"},
		"with visual separators":                  {beijing, "+86-10-5555.0100", "+861055550100"},
		"of another country":                      {beijing, "+12025550100", "+12025550100"},
		"international that no table knows yet":   {beijing, "+15550100", "+15550100"},
		"with the prefix of international calls":  {beijing, "0012025550100", "+12025550100"},
		"national with trunk prefix":              {beijing, "01055550100", "+861055550100"},
		"national without trunk prefix":           {beijing, "1055550100", "+861055550100"},
		"mobile":                                  {beijing, "13800138000", "+8613800138000"},
		"local to the trunk's area":               {beijing, "55550100", "+861055550100"},
		"local and the area unknown":              {NumberingPlan{Country: "CN"}, "55550100", "55550100"},
		"national and the country unknown":        {NumberingPlan{}, "01055550100", "01055550100"},
		"American national":                       {NumberingPlan{Country: "US"}, "2025550100", "+12025550100"},
		"global phone-context":                    {beijing, "5550100;phone-context=+1202", "+12025550100"},
		"domain as phone-context":                 {beijing, "1001;phone-context=pbx.example.com", "1001"},
		"parameters that say nothing of a number": {beijing, "+861055550100;isub=1;ext=5", "+861055550100"},
		"zeros behind the country code":           {beijing, "+4600000009", "+46000009"},
		"trunk prefix behind the country code":    {beijing, "+86010 5555 0100", "+861055550100"},
		"hotline":                                 {beijing, "12345", "12345"},
		"police":                                  {beijing, "110", "110"},
		"extension":                               {beijing, "1001", "1001"},
		"code in a plan of its own":               {NumberingPlan{}, "95588", "95588"},
		"longer than E.164":                       {beijing, "+8610555501000000", ""},
		"longer than anything":                    {beijing, strings.Repeat("1", 19), ""},
		"country that does not exist":             {beijing, "+999123456", ""},
		"name":                                    {beijing, "clerk", ""},
		"digits of another script":                {beijing, "١٢٣٤٥٦٧", ""},
		"feature code":                            {beijing, "*45", ""},
		"plus alone":                              {beijing, "+", ""},
		"two pluses":                              {beijing, "++861055550100", ""},
		"nothing":                                 {beijing, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.plan.Number(tt.number); got != tt.want {
				t.Errorf("Number(%q) = %q, want %q", tt.number, got, tt.want)
			}
		})
	}
}

func TestNumberIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plan := NumberingPlan{Country: rapid.SampledFrom([]string{"", "CN", "US"}).Draw(t, "country")}
		n := plan.Number(rapid.StringMatching(`\+?[0-9() .-]{0,20}(;phone-context=\+?[0-9a-z.]{0,5})?`).Draw(t, "number"))
		if len(n) > 1+longestNumber+longestPrefix || strings.Trim(strings.TrimPrefix(n, "+"), "0123456789") != "" {
			t.Fatalf("%q is no number", n)
		}
		if strings.HasPrefix(n, "+") && plan.Number(n) != n {
			t.Fatalf("%q becomes %q the second time", n, plan.Number(n))
		}
	})
}

func TestCallerID(t *testing.T) {
	plan := NumberingPlan{Country: "CN", AreaCode: "10"}
	tests := map[string]struct {
		h       callerHeaders
		trusted bool
		want    CallerID
	}{
		"From of a trunk": {
			callerHeaders{From: `"Li" <sip:01055550100@203.0.113.5;user=phone>;tag=x`}, true,
			CallerID{E164: "+861055550100", Display: "Li", Raw: "sip:01055550100@203.0.113.5;user=phone", Source: "From"},
		},
		"From as tel": {
			callerHeaders{From: `<tel:+86-10-5555-0100>;tag=x`}, true,
			CallerID{E164: "+861055550100", Raw: "tel:+86-10-5555-0100", Source: "From"},
		},
		"From of a phone": {
			callerHeaders{From: `sip:1001@pbx.example.com;tag=x`}, false,
			CallerID{E164: "1001", Raw: "sip:1001@pbx.example.com", Source: "From"},
		},
		"From with a name": {
			callerHeaders{From: `<sip:clerk@example.com>;tag=x`}, false,
			CallerID{Raw: "sip:clerk@example.com", Source: "From"},
		},
		"From that is junk": {callerHeaders{From: `<<<`}, false, CallerID{Source: "From"}},
		"PAI of a trunk": {
			callerHeaders{From: `"Wang" <sip:4711@203.0.113.5>`, PAI: []string{`<sip:+861055550100@ims.example.com>`}, PPI: []string{"<tel:+861055550199>"}}, true,
			CallerID{E164: "+861055550100", Display: "Wang", Raw: "sip:+861055550100@ims.example.com", Source: "PAI", Verified: true},
		},
		"two PAI, the one with a number": {
			callerHeaders{PAI: []string{`"Wang" <sip:clerk@example.com>`, `<tel:+861055550100>`}}, true,
			CallerID{E164: "+861055550100", Raw: "tel:+861055550100", Source: "PAI", Verified: true},
		},
		"PAI of anybody else is ignored": {
			callerHeaders{From: `<sip:1001@pbx.example.com>`, PAI: []string{`<sip:110@example.com>`}, RPID: []string{`<sip:110@example.com>;screen=yes`}, PPI: []string{`<sip:110@example.com>`}, Diversion: []string{"<sip:119@example.com>"}}, false,
			CallerID{E164: "1001", Raw: "sip:1001@pbx.example.com", Source: "From"},
		},
		"RPID screened": {
			callerHeaders{RPID: []string{`"Wang" <sip:01055550100@example.com>;party=calling;screen=yes;privacy=off`}}, true,
			CallerID{E164: "+861055550100", Display: "Wang", Raw: "sip:01055550100@example.com", Source: "RPID", Verified: true},
		},
		"RPID withheld and unscreened": {
			callerHeaders{RPID: []string{`<sip:01055550100@example.com>;screen=no;privacy=full`}}, true,
			CallerID{Raw: "sip:01055550100@example.com", Source: "RPID", Private: true},
		},
		"PPI is the caller's own word": {
			callerHeaders{From: "<sip:1@example.com>", PPI: []string{`<tel:+861055550100>`}}, true,
			CallerID{E164: "+861055550100", Raw: "tel:+861055550100", Source: "PPI"},
		},
		"withheld, the trunk's PAI kept for the police": {
			callerHeaders{From: `"Anonymous" <sip:anonymous@anonymous.invalid>`, Privacy: "id;critical", PAI: []string{`"Wang" <tel:+861055550100>`}}, true,
			CallerID{Raw: "tel:+861055550100", Source: "PAI", Private: true, Verified: true},
		},
		"withheld by Privacy: user from a phone": {
			callerHeaders{From: `"Li" <sip:1001@pbx.example.com>`, Privacy: "user"}, false,
			CallerID{Raw: "sip:1001@pbx.example.com", Source: "From", Private: true},
		},
		"Privacy: none withholds nothing": {
			callerHeaders{From: `<sip:1001@pbx.example.com>`, Privacy: "none"}, false,
			CallerID{E164: "1001", Raw: "sip:1001@pbx.example.com", Source: "From"},
		},
		"Restricted of an old gateway": {
			callerHeaders{From: `<sip:Restricted@203.0.113.5>`}, true,
			CallerID{Raw: "sip:Restricted@203.0.113.5", Source: "From", Private: true},
		},
		"signature checked by the trunk": {
			callerHeaders{From: `<sip:+12025550100;verstat=TN-Validation-Passed@203.0.113.5;user=phone>`}, true,
			CallerID{E164: "+12025550100", Raw: "sip:+12025550100;verstat=TN-Validation-Passed@203.0.113.5;user=phone", Source: "From", Verified: true},
		},
		"signature that failed": {
			callerHeaders{PAI: []string{`<tel:+12025550100;verstat=TN-Validation-Failed>`}}, true,
			CallerID{E164: "+12025550100", Raw: "tel:+12025550100;verstat=TN-Validation-Failed", Source: "PAI"},
		},
		"signature claimed by a phone": {
			callerHeaders{From: `<tel:+12025550100;verstat=TN-Validation-Passed>`}, false,
			CallerID{E164: "+12025550100", Raw: "tel:+12025550100;verstat=TN-Validation-Passed", Source: "From"},
		},
		"diverted twice, the top was last": {
			callerHeaders{From: `<tel:+861055550100>`, Diversion: []string{`<sip:01055550102@example.com>;reason=no-answer`, `<tel:+861055550101>;reason=user-busy`}}, true,
			CallerID{E164: "+861055550100", Raw: "tel:+861055550100", Source: "From", Diverted: []string{"+861055550101", "+861055550102"}},
		},
		"History-Info of RFC 7044": {
			callerHeaders{From: `<tel:+861055550100>`, HistoryInfo: []string{`<sip:+861055550101@example.com>;index=1`, `<sip:+861055550102@example.com;cause=302>;index=1.1;mp=1`, `<sip:12345@pbx;cause=408>;index=1.1.1`}}, true,
			CallerID{E164: "+861055550100", Raw: "tel:+861055550100", Source: "From", Diverted: []string{"+861055550101", "+861055550102"}},
		},
		"History-Info of RFC 4244": {
			callerHeaders{From: `<tel:+861055550100>`, HistoryInfo: []string{`<sip:desk@example.com?Reason=SIP%3Bcause%3D302>;index=1`, `<sip:12345@pbx>;index=1.1`}}, true,
			CallerID{E164: "+861055550100", Raw: "tel:+861055550100", Source: "From", Diverted: []string{"sip:desk@example.com"}},
		},
		"display name that turns the page around": {
			callerHeaders{From: "\"\u202eevil\x00\x1b[31m\xff\" <sip:1001@pbx.example.com>"}, false,
			CallerID{E164: "1001", Display: "evil[31m", Raw: "sip:1001@pbx.example.com", Source: "From"},
		},
		"display name without end": {
			callerHeaders{From: `"` + strings.Repeat("王", 500) + `" <sip:1001@pbx.example.com>`}, false,
			CallerID{E164: "1001", Display: strings.Repeat("王", 64), Raw: "sip:1001@pbx.example.com", Source: "From"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, callerID(tt.h, plan, tt.trusted)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestDiversionsAreBounded(t *testing.T) {
	var h callerHeaders
	for i := range 100 {
		h.Diversion = append(h.Diversion, "<sip:1"+strings.Repeat("0", i%8)+"@example.com>", "<sip:a"+strings.Repeat("b", i)+"@example.com>")
	}
	if got := diverted(h, NumberingPlan{}); len(got) != maxDiversions {
		t.Errorf("%d diversions kept", len(got))
	}
}

func TestCallerIDMasksItself(t *testing.T) {
	var b bytes.Buffer
	who := CallerID{E164: "+861055550123", Display: "Li +861055550123", Raw: "tel:+861055550123", Source: "PAI", Diverted: []string{"+861055550123"}}
	slog.New(slog.NewTextHandler(&b, nil)).Info("call", "caller", who)
	if line := b.String(); strings.Contains(line, "5550123") || !strings.Contains(line, "caller.number=**********123") {
		t.Errorf("log line %s", line)
	}
	if maskNumber("12345") != "12345" {
		t.Error("a hotline's number is hidden")
	}
}

// The most a request within the limits can ask for; it must cost less than 1 ms.
func BenchmarkHostileCaller(b *testing.B) {
	h := callerHeaders{From: `"x" <sip:95105555@x>`}
	for i := range maxHeaderValues {
		h.PAI = append(h.PAI, "<sip:clerk@x>")
		h.Diversion = append(h.Diversion, fmt.Sprintf("<sip:%d@x>", 95_105_000+i))
	}
	h.RPID, h.PPI, h.HistoryInfo = h.PAI, h.PAI, h.Diversion
	b.ReportAllocs()
	for b.Loop() {
		callerID(h, NumberingPlan{Country: "CN", AreaCode: "10"}, true)
	}
}
