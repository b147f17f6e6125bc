package siptest_test

import (
	"testing"

	"shouwen/sip/siptest"
)

// BenchmarkCall is a whole call without audio, phone to phone: INVITE to BYE.
func BenchmarkCall(b *testing.B) {
	cfg := siptest.Config{NoAudio: true, Trace: -1, Answer: siptest.AnswerAfter(0)}
	callee := siptest.New(b, "", cfg)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		caller, err := siptest.Listen(b.Context(), siptest.Config{Server: callee.Addr().String(), NoAudio: true, Trace: -1})
		if err != nil {
			b.Error(err)
			return
		}
		defer caller.Close()
		for pb.Next() {
			call, err := caller.Dial("callee")
			if err == nil {
				_, err = call.Answered(b.Context())
			}
			if err == nil {
				err = call.Hangup(b.Context())
			}
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
}
