package sip

import (
	"errors"
	"maps"
	"time"

	msg "github.com/emiago/sipgo/sip"
)

// dialogID names a dialog as its peer's requests do (RFC 3261 12).
type dialogID struct{ callID, localTag, remoteTag string }

// dialog is the state shared by two user agents (RFC 3261 12). It is pure: it
// builds requests and judges received ones, and does no I/O. The leg that holds
// it owns it.
type dialog struct {
	id         dialogID
	local      msg.Uri // From URI of our requests
	localName  string  // display name of our requests
	remote     msg.Uri // To URI of our requests
	remoteName string
	target     msg.Uri              // where the peer wants requests: its Contact
	routes     []msg.Uri            // fixed at creation
	localSeq   uint32               // of the last request we sent, ACK and CANCEL excepted
	remoteSeq  uint32               // of the last request accepted from the peer
	heard      bool                 // remoteSeq is set
	late       map[uint32]time.Time // numbers below remoteSeq that may still come, and until when
}

// sipgo hands each message over on a goroutine of its own, so that requests sent
// back to back overtake each other: a number that was skipped may come a little later.
const (
	lateTime = 500 * time.Millisecond
	maxLate  = 8 // numbers remembered
)

var (
	errOldRequest = errors.New("request is older than the last one of its dialog")
	errNoContact  = errors.New("no usable Contact header field")
)

// dialogOfRequest is the dialog a UAS enters with its answer to INVITE req
// (RFC 3261 12.1.1). localTag is our To tag.
func dialogOfRequest(req *msg.Request, localTag string) (dialog, error) {
	contact := req.Contact()
	if contact == nil || contact.Address.Wildcard || contact.Address.Host == "" {
		return dialog{}, errNoContact
	}
	from, to := req.From(), req.To()
	d := dialog{
		id:         dialogID{req.CallID().Value(), localTag, tag(from.Params)},
		local:      bare(to.Address),
		localName:  to.DisplayName,
		remote:     bare(from.Address),
		remoteName: from.DisplayName,
		target:     *contact.Address.Clone(),
		remoteSeq:  req.CSeq().SeqNo,
		heard:      true,
	}
	for _, h := range req.GetHeaders("Record-Route") {
		if rr, ok := h.(*msg.RecordRouteHeader); ok {
			d.routes = append(d.routes, rr.Address)
		}
	}
	return d, nil
}

// dialogOfResponse is the dialog a 2xx opens for the UAC that sent INVITE req
// (RFC 3261 12.1.2). The route set is taken in reverse order.
func dialogOfResponse(req *msg.Request, res *msg.Response) (dialog, error) {
	contact := res.Contact()
	if contact == nil || contact.Address.Wildcard || contact.Address.Host == "" {
		return dialog{}, errNoContact
	}
	d := dialog{
		id:         dialogID{req.CallID().Value(), tag(req.From().Params), tag(res.To().Params)},
		local:      bare(req.From().Address),
		localName:  req.From().DisplayName,
		remote:     bare(req.To().Address),
		remoteName: req.To().DisplayName,
		target:     *contact.Address.Clone(),
		localSeq:   req.CSeq().SeqNo,
	}
	rr := res.GetHeaders("Record-Route")
	for i := len(rr) - 1; i >= 0; i-- {
		if h, ok := rr[i].(*msg.RecordRouteHeader); ok {
			d.routes = append(d.routes, h.Address)
		}
	}
	return d, nil
}

// has says whether req is of this dialog, the To tag being known (RFC 3261 12.2.2).
func (d *dialog) has(req *msg.Request) bool {
	return req.CallID().Value() == d.id.callID && tag(req.From().Params) == d.id.remoteTag
}

// accept judges the CSeq of an in-dialog request other than ACK and CANCEL that
// came now (RFC 3261 12.2.2); gaps are legal.
func (d *dialog) accept(req *msg.Request, now time.Time) error {
	seq := req.CSeq().SeqNo
	if d.heard && seq <= d.remoteSeq {
		if until := d.late[seq]; !now.Before(until) {
			return errOldRequest
		}
		delete(d.late, seq)
		return nil
	}
	maps.DeleteFunc(d.late, func(n uint32, _ time.Time) bool { return n+maxLate < seq })
	for n := seq - min(seq, maxLate); n < seq; n++ {
		if n > d.remoteSeq || !d.heard {
			if d.late == nil {
				d.late = make(map[uint32]time.Time)
			}
			d.late[n] = now.Add(lateTime)
		}
	}
	d.remoteSeq, d.heard = seq, true
	return nil
}

// refreshTarget takes the Contact of a target refresh request or of its 2xx.
func (d *dialog) refreshTarget(m interface{ Contact() *msg.ContactHeader }) {
	if c := m.Contact(); c != nil && !c.Address.Wildcard && c.Address.Host != "" {
		d.target = *c.Address.Clone()
	}
}

// request builds the next request of the dialog: start line, Route, From, To,
// Call-ID, CSeq and Max-Forwards. ACK repeats seq of the INVITE it belongs to;
// other methods pass 0 and get the next number.
func (d *dialog) request(method msg.RequestMethod, seq uint32) *msg.Request {
	if seq == 0 {
		d.localSeq++
		seq = d.localSeq
	}
	uri, routes := d.route()
	req := msg.NewRequest(method, uri)
	for _, r := range routes {
		req.AppendHeader(&msg.RouteHeader{Address: r})
	}
	from := &msg.FromHeader{DisplayName: d.localName, Address: d.local, Params: tagParam(d.id.localTag)}
	to := &msg.ToHeader{DisplayName: d.remoteName, Address: d.remote}
	if d.id.remoteTag != "" {
		to.Params = tagParam(d.id.remoteTag)
	}
	callID := msg.CallIDHeader(d.id.callID)
	maxForwards := msg.MaxForwardsHeader(70)
	for _, h := range []msg.Header{from, to, &callID, &msg.CSeqHeader{SeqNo: seq, MethodName: method}, &maxForwards} {
		req.AppendHeader(h)
	}
	return req
}

// route returns the Request-URI and the Route set of a request. A first route
// without lr is a strict router: it becomes the Request-URI (RFC 3261 12.2.1.1).
func (d *dialog) route() (msg.Uri, []msg.Uri) {
	if len(d.routes) == 0 || d.routes[0].UriParams.Has("lr") {
		return *d.target.Clone(), d.routes
	}
	strict := bare(d.routes[0])
	return strict, append(append([]msg.Uri(nil), d.routes[1:]...), d.target)
}

// cancelOf builds the CANCEL of INVITE req: same Request-URI, Via branch, From,
// To, Call-ID and CSeq number (RFC 3261 9.1).
func cancelOf(req *msg.Request) *msg.Request {
	c := msg.NewRequest(msg.CANCEL, *req.Recipient.Clone())
	via := req.Via().Clone()
	c.AppendHeader(via)
	msg.CopyHeaders("Route", req, c)
	c.AppendHeader(msg.HeaderClone(req.From()))
	c.AppendHeader(msg.HeaderClone(req.To()))
	c.AppendHeader(msg.HeaderClone(req.CallID()))
	c.AppendHeader(&msg.CSeqHeader{SeqNo: req.CSeq().SeqNo, MethodName: msg.CANCEL})
	maxForwards := msg.MaxForwardsHeader(70)
	c.AppendHeader(&maxForwards)
	return c
}

// bare returns u without the parameters and headers that must not be in a From,
// To or Request-URI (RFC 3261 19.1.1).
func bare(u msg.Uri) msg.Uri {
	c := *u.Clone()
	c.Headers = nil
	if user, ok := c.UriParams.Get("user"); ok {
		c.UriParams = msg.NewParams()
		c.UriParams.Add("user", user)
	} else {
		c.UriParams = nil
	}
	return c
}

func tag(p msg.HeaderParams) string { t, _ := p.Get("tag"); return t }

func tagParam(t string) msg.HeaderParams {
	p := msg.NewParams()
	p.Add("tag", t)
	return p
}

// retransmitAfter is the wait before the n-th repetition (from 1) of a 2xx to
// INVITE that was not acknowledged: T1 doubling up to T2 (RFC 3261 13.3.1.4).
func retransmitAfter(n int, t1, t2 time.Duration) time.Duration {
	d := t1
	for i := 1; i < n && d < t2; i++ {
		d *= 2
	}
	return min(d, t2)
}
