package sip

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	msg "github.com/emiago/sipgo/sip"
)

// headersOf makes a message of name, value pairs.
func headersOf(nameValue ...string) message {
	req := msg.NewRequest(msg.INVITE, msg.Uri{Scheme: "sip", Host: "x"})
	for i := 0; i < len(nameValue); i += 2 {
		req.AppendHeader(msg.NewHeader(nameValue[i], nameValue[i+1]))
	}
	return req
}

func TestSessionAnswer(t *testing.T) {
	tests := map[string]struct {
		m       message
		code    int
		value   string // Session-Expires of the 2xx
		require bool
		refresh time.Duration
		expire  time.Duration
	}{
		"nobody speaks of it":                     {headersOf(), 0, "", false, 0, 0},
		"a proxy adds it, the caller cannot":      {headersOf("Session-Expires", "1800"), 0, "1800;refresher=uas", false, 900 * time.Second, 1768 * time.Second},
		"a proxy adds too little":                 {headersOf("Session-Expires", "10"), 0, "90;refresher=uas", false, 45 * time.Second, 60 * time.Second},
		"a proxy names a caller who cannot":       {headersOf("Session-Expires", "1800;refresher=uac"), 0, "1800;refresher=uas", false, 900 * time.Second, 1768 * time.Second},
		"the caller can, we propose":              {headersOf("Supported", "timer"), 0, "1800;refresher=uas", false, 900 * time.Second, 1768 * time.Second},
		"the caller can and lets us choose":       {headersOf("k", "timer", "x", "600"), 0, "600;refresher=uas", false, 300 * time.Second, 568 * time.Second},
		"the caller will refresh":                 {headersOf("Supported", "timer", "Session-Expires", "90;refresher=UAC"), 0, "90;refresher=uac", true, 0, 60 * time.Second},
		"the caller wants us to":                  {headersOf("Require", "timer", "Session-Expires", "120;refresher=uas"), 0, "120;refresher=uas", false, 60 * time.Second, 88 * time.Second},
		"longer than we keep":                     {headersOf("Supported", "timer", "Session-Expires", "36000"), 0, "1800;refresher=uas", false, 900 * time.Second, 1768 * time.Second},
		"longer because of a proxy":               {headersOf("Supported", "timer", "Session-Expires", "36000", "Min-SE", "3600"), 0, "3600;refresher=uas", false, 1800 * time.Second, 3568 * time.Second},
		"a minimum and no wish":                   {headersOf("Supported", "timer", "Min-SE", "3600"), 0, "3600;refresher=uas", false, 1800 * time.Second, 3568 * time.Second},
		"a minimum beyond reason":                 {headersOf("Supported", "timer", "Session-Expires", "99999999", "Min-SE", "99999999"), 0, "", false, 0, 0},
		"too little from one who can do better":   {headersOf("Supported", "timer", "Session-Expires", "89"), 422, "", false, 0, 0},
		"too little, with a minimum as senseless": {headersOf("Supported", "timer", "Session-Expires", "1", "Min-SE", "1"), 422, "", false, 0, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			terms, err := sessionTermsOf(tt.m)
			if err != nil {
				t.Fatal(err)
			}
			s, code := terms.answer()
			if code != tt.code || s.responseValue() != tt.value || s.needsRequire() != tt.require {
				t.Errorf("code %d, %q, require %v", code, s.responseValue(), s.needsRequire())
			}
			if s.refreshAfter() != tt.refresh || s.expireAfter() != tt.expire {
				t.Errorf("refresh after %s, expire after %s", s.refreshAfter(), s.expireAfter())
			}
			if code == 422 && s.minSEValue() != "90" {
				t.Errorf("Min-SE %s", s.minSEValue())
			}
		})
	}
	for _, bad := range []message{headersOf("Session-Expires", "soon"), headersOf("Session-Expires", "0"), headersOf("Session-Expires", "-1"), headersOf("Min-SE", "9999999999")} {
		if terms, err := sessionTermsOf(bad); !errors.Is(err, errHeader) {
			t.Errorf("read as %+v", terms)
		}
	}
}

func TestSessionOfOurCall(t *testing.T) {
	s := newSessionTimer()
	if s.requestValue() != "1800" || s.minSEValue() != "90" || s.refreshAfter() != 0 {
		t.Errorf("proposal %s, Min-SE %s", s.requestValue(), s.minSEValue())
	}
	tests := map[string]struct {
		m       message
		refresh string // Session-Expires of our next request
		after   time.Duration
	}{
		"no timer there":               {headersOf(), "", 0},
		"we refresh":                   {headersOf("Session-Expires", "1800;refresher=uac"), "1800;refresher=uac", 900 * time.Second},
		"nobody is named, so we do":    {headersOf("Session-Expires", "600"), "600;refresher=uac", 300 * time.Second},
		"they refresh":                 {headersOf("x", "600;refresher=uas"), "600;refresher=uas", 0},
		"less than anybody may ask":    {headersOf("Session-Expires", "2;refresher=uac"), "90;refresher=uac", 45 * time.Second},
		"a minimum in a 2xx is unread": {headersOf("Session-Expires", "600;refresher=uac", "Min-SE", "900"), "600;refresher=uac", 300 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			terms, err := sessionTermsOf(tt.m)
			if err != nil {
				t.Fatal(err)
			}
			got := s.agree(terms)
			if got.requestValue() != tt.refresh || got.refreshAfter() != tt.after {
				t.Errorf("%q after %s", got.requestValue(), got.refreshAfter())
			}
		})
	}
}

func TestSessionIntervalTooSmall(t *testing.T) {
	s := newSessionTimer()
	s, ok := s.raise(sessionTerms{minSE: 3600 * time.Second})
	if !ok || s.requestValue() != "3600" || s.minSEValue() != "3600" {
		t.Fatalf("after 422: %s, Min-SE %s, %v", s.requestValue(), s.minSEValue(), ok)
	}
	for name, minSE := range map[string]time.Duration{"the same again": 3600 * time.Second, "nothing": 0, "beyond reason": 48 * time.Hour} {
		if _, ok := s.raise(sessionTerms{minSE: minSE}); ok {
			t.Errorf("422 with %s taken", name)
		}
	}
	again := 0
	for ; ok; again++ {
		s, ok = s.raise(sessionTerms{minSE: s.interval + time.Second})
	}
	if again != sessionRaises { // the last one is refused
		t.Errorf("the first of %d 422 too many is number %d", sessionRaises, again+1)
	}
}

// Both sides come to the same interval and never both refresh, nor neither; who
// refreshes does so before the other gives up.
func TestSessionSidesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		terms := sessionTerms{
			interval:  time.Duration(rapid.IntRange(0, 100_000).Draw(t, "interval")) * time.Second,
			minSE:     time.Duration(rapid.IntRange(0, 5_000).Draw(t, "min")) * time.Second,
			refresher: rapid.SampledFrom([]string{"", "uac", "uas", "x"}).Draw(t, "refresher"),
			supported: rapid.Bool().Draw(t, "supported"),
		}
		ours, code := terms.answer()
		if code != 0 {
			return
		}
		var said sessionTerms
		if v := ours.responseValue(); v != "" {
			var err error
			if said.interval, said.refresher, err = parseSessionExpires(v); err != nil {
				t.Fatal(err)
			}
		}
		theirs := newSessionTimer().agree(said)
		if theirs.interval != ours.interval {
			t.Fatalf("%s here, %s there", ours.interval, theirs.interval)
		}
		if ours.interval == 0 {
			return
		}
		if ours.interval < sessionMinimum || ours.interval < terms.minSE || (ours.refreshAfter() > 0) == (theirs.refreshAfter() > 0) {
			t.Fatalf("here %+v, there %+v", ours, theirs)
		}
		if refresh := max(ours.refreshAfter(), theirs.refreshAfter()); refresh >= ours.expireAfter() {
			t.Fatalf("refresh after %s, expired after %s", refresh, ours.expireAfter())
		}
	})
}

func TestRefreshMethod(t *testing.T) {
	if m := refreshMethod([]string{"INVITE", "update"}); m != "UPDATE" {
		t.Errorf("with UPDATE in Allow: %s", m)
	}
	if m := refreshMethod(nil); m != "INVITE" {
		t.Errorf("without Allow: %s", m)
	}
}
