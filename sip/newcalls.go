package sip

import (
	"hash/maphash"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
)

// What a kind of caller leaves to the more important ones.
const (
	trunkReserve    = 0
	phoneReserve    = 0.25
	strangerReserve = 0.5
)

const (
	inviteMemory  = 32 * time.Second // Timer B: how long a caller repeats an INVITE
	refusedLimit  = 4096             // callers refused and not yet told of
	refusedAtOnce = 2                // told of in one interval
	longestAway   = 5                // seconds of Retry-After
)

// newCalls refuses new calls while the process lags, before they cost a
// transaction. What belongs to a call that was let in is never refused. Safe from
// any goroutine.
type newCalls struct {
	log   *slog.Logger
	seed  maphash.Seed
	start time.Time

	mu      sync.Mutex
	control overload
	passed  timeTable                     // when an INVITE that was let in was read
	refused map[refusedCaller]refusedCall // by trunks, not yet told of
}

// refusedCaller is who wanted whom, as the INVITE has it.
type refusedCaller struct{ from, uri string }

type refusedCall struct {
	request []byte // canonical
	source  netip.AddrPort
}

func newNewCalls(log *slog.Logger, now time.Time) *newCalls {
	return &newCalls{log: log, seed: maphash.MakeSeed(), start: now, refused: make(map[refusedCaller]refusedCall)}
}

// startsCall says whether m is an INVITE outside of a dialog.
func (m *wireMessage) startsCall() bool {
	_, tagged := m.to.tag()
	return m.request && m.method == "INVITE" && !tagged
}

// urgent says whether a call must not wait for better times: somebody is in danger
// (RFC 3261 20.26, RFC 7135), or the call takes the place of one there is.
func (m *wireMessage) urgent() bool {
	priority, _ := m.get("Priority")
	resource, _ := m.get("Resource-Priority")
	_, replaces := m.get("Replaces")
	return replaces || strings.EqualFold(priority, "emergency") || strings.HasPrefix(strings.ToLower(resource), "esnet.")
}

// lets says whether the INVITE m may go on; free is true for those that always may,
// reserve is what others leave to the more important ones.
func (n *newCalls) lets(m *wireMessage, free bool, reserve float64, now time.Time) bool {
	fromTag, _ := m.from.tag()
	at := now.Sub(n.start)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.recent(m.callID, fromTag, m.seq, at) {
		return true // he repeats himself
	}
	known := n.recent(m.callID, fromTag, m.seq-1, at) // he shows his credentials
	if !known && !free && !n.control.take(reserve, now) {
		return false
	}
	n.passed.set(n.key(m.callID, fromTag, m.seq), max(1, at))
	delete(n.refused, refusedCaller{m.from.uri.text, m.uri})
	return true
}

func (n *newCalls) recent(callID, fromTag string, seq uint32, at time.Duration) bool {
	read := n.passed.get(n.key(callID, fromTag, seq))
	return read > 0 && at-read < inviteMemory
}

func (n *newCalls) key(callID, fromTag string, seq uint32) uint64 {
	return maphash.Comparable(n.seed, initialKey{callID, fromTag, seq})
}

// read returns when the INVITE of key was read from the network, or now.
func (n *newCalls) read(k initialKey, now time.Time) time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	if at := n.passed.get(n.key(k.callID, k.fromTag, k.seq)); at > 0 {
		return n.start.Add(at)
	}
	return now
}

// keep remembers a caller of a trunk who was refused, until there is time for him;
// false says that there are too many.
func (n *newCalls) keep(m *wireMessage, request []byte, source netip.AddrPort) bool {
	caller := refusedCaller{m.from.uri.text, m.uri}
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, again := n.refused[caller]; !again && len(n.refused) >= refusedLimit {
		return false
	}
	n.refused[caller] = refusedCall{request, source}
	return true
}

// adapt looks at the lag, and returns refused callers there is time for now.
func (n *newCalls) adapt(lag time.Duration, now time.Time) (kept []refusedCall) {
	n.mu.Lock()
	defer n.mu.Unlock()
	was := n.control.state
	if is := n.control.adapt(lag, now); is != was {
		n.log.Warn("new calls: "+string(is), "lag", lag.Round(time.Millisecond), "per_second", int(n.control.rate))
	}
	if lag > lagTarget {
		return nil
	}
	for caller, call := range n.refused {
		if len(kept) == refusedAtOnce {
			break
		}
		delete(n.refused, caller)
		kept = append(kept, call)
	}
	return kept
}

// away is the Retry-After of a refusal, if there is to be one: it takes all
// of a trunk's calls away (RFC 3261 21.5.4), not only those that are too many.
func (n *newCalls) away() []wireField {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.control.state != critical {
		return nil
	}
	return []wireField{{"Retry-After", strconv.Itoa(1 + rand.IntN(longestAway))}}
}
