package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	msg "github.com/emiago/sipgo/sip"
)

// ErrNoDialog says that no other node has the dialog a Replaces names.
var ErrNoDialog = errors.New("dialog of no other node")

// proof is how a leg to another node shows whose phone it stands for.
type proof struct {
	account Account
	tries   int // challenges that were answered
}

// nodeOf returns the other node whose dialog r names, and where that takes SIP; 0: none
// that is alive. Our tags begin with the number of their node.
func (u *UA) nodeOf(r Replaces) (node int, at netip.AddrPort) {
	number, _, _ := strings.Cut(r.toTag, ".")
	n, err := strconv.Atoi(number)
	if err != nil || n == u.cfg.Node || u.deps.Nodes == nil || !r.sendable() {
		return 0, netip.AddrPort{}
	}
	if at = u.deps.Nodes()[n]; !at.IsValid() {
		return 0, netip.AddrPort{}
	}
	return n, at
}

// nodeAt returns the other node that sends from source; 0: none.
func (u *UA) nodeAt(source netip.AddrPort) int {
	if u.deps.Nodes != nil {
		for n, at := range u.deps.Nodes() {
			if at == source {
				return n
			}
		}
	}
	return 0
}

// At returns the URI under which the node that has the dialog r names takes its place,
// for a phone that calls extension; false: no other node has it.
func (u *UA) At(r Replaces, extension string) (uri string, ok bool) {
	node, at := u.nodeOf(r)
	if node == 0 || !harmless(extension) {
		return "", false
	}
	to := msg.Uri{Scheme: "sip", User: extension, Host: hostOf(at.Addr()), Port: int(at.Port())}
	return to.String() + "?Replaces=" + url.QueryEscape(r.String()), true
}

// TakeOver asks the node that has the dialog r names to let us take the place of the
// phone of user in it (RFC 3891); extension is of whom that speaks with, who is then at
// the far end. It returns at once; Answered or Ended follows. Errors: ErrNoDialog, or as
// of Dial. Nodes know each other's accounts: so we prove to be user.
func (u *UA) TakeOver(r Replaces, user, extension string, d Dialing) (*Leg, error) {
	node, at := u.nodeOf(r)
	from := u.transport.addr("udp")
	account, ok := u.deps.Accounts.Account(user)
	if node == 0 || !ok || !from.IsValid() {
		return nil, ErrNoDialog
	}
	security := u.security("", user)
	if !security.admits("udp") {
		return nil, fmt.Errorf("%s must use TLS, which nodes do not among themselves", user)
	}
	l, err := newLeg(u, d.Log)
	if err != nil {
		return nil, err
	}
	l.security, l.proof = security, &proof{account: account}
	l.sink.Store(&d.Events)
	l.flow = flow{"udp", from, at}
	l.state = legCalling
	l.session = newSessionTimer()
	l.oa = u.newOfferAnswer(l)
	l.dlg = dialog{
		id:        dialogID{callID: l.id, localTag: l.id},
		local:     msg.Uri{Scheme: "sip", User: user, Host: u.cfg.Domain},
		localName: d.Name,
		remote:    msg.Uri{Scheme: "sip", User: extension, Host: u.cfg.Domain},
		target:    msg.Uri{Scheme: "sip", User: extension, Host: hostOf(at.Addr()), Port: int(at.Port())},
	}
	l.extra = []msg.Header{msg.NewHeader("Replaces", r.String())}
	if _, err := l.oa.offer(false); err != nil {
		l.discard()
		return nil, err
	}
	l.sent = newClientInvite(l.initialInvite())
	if u.add(l) != 0 {
		l.discard()
		return nil, ErrDraining
	}
	u.transport.panics.start("leg", func() {
		l.send()
		l.run()
	})
	return l, nil
}

// proves sends the INVITE to another node again, with the credentials its challenge res
// asks for; false: res is none, or cannot be answered.
func (l *Leg) proves(res *msg.Response) bool {
	p := l.proof
	if res == nil || !challenges(res, p.tries) {
		return false
	}
	req, at := l.initialInvite(), l.flow.remote.Addr()
	c := trunkCredentials{
		Realm: l.ua.cfg.Domain, User: p.account.User, Account: &p.account, Peers: []netip.Prefix{netip.PrefixFrom(at, at.BitLen())},
	}
	h, err := c.answer(req, res, at)
	if err != nil {
		l.log.Warn("another node not convinced", "err", err)
		return false
	}
	req.AppendHeader(h)
	p.tries++
	l.state = legCalling
	l.sent = newClientInvite(req)
	l.send()
	return true
}

// Redirect refuses the call of an inbound leg that was not answered: it is to be made to
// uri. Ended follows.
func (l *Leg) Redirect(uri string) {
	l.box.put(signal{kind: sigReject, code: 302, reason: "Moved Temporarily", contact: uri})
}

// sendable says whether r, which came from outside, may stand in a message.
func (r Replaces) sendable() bool {
	return harmless(r.callID) && harmless(r.toTag) && harmless(r.fromTag)
}

// harmless says whether text is a part of a header field that cannot be taken for more.
func harmless(text string) bool {
	special := func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune(`;,"<>`, c) }
	return text != "" && len(text) <= maxHeaderText && !strings.ContainsFunc(text, special)
}

// String is the value of a Replaces header field.
func (r Replaces) String() string {
	s := r.callID + ";to-tag=" + r.toTag + ";from-tag=" + r.fromTag
	if r.EarlyOnly {
		s += ";early-only"
	}
	return s
}
