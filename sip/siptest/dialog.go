package siptest

import (
	"fmt"
	"slices"
)

// Dialog is what one side knows of a dialog (RFC 3261 12). A script may change
// any field before the next request.
type Dialog struct {
	CallID        string
	Local, Remote string   // From and To of the own requests, tags included
	Target        string   // the remote target: a URI
	Route         []string // the route set, in the order of the own requests; loose routers only
	CSeq          int      // of the last own request
}

// Caller returns the dialog that res made for the sender of invite.
func Caller(invite, res *Message) *Dialog {
	n, _ := invite.CSeq()
	route := res.List("Record-Route")
	slices.Reverse(route)
	return &Dialog{
		CallID: invite.Get("Call-ID"), Local: invite.Get("From"), Remote: res.Get("To"),
		Target: uriOf(res.Get("Contact")), Route: route, CSeq: n,
	}
}

// Callee returns the dialog that res made for the receiver of invite.
func Callee(invite, res *Message) *Dialog {
	return &Dialog{
		CallID: invite.Get("Call-ID"), Local: res.Get("To"), Remote: invite.Get("From"),
		Target: uriOf(invite.Get("Contact")), Route: invite.List("Record-Route"),
	}
}

// Request returns the next request of the dialog, without Via and Contact:
// Phone.Send adds them.
func (d *Dialog) Request(method string) *Message {
	d.CSeq++
	return d.request(method, d.CSeq)
}

func (d *Dialog) request(method string, cseq int) *Message {
	m := &Message{Method: method, URI: d.Target}
	for _, r := range d.Route {
		m.Fields = append(m.Fields, Field{"Route", r})
	}
	m.Fields = append(m.Fields, Field{"From", d.Local}, Field{"To", d.Remote},
		Field{"Call-ID", d.CallID}, Field{"CSeq", fmt.Sprint(cseq, " ", method)})
	return m
}

// Ack returns the ACK for a final response to the INVITE m. For a 2xx it is a
// request of the dialog (RFC 3261 13.2.2.4), else a part of the transaction (17.1.1.3).
func (m *Message) Ack(res *Message) *Message {
	n, _ := m.CSeq()
	if res.Status >= 300 {
		ack := m.sameHop("ACK")
		return ack.With("To: " + res.Get("To"))
	}
	ack := Caller(m, res).request("ACK", n)
	for _, name := range []string{"Authorization", "Proxy-Authorization"} {
		for _, v := range m.All(name) {
			ack.Fields = append(ack.Fields, Field{name, v})
		}
	}
	return ack
}

// Cancel returns the CANCEL for the INVITE m, which has been sent (RFC 3261 9.1).
func (m *Message) Cancel() *Message { return m.sameHop("CANCEL") }

// sameHop returns a request that goes the way of m, under its branch.
func (m *Message) sameHop(method string) *Message {
	n, _ := m.CSeq()
	r := &Message{Method: method, URI: m.URI, Peer: m.Peer, Fields: []Field{{"Via", m.Get("Via")}}}
	for _, name := range []string{"Route", "Max-Forwards", "From", "To", "Call-ID"} {
		for _, v := range m.All(name) {
			r.Fields = append(r.Fields, Field{name, v})
		}
	}
	r.Fields = append(r.Fields, Field{"CSeq", fmt.Sprint(n, " ", method)})
	return r
}

// Response returns the response to the request m (RFC 3261 8.2.6). A To without a
// tag gets this one, in all but 100.
func (m *Message) Response(status int, tag string) *Message {
	r := &Message{Status: status, Reason: reasons[status], Peer: m.Peer}
	for _, f := range m.Fields {
		for _, name := range [...]string{"Via", "From", "To", "Call-ID", "CSeq", "Record-Route"} {
			if sameName(f.Name, name) {
				r.Fields = append(r.Fields, Field{name, f.Value})
			}
		}
	}
	if status > 100 && r.Param("To", "tag") == "" {
		r.WithTag("To", tag)
	}
	return r
}

// reasons are the reason phrases of RFC 3261 21 that phones use; others go without.
var reasons = map[int]string{
	100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 182: "Queued", 183: "Session Progress",
	200: "OK", 202: "Accepted", 302: "Moved Temporarily", 400: "Bad Request", 401: "Unauthorized",
	403: "Forbidden", 404: "Not Found", 407: "Proxy Authentication Required", 408: "Request Timeout",
	420: "Bad Extension", 422: "Session Interval Too Small", 423: "Interval Too Brief",
	480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist", 482: "Loop Detected", 486: "Busy Here",
	487: "Request Terminated", 488: "Not Acceptable Here", 491: "Request Pending", 500: "Server Internal Error",
	503: "Service Unavailable", 600: "Busy Everywhere", 603: "Decline",
}
