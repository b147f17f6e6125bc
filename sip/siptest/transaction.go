package siptest

import (
	"context"
	"fmt"
	"net/netip"
	"time"
)

// A clientTx is a request that is sent again until it is answered (RFC 3261 17.1).
type clientTx struct {
	req   *Message
	to    netip.AddrPort // where it went, and the ACK for a refusal goes (RFC 3261 17.1.1.3)
	again *repeat
	on    func(*Message) // every response but repeated refusals, and nil after 64·T1 without a final one
	over  bool           // it was refused
	ack   *Message       // for 2xx responses that are repeated, none when nil
}

// A serverTx is a request that was answered; its retransmissions get the answer
// again (RFC 3261 17.2).
type serverTx struct {
	req   *Message
	last  []byte  // the last response; none yet when nil
	again *repeat // a final response to INVITE, until its ACK
}

type expiry struct {
	at  time.Time
	key string
}

// txKey tells transactions apart: an ACK belongs to the INVITE of its branch.
func txKey(m *Message) string {
	_, method := m.CSeq()
	if method == "ACK" {
		method = "INVITE"
	}
	return m.Param("Via", "branch") + " " + method
}

// repeat sends a packet at T1, 2·T1, 4·T1 … and gives up after 64·T1. It is owned
// by the phone's goroutine.
type repeat struct {
	p        *Phone
	raw      []byte // nil when only the giving up is wanted: a request on a stream
	to       netip.AddrPort
	interval time.Duration
	max      time.Duration // of the interval
	until    time.Time
	gaveUp   func()
	timer    *time.Timer
	stopped  bool
}

func (p *Phone) repeat(raw []byte, to netip.AddrPort, invite bool, gaveUp func()) *repeat {
	r := &repeat{p: p, raw: raw, to: to, interval: p.cfg.T1, max: 8 * p.cfg.T1, gaveUp: gaveUp}
	r.until = time.Now().Add(64 * p.cfg.T1)
	if invite {
		r.max = 64 * p.cfg.T1
	}
	if raw == nil {
		r.interval = 64 * p.cfg.T1
	}
	r.timer = time.AfterFunc(r.interval, func() { p.post(r.tick) })
	return r
}

func (r *repeat) tick() {
	switch {
	case r.stopped:
		return
	case !time.Now().Before(r.until):
		r.stopped = true
		r.gaveUp()
		return
	}
	r.p.resent.Add(1)
	_ = r.p.write(r.raw, r.to)
	r.interval = min(2*r.interval, r.max)
	r.timer.Reset(min(r.interval, time.Until(r.until)))
}

// stop may be called on nil, and more than once.
func (r *repeat) stop() {
	if r != nil {
		r.stopped = true
		r.timer.Stop()
	}
}

// transact sends req and calls on, in the phone's goroutine, for its responses.
func (p *Phone) transact(req *Message, on func(*Message)) error {
	raw, to, err := p.emit(req)
	if err != nil {
		return err
	}
	if p.stream != nil {
		raw = nil
	}
	key := txKey(req)
	again := p.repeat(raw, to, req.Method == "INVITE", func() {
		p.expire(key)
		on(nil)
	})
	p.clients[key] = &clientTx{req: req, to: to, again: again, on: on}
	return nil
}

// receive is the first to see a message.
func (p *Phone) receive(m *Message) {
	p.purge()
	if m.Method == "" {
		p.ladder.received(m, true)
		if tx := p.clients[txKey(m)]; tx != nil {
			p.progress(tx, m)
		}
		return
	}
	if p.cfg.Manual {
		p.ladder.received(m, true)
		return
	}
	tx := p.servers[txKey(m)]
	p.ladder.received(m, tx == nil || m.Method == "ACK")
	switch {
	case tx == nil:
		p.request(m)
	case m.Method == "ACK":
		tx.again.stop()
	case tx.last != nil:
		p.repeated.Add(1)
		_ = p.write(tx.last, m.Peer)
	}
}

// progress moves a client transaction.
func (p *Phone) progress(tx *clientTx, m *Message) {
	invite := tx.req.Method == "INVITE"
	if m.Status >= 200 || invite {
		tx.again.stop()
	}
	if m.Status >= 200 {
		p.expire(txKey(tx.req))
	}
	switch {
	case invite && m.Status >= 300:
		ack := tx.req.Ack(m)
		ack.Peer = tx.to
		_ = p.send(ack)
		if tx.over {
			p.repeated.Add(1)
			return
		}
		tx.over = true
	case tx.ack != nil && m.Status >= 200:
		_ = p.send(tx.ack)
		return
	}
	tx.on(m)
}

// answer sends a response and keeps it for retransmissions of its request. A
// final one to INVITE is sent again until its ACK.
func (p *Phone) answer(tx *serverTx, res *Message) {
	tx.last, _, _ = p.emit(res)
	if res.Status < 200 {
		return
	}
	p.expire(txKey(tx.req))
	if tx.req.Method == "INVITE" && (p.udp != nil || res.Status < 300) {
		tx.again = p.repeat(tx.last, res.Peer, false, func() {})
	}
}

// expire forgets a transaction 64·T1 from now: until then its peer may repeat itself.
func (p *Phone) expire(key string) {
	p.stale = append(p.stale, expiry{time.Now().Add(64 * p.cfg.T1), key})
}

func (p *Phone) purge() {
	n := 0
	for n < len(p.stale) && p.stale[n].at.Before(time.Now()) {
		delete(p.clients, p.stale[n].key)
		delete(p.servers, p.stale[n].key)
		n++
	}
	p.stale = p.stale[n:]
}

// Do sends req until it is answered and returns the final response, having
// answered challenges with the password and acknowledged all but a 2xx to INVITE.
func (p *Phone) Do(ctx context.Context, req *Message) (*Message, error) {
	for {
		final := make(chan *Message, 1)
		var sent error
		err := p.do(func() {
			sent = p.transact(req, func(m *Message) {
				if m == nil || m.Status >= 200 {
					select {
					case final <- m:
					default: // a repeated one
					}
				}
			})
		})
		if err == nil {
			err = sent
		}
		if err != nil {
			return nil, err
		}
		res, err := await(ctx, p, "the answer to "+req.Method, final)
		if err != nil {
			return nil, err
		}
		if res == nil {
			return nil, fmt.Errorf("%s: no answer within 64·T1\n%s", req.Method, p)
		}
		retry := p.Authorize(req, res)
		if retry == nil {
			return res, nil
		}
		req = retry
	}
}
