package sip

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Session timers (RFC 4028) tell a quiet call from one whose peer is gone.
const (
	sessionInterval = 1800 * time.Second
	sessionMinimum  = 90 * time.Second // RFC 4028 5: nobody may ask for less
	sessionMaximum  = 24 * time.Hour   // a peer that wants more gets no timer
	sessionRaises   = 3                // 422 taken for one request
)

// refresher is who renews the session, seen from this side.
type refresher uint8

const (
	refreshUnsettled refresher = iota
	refreshByUs
	refreshByPeer
)

// sessionTimer is what the two sides agreed, or this one proposes. The zero value
// is a session without a timer.
type sessionTimer struct {
	interval time.Duration // from one refresh to the end of the session; 0: no timer
	minSE    time.Duration // least interval any proxy on the way takes, 0: 90 s
	by       refresher
	raises   int // 422 taken since the request was first sent
}

// newSessionTimer is what to propose for a new call.
func newSessionTimer() sessionTimer {
	return sessionTimer{interval: sessionInterval, minSE: sessionMinimum}
}

// sessionTerms is what a message says of the session timer.
type sessionTerms struct {
	interval  time.Duration // Session-Expires; 0: absent
	minSE     time.Duration // Min-SE; 0: absent
	refresher string        // uac, uas or empty, as the message counts roles
	supported bool          // Supported or Require names timer
}

// sessionTermsOf reads m; answer a request it fails for with 400.
func sessionTermsOf(m message) (sessionTerms, error) {
	t := sessionTerms{supported: hasToken(hdr(m, "Supported", "k"), "timer") || hasToken(hdr(m, "Require", ""), "timer")}
	var err error
	if v := firstHdr(m, "Session-Expires", "x"); v != "" {
		if t.interval, t.refresher, err = parseSessionExpires(v); err != nil {
			return sessionTerms{}, err
		}
	}
	if v := firstHdr(m, "Min-SE", ""); v != "" {
		if t.minSE, _, err = parseSessionExpires(v); err != nil {
			return sessionTerms{}, err
		}
	}
	return t, nil
}

// parseSessionExpires reads a Session-Expires or Min-SE value.
func parseSessionExpires(s string) (interval time.Duration, by string, err error) {
	v, ps := parseParams(s)
	seconds, err := strconv.ParseUint(v, 10, 31)
	if err != nil || seconds == 0 {
		return 0, "", fmt.Errorf("%w: session interval %.32q", errHeader, s)
	}
	by, _ = ps.get("refresher")
	return time.Duration(seconds) * time.Second, strings.ToLower(by), nil
}

// answer decides what the 2xx to a request with these terms says: RFC 4028 9,
// table 2. code is 0, or 422, to be sent with minSEValue of the timer.
func (t sessionTerms) answer() (s sessionTimer, code int) {
	s = sessionTimer{interval: t.interval, minSE: max(t.minSE, sessionMinimum), by: refreshByUs}
	switch {
	case t.interval == 0 && !t.supported, t.minSE > sessionMaximum:
		return sessionTimer{}, 0
	case t.interval == 0:
		s.interval = sessionInterval
	case t.interval < sessionMinimum && t.supported:
		return sessionTimer{minSE: sessionMinimum}, 422
	}
	s.interval = min(max(s.interval, s.minSE), max(sessionInterval, s.minSE))
	if t.supported && t.refresher == "uac" {
		s.by = refreshByPeer
	}
	return s, 0
}

// agree returns the timer after a 2xx with terms t to a request that proposed s.
func (s sessionTimer) agree(t sessionTerms) sessionTimer {
	if t.interval == 0 {
		return sessionTimer{}
	}
	s.interval, s.raises, s.by = max(t.interval, sessionMinimum), 0, refreshByUs
	if t.refresher == "uas" {
		s.by = refreshByPeer
	}
	return s
}

// raise returns what to propose after a 422 with terms t; ok is false when asking
// again would not help: the request goes out without a timer, or the call
// fails.
func (s sessionTimer) raise(t sessionTerms) (_ sessionTimer, ok bool) {
	if t.minSE <= s.interval || t.minSE > sessionMaximum || s.raises == sessionRaises {
		return sessionTimer{}, false
	}
	s.interval, s.minSE = t.minSE, t.minSE
	s.raises++
	return s, true
}

// requestValue is Session-Expires of a request of ours; empty without a timer.
func (s sessionTimer) requestValue() string { return s.value("uac", "uas") }

// responseValue is Session-Expires of a 2xx of ours; empty without a timer.
func (s sessionTimer) responseValue() string { return s.value("uas", "uac") }

// value writes Session-Expires where we and the peer have these roles.
func (s sessionTimer) value(us, peer string) string {
	switch {
	case s.interval == 0:
		return ""
	case s.by == refreshByUs:
		return deltaSeconds(s.interval) + ";refresher=" + us
	case s.by == refreshByPeer:
		return deltaSeconds(s.interval) + ";refresher=" + peer
	}
	return deltaSeconds(s.interval)
}

// needsRequire reports whether a 2xx of ours carries Require: timer, because
// the peer has to refresh.
func (s sessionTimer) needsRequire() bool { return s.interval > 0 && s.by == refreshByPeer }

// minSEValue is Min-SE of a request or a 422 of ours.
func (s sessionTimer) minSEValue() string { return deltaSeconds(max(s.minSE, sessionMinimum)) }

func deltaSeconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }

// refreshAfter is when, after the last 2xx, this side refreshes; 0: it does not.
func (s sessionTimer) refreshAfter() time.Duration {
	if s.by != refreshByUs {
		return 0
	}
	return s.interval / 2
}

// expireAfter is when, after the last 2xx, to send BYE for want of a refresh, a
// little before the proxies forget the call (RFC 4028 10); 0: never.
func (s sessionTimer) expireAfter() time.Duration {
	return s.interval - min(32*time.Second, s.interval/3)
}

// refreshMethod is how to refresh a peer with this Allow: UPDATE needs no
// description, re-INVITE every phone knows.
func refreshMethod(allow []string) string {
	if hasToken(allow, "UPDATE") {
		return "UPDATE"
	}
	return "INVITE"
}
