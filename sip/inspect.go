package sip

import (
	"net/netip"
	"slices"
	"strings"

	msg "github.com/emiago/sipgo/sip"
)

// verdictAction is what becomes of a message.
type verdictAction string

const (
	passMessage   verdictAction = "pass"   // sipgo gets it in canonical form
	answerMessage verdictAction = "answer" // it is answered without a transaction
	dropMessage   verdictAction = "drop"   // nothing is sent
)

// verdict is the decision about one message.
type verdict struct {
	action    verdictAction
	code      int          // status of the answer
	reason    string       // a constant; empty when the message passes
	message   *wireMessage // nil if it is no SIP
	canonical []byte       // when it passes
	answer    []byte       // when it is answered
}

// methodsKnown are the registered methods. Those that are not served get 405
// from the core, all others 501 here (RFC 3261 21.5.2).
var methodsKnown = []string{
	"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "REGISTER", "PRACK", "UPDATE", "INFO", "REFER", "NOTIFY",
	"MESSAGE", "SUBSCRIBE", "PUBLISH",
}

// inspect judges one message from from by what it says alone: the syntax of
// what is structured and what RFC 3261 8.2 demands of every server. It is pure
// but for the key of the answers' tags. raw is one datagram, or on a stream
// exactly one message.
func inspect(raw []byte, from netip.AddrPort, stream bool) verdict {
	m, ok := readMessage(raw, stream)
	if !ok {
		return verdict{action: dropMessage, reason: "not_sip"}
	}
	if !m.request {
		return inspectResponse(m)
	}
	if len(m.vias) == 0 || m.badTop {
		return verdict{action: dropMessage, reason: "no_via", message: m}
	}
	m.received(from)
	found, extra := m.judge()
	if found.code == 0 && m.method == "ACK" && m.answeredHere() {
		return verdict{action: dropMessage, reason: "ack", message: m}
	}
	if found.code == 0 {
		canonical := m.text()
		if _, err := msg.ParseMessage(canonical); err == nil {
			return verdict{action: passMessage, message: m, canonical: canonical}
		}
		found = defect{400, "unreadable"}
	}
	if m.method == "ACK" {
		return verdict{action: dropMessage, reason: found.reason, message: m}
	}
	return m.refuse(found, len(raw), extra...)
}

// refuse is the verdict that answers m, of size bytes, with found. An answer is
// at most half as long again as the request, so that nobody is flooded through
// us: extra lines that do not fit are left out, and a request that is too short
// even then is no request.
func (m *wireMessage) refuse(found defect, size int, extra ...wireField) verdict {
	v := verdict{action: answerMessage, code: found.code, reason: found.reason, message: m}
	v.answer = m.response(found.code, extra)
	if len(v.answer) > size*3/2 {
		v.answer = m.response(found.code, nil)
	}
	if len(v.answer) > size*3/2 {
		return verdict{action: dropMessage, reason: "too_short", message: m}
	}
	return v
}

// inspectResponse passes a well-formed response with exactly one Via (RFC 3261
// 8.1.3.3) and drops any other.
func inspectResponse(m *wireMessage) verdict {
	if len(m.vias) != 1 {
		m.flaw(400, "response_vias")
	}
	if !m.complete() {
		m.flaw(400, "missing_header")
	}
	v := verdict{action: passMessage, message: m}
	if m.defect.code == 0 {
		v.canonical = m.text()
		if _, err := msg.ParseMessage(v.canonical); err != nil {
			m.flaw(400, "unreadable")
		}
	}
	if m.defect.code != 0 {
		v.action, v.reason, v.canonical = dropMessage, m.defect.reason, nil
	}
	return v
}

// judge returns what is wrong with a request, and header fields that tell the
// sender what would be right. The order is that of RFC 3261 8.2.
func (m *wireMessage) judge() (found defect, extra []wireField) {
	switch {
	case !strings.EqualFold(m.version, "SIP/2.0"):
		return defect{505, "version"}, nil
	case !slices.Contains(methodsKnown, m.method):
		return defect{501, "method"}, []wireField{{"Allow", allow}}
	case m.defect.code != 0:
		return m.defect, nil
	case !m.complete():
		return defect{400, "missing_header"}, nil
	case m.seqFor != m.method:
		return defect{400, "method_mismatch"}, nil
	case badBranch(m.vias[0]):
		return defect{400, "bad_branch"}, nil
	}
	if found := m.judgeURI(); found.code != 0 {
		return found, nil
	}
	if m.method == "ACK" || m.method == "CANCEL" {
		return defect{}, nil // RFC 3261 8.2.2.3: Require has no place there
	}
	if unknown := m.unknownExtensions(); len(unknown) > 0 {
		return defect{420, "extension"}, []wireField{{"Unsupported", strings.Join(unknown, ", ")}}
	}
	return m.judgeBody()
}

// complete returns whether the fields every message has were there and read.
// Max-Forwards may be missing: RFC 2543 had none.
func (m *wireMessage) complete() bool {
	return m.from.uri.text != "" && m.to.uri.text != "" && m.callID != "" && m.seqFor != ""
}

// badBranch reports a branch that is the magic cookie and nothing else: it
// would tell no two requests apart.
func badBranch(top wireVia) bool {
	branch, _ := top.params.get("branch")
	return strings.EqualFold(branch, msg.RFC3261BranchMagicCookie)
}

func (m *wireMessage) judgeURI() defect {
	if len(m.uri) > maxURI {
		return defect{414, "uri_too_long"}
	}
	u, ok := readURI(m.uri)
	switch {
	case !ok:
		return defect{400, "bad_uri"}
	case !u.sip() && u.scheme != "tel":
		return defect{416, "scheme"}
	case u.headers:
		return defect{400, "uri_headers"} // RFC 3261 19.1.1, table 1
	case m.method == "REGISTER" && !m.to.uri.sip():
		return defect{400, "address_of_record"} // RFC 3261 10.3
	}
	m.uri = u.text
	return defect{}
}

func (m *wireMessage) unknownExtensions() []string {
	required, _ := m.list("Require")
	known := strings.Split(supported, ", ")
	return slices.DeleteFunc(required, func(tag string) bool { return slices.Contains(known, strings.ToLower(tag)) })
}

// judgeBody looks at an INVITE's body and at what the caller wants to hear in
// answer (RFC 3261 8.2.3, 20.1).
func (m *wireMessage) judgeBody() (found defect, extra []wireField) {
	if codings, _ := m.list("Content-Encoding"); len(m.body) > 0 && slices.ContainsFunc(codings, func(c string) bool { return !strings.EqualFold(c, "identity") }) {
		return defect{415, "content_encoding"}, []wireField{{"Accept-Encoding", "identity"}}
	}
	if m.method != "INVITE" {
		return defect{}, nil
	}
	kind, typed := m.get("Content-Type")
	kind, _, _ = strings.Cut(strings.ToLower(kind), ";")
	switch {
	case len(m.body) > 0 && !typed:
		return defect{400, "no_content_type"}, nil
	case len(m.body) > 0 && kind != "application/sdp" && !strings.HasPrefix(kind, "multipart/") && !m.optionalBody():
		return defect{415, "content_type"}, []wireField{{"Accept", "application/sdp"}}
	}
	accepted, said := m.list("Accept")
	if said && !slices.ContainsFunc(accepted, acceptsSDP) {
		return defect{406, "accept"}, []wireField{{"Warning", `399 shouwen "only application/sdp can be sent"`}}
	}
	return defect{}, nil
}

// optionalBody reports a body that may be ignored (RFC 3261 20.11).
func (m *wireMessage) optionalBody() bool {
	disposition, _ := m.get("Content-Disposition")
	return strings.Contains(strings.ToLower(strings.ReplaceAll(disposition, " ", "")), ";handling=optional")
}

func acceptsSDP(media string) bool {
	media, _, _ = strings.Cut(strings.ToLower(media), ";")
	switch strings.TrimRight(media, " \t") {
	case "application/sdp", "application/*", "*/*":
		return true
	}
	return false
}
