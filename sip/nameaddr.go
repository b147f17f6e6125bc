package sip

import (
	"fmt"
	"net/url"
	"strings"
)

// splitOutside splits s at sep outside of quotes and angle brackets and drops
// empty elements. What is opened and never closed reaches to the end.
func splitOutside(s string, sep byte) []string {
	var all []string
	var quoted, angled bool
	start := 0
	add := func(end int) {
		if e := strings.TrimSpace(s[start:end]); e != "" {
			all = append(all, e)
		}
		start = end + 1
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<':
			angled = true
		case c == '>':
			angled = false
		case c == sep && !angled:
			add(i)
		}
	}
	if start < len(s) {
		add(len(s))
	}
	return all
}

// unquote takes the quotes and escapes off a quoted-string; other text comes back
// as it is.
func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	var b strings.Builder
	for i := 1; i < len(s)-1; i++ {
		if s[i] == '\\' && i+1 < len(s)-1 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// unescape undoes %xx; a text with a broken escape comes back as it is.
func unescape(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}

// headerParam is one ;name=value.
type headerParam struct{ name, value string }

// headerParams are parameters in order; names compare without case.
type headerParams []headerParam

func (ps headerParams) get(name string) (value string, ok bool) {
	for _, p := range ps {
		if strings.EqualFold(p.name, name) {
			return p.value, true
		}
	}
	return "", false
}

// parseParams cuts a value such as "Q.850;cause=16" at its semicolons.
func parseParams(s string) (value string, ps headerParams) {
	parts := splitOutside(s, ';')
	if len(parts) == 0 {
		return "", nil
	}
	if !strings.HasPrefix(strings.TrimSpace(s), ";") {
		value, parts = parts[0], parts[1:]
	}
	for _, p := range parts {
		name, v, _ := strings.Cut(p, "=")
		ps = append(ps, headerParam{strings.TrimSpace(name), unquote(strings.TrimSpace(v))})
	}
	return value, ps
}

// nameAddr is a name-addr or addr-spec with the parameters of its header field.
type nameAddr struct {
	display string // unquoted, not yet fit to show: see safeText
	uri     sipURI
	params  headerParams
}

// parseNameAddr reads `"Name" <sip:user@host>;tag=1` or `sip:user@host;tag=1`.
func parseNameAddr(s string) (nameAddr, error) {
	value, ps := parseParams(s)
	a := nameAddr{params: ps}
	spec := value
	if open := openAngle(value); open >= 0 {
		closing := strings.IndexByte(value[open:], '>')
		if closing < 0 {
			return nameAddr{}, fmt.Errorf("%w: no > after <", errHeader)
		}
		a.display = unquote(strings.TrimSpace(value[:open]))
		spec = strings.TrimSpace(value[open+1 : open+closing])
	}
	var err error
	a.uri, err = parseURI(spec)
	return a, err
}

// openAngle returns the index of the < outside of quotes, or -1.
func openAngle(s string) int {
	if !strings.HasPrefix(s, `"`) {
		return strings.IndexByte(s, '<')
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			if open := strings.IndexByte(s[i:], '<'); open >= 0 {
				return i + open
			}
			return -1
		}
	}
	return -1
}

// sipURI is a sip, sips or tel URI in parts; user and headers are unescaped. Of
// another scheme only the scheme and the text are known.
type sipURI struct {
	scheme  string // lower case
	user    string // of tel: the number
	host    string // without port, lower case; of tel: empty
	params  headerParams
	headers headerParams
	text    string // as written, without headers
}

func parseURI(s string) (sipURI, error) {
	scheme, rest, found := strings.Cut(s, ":")
	if !found || scheme == "" || rest == "" || strings.ContainsAny(s, "<>\" \t") {
		return sipURI{}, fmt.Errorf("%w: %.64q is no URI", errHeader, s)
	}
	u := sipURI{scheme: strings.ToLower(scheme), text: s}
	switch u.scheme {
	case "tel":
		u.user, u.params = parseParams(rest)
		u.user = unescape(u.user)
		return u, nil
	case "sip", "sips":
	default:
		return u, nil
	}
	user, hostPart, found := strings.Cut(rest, "@")
	if q := strings.IndexByte(user, '?'); !found || q >= 0 && strings.Contains(user[q:], "=") {
		user, hostPart = "", rest // the @ stands in a header
	}
	hostPart, query, hasQuery := strings.Cut(hostPart, "?")
	if hasQuery {
		u.text = strings.TrimSuffix(s, "?"+query)
		u.headers = parseURIHeaders(query)
	}
	user, _, _ = strings.Cut(user, ":") // a password is nobody's business
	u.user = unescape(user)
	u.host, u.params = parseParams(hostPart)
	u.host = hostOnly(u.host)
	if u.host == "" {
		return sipURI{}, fmt.Errorf("%w: %.64q has no host", errHeader, s)
	}
	return u, nil
}

func parseURIHeaders(query string) headerParams {
	var hs headerParams
	for h := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(h, "=")
		hs = append(hs, headerParam{unescape(name), unescape(value)})
	}
	return hs
}

// hostOnly cuts the port off a hostport.
func hostOnly(s string) string {
	s = strings.ToLower(s)
	if strings.HasPrefix(s, "[") {
		if end := strings.IndexByte(s, ']'); end > 0 {
			return s[:end+1]
		}
		return ""
	}
	host, _, _ := strings.Cut(s, ":")
	return host
}
