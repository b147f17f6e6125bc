package sip

import (
	"strconv"
	"strings"
)

// fieldRule says how a header field is read. Fields without a rule are kept as
// they are.
type fieldRule struct {
	list bool // it may come several times
	// read stores what the rest of the package needs and returns the values to
	// write, one for each line. What it could read is returned even if not ok.
	// nil: any value.
	read func(m *wireMessage, value string) (values []string, ok bool)
}

// fieldRules are the fields sipgo parses, for it refuses a message with a bad
// one, and those that may come once only.
var fieldRules = map[string]fieldRule{
	"Call-ID":      {false, callIDField},
	"Contact":      {true, contactField},
	"Content-Type": {false, contentTypeField},
	"CSeq":         {false, cseqField},
	"From":         {false, fromField},
	"Max-Forwards": {false, maxForwardsField},
	"Record-Route": {true, routeField},
	"Refer-To":     {false, addressField},
	"Referred-By":  {false, addressField},
	"Route":        {true, routeField},
	"To":           {false, toField},
	"Via":          {true, viaField},

	"Event":           {false, nil},
	"Expires":         {false, nil},
	"Min-Expires":     {false, nil},
	"Min-SE":          {false, nil},
	"RAck":            {false, nil},
	"Replaces":        {false, nil},
	"RSeq":            {false, nil},
	"Session-Expires": {false, nil},
}

func viaField(m *wireMessage, value string) (values []string, ok bool) {
	t := wireText{s: value}
	for {
		v, ok := t.via()
		if v.host != "" {
			m.vias = append(m.vias, v)
		}
		if !ok {
			return values, false
		}
		values = append(values, v.String())
		if !t.sep(',') {
			return values, t.end()
		}
	}
}

func fromField(m *wireMessage, value string) (values []string, ok bool) {
	a, ok := oneAddress(value)
	if !ok {
		return nil, false
	}
	m.from = a
	return []string{a.String()}, true
}

func toField(m *wireMessage, value string) (values []string, ok bool) {
	a, ok := oneAddress(value)
	if !ok {
		return nil, false
	}
	m.to = a
	return []string{a.String()}, true
}

func addressField(_ *wireMessage, value string) (values []string, ok bool) {
	a, ok := oneAddress(value)
	if !ok {
		return nil, false
	}
	return []string{plain(a).String()}, true
}

func oneAddress(value string) (wireAddress, bool) {
	t := wireText{s: value}
	a, ok := t.address()
	t.blanks()
	return a, ok && t.end()
}

// plain leaves out a display name with escapes: sipgo loses count of its
// quotes, and outside From and To nobody reads it.
func plain(a wireAddress) wireAddress {
	if strings.Contains(a.display, `\`) {
		a.display = ""
	}
	return a
}

func contactField(_ *wireMessage, value string) (values []string, ok bool) {
	if value == "*" {
		return []string{value}, true
	}
	return addressFields(value)
}

func addressFields(value string) (values []string, ok bool) {
	t := wireText{s: value}
	for {
		a, ok := t.address()
		if !ok {
			return nil, false
		}
		values = append(values, plain(a).String())
		if !t.sep(',') {
			t.blanks()
			return values, t.end()
		}
	}
}

// routeField reads a list of name-addr; a route without brackets is ambiguous.
func routeField(_ *wireMessage, value string) (values []string, ok bool) {
	if !strings.Contains(value, "<") {
		return nil, false
	}
	return addressFields(value)
}

func callIDField(m *wireMessage, value string) (values []string, ok bool) {
	if value == "" || strings.ContainsAny(value, " \t,;") {
		return nil, false
	}
	for i := range len(value) {
		if isText(value[i]) || value[i] < ' ' {
			return nil, false
		}
	}
	m.callID = value
	return []string{value}, true
}

func cseqField(m *wireMessage, value string) (values []string, ok bool) {
	t := wireText{s: value}
	digits := t.while(func(c byte) bool { return '0' <= c && c <= '9' })
	n, err := strconv.ParseUint(digits, 10, 31) // RFC 3261 8.1.1.5
	if err != nil || !isBlank(t.peek()) {
		return nil, false
	}
	t.blanks()
	method := t.token()
	if method == "" || !t.end() {
		return nil, false
	}
	m.seq, m.seqFor = uint32(n), method
	return []string{strconv.FormatUint(n, 10) + " " + method}, true
}

func maxForwardsField(_ *wireMessage, value string) (values []string, ok bool) {
	n, err := strconv.ParseUint(value, 10, 8) // RFC 3261 20.22: 0 to 255
	if err != nil || !isDigits(value) {
		return nil, false
	}
	return []string{strconv.FormatUint(n, 10)}, true
}

func contentTypeField(_ *wireMessage, value string) (values []string, ok bool) {
	t := wireText{s: value}
	main := t.token()
	slash := t.sep('/')
	sub := t.token()
	if !slash || main == "" || sub == "" {
		return nil, false
	}
	t.blanks()
	if !t.end() && t.peek() != ';' {
		return nil, false
	}
	return []string{main + "/" + sub + value[t.i:]}, true
}
