package sip_test

import (
	"context"
	"strings"
	"testing"

	"github.com/emiago/sipgo"
	msg "github.com/emiago/sipgo/sip"
)

// parseWire parses an OPTIONS request with extra header lines.
func parseWire(t *testing.T, lines ...string) (*msg.Request, error) {
	t.Helper()
	text := "OPTIONS sip:x@example.invalid SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa\r\n" +
		"Call-ID: parse\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n"
	m, err := msg.ParseMessage([]byte(text))
	if err != nil {
		return nil, err
	}
	return m.(*msg.Request), nil
}

func mustParseWire(t *testing.T, lines ...string) *msg.Request {
	t.Helper()
	req, err := parseWire(t, lines...)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// A bad value in a header with a parser of its own fails the whole message.
func TestBadHeaderValueFailsMessage(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"Max-Forwards: -1", "Content-Length: 5x", "CSeq: x OPTIONS"} {
		if _, err := parseWire(t, line); err == nil {
			t.Errorf("%q parsed", line)
		}
	}
	if _, err := msg.ParseMessage([]byte("OPTIONS sip:x@y SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\n\n")); err == nil {
		t.Error("message with bare LF parsed")
	}
}

// Extra blanks stay inside the parsed value.
func TestExtraBlanksStayInValue(t *testing.T) {
	t.Parallel()
	req := mustParseWire(t, "CSeq: 5   OPTIONS", "Via: SIP / 2.0 / UDP  192.0.2.2;branch=z9hG4bKb")
	if got := req.CSeq().MethodName; got == msg.OPTIONS {
		t.Errorf("CSeq method is %q", got)
	}
	via := req.GetHeaders("Via")[1].(*msg.ViaHeader)
	if via.Transport == "UDP" {
		t.Errorf("Via transport is %q", via.Transport)
	}
}

// Compact names without a parser of their own are not found under the long
// name, not even by the typed accessors.
func TestCompactNamesStayCompact(t *testing.T) {
	t.Parallel()
	req := mustParseWire(t, "CSeq: 1 OPTIONS", "k: timer", "r: <sip:b@h>", "b: <sip:c@h>", "x: 90", "o: refer", "u: refer",
		"m: <sip:a@h>", "f: <sip:a@h>;tag=1", "t: <sip:b@h>")
	for _, name := range []string{"Supported", "Refer-To", "Referred-By", "Session-Expires", "Event", "Allow-Events"} {
		if h := req.GetHeader(name); h != nil {
			t.Errorf("%s found: %s", name, h)
		}
	}
	for _, name := range []string{"k", "r", "b", "x", "o", "u"} {
		if req.GetHeader(name) == nil {
			t.Errorf("%s not found", name)
		}
	}
	if req.ReferTo() != nil || req.ReferredBy() != nil {
		t.Error("typed accessor found a compact header")
	}
	if req.Contact() == nil || req.From() == nil || req.To() == nil {
		t.Error("m, f or t not found under its long name")
	}
}

// Headers without a parser keep comma lists whole and repetitions apart.
func TestGenericHeadersAreNotSplit(t *testing.T) {
	t.Parallel()
	req := mustParseWire(t, "CSeq: 1 OPTIONS", "Supported: timer, replaces", "Supported: path",
		`P-Asserted-Identity: "x" <sip:+1@h>, <tel:+1>`, "Contact: <sip:a@h>;expires=60, <sip:b@h>")
	if got := req.GetHeaders("Supported"); len(got) != 2 || got[0].Value() != "timer, replaces" {
		t.Errorf("Supported: %v", got)
	}
	if got := req.GetHeaders("P-Asserted-Identity"); len(got) != 1 || got[0].Value() != `"x" <sip:+1@h>, <tel:+1>` {
		t.Errorf("P-Asserted-Identity: %v", got)
	}
	if got := req.GetHeaders("Contact"); len(got) != 2 {
		t.Errorf("Contact: %v", got)
	}
}

// tel and urn URIs are opaque: no user, no host, and only the scheme in Addr.
func TestOpaqueURIs(t *testing.T) {
	t.Parallel()
	for text, raw := range map[string]string{"tel:+15551234": "+15551234", "urn:service:sos": "service:sos"} {
		var uri msg.Uri
		if err := msg.ParseUri(text, &uri); err != nil {
			t.Fatal(err)
		}
		if uri.User != "" || uri.Host != "" || uri.Raw() != raw || uri.String() != text {
			t.Errorf("%s: user %q host %q raw %q", text, uri.User, uri.Host, uri.Raw())
		}
		if got, want := uri.Addr(), uri.Scheme+":"; got != want {
			t.Errorf("%s: Addr is %q, want %q", text, got, want)
		}
	}
	if c := mustParseWire(t, "CSeq: 1 OPTIONS", "Contact: *").Contact(); c == nil || !c.Address.Wildcard {
		t.Error("Contact * is not a wildcard")
	}
}

// A clone shares Max-Forwards with the original: decrementing one decrements
// the other.
func TestCloneSharesMaxForwards(t *testing.T) {
	t.Parallel()
	req := mustParseWire(t, "CSeq: 1 OPTIONS", "Max-Forwards: 70")
	req.Clone().MaxForwards().Dec()
	if got := req.MaxForwards().Val(); got != 69 {
		t.Errorf("Max-Forwards of the original is %d, want 69", got)
	}
}

// A response fills received and rport only when the request asked for rport.
func TestReceivedOnlyWithRport(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		via    string
		filled bool
	}{
		{"Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKb", false},
		{"Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKb;rport", true},
	} {
		m, err := msg.ParseMessage([]byte("OPTIONS sip:x@y SIP/2.0\r\n" + tc.via + "\r\nCall-ID: nat\r\nCSeq: 1 OPTIONS\r\n\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		req := m.(*msg.Request)
		req.SetSource("192.0.2.7:40000")
		via := msg.NewResponseFromRequest(req, 200, "OK", nil).Via()
		received, _ := via.Params.Get("received")
		rport, _ := via.Params.Get("rport")
		if filled := received == "192.0.2.7" && rport == "40000"; filled != tc.filled {
			t.Errorf("%s: received %q rport %q", tc.via, received, rport)
		}
	}
}

// The digest client answers the first challenge only and leaves the parameters
// of the Request-URI out of uri.
func TestDigestAnswersFirstChallenge(t *testing.T) {
	t.Parallel()
	callee := newWireCallee(t, func(_ *wireCallee, req *msg.Request, send func(*msg.Response)) {
		if req.GetHeader("Authorization") != nil {
			send(msg.NewResponseFromRequest(req, 200, "OK", nil))
			return
		}
		res := msg.NewResponseFromRequest(req, 401, "Unauthorized", nil)
		res.AppendHeader(msg.NewHeader("WWW-Authenticate", `Digest realm="one", nonce="n1", algorithm=SHA-256, qop="auth"`))
		res.AppendHeader(msg.NewHeader("WWW-Authenticate", `Digest realm="two", nonce="n2", algorithm=MD5, qop="auth"`))
		send(res)
	})
	cli := newWireClient(t, newWireUA(t))
	uri := callee.uri()
	uri.UriParams.Add("user", "phone")
	ctx, cancel := context.WithTimeout(context.Background(), wireWait)
	defer cancel()
	req := msg.NewRequest(msg.OPTIONS, uri)
	res, err := cli.Do(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cli.DoDigestAuth(ctx, req, res, sipgo.DigestAuth{Username: "u", Password: "p"}); err != nil {
		t.Fatal(err)
	}
	sent := callee.requests(msg.OPTIONS)
	auth := sent[len(sent)-1].GetHeader("Authorization").Value()
	if !strings.Contains(auth, `realm="one"`) || strings.Contains(auth, `realm="two"`) {
		t.Errorf("Authorization: %s", auth)
	}
	if bare := callee.uri(); !strings.Contains(auth, `uri="`+bare.Addr()+`"`) {
		t.Errorf("Authorization: %s, want uri %q", auth, bare.Addr())
	}
}
