package siptest

import "fmt"

// request treats a new request of an automatic phone.
func (p *Phone) request(m *Message) {
	call := p.calls[callKey(m, m.Param("To", "tag"))]
	switch {
	case m.Method == "ACK":
		if call != nil && !call.manual {
			call.acked(m)
		}
		return
	case call != nil && call.manual:
		return
	}
	tx := &serverTx{req: m}
	p.servers[txKey(m)] = tx
	switch {
	case m.Method == "CANCEL":
		p.cancelled(tx)
	case call != nil:
		call.request(tx)
	case m.Param("To", "tag") != "":
		p.answer(tx, p.response(m, 481, ""))
	case m.Method == "INVITE" && p.calls[callKey(m, p.tagFor(m))] != nil:
		p.answer(tx, p.response(m, 482, "")) // RFC 3261 8.2.2.2: it came another way before
	case m.Method == "INVITE":
		p.invited(tx)
	default:
		p.answer(tx, p.response(m, 200, ""))
	}
}

// cancelled ends the call whose INVITE has the branch of this CANCEL.
func (p *Phone) cancelled(tx *serverTx) {
	branch := tx.req.Param("Via", "branch")
	invite := p.servers[branch+" INVITE"]
	if invite == nil {
		p.answer(tx, p.response(tx.req, 481, ""))
		return
	}
	p.answer(tx, p.response(tx.req, 200, ""))
	call := p.calls[callKey(tx.req, p.tagFor(tx.req))]
	if call != nil && call.tx == invite && call.dialog == nil {
		p.answer(invite, p.response(invite.req, 487, ""))
		call.over(tx.req)
	}
}

// invited rings.
func (p *Phone) invited(tx *serverTx) {
	c, err := p.newCall(tx.req)
	if err != nil {
		p.answer(tx, p.response(tx.req, 500, ""))
		return
	}
	c.tx = tx
	p.add(c, p.tagFor(tx.req))
	ringing := p.response(tx.req, 180, "")
	p.answer(tx, ringing)
	c.ringing.happen(ringing)
	if p.cfg.Answer != nil {
		p.tasks.Go(func() { p.cfg.Answer(c) })
		return
	}
	select {
	case p.calling <- c:
	default:
		c.refuse(486)
	}
}

// refuse ends a ringing call with a final response.
func (c *Call) refuse(status int) {
	res := c.phone.response(c.Invite, status, "")
	c.phone.answer(c.tx, res)
	c.over(res)
}

// over ends a call whose INVITE was refused: the refusal goes on until its ACK.
func (c *Call) over(m *Message) {
	c.tx = nil
	c.end(m)
}

// Reject ends a ringing incoming call with that status.
func (c *Call) Reject(status int) error {
	return c.whileRinging(func() error {
		c.refuse(status)
		return nil
	})
}

// Answer sends the 200 to a ringing incoming call, again and again until the ACK
// comes: wait for that with Answered. Without an offer in the INVITE the 200
// makes one.
func (c *Call) Answer() error {
	return c.whileRinging(func() error {
		sdp, err := c.sdpFor(c.Invite)
		if err != nil {
			c.refuse(488)
			return err
		}
		c.dialog = Callee(c.Invite, c.accept(c.tx, sdp))
		return nil
	})
}

func (c *Call) whileRinging(f func() error) (err error) {
	gone := c.phone.do(func() {
		if c.tx == nil || c.dialog != nil || c.ended.happened() {
			err = fmt.Errorf("answering: the call does not ring\n%s", &c.phone.ladder)
			return
		}
		err = f()
	})
	if gone != nil {
		return gone
	}
	return err
}

// sdpFor returns the answer to the offer of m, or an offer when it has none.
func (c *Call) sdpFor(m *Message) (string, error) {
	c.offered = m.Body == ""
	if c.offered {
		return c.Audio.SDP(SendRecv), nil
	}
	return c.Audio.Answer(m.Body)
}

// accept sends a 200 to INVITE until the ACK comes; without one the call ends
// (RFC 3261 13.3.1.4).
func (c *Call) accept(tx *serverTx, sdp string) *Message {
	res := c.phone.response(tx.req, 200, sdp)
	c.tx = tx
	c.phone.answer(tx, res)
	tx.again.gaveUp = func() {
		_ = c.phone.transact(c.dialog.Request("BYE"), c.end)
	}
	return res
}

func (c *Call) acked(m *Message) {
	if c.tx == nil {
		return
	}
	want, _ := c.tx.req.CSeq()
	if n, _ := m.CSeq(); n != want {
		return
	}
	c.tx.again.stop()
	if c.offered && m.Body != "" {
		c.offered = false
		_ = c.Audio.Connect(m.Body)
	}
	c.answered.happen(m)
}

// request answers a request inside the dialog.
func (c *Call) request(tx *serverTx) {
	p, m := c.phone, tx.req
	switch m.Method {
	case "BYE":
		p.answer(tx, p.response(m, 200, ""))
		c.end(m)
	case "INVITE", "UPDATE":
		c.renegotiate(tx)
	case "REFER":
		p.answer(tx, p.response(m, 603, ""))
	default:
		p.answer(tx, p.response(m, 200, ""))
	}
}

// renegotiate answers a re-INVITE or UPDATE.
func (c *Call) renegotiate(tx *serverTx) {
	p, m := c.phone, tx.req
	if c.offering || c.dialog == nil {
		p.answer(tx, p.response(m, 491, ""))
		return
	}
	if uri := uriOf(m.Get("Contact")); uri != "" {
		c.dialog.Target = uri
	}
	if m.Method == "UPDATE" && m.Body == "" { // a session timer
		p.answer(tx, p.response(m, 200, ""))
		return
	}
	sdp, err := c.sdpFor(m)
	switch {
	case err != nil:
		p.answer(tx, p.response(m, 488, ""))
	case m.Method == "INVITE":
		c.accept(tx, sdp)
	default:
		p.answer(tx, p.response(m, 200, sdp))
	}
}
