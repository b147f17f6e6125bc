package sip

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	msg "github.com/emiago/sipgo/sip"
	"github.com/google/uuid"
)

const (
	enrolFor     = 10 * time.Minute // what a registration is asked for
	longestEnrol = 24 * time.Hour   // what a Min-Expires may ask for
	firstRetry   = 5 * time.Second  // after a REGISTER that failed; doubles
	lastRetry    = 10 * time.Minute
	refusedRetry = time.Minute // after one that was forbidden; doubles
)

// enrolment is our registration at a server of a trunk (RFC 3261 10.2). It is a
// plain value; the gateway's goroutine owns it.
type enrolment struct {
	callID   string
	seq      uint32
	asks     time.Duration // Expires of the next REGISTER
	failures int           // in a row
	at       *endpoint     // where we are registered, or tried last; nil: nowhere yet
}

// enroll registers, or renews the registration, and returns when to do so again.
func (g *gateway) enroll(ctx context.Context) (next time.Duration) {
	e := &g.enrolment
	if e.callID == "" {
		e.callID, e.asks = uuid.NewString(), enrolFor
	}
	res, err := g.registerAnywhere(ctx)
	switch {
	case ctx.Err() != nil:
		return lastRetry
	case err == nil && res.StatusCode == 423 && e.brief(res):
		return 0
	case err == nil && res.IsSuccess():
		granted := grantedFor(res, e.asks)
		e.failures = 0
		g.enrolled("", "")
		return granted*4/5 - rand.N(granted/10+1)
	}
	e.failures++
	why, wait, reason := "no answer to REGISTER", firstRetry, "no_answer"
	switch {
	case err == nil && res.StatusCode == 403:
		why, wait, reason = "REGISTER refused with 403: check user and password", refusedRetry, "forbidden"
	case err == nil:
		why, reason = fmt.Sprintf("REGISTER refused with %d", res.StatusCode), "refused"
	case e.at != nil:
		why = "REGISTER: " + err.Error()
	}
	g.enrolled(why, reason)
	return backoff(wait, lastRetry, e.failures)
}

// backoff is the wait after so many failures in a row: from first, doubling up to
// last, and somewhere in its upper half, so that not everybody comes back at once
// (RFC 5626 4.5).
func backoff(first, last time.Duration, failures int) time.Duration {
	d := first
	for i := 1; i < failures && d < last; i++ {
		d *= 2
	}
	d = min(d, last)
	return d/2 + rand.N(d/2)
}

// brief takes the interval a 423 asks for; false if it is not to be had.
func (e *enrolment) brief(res *msg.Response) bool {
	n, err := strconv.ParseUint(strings.TrimSpace(firstHdr(res, "Min-Expires", "")), 10, 31)
	least := time.Duration(n) * time.Second
	if err != nil || least <= e.asks || least > longestEnrol {
		return false
	}
	e.asks = least
	return true
}

// grantedFor is how long the registration lasts that res, a 200 to a REGISTER for
// asked, confirms: at least a minute, whatever it says. Other contacts of the
// account, Path and Service-Route do not matter: all goes through the server.
func grantedFor(res *msg.Response, asked time.Duration) time.Duration {
	granted := asked
	if v := firstHdr(res, "Expires", ""); v != "" {
		granted = expiresValue(v, asked)
	}
	if contacts := hdr(res, "Contact", "m"); len(contacts) == 1 {
		if a, err := parseNameAddr(contacts[0]); err == nil {
			if v, ok := a.params.get("expires"); ok {
				granted = expiresValue(v, granted)
			}
		}
	}
	return min(max(granted, time.Minute), asked)
}

// registerAnywhere registers where we are registered already; elsewhere if nobody is
// there or can take it.
func (g *gateway) registerAnywhere(ctx context.Context) (res *msg.Response, err error) {
	e, all := &g.enrolment, g.inTurn()
	if i := slices.Index(all, e.at); i > 0 {
		all = slices.Insert(slices.Delete(all, i, i+1), 0, e.at)
	}
	err = errors.New("name not resolved")
	for i, at := range all {
		limit := 64 * g.ua.cfg.T1
		if i < len(all)-1 {
			limit = 8 * g.ua.cfg.T1
		}
		e.at = at
		res, err = at.register(ctx, e.asks, limit)
		if err == nil && res.StatusCode != 408 && (res.StatusCode < 500 || res.StatusCode >= 600) {
			break
		}
	}
	return res, err
}

// register sends REGISTER for that long, 0 to end it, and answers challenges.
func (e *endpoint) register(ctx context.Context, expires, limit time.Duration) (*msg.Response, error) {
	var challenge *msg.Response
	for tries := 0; ; tries++ {
		req := e.registerRequest(expires)
		if challenge != nil {
			h, err := e.trunk.credentials(e.remote.Addr()).answer(req, challenge, e.remote.Addr())
			if err != nil {
				return nil, err
			}
			req.AppendHeader(h)
		}
		res, err := e.exchange(ctx, req, limit)
		if err != nil || !challenges(res, tries) {
			return res, err
		}
		challenge = res
	}
}

func (e *endpoint) registerRequest(expires time.Duration) *msg.Request {
	o := e.trunk.Outbound
	e.enrolment.seq++
	req := e.request(msg.REGISTER, e.enrolment.callID, e.enrolment.seq)
	req.AppendHeader(&msg.ContactHeader{Address: e.ua.contactURI(e.flow(), o.User)})
	req.AppendHeader(msg.NewHeader("Expires", strconv.Itoa(int(expires.Seconds()))))
	return req
}

// challenges says whether res is a challenge to be answered, after as many
// answers as tries: a second one only if nothing but the nonce was too old.
func challenges(res *msg.Response, tries int) bool {
	if res.StatusCode != msg.StatusUnauthorized && res.StatusCode != msg.StatusProxyAuthRequired {
		return false
	}
	return tries == 0 || tries == 1 && isStale(res)
}

func isStale(res *msg.Response) bool {
	for _, name := range []string{"WWW-Authenticate", "Proxy-Authenticate"} {
		for _, h := range res.GetHeaders(name) {
			if ch, err := parseDigest(h.Value()); err == nil && strings.EqualFold(ch["stale"], "true") {
				return true
			}
		}
	}
	return false
}

// enrolled notes that we are registered, or why not, in words and as metrics call it.
func (g *gateway) enrolled(refused, reason string) {
	g.mu.Lock()
	was, before := g.registered, g.refused
	g.registered, g.refused = refused == "", refused
	if g.registered != was {
		g.since = time.Now()
	}
	g.mu.Unlock()
	switch {
	case refused == "" && !was:
		g.log.Info("registered at the trunk")
	case refused != "":
		g.ua.deps.Metrics.SIP.TrunkRegistrationFailed(reason)
		if refused != before {
			g.log.Error("not registered at the trunk", "reason", refused)
		}
	}
}

// leave ends the registration for good: no calls from there any more.
func (g *gateway) leave(ctx context.Context) {
	g.mu.Lock()
	was := g.registered
	g.registered, g.refused = false, "draining"
	g.mu.Unlock()
	if was {
		_, _ = g.enrolment.at.register(ctx, 0, 64*g.ua.cfg.T1)
	}
}
