package sip

import (
	"strings"
)

// wireText is a header value being read from the left.
type wireText struct {
	s string
	i int
}

func (t *wireText) end() bool { return t.i >= len(t.s) }

func (t *wireText) peek() byte {
	if t.end() {
		return 0
	}
	return t.s[t.i]
}

func (t *wireText) blanks() {
	for !t.end() && isBlank(t.s[t.i]) {
		t.i++
	}
}

// sep reads one separator with the blanks around it.
func (t *wireText) sep(c byte) bool {
	start := t.i
	t.blanks()
	if t.end() || t.s[t.i] != c {
		t.i = start
		return false
	}
	t.i++
	t.blanks()
	return true
}

func (t *wireText) while(ok func(byte) bool) string {
	start := t.i
	for !t.end() && ok(t.s[t.i]) {
		t.i++
	}
	return t.s[start:t.i]
}

func (t *wireText) token() string { return t.while(isTokenChar) }

// quoted reads a quoted string and returns what is between the quotes, escapes
// kept.
func (t *wireText) quoted() (string, bool) {
	if t.peek() != '"' {
		return "", false
	}
	for i := t.i + 1; i < len(t.s); i++ {
		switch t.s[i] {
		case '\\':
			i++
		case '"':
			inside := t.s[t.i+1 : i]
			t.i = i + 1
			return inside, true
		}
	}
	return "", false
}

// wireParam is a parameter; names are lower case.
type wireParam struct {
	name, value string
	valued      bool // an "=" was there
}

func (p wireParam) String() string {
	if !p.valued {
		return ";" + p.name
	}
	return ";" + p.name + "=" + p.value
}

// wireParams are the parameters of a header field value. No name comes twice.
type wireParams []wireParam

func (ps wireParams) get(name string) (string, bool) {
	for _, p := range ps {
		if p.name == name {
			return p.value, true
		}
	}
	return "", false
}

func (ps *wireParams) remove(name string) {
	for i, p := range *ps {
		if p.name == name {
			*ps = append((*ps)[:i:i], (*ps)[i+1:]...)
			return
		}
	}
}

func (ps wireParams) set(name, value string) {
	for i := range ps {
		if ps[i].name == name {
			ps[i] = wireParam{name, value, true}
		}
	}
}

func (ps wireParams) String() string {
	var b strings.Builder
	for _, p := range ps {
		b.WriteString(p.String())
	}
	return b.String()
}

// params reads *( SEMI generic-param ). Quoted values that sipgo would cut in
// the middle are left out: none that means something here has such a value.
func (t *wireText) params() (wireParams, bool) {
	var ps wireParams
	for t.sep(';') {
		p := wireParam{name: strings.ToLower(t.token())}
		if _, again := ps.get(p.name); p.name == "" || again || len(ps) == maxParams {
			return nil, false
		}
		if !t.sep('=') {
			ps = append(ps, p)
			continue
		}
		p.valued = true
		if t.peek() == '"' {
			inside, ok := t.quoted()
			if !ok {
				return nil, false
			}
			if strings.ContainsAny(inside, ";=\\") {
				continue
			}
			p.value = `"` + inside + `"`
		} else if p.value = t.while(isParamChar); p.value == "" {
			return nil, false
		}
		ps = append(ps, p)
	}
	return ps, true
}

// isParamChar reports the characters of an unquoted value: token and host, and
// what is harmless.
func isParamChar(c byte) bool {
	return isTokenChar(c) || strings.IndexByte("[]:/@&$#()", c) >= 0
}

// wireAddress is a name-addr or addr-spec with header parameters.
type wireAddress struct {
	display string // between the quotes, escapes kept
	uri     wireURI
	params  wireParams
}

func (a wireAddress) tag() (string, bool) { return a.params.get("tag") }

func (a wireAddress) String() string {
	uri := "<" + a.uri.text + ">" + a.params.String()
	if a.display == "" {
		return uri
	}
	return `"` + a.display + `" ` + uri
}

// address reads one name-addr or addr-spec with its parameters.
func (t *wireText) address() (a wireAddress, ok bool) {
	t.blanks()
	bare := false
	if t.peek() == '"' {
		if a.display, ok = t.quoted(); !ok {
			return a, false
		}
		t.blanks()
	} else {
		before := strings.IndexAny(t.s[t.i:], `<,;"`)
		bare = before < 0 || t.s[t.i+before] != '<'
		if !bare {
			if a.display, ok = displayName(t.s[t.i : t.i+before]); !ok {
				return a, false
			}
			t.i += before
		}
	}
	text, ok := t.addrSpec(bare)
	if !ok {
		return a, false
	}
	if a.uri, ok = readURI(text); !ok {
		return a, false
	}
	a.params, ok = t.params()
	return a, ok
}

// addrSpec reads the URI: bare, or between < and >.
func (t *wireText) addrSpec(bare bool) (string, bool) {
	if bare {
		// RFC 3261 20: a bare URI has no comma, question mark or semicolon.
		text := t.while(func(c byte) bool { return !isBlank(c) && c != ';' && c != ',' })
		return text, !strings.Contains(text, "?")
	}
	if t.peek() != '<' {
		return "", false
	}
	shut := strings.IndexByte(t.s[t.i:], '>')
	if shut < 0 {
		return "", false
	}
	text := t.s[t.i+1 : t.i+shut]
	t.i += shut + 1
	return text, true
}

// displayName returns an unquoted display name. The grammar has tokens only;
// letters of any script and brackets are taken too, for people write names.
func displayName(s string) (string, bool) {
	s = strings.Trim(s, " \t")
	for i := range len(s) {
		if c := s[i]; !isTokenChar(c) && !isBlank(c) && !isText(c) && strings.IndexByte("()[]/:&$#", c) < 0 {
			return "", false
		}
	}
	return s, true
}

// wireVia is one Via value.
type wireVia struct {
	protocol string // "SIP/2.0/UDP"
	host     string // IPv6 in brackets
	port     string // with its colon, or empty
	params   wireParams
}

func (v wireVia) sentBy() string { return v.host + v.port }

func (v wireVia) String() string {
	return v.protocol + " " + v.sentBy() + v.params.String()
}

// via reads one via-parm. If only its parameters are bad, v has its sent-by.
func (t *wireText) via() (v wireVia, ok bool) {
	t.blanks()
	name := t.token()
	slash := t.sep('/')
	version := t.token()
	slash = slash && t.sep('/')
	transport := t.token()
	if !slash || name == "" || version == "" || transport == "" || !isBlank(t.peek()) {
		return v, false
	}
	t.blanks()
	v.protocol = name + "/" + version + "/" + transport
	if v.host, v.port, ok = t.hostPort(); !ok {
		return wireVia{}, false
	}
	if v.params, ok = t.params(); !ok {
		return v, false
	}
	for i, p := range v.params {
		// sipgo cannot read quotes here; RFC 5118 4.5: received may have brackets.
		p.value = strings.Trim(p.value, `"`)
		if p.name == "received" {
			p.value = strings.Trim(p.value, "[]")
		}
		p.valued = p.value != ""
		if !escaped(p.value, isParamChar) {
			return v, false
		}
		v.params[i] = p
	}
	return v, true
}
