package siptest

import (
	"cmp"
	"context"
	"time"
)

// TB is what New needs of testing.TB; package testing stays out of programs that
// have phones.
type TB interface {
	Helper()
	Fatal(args ...any)
	Errorf(format string, args ...any)
	Logf(format string, args ...any)
	Failed() bool
	Cleanup(f func())
	Context() context.Context
}

// TestPhone is a Phone in a test: what a Phone returns as an error ends the test,
// with the ladder so far, and waits are bounded by the test's context. Of a
// method both have, the Phone's is reached as p.Phone.Register.
type TestPhone struct {
	*Phone
	t TB
}

// New opens a phone that is closed at the end of the test; the test fails if
// something came that is no SIP message. Server may be "". Waits are bounded by a
// minute if cfg does not say otherwise: the machine may be busy with others.
func New(t TB, server string, cfg Config) TestPhone {
	t.Helper()
	cfg.Server, cfg.Patience = server, cmp.Or(cfg.Patience, time.Minute)
	p, err := Listen(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Close()
		if p.ladder.bad > 0 {
			t.Errorf("%d packets were no SIP messages", p.ladder.bad)
		}
		if t.Failed() {
			t.Logf("phone %s", p)
		}
	})
	return TestPhone{p, t}
}

func (p TestPhone) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p TestPhone) message(m *Message, err error) *Message {
	p.t.Helper()
	p.must(err)
	return m
}

func (p TestPhone) call(c *Call, err error) TestCall {
	p.t.Helper()
	p.must(err)
	return TestCall{c, TestAudio{c.Audio, p}}
}

// Register is Phone.Register.
func (p TestPhone) Register(headers ...string) *Message {
	p.t.Helper()
	return p.message(p.Phone.Register(p.t.Context(), headers...))
}

// Unregister is Phone.Unregister.
func (p TestPhone) Unregister() {
	p.t.Helper()
	p.must(p.Phone.Unregister(p.t.Context()))
}

// Dial is Phone.Dial.
func (p TestPhone) Dial(to string, headers ...string) TestCall {
	p.t.Helper()
	return p.call(p.Phone.Dial(to, headers...))
}

// Incoming is Phone.Incoming.
func (p TestPhone) Incoming() TestCall {
	p.t.Helper()
	return p.call(p.Phone.Incoming(p.t.Context()))
}

// NewAudio is Phone.NewAudio, closed at the end of the test.
func (p TestPhone) NewAudio() TestAudio {
	p.t.Helper()
	a, err := p.Phone.NewAudio()
	p.must(err)
	p.t.Cleanup(a.Close)
	return TestAudio{a, p}
}

// Expect is Phone.Expect.
func (p TestPhone) Expect(what string) *Message {
	p.t.Helper()
	return p.message(p.Phone.Expect(p.t.Context(), what))
}

// Never is Phone.Never.
func (p TestPhone) Never(what string, d time.Duration) {
	p.t.Helper()
	p.must(p.Phone.Never(p.t.Context(), what, d))
}

// Send is Phone.Send and returns m.
func (p TestPhone) Send(m *Message) *Message {
	p.t.Helper()
	return p.message(m, p.Phone.Send(m))
}

// SendRaw is Phone.SendRaw.
func (p TestPhone) SendRaw(text string) {
	p.t.Helper()
	p.must(p.Phone.SendRaw([]byte(text)))
}

// Reply is Phone.Reply.
func (p TestPhone) Reply(req *Message, status int, sdp string, headers ...string) *Message {
	p.t.Helper()
	return p.message(p.Phone.Reply(req, status, sdp, headers...))
}

// Do is Phone.Do.
func (p TestPhone) Do(req *Message) *Message {
	p.t.Helper()
	return p.message(p.Phone.Do(p.t.Context(), req))
}

// TestCall is a Call in a test.
type TestCall struct {
	*Call
	TestAudio
}

// Ringing is Call.Ringing.
func (c TestCall) Ringing() *Message {
	c.p.t.Helper()
	return c.p.message(c.Call.Ringing(c.p.t.Context()))
}

// Answer is Call.Answer.
func (c TestCall) Answer() {
	c.p.t.Helper()
	c.p.must(c.Call.Answer())
}

// Answered is Call.Answered.
func (c TestCall) Answered() *Message {
	c.p.t.Helper()
	return c.p.message(c.Call.Answered(c.p.t.Context()))
}

// Ended is Call.Ended.
func (c TestCall) Ended() *Message {
	c.p.t.Helper()
	return c.p.message(c.Call.Ended(c.p.t.Context()))
}

// Hangup is Call.Hangup.
func (c TestCall) Hangup() {
	c.p.t.Helper()
	c.p.must(c.Call.Hangup(c.p.t.Context()))
}

// Reject is Call.Reject.
func (c TestCall) Reject(status int) {
	c.p.t.Helper()
	c.p.must(c.Call.Reject(status))
}

// Expect is Call.Expect.
func (c TestCall) Expect(what string) *Message {
	c.p.t.Helper()
	return c.p.message(c.Call.Expect(c.p.t.Context(), what))
}

// Do is Call.Do.
func (c TestCall) Do(method, sdp string, headers ...string) *Message {
	c.p.t.Helper()
	return c.p.message(c.Call.Do(c.p.t.Context(), method, sdp, headers...))
}

// TakeOver is Call.TakeOver.
func (c TestCall) TakeOver() *Dialog {
	c.p.t.Helper()
	d, err := c.Call.TakeOver()
	c.p.must(err)
	return d
}

// TestAudio is an Audio in a test.
type TestAudio struct {
	*Audio
	p TestPhone
}

// Answer is Audio.Answer.
func (a TestAudio) Answer(offer string) string {
	a.p.t.Helper()
	sdp, err := a.Audio.Answer(offer)
	a.p.must(err)
	return sdp
}

// Connect is Audio.Connect.
func (a TestAudio) Connect(answer string) {
	a.p.t.Helper()
	a.p.must(a.Audio.Connect(answer))
}

// Hears is Audio.Hears.
func (a TestAudio) Hears(hz int) {
	a.p.t.Helper()
	a.p.must(a.Audio.Hears(a.p.t.Context(), hz))
}

// HearsNext is Audio.HearsNext.
func (a TestAudio) HearsNext(hz int) {
	a.p.t.Helper()
	a.p.must(a.Audio.HearsNext(a.p.t.Context(), hz))
}

// Silent is Audio.Silent.
func (a TestAudio) Silent(hz int, d time.Duration) {
	a.p.t.Helper()
	a.p.must(a.Audio.Silent(a.p.t.Context(), hz, d))
}

// Press is Audio.Press.
func (a TestAudio) Press(digits string) {
	a.p.t.Helper()
	a.p.must(a.Audio.Press(a.p.t.Context(), digits))
}

// HearsDigits is Audio.HearsDigits.
func (a TestAudio) HearsDigits(digits string) {
	a.p.t.Helper()
	a.p.must(a.Audio.HearsDigits(a.p.t.Context(), digits))
}
