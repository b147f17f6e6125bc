package main

import (
	"fmt"
	"testing"

	"shouwen/cases"
	"shouwen/sip/siptest"
)

// realAgent is a caller with a real phone, the first agent's; the second's is ours.
func realAgent(t *testing.T) (p *passed, phone *baresip) {
	t.Helper()
	needs(t, "baresip", "baresip-core")
	b := newBed(t, 2)
	several := freePort(t) // ports for the audio of more than one call
	phone = startBaresip(t, b, 0, "udp", "rtp_ports ", fmt.Sprintf("rtp_ports %d-%d\n# ", several, several+7))
	p = &passed{bed: b, caller: b.dial(numbered(1))}
	phone.event("CALL_INCOMING")
	phone.command("accept", "")
	p.caller.Hears(toneOf(0))
	p.phones = []siptest.TestPhone{b.agent(1, siptest.Config{})}
	return p, phone
}

// TestRealPhoneTransfers: the transfer key of baresip, blind and attended.
func TestRealPhoneTransfers(t *testing.T) {
	t.Parallel()
	t.Run("blind", func(t *testing.T) {
		t.Parallel()
		p, phone := realAgent(t)
		phone.command("transfer", "sip:"+p.ext(1)+"@"+p.SIP.Domain)
		target := p.phones[0].Incoming()
		p.caller.Hears(musicSays)
		target.Answer()
		phone.event("CALL_CLOSED")
		p.talk(target, 1)
		byRefer(t, cases.TransferBlind, p.end(target, 1, started, completed))
	})
	t.Run("blind, and nobody comes", func(t *testing.T) {
		t.Parallel()
		p, phone := realAgent(t)
		phone.command("transfer", "sip:"+p.ext(1)+"@"+p.SIP.Domain)
		p.phones[0].Incoming().Reject(486)
		phone.event("TRANSFER_FAILED")
		phone.event("CALL_CLOSED") // it hangs up by itself
		p.caller.Hears(musicSays)
		phone.event("CALL_INCOMING") // the first-asker has him again
		phone.command("accept", "")
		p.caller.Hears(toneOf(0))
		p.caller.Hangup()
		phone.event("CALL_CLOSED")
		p.check(0, started, failed, pickedUp, callEnded)
	})
	t.Run("attended", func(t *testing.T) {
		t.Parallel()
		p, phone := realAgent(t)
		phone.command("hold", "")
		p.caller.Hears(musicSays)
		phone.command("dial", "sip:"+p.ext(1)+"@"+p.SIP.Domain)
		target := p.phones[0].Incoming()
		target.Answer()
		target.Hears(toneOf(0))
		replace := phone.replaces(p.ext(1))
		p.caller.Hears(musicSays)
		phone.command("line", "1")
		phone.command("transfer", "<sip:"+p.ext(1)+"@"+p.SIP.Domain+"?Replaces="+replace+">")
		phone.event("CALL_CLOSED")
		phone.event("CALL_CLOSED")
		p.talk(target, 1)
		byRefer(t, cases.TransferWarm, p.end(target, 1, started, completed))
	})
	t.Run("the phone is killed while the target rings", func(t *testing.T) {
		t.Parallel()
		p, phone := realAgent(t)
		phone.command("transfer", "sip:"+p.ext(1)+"@"+p.SIP.Domain)
		target := p.phones[0].Incoming()
		phone.kill()
		target.Answer()
		p.talk(target, 1)
		p.end(target, 1, started, completed)
	})
}
