package sip

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"shouwen/sip/media"
)

const (
	cmKey  = "WnD7c1ksDGs+dIefCEo8omPg4uO8DYIinNGL5yxQ"
	gcmKey = "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3Bxcg=="
)

func TestParseCrypto(t *testing.T) {
	tests := map[string]struct {
		value string
		suite media.Suite // NoSuite: refused
	}{
		"RFC 4568's example":                  {"1 AES_CM_128_HMAC_SHA1_80 inline:" + cmKey + "|2^20", media.SuiteCM},
		"lifetime in packets":                 {"999999999 AES_CM_128_HMAC_SHA1_80 inline:" + cmKey + "|1066", media.SuiteCM},
		"GCM":                                 {"2 AEAD_AES_128_GCM inline:" + gcmKey, media.SuiteGCM},
		"GCM without padding":                 {"2 AEAD_AES_128_GCM inline:" + strings.TrimRight(gcmKey, "="), media.SuiteGCM},
		"window size, a hint":                 {"1 AES_CM_128_HMAC_SHA1_80 inline:" + cmKey + " WSH=64", media.SuiteCM},
		"parameter that may be ignored":       {"1 AES_CM_128_HMAC_SHA1_80 inline:" + cmKey + " -X=1", media.SuiteCM},
		"MKI":                                 {"1 AES_CM_128_HMAC_SHA1_80 inline:" + cmKey + "|2^20|1:4", 0},
		"MKI without lifetime":                {"1 AES_CM_128_HMAC_SHA1_80 inline:" + cmKey + "|1:4", 0},
		"two keys":                            {"1 AES_CM_128_HMAC_SHA1_80 inline:" + cmKey + ";inline:" + cmKey, 0},
		"no encryption":                       {"1 AES_CM_128_HMAC_SHA1_80 inline:" + cmKey + " UNENCRYPTED_SRTP", 0},
		"key derivation rate":                 {"1 AES_CM_128_HMAC_SHA1_80 inline:" + cmKey + " KDR=1", 0},
		"tag of 32 bits":                      {"1 AES_CM_128_HMAC_SHA1_32 inline:" + cmKey, 0},
		"suite nobody knows":                  {"1 F8_128_HMAC_SHA1_80 inline:" + cmKey, 0},
		"key too short":                       {"1 AES_CM_128_HMAC_SHA1_80 inline:" + cmKey[4:], 0},
		"key of the other suite":              {"1 AEAD_AES_128_GCM inline:" + cmKey, 0},
		"no base64":                           {"1 AES_CM_128_HMAC_SHA1_80 inline:" + strings.Repeat("*", 40), 0},
		"tag too long":                        {"1000000000 AES_CM_128_HMAC_SHA1_80 inline:" + cmKey, 0},
		"tag no number":                       {"x AES_CM_128_HMAC_SHA1_80 inline:" + cmKey, 0},
		"another method":                      {"1 AES_CM_128_HMAC_SHA1_80 uri:" + cmKey, 0},
		"nothing":                             {"", 0},
		"suite only":                          {"1 AES_CM_128_HMAC_SHA1_80", 0},
		"as it is written by some, lowercase": {"1 aes_cm_128_hmac_sha1_80 inline:" + cmKey, media.SuiteCM},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, ok := parseCrypto(tt.value)
			if c.key.Suite != tt.suite || ok != (tt.suite != media.NoSuite) {
				t.Fatalf("%+v, %v", c, ok)
			}
			if back, again := parseCrypto(c.String()); ok && (back != c || !again) {
				t.Errorf("written and read it is %+v", back)
			}
		})
	}
	rapid.Check(t, func(t *rapid.T) { parseCrypto(rapid.String().Draw(t, "value")) })
}

// exchangeOf is newTestExchange with SRTP as policy says.
func exchangeOf(policy SRTP) *offerAnswer {
	o := newTestExchange()
	o.srtp = policy
	return o
}

// protoOf returns profile and suites of the audio in d, "" for none.
func protoOf(d description, at int) (profile, suites string) {
	m := d.media[at]
	var names []string
	for _, v := range m.crypto {
		c, ok := parseCrypto(v)
		if !ok {
			names = append(names, "unreadable")
		}
		names = append(names, c.key.Suite.String())
	}
	return m.proto, strings.Join(names, " ")
}

const (
	plainLine = "m=audio 4000 RTP/AVP 8\r\n"
	safeLine  = "m=audio 4002 RTP/SAVP 8\r\n"
	cmLine    = "a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:" + cmKey + "\r\n"
	gcmLine   = "a=crypto:3 AEAD_AES_128_GCM inline:" + gcmKey + "\r\n"
	oddLine   = "a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:" + cmKey + "\r\n"
)

// TestSRTPOffers: what an offer gets, by our policy.
func TestSRTPOffers(t *testing.T) {
	tests := map[string]struct {
		offer string
		off   string // profile and suite of the answer, with the m-line's index; "": 488
		offer2,
		require string
	}{
		"plain RTP":                             {plainLine, "0 RTP/AVP ", "0 RTP/AVP ", ""},
		"SRTP":                                  {safeLine + cmLine, "", "0 RTP/SAVP AES_CM_128_HMAC_SHA1_80", "0 RTP/SAVP AES_CM_128_HMAC_SHA1_80"},
		"GCM":                                   {safeLine + gcmLine, "", "0 RTP/SAVP AEAD_AES_128_GCM", "0 RTP/SAVP AEAD_AES_128_GCM"},
		"the offerer's order":                   {safeLine + oddLine + cmLine + gcmLine, "", "0 RTP/SAVP AES_CM_128_HMAC_SHA1_80", "0 RTP/SAVP AES_CM_128_HMAC_SHA1_80"},
		"keys in a plain line":                  {plainLine + gcmLine, "0 RTP/AVP ", "0 RTP/AVP AEAD_AES_128_GCM", "0 RTP/AVP AEAD_AES_128_GCM"},
		"no suite in common":                    {safeLine + oddLine, "", "", ""},
		"no suite in common, in a plain line":   {plainLine + oddLine, "0 RTP/AVP ", "0 RTP/AVP ", ""},
		"no keys at all":                        {safeLine, "", "", ""},
		"two lines, the secure one second":      {plainLine + safeLine + cmLine, "0 RTP/AVP ", "1 RTP/SAVP AES_CM_128_HMAC_SHA1_80", "1 RTP/SAVP AES_CM_128_HMAC_SHA1_80"},
		"two lines, the secure one unusable":    {safeLine + oddLine + plainLine, "1 RTP/AVP ", "1 RTP/AVP ", ""},
		"DTLS":                                  {"m=audio 4000 UDP/TLS/RTP/SAVP 8\r\n" + cmLine, "", "", ""},
		"a profile of feedback, with keys":      {"m=audio 4000 RTP/SAVPF 8\r\n" + cmLine, "", "", ""},
		"keys of the session, not of its audio": {strings.TrimSuffix(cmLine, "\r\n") + "\r\n" + safeLine, "", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for policy, want := range map[SRTP]string{SRTPOff: tt.off, SRTPOffer: tt.offer2, SRTPRequire: tt.require} {
				o := exchangeOf(policy)
				err := o.takeOffer([]byte(peerHead + tt.offer))
				if want == "" {
					if !errors.Is(err, errNotAcceptable) || offerStatus(err) != 488 {
						t.Errorf("%s: %v, want 488", policy, err)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", policy, err)
					continue
				}
				theirs, _ := firstCrypto(o.received.line())
				body, change, err := o.answer()
				if err != nil {
					t.Fatal(err)
				}
				d := parsed(t, body)
				at := slices.IndexFunc(d.media, func(m mediaLine) bool { return m.port != 0 })
				profile, suites := protoOf(d, at)
				if got := string(rune('0'+at)) + " " + profile + " " + suites; got != want {
					t.Errorf("%s: answered with %q, want %q", policy, got, want)
				}
				secure := suites != ""
				if n := change.media; (n.SendKey != media.Key{}) != secure || (n.RecvKey != media.Key{}) != secure || secure && n.SendKey == n.RecvKey {
					t.Errorf("%s: keys of %s and %s", policy, n.SendKey, n.RecvKey)
				}
				if secure {
					ours, _ := firstCrypto(d.media[at])
					if ours.tag != theirs.tag || ours.key != change.media.SendKey || theirs.key != change.media.RecvKey {
						t.Errorf("%s: tag %d echoed as %d, or other keys in force than in the SDP", policy, theirs.tag, ours.tag)
					}
				}
			}
		})
	}
}

// TestSRTPAnswers: what our offer says, and which answers we take.
func TestSRTPAnswers(t *testing.T) {
	first := func(line string, tag, suite, key string) string {
		return line + "a=crypto:" + tag + " " + suite + " inline:" + key + "\r\n"
	}
	gcm, cm := media.SuiteGCM.String(), media.SuiteCM.String()
	tests := map[string]struct {
		policy SRTP
		answer string
		suite  media.Suite
		ok     bool
	}{
		"off, plain":                      {SRTPOff, plainLine, media.NoSuite, true},
		"off, keys nobody asked for":      {SRTPOff, plainLine + cmLine, media.NoSuite, true},
		"off, SAVP":                       {SRTPOff, safeLine + cmLine, 0, false},
		"offered, plain":                  {SRTPOffer, plainLine, media.NoSuite, true},
		"offered, first taken":            {SRTPOffer, first(plainLine, "1", gcm, gcmKey), media.SuiteGCM, true},
		"offered, second taken":           {SRTPOffer, first(plainLine, "2", cm, cmKey), media.SuiteCM, true},
		"offered, another tag":            {SRTPOffer, first(plainLine, "3", cm, cmKey), 0, false},
		"offered, tag of the other suite": {SRTPOffer, first(plainLine, "1", cm, cmKey), 0, false},
		"offered, unreadable":             {SRTPOffer, first(plainLine, "1", gcm, cmKey), 0, false},
		"offered, answered with SAVP":     {SRTPOffer, first(safeLine, "1", gcm, gcmKey), 0, false},
		"required, taken":                 {SRTPRequire, first(safeLine, "2", cm, cmKey), media.SuiteCM, true},
		"required, without":               {SRTPRequire, safeLine, 0, false},
		"required, plain":                 {SRTPRequire, plainLine, 0, false},
		"required, keys in a plain line":  {SRTPRequire, first(plainLine, "1", gcm, gcmKey), 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := exchangeOf(tt.policy)
			body, err := o.offer(false)
			if err != nil {
				t.Fatal(err)
			}
			profile, suites := protoOf(parsed(t, body), 0)
			want := map[SRTP][2]string{SRTPOff: {plainProfile, ""}, SRTPOffer: {plainProfile, gcm + " " + cm}, SRTPRequire: {secureProfile, gcm + " " + cm}}
			if got := [2]string{profile, suites}; got != want[tt.policy] {
				t.Errorf("offer of %v, want %v", got, want[tt.policy])
			}
			change, err := o.takeAnswer([]byte(peerHead + tt.answer))
			if (err == nil) != tt.ok || change.media.SendKey.Suite != tt.suite || change.media.RecvKey.Suite != tt.suite {
				t.Errorf("%v, sending with %s, receiving with %s", err, change.media.SendKey, change.media.RecvKey)
			}
		})
	}
}

// Who re-offers keeps his key while nothing asks for another; who is offered a
// new one hears with it, and goes on with his own.
func TestKeysOverLaterRounds(t *testing.T) {
	o := exchangeOf(SRTPOffer)
	other := strings.Replace(cmLine, "WnD7", "XnD7", 1)
	_, first := answered(t, o, peerHead+safeLine+cmLine)
	_, again := answered(t, o, peerHead+safeLine+cmLine)
	if again.media != first.media {
		t.Error("the same offer again changes something")
	}
	_, rekeyed := answered(t, o, peerHead+safeLine+other)
	if rekeyed.media.RecvKey == first.media.RecvKey || rekeyed.media.SendKey != first.media.SendKey {
		t.Error("rekeying by the peer: his key must change, and ours not")
	}
	_, suite := answered(t, o, peerHead+safeLine+gcmLine)
	if suite.media.SendKey.Suite != media.SuiteGCM || suite.media.RecvKey.Suite != media.SuiteGCM {
		t.Errorf("after another suite: %s", suite.media.SendKey)
	}
	_, back := answered(t, o, peerHead+safeLine+cmLine)
	if back.media.SendKey == first.media.SendKey {
		t.Error("a key of ours that was given up is in use again")
	}
	if body, err := o.offer(true); err != nil || !strings.Contains(string(body), crypto{7, back.media.SendKey}.String()) || !strings.Contains(string(body), "RTP/SAVP") {
		t.Errorf("our hold: %v\n%s", err, body)
	}
	o.rollback()

	o = exchangeOf(SRTPOffer)
	body, held := offered(t, o, false, peerHead+plainLine+strings.Replace(cmLine, ":7 ", ":2 ", 1))
	fresh, _ := o.refresh()
	if profile, suites := protoOf(parsed(t, fresh), 0); profile != plainProfile || suites != media.SuiteCM.String() {
		t.Errorf("refreshed with %s %s", profile, suites)
	}
	if _, suites := protoOf(body, 0); suites == media.SuiteCM.String() {
		t.Error("the offer was changed by its answer")
	}
	if c, err := o.takeAnswer([]byte(peerHead + plainLine + strings.Replace(cmLine, ":7 ", ":2 ", 1))); err != nil || c.media != held.media {
		t.Errorf("the refresh changed something: %v", err)
	}
	_, plain := answered(t, o, peerHead+plainLine)
	_, later := answered(t, o, peerHead+plainLine+cmLine)
	if plain.media.SendKey != (media.Key{}) || later.media.SendKey == held.media.SendKey {
		t.Error("after a time in plain RTP the key must be a new one")
	}
}

func TestSecurityByTransport(t *testing.T) {
	tests := map[string]struct {
		s          Security
		udp, tls   bool
		onUDP, onS SRTP
	}{
		"nothing demanded":      {Security{}, true, true, SRTPOff, SRTPOff},
		"SRTP offered":          {Security{SRTP: SRTPOffer}, true, true, SRTPOff, SRTPOffer},
		"SRTP required":         {Security{SRTP: SRTPRequire}, false, true, SRTPOff, SRTPRequire},
		"keys in the clear":     {Security{SRTP: SRTPRequire, SRTPWithoutTLS: true}, true, true, SRTPRequire, SRTPRequire},
		"offered in the clear":  {Security{SRTP: SRTPOffer, SRTPWithoutTLS: true}, true, true, SRTPOffer, SRTPOffer},
		"TLS required":          {Security{RequireTLS: true}, false, true, SRTPOff, SRTPOff},
		"TLS and SRTP, however": {Security{RequireTLS: true, SRTP: SRTPRequire, SRTPWithoutTLS: true}, false, true, SRTPRequire, SRTPRequire},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, n := range []string{"udp", "tcp"} {
				if tt.s.admits(n) != tt.udp || tt.s.over(n) != tt.onUDP {
					t.Errorf("over %s: admitted %v, SRTP %s", n, tt.s.admits(n), tt.s.over(n))
				}
			}
			if tt.s.admits("tls") != tt.tls || tt.s.over("tls") != tt.onS {
				t.Errorf("over tls: admitted %v, SRTP %s", tt.s.admits("tls"), tt.s.over("tls"))
			}
		})
	}
}
