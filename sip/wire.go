package sip

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of one message. What is above is answered with 513, a longer
// Request-URI with 414.
const (
	maxHeaderBytes = 12 << 10
	maxHeaderLines = 128
	maxVias        = 70
	maxParams      = 64 // of one value; more is an error
	maxURI         = 1024
	maxBody        = 16 << 10
)

// wireMessage is a message as the sender meant it: folding undone, compact
// names long, structured fields read by the grammar of RFC 3261 and written
// again without blanks. Fields that could not be read are left out; defect says
// what was wrong first.
type wireMessage struct {
	request     bool
	method, uri string // of a request
	version     string
	code        int    // of a response
	phrase      string // of a response

	fields []wireField // in order, without Content-Length; one value a line where the field is a list of structured values
	vias   []wireVia   // top first
	from   wireAddress
	to     wireAddress
	callID string
	seq    uint32
	seqFor string // method in CSeq
	body   []byte

	badVia bool // some Via could not be read
	badTop bool // nor could the top one's sent-by
	defect defect
}

// wireField is a header field; name is the long form for fields known here.
type wireField struct{ name, value string }

// defect is what is wrong with a message: the status code of the RFC and a
// constant for counters and tests. The zero value is no defect.
type defect struct {
	code   int
	reason string
}

func (m *wireMessage) flaw(code int, reason string) {
	if m.defect.code == 0 {
		m.defect = defect{code, reason}
	}
}

// splitMessage cuts raw behind the empty line that ends the header section. ok
// is false if there is none.
func splitMessage(raw []byte) (head, rest []byte, ok bool) {
	end := bytes.Index(raw, []byte("\r\n\r\n"))
	if end < 0 {
		return nil, nil, false
	}
	return raw[:end+2], raw[end+4:], true
}

// unfold returns the lines of a header section, each without its CRLF and with
// its continuation lines (RFC 3261 7.3.1). It looks at maxHeaderBytes only.
func unfold(head []byte) []string {
	text := string(head[:min(len(head), maxHeaderBytes)])
	lines := make([]string, 0, 16)
	var folded []byte // the last line, while it goes on
	unfolded := func() {
		if folded != nil {
			lines[len(lines)-1], folded = string(folded), nil
		}
	}
	for text != "" || len(lines) == 0 {
		next, rest, _ := strings.Cut(text, "\r\n")
		text = rest
		if len(lines) == 0 || next == "" || !isBlank(next[0]) {
			unfolded()
			lines = append(lines, next)
			continue
		}
		if folded == nil {
			folded = []byte(lines[len(lines)-1])
		}
		folded = append(append(bytes.TrimRight(folded, " \t"), ' '), strings.Trim(next, " \t")...)
	}
	unfolded()
	return lines
}

// splitField returns the long name and the value of a header line; ok is false
// if it is none.
func splitField(line string) (f wireField, ok bool) {
	name, value, ok := strings.Cut(line, ":")
	name = strings.TrimRight(name, " \t")
	if !ok || !isToken(name) {
		return wireField{}, false
	}
	if long, known := longNames[strings.ToLower(name)]; known {
		name = long
	}
	return wireField{name, strings.Trim(value, " \t")}, true
}

// declaredLength returns the Content-Length of a header section: -1 if it has
// none; ok is false if it has several or no number.
func declaredLength(fields []wireField) (n int, ok bool) {
	n = -1
	for _, f := range fields {
		if f.name != "Content-Length" {
			continue
		}
		length, err := strconv.ParseUint(f.value, 10, 31)
		if err != nil || n >= 0 || !isDigits(f.value) {
			return -1, false
		}
		n = int(length)
	}
	return n, true
}

// readMessage reads raw, which holds exactly one message on a stream and at
// least one in a datagram. ok is false if raw is no SIP message at all.
func readMessage(raw []byte, stream bool) (m *wireMessage, ok bool) {
	raw = bytes.TrimLeft(raw, "\r\n") // RFC 3261 7.5
	head, rest, ok := splitMessage(raw)
	if !ok {
		return nil, false
	}
	m = &wireMessage{}
	lines := unfold(head)
	if !m.readStartLine(lines[0]) {
		return nil, false
	}
	if len(head) > maxHeaderBytes || len(lines) > maxHeaderLines+1 {
		m.flaw(513, "header_too_large")
		lines = lines[:min(len(lines), maxHeaderLines+1)]
	}
	var fields []wireField
	for _, line := range lines[1:] {
		f, ok := splitField(line)
		if !ok || !printable(f.value) {
			m.flaw(400, "bad_header_line")
			continue
		}
		f.value = strings.ToValidUTF8(f.value, "\uFFFD")
		fields = append(fields, f)
	}
	m.readFields(fields)
	m.readBody(fields, rest, stream)
	return m, true
}

// readStartLine reads the first line; false means that this is no SIP.
func (m *wireMessage) readStartLine(line string) bool {
	if len(line) >= 4 && strings.EqualFold(line[:4], "SIP/") {
		return m.readStatusLine(line)
	}
	trimmed := strings.TrimRight(line, " \t")
	first, last := strings.IndexByte(trimmed, ' '), strings.LastIndexByte(trimmed, ' ')
	if first < 0 || first == last || !isToken(trimmed[:first]) || !isVersion(trimmed[last+1:]) {
		return false
	}
	m.request = true
	m.method, m.uri, m.version = trimmed[:first], trimmed[first+1:last], trimmed[last+1:]
	if len(trimmed) != len(line) || strings.ContainsAny(m.uri, " \t") {
		m.flaw(400, "bad_start_line")
	}
	return true
}

func (m *wireMessage) readStatusLine(line string) bool {
	version, rest, _ := strings.Cut(line, " ")
	code, phrase, ok := strings.Cut(rest, " ")
	n, err := strconv.Atoi(code)
	if !ok || err != nil || len(code) != 3 || n < 100 || n > 699 || !strings.EqualFold(version, "SIP/2.0") || !printable(phrase) {
		m.flaw(400, "bad_status_line")
	}
	m.version, m.code, m.phrase = "SIP/2.0", n, strings.ToValidUTF8(phrase, "\uFFFD")
	return true
}

// readFields reads the structured fields and keeps the others.
func (m *wireMessage) readFields(fields []wireField) {
	m.fields = make([]wireField, 0, len(fields))
	for i, f := range fields {
		if f.name == "Content-Length" {
			continue
		}
		rule, known := fieldRules[f.name]
		if known && !rule.list && slices.ContainsFunc(fields[:i], func(g wireField) bool { return g.name == f.name }) {
			m.flaw(400, "repeated_header")
			continue
		}
		if rule.read == nil {
			m.fields = append(m.fields, f)
			continue
		}
		values, ok := rule.read(m, f.value)
		if !ok {
			m.flaw(400, "bad_"+strings.ToLower(strings.ReplaceAll(f.name, "-", "_")))
			m.badVia = m.badVia || f.name == "Via"
			m.badTop = m.badTop || len(m.vias) == 0 && f.name == "Via"
		}
		for _, v := range values {
			m.fields = append(m.fields, wireField{f.name, v})
		}
	}
	if len(m.vias) > maxVias {
		m.flaw(513, "too_many_vias")
	}
}

// readBody takes the body from rest (RFC 3261 18.3).
func (m *wireMessage) readBody(fields []wireField, rest []byte, stream bool) {
	n, ok := declaredLength(fields)
	switch {
	case ok && n > maxBody:
		m.flaw(513, "body_too_large")
		return
	case !ok, stream && n < 0, n > len(rest):
		m.flaw(400, "bad_content_length")
		return
	case n < 0:
		n = len(rest)
	}
	if m.body = rest[:n]; n > maxBody {
		m.flaw(513, "body_too_large")
	}
}

// get returns the value of the first field called name.
func (m *wireMessage) get(name string) (value string, ok bool) {
	i := slices.IndexFunc(m.fields, func(f wireField) bool { return strings.EqualFold(f.name, name) })
	if i < 0 {
		return "", false
	}
	return m.fields[i].value, true
}

// list returns the items of all fields called name, which have no quoted
// commas; ok is false without such a field.
func (m *wireMessage) list(name string) (items []string, ok bool) {
	for _, f := range m.fields {
		if !strings.EqualFold(f.name, name) {
			continue
		}
		ok = true
		for item := range strings.SplitSeq(f.value, ",") {
			if item = strings.Trim(item, " \t"); item != "" {
				items = append(items, item)
			}
		}
	}
	return items, ok
}

// received notes the source of a request in its top Via (RFC 3261 18.2.1, RFC
// 3581 4), and gives a request of RFC 2543 that sipgo could not match a branch.
func (m *wireMessage) received(from netip.AddrPort) {
	top := &m.vias[0]
	_, branch := top.params.get("branch")
	if _, tagged := m.from.tag(); !branch && !tagged {
		top.params = append(top.params, wireParam{"branch", "z9hG4bK-2543-" + m.mark("branch", top.sentBy()), true})
	}
	top.params.remove("received")
	host, err := netip.ParseAddr(strings.Trim(top.host, "[]"))
	_, rport := top.params.get("rport")
	if err != nil || host.Unmap() != from.Addr() || rport {
		top.params = append(top.params, wireParam{"received", from.Addr().String(), true})
	}
	if rport {
		top.params.set("rport", strconv.Itoa(int(from.Port())))
	}
	if i := slices.IndexFunc(m.fields, func(f wireField) bool { return f.name == "Via" }); i >= 0 {
		m.fields[i].value = top.String()
	}
}

// text writes the message in canonical form.
func (m *wireMessage) text() []byte {
	size := len(m.method) + len(m.uri) + len(m.phrase) + len(m.body) + 64
	for _, f := range m.fields {
		size += len(f.name) + len(f.value) + 4
	}
	b := make([]byte, 0, size)
	if m.request {
		b = fmt.Appendf(b, "%s %s SIP/2.0\r\n", m.method, m.uri)
	} else {
		b = fmt.Appendf(b, "SIP/2.0 %d %s\r\n", m.code, m.phrase)
	}
	for _, f := range m.fields {
		b = append(append(append(append(b, f.name...), ": "...), f.value...), "\r\n"...)
	}
	b = fmt.Appendf(b, "Content-Length: %d\r\n\r\n", len(m.body))
	return append(b, m.body...)
}

// longNames maps lower-case and compact names to the long form (RFC 3261 7.3.3
// and the registry).
var longNames = map[string]string{
	"a": "Accept-Contact", "b": "Referred-By", "c": "Content-Type", "e": "Content-Encoding", "f": "From",
	"i": "Call-ID", "j": "Reject-Contact", "k": "Supported", "l": "Content-Length", "m": "Contact",
	"o": "Event", "r": "Refer-To", "s": "Subject", "t": "To", "u": "Allow-Events", "v": "Via",
	"x": "Session-Expires", "d": "Request-Disposition", "n": "Identity-Info", "y": "Identity",

	"call-id": "Call-ID", "contact": "Contact", "content-length": "Content-Length", "content-type": "Content-Type",
	"content-encoding": "Content-Encoding", "cseq": "CSeq", "from": "From", "max-forwards": "Max-Forwards",
	"record-route": "Record-Route", "refer-to": "Refer-To", "referred-by": "Referred-By", "route": "Route",
	"to": "To", "via": "Via", "expires": "Expires", "min-expires": "Min-Expires", "min-se": "Min-SE",
	"session-expires": "Session-Expires", "replaces": "Replaces", "event": "Event", "rack": "RAck", "rseq": "RSeq",
}

// printable returns whether s has no control characters but tabs; behind a
// backslash in a quoted string they are text (RFC 3261 25.1, quoted-pair).
func printable(s string) bool {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
			if i < len(s) && (s[i] == '\r' || s[i] == '\n') {
				return false
			}
		case c < ' ' && c != '\t', c == 0x7f:
			return false
		}
	}
	return true
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func isVersion(s string) bool {
	if len(s) < 4 || !strings.EqualFold(s[:4], "SIP/") {
		return false
	}
	major, minor, ok := strings.Cut(s[4:], ".")
	return ok && isDigits(major) && isDigits(minor)
}

// isToken reports a token of RFC 3261 25.1.
func isToken(s string) bool {
	for i := range len(s) {
		if !isTokenChar(s[i]) {
			return false
		}
	}
	return s != ""
}

func isTokenChar(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("-.!%*_+`'~", c) >= 0
}

func isAlphanumeric(c byte) bool {
	return isLetter(c) || '0' <= c && c <= '9'
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isText(c byte) bool { return c >= utf8.RuneSelf }
