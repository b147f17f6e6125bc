package siptest_test

import (
	"strings"
	"testing"
	"time"

	"shouwen/sip/siptest"
)

// script is an automatic caller who calls a manual callee; invite has reached him.
func script(t *testing.T) (out siptest.TestCall, callee siptest.TestPhone, invite *siptest.Message) {
	t.Helper()
	caller, callee, uri := pair(t, siptest.Config{Manual: true})
	out = caller.Dial(uri)
	return out, callee, callee.Expect("INVITE")
}

func TestCancelWhileRinging(t *testing.T) {
	t.Parallel()
	caller, callee, uri := pair(t, siptest.Config{})
	out := caller.Dial(uri)
	in := callee.Incoming()
	out.Ringing()
	out.Hangup()
	if m := out.Ended(); m.Status != 487 {
		t.Errorf("the caller's end: %s", m)
	}
	if m := in.Ended(); m.Method != "CANCEL" {
		t.Errorf("the callee's end: %s", m)
	}
	callee.Expect("ACK")
}

func TestCancelCrossingAnswer(t *testing.T) {
	t.Parallel()
	out, callee, invite := script(t)
	callee.Reply(invite, 180, "")
	out.Ringing()
	hungUp := make(chan error, 1)
	go func() { hungUp <- out.Call.Hangup(t.Context()) }()
	cancel := callee.Expect("CANCEL")
	callee.Reply(invite, 200, callee.NewAudio().Answer(invite.Body))
	callee.Reply(cancel, 200, "")
	callee.Expect("ACK")
	callee.Reply(callee.Expect("BYE"), 200, "")
	if err := <-hungUp; err != nil {
		t.Error(err)
	}
}

func TestCancelWaitsForProvisionalResponse(t *testing.T) {
	t.Parallel()
	out, callee, invite := script(t)
	hungUp := make(chan error, 1)
	go func() { hungUp <- out.Call.Hangup(t.Context()) }()
	callee.Never("CANCEL", 100*time.Millisecond)
	callee.Reply(invite, 100, "")
	callee.Reply(callee.Expect("CANCEL"), 200, "")
	callee.Reply(invite, 487, "")
	callee.Expect("ACK")
	if err := <-hungUp; err != nil {
		t.Error(err)
	}
}

func TestSecondForkIsHungUp(t *testing.T) {
	t.Parallel()
	out, callee, invite := script(t)
	sdp := callee.NewAudio().Answer(invite.Body)
	callee.Reply(invite, 180, "", "To: "+invite.Get("To")+";tag=one")
	callee.Reply(invite, 180, "", "To: "+invite.Get("To")+";tag=two")
	two := callee.Reply(invite, 200, sdp, "To: "+invite.Get("To")+";tag=two")
	out.Answered()
	callee.Expect("ACK")
	callee.Reply(invite, 200, sdp, "To: "+invite.Get("To")+";tag=one")
	if tag := callee.Expect("ACK").Param("To", "tag"); tag != "one" {
		t.Errorf("ACK to %s", tag)
	}
	bye := callee.Expect("BYE")
	if tag := bye.Param("To", "tag"); tag != "one" {
		t.Errorf("BYE to %s", tag)
	}
	callee.Reply(bye, 200, "")
	callee.Send(two) // a lost ACK
	if tag := callee.Expect("ACK").Param("To", "tag"); tag != "two" {
		t.Errorf("ACK to %s", tag)
	}
	if res := callee.Do(siptest.Callee(invite, two).Request("BYE")); res.Status != 200 {
		t.Errorf("BYE: %s", res)
	}
	out.Ended()
}

func TestAnswerIsRepeatedUntilAck(t *testing.T) {
	t.Parallel()
	callee := siptest.New(t, "", siptest.Config{User: "callee", T1: 20 * time.Millisecond})
	caller := siptest.New(t, callee.Addr().String(), siptest.Config{User: "caller", Manual: true})
	invite := caller.Send(caller.Request("INVITE", "callee")) // no SDP: callee offers
	in := callee.Incoming()
	in.Answer()
	caller.Expect("180")
	ok := caller.Expect("200 INVITE")
	caller.Expect("200 INVITE")
	caller.Expect("200 INVITE")
	audio := caller.NewAudio()
	caller.Send(invite.Ack(ok).WithSDP(audio.Answer(ok.Body)))
	in.Answered()
	audio.Say(900)
	in.Hears(900)
	caller.Do(siptest.Caller(invite, ok).Request("BYE"))
	in.Ended()
}

func TestAnswerWithoutAckEndsInBye(t *testing.T) {
	t.Parallel()
	callee := siptest.New(t, "", siptest.Config{User: "callee", T1: 4 * time.Millisecond})
	caller := siptest.New(t, callee.Addr().String(), siptest.Config{User: "caller", Manual: true})
	caller.Send(caller.Request("INVITE", "callee").WithSDP(caller.NewAudio().SDP(siptest.SendRecv)))
	in := callee.Incoming()
	in.Answer()
	caller.Reply(caller.Expect("BYE"), 200, "")
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
			caller, callee, uri := pair(t, siptest.Config{})
			out := caller.Dial(uri)
			in := callee.Incoming()
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
	out, callee, invite := script(t)
	ok := callee.Reply(invite, 200, callee.NewAudio().Answer(invite.Body))
	out.Answered()
	callee.Expect("ACK")
	done := make(chan *siptest.Message, 1)
	go func() {
		res, err := out.Call.Do(t.Context(), "INVITE", out.SDP(siptest.SendOnly))
		if err != nil {
			t.Error(err)
		}
		done <- res
	}()
	theirs := callee.Expect("INVITE")
	mine := callee.Send(siptest.Callee(invite, ok).Request("INVITE").WithSDP(callee.NewAudio().SDP(siptest.SendOnly)))
	refused := callee.Expect("491 INVITE")
	callee.Send(mine.Ack(refused))
	callee.Reply(theirs, 491, "")
	if res := <-done; res == nil || res.Status != 491 {
		t.Errorf("got %s", res)
	}
	callee.Expect("ACK")
}

func TestScriptTakesOverCall(t *testing.T) {
	t.Parallel()
	caller, callee, uri := pair(t, siptest.Config{})
	out := caller.Dial(uri)
	in := callee.Incoming()
	in.Answer()
	in.Answered()
	d := in.TakeOver()
	if res := callee.Do(d.Request("UPDATE").WithSDP(in.SDP(siptest.Inactive))); !strings.Contains(res.Body, "a=inactive") {
		t.Errorf("answer:\n%s", res.Body)
	}
	go func() { _ = out.Call.Hangup(t.Context()) }()
	bye := in.Expect("BYE")
	callee.Send(d.Request("BYE")) // the two cross
	callee.Expect("200 BYE")
	callee.Reply(bye, 200, "")
	out.Ended()
}
