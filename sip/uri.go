package sip

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// wireURI is a URI; text is how it is written on.
type wireURI struct {
	scheme  string // lower case
	text    string
	headers bool // a SIP URI with headers
}

func (u wireURI) sip() bool { return u.scheme == "sip" || u.scheme == "sips" }

// readURI reads an addr-spec (RFC 3261 25.1) that is all of s.
func readURI(s string) (u wireURI, ok bool) {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || scheme == "" || !isLetter(scheme[0]) || rest == "" || len(s) > maxURI || strings.ContainsAny(s, " \t") {
		return u, false
	}
	for i := range len(scheme) {
		if c := scheme[i]; !isAlphanumeric(c) && c != '+' && c != '-' && c != '.' {
			return u, false
		}
	}
	u = wireURI{scheme: strings.ToLower(scheme), text: s}
	if !u.sip() {
		return u, escaped(rest, func(c byte) bool { return isURIChar(c) || c == '#' })
	}
	userinfo := ""
	if at := strings.IndexByte(rest, '@'); at >= 0 {
		if !isUserinfo(rest[:at]) {
			return u, false
		}
		userinfo, rest = rest[:at+1], rest[at+1:]
	}
	t := wireText{s: rest}
	host, port, ok := t.hostPort()
	if !ok {
		return u, false
	}
	tail := rest[t.i:]
	ps, hs, headers := strings.Cut(tail, "?")
	if ps != "" && !isURIParams(ps) || headers && !isURIHeaders(hs) {
		return u, false
	}
	u.text, u.headers = scheme+":"+userinfo+host+port+tail, headers
	return u, true
}

func isUserinfo(s string) bool {
	user, password, _ := strings.Cut(s, ":")
	return user != "" && escaped(user, isUserChar) && escaped(password, isUserChar)
}

// isUserChar reports unreserved and user-unreserved, and the "#" that phones
// put into feature codes.
func isUserChar(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("-_.!~*'()&=+$,;?/#", c) >= 0
}

func isURIParams(s string) bool {
	if s[0] != ';' {
		return false
	}
	for p := range strings.SplitSeq(s[1:], ";") {
		name, value, valued := strings.Cut(p, "=")
		if !escaped(name, isURIParamChar) || !escaped(value, isURIParamChar) || name == "" || valued && value == "" {
			return false
		}
	}
	return true
}

func isURIParamChar(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("-_.!~*'()[]/:&+$", c) >= 0
}

func isURIHeaders(s string) bool {
	for h := range strings.SplitSeq(s, "&") {
		name, value, ok := strings.Cut(h, "=")
		if !ok || name == "" || !escaped(name, isURIHeaderChar) || !escaped(value, isURIHeaderChar) {
			return false
		}
	}
	return true
}

// isURIHeaderChar reports hnv-unreserved and unreserved, and the ";=@" that
// transferring phones leave unescaped in Replaces.
func isURIHeaderChar(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("-_.!~*'()[]/?:+$;=@", c) >= 0
}

func isURIChar(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("-_.!~*'();/?:@&=+$,[]", c) >= 0
}

// escaped returns whether s consists of characters that are ok and of %HH.
func escaped(s string, ok func(byte) bool) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			i += 2
		} else if !ok(s[i]) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// hostPort reads host [ ":" port ]; port keeps its colon.
func (t *wireText) hostPort() (host, port string, ok bool) {
	if t.peek() == '[' {
		shut := strings.IndexByte(t.s[t.i:], ']')
		if shut < 0 {
			return "", "", false
		}
		if host, ok = ipv6Reference(t.s[t.i+1 : t.i+shut]); !ok {
			return "", "", false
		}
		t.i += shut + 1
	} else if host = t.while(isHostChar); host == "" || len(host) > 255 {
		return "", "", false
	}
	mark := t.i
	if !t.sep(':') {
		return host, "", true
	}
	digits := t.while(func(c byte) bool { return '0' <= c && c <= '9' })
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || n == 0 {
		t.i = mark
		return "", "", false
	}
	return host, ":" + strconv.Itoa(int(n)), true
}

// isHostChar reports the characters of names and IPv4 addresses, and the "_"
// some machines are named with.
func isHostChar(c byte) bool { return isAlphanumeric(c) || c == '-' || c == '.' || c == '_' }

// threeColons matches what a bug in the grammar of RFC 3261 allows before an
// embedded IPv4 address (RFC 5118 4.10).
var threeColons = regexp.MustCompile(`:::(\d+\.\d+\.\d+\.\d+)$`)

// ipv6Reference returns the reference with its brackets, rewritten where sipgo
// could not read it.
func ipv6Reference(inside string) (string, bool) {
	text := threeColons.ReplaceAllString(inside, "::$1")
	addr, err := netip.ParseAddr(text)
	if err != nil || !addr.Is6() || addr.Zone() != "" {
		return "", false
	}
	if len(text) > len("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") {
		text = addr.String() // sipgo looks for the bracket no further
	}
	return "[" + text + "]", true
}
