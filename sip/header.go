package sip

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	msg "github.com/emiago/sipgo/sip"
)

// Limits of header fields from outside.
const (
	maxHeaderText   = 256 // runes of a text taken over
	maxHeaderValues = 128 // elements of one list
)

var errHeader = errors.New("malformed header field")

// message is what a request and a response of sipgo have in common here.
type message interface{ Headers() []msg.Header }

// hdr returns the elements of the header field called long or compact (empty: it
// has no compact name) in all its repetitions: sipgo keeps repeated and
// compact fields apart and does not split lists.
func hdr(m message, long, compact string) []string {
	var all []string
	for _, h := range m.Headers() {
		name := h.Name()
		if strings.EqualFold(name, long) || compact != "" && strings.EqualFold(name, compact) {
			all = append(all, splitOutside(h.Value(), ',')...)
		}
		if len(all) >= maxHeaderValues {
			return all[:maxHeaderValues]
		}
	}
	return all
}

// firstHdr returns the first element of the header field, empty if it is absent.
func firstHdr(m message, long, compact string) string {
	if all := hdr(m, long, compact); len(all) > 0 {
		return all[0]
	}
	return ""
}

// hasToken reports whether a token list such as Supported names token.
func hasToken(list []string, token string) bool {
	for _, t := range list {
		if strings.EqualFold(t, token) {
			return true
		}
	}
	return false
}

// safeText makes outside text fit for a header field, a log line or a page: valid
// UTF-8 without control, bidirectional or line-breaking characters, at most limit
// runes.
func safeText(s string, limit int) string {
	if len(s) > 4*utf8.UTFMax*limit { // most of it would be dropped: do not read a long one
		s = s[:4*utf8.UTFMax*limit]
	}
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "") {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' || r == '\ufeff' {
			continue
		}
		if limit == 0 {
			break
		}
		limit--
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

// quoteText writes outside text as a quoted-string.
func quoteText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(safeText(s, maxHeaderText)) + `"`
}

// Replaces names the dialog an INVITE takes over (RFC 3891). Tags are as its
// receiver sees them: to-tag is the receiver's own.
type Replaces struct {
	callID, toTag, fromTag string
	EarlyOnly              bool // not if it was answered
}

func parseReplaces(s string) (Replaces, error) {
	callID, ps := parseParams(s)
	r := Replaces{callID: callID}
	var hasTo, hasFrom bool
	r.toTag, hasTo = ps.get("to-tag")
	r.fromTag, hasFrom = ps.get("from-tag")
	_, r.EarlyOnly = ps.get("early-only")
	if callID == "" || !hasTo || !hasFrom {
		return Replaces{}, fmt.Errorf("%w: Replaces %.64q", errHeader, s)
	}
	return r, nil
}

// referTo is the target of a REFER (RFC 3515): an INVITE to uri, with Replaces in
// an attended transfer.
type referTo struct {
	uri      sipURI
	replaces *Replaces // nil: blind
}

func parseReferTo(s string) (referTo, error) {
	a, err := parseNameAddr(s)
	if err != nil {
		return referTo{}, err
	}
	if method, ok := a.uri.params.get("method"); ok && !strings.EqualFold(method, "INVITE") {
		return referTo{}, fmt.Errorf("%w: Refer-To asks for %.32q", errHeader, method)
	}
	to := referTo{uri: a.uri}
	if v, ok := a.uri.headers.get("Replaces"); ok {
		r, err := parseReplaces(v)
		if err != nil {
			return referTo{}, err
		}
		to.replaces = &r
	}
	return to, nil
}

// reason is why a request was sent (RFC 3326).
type reason struct {
	protocol string // SIP, Q.850
	cause    int
	text     string // fit to show
}

// parseReasons reads the elements of Reason; what cannot be read is left out.
func parseReasons(list []string) []reason {
	var all []reason
	for _, s := range list {
		protocol, ps := parseParams(s)
		c, _ := ps.get("cause")
		cause, err := strconv.ParseUint(c, 10, 10)
		if err != nil || protocol == "" {
			continue
		}
		text, _ := ps.get("text")
		all = append(all, reason{safeText(protocol, 16), int(cause), safeText(text, maxHeaderText)})
	}
	return all
}

// reasonHeader returns a Reason value: a cause below 200 is one of Q.850, another
// a SIP status.
func reasonHeader(cause int, text string) string {
	protocol := "SIP"
	if cause < 200 {
		protocol = "Q.850"
	}
	return fmt.Sprintf("%s;cause=%d;text=%s", protocol, cause, quoteText(text))
}

// parseRAck reads RAck: the RSeq, CSeq and method a PRACK acknowledges (RFC 3262
// 7.2).
func parseRAck(s string) (rseq, cseq uint32, method string, err error) {
	f := strings.Fields(s)
	if len(f) != 3 {
		return 0, 0, "", fmt.Errorf("%w: RAck %.64q", errHeader, s)
	}
	if rseq, err = parseRSeq(f[0]); err != nil {
		return 0, 0, "", err
	}
	n, err := strconv.ParseUint(f[1], 10, 31)
	if err != nil {
		return 0, 0, "", fmt.Errorf("%w: RAck %.64q", errHeader, s)
	}
	return rseq, uint32(n), f[2], nil
}

// parseRSeq reads the number of a reliable provisional response, from 1.
func parseRSeq(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%w: RSeq %.64q", errHeader, s)
	}
	return uint32(n), nil
}

// contactInfo is one Contact of a REGISTER or 3xx.
type contactInfo struct {
	uri      sipURI
	expires  int    // seconds; -1: not given
	q        int    // thousandths, 1000 if not given
	instance string // +sip.instance without quotes and brackets (RFC 5626)
	regID    int    // 0: not given
}

func parseContact(s string) (contactInfo, error) {
	a, err := parseNameAddr(s)
	if err != nil {
		return contactInfo{}, err
	}
	c := contactInfo{uri: a.uri, expires: -1, q: 1000}
	if v, ok := a.params.get("expires"); ok {
		c.expires = parseDeltaSeconds(v)
	}
	if v, ok := a.params.get("q"); ok {
		q, err := strconv.ParseFloat(v, 64)
		if err != nil || !(q >= 0 && q <= 1) {
			return contactInfo{}, fmt.Errorf("%w: q=%.16q", errHeader, v)
		}
		c.q = int(q*1000 + 0.5)
	}
	if v, ok := a.params.get("+sip.instance"); ok {
		c.instance = safeText(strings.Trim(v, "<>"), maxHeaderText)
	}
	if v, ok := a.params.get("reg-id"); ok {
		if id, err := strconv.ParseUint(v, 10, 31); err == nil {
			c.regID = int(id)
		}
	}
	return c, nil
}

// parseDeltaSeconds reads a time in seconds, at most 2^31-1. One that cannot be
// read counts as 3600 (RFC 3261 20.10).
func parseDeltaSeconds(s string) int {
	n, err := strconv.ParseUint(s, 10, 31)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 1<<31 - 1
	case err != nil:
		return 3600
	}
	return int(n)
}

// callerHeadersOf collects what a request says about its caller.
func callerHeadersOf(m message) callerHeaders {
	return callerHeaders{
		From:        firstHdr(m, "From", "f"),
		PAI:         hdr(m, "P-Asserted-Identity", ""),
		PPI:         hdr(m, "P-Preferred-Identity", ""),
		RPID:        hdr(m, "Remote-Party-ID", ""),
		Privacy:     firstHdr(m, "Privacy", ""),
		Diversion:   hdr(m, "Diversion", ""),
		HistoryInfo: hdr(m, "History-Info", ""),
	}
}
