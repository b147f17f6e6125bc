package sip

import (
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	msg "github.com/emiago/sipgo/sip"
)

// Longest texts of a REGISTER that are kept.
const (
	maxContactURI = 512
	maxCallID     = 256
	maxPath       = 5
)

// readRegistration reads the contacts of a REGISTER. Everything a binding
// needs beyond them is in from, but for the Path.
func readRegistration(req *msg.Request, from Binding) (registration, bool) {
	r := registration{from: from, expires: expiresHeader(req)}
	for _, h := range req.GetHeaders("Contact") { // m: too; sipgo names both Contact
		header, ok := h.(*msg.ContactHeader)
		if !ok {
			return r, false
		}
		if header.Address.Wildcard {
			r.wildcard = true
			continue
		}
		c, ok := readContact(header, r.expires)
		if !ok {
			return r, false
		}
		r.contacts = append(r.contacts, c)
	}
	var ok bool
	r.from.Path, ok = readPath(req)
	return r, ok && len(from.CallID) <= maxCallID
}

// expiresHeader returns the Expires of req; absent or malformed it is the
// default (RFC 3261 10.2.1.1).
func expiresHeader(req *msg.Request) time.Duration {
	if h := req.GetHeader("Expires"); h != nil {
		return expiresValue(h.Value(), defaultExpires)
	}
	return defaultExpires
}

func expiresValue(s string, otherwise time.Duration) time.Duration {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 32)
	if err != nil {
		return otherwise
	}
	return time.Duration(n) * time.Second
}

func readContact(h *msg.ContactHeader, expires time.Duration) (contact, bool) {
	u := h.Address
	u.Headers = nil // they would become header fields of our requests
	c := contact{uri: u.String(), q: 1, expires: expires}
	if u.Scheme != "sip" && u.Scheme != "sips" || u.Host == "" || len(c.uri) > maxContactURI || !plainURI(c.uri) {
		return contact{}, false
	}
	if v := uriParam(h.Params, "expires"); v != "" {
		c.expires = expiresValue(v, defaultExpires)
	}
	if q, err := strconv.ParseFloat(uriParam(h.Params, "q"), 32); err == nil && q >= 0 && q <= 1 {
		c.q = float32(q)
	}
	instance := uriParam(h.Params, "+sip.instance")
	if strings.HasPrefix(instance, "<") && strings.HasSuffix(instance, ">") && len(instance) <= 128 && plainURI(instance[1:len(instance)-1]) {
		c.instance = instance
		if id, err := strconv.ParseUint(uriParam(h.Params, "reg-id"), 10, 31); err == nil {
			c.regID = int(id)
		}
	}
	return c, true
}

// plainURI reports whether s can stand between angle brackets as it is.
func plainURI(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || r == '<' || r == '>' || r == '"' || r == '\\'
	})
}

// readPath returns the Path of req as Route values, nearest hop first. sipgo
// neither splits nor reads that field, so its Route parser is borrowed.
func readPath(req *msg.Request) ([]string, bool) {
	var path []string
	for _, h := range req.GetHeaders("Path") {
		routes, err := msg.HeadersParser(msg.DefaultHeadersParser()).ParseHeader(nil, []byte("Route: "+h.Value()))
		if err != nil {
			return nil, false
		}
		for _, route := range routes {
			r, ok := route.(*msg.RouteHeader)
			if !ok || r.Address.Host == "" {
				return nil, false
			}
			uri := r.Address.String()
			if !plainURI(uri) || len(uri) > maxContactURI || len(path) == maxPath {
				return nil, false
			}
			path = append(path, "<"+uri+">")
		}
	}
	return path, true
}

// answerRegister completes the response to a REGISTER that left bindings.
func answerRegister(res *msg.Response, outcome regOutcome, bindings []Binding, path []string, now time.Time) {
	switch outcome {
	case regTooBrief:
		res.AppendHeader(msg.NewHeader("Min-Expires", strconv.Itoa(int(minExpires.Seconds()))))
	case regStored:
		for _, b := range bindings {
			res.AppendHeader(msg.NewHeader("Contact", contactValue(b, now)))
		}
		for _, p := range path {
			res.AppendHeader(msg.NewHeader("Path", p))
		}
		res.AppendHeader(msg.NewHeader("Supported", "path"))
		res.AppendHeader(msg.NewHeader("Date", now.UTC().Format(http.TimeFormat)))
	}
}

func contactValue(b Binding, now time.Time) string {
	s := fmt.Sprintf("<%s>;expires=%d", b.Contact, int(math.Ceil(b.Expires.Sub(now).Seconds())))
	if b.Q < 1 {
		s += ";q=" + strconv.FormatFloat(float64(b.Q), 'f', -1, 32)
	}
	if b.Instance != "" {
		s += fmt.Sprintf(`;+sip.instance="%s"`, b.Instance)
	}
	if b.RegID != 0 {
		s += ";reg-id=" + strconv.Itoa(b.RegID)
	}
	return s
}

// replyTo returns a response to req that goes back where req came from, through
// the same NAT, whether or not the phone asked for rport (RFC 3581).
func replyTo(req *msg.Request, source netip.AddrPort, code int, reason string) *msg.Response {
	source = netip.AddrPortFrom(source.Addr().Unmap(), source.Port())
	res := msg.NewResponseFromRequest(req, code, reason, nil)
	if via := res.Via(); via != nil {
		via.Params.Add("received", source.Addr().String())
		via.Params.Add("rport", strconv.Itoa(int(source.Port())))
	}
	res.SetDestination(source.String())
	return res
}
