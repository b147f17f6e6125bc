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
	maxInstance   = 128
	maxCallID     = 256
	maxPath       = 5
)

// readRegistration reads the contacts of a REGISTER and its Path; what else its
// bindings share is in from.
func readRegistration(req *msg.Request, from Binding) (registration, bool) {
	r := registration{from: from, expires: defaultExpires}
	if v := firstHdr(req, "Expires", ""); v != "" {
		r.expires = seconds(parseDeltaSeconds(v))
	}
	for _, v := range hdr(req, "Contact", "m") {
		if v == "*" {
			r.wildcard = true
			continue
		}
		c, ok := readContact(v, r.expires)
		if !ok {
			return r, false
		}
		r.contacts = append(r.contacts, c)
	}
	var ok bool
	r.from.Path, ok = readPath(req)
	return r, ok && len(from.CallID) <= maxCallID
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// readContact reads one Contact that a request can be sent to. Header fields
// in its URI are left out: they would become ours.
func readContact(value string, expires time.Duration) (contact, bool) {
	info, err := parseContact(value)
	var target msg.Uri // what requests to it will name
	if err != nil || !keepable(info.uri.text) || msg.ParseUri(info.uri.text, &target) != nil || target.Raw() != "" || target.Host == "" {
		return contact{}, false
	}
	c := contact{uri: info.uri.text, q: float32(info.q) / 1000, expires: expires}
	if info.expires >= 0 {
		c.expires = seconds(info.expires)
	}
	if info.instance != "" && len(info.instance) <= maxInstance && keepable(info.instance) {
		c.instance, c.regID = info.instance, info.regID
	}
	return c, true
}

// keepable reports whether s is short and can stand between angle brackets as it is.
func keepable(s string) bool {
	return len(s) <= maxContactURI && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || r == '<' || r == '>' || r == '"' || r == '\\'
	})
}

// readPath returns the Path of req as Route values, nearest hop first.
func readPath(req *msg.Request) ([]string, bool) {
	var path []string
	for _, v := range hdr(req, "Path", "") {
		a, err := parseNameAddr(v)
		if err != nil || a.uri.host == "" || !keepable(a.uri.text) || len(path) == maxPath {
			return nil, false
		}
		path = append(path, "<"+a.uri.text+">")
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
		s += fmt.Sprintf(`;+sip.instance="<%s>"`, b.Instance)
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
