package sip

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	msg "github.com/emiago/sipgo/sip"
)

// Binding is one registered contact of a user (RFC 3261 10). The phone is
// reached through the flow its REGISTER came by, from Local to Remote over
// Transport; what host its Contact names does not matter.
type Binding struct {
	User      string         `json:"user"`
	Contact   string         `json:"contact"`            // URI without brackets
	Instance  string         `json:"instance,omitempty"` // +sip.instance (RFC 5626), with its brackets
	RegID     int            `json:"reg_id,omitempty"`   // 0: none
	Path      []string       `json:"path,omitempty"`     // Route values towards the phone, nearest first (RFC 3327)
	Transport string         `json:"transport"`          // udp, tcp or tls
	Local     netip.AddrPort `json:"local"`
	Remote    netip.AddrPort `json:"remote"`
	Expires   time.Time      `json:"expires"`
	Updated   time.Time      `json:"updated"` // time of the last REGISTER
	CallID    string         `json:"call_id"`
	CSeq      uint32         `json:"cseq"`
	Q         float32        `json:"q"` // 0 to 1, preferred first; 1 when the phone gave none
	UserAgent string         `json:"user_agent,omitempty"`
	Node      int            `json:"node"` // holder of the flow
}

// Bindings keeps registrations beyond the process. A binding is known by User
// and Contact: Save inserts or replaces, Remove of an absent one is no error,
// Load may return expired ones. The registrar calls it from one goroutine and
// tries again after an error.
type Bindings interface {
	Save(context.Context, []Binding) error
	Remove(context.Context, []Binding) error
	Load(context.Context) ([]Binding, error)
}

// What a phone may ask of its registration.
const (
	maxBindings    = 10 // contacts a user
	defaultExpires = time.Hour
	minExpires     = time.Minute
	maxExpires     = 2 * time.Hour
)

// registration is a REGISTER of an authenticated user, read and checked.
type registration struct {
	from     Binding // what all its contacts share: user, Call-ID, flow, …
	contacts []contact
	wildcard bool // Contact: *
	expires  time.Duration
}

// contact is one Contact of a registration.
type contact struct {
	uri      string
	instance string
	regID    int
	q        float32
	expires  time.Duration // 0: remove
}

// regOutcome is what becomes of a registration; it is also the label of the
// failure metric.
type regOutcome string

const (
	regStored      regOutcome = "stored"
	regTooBrief    regOutcome = "too_brief"
	regTooMany     regOutcome = "too_many_contacts"
	regOutOfOrder  regOutcome = "out_of_order"
	regMalformed   regOutcome = "malformed"
	regBadWildcard regOutcome = "bad_wildcard"
)

var regStatus = map[regOutcome]struct {
	code   int
	reason string
}{
	regStored:      {msg.StatusOK, "OK"},
	regTooBrief:    {msg.StatusIntervalToBrief, "Interval Too Brief"},
	regTooMany:     {msg.StatusForbidden, "Too Many Registered Contacts"}, // repeating it cannot help
	regOutOfOrder:  {msg.StatusInternalServerError, "CSeq Out Of Order"},
	regMalformed:   {msg.StatusBadRequest, "Malformed REGISTER"},
	regBadWildcard: {msg.StatusBadRequest, "Contact * Without Expires 0"},
}

// register returns the bindings of a user after r, preferred first, without
// those expired at now. It takes all of r or nothing (RFC 3261 10.3 steps 6 to 8).
func register(now time.Time, existing []Binding, r registration) ([]Binding, regOutcome) {
	live := slices.DeleteFunc(slices.Clone(existing), func(b Binding) bool { return !b.Expires.After(now) })
	if r.wildcard {
		if len(r.contacts) > 0 || r.expires != 0 {
			return live, regBadWildcard
		}
		if slices.ContainsFunc(live, r.outrunBy) {
			return live, regOutOfOrder
		}
		return nil, regStored
	}
	result := slices.Clone(live)
	for _, c := range r.contacts {
		if c.expires > 0 && c.expires < minExpires {
			return live, regTooBrief
		}
		if slices.ContainsFunc(live, func(b Binding) bool { return r.outrunBy(b) && c.replaces(b) }) {
			return live, regOutOfOrder
		}
		result = slices.DeleteFunc(result, c.replaces)
		if c.expires > 0 {
			result = append(result, c.bind(r.from, now))
		}
	}
	if len(result) > maxBindings && len(result) > len(live) {
		return live, regTooMany
	}
	slices.SortStableFunc(result, preferred)
	return result, regStored
}

// outrunBy reports whether b came from the same phone by a later REGISTER.
func (r registration) outrunBy(b Binding) bool {
	return b.CallID == r.from.CallID && b.CSeq >= r.from.CSeq
}

// replaces reports whether b is the same contact: the same URI, or the same
// flow of the same phone (RFC 5626 6).
func (c contact) replaces(b Binding) bool {
	if c.instance != "" && c.instance == b.Instance && c.regID == b.RegID {
		return true
	}
	return contactKey(c.uri) == contactKey(b.Contact)
}

func (c contact) bind(b Binding, now time.Time) Binding {
	b.Contact, b.Instance, b.RegID, b.Q = c.uri, c.instance, c.regID, c.q
	b.Updated, b.Expires = now, now.Add(min(c.expires, maxExpires))
	return b
}

// preferred orders by q, then the latest first (RFC 3261 16.6).
func preferred(a, b Binding) int {
	return cmp.Or(cmp.Compare(b.Q, a.Q), b.Updated.Compare(a.Updated))
}

// contactKey is what makes two contact URIs the same binding: scheme, user,
// host, port and transport. Parameters of other names are left aside, because
// phones change them at every start (rinstance, ob).
func contactKey(uri string) string {
	var u msg.Uri
	if msg.ParseUri(uri, &u) != nil {
		return uri
	}
	transport := strings.ToLower(uriParam(u.UriParams, "transport"))
	if transport == "" {
		transport = "udp"
	}
	return u.Scheme + ":" + u.User + "@" + strings.ToLower(u.Host) + ":" + strconv.Itoa(uriPort(&u)) + ";" + transport
}

// uriParam returns the value of a parameter whose name may be in any case.
func uriParam(params msg.HeaderParams, name string) string {
	for _, p := range params {
		if strings.EqualFold(strings.TrimSpace(p.K), name) {
			return strings.Trim(strings.TrimSpace(p.V), `"`)
		}
	}
	return ""
}

// mergeBindings adds what another copy knows to known: the newer of the same
// contact wins, expired ones go, and the oldest when there are too many.
func mergeBindings(now time.Time, known, other []Binding) []Binding {
	all := slices.Concat(known, other)
	slices.SortStableFunc(all, func(a, b Binding) int { return b.Updated.Compare(a.Updated) })
	var merged []Binding
	for _, b := range all {
		c := contact{uri: b.Contact, instance: b.Instance, regID: b.RegID}
		if b.Expires.After(now) && len(merged) < maxBindings && !slices.ContainsFunc(merged, c.replaces) {
			merged = append(merged, b)
		}
	}
	slices.SortStableFunc(merged, preferred)
	return merged
}
