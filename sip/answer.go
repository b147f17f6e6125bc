package sip

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Answers given without a transaction. Their To tag is derived from the
// request, so the ACK to one is recognised without remembering anything.

// markKey makes marks unguessable. It lives as long as the process.
var markKey = func() []byte {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails
	return key
}()

// mark derives a token for purpose from what a request has in common with its
// ACK (RFC 3261 17.1.1.3) and from more.
func (m *wireMessage) mark(purpose, more string) string {
	tag, _ := m.from.tag()
	sum := hmac.New(sha256.New, markKey)
	fmt.Fprintf(sum, "%s\n%s\n%s\n%s\n%d\n%s", purpose, m.uri, tag, m.callID, m.seq, more)
	return hex.EncodeToString(sum.Sum(nil)[:12])
}

// answerTag is the To tag of the answer to m.
func (m *wireMessage) answerTag() string {
	branch, _ := m.vias[0].params.get("branch")
	return "r" + m.mark("tag", m.vias[0].sentBy()+branch)
}

// answeredHere returns whether the ACK m is for an answer of this file.
func (m *wireMessage) answeredHere() bool {
	tag, ok := m.to.tag()
	return ok && hmac.Equal([]byte(tag), []byte(m.answerTag()))
}

// response writes the answer to m with the fields of m that could be read (RFC
// 3261 8.2.6.2) and extra. m has a top Via.
func (m *wireMessage) response(code int, extra []wireField) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "SIP/2.0 %d %s\r\n", code, phrases[code])
	vias := m.vias
	if m.badVia {
		vias = vias[:1]
	}
	for _, v := range vias {
		fmt.Fprintf(&b, "Via: %s\r\n", v)
	}
	if m.from.uri.text != "" {
		fmt.Fprintf(&b, "From: %s\r\n", m.from)
	}
	if m.to.uri.text != "" {
		fmt.Fprintf(&b, "To: %s", m.to)
		if _, tagged := m.to.tag(); !tagged {
			fmt.Fprintf(&b, ";tag=%s", m.answerTag())
		}
		b.WriteString("\r\n")
	}
	if m.callID != "" {
		fmt.Fprintf(&b, "Call-ID: %s\r\n", m.callID)
	}
	if m.seqFor != "" {
		fmt.Fprintf(&b, "CSeq: %d %s\r\n", m.seq, m.seqFor)
	}
	for _, f := range extra {
		fmt.Fprintf(&b, "%s: %s\r\n", f.name, f.value)
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return b.Bytes()
}

// phrases of the codes answered here.
var phrases = map[int]string{
	400: "Bad Request",
	406: "Not Acceptable",
	414: "Request-URI Too Long",
	415: "Unsupported Media Type",
	416: "Unsupported URI Scheme",
	420: "Bad Extension",
	501: "Not Implemented",
	503: "Service Unavailable",
	505: "Version Not Supported",
	513: "Message Too Large",
}

// replyPort is the port of the sender an answer over UDP goes to (RFC 3261
// 18.2.2, RFC 3581 4). m has passed received, so rport is the source's.
func (m *wireMessage) replyPort() uint16 {
	port, asked := m.vias[0].params.get("rport")
	if !asked {
		port = strings.TrimPrefix(m.vias[0].port, ":")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return 5060
	}
	return uint16(n)
}
