package siptest_test

import (
	"strings"
	"testing"
	"time"

	"shouwen/sip/siptest"
)

// script is an automatic alice who calls a manual bob; invite has reached him.
func script(t *testing.T) (out siptest.TestCall, bob siptest.TestPhone, invite *siptest.Message) {
	t.Helper()
	alice, bob, uri := pair(t, siptest.Config{Manual: true})
	out = alice.Dial(uri)
	return out, bob, bob.Expect("INVITE")
}

func TestCancelWhileRinging(t *testing.T) {
	t.Parallel()
	alice, bob, uri := pair(t, siptest.Config{})
	out := alice.Dial(uri)
	in := bob.Incoming()
	out.Ringing()
	out.Hangup()
	if m := out.Ended(); m.Status != 487 {
		t.Errorf("the caller's end: %s", m)
	}
	if m := in.Ended(); m.Method != "CANCEL" {
		t.Errorf("the callee's end: %s", m)
	}
	bob.Expect("ACK")
}

func TestCancelCrossingAnswer(t *testing.T) {
	t.Parallel()
	out, bob, invite := script(t)
	bob.Reply(invite, 180, "")
	out.Ringing()
	hungUp := make(chan error, 1)
	go func() { hungUp <- out.Call.Hangup(t.Context()) }()
	cancel := bob.Expect("CANCEL")
	bob.Reply(invite, 200, bob.NewAudio().Answer(invite.Body))
	bob.Reply(cancel, 200, "")
	bob.Expect("ACK")
	bob.Reply(bob.Expect("BYE"), 200, "")
	if err := <-hungUp; err != nil {
		t.Error(err)
	}
}

func TestCancelWaitsForProvisionalResponse(t *testing.T) {
	t.Parallel()
	out, bob, invite := script(t)
	hungUp := make(chan error, 1)
	go func() { hungUp <- out.Call.Hangup(t.Context()) }()
	bob.Never("CANCEL", 100*time.Millisecond)
	bob.Reply(invite, 100, "")
	bob.Reply(bob.Expect("CANCEL"), 200, "")
	bob.Reply(invite, 487, "")
	bob.Expect("ACK")
	if err := <-hungUp; err != nil {
		t.Error(err)
	}
}

func TestSecondForkIsHungUp(t *testing.T) {
	t.Parallel()
	out, bob, invite := script(t)
	sdp := bob.NewAudio().Answer(invite.Body)
	bob.Reply(invite, 180, "", "To: "+invite.Get("To")+";tag=one")
	bob.Reply(invite, 180, "", "To: "+invite.Get("To")+";tag=two")
	two := bob.Reply(invite, 200, sdp, "To: "+invite.Get("To")+";tag=two")
	out.Answered()
	bob.Expect("ACK")
	bob.Reply(invite, 200, sdp, "To: "+invite.Get("To")+";tag=one")
	if tag := bob.Expect("ACK").Param("To", "tag"); tag != "one" {
		t.Errorf("ACK to %s", tag)
	}
	bye := bob.Expect("BYE")
	if tag := bye.Param("To", "tag"); tag != "one" {
		t.Errorf("BYE to %s", tag)
	}
	bob.Reply(bye, 200, "")
	bob.Send(two) // a lost ACK
	if tag := bob.Expect("ACK").Param("To", "tag"); tag != "two" {
		t.Errorf("ACK to %s", tag)
	}
	if res := bob.Do(siptest.Callee(invite, two).Request("BYE")); res.Status != 200 {
		t.Errorf("BYE: %s", res)
	}
	out.Ended()
}

func TestAnswerIsRepeatedUntilAck(t *testing.T) {
	t.Parallel()
	bob := siptest.New(t, "", siptest.Config{User: "bob", T1: 20 * time.Millisecond})
	alice := siptest.New(t, bob.Addr().String(), siptest.Config{User: "alice", Manual: true})
	invite := alice.Send(alice.Request("INVITE", "bob")) // no SDP: bob offers
	in := bob.Incoming()
	in.Answer()
	alice.Expect("180")
	ok := alice.Expect("200 INVITE")
	alice.Expect("200 INVITE")
	alice.Expect("200 INVITE")
	audio := alice.NewAudio()
	alice.Send(invite.Ack(ok).WithSDP(audio.Answer(ok.Body)))
	in.Answered()
	audio.Say(900)
	in.Hears(900)
	alice.Do(siptest.Caller(invite, ok).Request("BYE"))
	in.Ended()
}

func TestAnswerWithoutAckEndsInBye(t *testing.T) {
	t.Parallel()
	bob := siptest.New(t, "", siptest.Config{User: "bob", T1: 4 * time.Millisecond})
	alice := siptest.New(t, bob.Addr().String(), siptest.Config{User: "alice", Manual: true})
	alice.Send(alice.Request("INVITE", "bob").WithSDP(alice.NewAudio().SDP(siptest.SendRecv)))
	in := bob.Incoming()
	in.Answer()
	alice.Reply(alice.Expect("BYE"), 200, "")
	in.Ended()
}

func TestHoldInItsForms(t *testing.T) {
	t.Parallel()
	tests := map[siptest.Direction]string{
		siptest.SendOnly: "a=recvonly", siptest.RecvOnly: "a=sendonly", siptest.Inactive: "a=inactive",
		siptest.HoldSession: "a=recvonly", siptest.HoldZero: "a=sendrecv",
	}
	for form, want := range tests {
		t.Run(string(form), func(t *testing.T) {
			t.Parallel()
			alice, bob, uri := pair(t, siptest.Config{})
			out := alice.Dial(uri)
			in := bob.Incoming()
			in.Answer()
			in.Answered()
			out.Answered()
			res := out.Do("INVITE", out.SDP(form))
			if !strings.Contains(res.Body, want) {
				t.Errorf("answer to %s:\n%s", form, res.Body)
			}
			if res = out.Do("UPDATE", out.SDP(siptest.SendRecv)); !strings.Contains(res.Body, "a=sendrecv") {
				t.Errorf("answer:\n%s", res.Body)
			}
			in.Hears(700)
			out.Hears(1200)
			out.Do("INVITE", "")
			in.Hears(700)
			in.Hangup()
			out.Ended()
		})
	}
}

func TestGlare(t *testing.T) {
	t.Parallel()
	out, bob, invite := script(t)
	ok := bob.Reply(invite, 200, bob.NewAudio().Answer(invite.Body))
	out.Answered()
	bob.Expect("ACK")
	done := make(chan *siptest.Message, 1)
	go func() {
		res, err := out.Call.Do(t.Context(), "INVITE", out.SDP(siptest.SendOnly))
		if err != nil {
			t.Error(err)
		}
		done <- res
	}()
	theirs := bob.Expect("INVITE")
	mine := bob.Send(siptest.Callee(invite, ok).Request("INVITE").WithSDP(bob.NewAudio().SDP(siptest.SendOnly)))
	refused := bob.Expect("491 INVITE")
	bob.Send(mine.Ack(refused))
	bob.Reply(theirs, 491, "")
	if res := <-done; res == nil || res.Status != 491 {
		t.Errorf("got %s", res)
	}
	bob.Expect("ACK")
}

func TestScriptTakesOverCall(t *testing.T) {
	t.Parallel()
	alice, bob, uri := pair(t, siptest.Config{})
	out := alice.Dial(uri)
	in := bob.Incoming()
	in.Answer()
	in.Answered()
	d := in.TakeOver()
	if res := bob.Do(d.Request("UPDATE").WithSDP(in.SDP(siptest.Inactive))); !strings.Contains(res.Body, "a=inactive") {
		t.Errorf("answer:\n%s", res.Body)
	}
	go func() { _ = out.Call.Hangup(t.Context()) }()
	bye := in.Expect("BYE")
	bob.Send(d.Request("BYE")) // the two cross
	bob.Expect("200 BYE")
	bob.Reply(bye, 200, "")
	out.Ended()
}
