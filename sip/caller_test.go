package sip_test

import (
	"testing"

	"shouwen/sip"
	"shouwen/sip/siptest"
)

// Who may call, and who he is said to be.

func noTrunks(_ *bed, cfg *sip.Config) { cfg.Trunks = nil }

// account is phone user of the bed, not registered.
func (b *bed) account(t *testing.T, user, password string) siptest.TestPhone {
	t.Helper()
	return siptest.New(t, b.server(), siptest.Config{User: user, Password: password, Domain: domain})
}

func TestPhoneCallsWithItsPassword(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*bed, *sip.Config){
		"from an address of its own":    noTrunks,
		"from the address of the trunk": func(*bed, *sip.Config) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, change)
			c := b.account(t, "1001", phonePassword("1001")).Dial("12345",
				"P-Asserted-Identity: <sip:+15550100@127.0.0.1>", "Remote-Party-ID: <sip:+15550101@127.0.0.1>", "Privacy: none")
			leg := receive(t, b.calls)
			in := leg.Incoming()
			if in.Account != "1001" || in.Trunk != "" || in.Caller.E164 != "1001" || !in.Caller.Verified || in.Dialed != "12345" {
				t.Errorf("%+v", in)
			}
			leg.Answer()
			c.Answered()
			next[sip.Answered](t, b, leg)
			c.Hangup()
			b.over(t, leg, sip.EndHangup)
		})
	}
}

func TestPhoneWithoutItsPasswordDoesNotCall(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		user, password string
		status         int
	}{
		"a wrong password":            {"1001", "wrong", 403},
		"no password":                 {"1001", "", 401},
		"the password of another":     {"1001", phonePassword("1002"), 403},
		"a stranger with a password":  {"mallory", "guess", 403},
		"a stranger without password": {"mallory", "", 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, noTrunks)
			if m := b.account(t, c.user, c.password).Dial("12345").Ended(); m.Status != c.status {
				t.Errorf("%d, want %d", m.Status, c.status)
			}
			if n := len(b.calls) + len(b.refused); n > 0 {
				t.Errorf("%d calls", n)
			}
		})
	}
}

// A From that names an account is challenged though its address is the trunk's.
func TestTrunkCannotCallAsAPhone(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	if m := b.account(t, "1001", "").Dial("12345").Ended(); m.Status != 401 {
		t.Errorf("%s", m)
	}
	if m := b.account(t, "1001", "wrong").Dial("12345").Ended(); m.Status != 403 {
		t.Errorf("%s", m)
	}
	c := b.caller(t, siptest.Config{User: "1001", Domain: "carrier.example"}).Dial(b.hotline()) // the carrier's own 1001
	leg := receive(t, b.calls)
	if in := leg.Incoming(); in.Trunk != "loopback" || in.Account != "" {
		t.Errorf("%+v", in)
	}
	c.Hangup()
	b.over(t, leg, sip.EndCancelled)
}

func TestStrangerMayNotGuessForEver(t *testing.T) {
	t.Parallel()
	b := newBed(t, noTrunks)
	for range 12 {
		if m := b.account(t, "1001", "wrong").Dial("12345").Ended(); m.Status != 403 {
			t.Fatalf("%s", m)
		}
	}
	// The allowance is used up: even the right password is not looked at.
	if m := b.account(t, "1001", phonePassword("1001")).Dial("12345").Ended(); m.Status != 403 {
		t.Errorf("%s", m)
	}
	if n := len(b.calls); n > 0 {
		t.Errorf("%d calls", n)
	}
}

func TestKnownPhoneIsNotLockedOutByAStranger(t *testing.T) {
	t.Parallel()
	b := newBed(t, noTrunks)
	known := b.phone(t, "1001", siptest.Config{})
	for range 12 {
		b.account(t, "1001", "wrong").Dial("12345").Ended()
	}
	c := known.Dial("12345")
	leg := receive(t, b.calls)
	c.Hangup()
	b.over(t, leg, sip.EndCancelled)
}

func TestCallerID(t *testing.T) {
	t.Parallel()
	const from, asserted = "From: \"Desk\" <sip:010-5555-0100@carrier.example>;tag=f", `P-Asserted-Identity: "Front" <sip:+861055550123@carrier.example>`
	for name, c := range map[string]struct {
		distrust bool
		headers  []string
		want     sip.CallerID // Raw is not looked at
	}{
		"From of a trunk": {headers: []string{from}, want: sip.CallerID{E164: "+861055550100", Display: "Desk", Source: "From"}},
		"an identity the trunk asserts": {headers: []string{from, asserted},
			want: sip.CallerID{E164: "+861055550123", Display: "Front", Source: "PAI", Verified: true}},
		"the same by a trunk that is not trusted": {distrust: true, headers: []string{from, asserted},
			want: sip.CallerID{E164: "+861055550100", Display: "Desk", Source: "From"}},
		"anonymous, known to the trunk": {headers: []string{"From: <sip:anonymous@anonymous.invalid>;tag=f", asserted, "Privacy: id"},
			want: sip.CallerID{Source: "PAI", Verified: true, Private: true}},
		"anonymous": {headers: []string{"From: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=f"},
			want: sip.CallerID{Source: "From", Private: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, func(_ *bed, cfg *sip.Config) {
				cfg.Trunks[0].TrustIdentity, cfg.Trunks[0].Plan.AreaCode = !c.distrust, "10"
			})
			call := b.caller(t, siptest.Config{}).Dial(b.hotline(), c.headers...)
			leg := receive(t, b.calls)
			got := leg.Incoming().Caller
			if got.Raw == "" {
				t.Error("no URI kept")
			}
			got.Raw = ""
			if got.E164 != c.want.E164 || got.Display != c.want.Display || got.Source != c.want.Source || got.Private != c.want.Private || got.Verified != c.want.Verified {
				t.Errorf("%#v, want %#v", got, c.want)
			}
			call.Hangup()
			b.over(t, leg, sip.EndCancelled)
		})
	}
}
