package sip

import (
	"errors"
	"strings"
)

const (
	digestMaxLength = 4096
	digestMaxParams = 32
)

var (
	errNotDigest    = errors.New("not a Digest header field")
	errDigestSyntax = errors.New("malformed Digest header field")
)

// parseDigest reads the value of an Authorization or WWW-Authenticate header
// field: names in lower case, values unquoted. A parameter given twice, a name that is
// no token, a control character and a field over 4096 bytes are errors.
func parseDigest(value string) (map[string]string, error) {
	scheme, rest, _ := strings.Cut(strings.TrimLeft(value, " \t"), " ")
	if !strings.EqualFold(scheme, "Digest") {
		return nil, errNotDigest
	}
	if len(value) > digestMaxLength || strings.ContainsFunc(value, isControl) {
		return nil, errDigestSyntax
	}
	params := make(map[string]string, 12)
	for rest = skipSpace(rest); rest != ""; {
		name, after, ok := strings.Cut(rest, "=")
		name = strings.ToLower(strings.TrimRight(name, " \t"))
		if !ok || !isToken(name) {
			return nil, errDigestSyntax
		}
		val, after, ok := digestValue(skipSpace(after))
		_, twice := params[name]
		if !ok || twice || len(params) == digestMaxParams {
			return nil, errDigestSyntax
		}
		params[name] = val
		after = skipSpace(after)
		if after != "" && after[0] != ',' {
			return nil, errDigestSyntax
		}
		rest = skipSpace(strings.TrimLeft(after, ", \t"))
	}
	return params, nil
}

// digestValue cuts a token or a quoted string off the front of s. Phones leave
// the quotes of a uri away, so a token is whatever has no comma or blank.
func digestValue(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ", \t")
		if end < 0 {
			end = len(s)
		}
		return s[:end], s[end:], end > 0 && !strings.Contains(s[:end], `"`)
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], true
		case '\\':
			if i++; i == len(s) {
				return "", "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}

func skipSpace(s string) string { return strings.TrimLeft(s, " \t") }

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// quotedString escapes s for use between quotes.
func quotedString(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
}
