package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"shouwen/cases"
)

// How many wrong tokens a source may send: a burst, then one an interval. Until
// the next its right ones are refused too, or guessing would go on.
const (
	guessBurst    = 10
	guessInterval = 10 * time.Second
	guessSources  = 4096 // remembered
)

// A verdict is what became of a token.
type verdict string

const (
	right   verdict = "right"
	wrong   verdict = "wrong"
	tooMany verdict = "too_many" // not looked at: too many wrong ones before
)

// admit judges a token sent with r.
func (x *site) admit(r *http.Request, token string) verdict {
	sum := sha256.Sum256([]byte(token)) // of one length, so that the comparison tells nothing
	ok := x.Token != "" && subtle.ConstantTimeCompare(sum[:], x.token[:]) == 1
	v := x.guesses.judge(source(r), ok, time.Now())
	if v == wrong {
		x.Log.Warn("wrong token", "source", source(r), "route", r.Pattern)
	}
	return v
}

// bearer lets requests with the token pass (RFC 6750), and those of a session.
func (x *site) bearer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v, ok := x.signedInAs(r); ok && r.Header.Get("Authorization") == "" {
			next.ServeHTTP(w, v.with(r))
			return
		}
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || token == "" {
			w.Header().Set("WWW-Authenticate", `Bearer realm="shouwen"`)
			x.fail(w, r, http.StatusUnauthorized)
			return
		}
		switch x.admit(r, strings.TrimSpace(token)) {
		case right:
			next.ServeHTTP(w, r)
		case wrong:
			w.Header().Set("WWW-Authenticate", `Bearer realm="shouwen", error="invalid_token"`)
			x.fail(w, r, http.StatusUnauthorized)
		case tooMany:
			w.Header().Set("Retry-After", strconv.Itoa(int(guessInterval.Seconds())))
			x.fail(w, r, http.StatusTooManyRequests)
		}
	})
}

// source is who is held responsible for r: an IPv4 address or an IPv6 /64. A
// proxy on this machine is believed about who stands behind it; one elsewhere
// is itself the source.
func source(r *http.Request) netip.Addr {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	addr := peer.Addr().Unmap().WithZone("")
	if hops := r.Header.Values("X-Forwarded-For"); addr.IsLoopback() && len(hops) > 0 {
		last := hops[len(hops)-1]
		if a, err := netip.ParseAddr(strings.TrimSpace(last[strings.LastIndex(last, ",")+1:])); err == nil {
			addr = a.Unmap().WithZone("")
		}
	}
	if addr.Is6() {
		p, _ := addr.Prefix(64) // 64 is always a valid length for IPv6
		return p.Addr()
	}
	return addr
}

// secure reports whether the browser reached us over TLS, here or at a proxy on
// this machine.
func secure(r *http.Request) bool {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	return r.TLS != nil || peer.Addr().Unmap().IsLoopback() && r.Header.Get("X-Forwarded-Proto") == "https"
}

// throttle bounds how often a token or password may be guessed, by who guesses or
// whose it is. Safe from any goroutine.
type throttle[K comparable] struct {
	mu   sync.Mutex
	full map[K]time.Time // when the allowance is full again; at most guessSources
}

func newThrottle[K comparable]() *throttle[K] { return &throttle[K]{full: map[K]time.Time{}} }

// judge decides on a secret of k that is ok or not.
func (t *throttle[K]) judge(k K, ok bool, now time.Time) verdict {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.used(k, now):
		return tooMany
	case ok:
		return right
	}
	if _, known := t.full[k]; !known && len(t.full) >= guessSources {
		forgetEarliest(t.full, func(at time.Time) time.Time { return at })
	}
	full := t.full[k]
	if full.Before(now) {
		full = now
	}
	t.full[k] = full.Add(guessInterval)
	return wrong
}

// shut tells whether nothing of k is looked at now.
func (t *throttle[K]) shut(k K, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.used(k, now)
}

// used tells whether k has no allowance left. The caller holds mu.
func (t *throttle[K]) used(k K, now time.Time) bool {
	return t.full[k].Sub(now) > (guessBurst-1)*guessInterval
}

// forgetEarliest makes room in a map of what ends at a time.
func forgetEarliest[K comparable, V any](m map[K]V, ends func(V) time.Time) {
	var earliest K
	var at time.Time
	for k, v := range m {
		if t := ends(v); at.IsZero() || t.Before(at) {
			earliest, at = k, t
		}
	}
	delete(m, earliest)
}

// signInAddress is where to sign in to come back to the page of r.
func signInAddress(r *http.Request) string {
	if n := cases.CaseNumber(r.PathValue("number")); wellFormed(n) {
		return "/sign-in?" + url.Values{"case": {string(n)}}.Encode()
	}
	return "/sign-in"
}

func wellFormed(n cases.CaseNumber) bool {
	_, _, _, err := n.Parse()
	return err == nil
}
