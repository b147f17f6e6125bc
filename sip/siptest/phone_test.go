package siptest_test

import (
	"testing"
	"time"

	"shouwen/sip/siptest"
)

// pair is two phones without a server between them; callee's address is dialled.
func pair(t *testing.T, callee siptest.Config) (a, b siptest.TestPhone, uri string) {
	t.Helper()
	callee.User, callee.Tone = "callee", 1200
	b = siptest.New(t, "", callee)
	a = siptest.New(t, "", siptest.Config{User: "caller", Tone: 700})
	return a, b, "sip:callee@" + b.Addr().String()
}

func TestCallWithToneBothWays(t *testing.T) {
	for name, codec := range map[string]uint8{"PCMU": 0, "PCMA": 8} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			caller, callee, uri := pair(t, siptest.Config{Codecs: []uint8{codec}})
			out := caller.Dial(uri)
			out.Ringing()
			in := callee.Incoming()
			in.Answer()
			out.Answered()
			in.Answered()
			out.Hears(1200)
			in.Hears(700)
			if out.Heard(700) || in.Heard(1200) || in.Heard(800) {
				t.Error("a phone hears what nobody says to it")
			}
			in.Say(0)
			out.Silent(1200, 100*time.Millisecond)
			out.Hangup()
			if m := in.Ended(); m.Method != "BYE" {
				t.Errorf("ended by %s", m)
			}
			streams := in.Streams()
			if len(streams) != 1 || streams[0].Lost+streams[0].Late+streams[0].Jumps > 0 || streams[0].PayloadType != codec {
				t.Errorf("streams: %+v", streams)
			}
		})
	}
}

func TestDigitsArriveOnceEach(t *testing.T) {
	t.Parallel()
	caller, callee, uri := pair(t, siptest.Config{})
	out := caller.Dial(uri)
	in := callee.Incoming()
	in.Answer()
	out.Answered()
	out.Press("*2101#")
	out.Press("11")
	in.HearsDigits("#11")
	in.Hears(700)
	if got := in.Pressed(); got != "*2101#11" {
		t.Errorf("digits %q", got)
	}
	if s := in.Streams(); len(s) != 1 || s[0].Lost+s[0].Late+s[0].Jumps > 0 {
		t.Errorf("streams: %+v", s)
	}
}

// TestWhatIsSaidOnceIsNotMissed by who listens late, in its order, and only once.
func TestWhatIsSaidOnceIsNotMissed(t *testing.T) {
	t.Parallel()
	caller, callee, uri := pair(t, siptest.Config{})
	out := caller.Dial(uri)
	in := callee.Incoming()
	in.Answer()
	out.Answered()
	in.Hears(700)
	for _, hz := range []int{1500, 900} { // nobody waits for them
		out.Say(hz)
		for in.Level(hz) < 0.1 {
			callee.Never("100 NOTHING", time.Millisecond)
		}
		for from := len(in.Record()); len(in.Record()) < from+4000; {
			callee.Never("100 NOTHING", time.Millisecond)
		}
	}
	out.Say(1100)
	in.HearsNext(1500)
	in.HearsNext(900)
	in.HearsNext(1100)
	if err := in.Call.Audio.HearsNext(brief(t), 1500); err == nil {
		t.Error("what was heard before the last tone is heard again")
	}
	out.Hangup()
}

// TestARequestSentAgainCountsOnce: the sender had no answer yet.
func TestARequestSentAgainCountsOnce(t *testing.T) {
	t.Parallel()
	phone := siptest.New(t, "", siptest.Config{Manual: true})
	other := siptest.New(t, phone.Addr().String(), siptest.Config{Manual: true})
	options := other.Send(other.Request("OPTIONS", "callee"))
	other.Send(options)
	other.Send(other.Request("OPTIONS", "callee"))
	phone.Expect("OPTIONS")
	phone.Expect("OPTIONS")
	for phone.CountAll("OPTIONS") < 3 {
		phone.Never("100 NOTHING", time.Millisecond)
	}
	if n := phone.Count("OPTIONS"); n != 2 {
		t.Errorf("%d requests, want 2, one of them sent twice", n)
	}
}
