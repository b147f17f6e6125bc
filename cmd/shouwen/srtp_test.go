package main

import (
	"crypto/tls"
	"fmt"
	"strings"
	"testing"

	"shouwen/cases"
	"shouwen/cases/store/storetest"
	"shouwen/sip"
	"shouwen/sip/media"
	"shouwen/sip/siptest"
)

// TestRealPhoneOverSRTP: baresip over TLS, which can have SRTP or must, called by
// a plain and by a secure caller. To the one it says back what it hears, so that he
// hears himself through SRTP both ways; the other it puts on hold and takes back.
// On the wire there is no tone.
func TestRealPhoneOverSRTP(t *testing.T) {
	t.Parallel()
	needs(t, "baresip", "baresip-core")
	for name, tt := range map[string]struct {
		srtp    sip.SRTP // ours
		media   string   // baresip's
		profile string   // of the answer it gives
	}{
		"it can": {sip.SRTPOffer, "srtp", siptest.AVP},
		"both":   {sip.SRTPRequire, "srtp-mand", siptest.SAVP},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, 1, func(c *Config) { c.Phones.SRTP = string(tt.srtp) })
			tap := newWiretap(t)
			for _, secure := range []string{"", siptest.SAVP} {
				change := []string{"answermode=manual", "answermode=manual;mediaenc=" + tt.media}
				says := toneOf(0)
				if secure == "" {
					says = callerSays
					change = append(change, fmt.Sprintf("ausine,%d", toneOf(0)), "aubridge,loop", "aubridge,nothing", "aubridge,loop")
				}
				phone := startBaresip(t, b, 0, "tls", change...)
				cfg := siptest.Config{User: numbered(1), Tone: callerSays, SRTP: secure, Patience: patience}
				server := b.SIP.UDP
				if secure != "" {
					server = b.SIP.TLS
					cfg.Network, cfg.TLS = "tls", &tls.Config{InsecureSkipVerify: true}
				}
				caller := siptest.New(t, server, cfg).Dial(b.Hotline)
				phone.event("CALL_INCOMING")
				phone.command("accept", "")
				phone.event("CALL_ESTABLISHED")
				caller.Hears(says)
				wire := tap.to(phone.rtp)
				until(t, "half a second is on the wire", func() bool { return len(wire.Record()) > 4000 })
				if level := media.ToneLevel(wire.Record(), callerSays); level > 0.05 {
					t.Errorf("who reads the wire hears the caller, at level %.2f", level)
				}
				if (caller.Suite() != "") != (secure != "") {
					t.Errorf("the caller wants %q and has suite %q", secure, caller.Suite())
				}
				if secure != "" { // baresip's loop ends with the first hold
					phone.command("hold", "")
					caller.Hears(musicSays)
					phone.command("resume", "")
					caller.Hears(says)
				}
				caller.Hangup()
				phone.event("CALL_CLOSED")
				phone.kill()
				if trace := phone.output.String(); !strings.Contains(trace, tt.profile+" 8") || !strings.Contains(trace, "SRTP is Enabled") {
					t.Errorf("no SRTP in what the phone sent and got")
				}
			}
		})
	}
}

// TestSecurityOfPhones: what all phones must is met by each, and what one must in
// particular by it alone.
func TestSecurityOfPhones(t *testing.T) {
	t.Parallel()
	all := sip.Security{SRTP: sip.SRTPOffer}
	strict := sip.Security{SRTP: sip.SRTPRequire, RequireTLS: true}
	for name, tt := range map[string]struct {
		phone     cases.Person
		all, want sip.Security
	}{
		"nothing of its own":  {cases.Person{}, all, all},
		"TLS of its own":      {cases.Person{RequireTLS: true}, all, sip.Security{SRTP: sip.SRTPOffer, RequireTLS: true}},
		"SRTP of its own":     {cases.Person{SRTP: "require"}, all, sip.Security{SRTP: sip.SRTPRequire}},
		"less SRTP than all":  {cases.Person{SRTP: "off"}, strict, sip.Security{SRTP: sip.SRTPOff, RequireTLS: true}},
		"TLS is of all, kept": {cases.Person{}, strict, strict},
	} {
		if got := phoneSecurity(tt.phone, tt.all); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

// TestPhoneMustUseTLS: a phone of the directory with require_tls has no way in over
// UDP, the others do.
func TestPhoneMustUseTLS(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	book := examplePhonebook(2)
	book.People[0].RequireTLS = true
	if err := makeData(cfg.Data); err != nil {
		t.Fatal(err)
	}
	if err := book.save(cfg.Data); err != nil {
		t.Fatal(err)
	}
	b := startBed(t, cfg, serverOptions{agents: 2, database: storetest.URL(t), anyPort: true})
	for i, want := range []int{403, 200} {
		a := b.Agents[i]
		p := siptest.New(t, b.SIP.UDP, siptest.Config{User: a.User, Password: a.Password, Domain: b.SIP.Domain})
		if res, err := p.Phone.Register(t.Context()); res == nil || res.Status != want {
			t.Errorf("phone %s over UDP: %s, %v", a.User, fmt.Sprint(res), err)
		}
	}
}
