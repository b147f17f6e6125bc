package sip_test

import (
	"strings"
	"testing"

	"shouwen/sip"
	"shouwen/sip/siptest"
)

// TestDialingHeaders: a phone that rings is told what its caller wants it to know,
// in one line each; what is no field for that is refused.
func TestDialingHeaders(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone(t, "1001", siptest.Config{Manual: true})
	dial := func(headers map[string]string) (*sip.Leg, error) {
		return b.ua.Dial(b.ua.Contacts("1001")[0], sip.Dialing{Caller: "+861055550100", Log: testLog(), Headers: headers, Events: func(sip.Event) {}})
	}
	leg, err := dial(map[string]string{
		sip.HeaderCase: "261123-1-0001\r\nRoute: <sip:evil@192.0.2.1>", sip.HeaderReferredBy: "1002", sip.HeaderAlertInfo: "<urn:alert:service:call-waiting>",
	})
	if err != nil {
		t.Fatal(err)
	}
	invite := p.Expect("INVITE")
	for name, want := range map[string]string{
		"X-Shouwen-Case": "261123-1-0001Route: <sip:evil@192.0.2.1>", "Referred-By": "<sip:1002@" + domain + ">",
		"Alert-Info": "<urn:alert:service:call-waiting>", "Route": "",
	} {
		if got := invite.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	leg.Hangup(sip.Hangup{})
	for name, headers := range map[string]map[string]string{
		"another field":    {"Route": "<sip:192.0.2.1>"},
		"a name with CRLF": {"X-Shouwen-Case\r\nRoute": "x"},
		"no user":          {sip.HeaderReferredBy: "1002@elsewhere>"},
	} {
		if leg, err := dial(headers); err == nil {
			t.Errorf("%s: accepted", name)
			leg.Hangup(sip.Hangup{})
		} else if strings.ContainsAny(err.Error(), "\r\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
