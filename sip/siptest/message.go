package siptest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxMessage is the most octets of one message on a stream.
const maxMessage = 1 << 16

// errMalformed is wrapped by what Parse and ReadMessage say of a bad message.
var errMalformed = errors.New("no SIP message")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errMalformed}, args...)...)
}

// Field is one header line: the name as it was spelled, the value unfolded and
// without blanks around it.
type Field struct{ Name, Value string }

// Message is a SIP request (Method is set) or response (Status is set). What a
// phone received is shared by all who see it: Clone before changing it.
type Message struct {
	Method, URI string
	Status      int
	Reason      string
	Fields      []Field
	Body        string

	At   time.Time      // when it was received, or sent last
	Peer netip.AddrPort // over UDP: where it came from, or, set before Send, where it is to go
}

// Parse reads the message that fills packet. It wants what RFC 3261 7 and 8.1.1
// want of every message and nothing more; octets after Content-Length are dropped.
func Parse(packet []byte) (*Message, error) {
	head, body, ok := strings.Cut(string(packet), "\r\n\r\n")
	if !ok {
		return nil, malformed("no empty line ends the header")
	}
	m, n, err := parseHead(head)
	if err != nil {
		return nil, err
	}
	if n > len(body) {
		return nil, malformed("content-length is %d, the body has %d octets", n, len(body))
	}
	if n >= 0 {
		body = body[:n]
	}
	m.Body = body
	return m, nil
}

// ReadMessage reads the next message of a stream (RFC 3261 18.3), passing over
// keep-alives. io.EOF means that the stream ended between messages.
func ReadMessage(r *bufio.Reader) (*Message, error) {
	var head []byte
	for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		line, err := r.ReadSlice('\n')
		head = append(head, line...)
		switch {
		case err == io.EOF && len(head) > 0:
			return nil, io.ErrUnexpectedEOF
		case err != nil && err != bufio.ErrBufferFull:
			return nil, err
		case len(head) > maxMessage:
			return nil, malformed("header over %d octets", maxMessage)
		case string(head) == "\r\n":
			head = head[:0]
		}
	}
	m, n, err := parseHead(string(head[:len(head)-4]))
	switch {
	case err != nil:
		return nil, err
	case n < 0:
		return nil, malformed("no content-length on a stream")
	case n > maxMessage:
		return nil, malformed("content-length %d, over %d octets", n, maxMessage)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	m.Body = string(body)
	return m, nil
}

// parseHead reads the start line and the header. The length is that of
// Content-Length, -1 when there is none.
func parseHead(head string) (m *Message, length int, err error) {
	start, rest, _ := strings.Cut(head, "\r\n")
	if m, err = parseStart(start); err != nil {
		return nil, 0, err
	}
	m.Fields = make([]Field, 0, 16)
	for line := range strings.SplitSeq(rest, "\r\n") {
		if strings.ContainsAny(line, "\r\n\x00") {
			return nil, 0, malformed("stray line end or NUL in %q", line)
		}
		if last := len(m.Fields) - 1; last >= 0 && line != "" && (line[0] == ' ' || line[0] == '\t') {
			m.Fields[last].Value = strings.TrimSpace(m.Fields[last].Value + " " + strings.TrimSpace(line))
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if name = strings.TrimRight(name, " \t"); !ok || !isToken(name) {
			return nil, 0, malformed("header line %q", line)
		}
		m.Fields = append(m.Fields, Field{name, strings.TrimSpace(value)})
	}
	if err := m.check(); err != nil {
		return nil, 0, err
	}
	length = -1
	for _, v := range m.All("Content-Length") {
		if n, err := strconv.ParseUint(v, 10, 31); err == nil && length < 0 {
			length = int(n)
			continue
		}
		return nil, 0, malformed("content-length %q", m.All("Content-Length"))
	}
	return m, length, nil
}

func parseStart(line string) (*Message, error) {
	first, rest, _ := strings.Cut(line, " ")
	second, third, ok := strings.Cut(rest, " ")
	switch {
	case !ok || strings.ContainsAny(line, "\r\n\x00"):
		return nil, malformed("start line %q", line)
	case first == "SIP/2.0":
		status, err := strconv.Atoi(second)
		if err != nil || len(second) != 3 || status < 100 || status > 699 {
			return nil, malformed("status code %q", second)
		}
		return &Message{Status: status, Reason: third}, nil
	case third != "SIP/2.0" || !isToken(first) || second == "":
		return nil, malformed("request line %q", line)
	}
	return &Message{Method: first, URI: second}, nil
}

// check says what every message must have and m lacks.
func (m *Message) check() error {
	for _, name := range [...]string{"From", "To", "Call-ID", "CSeq"} {
		n := 0
		for _, f := range m.Fields {
			if sameName(f.Name, name) {
				n++
			}
		}
		if n != 1 {
			return malformed("%d %s headers", n, name)
		}
	}
	if m.Get("Via") == "" {
		return malformed("no Via")
	}
	n, method := m.CSeq()
	if n < 0 || !isToken(method) || m.Method != "" && m.Method != method {
		return malformed("cseq %q", m.Get("CSeq"))
	}
	return nil
}

// CSeq returns the number and the method of CSeq, -1 when the number is none.
func (m *Message) CSeq() (int, string) {
	number, method, _ := strings.Cut(m.Get("CSeq"), " ")
	n, err := strconv.ParseUint(number, 10, 31)
	if err != nil {
		return -1, ""
	}
	return int(n), strings.TrimLeft(method, " \t")
}

// Get returns the first value of a header, compact or long, or "".
func (m *Message) Get(name string) string {
	for _, f := range m.Fields {
		if sameName(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// All returns the values of a header, one for each line.
func (m *Message) All(name string) []string {
	var all []string
	for _, f := range m.Fields {
		if sameName(f.Name, name) {
			all = append(all, f.Value)
		}
	}
	return all
}

// List returns the elements of a header that is a comma-separated list.
func (m *Message) List(name string) []string {
	var list []string
	for _, v := range m.All(name) {
		list = slices.AppendSeq(list, split(v, ','))
	}
	return list
}

// Param returns a parameter of a header: Param("To", "tag").
func (m *Message) Param(name, param string) string {
	params := m.Get(name)
	if i := strings.LastIndexByte(params, '>'); i >= 0 {
		params = params[i+1:]
	}
	for p := range split(params, ';') {
		if k, v, _ := strings.Cut(p, "="); strings.EqualFold(strings.TrimSpace(k), param) {
			return strings.Trim(strings.TrimSpace(v), `"`)
		}
	}
	return ""
}

// With changes m and returns it. Lines are "Name: value"; the headers they name
// are replaced, and only removed when all there is is "Name:".
func (m *Message) With(lines ...string) *Message {
	fields := make([]Field, len(lines))
	for i, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		fields[i] = Field{strings.TrimSpace(name), strings.TrimSpace(value)}
	}
	m.Fields = slices.DeleteFunc(m.Fields, func(f Field) bool {
		return slices.ContainsFunc(fields, func(g Field) bool { return sameName(f.Name, g.Name) })
	})
	for _, f := range fields {
		if f.Value != "" {
			m.Fields = append(m.Fields, f)
		}
	}
	return m
}

// WithSDP makes sdp the body of m and returns m; "" is no body.
func (m *Message) WithSDP(sdp string) *Message {
	m.Body = sdp
	m.With("Content-Length:", "Content-Type:")
	if sdp != "" {
		m.With("Content-Type: application/sdp")
	}
	return m
}

// WithTag gives the header To or From that tag and returns m.
func (m *Message) WithTag(name, tag string) *Message {
	value := m.Get(name)
	if old := m.Param(name, "tag"); old != "" {
		value = strings.Replace(value, ";tag="+old, "", 1)
	}
	return m.With(name + ": " + value + ";tag=" + tag)
}

// Clone returns a copy that can be changed without touching m.
func (m *Message) Clone() *Message {
	c := *m
	c.Fields = slices.Clone(m.Fields)
	return &c
}

// String returns m as it goes over the wire. Content-Length is added where it is
// missing; one that is there stays, right or wrong.
func (m *Message) String() string {
	var b strings.Builder
	b.Grow(256 + 64*len(m.Fields) + len(m.Body))
	if m.Method != "" {
		b.WriteString(m.Method + " " + m.URI + " SIP/2.0\r\n")
	} else {
		b.WriteString("SIP/2.0 " + strconv.Itoa(m.Status) + " " + m.Reason + "\r\n")
	}
	for _, f := range m.Fields {
		b.WriteString(f.Name + ": " + f.Value + "\r\n")
	}
	if m.Get("Content-Length") == "" {
		b.WriteString("Content-Length: " + strconv.Itoa(len(m.Body)) + "\r\n")
	}
	b.WriteString("\r\n" + m.Body)
	return b.String()
}

var compact = map[byte]string{
	'a': "Accept-Contact", 'b': "Referred-By", 'c': "Content-Type", 'd': "Request-Disposition",
	'e': "Content-Encoding", 'f': "From", 'i': "Call-ID", 'j': "Reject-Contact", 'k': "Supported",
	'l': "Content-Length", 'm': "Contact", 'o': "Event", 'r': "Refer-To", 's': "Subject", 't': "To",
	'u': "Allow-Events", 'v': "Via", 'x': "Session-Expires", 'y': "Identity",
}

// sameName compares a name as spelled with a long name.
func sameName(spelled, name string) bool {
	if len(spelled) == 1 {
		spelled = compact[spelled[0]|0x20]
	}
	return spelled == name || len(spelled) == len(name) && strings.EqualFold(spelled, name) // both are ASCII
}

func isToken(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z') && (s[i] < '0' || s[i] > '9') && !strings.ContainsRune("-.!%*_+`'~", rune(s[i])) {
			return false
		}
	}
	return s != ""
}

// split cuts at sep outside quotes and angle brackets.
func split(s string, sep byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		start, quoted, angled := 0, false, false
		for i := 0; i < len(s); i++ {
			switch c := s[i]; {
			case quoted && c == '\\':
				i++
			case c == '"':
				quoted = !quoted
			case quoted:
			case c == '<' || c == '>':
				angled = c == '<'
			case c == sep && !angled:
				if !yield(strings.TrimSpace(s[start:i])) {
					return
				}
				start = i + 1
			}
		}
		yield(strings.TrimSpace(s[start:]))
	}
}

// uriOf returns the URI of a name-addr or addr-spec.
func uriOf(value string) string {
	if _, rest, ok := strings.Cut(value, "<"); ok {
		uri, _, _ := strings.Cut(rest, ">")
		return uri
	}
	uri, _, _ := strings.Cut(value, ";")
	return uri
}

// addrOf returns the address of a SIP URI whose host is an IP address.
func addrOf(uri string) (netip.AddrPort, error) {
	_, host, ok := strings.Cut(uri, ":")
	if i := strings.IndexAny(host, ";?"); i >= 0 {
		host = host[:i]
	}
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	if addr, err := netip.ParseAddrPort(host); ok && err == nil {
		return addr, nil
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("no IP address in %q", uri)
	}
	return netip.AddrPortFrom(addr, 5060), nil
}
