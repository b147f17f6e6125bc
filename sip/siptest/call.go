package siptest

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Call is a call the phone conducts by itself: transactions, ACK, digest, offer
// and answer. Its methods may be called from any goroutine.
type Call struct {
	Invite *Message // as sent first, or as received
	Audio  *Audio

	phone    *Phone
	key      string
	ringing  event // 18x came or went; nil: the call went on without
	answered event // 2xx came, or the ACK for ours; nil: the call ended without
	ended    event

	// Owned by the phone's goroutine.
	invite   *Message // as sent last, with credentials
	dialog   *Dialog  // once a 2xx was sent or received
	ack      *Message // of the own INVITE's 2xx
	tx       *serverTx
	offering bool // an own re-INVITE or UPDATE is in the air
	offered  bool // our 2xx made the offer: the ACK brings the answer
	heard    bool // a provisional response came: CANCEL may go out
	given    bool // hung up before the answer
	manual   bool
}

// event happens once, with a message or nil.
type event struct {
	done chan struct{}
	msg  *Message // set before done is closed
}

func (e *event) happened() bool {
	select {
	case <-e.done:
		return true
	default:
		return false
	}
}

func (e *event) happen(m *Message) {
	if !e.happened() {
		e.msg = m
		close(e.done)
	}
}

func (p *Phone) newCall(invite *Message) (*Call, error) {
	audio, err := newAudio(&p.cfg)
	if err != nil {
		return nil, fmt.Errorf("audio: %w", err)
	}
	c := &Call{Invite: invite, invite: invite, Audio: audio, phone: p}
	c.ringing.done, c.answered.done, c.ended.done = make(chan struct{}), make(chan struct{}), make(chan struct{})
	return c, nil
}

func (p *Phone) add(c *Call, tag string) {
	c.key = callKey(c.Invite, tag)
	p.calls[c.key] = c
}

func callKey(m *Message, localTag string) string { return m.Get("Call-ID") + " " + localTag }

// Dial sends an INVITE to a user of the server or to a URI and returns without
// waiting: Ringing, Answered and Ended do. Headers "Name: value" replace those
// the INVITE has (From, P-Asserted-Identity …).
func (p *Phone) Dial(to string, headers ...string) (*Call, error) {
	invite := p.Request("INVITE", to).With(headers...)
	c, err := p.newCall(invite)
	if err != nil {
		return nil, err
	}
	invite.WithSDP(c.Audio.SDP(SendRecv))
	err = p.do(func() {
		p.fill(invite)
		p.add(c, invite.Param("From", "tag"))
		if err = p.transact(invite, c.response); err != nil {
			c.end(nil)
		}
	})
	if err != nil {
		c.Audio.Close()
		return nil, err
	}
	return c, nil
}

// Incoming returns the next call that came in and rings.
func (p *Phone) Incoming(ctx context.Context) (*Call, error) {
	return await(ctx, p, "an incoming call", p.calling)
}

// AnswerAfter is a Config.Answer that lets the phone ring for d.
func AnswerAfter(d time.Duration) func(*Call) {
	return func(c *Call) {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			_ = c.Answer()
		case <-c.ended.done:
		}
	}
}

// response gets every response to the INVITE, and nil when none comes.
func (c *Call) response(m *Message) {
	switch {
	case m == nil:
		c.end(nil)
	case m.Status < 200:
		c.provisional(m)
	case m.Status < 300:
		c.accepted(m)
	default:
		if retry := c.phone.Authorize(c.invite, m); retry != nil && !c.given {
			c.invite, c.heard = retry, false
			_ = c.phone.transact(retry, c.response)
			return
		}
		c.end(m)
	}
}

func (c *Call) provisional(m *Message) {
	if first := !c.heard; first && c.given {
		_ = c.phone.transact(c.invite.Cancel(), func(*Message) {})
	}
	c.heard = true
	if m.Status == 100 {
		return
	}
	if m.Body != "" {
		_ = c.Audio.Connect(m.Body)
	}
	c.ringing.happen(m)
}

// accepted acknowledges a 2xx: the first makes the call, one of another fork is
// hung up at once, a repeated one is acknowledged again.
func (c *Call) accepted(m *Message) {
	p := c.phone
	if c.dialog != nil && m.Param("To", "tag") == c.ack.Param("To", "tag") {
		p.repeated.Add(1)
		_ = p.send(c.ack)
		return
	}
	ack, dialog := c.invite.Ack(m), Caller(c.invite, m)
	_ = p.send(ack)
	if c.dialog != nil || c.given || c.ended.happened() {
		_ = p.transact(dialog.Request("BYE"), func(res *Message) {
			if c.given {
				c.end(res)
			}
		})
		if c.dialog != nil {
			return
		}
	}
	c.ack, c.dialog = ack, dialog
	if m.Body != "" {
		_ = c.Audio.Connect(m.Body)
	}
	if !c.given {
		c.ringing.happen(nil)
		c.answered.happen(m)
	}
}

// end is idempotent. m is what ended the call.
func (c *Call) end(m *Message) {
	if c.tx != nil {
		c.tx.again.stop()
	}
	delete(c.phone.calls, c.key)
	c.ended.happen(m)
	c.answered.happen(nil)
	c.ringing.happen(nil)
	c.phone.tasks.Go(c.Audio.Close)
}

// Ringing waits for the first 18x and returns it.
func (c *Call) Ringing(ctx context.Context) (*Message, error) {
	return c.await(ctx, "ringing", &c.ringing)
}

// Answered waits until the call is up and returns the 2xx, or, of an incoming
// call, the ACK. It is an error when the call ends first.
func (c *Call) Answered(ctx context.Context) (*Message, error) {
	return c.await(ctx, "an answer", &c.answered)
}

// Ended waits for the end of the call and returns what brought it: the BYE or
// CANCEL received, the response to ours, the final response that was no 2xx, or
// nil when no answer came or the phone was closed.
func (c *Call) Ended(ctx context.Context) (*Message, error) {
	_, err := await(ctx, c.phone, "the end of the call", c.ended.done)
	if err != nil && !c.ended.happened() {
		return nil, err
	}
	return c.ended.msg, nil
}

// Done is closed when the call is over.
func (c *Call) Done() <-chan struct{} { return c.ended.done }

// errPassed is returned by a wait for what cannot come any more.
var errPassed = errors.New("the call went on or ended without")

func (c *Call) await(ctx context.Context, what string, e *event) (*Message, error) {
	_, err := await(ctx, c.phone, what, e.done)
	switch {
	case e.happened() && e.msg != nil:
		return e.msg, nil
	case e.happened():
		return nil, fmt.Errorf("waiting for %s: %w\n%s", what, errPassed, c.phone)
	}
	return nil, err
}

// Expect is Phone.Expect for the messages of this call alone.
func (c *Call) Expect(ctx context.Context, what string) (*Message, error) {
	return c.phone.expect(ctx, c.Invite.Get("Call-ID"), what)
}

// Hangup ends the call as its state asks for, with BYE, CANCEL or 486, and waits
// for the end.
func (c *Call) Hangup(ctx context.Context) error {
	var bye *Message
	err := c.phone.do(func() {
		switch {
		case c.ended.happened():
		case c.dialog != nil:
			bye = c.dialog.Request("BYE")
		case c.tx != nil:
			c.refuse(486)
		case !c.given:
			c.given = true
			if c.heard {
				err := c.phone.transact(c.invite.Cancel(), func(*Message) {})
				if err != nil {
					c.end(nil)
				}
			}
		}
	})
	if err == nil && bye != nil {
		var res *Message
		res, err = c.phone.Do(ctx, bye)
		_ = c.phone.do(func() { c.end(res) })
	}
	if err == nil {
		_, err = c.Ended(ctx)
	}
	return err
}

// Do sends a request of the dialog and returns the final response: a re-INVITE or
// UPDATE with an SDP (the answer is applied, the ACK sent), or REFER, INFO …
// with headers "Name: value".
func (c *Call) Do(ctx context.Context, method, sdp string, headers ...string) (*Message, error) {
	var req *Message
	offer := method == "INVITE" || method == "UPDATE"
	err := c.phone.do(func() {
		if c.dialog != nil && !c.ended.happened() {
			req = c.dialog.Request(method).WithSDP(sdp).With(headers...)
			c.offering = offer
		}
	})
	if err != nil {
		return nil, err
	}
	if req == nil {
		return nil, fmt.Errorf("%s: the call is not up\n%s", method, c.phone)
	}
	res, err := c.phone.Do(ctx, req)
	_ = c.phone.do(func() {
		if offer {
			c.offering = false
		}
		if err == nil {
			err = c.done(req, res)
		}
	})
	return res, err
}

// done takes in the final response to a request of the dialog.
func (c *Call) done(req, res *Message) error {
	n, _ := res.CSeq()
	c.dialog.CSeq = max(c.dialog.CSeq, n) // a challenge took one
	if res.Status >= 300 || req.Method != "INVITE" && req.Method != "UPDATE" {
		return nil
	}
	if uri := uriOf(res.Get("Contact")); uri != "" {
		c.dialog.Target = uri
	}
	if req.Method == "INVITE" {
		ack := c.dialog.request("ACK", n)
		if req.Body == "" {
			answer, err := c.Audio.Answer(res.Body)
			if err != nil {
				return err
			}
			ack.WithSDP(answer)
		}
		if tx := c.phone.clients[txKey(res)]; tx != nil {
			tx.ack = ack
		}
		if err := c.phone.send(ack); err != nil {
			return err
		}
	}
	if req.Body == "" || res.Body == "" {
		return nil
	}
	return c.Audio.Connect(res.Body)
}

// TakeOver ends the automatic treatment of what the far end asks for in this
// call: from now on the test answers, with requests of the dialog it gets a copy of.
func (c *Call) TakeOver() (*Dialog, error) {
	var d *Dialog
	err := c.phone.do(func() {
		if c.dialog != nil {
			c.manual = true
			own := *c.dialog
			d = &own
		}
	})
	if err == nil && d == nil {
		err = errors.New("taking over: the call is not up")
	}
	return d, err
}
